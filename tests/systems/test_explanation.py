"""A system explained, as text and as data."""

from __future__ import annotations

import json

import tppcore as tpp
from tppcore.system_explanation import SystemExplanation

RULES = tpp.rulebook("2026-11-22", "CN")


def explained(system: tpp.System, rules: tpp.Rulebook = RULES) -> SystemExplanation:
    found = tpp.explain(system, rules)
    assert isinstance(found, SystemExplanation)
    return found


def test_data() -> None:
    data = json.loads(json.dumps(explained(tpp.system("GB200 NVL72")).to_dict()))
    assert data["metrics"]["aggregate_tpp"] == {"exact": "2880000", "approx": "2880000"}
    assert data["metrics"]["largest_circuit_tpp"]["exact"] == "40000"
    assert data["power_level"] == "rack"
    assert data["outcome"] == "licence, presumption of denial"
    gpu = data["parts"][0]
    assert (gpu["id"], gpu["count"]["exact"], gpu["host"]) == ("gb200-gpu", "72", False)
    by_id = {each["id"]: each for each in data["paragraphs"]}
    a = by_id["us-4a090/a"]
    assert (a["verdict"], a["tests"]) == (True, [])
    assert a["any_single_circuit"]["us-3a090/a"][gpu["name"]] is True
    capacity = {test["metric"]: test for test in by_id["us-supercomputer/capacity"]["tests"]}
    assert capacity["fp64_pflops"]["verdict"] is False
    claims = {each["metric"]: each for each in data["claims"]}
    assert claims["memory_capacity"]["claimed"]["exact"] == "13400"
    assert claims["memory_capacity"]["relation"] == "rounds to it"
    assert data["sources"]["confidence"]


def test_text() -> None:
    text = str(explained(tpp.system("GB200 NVL72")))
    for line in (
        "NVIDIA GB200 NVL72: 2026-11-22, destination CN",
        "  72 x NVIDIA GB200 (per GPU) NVL72/NVL4 1200W: TPP 40000",
        "  TPP, sum over the circuits: 2880000 TOPS x bit",
        "  power (rack): 120000 W",
        "    memory capacity: 13.4 TB; the parts give 13.392: rounds to it",
        "  us-4a090/a: true\n      us-3a090/a: true\n      met by NVIDIA GB200",
        "  any single circuit in us-3a090/b: false\n",
    ):
        assert line in text, line


def test_missing_figures_are_named_with_their_part() -> None:
    mystery = tpp.Chip("mystery", die_area_mm2=500, datacenter=True)
    each = explained(tpp.System(parts=[(mystery, 4), (tpp.chip("H20"), 4)]))
    verdicts = {part.paragraph.id: part for part in each.paragraphs}
    assert verdicts["us-4a090/a"].verdict is None
    assert verdicts["us-4a090/a"].missing == ("a peak rate (tops_<format>) of mystery",)
    assert "fp64_pflops (mystery)" in verdicts["us-supercomputer/capacity"].missing
    assert "shared_memory" in verdicts["us-4a003/b"].missing
    assert each.circuits["us-3a090/a"] is None
    assert each.limiting_test is None or "mystery" in each.limiting_test


def test_other_readings_of_parts_turn_verdicts_of_the_whole() -> None:
    rules = tpp.rulebook("2024-06-01", rules=["us-eo14110-cluster/cluster"])
    each = explained(tpp.System(parts={"H100": 60_000}, cluster_network_gbit_s=400), rules)
    (turned,) = (o for o in each.other_readings if o.reading == "cluster_ops_format")
    assert turned.turns == {"us-eo14110-cluster/cluster": False}


def test_the_same_part_twice_is_listed_once() -> None:
    node = tpp.System(parts={"H100": 8}, hosts={"Grace": 2})
    each = explained(tpp.System(parts=[(node, 3), ("H100", 1)]))
    assert [(part.chip.id, int(part.count.low), part.is_host) for part in each.parts] == [
        ("h100-sxm", 25, False),
        ("grace", 6, True),
    ]


def test_verdicts_explain() -> None:
    found = tpp.classify([tpp.System(parts={"H20": 1}), tpp.System(parts={"H100": 1})], RULES)
    assert found.explain(1).paragraphs[0].paragraph.id == found.paragraphs[0]
    assert found["us-4a090/a"] == [False, True]
