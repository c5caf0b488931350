"""Arrays of ratios against fractions, one by one: zero, infinity, and numbers beyond 64 bits."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.engine.counting.forms import over, times
from tppcore.engine.counting.ratios import MOST_BITS, Number, Ratios, TooLong, Whole, ceil, floor

NUMBERS = (
    st.sampled_from((Fraction(0), Fraction(1), math.inf, Fraction(1, 3), Fraction(2**62), Fraction(2**63), Fraction(1, 2**63 - 1)))
    | st.fractions(0, 1000, max_denominator=50)
    | st.fractions(0, 2**80, max_denominator=2**70)
)  # fmt: skip
ROWS = st.lists(NUMBERS, min_size=1, max_size=4)
OPS = {">=": operator.ge, ">": operator.gt, "<": operator.lt, "<=": operator.le}


def pairs(one: list[Number], two: list[Number]) -> tuple[Ratios, Ratios, list[tuple[Number, Number]]]:
    """The first down, the second across: every pair."""
    a, b = Ratios.of(one, (len(one), 1)), Ratios.of(two, (1, len(two)))
    return a, b, [(x, y) for x in one for y in two]


@given(ROWS)
def test_they_are_what_they_were_made_of(values: list[Number]) -> None:
    made = Ratios.of(values)
    assert made.fractions() == values
    assert made.endless == (math.inf in values)
    assert made.reshaped((2, len(values))).fractions() == values * 2


@given(ROWS, ROWS)
def test_arithmetic(one: list[Number], two: list[Number]) -> None:
    a, b, each = pairs(one, two)
    assert (a * b).fractions() == [times(x, y) for x, y in each]
    assert (a + b).fractions() == [x + y for x, y in each]
    assert (a / b).fractions() == [over(x, y) for x, y in each]
    assert a.maximum(b).fractions() == [max(x, y) for x, y in each]
    assert a.minimum(b).fractions() == [min(x, y) for x, y in each]


@given(ROWS, ROWS, ROWS)
def test_arithmetic_on_results(one: list[Number], two: list[Number], three: list[Number]) -> None:
    """Results have denominators of their own, and are infinite here and there."""
    a, b, _ = pairs(one, two)
    c = Ratios.of(three, (len(three), 1, 1))
    each = [(x, y, z) for z in three for x in one for y in two]
    assert (a / b + c).fractions() == [over(x, y) + z for x, y, z in each]
    assert (c * (a / b)).fractions() == [times(over(x, y), z) for x, y, z in each]
    assert ((a + b) / c).fractions() == [over(x + y, z) for x, y, z in each]
    assert (a / b).minimum(c).fractions() == [min(over(x, y), z) for x, y, z in each]
    held = (a / b).holds(">=", c)
    assert held.reshape(-1).tolist() == [over(x, y) >= z for x, y, z in each]


@pytest.mark.parametrize("op", OPS)
@given(one=ROWS, two=ROWS)
def test_comparisons(op: str, one: list[Number], two: list[Number]) -> None:
    a, b, each = pairs(one, two)
    assert a.holds(op, b).reshape(-1).tolist() == [OPS[op](x, y) for x, y in each]


@given(ROWS, ROWS)
def test_differences_and_whole_numbers(one: list[Number], two: list[Number]) -> None:
    finite = [[Fraction(x) for x in each if x != math.inf] or [Fraction(7, 2)] for each in (one, two)]
    a, b, each = pairs(*finite)
    difference = a - b
    assert difference.fractions() == [x - y for x, y in each]
    for rounded, by in ((floor, math.floor), (ceil, math.ceil)):
        found = rounded(difference)
        assert found.values.reshape(-1).tolist() == [by(x - y) for x, y in each]
        assert all(abs(x) <= found.most for x in found.values.reshape(-1).tolist())


@given(st.lists(st.integers(-(2**70), 2**70), min_size=1), st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_bounds_hold(one: list[int], two: list[int]) -> None:
    """`most` is never below a magnitude, and int64 never holds what it can't."""
    a, b = (Ratios.of([Fraction(x) for x in each]).top for each in (one, two[: 1] * len(one)))
    for found in (a * b, a + b, -a, a.where(np.arange(len(one)) % 2 == 0, b)):
        values = found.values.tolist()
        assert max(map(abs, values)) <= found.most
    assert (a * b).values.tolist() == [x * two[0] for x in one]
    assert (a + b).values.tolist() == [x + two[0] for x in one]


@pytest.mark.parametrize("value", [2**31, 2**63, 2**64 - 1, 2**64, 10**40])
def test_results_without_a_dimension_stay_arrays(value: int) -> None:
    one = Whole.of(value)
    for found in (one * one, one + one, -one, one * Whole.of(3) + one):
        assert isinstance(found.values, np.ndarray)
        assert found.values.shape == ()
    assert int((one * one).values[()]) == value**2
    assert (Ratios.constant(value) + Ratios.constant(Fraction(1, value))).fractions() == [
        value + Fraction(1, value)
    ]
    assert isinstance(floor(Ratios.constant(Fraction(value, 3))).values, np.ndarray)


def test_too_long() -> None:
    with pytest.raises(TooLong):
        Whole.of(1 << (MOST_BITS + 1))
