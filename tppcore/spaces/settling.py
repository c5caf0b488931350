"""Designs decided by exact arithmetic, many at a time: those whose doubles say too little."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Bitmaps
from tppcore.engine.counting.axes import Axis, evaluate_at
from tppcore.engine.counting.lowering import Lowered, Side

if TYPE_CHECKING:
    from tppcore.program.program import Program

_AT_ONCE = 1 << 14

Array = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Settling:
    """A program over single designs of a part, exactly. Ready when it is first needed."""

    def __init__(self, lowered: Callable[[], Lowered]) -> None:
        self._make, self._made = lowered, threading.Lock()
        self._lowered: Lowered | None = None

    def decide(self, places: Mapping[Axis, Array], count: int) -> Bitmaps:
        """The verdicts of every paragraph on designs by their places on each axis, (count,)."""
        with self._made:
            if self._lowered is None:
                self._lowered = self._make()
        lowered = self._lowered
        paragraphs = len(lowered.true_sides)
        truth = np.zeros((2, paragraphs, -(-count // 64) * 64), np.bool_)
        for begin in range(0, count, _AT_ONCE):
            some = slice(begin, min(begin + _AT_ONCE, count))
            own = {axis: each[some] for axis, each in places.items()}
            passed = _passed(lowered, own)
            pairs = zip(lowered.true_sides, lowered.false_sides, strict=True)
            for p, (true, false) in enumerate(pairs):
                on_true, on_false = (_touched(side, passed) for side in (true, false))
                truth[0, p, some], truth[1, p, some] = ~on_false, ~(on_true & on_false)
        packed = np.packbits(truth, axis=2, bitorder="little").view(np.uint64)
        return Bitmaps(count, packed[0], packed[1])


def _passed(lowered: Lowered, places: Mapping[Axis, Array]) -> list[list[Flags]]:
    """Where each cut of each root is passed."""
    from tppcore.engine.counting.ratios import Ratios

    found = []
    for root, cuts in zip(evaluate_at(lowered.roots, places), lowered.cuts, strict=True):
        found.append(
            [root.holds(">" if strict else ">=", Ratios.constant(t)) for t, strict in cuts]
        )
    return found


def _touched(side: Side, passed: list[list[Flags]]) -> Flags:
    """Which designs touch a box of a side."""
    if side is None:
        return np.array(True)
    found = np.array(False)
    for box in side:
        inside = np.array(True)
        for each in box:
            inside = inside & (passed[each.root][each.cut] == each.above)
        found = found | inside
    return found


def suspects(program: Program, inexact: set[str]) -> NDArray[np.intp]:
    """The paragraphs that read some of these quantities."""
    reads: list[frozenset[str]] = []

    def of_test(test: int) -> frozenset[str]:
        return reads[program.tests[test].node]

    from tppcore.program.program import Op

    for node in program.nodes:
        match node.op:
            case Op.INPUT:
                reads.append(frozenset([program.inputs[node.a].quantity]))
            case Op.CONST | Op.NOT_APPLICABLE:
                reads.append(frozenset())
            case Op.SELECT:
                reads.append(reads[node.a] | reads[node.b] | of_test(node.test))
            case _:
                reads.append(reads[node.a] | reads[node.b])
    found = []
    for p, paragraph in enumerate(program.paragraphs):
        boxes = (*paragraph.true_boxes, *paragraph.false_boxes)
        if any(of_test(literal >> 1) & inexact for box in boxes for literal in box):
            found.append(p)
    return np.array(found, np.intp)
