"""Exact numbers as the doubles that stand for them, or as the doubles around them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import LARGEST, SMALLEST, Doubles
from tppcore.engine.counting.ratios import Array, Number, Ratios

_DIGITS = 10**15
"""Decimals of up to 15 digits are told apart by doubles, and each is the shortest of its own."""

_LONGEST = 10**17
"""No shortest decimal of a double has more than 17 digits."""

_POWER = 22
"""10^22 is the last power of ten that is a double: up to there one rounding makes the right one."""

_SCALE = 15
"""10^-15 is the smallest quantity."""

_APART = 4 * 2.0**-52
_POWERS = 10.0 ** np.arange(_POWER + 1)
_FACTORS = {base: np.array([base**k for k in range(64) if base**k < 2**62]) for base in (2, 5)}
_MOST_SINGLE = 1 << 16

Ends = tuple[Doubles, Doubles]
"""The doubles around each number, shape as the numbers broadcast: both the same array where each
number is the shortest decimal of a double, both the same double where one is."""


def surely_exact(ratios: Ratios) -> bool:
    """Whether by their bounds all numbers are decimals of up to 15 digits."""
    scale = _scale(ratios)
    if scale is None or scale > _SCALE:
        return False
    return bool(ratios.top.most * (10**scale // int(ratios.bottom.values)) <= _DIGITS)


def doubles(ratios: Ratios, *, thorough: bool = True) -> Ends:
    """The doubles around exact numbers.

    Not `thorough`: decimals of 16 and 17 digits are not looked at one by one where there are many,
    and then have a double on either side even if one stands for them. A number between 0 and the
    smallest quantity has these two around it.
    """
    if surely_exact(ratios):
        scale = _scale(ratios)
        assert scale is not None
        factor = 10**scale // int(ratios.bottom.values)
        tops = ratios.top.values if factor == 1 else ratios.top.values * factor
        found: Doubles = tops.astype(np.float64)
        if scale:
            found /= _POWERS[scale]
        return found, found
    if ratios.top.values.dtype == object or ratios.bottom.values.dtype == object:
        return _one_by_one(ratios)
    return _in_words(ratios, thorough)


def _scale(ratios: Ratios) -> int | None:
    """The least k with 10^k a multiple of the one denominator, if there is such."""
    if ratios.bottom.values.ndim or ratios.endless:
        return None
    left, twos, fives = int(ratios.bottom.values), 0, 0
    while left % 2 == 0:
        left, twos = left // 2, twos + 1
    while left % 5 == 0:
        left, fives = left // 5, fives + 1
    return max(twos, fives) if left == 1 else None


def _in_words(ratios: Ratios, thorough: bool) -> Ends:
    tops, bottoms = np.broadcast_arrays(ratios.top.values, ratios.bottom.values)
    shape = tops.shape
    tops, bottoms = tops.reshape(-1), bottoms.reshape(-1)
    with np.errstate(divide="ignore", over="ignore"):
        nearest: Doubles = tops.astype(np.float64) / bottoms.astype(np.float64)
    digits, scale, short = _decimals(tops, bottoms)
    exact = short & (digits <= _DIGITS) & (np.abs(scale) <= _POWER)
    powers = _POWERS[np.minimum(np.abs(scale), _POWER)]
    whole = digits.astype(np.float64)
    found = np.where(exact, np.where(scale < 0, whole * powers, whole / powers), nearest)
    doubtful = np.flatnonzero(short & ~exact & (digits < _LONGEST))
    if thorough or len(doubtful) <= _MOST_SINGLE:
        for i in doubtful.tolist():
            value = Fraction(int(tops[i]), int(bottoms[i]))
            one = float(value)
            if Fraction(repr(one)) == value:
                found[i], exact[i] = one, True
    exact |= bottoms == 0
    exact &= (found == 0) | (found >= SMALLEST)
    return _ends(found.reshape(shape), exact.reshape(shape))


def _decimals(tops: Array, bottoms: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Numbers as digits * 10^-scale without zeros at the end (where there are more than 15 digits),
    and where that is what they are: elsewhere they are no decimals, or longer than a word."""
    common = np.gcd(tops, bottoms)
    tops, left = tops // common, bottoms // common
    twos, fives = np.zeros(len(tops), np.int64), np.zeros(len(tops), np.int64)
    short = left > 0
    for base, powers in ((2, twos), (5, fives)):
        while (more := short & (left % base == 0)).any():
            left, powers[more] = np.where(more, left // base, left), powers[more] + 1
    short &= left == 1
    scale = np.maximum(twos, fives)
    digits = np.where(short, tops, 0)
    for base, lacking in ((2, scale - twos), (5, scale - fives)):
        factors = _FACTORS[base]
        factor = factors[np.minimum(lacking, len(factors) - 1)]
        short &= (lacking < len(factors)) & (digits <= 2**62 // factor)
        digits = np.where(short, digits, 0) * factor
    while (more := (digits > _DIGITS) & (digits % 10 == 0)).any():
        digits, scale = np.where(more, digits // 10, digits), scale - more
    return digits, scale, short


def _one_by_one(ratios: Ratios) -> Ends:
    numbers = ratios.fractions()
    found = np.empty(len(numbers))
    exact = np.empty(len(numbers), np.bool_)
    for i, value in enumerate(numbers):
        found[i] = _double(value)
        exact[i] = value == math.inf or _stands_for(found[i], Fraction(value))
    return _ends(found.reshape(ratios.shape), exact.reshape(ratios.shape))


def _double(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _stands_for(double: float, value: Fraction) -> bool:
    if value == 0:
        return True
    return SMALLEST <= double < math.inf and Fraction(repr(float(double))) == value


def _ends(found: Doubles, exact: NDArray[np.bool_]) -> Ends:
    if exact.all():
        return found, found
    # Two roundings made them at most, and the decimal that a double stands for is nearer to it than
    # the next double: four steps aside are beyond.
    tiny = ~exact & (found < SMALLEST)
    below = np.where(exact, found, np.where(tiny, 0.0, found * (1 - _APART)))
    above = np.where(
        exact, found, np.where(tiny, SMALLEST, np.minimum(found * (1 + _APART), LARGEST))
    )
    below = np.where(~exact & ~tiny & (below < SMALLEST), 0.0, below)
    return below, above
