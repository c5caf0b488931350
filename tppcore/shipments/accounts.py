"""The limits applied to a ledger: which shipments belong to a group, and its exact verdict.

An amount is what is certain and what is possible: the TPP of items that may be .a items, of
shipments whose destination is not said, and the upper end of a range count as possible only.
Where a row belongs to a group and its amount is not known, no end above is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import exact
from tppcore.engine.exact import Interval, point
from tppcore.rules.store import specs
from tppcore.shipments.amounts import Amounts, Bools, Scale, added, grouped
from tppcore.shipments.groups import Group, product
from tppcore.shipments.limits import NOT_SAID, Limit, uses
from tppcore.shipments.places import CODES, UNITED_STATES
from tppcore.shipments.products import Product
from tppcore.shipments.shares import shares
from tppcore.shipments.sums import Cells

ELSEWHERE = 2
"""The code of headquarters outside the United States; 0 is not said, 1 is in them."""

_NO, _YES, _MAYBE = 0, 1, 2

Whole = NDArray[np.int64]
Reasons = Sequence[tuple[str, Bools]]


@dataclass(frozen=True, slots=True)
class Account:
    """One limit and its groups, the largest use first. `counted`: rows whose amount counts;
    `left_out`: the rows that don't belong to this limit, by reason."""

    limit: Limit
    groups: tuple[Group, ...]
    counted: int
    left_out: Mapping[str, int]


