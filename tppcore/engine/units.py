"""Figures as whole numbers of a unit, so that their sums are exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tppcore.engine.columns import Words
from tppcore.engine.parts import Figure, TooWide

UNBOUNDED = 2**64 - 1
"""In `Units.high`: there is no high end."""

LARGEST_EXPONENT = 38
_AMPLE = 10**9  # values up to here leave room for sums: zeros need not be taken off


@dataclass(frozen=True, slots=True)
class Units:
    """The values of a figure in units of 10^exponent / divisor, where `divisor` is prime to 10.

    `low`, `high`: uint64 (items,); `high` is UNBOUNDED where it has no end.
    """

    low: Words
    high: Words
    exponent: int
    divisor: int

    @property
    def unit(self) -> Fraction:
        """The unit."""
        return Fraction(10) ** self.exponent / self.divisor


def units(figure: Figure) -> Units:
    """The values of a figure as whole numbers. Raises TooWide where 64 bits don't hold them."""
    ends = {
        Fraction(each)
        for values in (figure.low, figure.high)
        for each in values
        if each != math.inf
    }
    denominator = math.lcm(*(each.denominator for each in ends))
    divisor, twos = _without(denominator, 2)
    divisor, fives = _without(divisor, 5)
    exponent = -max(twos, fives)
    scale = 10**-exponent * divisor
    whole: dict[Fraction | float, int] = {
        each: each.numerator * (scale // each.denominator) for each in ends
    }
    while max(whole.values(), default=0) > _AMPLE and not any(n % 10 for n in whole.values()):
        whole, exponent = {each: n // 10 for each, n in whole.items()}, exponent + 1
    wide = max(whole.values(), default=0) >= UNBOUNDED or divisor > UNBOUNDED
    if wide or abs(exponent) > LARGEST_EXPONENT:
        raise TooWide(f"{figure.name}: whole numbers of its unit need more than 64 bits")
    whole[math.inf] = UNBOUNDED
    low, high = (
        np.fromiter((whole[each] for each in values), np.uint64, len(values))
        for values in (figure.low, figure.high)
    )
    return Units(low, high, exponent, divisor)


def _without(number: int, prime: int) -> tuple[int, int]:
    """The number without a prime factor, and how often it had it."""
    times = 0
    while number % prime == 0:
        number, times = number // prime, times + 1
    return number, times
