"""The loops in C against their twins in NumPy, and the whole numbers that forms are made of."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.engine import c
from tppcore.engine.counting import fast
from tppcore.engine.counting.axes import Axis, evaluate
from tppcore.engine.counting.forms import Forms, Kind, common
from tppcore.engine.counting.tally import add_runs
from tppcore.errors import TppError

needs_c = pytest.mark.skipif(not c.available(), reason="built without a C compiler")
INT64 = st.integers(-(2**63), 2**63 - 1)


# ---- runs ----

Runs = dict[str, Any]


@st.composite
def _runs(draw: st.DrawFn) -> Runs:
    """Points of a few forms, each with its cuts: thresholds of a form rise, or fall, together."""
    points, places = draw(st.integers(0, 12)), draw(st.integers(0, 9))
    sizes = draw(st.lists(st.integers(0, 3), max_size=3))
    strides = [math.prod(size + 1 for size in sizes[i + 1 :]) for i in range(len(sizes))]
    place = st.integers(0, places)
    base = np.zeros(points, np.int64)
    ends, steps = [], []
    for size, stride in zip(sizes, strides, strict=True):
        up = draw(st.booleans())
        own = [sorted(draw(st.lists(place, min_size=size, max_size=size))) for _ in base]
        ends += [[each[k] for each in own] for k in range(size)]
        steps += [stride if up else -stride] * size
        base += 0 if up else stride * size
    order = draw(st.permutations(range(len(steps))))
    columns = st.lists(st.integers(0, 2), min_size=points, max_size=points)
    counted = draw(st.lists(st.integers(0, 2**40), min_size=places, max_size=places))
    optional = draw(st.booleans()), draw(st.booleans())
    return {
        "cells": np.array(draw(columns), np.int64) if optional[0] else None,
        "base": base,
        "ends": np.array([ends[k] for k in order], np.int32).reshape(len(steps), points),
        "steps": np.array([steps[k] for k in order], np.int64),
        "prefix": np.append(0, np.cumsum(counted, dtype=np.int64)).astype(np.int64),
        "weights": np.array(draw(columns), np.int64) if optional[1] else None,
        "into": np.full((3, math.prod(size + 1 for size in sizes)), 7, np.int64),
    }


def _by_hand(given: Runs) -> list[list[int]]:
    """Place by place."""
    table: list[list[int]] = given["into"].tolist()
    for i, base in enumerate(given["base"].tolist()):
        for place, begin in enumerate(given["prefix"][:-1].tolist()):
            reached = given["ends"][:, i] <= place
            code = base + int(given["steps"][reached].sum())
            weight = 1 if given["weights"] is None else int(given["weights"][i])
            cell = 0 if given["cells"] is None else int(given["cells"][i])
            table[cell][code] += (int(given["prefix"][place + 1]) - begin) * weight
    return table


@given(runs=_runs())
def test_runs_are_those_of_the_twin(runs: Runs) -> None:
    expected = _by_hand(runs)
    twin = {**runs, "into": runs["into"].copy()}
    add_runs(**twin)
    assert twin["into"].tolist() == expected
    if c.available():
        assert fast.add_runs(**runs)
        assert runs["into"].tolist() == expected


@given(runs=_runs())
def test_runs_of_numbers_beyond_64_bits(runs: Runs) -> None:
    wide = {**runs, "into": runs["into"].astype(object), "prefix": runs["prefix"].astype(object)}
    assert not fast.add_runs(**wide)
    assert wide["into"].tolist() == runs["into"].tolist()
    add_runs(**wide)
    assert wide["into"].tolist() == _by_hand(runs)


def _one(**changed: Any) -> Runs:
    """A point with one cut in the middle of four places."""
    found: Runs = {
        "cells": np.array([0]),
        "base": np.array([0]),
        "ends": np.array([[2]], np.int32),
        "steps": np.array([1]),
        "prefix": np.arange(5),
        "weights": None,
        "into": np.zeros((1, 2), np.int64),
    }
    return {**found, **changed}


@needs_c
def test_arrays_need_not_be_contiguous() -> None:
    ends = np.zeros((4, 10), np.int32)
    ends[::2, ::2] = np.array([[1, 2, 3, 4, 0], [3, 3, 3, 3, 3]])
    base, weights = np.zeros(20, np.int64)[::4], np.arange(10)[::2]
    steps, prefix = np.ones(4, np.int64)[::2], np.arange(10)[::2]
    runs = _one(
        cells=None,
        base=base,
        ends=ends[::2, ::2],
        steps=steps,
        prefix=prefix,
        weights=weights,
        into=np.zeros((1, 3), np.int64),
    )
    assert fast.add_runs(**runs)
    assert runs["into"].tolist() == _by_hand(_one(**{**runs, "into": np.zeros((1, 3), int)}))


@needs_c
@pytest.mark.parametrize(
    "changed",
    [
        {"ends": np.array([[5]], np.int32)},
        {"ends": np.array([[-1]], np.int32)},
        {"base": np.array([1])},
        {"base": np.array([-1])},
        {"steps": np.array([-1])},
        {"cells": np.array([1])},
        {"cells": np.array([-1])},
    ],
    ids=str,
)
def test_what_is_outside_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(TppError, match="out of its bounds"):
        fast.add_runs(**_one(**changed))


@needs_c
def test_a_code_that_counts_nothing_may_be_any() -> None:
    runs = _one(base=np.array([-5]), ends=np.array([[0]], np.int32), steps=np.array([6]))
    assert fast.add_runs(**runs)
    assert runs["into"].tolist() == [[0, 4]]


@needs_c
@pytest.mark.parametrize(
    "changed",
    [
        {"ends": np.array([[2, 2]], np.int32)},
        {"ends": np.array([2], np.int32)},
        {"base": np.array([0, 0])},
        {"weights": np.array([1, 1])},
        {"cells": np.array([], np.int64)},
        {"into": np.zeros((2, 2), np.int64).T},
        {"into": np.zeros(2, np.int64)},
    ],
    ids=str,
)
def test_shapes_must_match(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        fast.add_runs(**_one(**changed))


@needs_c
@pytest.mark.parametrize(
    "changed",
    [
        {"ends": np.array([[2]])},
        {"steps": np.array([1], np.int32)},
        {"ends": np.zeros((129, 1), np.int32), "steps": np.zeros(129, np.int64)},
    ],
    ids=["ends", "steps", "cuts"],
)
def test_what_c_does_not_take_is_left_to_the_twin(changed: dict[str, Any]) -> None:
    runs = _one(**changed)
    assert not fast.add_runs(**runs)
    assert not runs["into"].any()


# ---- crossings ----


@given(
    values=st.lists(INT64 | st.integers(-3, 3), max_size=40),
    thresholds=st.lists(INT64 | st.integers(-4, 4), max_size=40),
    is_strict=st.booleans(),
)
def test_crossings_are_those_of_numpy(
    values: list[int], thresholds: list[int], is_strict: bool
) -> None:
    places, asked = np.array(sorted(values), np.int64), np.array(thresholds, np.int64)
    side: Any = "right" if is_strict else "left"
    expected = np.searchsorted(places, asked, side).tolist()
    found = fast.crossings(places, asked, is_strict)
    assert found.dtype == np.int32
    assert found.tolist() == expected
    wide = fast.crossings(places.astype(object), asked.astype(object), is_strict)
    assert wide.tolist() == expected


@pytest.mark.parametrize("shape", [(), (1,), (0, 2), (2, 3, 4)])
def test_crossings_have_the_shape_of_the_thresholds(shape: tuple[int, ...]) -> None:
    asked = np.arange(math.prod(shape)).reshape(shape)
    found = fast.crossings(np.array([1, 5]), asked, False)
    assert found.shape == shape
    assert found.tolist() == np.searchsorted([1, 5], asked).tolist()
    turned = fast.crossings(np.array([1, 3, 5])[::2], asked.T, False)
    assert turned.tolist() == np.searchsorted([1, 5], asked.T).tolist()


# ---- whole numbers ----

FRACTIONS = st.fractions(0, 1000, max_denominator=50)


@given(values=st.lists(FRACTIONS, max_size=6))
def test_the_common_factor(values: list[Fraction]) -> None:
    unit = common(values)
    multiples = [value / unit for value in values]
    assert all(each.denominator == 1 for each in multiples)
    assert math.gcd(*map(int, multiples)) == (1 if any(values) else 0)


@given(
    values=st.lists(FRACTIONS, min_size=2, max_size=4),
    coefs=st.lists(FRACTIONS, min_size=5, max_size=5),
    kind=st.sampled_from(["sum", "maximum", "minimum", "select"]),
)
def test_forms_are_made_of_whole_numbers(
    values: list[Fraction], coefs: list[Fraction], kind: str
) -> None:
    forms, axis, other = Forms(), Axis("a", len(values)), Axis("b", 2)
    a, b = forms.leaf(axis, "value", values), forms.leaf(other, "value", coefs[3:])
    parts = [forms.scale(coefs[0], a), forms.scale(coefs[1], b), forms.constant(coefs[2])]
    operations = {
        "sum": forms.sum,
        "maximum": forms.maximum,
        "minimum": forms.minimum,
        "select": lambda *args: forms.select(a, ">=", b, args[0], args[1]),
    }
    made = operations[kind](*parts)
    found = evaluate([made], (axis, other))[0].reshaped((len(values), 2)).fractions()
    by_hand = {"sum": lambda *x: sum(x), "maximum": max, "minimum": min}
    expected = [
        (coefs[0] * x if x >= y else coefs[1] * y)
        if kind == "select"
        else by_hand[kind](coefs[0] * x, coefs[1] * y, coefs[2])
        for x in values
        for y in coefs[3:]
    ]
    assert found == expected
    _, base = Forms.unscaled(made)
    if base.kind is not Kind.CONST:
        tops = evaluate([base], (axis, other))[0]
        assert tops.bottom.most == 1
