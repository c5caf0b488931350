"""Columns of whole numbers below 2^128, exactly: the arithmetic of the integer reference.

A column is one uint64 a number where a bound, computed beforehand with Python's integers, shows
that this is enough, else two. All operations are those of whole numbers modulo 2^64 or 2^128, and
the bound of the result is below that, so nothing is ever lost; where it is not, they raise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

_HALF = np.uint64(32)
_LOW_HALF = np.uint64(2**32 - 1)


class TooWide(OverflowError):
    """A number that two words may not hold."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Numbers from 0 to `bound`; a column of length 1 stands for every row."""

    low: Words
    high: Words | None  # None where the bound is below 2^64
    bound: int

    def __post_init__(self) -> None:
        if self.bound >= 1 << 128:
            raise TooWide(f"a number of {self.bound.bit_length()} bits; expected at most 128")
        assert (self.high is None) == (self.bound < 1 << 64)

    def plus(self, other: Whole) -> Whole:
        bound = self.bound + other.bound
        low = self.low + other.low
        if bound < 1 << 64:
            return Whole(low, None, bound)
        return Whole(low, self._high + other._high + (low < other.low), bound)

    def times(self, other: Whole) -> Whole:
        bound = self.bound * other.bound
        if bound < 1 << 64:
            return Whole(self.low * other.low, None, bound)
        a, b = (self, other) if self.bound >= other.bound else (other, self)
        high = _high_word(a.low, b.low, b.bound < 1 << 32)
        # What a product of two high words adds lies past the bound, and is 0.
        if a.high is not None:
            high = high + a.high * b.low
        if b.high is not None:
            high = high + a.low * b.high
        return Whole(a.low * b.low, high, bound)

    def where(self, mask: Bools, other: Whole) -> Whole:
        """These numbers where `mask` holds, those of `other` elsewhere."""
        bound = max(self.bound, other.bound)
        low = np.where(mask, self.low, other.low)
        high = None if bound < 1 << 64 else np.where(mask, self._high, other._high)
        return Whole(low, high, bound)

    def compare(self, other: Whole) -> tuple[Bools, Bools]:
        """Where the numbers are at least those of `other`, and where they are more."""
        if self.high is None and other.high is None:
            return self.low >= other.low, self.low > other.low
        more, same = self._high > other._high, self._high == other._high
        return more | same & (self.low >= other.low), more | same & (self.low > other.low)

    def is_zero(self) -> Bools:
        zero: Bools = self.low == 0
        return zero if self.high is None else zero & (self.high == 0)

    @property
    def _high(self) -> Words:
        return np.zeros(1, np.uint64) if self.high is None else self.high


def _high_word(a: Words, b: Words, is_short: bool) -> Words:
    """The high word of the product of two words; `is_short` if b is below 2^32."""
    a_low, a_high = a & _LOW_HALF, a >> _HALF
    if is_short:
        top: Words = a_high * b + (a_low * b >> _HALF)
        return top >> _HALF
    b_low, b_high = b & _LOW_HALF, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    other = a_low * b_high + (middle & _LOW_HALF)
    high: Words = a_high * b_high + (middle >> _HALF) + (other >> _HALF)
    return high


def constant(value: int) -> Whole:
    """One number for every row."""
    low = np.array([value & (2**64 - 1)], np.uint64)
    high = np.array([value >> 64], np.uint64) if value >> 64 else None
    return Whole(low, high, value)


def column(values: NDArray[np.int64]) -> Whole:
    """A column of numbers, none of them negative."""
    least, most = int(values.min(initial=0)), int(values.max(initial=0))
    assert least >= 0, least
    return Whole(values.view(np.uint64), None, most)
