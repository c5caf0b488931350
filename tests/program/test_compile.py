"""Programs: made once, small, and with the literals that their paragraphs need."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine import c, jit
from tppcore.errors import TppError
from tppcore.program import bounds
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Op, Program
from tppcore.rules.rulebook import Rulebook, rulebook

Own = Callable[..., Rulebook]
ENGINES = ["exact", *(name for name, each in (("c", c), ("jit", jit)) if each.available())]


def thresholds_of(program: Program) -> list[tuple[str, Fraction]]:
    return [(test.op, test.threshold) for test in program.tests]


def test_programs_are_made_once() -> None:
    rules = rulebook("2026-02-01", "CN", rules="us-3a090")
    one = compiled(rules, ["tops_fp8", "die_area_mm2"])
    assert compiled(rules, {"die_area_mm2": 1, "tops_fp8": 2}) is one
    assert compiled(rules, ["tops_fp8"]) is not one
    assert compiled(rules, ["tops_fp8", "die_area_mm2"], ["tpp"]) is not one
    other = rulebook("2026-02-01", "CN", rules="us-3a090")
    assert compiled(other, ["tops_fp8", "die_area_mm2"]) == one


def test_nodes_are_shared_and_in_order() -> None:
    program = compiled(rulebook("2026-02-01", "CN"), ["tops_fp8", "tops_fp16", "die_area_mm2"])
    assert len(set(program.nodes)) == len(program.nodes)
    assert len(set(program.tests)) == len(program.tests)
    for i, node in enumerate(program.nodes):
        if node.op in (Op.ADD, Op.MUL, Op.DIV, Op.MAX, Op.SELECT):
            assert node.a < i
            assert node.b < i
    literals = {
        literal >> 1
        for paragraph in program.paragraphs
        for box in paragraph.true_boxes + paragraph.false_boxes
        for literal in box
    }
    assert literals <= set(range(len(program.tests)))


@pytest.mark.parametrize(
    ("condition", "test", "true", "false"),
    [
        ('"tpp >= 4800"', (">=", 4800), ((0,),), ((1,),)),
        ('"tpp > 4800"', (">", 4800), ((0,),), ((1,),)),
        ('"tpp < 4800"', (">=", 4800), ((1,),), ((0,),)),
        ('"tpp <= 4800"', (">", 4800), ((1,),), ((0,),)),
        ('"not tpp >= 4800"', (">=", 4800), ((1,),), ((0,),)),
        ('"datacenter"', (">=", 1), ((0,),), ((1,),)),
        ('"not datacenter"', (">=", 1), ((1,),), ((0,),)),
    ],
)
def test_literals(
    own: Own, condition: str, test: tuple[str, int], true: object, false: object
) -> None:
    program = compiled(own(condition), ["tops_fp8", "datacenter"])
    [paragraph] = program.paragraphs
    assert thresholds_of(program) == [(test[0], Fraction(test[1]))]
    assert (paragraph.true_boxes, paragraph.false_boxes) == (true, false)


def test_gap(own: Own) -> None:
    """A gap is a test of a metric that never applies; the same words are the same gap."""
    program = compiled(own('"tpp >= 1"'), ["tops_fp8"])
    assert all(node.op != Op.NOT_APPLICABLE for node in program.nodes)
    program = compiled(own("""'unknown("why")', "tpp >= 1" """), ["tops_fp8"])
    [gap] = [i for i, node in enumerate(program.nodes) if node.op == Op.NOT_APPLICABLE]
    assert {test.node for test in program.tests} >= {gap}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("condition", "verdicts"),
    [
        ("""'unknown("why")'""", [None, None, None]),
        ("""'unknown("why")', "tpp >= 8" """, [None, False, None]),
        ("""{any = ['unknown("why")', "tpp >= 8"]}""", [True, None, None]),
        ("""{any = ['unknown("why")', 'not unknown("why")']}""", [True, True, True]),
        ("""{any = ['unknown("why")', 'not unknown("other")']}""", [None, None, None]),
        ('"item_kind == hbm"', [False, True, False]),
        ('"not item_kind == hbm"', [True, False, True]),
        ('{any = ["item_kind == hbm", "item_kind == system"]}', [False, True, True]),
        ('"item_kind == circuit"', [True, False, False]),
        ('"first_marketed < 2026-01-01"', [True, False, None]),
        ('"tpp >= 0"', [True, True, None]),
        ('"dram_other_gb_s < 1"', [True, True, True]),
        ('"dram_other_gb_s >= 1"', [False, False, False]),
    ],
)
def test_gaps_categories_dates_and_constants(
    own: Own, engine: str, condition: str, verdicts: list[bool | None]
) -> None:
    table = {
        "tops_fp8": [1.0, 0.5, None],
        "item_kind": [None, "hbm", "system"],
        "first_marketed": ["2025-12-31", "2026-01-01", None],
    }
    found = tpp.classify(table, own(condition), engine=engine)["own/a"]
    expected = verdicts
    if condition == '"tpp >= 0"':
        expected = [True, True, True]  # every value is
    assert [None if found.mask[i] else bool(found[i]) for i in range(3)] == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_what_holds_of_all_values_holds_of_none(own: Own, engine: str) -> None:
    """No value is negative: so it is too where a metric does not apply."""
    sheet = {"tops_fp8": [1.0, 1.0], "die_area_mm2": [1.0, 1.0], "non_planar": [0, 1]}
    for condition, expected in (("performance_density >= 0", True), ("tpp < 0", False)):
        found = tpp.classify(sheet, own(f'"{condition}"'), engine=engine)["own/a"]
        assert not found.mask.any()
        assert found.tolist() == [expected] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_metrics_of_one_quantity_are_taken_independently(own: Own, engine: str) -> None:
    """As the contract says, though both are one node here: sound, if not complete."""
    rules = own('"transistor_count >= 30", "transistors_bn < 30"')
    table = {"transistors_bn": np.array([20.0, 40.0, np.nan])}
    found = tpp.classify(table, rules, engine=engine)["own/a"]
    assert found.mask.tolist() == [False, False, True]
    assert not found[:2].any()


def test_without_verdicts_only_metrics_are_compiled() -> None:
    rules = rulebook("2026-02-01", "CN")
    program = compiled(rules, ["tops_fp8"], ["tpp", "performance_density"], verdicts=False)
    assert not program.paragraphs
    assert [name for name, _ in program.metrics] == ["tpp", "performance_density"]


def test_a_rate_that_no_formula_reads_is_an_input(own: Own) -> None:
    """It still says that the sheet states rates, so those that it leaves out are none."""
    program = compiled(own('"tpp >= 1"', readings={"fp6": "left_out"}), ["tops_fp6", "tops_fp8"])
    assert {each.quantity for each in program.inputs} == {"tops_fp6", "tops_fp8"}
    assert all(each.closed_list and each.given for each in program.inputs)


def test_too_wide_is_an_error_for_the_caller(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_BITS", 100)
    with pytest.raises(TppError, match=r"needs \d+ bits; expected at most 100"):
        compiled(own('"performance_density >= 5.92"'), ["tops_fp8", "die_area_mm2"])
