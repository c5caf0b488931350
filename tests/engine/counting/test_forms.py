"""The normal form of a formula has the values of the formula, and bounds that hold."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tppcore.engine.counting.axes import Axis, evaluate
from tppcore.engine.counting.collapse import collapsed
from tppcore.engine.counting.forms import Form, Forms, Kind, compare, over, times, under
from tppcore.engine.counting.ratios import Number

AXES = {
    "a": (Fraction(1), Fraction(3), Fraction("2.5")),
    "b": (Fraction(0), Fraction(2)),
    "c": (Fraction("0.3"), Fraction(7), Fraction(0), Fraction(1)),
}
TREES = st.recursive(
    st.sampled_from([*AXES]) | st.sampled_from((Fraction(0), Fraction(1), Fraction(5, 2), math.inf)),
    lambda each: st.tuples(st.sampled_from(("+", "*", "/", "max", "min")), each, each)
    | st.tuples(st.sampled_from((">=", ">", "<", "<=")), each, each, each, each),
    max_leaves=9,
)


def made(forms: Forms, axes: dict[str, Axis], tree: Any) -> Form:
    if isinstance(tree, str):
        return forms.leaf(axes[tree], "value", AXES[tree])
    if not isinstance(tree, tuple):
        return forms.constant(tree)
    op, *parts = tree
    args = [made(forms, axes, each) for each in parts]
    if len(args) == 4:
        return forms.select(args[0], op, args[1], args[2], args[3])
    make = {"+": forms.sum, "*": forms.product, "/": forms.quotient, "max": forms.maximum, "min": forms.minimum}
    return make[op](*args)


def value(tree: Any, here: dict[str, Fraction]) -> Number:
    if isinstance(tree, str):
        return here[tree]
    if not isinstance(tree, tuple):
        return tree
    op, *parts = tree
    args = [value(each, here) for each in parts]
    if len(args) == 4:
        return args[2] if compare(args[0], op, args[1]) else args[3]
    apply = {"+": lambda a, b: a + b, "*": times, "/": over, "max": max, "min": min}
    return apply[op](*args)


PLACES = [dict(zip(AXES, each, strict=True)) for each in product(*AXES.values())]


@given(TREES)
def test_values_and_bounds(tree: Any) -> None:
    forms = Forms()
    axes = {name: Axis(name, len(values)) for name, values in AXES.items()}
    form = made(forms, axes, tree)
    order = tuple(axes.values())
    shape = tuple(axis.size for axis in order)
    found = evaluate([form], order)[0].reshaped(shape).fractions()
    expected = [value(tree, here) for here in PLACES]
    assert found == expected
    assert form.low <= min(expected)
    assert max(expected) <= form.high
    # Interned: the same formula is the same object.
    assert made(forms, axes, tree) is form


@given(TREES, TREES, st.sampled_from((1, 4, 12, 100)), st.sets(st.sampled_from([*AXES])))
def test_collapsed_axes_keep_the_joint_counts(one: Any, two: Any, limit: int, kept: set[str]) -> None:
    """The pairs of values of two forms, each as often as before, at each place of the kept axes."""
    forms = Forms()
    axes = {name: Axis(name, len(values)) for name, values in AXES.items()}
    roots = [made(forms, axes, tree) for tree in (one, two)]
    found = collapsed(forms, roots, frozenset(axes[name] for name in kept), limit)
    over_axes = sorted({axis for root in found for axis in root.axes}, key=lambda axis: axis.name)
    names = [name for name in AXES if name in kept and any(axes[name] in r.axes for r in found)]
    counts: dict[Any, int] = {}
    for axis in over_axes:
        getattr(axis, "find", lambda: None)()
    shape = tuple(axis.size for axis in over_axes)
    values = [each.reshaped(shape).fractions() for each in evaluate(found, over_axes)]
    weights = [axis.weights.values.tolist() for axis in over_axes]
    for i, place in enumerate(product(*(range(axis.size) for axis in over_axes))):
        at = {axis.name: p for axis, p in zip(over_axes, place, strict=True)}
        key = (*(at[name] for name in names), values[0][i], values[1][i])
        weight = math.prod(w[p] for w, p in zip(weights, place, strict=True))
        counts[key] = counts.get(key, 0) + weight
    used = {base.name for axis in over_axes for base in axis.base}
    idle = math.prod(len(values) for name, values in AXES.items() if name not in used)
    expected: dict[Any, int] = {}
    for here in PLACES:
        key = (*(AXES[n].index(here[n]) for n in names), value(one, here), value(two, here))
        expected[key] = expected.get(key, 0) + 1
    assert {key: count * idle for key, count in counts.items()} == expected


def test_one_form_many_thresholds() -> None:
    """Factors stand outside, and operands have an order of their own."""
    forms = Forms()
    a, b = (forms.leaf(Axis(n, 2), "value", (Fraction(1), Fraction(2))) for n in "ab")
    one = forms.scale(Fraction(16), forms.product(a, b))
    two = forms.product(forms.constant(Fraction(1, 3)), b, a)
    assert Forms.unscaled(one)[1] is Forms.unscaled(two)[1]
    assert forms.sum(a, a) is forms.scale(Fraction(2), a)
    assert forms.maximum(a, forms.scale(Fraction(2), a)) is forms.scale(Fraction(2), a)
    assert forms.quotient(a, a) is forms.one
    assert forms.maximum(a, forms.constant(Fraction(5))).kind is Kind.CONST
    assert len(under([one, two])) == 5
