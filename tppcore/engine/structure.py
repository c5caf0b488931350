"""What the parts of a program have to do with each other, for the Numba engine."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tppcore.program.program import Input, Op, Program, Test


def near_ends(test: Test) -> tuple[float, float]:
    """The least and the greatest double that is near the threshold, rounded outwards."""
    epsilon = Fraction(test.epsilon)
    least, most = float(test.threshold * (1 - epsilon)), float(test.threshold * (1 + epsilon))
    return float(np.nextafter(least, -np.inf)), float(np.nextafter(most, np.inf))


def is_unknown(entry: Input) -> bool:
    """Whether an input is [0, inf) in every row, because the table has no such column."""
    zero = entry.closed_list and not entry.open_unlisted  # in rows that state a rate
    return not (entry.given or zero or entry.default is not None)


def cone(program: Program, roots: Sequence[int]) -> list[int]:
    """The nodes that some nodes are computed from, and themselves, in order."""
    needed = set(roots)
    for index in range(len(program.nodes) - 1, -1, -1):
        node = program.nodes[index]
        if index in needed and Op.ADD <= node.op <= Op.SELECT:
            needed |= {node.a, node.b}
            if node.op == Op.SELECT:
                needed.add(program.tests[node.test].node)
    return sorted(needed)


def tested(program: Program) -> list[int]:
    """The nodes that tests look at, in order: the targets of a second look."""
    return sorted({test.node for test in program.tests})


def always_sure(program: Program) -> frozenset[int]:
    """The tests that are certain wherever they are possible, if all inputs given are known and
    there is no `trouble`."""
    sure: list[bool] = []
    for node in program.nodes:
        match node.op:
            case Op.CONST:
                sure.append(True)
            case Op.INPUT:
                sure.append(not is_unknown(program.inputs[node.a]))
            case Op.NOT_APPLICABLE:
                sure.append(False)
            case Op.SELECT:
                on = program.tests[node.test].node
                sure.append(sure[node.a] and sure[node.b] and sure[on])
            case Op.DIV:
                by = program.nodes[node.b]
                harmless = by.op == Op.INPUT and is_unknown(program.inputs[by.a])
                sure.append(sure[node.a] and node.positive and (sure[node.b] or harmless))
            case _:
                sure.append(sure[node.a] and sure[node.b])
    return frozenset(number for number, test in enumerate(program.tests) if sure[test.node])
