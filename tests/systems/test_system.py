"""Systems one by one: parts and counts, exact sums with bounds, facts, claims, the catalogue."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.engine.exact import Interval, Metrics
from tppcore.rules.rulebook import without_paragraphs
from tppcore.sources import systems
from tppcore.sources.claims import Claim

FORMULAS = without_paragraphs(None).formulas


def metric(system: tpp.System, name: str, **readings: str) -> Interval:
    formulas = without_paragraphs(readings or None).formulas
    return Metrics(formulas.of_systems(), system.quantities(formulas)).metric(name)


def known(system: tpp.System, name: str) -> Fraction:
    found = metric(system, name)
    assert found.known
    return found.low


def test_superchip() -> None:
    """GB200: two GPUs and a Grace CPU."""
    mixed = tpp.System("GB200", parts={"GB200": 2, "Grace": 1})
    alone = tpp.System("GB200", parts={"GB200": 2}, hosts={"Grace": 1})
    grace = known(tpp.System(parts={"Grace": 1}), "aggregate_tpp")
    assert known(mixed, "aggregate_tpp") == 80_000 + grace
    assert known(alone, "aggregate_tpp") == 80_000
    assert known(alone, "circuits") == 2
    assert known(alone, "largest_circuit_tpp") == 40_000
    assert known(alone, "fp64_pflops") == known(mixed, "fp64_pflops") > Fraction(80, 1000)


def test_three_kinds_of_chip() -> None:
    colossus = tpp.System(parts={"H100": 150_000, "H200": 50_000, "gb200-gpu": 30_000})
    assert known(colossus, "aggregate_tpp") == 200_000 * 15_832 + 30_000 * 40_000
    assert known(colossus, "memory_capacity") == 150_000 * 80 + 50_000 * 141 + 30_000 * 186
    assert known(colossus, "peak_bf16") == 200_000 * Fraction("989.5") + 30_000 * 2500
    catalogue = tpp.system("colossus-1-230k")
    assert known(catalogue, "aggregate_tpp") == known(colossus, "aggregate_tpp")


def test_nvl144_cpx_holds_two_kinds() -> None:
    system = tpp.system("vr-nvl144-cpx")
    assert {chip.id: int(count.low) for chip, count, is_host in system.items() if not is_host} == {
        "rubin-cpx": 144,
        "rubin": 72,
    }
    assert known(system, "circuits") == 216


def test_card_of_several_circuits() -> None:
    """A card's figures are those of its four circuits; the largest single one is a quarter."""
    node = tpp.System(parts={"Cloud AI 100 Ultra": 8})
    assert known(node, "aggregate_tpp") == 8 * 6960
    assert known(node, "largest_circuit_tpp") == 1740
    assert known(node, "circuits") == 32


