"""Metrics in doubles, with NumPy: for people to look at, never for verdicts.

Every operation in the program's order and without contraction, as C does it. What a metric is
computed from is [low, high], inf where open; where it does not apply both are NaN at the end, and
what is computed from it sees [0, inf).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns, Doubles
from tppcore.engine.structure import near_ends, tested
from tppcore.program.program import Input, Node, Op, Program, Test

Bools = NDArray[np.bool_]

ROWS = 1 << 15
"""Rows at a time: large enough to hide NumPy's overhead, small enough for the caches."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Vectors; `high` is `low` itself where all rows are known."""

    low: Doubles
    high: Doubles
    absent: Bools | None = None


def metrics(program: Program, columns: Columns) -> tuple[Doubles, Doubles]:
    """Both ends of every metric of a table of doubles and booleans; its numbers were checked."""
    shape = (len(program.metrics), columns.rows)
    low, high = np.empty(shape), np.empty(shape)
    inputs = _inputs(program, columns)
    spans: list[_Span] = []
    with np.errstate(all="ignore"):
        for node in program.nodes:
            spans.append(_span(program, node, spans, inputs, columns.rows))
    for number, (_, index) in enumerate(program.metrics):
        span = spans[index]
        gone = False if span.absent is None else span.absent
        # Adding 0 makes 0 of -0, which nobody wants to look at.
        low[number] = np.where(gone, np.nan, span.low + 0.0)
        high[number] = np.where(gone, np.nan, span.high + 0.0)
    return low, high


def _span(
    program: Program, node: Node, spans: Sequence[_Span], inputs: Sequence[_Span], rows: int
) -> _Span:
    if node.op == Op.CONST:
        value = np.full(rows, float(node.value or 0))
        return _Span(value, value)
    if node.op == Op.INPUT:
        return inputs[node.a]
    if node.op == Op.NOT_APPLICABLE:
        return _Span(np.zeros(rows), np.full(rows, np.inf), np.ones(rows, np.bool_))
    a, b = spans[node.a], spans[node.b]
    if node.op == Op.SELECT:
        test = program.tests[node.test]
        return _choice(*_state(program, test, spans[test.node], inputs), a, b)
    if node.op == Op.DIV:
        return _quotient(a, b, node.positive)
    operate: Any = {Op.ADD: np.add, Op.MUL: _product, Op.MAX: np.maximum}[node.op]
    low = operate(a.low, b.low)
    known = a.high is a.low and b.high is b.low
    return _Span(low, low if known else operate(a.high, b.high))


def _or_zero(values: Doubles) -> Doubles:
    return np.where(np.isnan(values), 0.0, values)


def _product(a: Doubles, b: Doubles) -> Doubles:
    return _or_zero(a * b)  # 0 times infinity is 0


def _quotient(a: _Span, b: _Span, positive: bool) -> _Span:
    if positive:  # a denominator of 0 is the open end of (0, x]
        low = a.low / b.high
        known = a.high is a.low and b.high is b.low
        return _Span(low, low if known else _or_zero(a.high / b.low))
    zero = b.low == 0
    low, high = np.where(zero, 0.0, a.low / b.high), np.where(zero, np.inf, a.high / b.low)
    return _Span(low, high, b.high == 0)


def _choice(possible: Bools, certain: Bools, a: _Span, b: _Span) -> _Span:
    """`a` where the test holds, `b` where it does not, the hull of both where that is open."""
    low = np.where(certain, a.low, np.where(possible, np.minimum(a.low, b.low), b.low))
    high = np.where(certain, a.high, np.where(possible, np.maximum(a.high, b.high), b.high))
    none = np.zeros(len(low), np.bool_)
    one, other = (none if each.absent is None else each.absent for each in (a, b))
    return _Span(low, high, (one & possible) | (other & ~certain))


def _state(
    program: Program, test: Test, span: _Span, inputs: Sequence[_Span]
) -> tuple[Bools, Bools]:
    """Where a test of a choice is possible, and where it is certain; exactly."""
    strictly = test.op in (">", "<=")
    compare = np.greater if strictly else np.greater_equal
    at_low, at_high = (compare(end, float(test.threshold)) for end in (span.low, span.high))
    if test.op in ("<", "<="):
        at_low, at_high = ~at_high, ~at_low
    possible, certain = np.asarray(at_high), np.asarray(at_low)
    if span.absent is not None:
        possible, certain = possible | span.absent, certain & ~span.absent
    if test.epsilon:
        least, most = near_ends(test)
        near = np.any([(end >= least) & (end <= most) for end in (span.low, span.high)], axis=0)
        rows = np.flatnonzero(near)
        if len(rows):
            possible[rows], certain[rows] = _exactly(program, test, inputs, rows)
    return possible, certain


def _exactly(
    program: Program, test: Test, inputs: Sequence[_Span], rows: NDArray[np.int64]
) -> tuple[Bools, Bools]:
    """The same in some rows that are near."""
    from tppcore.engine.near import plan, second_look

    how, targets, number = plan(program), tested(program), program.tests.index(test)
    found = np.empty((2, len(rows)), np.bool_)
    for i, row in enumerate(rows):
        ends = np.array([(each.low[row], each.high[row]) for each in inputs])
        bits = np.zeros(2 * len(program.tests) + len(targets), np.uint8)
        bits[2 * len(program.tests) + targets.index(test.node)] = 1
        second_look(how, ends, bits)
        found[:, i] = bits[2 * number : 2 * number + 2]
    return found[0], found[1]


def _inputs(program: Program, columns: Columns) -> list[_Span]:
    """Every input, with defaults and the closed list of peak rates filled in."""
    read = [
        _read(columns.by_quantity.get(each.quantity) if each.given else None, columns.rows)
        for each in program.inputs
    ]
    rated = np.zeros(columns.rows, np.bool_)
    for each, span in zip(program.inputs, read, strict=True):
        if each.closed_list:
            rated |= ~np.isnan(span.low)
    return [_filled(each, span, rated) for each, span in zip(program.inputs, read, strict=True)]


def _filled(each: Input, span: _Span, rated: Bools) -> _Span:
    missing = np.isnan(span.low)
    if not missing.any():
        return span
    most: Any = np.inf
    if each.closed_list and not each.open_unlisted:
        most = np.where(rated, 0.0, np.inf)
    if each.default is not None:
        most = float(each.default)
    least = most if each.default is not None else 0.0
    return _Span(np.where(missing, least, span.low), np.where(missing, most, span.high))


def _read(column: Column | None, rows: int) -> _Span:
    """NaN where missing."""
    value = np.full(rows, np.nan)
    if column is None:
        return _Span(value, value)
    if column.values is not None:
        value = column.values.astype(np.float64)
        if column.is_boolean:
            value[column.values == MISSING] = np.nan
    if column.low is None and column.high is None:
        return _Span(value, value)
    nothing = np.full(rows, np.nan)
    low = nothing if column.low is None else column.low
    high = nothing if column.high is None else column.high
    ranged = ~(np.isnan(low) & np.isnan(high))
    return _Span(
        np.where(ranged, _or_zero(low), value),
        np.where(ranged, np.where(np.isnan(high), np.inf, high), value),
    )
