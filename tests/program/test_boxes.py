"""The covers are exactly the true and the false cells, and decide products of intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tppcore.program.boxes import And, Box, Cut, Function, Interval, Negation, Or, covers

AXES = "wxyz"
Cells = dict[str, int]


def value(function: Function, cells: Mapping[str, int]) -> bool:
    """The meaning of a function, by brute force."""
    match function:
        case bool():
            return function
        case Cut(axis, index):
            return cells[str(axis)] > index
        case Negation(item):
            return not value(item, cells)
        case And(items):
            return all(value(item, cells) for item in items)
        case Or(items):
            return any(value(item, cells) for item in items)


def all_cells(cuts: Mapping[str, int]) -> Iterator[Cells]:
    for cells in product(*(range(count + 1) for count in cuts.values())):
        yield dict(zip(cuts, cells, strict=True))


def inside(box: Box, cells: Mapping[str, int]) -> bool:
    return all(low <= cells[str(axis)] <= high for axis, (low, high) in box.items())


def touches(box: Box, intervals: Mapping[str, Interval]) -> bool:
    return all(
        intervals[str(axis)][0] <= high and low <= intervals[str(axis)][1]
        for axis, (low, high) in box.items()
    )


@st.composite
def functions(draw: st.DrawFn, monotone: bool = False) -> tuple[Function, dict[str, int]]:
    cuts = {axis: draw(st.integers(1, 3)) for axis in AXES[: draw(st.integers(1, 4))]}
    cut = st.sampled_from([Cut(axis, i) for axis, count in cuts.items() for i in range(count)])

    def deeper(inner: st.SearchStrategy[Function]) -> st.SearchStrategy[Function]:
        items = st.lists(inner, min_size=1, max_size=4).map(tuple)
        both = items.map(And) | items.map(Or)
        return both if monotone else both | inner.map(Negation)

    leaf: st.SearchStrategy[Function] = cut if monotone else cut | st.booleans()
    return draw(st.recursive(leaf, deeper, max_leaves=12)), cuts


def check(function: Function, cuts: dict[str, int]) -> None:
    true, false = covers(function, cuts)
    for cells in all_cells(cuts):
        expected = value(function, cells)
        assert any(inside(box, cells) for box in true) is expected
        assert any(inside(box, cells) for box in false) is not expected


@settings(max_examples=150, deadline=None)
@given(functions())
def test_covers_are_exact(case: tuple[Function, dict[str, int]]) -> None:
    check(*case)


@settings(max_examples=50, deadline=None)
@given(functions(monotone=True))
def test_covers_of_monotone_functions_are_exact_and_open_upwards(
    case: tuple[Function, dict[str, int]],
) -> None:
    function, cuts = case
    check(function, cuts)
    true, false = covers(function, cuts)
    assert all(high == cuts[str(axis)] for box in true for axis, (_, high) in box.items())
    assert all(low == 0 for box in false for _, (low, _) in box.items())


@settings(max_examples=100, deadline=None)
@given(functions(), st.data())
def test_intervals_are_decided_if_all_their_cells_agree(
    case: tuple[Function, dict[str, int]], data: st.DataObject
) -> None:
    function, cuts = case
    true, false = covers(function, cuts)
    ends = {axis: st.tuples(*[st.integers(0, count)] * 2) for axis, count in cuts.items()}
    intervals = {
        axis: (min(pair), max(pair))
        for axis, pair in data.draw(st.fixed_dictionaries(ends)).items()
    }
    found = {
        value(function, cells)
        for cells in all_cells(cuts)
        if all(low <= cells[axis] <= high for axis, (low, high) in intervals.items())
    }
    assert any(touches(box, intervals) for box in true) is (True in found)
    assert any(touches(box, intervals) for box in false) is (False in found)


def test_decided_as_a_whole() -> None:
    """3A090.a.2 or .b.2 at one TPP: together they do not care which side of 5.92 a row is on."""
    low, high = Cut("density", 0), Cut("density", 1)
    true, false = covers(Or((high, And((low, Negation(high))))), {"density": 2})
    assert true == [{"density": (1, 2)}]
    assert false == [{"density": (0, 0)}]


@pytest.mark.parametrize(
    ("function", "true", "false"),
    [
        (True, [{}], []),
        (False, [], [{}]),
        (Cut("x", 0), [{"x": (1, 1)}], [{"x": (0, 0)}]),
        (Or((Cut("x", 0), Negation(Cut("x", 0)))), [{}], []),
        (And((Cut("x", 0), True)), [{"x": (1, 1)}], [{"x": (0, 0)}]),
        (Negation(Negation(Cut("x", 0))), [{"x": (1, 1)}], [{"x": (0, 0)}]),
    ],
)
def test_small_functions(function: Function, true: list[Box], false: list[Box]) -> None:
    assert covers(function, {"x": 1}) == (true, false)


def test_covers_hold_no_box_in_another() -> None:
    function = Or((Cut("x", 1), And((Cut("x", 0), Cut("y", 0))), Cut("y", 1)))
    for boxes in covers(function, {"x": 2, "y": 2}):
        for one, other in product(boxes, boxes):
            if one is not other:
                wide = {"x": (0, 2), "y": (0, 2), **other}
                assert not all(
                    low <= wide[axis][0] and wide[axis][1] <= high
                    for axis, (low, high) in one.items()
                )