class Accounts:
    """Accounts of the sums of one ledger."""

    def __init__(
        self, cells: Cells, products: Sequence[Product], consignees: Sequence[str]
    ) -> None:
        self.cells, self.products, self.consignees = cells, products, consignees
        codes = {False: _NO, True: _YES, None: _MAYBE}
        listed = np.array([codes[each.controlled] for each in products], np.int8)
        known = np.array([each.tpp is not None for each in products], bool)
        self._listed, self._known = listed[cells.product], known[cells.product]
        self._located = cells.place >= 0
        self._open = (cells.unknown_units == 1) | ~self._known
        self._not_said = np.where(cells.authorization == NOT_SAID, cells.rows, 0)
        self._scale = Scale([each.tpp for each in products])
        self._found: dict[str, dict[str, Interval]] = {}

    def of(self, limit: Limit) -> Account:
        """The account of one limit."""
        match limit.basis.measure:
            case "sum":
                return self._sum(limit)
            case "shares":
                return self._shares(limit)
            case _:
                return self._ratio(limit)

    def _sum(self, limit: Limit) -> Account:
        cells, by = self.cells, limit.basis.by
        reasons = [
            *self._outside(limit),
            ("another authorization", ~uses(limit.basis)[cells.authorization]),
            ("destination not said", ~self._located & ("country" in by)),
            ("destination not reached", self._located & ~limit.reached[cells.place]),
            ("no 3A090.a item", self._listed == _NO),
            ("consignee not said", (cells.consignee < 0) & ("consignee" in by)),
        ]
        inside, left_out = self._inside(reasons)
        every = {"consignee": cells.consignee, "country": cells.place, "year": cells.year}
        index, keys = grouped(*(every[name][inside] for name in by))
        count = len(keys[0])
        amounts = self._amounts(inside).by(index, count)
        key = [self._named(name, values) for name, values in zip(by, keys, strict=True)]
        groups = []
        for i, (rows, not_said, products) in enumerate(self._members(inside, index, count)):
            used = self._scale.interval(amounts.ends(i))
            named = {name: values[i] for name, values in zip(by, key, strict=True)}
            within = _decided(limit, {"aggregate_tpp": used})
            groups.append(Group(limit, named, rows, not_said, used, within, products))
        return self._account(limit, groups, inside, left_out)

    def _shares(self, limit: Limit) -> Account:
        cells = self.cells
        not_listed = self._listed == _NO
        # All of a company's compute has its share, whatever it was shipped under; but a company
        # that has nothing under this authorization is no such company.
        such = self._companies(uses(limit.basis)[cells.authorization] & ~not_listed)
        reasons = [
            ("no 3A090.a item", not_listed),
            ("consignee not said", cells.consignee < 0),
            ("consignee under another authorization", ~such[cells.consignee]),
        ]
        if limit.basis.us_headquarters:
            abroad = self._companies(cells.headquarters == ELSEWHERE)
            abroad &= ~self._companies(cells.headquarters != ELSEWHERE)
            reasons.append(("headquarters elsewhere", abroad[cells.consignee]))
        inside, left_out = self._inside(reasons)
        index, [company] = grouped(cells.consignee[inside])
        spot, (owner, place) = grouped(index, cells.place[inside] + 1)
        amounts = self._amounts(inside)
        by_spot, by_company = amounts.by(spot, len(owner)), amounts.by(index, len(company))
        located: list[dict[int, tuple[int, int | None]]] = [{} for _ in company]
        for i, (whose, where) in enumerate(zip(owner.tolist(), place.tolist(), strict=True)):
            located[whose][where - 1] = by_spot.ends(i)
        members = specs().groups.members("AIA", limit.rules.as_of)
        aia = frozenset(i for i, code in enumerate(CODES) if code in members)
        asked = {test.metric for test in limit.tests}
        names = self._named("consignee", company)
        groups = []
        for i, (rows, not_said, products) in enumerate(self._members(inside, index, len(company))):
            # One company has the same shares in every limit on them.
            if names[i] not in self._found:
                self._found[names[i]] = shares(located[i], aia)
            found = {n: each for n, each in self._found[names[i]].items() if n in asked}
            used = self._scale.interval(by_company.ends(i))
            within = _decided(limit, found)
            key = {"consignee": names[i]}
            groups.append(Group(limit, key, rows, not_said, used, within, products, shares=found))
        return self._account(limit, groups, inside, left_out)

    def _ratio(self, limit: Limit) -> Account:
        cells = self.cells
        there = self._located & limit.reached[cells.place]
        home = cells.place == UNITED_STATES
        reasons = [
            ("TPP not known", ~self._known),
            ("destination not part of the ratio", self._located & ~there & ~home),
        ]
        inside, left_out = self._inside(reasons)
        index, [places] = grouped(cells.product[inside])
        count = len(places)
        one_each = Scale([point(Fraction(1))])
        sides = []
        for side in (there, home):
            possible = (side | ~self._located)[inside]
            units = np.where(possible, cells.units[inside], 0)
            is_open = self._open[inside] & possible
            nothing = np.zeros(len(units), np.int64)
            sides.append(one_each.amounts(units, nothing, side[inside], is_open).by(index, count))
        groups = []
        for i, (rows, not_said, products) in enumerate(self._members(inside, index, count)):
            [tpp] = [each.tpp for each in products]
            assert tpp is not None
            units_there, units_home = (one_each.interval(side.ends(i)) for side in sides)
            # One product has one TPP, whatever it is: any value gives the same ratio.
            one = point(tpp.low or Fraction(1))
            row = {
                "aggregate_tpp": product(units_there, one),
                "us_aggregate_tpp": product(units_home, one),
            }
            groups.append(
                Group(
                    limit,
                    {"product": products[0].id},
                    rows,
                    not_said,
                    product(units_there, tpp),
                    _decided(limit, row),
                    products,
                    (units_there, units_home),
                )
            )
        return self._account(limit, groups, inside, left_out)

    def _amounts(self, inside: Bools) -> Amounts:
        """The amounts of the cells inside."""
        sure = (self._listed == _YES) & self._located
        units, of = self.cells.units[inside], self.cells.product[inside]
        return self._scale.amounts(units, of, sure[inside], self._open[inside])

    def _outside(self, limit: Limit) -> Reasons:
        first, last = limit.first_year, limit.basis.last_year
        if first is None:
            return []
        before = (f"before {first}", self.cells.year < first)
        return [before] if last is None else [before, (f"after {last}", self.cells.year > last)]

    def _inside(self, reasons: Reasons) -> tuple[Bools, dict[str, int]]:
        """The cells that no reason keeps out, and the rows that each keeps out of what the
        reasons before it have left."""
        inside = np.ones(len(self.cells.rows), bool)
        left_out = {}
        for reason, outside in reasons:
            if rows := int(self.cells.rows[inside & outside].sum()):
                left_out[reason] = rows
            inside &= ~outside
        return inside, left_out

    def _companies(self, cells: Bools) -> Bools:
        """Whether a consignee has one of these cells; the last place is for none (-1)."""
        found = np.zeros(len(self.consignees) + 1, bool)
        found[self.cells.consignee[cells]] = True
        found[-1] = False
        return found

    def _members(
        self, inside: Bools, index: Whole, count: int
    ) -> Iterator[tuple[int, int, tuple[Product, ...]]]:
        """Rows, rows without a known authorization, and products of each group."""
        rows = added(self.cells.rows[inside], index, count).tolist()
        not_said = added(self._not_said[inside], index, count).tolist()
        _, (group, which) = grouped(index, self.cells.product[inside])
        order = np.lexsort((which, group))
        ends = np.searchsorted(group[order], np.arange(1, count + 1)).tolist()
        listed, first = which[order].tolist(), 0
        for i, last in enumerate(ends):
            yield rows[i], not_said[i], tuple([self.products[j] for j in listed[first:last]])
            first = last

    def _named(self, name: str, values: Whole) -> list[Any]:
        named = {"consignee": self.consignees, "country": CODES}
        listed: list[Any] = values.tolist()
        return [named[name][each] for each in listed] if name in named else listed

    def _account(
        self, limit: Limit, groups: list[Group], inside: Bools, left_out: Mapping[str, int]
    ) -> Account:
        groups.sort(key=_use)
        counted = inside & ~self._open & self._located
        return Account(limit, tuple(groups), int(self.cells.rows[counted].sum()), left_out)


def _use(group: Group) -> tuple[Any, ...]:
    """The largest use first. Doubles compare faster; equal ones leave it to the names."""
    return -float(group.used.low), -float(group.used.high), *map(str, group.key.values())


def _decided(limit: Limit, row: Mapping[str, Interval]) -> bool | None:
    metrics = exact.Metrics(limit.rules.formulas, row)
    return exact.decisions(limit.rules).decide(metrics)[0]
