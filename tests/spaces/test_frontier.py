"""What is best within the law is what one finds by looking at every design."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tests.spaces import strategies
from tests.spaces.conftest import WAYS
from tests.spaces.fronts import Aims, SubjectTo, Whole, check, conditions, names, space
from tests.spaces.reference import Spec
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sources.systems import System
from tppcore.spaces.space import Space

QUICK = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
GATE = strategies.law("gate")


@pytest.mark.parametrize("way", WAYS)
@QUICK
@given(st.data())
def test_any_space(way: str, data: st.DataObject) -> None:
    spec = data.draw(strategies.spaces())
    rules = data.draw(strategies.laws(spec)).rules
    whole = Whole(spec, rules)
    pool = names(whole)
    known = [n for n in pool if all(whole.value(i, n).known for i in range(len(whole.rows)))]
    chosen = data.draw(
        st.lists(st.sampled_from(known or pool), min_size=1, max_size=3, unique=True), "aims"
    )
    aims = {name: data.draw(st.sampled_from(("max", "min"))) for name in chosen}
    subject_to = data.draw(conditions(whole, spec), "subject_to")
    refusal = uncertain(spec, rules, aims, subject_to)
    if refusal:
        assert "is uncertain in designs" in refusal
        # Where a bound of a formula does not show that nothing is uncertain, it may be refused.
        ranged = any(key.endswith(("_low", "_high")) for key in spec.quantities)
        assert ranged or not set(chosen) <= set(known) or {"non_planar"} & set(whole.rows[0])
        event("refused")
        return
    found = check(spec, rules, aims, subject_to, data.draw(st.integers(1, 4)), way, whole)
    event(f"{min(len(found), 5)} points of {len(aims)}, {len(subject_to)} conditions")


def uncertain(spec: Spec, rules: Rulebook, aims: Aims, subject_to: SubjectTo) -> str:
    """Why there is no frontier; nothing if there is one."""
    try:
        space(spec).frontier(aims, subject_to=subject_to, rules=rules)
    except TppError as error:
        return str(error)
    return ""


def test_a_quotient_of_sums_that_share_axes() -> None:
    axes = {
        "cores": {"from": "2", "to": "14", "step": "2"},
        "array": ["8", "16", "32"],
        "clock": ["1.01", "1.41"],
        "stacks": ["4", "5", "6"],
    }
    quantities = {
        "tops_fp16": "2 * cores * array * array * clock / 10",
        "die_area_mm2": "cores * (7.5 + array * array * 0.02) + stacks * 16.1898",
        "dram_gb_s": "stacks * 400",
        "datacenter": True,
    }
    spec = Spec(axes, quantities)
    whole = Whole(spec, GATE)
    for way in WAYS:
        for subject_to in ({}, {"us-3a090/controlled": False}, {"die_area_mm2 <= 300": True}):
            check(spec, GATE, {"performance_density": "max"}, subject_to, way=way, whole=whole)
            aims = {"tpp": "max", "die_area_mm2": "min"}
            assert len(check(spec, GATE, aims, subject_to, way=way, whole=whole)) > 1
            aims = {"performance_density": "min", "dram_gb_s": "max", "tpp": "max"}
            check(spec, GATE, aims, subject_to, way=way, whole=whole)


def test_weights_of_nothing() -> None:
    """What weighs nothing is no design: the best is the best of those that a census counts."""
    ramp = {"values": ["1", "2", "4", "8"], "weights": ["1", "0.5", "2", "0"]}
    down = {"values": ["5", "6", "9"], "weights": ["0", "3", "1"]}
    axes = {"a": ramp, "b": down, "c": {"values": ["2", "1"], "weights": ["0", "1"]}}
    for text in ("a * b * 10", "a + b", "b / a", "max(a, b)", "a", "c"):
        spec = Spec(axes, {"tops_fp8": text, "dram_gb_s": "a * 100"})
        for way in WAYS:
            for sense in ("max", "min"):
                found = check(spec, GATE, {"tpp": sense}, {}, limit=50, way=way)
                assert found[0].ties > 0
                check(spec, GATE, {"tpp": sense, "dram_gb_s": "min"}, {}, limit=50, way=way)


def test_weights_beyond_64_bits() -> None:
    huge = str(10**25 + 1)
    axes = {
        "a": {"values": ["1", "300"], "weights": [huge, "1"]},
        "b": {"values": ["1", "2", "4"], "weights": ["1", huge, "3"]},
    }
    check(Spec(axes, {"tops_fp16": "a * b"}), GATE, {"tpp": "max"}, {"tpp < 4800": True})
    check(Spec(axes, {"tops_fp16": "min(a, 200) + b"}), GATE, {"tpp": "max"}, {})


def test_more_ties_than_64_bits() -> None:
    """All of 10^31 designs tie, or all with the largest clock."""
    axes: dict[str, Any] = {f"x{i}": {"from": "1", "to": "10", "step": "1"} for i in range(30)}
    axes |= {"clock": {"from": "1", "to": "10", "step": "1"}}
    quantities = {"tops_fp16": "clock", "dram_gb_s": " + ".join(f"x{i}" for i in range(30))}
    made = Space(axes, quantities)
    found = made.best("tpp", subject_to={"total_dram_bandwidth >= 30": True}, limit=5, rules=GATE)
    assert (found.values, found.ties) == ({"tpp": 160}, 10**30)
    assert len(set(found.indices)) == 5
    assert all(made[i].quantities["tops_fp16"].low == 10 for i in found.indices)


def test_numbers_beyond_doubles() -> None:
    """A quotient of numbers of 400 digits."""
    long = ["1." + "3" * 39, "1." + "7" * 39, "1.5"]
    axes = dict.fromkeys("abcde", long)
    text = "(a * b * c * d * e * a * b * c) / (b * c * d * e * e * d * c * b * a)"
    check(Spec(axes, {"tops_fp8": text}), GATE, {"tpp": "max"}, {}, limit=2)


def test_aims_that_are_constant_or_the_same() -> None:
    axes = {"a": ["1", "2", "3"], "b": ["10", "20"]}
    spec = Spec(axes, {"tops_fp8": "a", "dram_gb_s": "600", "interconnect_gb_s": "a"})
    assert check(spec, GATE, {"dram_gb_s": "max"}, {}, limit=9)[0].ties == 6
    check(spec, GATE, {"dram_gb_s": "min", "tpp": "max"}, {})
    assert len(check(spec, GATE, {"tpp": "max", "tops_fp8": "max"}, {})) == 1
    # One and the same form as large and as small as can be: everything.
    assert len(check(spec, GATE, {"tpp": "max", "interconnect_gb_s": "min"}, {})) == 3
    found = space(spec).frontier("tpp", rules=GATE)
    assert found[0].values == {"tpp": 24}


def test_chips() -> None:
    axes = {
        "clock": ["0.5", "1", "1.2"],
        "gpu": {"chips": ["H100", "H20", "MI300X"]},
        "die_area_mm2": ["600", "1000"],
    }
    quantities = {
        "tops_fp8": "gpu.tops_fp8 * clock",
        "dram_gb_s": "max(gpu.dram_gb_s, 3000) * clock",
    }
    spec = Spec(axes, quantities)
    for subject_to in ({}, {"us-3a090/a": False}, {"performance_density < 3": True}):
        for aims in ({"dram_gb_s": "max"}, {"tpp": "min", "dram_gb_s": "max"}):
            found = check(spec, GATE, aims, subject_to, limit=9)
    at = found[0].at[0]
    assert list(at) == ["gpu", "clock", "die_area_mm2"]
    assert at["gpu"] in ("h100-sxm", "h20-96", "mi300x")
    made = Space({"gpu": {"chips": ["H100", "MI308X"]}, "k": ["1", "2"]})
    with pytest.raises(TppError, match="die_area_mm2 is uncertain in designs of mi308x"):
        made.best("die_area_mm2", rules=GATE)


def test_systems() -> None:
    """The sums of systems are aims and conditions; metrics of one circuit are not."""
    made = Space(
        {"gpu": {"chips": ["H20", "H100"]}, "n": ["8", "4", "72"], "racks": ["1", "2"]}, count="n"
    )
    rules = rulebook("2026-11-22", "CN")
    found = made.best("aggregate_tpp", subject_to={"us-4a090/a": False}, limit=3, rules=rules)
    assert found.values == {"aggregate_tpp": 72 * 2368}
    assert found.ties == 2
    assert all(isinstance(each, System) for each in found.designs)
    assert [at["racks"] for at in found.at] == [1, 2]
    for i, each in zip(found.indices, found.designs, strict=True):
        assert each.parts == made[i].parts
        assert tpp.metrics(each, ["aggregate_tpp"]) == {"aggregate_tpp": 72 * 2368}
    own = {"aggregate_tpp < 100000": True, "us-3a090/a": True}
    found = made.best("aggregate_tpp", subject_to=own, rules=rules)
    assert [made.classify(rules)["us-3a090/a"][i] for i in found.indices] == [True, True]
    lines = {line.threshold: line.margin for line in found.lines if line.metric == "aggregate_tpp"}
    assert lines[Fraction(100_000)] == 4 * 15832 - 100_000
    with pytest.raises(TppError, match=r"subject_to: .*tpp"):
        made.best("aggregate_tpp", subject_to={"tpp < 4800": True}, rules=rules)
    with pytest.raises(TppError, match="tpp"):
        made.best("tpp", rules=rules)


def test_shards() -> None:
    """The frontier of a space is that of those of its shares."""
    spec = Spec(
        {"a": {"from": "1", "to": "9", "step": "1"}, "b": ["3", "1", "2", "7"]},
        {"tops_fp8": "a * b * 10", "die_area_mm2": "a * 3 + b"},
    )
    whole = space(spec)
    aims = {"tpp": "max", "die_area_mm2": "min"}
    values = {tuple(p.values.values()): p.ties for p in whole.frontier(aims, rules=GATE)}
    parts: dict[tuple[Fraction, ...], int] = {}
    for i in range(3):
        part = whole.shard(i, 3)
        for point in part.frontier(aims, rules=GATE):
            key = tuple(point.values.values())
            parts[key] = parts.get(key, 0) + point.ties
            assert part[point.indices[0]].quantities == point.design.quantities
    front = [v for v in parts if not any(o[0] >= v[0] and o[1] <= v[1] for o in parts if o != v)]
    assert values == {value: parts[value] for value in front}


@pytest.fixture(scope="module")
def isca() -> Space:
    return Space.from_toml(Path(__file__).parents[2] / "specs" / "spaces" / "isca-2025.toml")


@pytest.mark.parametrize(
    ("subject_to", "ties", "tpp_of_them"),
    [
        ({"tpp < 4800": True}, 47_683, "4781.99808"),
        ({"us-3a090/controlled": False}, 23_968, "2390.99904"),
        ({"tpp < 2400": True, "performance_density < 1.6": True}, 8_242, "1212.8256"),
    ],
)
def test_published(
    isca: Space, subject_to: dict[str, bool | None], ties: int, tpp_of_them: str
) -> None:
    """Counted independently in whole numbers."""
    rules = rulebook("2026-02-01", rules=["us-3a090"])
    subject_to = {**subject_to, "die_area_mm2 <= 860": True}
    found = isca.best("dram_gb_s", subject_to=subject_to, rules=rules)
    assert (found.values["dram_gb_s"], found.ties, len(found.designs)) == (3200, ties, 10)
    for chip in found.designs:
        for condition, verdict in subject_to.items():
            if "/" in condition:
                assert tpp.classify(chip, rules)[condition] is verdict
        assert chip.quantities["die_area_mm2"].low <= 860
    most = {**subject_to, "dram_gb_s >= 3200": True}
    assert isca.best("tpp", subject_to=most, rules=rules).values["tpp"] == Fraction(tpp_of_them)
    both = isca.frontier(["dram_gb_s", "tpp"], subject_to=subject_to, rules=rules)
    assert both[0].values == {"dram_gb_s": 3200, "tpp": Fraction(tpp_of_them)}


def test_lines(isca: Space) -> None:
    rules = rulebook("2026-02-01", rules=["us-3a090"])
    subject_to = {"us-3a090/a": False, "die_area_mm2 <= 860": True}
    found = isca.best("tpp", subject_to=subject_to, limit=1, rules=rules)
    lines = {(line.metric, line.threshold): line for line in found.lines}
    assert {("tpp", 4800), ("tpp", 1600), ("die_area_mm2", 860)} <= set(lines)
    assert lines["die_area_mm2", Fraction(860)].condition == "die_area_mm2 <= 860"
    assert lines["tpp", Fraction(4800)].margin == found.values["tpp"] - 4800
    data = isca.frontier(["tpp"], subject_to=subject_to, rules=rules).to_dict()
    assert data[0]["values"]["tpp"] == str(float(found.values["tpp"]))
    assert data[0]["designs"][0]["index"] == found.indices[0]
    assert data[0]["designs"][0]["at"]["lanes"] in (1, 2, 4, 8)


def test_a_comparison_without_a_law() -> None:
    """Comparisons need no paragraph, so an empty rulebook will do."""
    from dataclasses import replace

    made = Space({"a": ["1", "2", "3"]}, {"tops_fp8": "a", "datacenter": "1 if a > 2 else 0"})
    empty = replace(GATE, paragraphs=())
    assert made.best("tpp", subject_to={"tpp < 24": True}, rules=empty).values == {"tpp": 16}
    assert made.best("tpp", subject_to={"datacenter": False}, rules=empty).values == {"tpp": 16}
    assert made.best(minimize="tpp", rules=empty).values == {"tpp": 8}


@pytest.mark.parametrize(
    ("aims", "subject_to", "message"),
    [
        ({"tpp": "max"}, {"tpp < 0": True}, None),
        (["tpp", "tpp"], {}, "expected each once"),
        ([], {}, "nothing to maximise"),
        ({"tpp": "most"}, {}, "expected max or min"),
        (["tpps"], {}, "unknown metric or quantity 'tpps'"),
        (["datacenter"], {}, "datacenter is a boolean; expected a number"),
        (["performance_density"], {}, "performance_density is uncertain in designs: "),
        (["tpp"], {"us-3a090/z": True}, "no paragraph 'us-3a090/z'"),
        (["tpp"], {"us-4a090/a": True}, "us-4a090/a' is not part of this rulebook"),
        (["tpp"], {"tpp <= x": True}, "subject_to: "),
        (["tpp"], {"tpps <= 3": True}, "subject_to: "),
        (["tpp"], {"tpp <= 3": 2}, "expected True, False or None"),
        (["tpp"], {"destination in CN": True}, "no paragraph"),
    ],
)
def test_refused(aims: Any, subject_to: Any, message: str | None) -> None:
    made = Space({"a": ["1", "2"]}, {"tops_fp8": "a"})
    if message is None:
        assert len(made.frontier(aims, subject_to=subject_to, rules=GATE)) == 0
        with pytest.raises(TppError, match="no design of this space meets the conditions"):
            made.best("tpp", subject_to=subject_to, rules=GATE)
        return
    with pytest.raises((TppError, UnknownName), match=message):
        made.frontier(aims, subject_to=subject_to, rules=GATE)


def test_refused_of_the_space() -> None:
    made = Space({"a": {"from": "1", "to": "2", "distribution": "uniform"}}, {"tops_fp8": "a"})
    with pytest.raises(TppError, match="axis a is continuous"):
        made.best("tpp", rules=GATE)
    made = Space({"a": ["1", "2"]}, {"tops_fp8_low": "a", "tops_fp8_high": "a + 1"})
    with pytest.raises(TppError, match="tpp is uncertain"):
        made.best("tpp", rules=GATE)
    with pytest.raises(TppError, match="limit 0"):
        made.best("tpp", limit=0, rules=GATE)
    with pytest.raises(TppError, match="one of maximize and minimize"):
        made.best(rules=GATE)
    assert math.isfinite(made.size)
