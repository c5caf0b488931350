"""Covers of a boolean function over threshold cells by boxes.

The thresholds of one metric cut its values into cells 0..k: cut i holds in the cells above i. A
paragraph is a function of one cell a metric. It is certainly true on a product of intervals of
cells if and only if that product meets no box of a cover of its false cells, and a product of
intervals meets a box exactly if it does so on every axis. That is what makes a paragraph decided
whenever all combinations of its metrics' values agree (and not only when every test is decided).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

Axis = Hashable
Interval = tuple[int, int]
Box = dict[Axis, Interval]


@dataclass(frozen=True, slots=True)
class Cut:
    """The cell on `axis` lies above cut number `index`."""

    axis: Axis
    index: int


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Function, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    item: Function


Function = bool | Cut | And | Or | Negation


def covers(function: Function, cuts: Mapping[Axis, int]) -> tuple[list[Box], list[Box]]:
    """Boxes over all cells where `function` is true, and over all where it is false.

    `cuts[axis]` is the number of cuts k of an axis. Boxes are as wide as they can be.
    """
    cover = _Cover(cuts)
    pieces = cover.pieces(_restrict(function, {}))
    sides = []
    for value in (True, False):
        others = [box for box, side in pieces if side is not value]
        wide = [_widened(box, others, cuts) for box, side in pieces if side is value]
        sides.append(_without_contained(wide, cuts))
    return sides[0], sides[1]


class _Cover:
    def __init__(self, cuts: Mapping[Axis, int]) -> None:
        self.cuts = cuts
        self._memo: dict[Function, list[tuple[Box, bool]]] = {}

    def pieces(self, function: Function) -> list[tuple[Box, bool]]:
        """A disjoint cover, split axis by axis; neighbouring cells that agree stay together."""
        if isinstance(function, bool):
            return [({}, function)]
        if function not in self._memo:
            axis = _busiest_axis(function)
            runs: list[tuple[Interval, Function]] = []
            for cell in range(self.cuts[axis] + 1):
                rest = _restrict(function, {axis: (cell, cell)})
                if runs and runs[-1][1] == rest:
                    runs[-1] = ((runs[-1][0][0], cell), rest)
                else:
                    runs.append(((cell, cell), rest))
            self._memo[function] = [
                ({axis: interval, **box}, value)
                for interval, rest in runs
                for box, value in self.pieces(rest)
            ]
        return self._memo[function]


def _widened(box: Box, others: list[Box], cuts: Mapping[Axis, int]) -> Box:
    """The box with every side as wide as can be without meeting one of the others."""
    wide = dict(box)
    for axis in box:
        last = cuts[axis]
        for interval in ((0, last), (0, wide[axis][1]), (wide[axis][0], last)):
            widest = {**wide, axis: interval}
            if not any(_meet(widest, other) for other in others):
                wide = widest
                break
    return {axis: side for axis, side in wide.items() if side != (0, cuts[axis])}


def _meet(one: Box, other: Box) -> bool:
    for axis, (low, high) in other.items():
        if axis in one and (one[axis][1] < low or one[axis][0] > high):
            return False
    return True


def _restrict(function: Function, box: Mapping[Axis, Interval]) -> Function:
    """The function on a box: cuts that the box decides become constants."""
    match function:
        case bool():
            return function
        case Cut(axis, index):
            low, high = box.get(axis, (-1, 1 << 30))
            return True if low > index else False if high <= index else function
        case Negation(item):
            inner = _restrict(item, box)
            if isinstance(inner, bool):
                return not inner
            return inner.item if isinstance(inner, Negation) else Negation(inner)
        case And(items) | Or(items):
            stop = isinstance(function, Or)
            kept: dict[Function, None] = {}
            for item in items:
                inner = _restrict(item, box)
                if inner is stop:
                    return stop
                if isinstance(inner, bool):
                    continue
                parts = inner.items if type(inner) is type(function) else (inner,)
                kept.update(dict.fromkeys(parts))
            if len(kept) < 2:
                return next(iter(kept), not stop)
            return type(function)(tuple(kept))


def _busiest_axis(function: Function) -> Axis:
    counts: Counter[Axis] = Counter()

    def count(part: Function) -> None:
        match part:
            case Cut(axis, _):
                counts[axis] += 1
            case Negation(item):
                count(item)
            case And(items) | Or(items):
                for item in items:
                    count(item)

    count(function)
    return counts.most_common(1)[0][0]


def _without_contained(boxes: list[Box], cuts: Mapping[Axis, int]) -> list[Box]:
    kept: list[Box] = []
    for box in boxes:
        if not any(_contains(other, box, cuts) for other in kept):
            kept = [other for other in kept if not _contains(box, other, cuts)] + [box]
    return kept


def _contains(outer: Box, inner: Box, cuts: Mapping[Axis, int]) -> bool:
    for axis, (low, high) in outer.items():
        inner_low, inner_high = inner.get(axis, (0, cuts[axis]))
        if inner_low < low or inner_high > high:
            return False
    return True
