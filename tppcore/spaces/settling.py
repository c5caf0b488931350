"""Designs decided by exact arithmetic, many at a time: those whose doubles say too little."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Bitmaps
from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.axes import Axis
from tppcore.engine.counting.lowering import Lowered

if TYPE_CHECKING:
    from tppcore.program.program import Program

_AT_ONCE = 1 << 14

Array = NDArray[np.int64]


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
            found = counting.verdicts_at(lowered, own).T
            truth[0, :, some], truth[1, :, some] = (
                found == counting.TRUE,
                found != counting.UNDETERMINED,
            )
        packed = np.packbits(truth, axis=2, bitorder="little").view(np.uint64)
        return Bitmaps(count, packed[0], packed[1])


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
