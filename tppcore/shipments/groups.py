"""What each group of shipments has used of a limit, decided by the exact engine.

An amount is what is certain and what is possible: the TPP of items that may be .a items, of
shipments whose destination is not said, and the upper end of a range count as possible only.
Where a row belongs to a group and its amount is not known, no end above is known.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tppcore.engine import exact
from tppcore.engine.exact import Interval, Number
from tppcore.rules.store import specs
from tppcore.shipments.limits import NOT_SAID, Limit, uses
from tppcore.shipments.places import CODES, UNITED_STATES
from tppcore.shipments.products import Product
from tppcore.shipments.sums import Cells, summed

ELSEWHERE = 2
"""The code of headquarters outside the United States; 0 is not said, 1 is in them."""

_NO, _YES, _MAYBE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Group:
    """Shipments that one limit sums.

    `key`: consignee, year, country and product, as far as the limit tells groups apart by them;
    `used`: TPP, at least and at most; `us`: the TPP shipped to the United States, for the ratio;
    `shares`: for shares, by quantity; `left`: TPP, below 0 where the limit is passed, None for
    shares; `products`: places in the list of products; `more`: how many of each fit, at least and
    at most (None: no end); `not_said`: rows without a known authorization.
    """

    key: Mapping[str, Any]
    rows: int
    not_said: int
    used: Interval
    within: bool | None
    left: tuple[Number, Number] | None
    products: tuple[int, ...]
    more: Mapping[int, tuple[int, int | None]]
    us: Interval | None = None
    shares: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """One limit and its groups, the largest use first. `counted`: rows whose amount counts;
    `left_out`: the other rows, by the reason why they don't belong to this limit."""

    limit: Limit
    groups: tuple[Group, ...]
    counted: int
    left_out: Mapping[str, int]


