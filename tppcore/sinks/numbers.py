"""Exact numbers as short text."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction


def approx(value: Fraction, digits: int = 6) -> str:
    """A number to so many significant digits, correctly rounded from the exact value."""
    top, bottom = Decimal(value.numerator), Decimal(value.denominator)
    quotient = Context(prec=digits).divide(top, bottom).normalize()
    return f"{quotient:f}" if abs(quotient.adjusted()) < 16 else f"{quotient:e}"
