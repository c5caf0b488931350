"""Where a form crosses a threshold along an axis, solved, is where evaluation says it does."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.engine.counting.test_forms import made
from tppcore.engine.counting import tally
from tppcore.engine.counting.axes import Axis, evaluate
from tppcore.engine.counting.forms import Forms
from tppcore.engine.counting.ratios import Ratios
from tppcore.engine.counting.runs import Solver, direction

OPS = (">=", ">", "<", "<=")




TREES = st.recursive(
    st.sampled_from(("a", "b", "c")) | st.sampled_from((Fraction(0), Fraction(1), Fraction(5, 2), Fraction(10**20))),
    lambda each: st.tuples(st.sampled_from(("+", "*", "/", "max", "min")), each, each)
    | st.tuples(st.sampled_from(OPS), each, each, each, each),
    max_leaves=7,
)
THRESHOLDS = st.lists(
    st.fractions(-5, 30, max_denominator=6) | st.sampled_from((Fraction(0), Fraction(10**30), Fraction(-1, 10**25))),
    min_size=1, max_size=4,
)  # fmt: skip
SORTED = {
    "a": (Fraction(1), Fraction("2.5"), Fraction(3)),
    "b": (Fraction(0), Fraction(2)),
    "c": (Fraction(0), Fraction("0.3"), Fraction(1), Fraction(7)),
}


@given(TREES, THRESHOLDS, st.sampled_from(OPS), st.sampled_from([*SORTED]))
def test_solved_is_evaluated(tree: Any, thresholds: list[Fraction], op: str, along: str) -> None:
    check(tree, thresholds, op, along)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    "tree",
    [
        "c", ("+", "c", "b"), ("*", "c", "b"), ("*", ("*", "c", "b"), Fraction(1, 3)),
        ("/", "b", ("+", "c", "a")), ("/", ("*", "c", "b"), "a"), ("/", "b", ("+", ("*", "c", "b"), "a")),
        ("max", "c", "a"), ("min", "c", "b"), ("max", ("/", "a", ("+", "c", "a")), "b"),
        (">=", "b", "a", "c", ("*", "c", "a")), ("<", "b", "a", ("+", "c", "b"), "b"),
    ],
    ids=str,
)  # fmt: skip
def test_each_operation(tree: Any, op: str) -> None:
    lines = [Fraction(x) for x in ("-1", "0", "0.1", "0.3", "0.6", "1", "7", "2", "14", "15")]
    assert check(tree, [*lines, Fraction(2, 3), Fraction(4, 7), Fraction(10**40)], op, "c")


def check(tree: Any, thresholds: list[Fraction], op: str, along: str) -> bool:
    """Whether the form could be solved along the axis; compares if so."""
    from tests.engine.counting import test_forms

    forms = Forms()
    axes = {name: Axis(name, len(values)) for name, values in SORTED.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_forms, "AXES", SORTED)
        form = made(forms, axes, tree)
    axis = axes[along]
    if axis not in form.axes or direction(form, axis) is None:
        assume(False)
    others = tuple(each for each in axes.values() if each is not axis)
    at = Ratios.of(thresholds, (len(thresholds), 1, 1))
    solver = Solver(axis, lambda each: evaluate([each], others)[0])
    solved = solver.solve(form, op, at)
    ends = np.broadcast_to(solved.at, (len(thresholds), *(each.size for each in others)))
    places = np.arange(axis.size)
    holds = (places >= ends[..., None]) if solved.up else (places < ends[..., None])
    values = evaluate([form], (*others, axis))[0]
    lines = Ratios.of(thresholds, (len(thresholds), 1, 1, 1))
    expected = np.broadcast_to(values.holds(op, lines), holds.shape)
    assert (holds == expected).all()
    assert ends.min() >= 0
    assert ends.max() <= axis.size
    return True


@given(st.data())
def test_add_runs(data: st.DataObject) -> None:
    """The counts by code, place by place."""
    points, size = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 9))
    lines, codes = data.draw(st.integers(0, 3)), 10
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    steps = rng.integers(1, 3, lines).astype(np.int64)
    base = rng.integers(0, 3, points).astype(np.int64)
    ends = rng.integers(0, size + 1, (lines, points)).astype(np.int32)
    cells = rng.integers(0, 2, points).astype(np.int64)
    own = rng.integers(0, 4, size)
    weights = rng.integers(0, 4, points).astype(np.int64) if data.draw(st.booleans()) else None
    exact = data.draw(st.booleans())
    prefix = np.zeros(size + 1, object if exact else np.int64)
    np.cumsum(own.astype(prefix.dtype) * (10**20 if exact else 1), out=prefix[1:])
    into = np.zeros((2, codes), object if exact else np.int64)
    tally.add_runs(cells, base, ends, steps, prefix, weights, into)
    expected = np.zeros((2, codes), object)
    for i in range(points):
        for place in range(size):
            code = base[i] + sum(int(s) for s, e in zip(steps, ends[:, i], strict=True) if e <= place)
            count = int(own[place]) * (10**20 if exact else 1)
            expected[cells[i], code] += count * (1 if weights is None else int(weights[i]))
    assert into.tolist() == expected.tolist()