class Accounts:
    """Limits applied to the sums of one ledger."""

    def __init__(
        self, cells: Cells, products: Sequence[Product], consignees: Sequence[str]
    ) -> None:
        self.cells, self.products, self.consignees = cells, products, consignees
        codes = {False: _NO, True: _YES, None: _MAYBE}
        listed = np.array([codes[each.controlled] for each in products], np.int8)
        known = np.array([each.tpp is not None for each in products], bool)
        self._listed, self._known = listed[cells.product], known[cells.product]
        self._open = (cells.unknown_units == 1) | ~self._known
        self._not_said = cells.authorization == NOT_SAID
        ends = [end for each in products if each.tpp for end in (each.tpp.low, each.tpp.high)]
        # Over one denominator sums are sums of integers.
        self._unit = math.lcm(1, *(e.denominator for e in ends if isinstance(e, Fraction)))
        self._tpp = [self._scaled(each.tpp) for each in products]

    def of(self, limit: Limit) -> Account:
        """The groups of one limit."""
        match limit.basis.measure:
            case "sum":
                return self._sum(limit)
            case "shares":
                return self._shares(limit)
            case _:
                return self._ratio(limit)

    def _scaled(self, tpp: Interval | None) -> tuple[int, int | None]:
        if tpp is None:
            return 0, None
        low, high = tpp.low * self._unit, tpp.high * self._unit
        return int(low), None if high == math.inf else int(high)

    def _fraction(self, amount: _Amount) -> Interval:
        low = Fraction(amount.low, self._unit)
        if amount.high == amount.low:
            return exact.point(low)
        return Interval(low, math.inf if amount.high is None else Fraction(amount.high, self._unit))

    def _sum(self, limit: Limit) -> Account:
        cells, basis = self.cells, limit.basis
        reasons: list[tuple[str, NDArray[np.bool_]]] = []
        period = self._outside(limit)
        if period is not None:
            reasons.append(period)
        reasons.append(("another authorization", ~uses(basis)[cells.authorization]))
        if "country" in basis.by:
            reasons.append(("destination not said", cells.place < 0))
        reasons.append(
            ("destination not reached", (cells.place >= 0) & ~limit.reached[cells.place])
        )
        reasons.append(("no 3A090.a item", self._listed == _NO))
        if "consignee" in basis.by:
            reasons.append(("consignee not said", cells.consignee < 0))
        inside, left_out = self._inside(reasons)
        sure = (self._listed == _YES) & (cells.place >= 0)
        keys = {
            name: {"consignee": cells.consignee, "country": cells.place, "year": cells.year}[name]
            for name in basis.by
        }
        found: dict[tuple[int, ...], _Amount] = {}
        for *key, product, is_sure, is_open, units, rows, not_said in self._rows(
            keys, {"sure": sure, "open": self._open}, inside
        ):
            amount = found.setdefault(tuple(key), _Amount())
            amount.add(self._tpp[product], units, bool(is_sure), bool(is_open))
            amount.count(product, rows, not_said)
        groups = []
        for values, amount in found.items():
            used = self._fraction(amount)
            within = _decided(limit, {"aggregate_tpp": used})
            left = (limit.threshold - used.high, limit.threshold - used.low)
            groups.append(
                Group(
                    self._key(basis.by, values),
                    amount.rows,
                    amount.not_said,
                    used,
                    within,
                    left,
                    tuple(sorted(amount.products)),
                    self._more(amount.products, left, limit),
                )
            )
        return self._account(limit, groups, inside & ~self._open & (cells.place >= 0), left_out)

    def _shares(self, limit: Limit) -> Account:
        cells, basis = self.cells, limit.basis
        reasons = [
            ("no 3A090.a item", self._listed == _NO),
            ("consignee not said", cells.consignee < 0),
        ]
        # All of a company's compute has its share, whatever it was shipped under; but companies
        # that have nothing under this authorization are no such company.
        candidates = self._companies(uses(basis)[cells.authorization] & ~reasons[0][1])
        reasons.append(("consignee of another kind", ~candidates[cells.consignee]))
        if basis.us_headquarters:
            known = self._companies(cells.headquarters == ELSEWHERE)
            abroad = known & ~self._companies(cells.headquarters != ELSEWHERE)
            reasons.append(("headquarters elsewhere", abroad[cells.consignee]))
        inside, left_out = self._inside(reasons)
        sure = (self._listed == _YES) & (cells.place >= 0)
        keys = {"consignee": cells.consignee, "country": cells.place}
        found: dict[int, dict[int, _Amount]] = {}
        for consignee, place, product, is_sure, is_open, units, rows, not_said in self._rows(
            keys, {"sure": sure, "open": self._open}, inside
        ):
            amount = found.setdefault(consignee, {}).setdefault(place, _Amount())
            amount.add(self._tpp[product], units, bool(is_sure), bool(is_open))
            amount.count(product, rows, not_said)
        members = specs().groups.members("AIA", limit.rules.as_of)
        aia = frozenset(i for i, code in enumerate(CODES) if code in members)
        asked = {test.metric for test in limit.tests}
        groups = []
        for consignee, by_place in found.items():
            located = {place: self._fraction(amount) for place, amount in by_place.items()}
            shares = {n: each for n, each in shares_of(located, aia).items() if n in asked}
            amounts = by_place.values()
            groups.append(
                Group(
                    self._key(("consignee",), (consignee,)),
                    sum(each.rows for each in amounts),
                    sum(each.not_said for each in amounts),
                    _total(located.values()),
                    _decided(limit, shares),
                    None,
                    tuple(sorted({p for each in amounts for p in each.products})),
                    {},
                    shares=shares,
                )
            )
        return self._account(limit, groups, inside & ~self._open & (cells.place >= 0), left_out)

    def _ratio(self, limit: Limit) -> Account:
        cells = self.cells
        there = (cells.place >= 0) & limit.reached[cells.place]
        home = cells.place == UNITED_STATES
        reasons = [
            ("TPP not known", ~self._known),
            ("destination not part of the ratio", (cells.place >= 0) & ~there & ~home),
        ]
        inside, left_out = self._inside(reasons)
        side = np.where(there, 0, np.where(home, 1, 2))
        found: dict[int, tuple[_Amount, _Amount]] = {}
        for which, product, is_open, units, rows, not_said in self._rows(
            {"side": side}, {"open": self._open}, inside
        ):
            sides = found.setdefault(product, (_Amount(), _Amount()))
            for i, amount in enumerate(sides):
                if which in (i, 2):
                    amount.add((1, 1), units, which != 2, bool(is_open))
            sides[which % 2].count(product, rows, not_said)
        groups = [self._of_product(limit, product, *sides) for product, sides in found.items()]
        return self._account(limit, groups, inside & ~self._open & (cells.place >= 0), left_out)

    def _of_product(self, limit: Limit, product: int, there: _Amount, home: _Amount) -> Group:
        tpp = self.products[product].tpp
        assert tpp is not None
        units, us_units = there.interval(), home.interval()
        # One product has one TPP, whatever it is: it cancels.
        one = exact.point(tpp.low or Fraction(1))
        within = _decided(
            limit,
            {
                "aggregate_tpp": _product(units, one),
                "us_aggregate_tpp": _product(us_units, one),
            },
        )
        most: Number = math.inf
        if us_units.high != math.inf:
            most = limit.threshold * us_units.high - units.low
        more = (limit.threshold * us_units.low - units.high, most)
        return Group(
            {"product": self.products[product].id},
            there.rows + home.rows,
            there.not_said + home.not_said,
            _product(units, tpp),
            within,
            (
                times(more[0], tpp.low if more[0] > 0 else tpp.high),
                times(more[1], tpp.high if more[1] > 0 else tpp.low),
            ),
            (product,),
            {product: _fitting(more, exact.point(Fraction(1)), limit)},
            _product(us_units, tpp),
        )

    def _more(
        self, products: Collection[int], left: tuple[Number, Number], limit: Limit
    ) -> dict[int, tuple[int, int | None]]:
        known = [(each, self.products[each].tpp) for each in products]
        return {each: _fitting(left, tpp, limit) for each, tpp in known if tpp is not None}

    def _outside(self, limit: Limit) -> tuple[str, NDArray[np.bool_]] | None:
        first, last = limit.first_year, limit.basis.last_year
        if first is None:
            return None
        outside = self.cells.year < first
        if last is None:
            return f"before {first}", outside
        return f"before {first} or after {last}", outside | (self.cells.year > last)

    def _inside(
        self, reasons: Sequence[tuple[str, NDArray[np.bool_]]]
    ) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """The cells that no reason keeps out, and the rows that each keeps out of what the
        reasons before it have left."""
        inside = np.ones(len(self.cells.rows), bool)
        left_out = {}
        for reason, outside in reasons:
            if rows := int(self.cells.rows[inside & outside].sum()):
                left_out[reason] = rows
            inside &= ~outside
        return inside, left_out

    def _companies(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a consignee has one of these cells; the last place is for none (-1)."""
        found = np.zeros(len(self.consignees) + 1, bool)
        found[self.cells.consignee[cells]] = True
        found[-1] = False
        return found

    def _rows(
        self,
        keys: Mapping[str, NDArray[Any]],
        flags: Mapping[str, NDArray[np.bool_]],
        inside: NDArray[np.bool_],
    ) -> Iterator[tuple[int, ...]]:
        """Keys, product, flags, then units, rows, and rows without a known authorization."""
        cells = self.cells
        columns = {**keys, "product": cells.product, **flags}
        numbers = {
            "units": cells.units,
            "rows": cells.rows,
            "not_said": np.where(self._not_said, cells.rows, 0),
        }
        table = pa.table({name: each[inside] for name, each in {**columns, **numbers}.items()})
        found = summed(table, list(columns), list(numbers))
        yield from zip(*(column.to_pylist() for column in found.columns), strict=True)

    def _key(self, by: Sequence[str], key: Sequence[int]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for name, value in zip(by, key, strict=True):
            match name:
                case "consignee":
                    named[name] = self.consignees[value]
                case "country":
                    named[name] = CODES[value]
                case _:
                    named[name] = value
        return named

    def _account(
        self,
        limit: Limit,
        groups: list[Group],
        counted: NDArray[np.bool_],
        left_out: Mapping[str, int],
    ) -> Account:
        groups.sort(
            key=lambda each: (-each.used.low, -each.used.high, *map(str, each.key.values()))
        )
        return Account(limit, tuple(groups), int(self.cells.rows[counted].sum()), left_out)


class _Amount:
    """A sum that is at least `low` and at most `high` (None: no end)."""

    def __init__(self) -> None:
        self.low: int = 0
        self.high: int | None = 0
        self.rows = self.not_said = 0
        self.products: set[int] = set()

    def add(self, each: tuple[int, int | None], units: int, sure: bool, is_open: bool) -> None:
        low, high = each
        if is_open or high is None:
            self.high = None
        elif self.high is not None:
            self.high += units * high
        if sure and not is_open:
            self.low += units * low

    def count(self, product: int, rows: int, not_said: int) -> None:
        self.products.add(product)
        self.rows += rows
        self.not_said += not_said

    def interval(self) -> Interval:
        if self.high == self.low:
            return exact.point(Fraction(self.low))
        return Interval(Fraction(self.low), math.inf if self.high is None else Fraction(self.high))


def shares_of(located: Mapping[int, Interval], aia: frozenset[int]) -> dict[str, Interval]:
    """The shares of 15 CFR 748.15 from the TPP at each place; that of no place (-1) may be
    anywhere. Their bounds are sound, each amount taken independently within its own."""
    anywhere = located.get(-1, exact.point(Fraction(0)))
    known = {place: each for place, each in located.items() if place >= 0}

    def share(of: set[int]) -> Interval:
        inside = _total(each for place, each in known.items() if place in of)
        rest = _total(each for place, each in known.items() if place not in of)
        low = _part(inside.low, rest.high + anywhere.high)
        high = _part(inside.high + anywhere.high, rest.low)
        return exact.point(low) if low == high else Interval(low, high)

    others = [share({place}) for place in known if place not in aia]
    if anywhere.high:
        others.append(share(set()))
    low = max((each.low for each in others), default=Fraction(0))
    high = max((each.high for each in others), default=Fraction(0))
    return {
        "share_aia": share(set(aia)),
        "share_largest_other": exact.point(low) if low == high else Interval(low, high),
        "share_us": share({UNITED_STATES}),
    }


def _part(part: Number, rest: Number) -> Fraction:
    """part / (part + rest); of two amounts without end any share may come out."""
    if part == 0 or rest == math.inf:
        return Fraction(0)
    if part == math.inf:
        return Fraction(1)
    return Fraction(part) / (Fraction(part) + Fraction(rest))


def _total(amounts: Iterable[Interval]) -> Interval:
    low: Fraction = Fraction(0)
    high: Number = Fraction(0)
    for each in amounts:
        low, high = low + each.low, high + each.high
    return exact.point(low) if low == high else Interval(low, high)


def times(number: Number, factor: Number) -> Number:
    """Nothing of what has no end is nothing."""
    return Fraction(0) if number == 0 or factor == 0 else number * factor


def _product(a: Interval, b: Interval) -> Interval:
    low, high = a.low * b.low, times(a.high, b.high)
    return exact.point(low) if low == high else Interval(low, high)


def _decided(limit: Limit, row: Mapping[str, Interval]) -> bool | None:
    metrics = exact.Metrics(limit.rules.formulas, row)
    return exact.decisions(limit.rules).decide(metrics)[0]


def _fitting(left: tuple[Number, Number], tpp: Interval, limit: Limit) -> tuple[int, int | None]:
    """How many items fit into what is left, at least and at most."""
    return fitting(left[0], tpp.high, limit) or 0, fitting(left[1], tpp.low, limit)


def fitting(left: Number, tpp: Number, limit: Limit) -> int | None:
    """How many items of this TPP fit into what is left of a limit; None: no end."""
    if left < 0 or tpp == math.inf:
        return 0
    if left == math.inf or tpp == 0:
        return None
    count = int(Fraction(left) // Fraction(tpp))
    if not limit.with_threshold and count and count * tpp == left:
        count -= 1
    return count