@pytest.mark.parametrize(
    ("figures", "low", "high"),
    [
        ({"tops": {"int8": 100}}, 8000, 8000),
        ({"tops": {"int8": (100, 200)}}, 8000, 16_000),
        ({"tops": {"int8": (100, None)}}, 8000, math.inf),
        ({"dram_gb": 1}, 0, math.inf),
    ],
)
def test_parts_that_are_not_known_leave_bounds(figures: Any, low: int, high: float) -> None:
    """The least that is certain stays certain."""
    sure = tpp.Chip("sure", tops={"int8": 1000})
    system = tpp.System(parts=[(tpp.Chip("open", **figures), 10), (sure, 2)])
    assert metric(system, "aggregate_tpp") == Interval(Fraction(low + 16_000), high + 16_000)
    several = tpp.System(parts=[(tpp.Chip("open", **figures), None), (sure, 2)])
    assert metric(several, "aggregate_tpp") == Interval(Fraction(low // 10 + 16_000), math.inf)
    rules = tpp.rulebook("2026-11-22", rules=["us-4a090"])
    assert tpp.classify(several, rules)["us-4a090/a"] is True


def test_readings_reach_the_sums() -> None:
    system = tpp.System(parts={"Trainium2": 64})
    assert metric(system, "aggregate_tpp").low == 64 * 21_344
    assert metric(system, "aggregate_tpp", tf32_width="19").low == 64 * 12_673
    ops = metric(tpp.System(parts={"H100": 1}), "cluster_ops")
    sixteen = metric(tpp.System(parts={"H100": 1}), "cluster_ops", cluster_ops_format="sixteen_bit")
    assert (ops.low, sixteen.low) == (1979 * 10**12, Fraction("989.5") * 10**12)


@given(
    st.lists(
        st.tuples(st.decimals("0.001", 10**6, places=3), st.integers(1, 10**6)),
        min_size=1,
        max_size=6,
    )
)
def test_sums_are_those_of_the_decimals(parts: list[Any]) -> None:
    system = tpp.System(parts=[(tpp.Chip(tops={"fp8": rate}), count) for rate, count in parts])
    assert known(system, "aggregate_tpp") == sum(
        8 * Fraction(rate) * count for rate, count in parts
    )
    assert known(system, "largest_circuit_tpp") == max(8 * Fraction(rate) for rate, _ in parts)


def test_systems_in_systems() -> None:
    node = tpp.System("node", parts={"H100": 8}, system_w=10_200, power_level="rack")
    rack = tpp.System("rack", parts=[(node, 4)])
    hall = tpp.System("hall", parts=[(rack, 100), (node, 1)])
    assert [(chip.id, count.low) for chip, count, _ in hall.items()] == [
        ("h100-sxm", 3200),
        ("h100-sxm", 8),
    ]
    assert known(hall, "power") == 401 * 10_200
    assert hall.level == "rack"
    assert metric(tpp.System(parts=[(node, 1), (tpp.chip("H100"), 1)]), "power").low == 0
    assert known(tpp.system("atlas-950-cluster"), "circuits") == 64 * 8192


@pytest.mark.parametrize("count", [0, -1, 1.5, "1.5", True, 2**32, math.inf, "many"])
def test_counts_are_whole_and_positive(count: Any) -> None:
    with pytest.raises(tpp.InputError, match=r"row 2, column count: .*a whole number from 1 to"):
        tpp.System(parts=[("H100", 1), ("H20", count)])


@pytest.mark.parametrize("count", [3, 3.0, "3", np.int64(3), np.float32(3)])
def test_counts_of_any_type(count: Any) -> None:
    assert known(tpp.System(parts={"H100": count}), "circuits") == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parts": {"H8000": 1}}, "no chip or system is called 'H8000'"),
        ({"parts": {}}, "at least one part"),
        ({"parts": {}, "hosts": {"Grace": 1}}, "at least one part that is no host"),
        ({"parts": {3: 1}}, "a chip, a system, or the name of one"),
        ({"parts": ["H100"]}, "an item and its count"),
        ({"parts": {"H100": 1}, "power_level": "wall"}, "one of chip sum, rack, all-in"),
        ({"parts": {"H100": 1}, "racks": 0}, "a number above 0"),
        ({"parts": {"H100": 1}, "blades": 1}, "unknown quantity 'blades'"),
        ({"parts": {"H100": 1}, "claims": {"tpp": 1}}, "'tpp' is no metric of systems"),
        ({"parts": {"H100": 1}, "claims": {"power": "much"}}, "expected a number"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(tpp.TppError, match=message):
        tpp.System(**given)


def test_a_stated_figure_settles_what_the_parts_leave_open() -> None:
    parts = [(tpp.Chip("?", tops={"fp64": (10, None)}), 100)]
    assert metric(tpp.System(parts=parts), "fp64_pflops") == Interval(Fraction(1), math.inf)
    assert known(tpp.System(parts=parts, fp64_pflops="1.5"), "fp64_pflops") == Fraction(3, 2)
    with pytest.raises(tpp.InputError, match="belongs into claims"):
        tpp.System(parts=parts, fp64_pflops="0.5").quantities(FORMULAS)
    with pytest.raises(tpp.InputError, match="belongs into claims"):
        tpp.System(parts={"H100": 8}, system_dram_gb=600).quantities(FORMULAS)
    assert known(tpp.System(parts={"H100": 8}, system_dram_gb=640), "memory_capacity") == 640


@pytest.mark.parametrize(
    ("printed", "relation"),
    [
        ("640", "equal"),
        ("640.4", "within 1%"),
        ("6e2", "rounds to it"),
        ("645", "within 1%"),
        ("7e2", "differs"),
        ("600", "differs"),
    ],
)
def test_claims_stand_beside_the_sums(printed: str, relation: str) -> None:
    system = tpp.System(parts={"H100": 8}, claims={"memory_capacity": printed})
    explained = tpp.explain(system, tpp.rulebook("2026-11-22"))
    assert [each.relation for each in explained.claims] == [relation]
    assert known(system, "memory_capacity") == 640
    assert explained.to_dict()["claims"][0]["computed"]["exact"] == "640"


def test_a_claim_on_what_is_not_known() -> None:
    claim = Claim("memory_capacity", "13.4", 1000, "TB")
    assert claim.value == 13_400
    assert claim.relation(Interval(Fraction(1), math.inf)) == "undetermined"
    assert claim.relation(Interval(Fraction(14_000), math.inf)) == "differs"
    assert claim.relation(Interval(Fraction(13_392), Fraction(13_392))) == "rounds to it"


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("CloudMatrix 384", "cm384-huawei"),
        ("GB200 NVL72", "gb200-nvl72"),
        ("NVL72", "gb200-nvl72"),
        ("dgx-h100", "dgx-h100"),
        ("CS-3", "cs-3"),
    ],
)
def test_names(name: str, identity: str) -> None:
    assert tpp.system(name).id == identity
    assert isinstance(systems.named(name), tpp.System)


def test_names_that_are_no_system() -> None:
    assert isinstance(systems.named("H100"), tpp.Chip)
    with pytest.raises(tpp.UnknownName, match="Nonesuch"):
        tpp.system("Nonesuch 9000")
    with pytest.raises(tpp.UnknownName, match="is the system gb200-nvl72"):
        tpp.chip("GB200 NVL72")


def test_every_system_of_the_catalogue() -> None:
    listed = tpp.systems()
    assert len({each.id for each in listed}) == len(listed) >= 35
    rules = tpp.rulebook("2026-02-01", "CN")
    found = tpp.classify(listed, rules)
    assert len(found["us-4a090/a"]) == len(listed) == len(found.outcome)
    for each in listed:
        assert metric(each, "circuits").low >= 1
        assert each.id in systems.family(each.id)
    assert systems.family("cm384-sa") == systems.family("cm384-huawei")


def test_a_system_within_itself_is_refused() -> None:
    with pytest.raises(tpp.TppError, match="dgx-h100 -> dgx-a100-80 -> dgx-h100"):
        systems.by_id("dgx-h100", ("dgx-h100", "dgx-a100-80"))


def test_metrics_of_systems_in_columns() -> None:
    pair = [tpp.System(parts={"H100": 1}), tpp.System(parts=[(tpp.Chip(tops={"fp8": (1, 2)}), 1)])]
    found = tpp.metrics(pair, ["aggregate_tpp", "h100_equivalents"])
    np.testing.assert_array_equal(found["aggregate_tpp"], [15832, np.nan])
    np.testing.assert_array_equal(found["aggregate_tpp_low"], [15832, 8])
    np.testing.assert_array_equal(found["aggregate_tpp_high"], [15832, 16])
    assert found["h100_equivalents"][0] == 1
    with pytest.raises(tpp.UnknownName, match="tpp is a metric of one circuit"):
        tpp.metrics(pair, ["tpp"])
    with pytest.raises(tpp.UnknownName, match="unknown metric 'horses'"):
        tpp.metrics(pair, ["horses"])
