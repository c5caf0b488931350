"""Amounts of TPP by group, exact: what is certain and what is possible, as whole numbers.

An amount is counted in fractions of the unit of TPP that all products have in common, in 64 bits
where the whole ledger fits into them, else in Python's integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tppcore.engine.exact import Interval, point
from tppcore.shipments.fields import LARGEST

Bools = NDArray[np.bool_]
Whole = NDArray[Any]
"""int64, or Python's integers (dtype object)."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """(n,) amounts of at least `low` and at most `high`, without end above where `is_open`."""

    low: Whole
    high: Whole
    is_open: Bools

    def __getitem__(self, chosen: Any) -> Amounts:
        return Amounts(self.low[chosen], self.high[chosen], self.is_open[chosen])

    def by(self, index: NDArray[np.int64], groups: int) -> Amounts:
        """Their sums by group: amount i belongs to group index[i] of so many."""
        is_open = np.zeros(groups, bool)
        is_open[index[self.is_open]] = True
        return Amounts(added(self.low, index, groups), added(self.high, index, groups), is_open)

    def ends(self, i: int) -> tuple[int, int | None]:
        """Both ends of one amount."""
        return int(self.low[i]), None if self.is_open[i] else int(self.high[i])


class Scale:
    """TPP of products as whole numbers of a common unit, 1 / `unit`."""

    def __init__(self, tpp: Sequence[Interval | None]) -> None:
        ends = [end for each in tpp if each for end in (each.low, each.high)]
        self.unit = math.lcm(1, *(e.denominator for e in ends if isinstance(e, Fraction)))
        self._low = [int(each.low * self.unit) if each else 0 for each in tpp]
        self._high = [
            0 if each is None or each.high == math.inf else int(each.high * self.unit)
            for each in tpp
        ]
        self._is_open = np.array([each is None or each.high == math.inf for each in tpp], bool)

    def amounts(
        self,
        units: NDArray[np.int64],
        product: NDArray[np.int64],
        sure: Bools,
        is_open: Bools,
    ) -> Amounts:
        """(n,) amounts of so many units of a product. `sure`: whether they count at all is
        certain; `is_open`: how many they are is not known."""
        largest = max([1, *self._low, *self._high])
        # No sum over some of these rows is larger than all units at the largest TPP.
        kind: Any = np.int64 if sum_of(units) * largest <= LARGEST else object
        low, high = np.array(self._low, kind)[product], np.array(self._high, kind)[product]
        counted = units.astype(kind)
        return Amounts(
            np.where(sure & ~is_open, low * counted, 0),
            high * counted,
            is_open | self._is_open[product],
        )

    def interval(self, ends: tuple[int, int | None]) -> Interval:
        """An amount in TPP."""
        low, high = ends
        if low == high:
            return point(Fraction(low, self.unit))
        return Interval(
            Fraction(low, self.unit), math.inf if high is None else Fraction(high, self.unit)
        )


def sum_of(numbers: NDArray[np.int64]) -> int:
    """The exact sum."""
    if len(numbers) and int(numbers.max()) * len(numbers) > LARGEST:
        return sum(numbers.tolist())
    return int(numbers.sum())


def added(numbers: Whole, index: NDArray[np.int64], groups: int) -> Whole:
    """Sums of numbers by group."""
    found = np.zeros(groups, numbers.dtype)
    np.add.at(found, index, numbers)
    return found


def grouped(*keys: NDArray[Any]) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """The group of each row, (n,), groups in the order of their first row, and the keys of each.

    Keys are whole numbers from 0, whose combinations fit into 64 bits.
    """
    sizes = [int(each.max()) + 1 if len(each) else 1 for each in keys]
    packed = np.zeros(len(keys[0]), np.int64)
    for key, size in zip(keys, sizes, strict=True):
        packed = packed * size + key
    encoded = pc.dictionary_encode(pa.array(packed))
    rest = encoded.dictionary.to_numpy()
    found = []
    for size in reversed(sizes):
        rest, key = np.divmod(rest, size)
        found.append(key)
    return encoded.indices.to_numpy().astype(np.int64), found[::-1]
