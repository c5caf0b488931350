"""Where along an axis a form crosses a threshold: solved, not searched.

Along one axis, with the other places fixed, a form that the axis enters once (or through a maximum,
a minimum or a choice of such forms) is monotone. Its inequality is turned around operation by
operation until it is one on the value of the axis, and that is looked up among the values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tppcore.engine.counting import fast
from tppcore.engine.counting.axes import Axis
from tppcore.engine.counting.collapse import ascends
from tppcore.engine.counting.forms import Form, Kind
from tppcore.engine.counting.ratios import Array, Ratios, Whole, ceil, floor

_MIRRORED = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}
_OPPOSITE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}


def direction(form: Form, axis: Axis) -> int | None:
    """1 or -1 if a form can be solved along an axis on which it ascends or descends; 0 if it does
    not depend on it; None if it can't be solved."""
    if axis not in form.axes:
        return 0
    if form.high == math.inf:
        return None
    if form.kind is Kind.LEAF:
        return 1 if ascends(axis, form) else None
    own = [direction(each, axis) for each in form.args]
    if None in own:
        return None
    ways = {each for each in own if each}
    match form.kind:
        case Kind.QUOTIENT:
            if form.args[1].low == 0 or (own[0] and own[1]):
                return None
            return own[0] or -(own[1] or 0)
        case Kind.MAX | Kind.MIN:
            return ways.pop() if len(ways) == 1 else None
        case Kind.SELECT:
            return ways.pop() if len(ways) == 1 and not (own[0] or own[1]) else None
        case _:
            return own[0] if len(own) == 1 else sum(filter(None, own)) if _single(own) else None


def _single(own: list[int | None]) -> bool:
    return sum(1 for each in own if each) == 1


@dataclass(frozen=True, slots=True)
class Solved:
    """An inequality holds at the places from `at` on, or (not `up`) at those before it."""

    at: Array
    up: bool

    def opposite(self) -> Solved:
        return Solved(self.at, not self.up)


class Solver:
    """Solves forms along an axis; `value` gives what does not depend on it, over the other axes."""

    def __init__(self, axis: Axis, value: Callable[[Form], Ratios]) -> None:
        self.axis, self.value = axis, value

    def solve(self, form: Form, op: str, threshold: Ratios) -> Solved:
        """Where `form op threshold`, for finite thresholds of either sign."""
        if op in ("<", "<="):
            return self.solve(form, _OPPOSITE[op], threshold).opposite()
        match form.kind:
            case Kind.LEAF:
                return self.leaf(form, op, threshold)
            case Kind.SCALE:
                unit = Ratios.constant(1 / form.coefs[0])
                return self.solve(form.args[0], op, threshold * unit)
            case Kind.SUM:
                return self.sum(form, op, threshold)
            case Kind.PRODUCT:
                return self.product(form, op, threshold)
            case Kind.QUOTIENT:
                return self.quotient(form, op, threshold)
            case Kind.MAX | Kind.MIN:
                return self.extreme(form, op, threshold)
            case Kind.SELECT:
                left, right, a, b = form.args
                mask = self.value(left).holds(form.op, self.value(right))
                up = direction(form, self.axis) == 1
                one, other = (self.either(each, op, threshold, up) for each in (a, b))
                return Solved(np.where(mask, one, other), up)
            case _:
                raise AssertionError(form.kind)

    def leaf(self, form: Form, op: str, threshold: Ratios) -> Solved:
        values = self.axis.values(form)
        scaled = threshold * Ratios(Whole.of(values.bottom.most), Whole.of(1))
        least = (ceil if op == ">=" else floor)(scaled).values
        tops = values.top.values
        # Thresholds beyond the values are as good as next to them, and fit.
        first, last = int(tops[0]) - 1, int(tops[-1]) + 1
        if least.dtype == object:
            least = np.minimum(np.maximum(least, first), last)
            if tops.dtype != object:
                least = least.astype(np.int64)
        return Solved(fast.crossings(tops, least, op == ">"), True)

    def sum(self, form: Form, op: str, threshold: Ratios) -> Solved:
        rest = Ratios.constant(form.value)
        for coef, each in zip(form.coefs, form.args, strict=True):
            if self.axis in each.axes:
                inner, own = each, coef
            else:
                rest = rest + self.value(each) * Ratios.constant(coef)
        return self.solve(inner, op, (threshold - rest) * Ratios.constant(1 / own))

    def product(self, form: Form, op: str, threshold: Ratios) -> Solved:
        (inner,) = (each for each in form.args if self.axis in each.axes)
        rest = Ratios.constant(1)
        for each in form.args:
            if each is not inner:
                rest = rest * self.value(each)
        nothing = np.asarray(rest.top.values == 0)
        if not nothing.any():
            return self.solve(inner, op, threshold / rest)
        solved = self.solve(inner, op, threshold / Ratios.constant(1).where(nothing, rest))
        holds = Ratios.constant(0).holds(op, threshold)
        return self.settled(solved, nothing, holds)

    def settled(self, solved: Solved, where: Array, holds: Array) -> Solved:
        """The same, but everywhere or nowhere (as it `holds`) on some of the other places."""
        fixed = np.where(holds == solved.up, 0, self.axis.size)
        return Solved(np.where(where, fixed, solved.at), solved.up)

    def quotient(self, form: Form, op: str, threshold: Ratios) -> Solved:
        top, bottom = form.args
        if self.axis in top.axes:
            return self.solve(top, op, threshold * self.value(bottom))
        # a / b >= t is b <= a / t where t is above 0; below, it holds everywhere.
        above = self.value(top)
        low = np.asarray(threshold.top.values <= 0)
        if not low.any():
            return self.solve(bottom, _MIRRORED[op], above / threshold)
        solved = self.solve(bottom, _MIRRORED[op], above / Ratios.constant(1).where(low, threshold))
        positive = (above.top.values > 0) | (threshold.top.values < 0)
        return self.settled(solved, low, positive if op == ">" else np.asarray(True))

    def extreme(self, form: Form, op: str, threshold: Ratios) -> Solved:
        up = direction(form, self.axis) == 1
        found = [self.either(each, op, threshold, up) for each in form.args]
        # A maximum reaches a threshold where any argument does, a minimum where all do.
        first = (form.kind is Kind.MAX) == up
        at = found[0]
        for each in found[1:]:
            at = np.minimum(at, each) if first else np.maximum(at, each)
        return Solved(at, up)

    def either(self, form: Form, op: str, threshold: Ratios, up: bool) -> Array:
        """Where a form that may not depend on the axis holds, in the direction of the others."""
        if self.axis in form.axes:
            return self.solve(form, op, threshold).at
        holds = self.value(form).holds(op, threshold)
        return np.where(holds == up, 0, self.axis.size).astype(np.int32)
