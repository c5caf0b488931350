"""Single cells of any type as exact numbers, or an error."""

from __future__ import annotations

import datetime
import sys
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from tppcore.errors import InputError
from tppcore.rules.condition import days
from tppcore.rules.vocabulary import QuantitySpec

FLOAT_MAX = Fraction(sys.float_info.max)

_TRUE, _FALSE = {"1", "y", "yes", "true", "t"}, {"0", "n", "no", "false", "f"}


def exact(value: Any, column: str, row: int | None = None) -> Fraction | None:
    """The decimal that a scalar stands for; None for None, NaN and blank text.

    A float stands for the shortest decimal that reads back as it, in its own width; text, int and
    Decimal for themselves. Raises InputError.
    """
    if value is None:
        return None
    if type(value).__name__ in ("bool", "bool_"):
        raise InputError(column, row, value, "a number")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str) and not value.strip():
        return None
    # str of a float, NumPy's too, is the shortest decimal that reads back in its own width.
    is_number = isinstance(value, (int, float)) or type(value).__module__ == "numpy"
    try:
        number = Decimal(str(value) if is_number else value)
    except (InvalidOperation, TypeError, ValueError):
        raise InputError(column, row, value, "a number") from None
    if number.is_nan():
        return None
    if not number.is_finite():
        raise InputError(column, row, value, "a finite number")
    return Fraction(number)


def double(value: Fraction, column: str, row: int | None = None) -> float:
    """The double that stands for a decimal. Raises InputError if none does."""
    if abs(value) > FLOAT_MAX:
        raise InputError(column, row, "a number beyond 1e308", "0 or a number up to 1e+24")
    nearest = float(value)
    if Fraction(repr(nearest)) != value:
        shown = str(value) if value.denominator == 1 else f"{value} (about {nearest!r})"
        raise InputError(column, row, shown, f"no more digits than a double carries ({nearest!r})")
    return nearest


def truth(value: Any, column: str, row: int | None = None) -> bool | None:
    """True, False or None from 0 and 1, y and n, yes and no, true and false. Raises InputError."""
    if value is None or value != value:
        return None
    word = str(value).strip().lower().removesuffix(".0")
    if not word or word in ("none", "null", "<na>"):
        return None
    if word not in _TRUE | _FALSE:
        raise InputError(column, row, value, "1 or 0, y or n, yes or no, true or false, or nothing")
    return word in _TRUE


def date(value: Any, column: str, row: int | None = None) -> Fraction | None:
    """Days since 1970-01-01 of a date or its ISO text. Raises InputError."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime.datetime):
        value = value.date()
    if not isinstance(value, datetime.date):
        try:
            value = datetime.date.fromisoformat(str(value))
        except ValueError:
            raise InputError(column, row, value, "a date such as 2023-11-17") from None
    return Fraction(days(value))


def word(value: Any, spec: QuantitySpec, row: int | None = None) -> Fraction | None:
    """The code of a word of a category. Raises InputError."""
    if value is None or value == "":
        return None
    if value not in spec.words:
        raise InputError(spec.name, row, value, f"one of {', '.join(spec.words)}")
    return Fraction(spec.words.index(value))


def scalar(value: Any, spec: QuantitySpec, row: int | None = None) -> Fraction | None:
    """The number of one cell of any kind of quantity. Raises InputError."""
    if isinstance(value, float) and value != value:
        return None
    match spec.kind:
        case "boolean":
            held = truth(value, spec.name, row)
            return None if held is None else Fraction(int(held))
        case "date":
            return date(value, spec.name, row)
        case "category":
            return word(value, spec, row)
        case _:
            return exact(value, spec.name, row)
