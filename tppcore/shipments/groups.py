"""Groups of shipments that a limit sums: what each has used, and what is left of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tppcore.engine.exact import Interval, Number, point
from tppcore.shipments.limits import Limit
from tppcore.shipments.products import Product

Count = tuple[int, "int | None"]
"""How many items, at least and at most; None has no end."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group.

    `key`: consignee, year, country and product, as far as the limit tells groups apart by them;
    `used`: TPP, at least and at most; `within`: the verdict; `not_said`: rows without a known
    authorization; `products`: those that it may have used the limit up with; `units`: of a
    ratio, those at its destinations and in the United States; `shares`: of shares, by quantity.
    """

    limit: Limit
    key: Mapping[str, Any]
    rows: int
    not_said: int
    used: Interval
    within: bool | None
    products: tuple[Product, ...]
    units: tuple[Interval, Interval] | None = None
    shares: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def us(self) -> Interval | None:
        """The TPP in the United States, for a ratio."""
        return None if self.units is None else product(self.units[1], self._tpp())

    @property
    def left(self) -> tuple[Number, Number] | None:
        """The TPP that is left, at least and at most: below 0 where the limit is passed, infinite
        where there is no end; None for shares."""
        if self.shares:
            return None
        threshold = self.limit.threshold
        if self.units is None:
            return threshold - self.used.high, threshold - self.used.low
        tpp = self._tpp()
        least, most = self._units_left(self.units)
        return (
            times(least, tpp.low if least > 0 else tpp.high),
            times(most, tpp.high if most > 0 else tpp.low),
        )

    @property
    def more(self) -> list[tuple[Product, Count]]:
        """How many items of each product fit into what is left."""
        if self.units is not None:
            # One product has one TPP, whatever it is: units are to units as TPP is to TPP.
            return [(self.products[0], self._fitting(self._units_left(self.units), _ONE))]
        left = self.left
        if left is None:
            return []
        return [(each, self._fitting(left, each.tpp)) for each in self.products if each.tpp]

    def equivalents(self, tpp: Fraction) -> Count:
        """How many items of this TPP fit into what is left."""
        left = self.left
        return (0, None) if left is None else self._fitting(left, point(tpp))

    def _tpp(self) -> Interval:
        tpp = self.products[0].tpp
        assert tpp is not None
        return tpp

    def _units_left(self, units: tuple[Interval, Interval]) -> tuple[Number, Number]:
        threshold, (there, home) = self.limit.threshold, units
        return (
            threshold * home.low - there.high,
            math.inf if home.high == math.inf else threshold * home.high - there.low,
        )

    def _fitting(self, left: tuple[Number, Number], tpp: Interval) -> Count:
        inclusive = self.limit.inclusive
        return fitting(left[0], tpp.high, inclusive) or 0, fitting(left[1], tpp.low, inclusive)


_ONE = point(Fraction(1))


def fitting(left: Number, tpp: Number, inclusive: bool) -> int | None:
    """How many items of a TPP fit into what is left, which may be used up itself if the limit is
    `inclusive`; None: no end."""
    if left < 0 or tpp == math.inf:
        return 0
    if left == math.inf or tpp == 0:
        return None
    count = int(Fraction(left) // Fraction(tpp))
    return count - 1 if count and not inclusive and count * tpp == left else count


def product(a: Interval, b: Interval) -> Interval:
    """All products of a value of each."""
    low, high = a.low * b.low, times(a.high, b.high)
    return point(low) if low == high else Interval(low, high)


def times(number: Number, factor: Number) -> Number:
    """Their product, where nothing of what has no end is nothing."""
    return Fraction(0) if number == 0 or factor == 0 else number * factor
