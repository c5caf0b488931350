"""A formula cut down to the columns of a table has the bounds of the full formula in every row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tppcore.engine.exact import ANYTHING, NOT_APPLICABLE, Interval, Metrics, holds, point
from tppcore.program.specialise import UNLISTED, specialise
from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    Max,
    Mul,
    NotApplicable,
    Quantity,
    quantities,
)
from tppcore.rules.store import specs
from tppcore.rules.vocabulary import Formulas

VOCABULARY = specs().vocabulary
METRICS = tuple(VOCABULARY.metrics)
COLUMNS = (
    "tops_fp16", "tops_fp8", "tops_tf32", "tops_fp64", "tops_fp16_vector", "tops_fp64_vector",
    "tops_fp8_sparse", "sparse_ratio_fp8", "output_bits_fp8", "units_tpp", "units_tops",
    "units_pp_2022", "units_tpp_sustained", "die_area_mm2", "compute_die_area_mm2",
    "package_area_mm2", "dram_gb_s", "dram_other_gb_s", "interconnect_gb_s", "host_gb_s",
    "ics_per_item", "best_indigenous_tpp", "transistors_bn", "non_planar", "vector_processor",
)  # fmt: skip
READINGS = (
    {},
    {"tf32_width": "19", "vector_units": "added"},
    {"unlisted_formats": "unknown", "chiplet_area": "compute_dies"},
    {"tf32_width": "left_out", "fp6": "left_out", "vector_units": "left_out"},
    {"unlisted_formats": "unknown", "unit_clock": "sustained", "planar_only_area": "area_counts"},
    {"dram_kinds": "main_kind", "interconnect_direction": "one_way"},
)


@lru_cache
def formulas_of(number: int) -> Formulas:
    return VOCABULARY.formulas(VOCABULARY.choose(READINGS[number]))


def times(a: Fraction | float, b: Fraction | float) -> Fraction | float:
    return Fraction(0) if 0 in (a, b) else a * b


class Reference:
    """Bounds of any tree on one row, straight from the definitions."""

    def __init__(self, formulas: Formulas, row: Mapping[str, Interval]) -> None:
        self.formulas, self.row = formulas, row
        self.states_a_rate = any(VOCABULARY.quantities[name].rate for name in row)

    def quantity(self, name: str) -> Interval:
        if name in self.row:
            return self.row[name]
        spec = VOCABULARY.quantities.get(name)
        if spec is not None and spec.absent is not None:
            return point(spec.absent)
        closed = (name == UNLISTED or (spec is not None and spec.rate)) and self.states_a_rate
        return point(Fraction(0)) if closed and not self.formulas.open_unlisted else ANYTHING

    def bounds(self, expr: Expr) -> Interval:
        match expr:
            case Const(value):
                return point(value)
            case Quantity(name):
                return self.quantity(name)
            case NotApplicable():
                return NOT_APPLICABLE
            case Add(a, b):
                one, two = self.bounds(a), self.bounds(b)
                return Interval(one.low + two.low, one.high + two.high)
            case Mul(a, b):
                one, two = self.bounds(a), self.bounds(b)
                return Interval(one.low * two.low, times(one.high, two.high))
            case Max(args):
                parts = [self.bounds(each) for each in args]
                return Interval(max(p.low for p in parts), max(p.high for p in parts))
            case Choice(subject, op, threshold, a, b):
                on, one, two = self.bounds(subject), self.bounds(a), self.bounds(b)
                sides = {holds(on.low, op, threshold), holds(on.high, op, threshold)}
                if len(sides) == 1:
                    return one if sides.pop() else two
                return Interval(
                    min(one.low, two.low),
                    max(one.high, two.high),
                    one.applicable and two.applicable,
                )
            case Div(a, b):
                return self.ratio(self.bounds(a), self.bounds(b), self.formulas.is_positive(b))

    @staticmethod
    def ratio(top: Interval, bottom: Interval, positive: bool) -> Interval:
        if bottom.high == 0:
            return NOT_APPLICABLE
        if bottom.low == 0 and not positive:
            return ANYTHING
        low = Fraction(0) if bottom.high == math.inf else top.low / Fraction(bottom.high)
        if top.high == 0:
            return Interval(low, Fraction(0))
        unbounded = bottom.low == 0 or top.high == math.inf
        return Interval(low, math.inf if unbounded else Fraction(top.high) / bottom.low)


def cells(name: str) -> st.SearchStrategy[Interval | None]:
    spec = VOCABULARY.quantities[name]
    if spec.kind == "boolean":
        return st.sampled_from([None, point(Fraction(0)), point(Fraction(1))])
    least = 1 if spec.positive else 0
    number = st.integers(least, 3000).map(lambda n: Fraction(n, 4))
    pair = st.tuples(number, number).map(lambda ends: Interval(min(ends), max(ends)))
    return (
        st.none() | number.map(point) | pair | number.map(lambda low: Interval(low, math.inf))
    )  # an end left out is 0 or infinity


rows = st.sets(st.sampled_from(COLUMNS)).flatmap(
    lambda given: st.fixed_dictionaries({name: cells(name) for name in sorted(given)})
)


@settings(max_examples=150, deadline=None)
@given(rows, st.integers(0, len(READINGS) - 1))
def test_bounds_are_those_of_the_full_formula(
    table: dict[str, Interval | None], reading: int
) -> None:
    formulas = formulas_of(reading)
    row = {name: interval for name, interval in table.items() if interval is not None}
    reference, metrics = Reference(formulas, row), Metrics(formulas, row)
    for name in METRICS:
        expected = reference.bounds(formulas.tree(name))
        assert metrics.metric(name) == expected, f"{name}, exact engine"
        found = reference.bounds(specialise(formulas, name, frozenset(table)))
        assert found == expected, name


@pytest.mark.parametrize(
    ("metric", "given", "left"),
    [
        ("tpp", {"tops_fp8"}, {"tops_fp8"}),
        ("tpp", {"tops_fp8", "ics_per_item"}, {"tops_fp8", "ics_per_item"}),
        ("performance_density", {"tops_fp8", "die_area_mm2"}, {"tops_fp8", "die_area_mm2"}),
        ("performance_density", {"tops_fp8"}, {"tops_fp8", "die_area_mm2"}),
        ("tpp", set(), {UNLISTED}),
        ("tpp", {"dram_gb_s"}, {UNLISTED}),
        ("total_dram_bandwidth", {"dram_gb_s"}, {"dram_gb_s"}),
        ("app", {"tops_fp8"}, {UNLISTED}),
    ],
)
def test_what_is_left(metric: str, given: set[str], left: set[str]) -> None:
    assert quantities(specialise(formulas_of(0), metric, frozenset(given))) == left


def test_constants_are_folded() -> None:
    tree = specialise(formulas_of(0), "tpp", frozenset({"tops_fp8"}))
    assert tree == Mul(Const(Fraction(8)), Quantity("tops_fp8"))
