"""Random ledgers against the same law in plain Python, row by row in fractions."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.shipments.ledger import ledger
from tppcore.shipments.places import UNITED_STATES
from tppcore.shipments.shares import shares

CHIPS = [
    tpp.Chip("sure", tops={"fp8": "1979.5"}, datacenter=True, die_area_mm2=814),
    tpp.Chip("never", tops={"fp8": "100.25"}, datacenter=True, die_area_mm2=814),
    tpp.Chip("maybe", tops={"fp8": (400, "900.125")}, datacenter=True, die_area_mm2=8000),
    tpp.Chip("or more", tops={"fp8": (700, None)}, datacenter=True, die_area_mm2=800),
    tpp.Chip("riddle", die_area_mm2=800),
]
F = Fraction
TPP: dict[str, tuple[Any, Any]] = {
    "sure": (F(15836), F(15836)),
    "never": (F(802), F(802)),
    "maybe": (F(3200), F(7201)),
    "or more": (F(5600), math.inf),
}
LISTED = {
    "sure": True,
    "never": False,
    "maybe": None,
    "or more": True,
    "riddle": None,
    "what": None,
}
AIA, REACHED = {"US", "DE"}, {"DE", "IN", "BR"}

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["2024-12-31", "2025-01-01", "2026-01-31", "2026-02-02", ""]),
        st.sampled_from([*LISTED]),
        st.sampled_from(["1", "3", "40", "1000000", "0", ""]),
        st.sampled_from(["IN", "BR", "DE", "US", "CN", "HK", "MO", ""]),
        st.sampled_from(["Acme", "Beta", ""]),
        st.sampled_from(["", "LPP", "NVEU", "licence", "UVEU", "other"]),
    ),
    max_size=12,
)


class Amount:
    def __init__(self) -> None:
        self.low: Any = F(0)
        self.high: Any = F(0)

    def add(self, units: int | None, tpp: tuple[Any, Any] | None, sure: bool) -> None:
        if units is None or tpp is None:
            self.high = math.inf
            return
        self.low += units * tpp[0] if sure else 0
        self.high += units * tpp[1]

    def ends(self) -> tuple[Any, Any]:
        return self.low, self.high


def by_hand(rows: list[tuple[str, ...]]) -> dict[str, dict[Any, Amount]]:
    found: dict[str, dict[Any, Amount]] = defaultdict(lambda: defaultdict(Amount))
    for day, product, text, place, consignee, authorization in rows:
        if day in ("", "2026-02-02"):
            continue
        year, place = int(day[:4]), "CN" if place == "HK" else place
        units = int(text) if text not in ("", "0") else None
        tpp, listed = TPP.get(product), LISTED[product]
        if tpp is not None:
            for side, inside in (("there", place in ("CN", "MO")), ("home", place == "US")):
                if inside or not place:
                    found[side][product].add(units, (F(1), F(1)), inside)
        if listed is False:
            continue
        sure = listed is True and bool(place)
        if consignee:
            found["located"][consignee, place].add(units, tpp, sure)
            if authorization in ("", "UVEU"):
                found["company"][consignee].add(units, tpp, sure)
        if year < 2025:
            continue
        if authorization in ("", "LPP") and consignee and place in REACHED | {""}:
            found["lpp"][consignee, year].add(units, tpp, sure)
        if authorization in ("", "licence") and place in REACHED - AIA:
            found["country-allocation"][place,].add(units, tpp, sure)
        if authorization in ("", "NVEU") and consignee and place in REACHED:
            found["nveu"][consignee, place].add(units, tpp, sure)
    return found


def allowed(ends: tuple[Any, Any], limit: int) -> bool | None:
    return True if ends[1] <= limit else False if ends[0] > limit else None


@settings(max_examples=120, deadline=None)
@given(ROWS)
def test_twin(rows: list[tuple[str, ...]]) -> None:
    names = ("date", "product", "units", "destination", "consignee", "authorization")
    table = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    found, expected = ledger(table, "2026-02-01", chips=CHIPS), by_hand(rows)
    for limit, most in (
        ("lpp", 26_900_000),
        ("country-allocation", 790_000_000),
        ("nveu", 5_064_000_000),
    ):
        groups = {tuple(g.key.values()): g for g in found[limit].groups}
        twins = {key: amount.ends() for key, amount in expected[limit].items()}
        assert {key: (g.used.low, g.used.high) for key, g in groups.items()} == twins
        for key, group in groups.items():
            assert group.within is allowed(twins[key], most)
            assert group.left == (most - twins[key][1], most - twins[key][0])
            for each, (least, many) in group.more:
                low, high = TPP[each.id]
                if least:
                    assert twins[key][1] + least * high <= most < twins[key][1] + (least + 1) * high
                assert many == max(0, (most - twins[key][0]) // low)
    ratios = {g.key["product"]: g for g in found["within-half"].groups}
    assert set(ratios) == set(expected["there"]) | set(expected["home"])
    for name, group in ratios.items():
        there, home = expected["there"][name].ends(), expected["home"][name].ends()
        always, never = 2 * there[1] <= home[0], 2 * there[0] > home[1]
        verdict = True if always else False if never else None
        if home[1] == 0 or (home[0] == 0 and there[1] == 0):
            # The share of nothing is no number.
            assert group.within in (verdict, None)
        else:
            assert group.within is verdict
    companies = {g.key["consignee"]: (g.used, g.shares) for g in found["uveu"].groups}
    assert set(companies) == set(expected["company"])
    for name, (_, bounds) in companies.items():
        located = {p: a.ends() for (c, p), a in expected["located"].items() if c == name}
        lows = {place: low for place, (low, _) in located.items() if place}
        if total := sum(lows.values()):
            # The least that is certain is one way it may be.
            aia = sum(low for place, low in lows.items() if place in AIA) / total
            others = [low / total for place, low in lows.items() if place not in AIA]
            assert bounds["share_aia"].low <= aia <= bounds["share_aia"].high
            other = bounds["share_largest_other"]
            assert other.low <= max(others, default=F(0)) <= other.high


def test_shares_bound_every_way_it_may_be() -> None:
    """All combinations of the ends of three places and of what may be anywhere."""
    us = UNITED_STATES
    ends = {us: (5, 9), 1: (2, 4), 2: (0, 3), -1: (0, 2)}
    found = shares(ends, {us})
    seen: dict[str, list[Fraction]] = defaultdict(list)
    for a in range(5, 10):
        for b in range(2, 5):
            for c in range(4):
                for more in range(3):
                    for place in (us, 1, 2, 3):
                        amounts = {us: a, 1: b, 2: c, 3: 0}
                        amounts[place] += more
                        total = sum(amounts.values())
                        seen["share_us"].append(F(amounts[us], total))
                        others = max(amounts[p] for p in (1, 2, 3))
                        seen["share_largest_other"].append(F(others, total))
    for name, values in seen.items():
        assert found[name].low <= min(values)
        assert max(values) <= found[name].high
    assert found["share_us"] == found["share_aia"]
    assert (found["share_us"].low, found["share_us"].high) == (F(5, 14), F(11, 13))
    assert shares({us: (1, 1)}, {us})["share_largest_other"].high == 0
    assert shares({us: (1, None), 1: (1, 1)}, {us})["share_us"].high == 1
    assert shares({us: (1, 1), 1: (1, None)}, {us})["share_us"].low == 0
