"""The law on systems: any single circuit, never the sum; and what the system itself is asked."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

import tppcore as tpp
from tppcore.rules.systems import leaf, of_systems

Limit = Callable[[str, str], tpp.Rulebook]

TODAY = "2026-11-22"
A, B = "us-4a090/a", "us-4a090/b"
SUPER, CAPACITY = "us-supercomputer/supercomputer", "us-supercomputer/capacity"


def chip(**figures: object) -> tpp.Chip:
    return tpp.Chip("made up", die_area_mm2=800, datacenter=True, dram_gb_s=1000, **figures)


def verdicts(system: tpp.System, rule: str, date: str = TODAY, **law: object) -> dict[str, object]:
    found = tpp.classify(system, tpp.rulebook(date, rules=[rule], **law))
    return {name: found[name] for name in found}


def test_a_rack_of_uncontrolled_chips_stays_uncontrolled() -> None:
    rack = tpp.System("a hall of H20", parts={"H20": 100_000})
    assert tpp.metrics(rack, ["aggregate_tpp"]) == {"aggregate_tpp": 236_800_000}
    found = tpp.classify(rack, tpp.rulebook(TODAY, "CN"))
    assert (found[A], found[B], found["us-3a090/a"], found["us-3a090/b"]) == (False,) * 4
    assert found.outcome.startswith("no 3A090/4A090 licence requirement found")


@pytest.mark.parametrize(
    ("parts", "a", "b"),
    [
        ({"H20": 8}, False, False),
        ({"H100": 1}, True, False),
        ({"H20": 10_000, "H100": 1}, True, False),
        ({"A30": 4}, False, True),
        ({"A30": 4, "H200": 4}, True, True),
        ({"RTX 4090D": 1000}, False, False),
        ({"B20": 2}, None, None),
        ({"B20": 2, "H100": 1}, True, None),
    ],
)
def test_4a090_asks_any_single_circuit(parts: dict[str, int], a: object, b: object) -> None:
    assert verdicts(tpp.System(parts=parts), "us-4a090") == {A: a, B: b}


def test_a_host_is_a_circuit_too() -> None:
    system = tpp.System(parts={"H20": 8}, hosts={"Xeon 6980P": 2})
    assert verdicts(system, "us-4a090")[A] is True
    assert tpp.metrics(system, ["aggregate_tpp"])["aggregate_tpp"] == 8 * 2368


def test_the_strongest_circuit_decides_the_outcome() -> None:
    rules = tpp.rulebook("2026-02-01", "CN")
    assert tpp.classify(tpp.System(parts={"H200": 8}), rules).outcome == "licence, case-by-case"
    mixed = tpp.classify(tpp.System(parts={"H200": 8, "B200": 1}), rules)
    assert mixed.outcome == "licence, presumption of denial"


def test_a_system_meets_what_some_part_meets() -> None:
    rules = tpp.rulebook(TODAY, "CN")
    names = ["H20", "A30", "B20", "L4", "MI325X", "RTX 4090", "Xeon 8592+"]
    alone = {name: tpp.classify(tpp.chip(name), rules) for name in names}
    for one in names:
        for two in names:
            both = tpp.classify(tpp.System(parts={one: 3, two: 2}), rules)
            for paragraph in rules.paragraphs:
                pair = [alone[one][paragraph.id], alone[two][paragraph.id]]
                expected = True if True in pair else None if None in pair else False
                assert both[paragraph.id] is expected, (one, two, paragraph.id)


def test_named_rules_are_all_there_is() -> None:
    found = verdicts(tpp.System(parts={"H100": 8}), "us-3a090")
    assert "us-3a090/a.1" in found
    assert not any(name.startswith("us-4a") for name in found)
    rules = tpp.rulebook(TODAY)
    added = {each.scope for each in of_systems(rules).whole.paragraphs}
    assert added == {"circuit", "item", "system"}
    assert of_systems(rules) is of_systems(rules)
    assert of_systems(rules).bare(of_systems(rules).whole["us-4a090/a"]) == leaf("us-3a090/a")


@pytest.mark.parametrize(
    ("shared", "app", "b", "z"),
    [
        (True, (Fraction("20.1") * 8, Fraction("60.3") * 8), True, True),
        (False, (Fraction("20.1"), Fraction("60.3")), False, False),
        (None, (Fraction("20.1"), Fraction("60.3") * 8), None, None),
    ],
)
def test_app_sums_processors_that_share_memory(
    shared: bool | None, app: tuple[Fraction, Fraction], b: object, z: object
) -> None:
    system = tpp.System(parts={"H100": 8}, shared_memory=shared)
    low, high = tpp.metrics(system, ["app"])["app"]
    assert (low, high) == tuple(map(float, app))
    found = verdicts(system, "us-4a003")
    assert (found["us-4a003/b"], found["us-4a003/z.1.a"]) == (b, z)


def test_app_of_machines_joined_by_a_network_is_that_of_the_largest() -> None:
    vector = tpp.Chip("vector", tops={"fp64": 10}, vector_processor=True)
    node = tpp.System(parts=[(vector, 8)], shared_memory=True)
    cluster = tpp.System(parts=[(node, 1000)], shared_memory=False)
    assert tpp.metrics(cluster, ["app"]) == {"app": 72}
    assert verdicts(cluster, "us-4a003")["us-4a003/b"] is True
    small = tpp.System(parts=[(tpp.System(parts=[(vector, 7)], shared_memory=True), 9)])
    assert tpp.metrics(small, ["app"])["app"] == (63, 9 * 7 * 9)


@pytest.mark.parametrize(
    ("count", "volume", "expected"),
    [
        ("10000", "41600", True),
        ("9999", "41600", False),
        ("10000", "41600.1", None),
        ("10000", None, None),
        ("9999", None, False),
    ],
)
def test_supercomputer_on_the_line(count: str, volume: str | None, expected: object) -> None:
    ten = chip(tops={"fp64": 10})
    system = tpp.System(parts=[(ten, int(count))], envelope_ft3=volume)
    assert verdicts(system, "us-supercomputer")[SUPER] is expected


@pytest.mark.parametrize(
    ("racks", "of_rack", "expected"),
    [(500, "104", True), (500, "104.1", None), (399, "104", None), (2000, "104", True)],
)
def test_a_larger_hall_counts_by_its_densest_part(
    racks: int, of_rack: str, expected: object
) -> None:
    """41,600 / 104 = 400 racks of a quarter PFLOPS."""
    rack = tpp.System(parts=[(chip(tops={"fp64": 10}), 25)], envelope_ft3=of_rack)
    hall = tpp.System(parts=[(rack, racks)], envelope_ft3=10**6)
    found = verdicts(hall, "us-supercomputer")
    assert found[SUPER] is (expected if racks >= 400 else False)
    stated = verdicts(hall, "us-supercomputer", readings={"supercomputer_envelope": "as_stated"})
    assert stated[SUPER] is (None if racks >= 400 else False)


def test_racks_of_two_kinds_fill_the_envelope_densest_first() -> None:
    dense = tpp.System(parts=[(chip(tops={"fp64": 10}), 60)], envelope_ft3=100)
    thin = tpp.System(parts=[(chip(tops={"fp64": 10}), 20)], envelope_ft3=100)
    halls = {n: tpp.System(parts=[(thin, 2000), (dense, n)], envelope_ft3=10**6) for n in (41, 42)}
    # 416 racks fit: 0.6 n + 0.2 (416 - n) PFLOPS reaches 100 from n = 42 on.
    assert verdicts(halls[42], "us-supercomputer")[SUPER] is True
    assert verdicts(halls[41], "us-supercomputer")[SUPER] is None


@pytest.mark.parametrize(
    ("count", "network", "expected"),
    [
        (50_530, "400", False),
        (50_530, None, False),
        (50_531, "100", False),
        (50_531, "100.1", True),
        (50_531, None, None),
    ],
)
def test_cluster_of_the_executive_order(count: int, network: str | None, expected: object) -> None:
    """1e20 / 1.979e15 = 50,530.57: fifty thousand H100 and some."""
    system = tpp.System(parts={"H100": count}, cluster_network_gbit_s=network)
    found = verdicts(system, "us-eo14110-cluster", "2024-06-01")["us-eo14110-cluster/cluster"]
    assert found is expected


def test_network_of_a_cluster_of_the_catalogue_is_bounded_by_its_scale_out() -> None:
    found = verdicts(tpp.system("colossus-1-100k"), "us-eo14110-cluster", "2024-06-01")
    assert found["us-eo14110-cluster/cluster"] is True
    stated = tpp.System(parts={"H100": 100_000}, scaleout_gbit_s=40_000_000)
    found = verdicts(stated, "us-eo14110-cluster", "2024-06-01")
    assert found["us-eo14110-cluster/cluster"] is None


def test_a_rule_on_sums_is_exact(limit: Limit) -> None:
    """0.1 + 0.2 is 0.3: in doubles it is more."""
    parts = [(tpp.Chip("a", tops={"int8": "0.1"}), 1), (tpp.Chip("b", tops={"int8": "0.2"}), 1)]
    system, rules = tpp.System(parts=parts), limit("aggregate_tpp", "2.4")
    assert tpp.classify(system, rules)["own/over"] is False
    assert tpp.classify(system, rules)["own/at"] is True
    assert 0.1 * 8 + 0.2 * 8 > 2.4


def test_a_metric_of_one_circuit_is_not_asked_of_a_system(limit: Limit) -> None:
    rules = limit("tpp", "4800")
    with pytest.raises(tpp.TppError, match="own/at: tpp is a metric of one circuit"):
        tpp.classify(tpp.System(parts={"H20": 8}), rules)
