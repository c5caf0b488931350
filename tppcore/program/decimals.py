"""Terminating decimals as whole numbers."""

from __future__ import annotations

from fractions import Fraction


def decimal_parts(value: Fraction) -> tuple[int, int]:
    """(mantissa, exponent) with value = mantissa * 10^exponent, the mantissa as short as can be.

    Raises ValueError for a number that is negative or no finite decimal.
    """
    if value < 0:
        raise ValueError(f"{value}: negative; expected a quantity or a threshold")
    if value == 0:
        return 0, 0
    twos, fives, rest = 0, 0, value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        raise ValueError(f"{value}: not a finite decimal")
    exponent = -max(twos, fives)
    mantissa = int(value * Fraction(10) ** -exponent)
    while mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    return mantissa, exponent


def is_decimal(value: Fraction) -> bool:
    """Whether a number is a finite decimal."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
