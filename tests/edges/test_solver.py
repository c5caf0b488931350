"""Formulas turned around: what the search finds is exact, what it does not find is not there."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tppcore.edges.cells import measure, stated
from tppcore.edges.routes import Route
from tppcore.edges.solver import Solver
from tppcore.edges.spans import Span, exactly, is_written, written
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.store import specs

MEASURES = without_paragraphs(None)
FP8 = Route("tops_fp8", ("tops_fp8",))
FP64 = Route("tops_fp64", ("tops_fp64",))


def solved(
    targets: dict[str, Span], route: Route = FP8, rules: Rulebook = MEASURES
) -> dict[str, Fraction] | None:
    solver = Solver(rules.formulas, [3, 37])
    known = next(solver.solve(targets, route.start(rules, targets)), None)
    return None if known is None else stated(rules, known)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("metric", "value", "route"),
    [
        ("tpp", "4800", FP8),
        ("tpp", "4800", Route("", ("tops_fp6_sparse",))),
        ("tpp", "1600", Route("", ("tops_fp6",), count=3)),
        ("performance_density", "5.92", FP8),
        ("performance_density", "3.2", Route("", ("tops_fp6",))),
        ("processing_performance_2022", "4800", FP8),
        ("dram_plus_interconnect", "1700", Route("", free=("dram_other_gb_s",))),
        ("bidirectional_transfer_rate", "600", Route("")),
        ("hbm_bandwidth_density", "3.3", Route("")),
        ("app", "0.9", FP64),
        ("peak_floating", "0.005", FP64),
        ("indigenous_ratio", "1.1", FP8),
    ],
)
def test_a_value_is_reached_exactly(metric: str, value: str, route: Route) -> None:
    found = solved({metric: exactly(Fraction(value))}, route)
    assert found is not None
    assert measure(MEASURES, found, metric).low == Fraction(value)
    assert measure(MEASURES, found, metric).known
    for name, each in found.items():
        assert is_written(each, specs().vocabulary.quantities[name])


def test_two_ties_at_once_need_a_count_that_ends_the_quotient() -> None:
    both = {"tpp": exactly(Fraction(4800)), "performance_density": exactly(Fraction("5.92"))}
    assert solved(both) is None
    found = solved(both, Route("", ("tops_fp8",), count=37))
    assert found is not None
    assert found["die_area_mm2"] == 30000


def test_what_no_decimal_reaches_is_not_found() -> None:
    assert solved({"app": exactly(Fraction("0.0128"))}, FP64) is None
    assert solved({"tpp": exactly(Fraction(1600))}, Route("", ("tops_fp6",))) is None


def test_another_reading_has_other_ties() -> None:
    rules = without_paragraphs({"tf32_width": "19"})
    found = solved({"tpp": exactly(Fraction(1900))}, Route("", ("tops_tf32",)), rules)
    assert found == {"tops_tf32": 100}


def test_numbers_of_a_span_are_written_numbers_inside() -> None:
    spec = specs().vocabulary.quantities["tops_fp8"]
    span = Span(Fraction("599.4"), Fraction(600), high_open=True)
    found = list(written(span, spec, 50))
    assert len(set(found)) == len(found) == 50
    assert all(span.holds(each) and is_written(each, spec) for each in found)
    assert not list(written(exactly(Fraction(1, 3)), spec, 50))


def test_a_number_that_a_double_would_lose_is_not_written() -> None:
    spec = specs().vocabulary.quantities["tops_fp8"]
    assert is_written(Fraction("0.1"), spec)
    assert not is_written(Fraction("0.12345678901234567"), spec)
    assert not is_written(Fraction(10) ** 25, spec)
    assert not is_written(Fraction(0), specs().vocabulary.quantities["die_area_mm2"])
