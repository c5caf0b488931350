"""The oracle: intervals, the closed list of rates, and what is decided as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.engine.exact import Interval, Metrics, decimal, holds
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.rules.store import specs
from tppcore.sources.chips import Chip

VOCABULARY = specs().vocabulary
INFINITY = math.inf
Own = Callable[..., Rulebook]


def bounds(metric: str, readings: dict[str, str] | None = None, **sheet: object) -> object:
    """The value, (low, high), or None where the metric does not apply."""
    formulas = VOCABULARY.formulas(VOCABULARY.choose(readings))
    found = Metrics(formulas, Chip(**sheet).quantities).metric(metric)
    if not found.applicable:
        return None
    return found.low if found.known else (found.low, found.high)


@pytest.mark.parametrize(
    ("metric", "sheet", "expected"),
    [
        ("tpp", {"tops_fp8": 1979}, 15832),
        ("tpp", {"tops_fp8": 600, "tops_fp16": 300}, 4800),
        ("tpp", {"tops_fp8": (100, 200), "tops_fp16": 75}, (1200, 1600)),
        ("tpp", {"tops_fp8": (100, None), "tops_fp16": 75}, (1200, INFINITY)),
        ("tpp", {"tops_fp8": (None, 200)}, (0, 1600)),
        ("tpp", {"tops_fp8": 870, "ics_per_item": 4}, 1740),
        ("tpp", {"tops_fp8_sparse": 3958, "sparse_ratio_fp8": 2}, 15832),
        ("performance_density", {"tops_fp8": 1979, "die_area_mm2": 814}, Fraction(7916, 407)),
        ("performance_density", {"tops_fp8": 250, "die_area_mm2": (300, 600)},
         (Fraction(10, 3), Fraction(20, 3))),
        ("performance_density", {"tops_fp8": 250}, (0, INFINITY)),
        ("performance_density", {"tops_fp8": 0}, 0),
        ("performance_density", {"tops_fp8": 250, "die_area_mm2": 10, "non_planar": False}, None),
        ("total_dram_bandwidth", {"dram_gb_s": 4800}, 4800),
        ("total_dram_bandwidth", {"dram_gb_s": 400, "dram_other_gb_s": (0, 50)}, (400, 450)),
        ("total_dram_bandwidth", {"tops_fp8": 1}, (0, INFINITY)),
        ("app", {"tops_fp64": 10}, (3, 9)),
        ("app", {"tops_fp64": 10, "vector_processor": True}, 9),
        ("processing_performance_2022", {"tops_fp8": 100, "output_bits_fp8": 32}, 3200),
        ("processing_performance_2022", {"tops_fp8": 100}, (800, INFINITY)),
    ],
)  # fmt: skip
def test_intervals(metric: str, sheet: dict[str, object], expected: object) -> None:
    assert bounds(metric, **sheet) == expected


def test_rates_are_a_closed_list() -> None:
    """A sheet that states any rate states all of them; one that states none says nothing."""
    assert bounds("tpp", dram_gb_s=4800) == (0, INFINITY)
    assert bounds("tpp", tops_fp8=0) == 0
    assert bounds("tpp", tops_int1=100) == 100
    assert bounds("peak_fp16", tops_fp8=100) == 0
    assert bounds("peak_fp16", dram_gb_s=1) == (0, INFINITY)
    unknown = {"unlisted_formats": "unknown"}
    assert bounds("tpp", unknown, tops_fp8=100) == (800, INFINITY)
    left_out = {"fp6": "left_out"}
    assert bounds("tpp", left_out, tops_fp6=100) == 0, "a rate that does not count was stated"


def test_gate() -> None:
    rules = rulebook("2024-06-01", rules=["us-3a090"])

    def verdicts(**sheet: object) -> dict[str, bool | None]:
        found = tpp.classify(Chip(datacenter=True, **sheet), rules)
        return {name.partition("/")[2]: found[name] for name in found}

    found = verdicts(tops_fp8=250, die_area_mm2=(300, 600))
    assert (found["a"], found["b"], found["controlled"]) == (None, None, True)
    found = verdicts(tops_fp8=250)
    assert found["a.2"] is None, "an unknown die area is never false"
    assert found["controlled"] is None
    assert verdicts(tops_fp8=600, tops_fp16=300)["a.1"] is True
    assert verdicts(tops_fp16="299.99999")["a.1"] is False
    found = verdicts(tops_fp16="299.99999375", die_area_mm2="3199.9999333")
    assert not any(found[name] for name in ("a.1", "a.2", "a", "b.1", "controlled"))
    planar = verdicts(tops_fp8=250, die_area_mm2=300, non_planar=False)
    assert planar["a.2"] is None, "not applicable is undetermined"
    assert planar["a.1"] is False


@pytest.mark.parametrize(
    ("condition", "sheet", "verdict"),
    [
        ('"tpp >= 1600"', {"tops_fp8": (200, 300)}, True),
        ('"tpp > 1600"', {"tops_fp8": (200, 300)}, None),
        ('"tpp < 1600"', {"tops_fp8": (100, 200)}, None),
        ('"tpp <= 1600"', {"tops_fp8": (100, 200)}, True),
        ('{any = ["tpp >= 1600", "tpp < 1600"]}', {}, True),
        ('"tpp >= 1600", "tpp < 1600"', {}, False),
        ('{any = ["tpp >= 1600", "tpp <= 1500"]}', {"tops_fp8": (100, 300)}, None),
        ('{any = ["datacenter", "not datacenter"]}', {}, True),
        ('{any = ["performance_density >= 1", "performance_density < 1"]}',
         {"tops_fp8": 1, "die_area_mm2": 1, "non_planar": False}, True),
        ("""{any = ['unknown("gap")', "tpp >= 0"]}""", {}, True),
        ("""'unknown("gap")', "tpp >= 1600" """, {"tops_fp8": 1}, False),
        ("""'unknown("gap")'""", {"tops_fp8": 1}, None),
    ],
)  # fmt: skip
def test_a_paragraph_is_decided_if_all_values_agree(
    own: Own, condition: str, sheet: dict[str, object], verdict: bool | None
) -> None:
    assert tpp.classify(Chip(**sheet), own(condition))["own/a"] is verdict


@pytest.mark.parametrize(("count", "met"), [(29, True), (30, None), (39, None), (40, False)])
def test_the_gap_of_2028_is_undetermined(count: int, met: bool | None) -> None:
    rules = rulebook("2028-06-01", rules=["us-foundry-presumption/count-met"])
    chip = Chip(transistors_bn=count, advanced_node=True, hbm=False)
    assert tpp.classify(chip, rules)["us-foundry-presumption/count-met"] is met


@given(st.floats(1e-15, 1e24))
def test_a_double_is_its_shortest_decimal(value: float) -> None:
    exact = decimal(value)
    assert float(exact) == value
    assert Fraction(repr(value)) == exact


def test_holds() -> None:
    assert [holds(Fraction(1), op, Fraction(1)) for op in (">=", ">", "<", "<=")] == [
        True, False, False, True,
    ]  # fmt: skip
    assert holds(INFINITY, ">", Fraction(10**30))


def test_interval_is_known() -> None:
    one = Fraction(1)
    assert Interval(one, one).known
    assert not Interval(one, INFINITY).known
    assert not Interval(one, one, applicable=False).known
