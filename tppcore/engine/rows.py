"""Exact verdicts for some rows of a table: the second look of an engine without wide integers.

A decimal is a whole number and a power of ten, so a column of them is a vector of whole numbers
with one scale, and the law's formulas (sums, products, maxima, one division) stay whole numbers:
a quotient keeps its denominator, and comparisons cross-multiply. Every vector carries a bound on
its largest element, which decides how NumPy holds it: int64 while that is proven to be enough,
Python integers beyond. There is no rounding anywhere.

Cost: each operation is one NumPy pass over all the rows asked about. For `us-3a090` on round
numbers that is a few tenths of a microsecond a row in int64; with 15 to 17 digits the passes go
over Python integers and cost a few microseconds a row. It holds the GIL in part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns, Doubles
from tppcore.program.program import Box, Node, Op, Program

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]

_INT64 = 2**63
_DIGITS = 10**15  # up to here a decimal that reads back as the double is its shortest
_SCALES = 22  # 10^22 is the largest power of ten that is a double
_POWERS = np.array([10**k for k in range(40)], dtype=object)  # 1e-15 has up to 32 digits


@dataclass(frozen=True, slots=True)
class _Whole:
    """Non-negative whole numbers below `bound`: int64 if that fits, else Python integers."""

    values: NDArray[Any]
    bound: int

    def plus(self, other: _Whole) -> _Whole:
        bound = self.bound + other.bound
        return _Whole(_room(self.values, bound) + other.values, bound)

    def times(self, other: _Whole) -> _Whole:
        bound = self.bound * other.bound
        return _Whole(_room(self.values, bound) * other.values, bound)

    def scaled(self, digits: int) -> _Whole:
        return self.times(_constant(10**digits)) if digits else self

    def where(self, mask: Bools, other: _Whole) -> _Whole:
        values = np.where(mask, self.values, other.values)
        return _Whole(values, max(self.bound, other.bound))


def _room(values: NDArray[Any], bound: int) -> NDArray[Any]:
    return values if bound <= _INT64 else values.astype(object)


def _constant(value: int) -> _Whole:
    return _Whole(np.array([value], dtype=np.int64 if value < _INT64 else object), value + 1)


_ZERO, _ONE = _constant(0), _constant(1)


@dataclass(frozen=True, slots=True)
class _Number:
    """top / bottom * 10^-scale, elementwise; a length of 1 stands for every row."""

    top: _Whole
    bottom: _Whole
    scale: int

    def plus(self, other: _Number) -> _Number:
        a, b = _aligned(self, other)
        if a.bottom is b.bottom:
            return replace(a, top=a.top.plus(b.top))
        top = a.top.times(b.bottom).plus(b.top.times(a.bottom))
        return _Number(top, a.bottom.times(b.bottom), a.scale)

    def times(self, other: _Number) -> _Number:
        bottom = _product(self.bottom, other.bottom)
        return _Number(self.top.times(other.top), bottom, self.scale + other.scale)

    def over(self, other: _Number) -> _Number:
        """The quotient; 0 where the denominator is 0, which the caller treats apart."""
        zero = other.is_zero()
        if not zero.any():
            top, bottom = _product(self.top, other.bottom), _product(self.bottom, other.top)
            return _Number(top, bottom, self.scale - other.scale)
        top = _ZERO.where(zero, _product(self.top, other.bottom))
        bottom = _ONE.where(zero, _product(self.bottom, other.top))
        return _Number(top, bottom, self.scale - other.scale)

    def where(self, mask: Bools, other: _Number) -> _Number:
        a, b = _aligned(self, other)
        bottom = a.bottom if a.bottom is b.bottom else a.bottom.where(mask, b.bottom)
        return _Number(a.top.where(mask, b.top), bottom, a.scale)

    def at_least(self, other: _Number, strictly: bool = False) -> Bools:
        a, b = _aligned(self, other)
        left, right = a.top, b.top
        if a.bottom is not b.bottom:
            left, right = _product(left, b.bottom), _product(right, a.bottom)
        compare = np.greater if strictly else np.greater_equal
        return np.asarray(compare(left.values, right.values), dtype=np.bool_)

    def is_zero(self) -> Bools:
        return np.asarray(self.top.values == 0, dtype=np.bool_)


def _product(a: _Whole, b: _Whole) -> _Whole:
    return a if b is _ONE else b if a is _ONE else a.times(b)


def _aligned(a: _Number, b: _Number) -> tuple[_Number, _Number]:
    scale = max(a.scale, b.scale)
    return (
        _Number(a.top.scaled(scale - a.scale), a.bottom, scale),
        _Number(b.top.scaled(scale - b.scale), b.bottom, scale),
    )


def _number(value: Fraction) -> _Number:
    """A constant; a decimal (all constants of the law are) keeps the denominator 1."""
    for scale in range(_SCALES + 1):
        if 10**scale % value.denominator == 0:
            return _Number(_constant(int(value * 10**scale)), _ONE, scale)
    return _Number(_constant(value.numerator), _constant(value.denominator), 0)


_NOTHING = _Number(_ZERO, _ONE, 0)
_NEVER = np.zeros(1, dtype=np.bool_)
_ALWAYS = np.ones(1, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class _Interval:
    """[low, high], or [low, inf) where `open`; `absent` where the metric does not apply.

    `high` is the same object as `low` if every row is known. What is computed from a metric that
    does not apply sees [0, inf).
    """

    low: _Number
    high: _Number
    open: Bools
    absent: Bools

    @property
    def known(self) -> bool:
        return self.high is self.low


def _unknown(where: Bools, value: _Number) -> _Interval:
    """`value`, but [0, inf) in some rows."""
    if not where.any():
        return _Interval(value, value, _NEVER, _NEVER)
    value = _NOTHING.where(where, value)
    return _Interval(value, replace(value), where, _NEVER)


def _add(a: _Interval, b: _Interval) -> _Interval:
    low = a.low.plus(b.low)
    high = low if a.known and b.known else a.high.plus(b.high)
    return _Interval(low, high, a.open | b.open, _NEVER)


def _multiply(a: _Interval, b: _Interval) -> _Interval:
    low = a.low.times(b.low)
    if a.known and b.known:
        return _Interval(low, low, _NEVER, _NEVER)
    some_a, some_b = a.open | ~a.high.is_zero(), b.open | ~b.high.is_zero()
    unbounded = (a.open & some_b) | (b.open & some_a)
    high = _NOTHING.where(unbounded, a.high.times(b.high))
    return _Interval(low, high, unbounded, _NEVER)


def _maximum(a: _Interval, b: _Interval) -> _Interval:
    low = a.low.where(a.low.at_least(b.low), b.low)
    high = low if a.known and b.known else a.high.where(a.high.at_least(b.high), b.high)
    return _Interval(low, high, a.open | b.open, _NEVER)


def _divide(a: _Interval, b: _Interval, positive: bool) -> _Interval:
    touches_zero = b.low.is_zero()
    if a.known and b.known and not touches_zero.any():
        low = a.low.over(b.low)
        return _Interval(low, low, _NEVER, _NEVER)
    low = _NOTHING.where(b.open, a.low.over(b.high))
    high = a.high.over(b.low)
    if positive:
        unbounded = a.open | (touches_zero & ~a.high.is_zero())
        return _Interval(low, high, unbounded, _NEVER)
    low = _NOTHING.where(touches_zero, low)
    is_zero = touches_zero & b.high.is_zero() & ~b.open
    return _Interval(low, high, a.open | touches_zero, is_zero)


def _select(a: _Interval, b: _Interval, possible: Bools, certain: Bools) -> _Interval:
    """`a` where the test holds, `b` where it does not, the hull of both where that is open."""
    least = b.low.where(a.low.at_least(b.low), a.low)
    low = a.low.where(certain, b.low.where(~possible, least))
    if a.known and b.known and not (possible & ~certain).any():
        high = low
    else:
        most = a.high.where(a.high.at_least(b.high), b.high)
        high = a.high.where(certain, b.high.where(~possible, most))
    return _Interval(
        low,
        high,
        (a.open & possible) | (b.open & ~certain),
        (a.absent & possible) | (b.absent & ~certain),
    )


def decide(program: Program, columns: Columns, rows: Rows) -> tuple[Bools, Bools]:
    """The state of every test in `rows` (k,): possible and certain, bool (tests, k) each.

    The numbers are taken as valid: the engine has looked at them before.
    """
    k = len(rows)
    shape = (len(program.tests), k)
    possible, certain = np.empty(shape, np.bool_), np.empty(shape, np.bool_)
    tests_of: dict[int, list[int]] = {}
    for index, test in enumerate(program.tests):
        tests_of.setdefault(test.node, []).append(index)
    inputs = _inputs(program, columns, rows)
    nodes: list[_Interval] = []
    for index, node in enumerate(program.nodes):
        value = _evaluate(node, nodes, inputs, possible, certain)
        nodes.append(value)
        for number in tests_of.get(index, ()):
            possible[number], certain[number] = _test(
                value, program.tests[number].op, _number(program.tests[number].threshold)
            )
    return possible, certain


def _evaluate(
    node: Node,
    nodes: Sequence[_Interval],
    inputs: Sequence[_Interval],
    possible: Bools,
    certain: Bools,
) -> _Interval:
    if node.op == Op.INPUT:
        return inputs[node.a]
    if node.op == Op.CONST:
        assert node.value is not None
        value = _number(node.value)
        return _Interval(value, value, _NEVER, _NEVER)
    if node.op == Op.NOT_APPLICABLE:
        return _Interval(_NOTHING, replace(_NOTHING), _ALWAYS, _ALWAYS)
    a, b = nodes[node.a], nodes[node.b]
    if node.op == Op.ADD:
        return _add(a, b)
    if node.op == Op.MUL:
        return _multiply(a, b)
    if node.op == Op.MAX:
        return _maximum(a, b)
    if node.op == Op.DIV:
        return _divide(a, b, node.positive)
    return _select(a, b, possible[node.test], certain[node.test])


def _test(value: _Interval, op: str, threshold: _Number) -> tuple[Bools, Bools]:
    strictly = op in (">", "<=")
    low = value.low.at_least(threshold, strictly)
    high = value.open | (low if value.known else value.high.at_least(threshold, strictly))
    possible, certain = (high, low) if op in (">=", ">") else (~low, ~high)
    return possible | value.absent, certain & ~value.absent


def verdicts(program: Program, possible: Bools, certain: Bools) -> tuple[Bools, Bools]:
    """Values and validity of every paragraph, bool (paragraphs, k) each, from its tests."""

    def touched(boxes: tuple[Box, ...]) -> Bools:
        result = np.zeros(possible.shape[1], np.bool_)
        for box in boxes:
            inside = np.ones(possible.shape[1], np.bool_)
            for literal in box:
                test = literal >> 1
                inside &= ~certain[test] if literal & 1 else possible[test]
            result |= inside
        return result

    shape = (len(program.paragraphs), possible.shape[1])
    values, valid = np.empty(shape, np.bool_), np.empty(shape, np.bool_)
    for index, paragraph in enumerate(program.paragraphs):
        true, false = touched(paragraph.true_boxes), touched(paragraph.false_boxes)
        values[index], valid[index] = true & ~false, true ^ false
    return values, valid


def _inputs(program: Program, columns: Columns, rows: Rows) -> list[_Interval]:
    """Every input in `rows`, with defaults and the closed list of peak rates filled in."""
    given = [
        _read(columns.by_quantity.get(entry.quantity) if entry.given else None, rows)
        for entry in program.inputs
    ]
    rated = np.zeros(len(rows), np.bool_)
    for entry, (_, _, missing) in zip(program.inputs, given, strict=True):
        if entry.closed_list:
            rated |= ~missing
    result = []
    for entry, (low, high, missing) in zip(program.inputs, given, strict=True):
        value = _decimals(low)
        if entry.default is not None:
            value, missing = _number(entry.default).where(missing, value), _NEVER
        elif entry.closed_list and not entry.open_unlisted:
            missing = missing & ~rated  # the others are 0, which `_decimals` makes of NaN
        if high is low:
            result.append(_unknown(missing, value))
            continue
        top = _decimals(high)
        if entry.default is not None:
            top = _number(entry.default).where(np.isnan(low) & np.isnan(high), top)
        result.append(_Interval(value, top, np.isinf(high) | missing, _NEVER))
    return result


def _read(column: Column | None, rows: Rows) -> tuple[Doubles, Doubles, Bools]:
    """Both ends (NaN where missing, one object if there are no ranges), and what is missing."""
    if column is None or (column.values is None and column.low is None and column.high is None):
        nothing = np.full(len(rows), np.nan)
        return nothing, nothing, np.ones(len(rows), np.bool_)
    if column.values is None:
        value = np.full(len(rows), np.nan)
    else:
        taken = column.values[rows]
        value = taken.astype(np.float64)
        if taken.dtype == np.uint8:
            value[taken == MISSING] = np.nan
    if column.low is None and column.high is None:
        return value, value, np.isnan(value)
    low = np.full(len(rows), np.nan) if column.low is None else column.low[rows]
    high = np.full(len(rows), np.nan) if column.high is None else column.high[rows]
    ranged = ~(np.isnan(low) & np.isnan(high))
    low = np.where(ranged, np.where(np.isnan(low), 0.0, low), value)
    high = np.where(ranged, np.where(np.isnan(high), np.inf, high), value)
    return low, high, np.isnan(low)


def _decimals(values: Doubles) -> _Number:
    """The decimals that a person wrote: of each double the shortest; NaN and inf become 0.

    With r = rint(x * 10^k), k <= 22: if r / 10^k == x in doubles and r <= 10^15, then r * 10^-k
    reads back as x, and as decimals of up to 15 digits are unique, it is the shortest. What is
    left after all k (16 and 17 digits, very large and very small numbers) is written out.
    """
    values = np.where(np.isfinite(values), values, 0.0)
    wholes = np.zeros(len(values), np.int64)
    scales = np.zeros(len(values), np.int64)
    left = np.arange(len(values))
    for scale in range(_SCALES + 1):
        power = 10.0**scale
        whole = np.rint(values[left] * power)
        fits = (whole <= _DIGITS) & (whole / power == values[left])
        wholes[left[fits]], scales[left[fits]] = whole[fits], scale
        left = left[~fits]
        if not len(left) or not (values[left] * power < _DIGITS).any():
            break
    written = [_written(value) for value in values[left].tolist()]
    finest = max([int(scales.max(initial=0)), *(scale for _, scale in written)])
    exact = [whole * 10 ** (finest - scale) for whole, scale in written]
    largest, scale = _written(float(values.max(initial=0.0)))
    bound = largest * 10 ** (finest - scale) + 1
    if bound <= _INT64:  # what is not 0 then needs at most 10^18
        result = wholes * _POWERS[np.minimum(finest - scales, 18)].astype(np.int64)
    else:
        result = wholes.astype(object) * _POWERS[finest - scales]
    result[left] = exact
    return _Number(_Whole(result, bound), _ONE, finest)


def _written(value: float) -> tuple[int, int]:
    """The shortest decimal of a double, as a whole number and the digits after its point."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    return int(whole + fraction), len(fraction) - int(exponent or 0)
