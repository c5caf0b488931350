"""The reference of the proof: verdicts in exact whole numbers, straight from the rules.

It works on columns of decimals m * 10^-k, one k a column, as whole numbers below 2^128. It reads
the conditions and formula trees of the rules floor, and shares no code with the compiler and the
engines: no doubles, no programs, no boxes. What it needs to be quick is that it works on columns
and that the thresholds of a metric cut its values into few places, so that a paragraph is a small
table over places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tests.proof import wide
from tests.proof.wide import Bools, Whole
from tppcore.rules.condition import All, AnyOf, Compare, Condition, Constant, Not, Unknown, leaves
from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    Max,
    Mul,
    NotApplicable,
    Quantity,
)
from tppcore.rules.rulebook import Rulebook

Codes = NDArray[np.uint8]
"""Verdicts: 0 undetermined, 2 false, 3 true; as bits, valid and value."""

_UNFILLED = 255
_ONE = wide.constant(1)
_NEVER = np.zeros(1, np.bool_)
_ALWAYS = np.ones(1, np.bool_)


@dataclass(frozen=True, slots=True)
class Cells:
    """A quantity over n rows: int64 (n,) numbers times 10^-scale, and which of them there are.

    A row is a value (`known`), a range (an end or two) or missing; numbers that are not there
    are 0. `low`, `high` and their masks are None where the column has no ranges.
    """

    scale: int
    value: NDArray[np.int64]
    known: Bools
    low: NDArray[np.int64] | None = None
    has_low: Bools | None = None
    high: NDArray[np.int64] | None = None
    has_high: Bools | None = None

    def rows(self, chosen: slice | Bools) -> Cells:
        parts = (self.low, self.has_low, self.high, self.has_high)
        return Cells(
            self.scale,
            self.value[chosen],
            self.known[chosen],
            *(None if part is None else part[chosen] for part in parts),  # type: ignore[arg-type]
        )

    @property
    def given(self) -> Bools:
        """The rows that are not missing."""
        if self.has_low is None or self.has_high is None:
            return self.known
        return self.known | self.has_low | self.has_high


@dataclass(frozen=True, slots=True)
class Number:
    """top / bottom * 10^-scale."""

    top: Whole
    bottom: Whole
    scale: int

    def plus(self, other: Number) -> Number:
        a, b = _aligned(self, other)
        if a.bottom is b.bottom:
            return Number(a.top.plus(b.top), a.bottom, a.scale)
        top = _product(a.top, b.bottom).plus(_product(b.top, a.bottom))
        return Number(top, _product(a.bottom, b.bottom), a.scale)

    def times(self, other: Number) -> Number:
        top, bottom = _product(self.top, other.top), _product(self.bottom, other.bottom)
        return Number(top, bottom, self.scale + other.scale)

    def over(self, other: Number) -> Number:
        """The quotient. Where `other` is 0 it is 0 too: the caller looks at those rows himself."""
        top, bottom = _product(self.top, other.bottom), _product(self.bottom, other.top)
        zero = other.is_zero()
        if zero.any():
            top, bottom = wide.constant(0).where(zero, top), _ONE.where(zero, bottom)
        return Number(top, bottom, self.scale - other.scale)

    def where(self, mask: Bools, other: Number) -> Number:
        a, b = _aligned(self, other)
        bottom = a.bottom if a.bottom is b.bottom else a.bottom.where(mask, b.bottom)
        return Number(a.top.where(mask, b.top), bottom, a.scale)

    def compare(self, other: Number) -> tuple[Bools, Bools]:
        """Where this is at least the other, and where it is more."""
        a, b = _aligned(self, other)
        return _product(a.top, b.bottom).compare(_product(b.top, a.bottom))

    def is_zero(self) -> Bools:
        return self.top.is_zero()


def _product(a: Whole, b: Whole) -> Whole:
    return a if b is _ONE else b if a is _ONE else a.times(b)


def _aligned(a: Number, b: Number) -> tuple[Number, Number]:
    scale = max(a.scale, b.scale)
    return _shifted(a, scale), _shifted(b, scale)


def _shifted(a: Number, scale: int) -> Number:
    if a.scale == scale:
        return a
    return Number(a.top.times(wide.constant(10 ** (scale - a.scale))), a.bottom, scale)


def _number(value: Fraction) -> Number:
    bottom = _ONE if value.denominator == 1 else wide.constant(value.denominator)
    return Number(wide.constant(value.numerator), bottom, 0)


_ZERO = _number(Fraction(0))


@dataclass(frozen=True, slots=True)
class Interval:
    """[low, high], or [low, inf) where `open`. `high` is `low` itself where all rows are known."""

    low: Number
    high: Number
    open: Bools

    @property
    def known(self) -> bool:
        return self.high is self.low


_ANYTHING = Interval(_ZERO, Number(wide.constant(0), _ONE, 0), _ALWAYS)


def _point(value: Number) -> Interval:
    return Interval(value, value, _NEVER)


def _add(a: Interval, b: Interval) -> Interval:
    low = a.low.plus(b.low)
    if a.known and b.known:
        return _point(low)
    return Interval(low, a.high.plus(b.high), a.open | b.open)


def _multiply(a: Interval, b: Interval) -> Interval:
    low = a.low.times(b.low)
    if a.known and b.known:
        return _point(low)
    # 0 * inf is 0: a factor that is 0 makes the product 0, whatever the other is.
    zero = (a.high.is_zero() & ~a.open) | (b.high.is_zero() & ~b.open)
    return Interval(low, a.high.times(b.high), (a.open | b.open) & ~zero)


def _greater(a: Number, b: Number) -> Number:
    return a.where(a.compare(b)[0], b)


def _maximum(a: Interval, b: Interval) -> Interval:
    low = _greater(a.low, b.low)
    if a.known and b.known:
        return _point(low)
    return Interval(low, _greater(a.high, b.high), a.open | b.open)


def _divide(top: Interval, bottom: Interval, positive: bool) -> Interval:
    zero = bottom.low.is_zero()
    if top.known and bottom.known and not zero.any():
        return _point(top.low.over(bottom.low))
    low = top.low.over(bottom.high)
    low = _ZERO.where(bottom.open, low) if bottom.open.any() else low
    nothing = top.high.is_zero() & ~top.open
    if positive:  # near 0 the quotient grows without limit, unless it is one of 0
        return Interval(low, top.high.over(bottom.low), (top.open | zero) & ~nothing)
    # A denominator that may be 0: the metric may not apply, and says nothing.
    low = _ZERO.where(zero, low)
    return Interval(low, top.high.over(bottom.low), (top.open & ~nothing) | zero)


def _choose(on: Interval, op: str, threshold: Number, a: Interval, b: Interval) -> Interval:
    at_low, at_high = _holds(on, op, threshold)
    first, second = at_low & at_high, ~at_low & ~at_high
    low = a.low.where(first, b.low.where(second | a.low.compare(b.low)[0], a.low))
    if a.known and b.known and (first | second).all():
        return _point(low)
    high = a.high.where(first, b.high.where(second | ~a.high.compare(b.high)[0], a.high))
    return Interval(low, high, (a.open & ~second) | (b.open & ~first))


def _holds(value: Interval, op: str, threshold: Number) -> tuple[Bools, Bools]:
    """Whether `op threshold` holds at the low end, and at the high end."""
    pick = 0 if op in (">=", "<") else 1
    low = value.low.compare(threshold)[pick]
    high = low if value.known else value.high.compare(threshold)[pick] | value.open
    return (low, high) if op in (">=", ">") else (~low, ~high)


class _Evaluation:
    """The metrics of some rows that all state a peak rate (`rated`), or none of which does."""

    def __init__(self, reference: Reference, cells: Mapping[str, Cells], rated: bool) -> None:
        self.formulas, self.cells, self.rated = reference.rules.formulas, cells, rated
        self.quantities = self.formulas.vocabulary.quantities
        self.constants = reference.constants[rated]
        self.found: dict[int, Interval] = {}

    def metric(self, name: str) -> Interval:
        return self.value(self.formulas.tree(name))

    def value(self, expr: Expr) -> Interval:
        key = id(expr)
        if key in self.constants:
            return self.constants[key]
        if key not in self.found:
            result = self._value(expr)
            # Of no column of the table, hence the same in every block.
            if isinstance(expr, Quantity):
                is_constant = expr.name not in self.cells
            else:
                is_constant = all(id(part) in self.constants for part in _parts(expr))
            (self.constants if is_constant else self.found)[key] = result
            return result
        return self.found[key]

    def _value(self, expr: Expr) -> Interval:
        match expr:
            case Const(value):
                return _point(_number(value))
            case Quantity(name):
                return self.quantity(name)
            case NotApplicable():
                return _ANYTHING
            case Add(a, b):
                return _add(self.value(a), self.value(b))
            case Mul(a, b):
                return _multiply(self.value(a), self.value(b))
            case Div(a, b):
                return _divide(self.value(a), self.value(b), self.formulas.is_positive(b))
            case Max(args):
                return self.maximum([self.value(argument) for argument in args])
            case Choice(subject, op, threshold, a, b):
                on = self.value(subject)
                return _choose(on, op, _number(threshold), self.value(a), self.value(b))

    def maximum(self, parts: list[Interval]) -> Interval:
        kept = [part for part in parts if not _is_nothing(part)]
        result = kept[0] if kept else _point(_ZERO)
        for part in kept[1:]:
            result = _maximum(result, part)
        return result

    def missing(self, name: str) -> Interval:
        """What a row may hold that does not state a quantity."""
        spec = self.quantities[name]
        if spec.absent is not None:
            return _point(_number(spec.absent))
        if spec.rate and self.rated and not self.formulas.open_unlisted:
            return _point(_ZERO)
        return _ANYTHING

    def quantity(self, name: str) -> Interval:
        missing = self.missing(name)
        if name not in self.cells:
            return missing
        cells = self.cells[name]
        given = cells.given
        value = Number(wide.column(cells.value), _ONE, cells.scale)
        ends = [value, value]
        is_open = _NEVER
        if cells.low is not None and cells.high is not None:
            assert cells.has_high is not None
            for i, end in enumerate((cells.low, cells.high)):
                end = np.where(cells.known, cells.value, end)
                ends[i] = Number(wide.column(end), _ONE, cells.scale)
            is_open = given & ~cells.known & ~cells.has_high
        if given.all():
            return Interval(ends[0], ends[1], is_open)
        if missing.known:
            ends = [end.where(given, missing.low) for end in ends]
            if cells.low is None:
                ends[1] = ends[0]
            return Interval(ends[0], ends[1], is_open)
        # Numbers that are not there are 0, as the low end of what can be anything is.
        return Interval(ends[0], replace(ends[1]), is_open | ~given)


def _is_nothing(part: Interval) -> bool:
    return part.known and part.low.top.bound == 0


def _parts(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Add(a, b) | Mul(a, b) | Div(a, b):
            return a, b
        case Max(args):
            return args
        case Choice(subject, _, _, a, b):
            return subject, a, b
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class _Table:
    """A paragraph over the spans (first and last place) of its metrics, filled as they come up.

    `parts[metric]` turns the span in the thresholds of the rulebook into this metric's share of
    the index.
    """

    truth: Bools
    places: tuple[int, ...]
    parts: Mapping[str, NDArray[np.int64]]
    codes: Codes

    def verdicts(self, spans: Mapping[str, NDArray[np.int64]], rows: int) -> Codes:
        index = np.zeros(rows, np.int64)
        for metric, part in self.parts.items():
            index += part[spans[metric]]
        codes = self.codes[index]
        if (codes == _UNFILLED).any():
            for each in np.unique(index[codes == _UNFILLED]).tolist():
                self.codes[each] = self._decide(each)
            codes = self.codes[index]
        return codes

    def _decide(self, index: int) -> int:
        """Whether all combinations of places agree; a gap in the text is open in every row."""
        ranges = []
        for places in reversed(self.places):
            index, span = divmod(index, places * places)
            first, last = divmod(span, places)
            ranges.append(slice(first, last + 1))
        reached = self.truth[tuple(reversed(ranges))]
        return 3 if reached.all() else 2 if not reached.any() else 0


def _table(condition: Condition, limits: Mapping[str, list[Fraction]]) -> _Table:
    own: dict[str, set[Fraction]] = {}
    gaps: dict[str, None] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Compare):
            own.setdefault(leaf.metric, set()).add(leaf.threshold)
        elif isinstance(leaf, Unknown):
            gaps[leaf.why] = None
    cuts = {metric: sorted(found) for metric, found in own.items()}
    sizes = [2 * len(found) + 1 for found in cuts.values()]
    shape = (*sizes, *(2 for _ in gaps))
    axes = dict(zip([*cuts, *(f"gap {why}" for why in gaps)], np.indices(shape), strict=True))
    truth = np.broadcast_to(_truth(condition, cuts, axes), shape)
    parts: dict[str, NDArray[np.int64]] = {}
    stride = 1
    for metric, places in reversed(list(zip(cuts, sizes, strict=True))):
        # Place 2 i + 1 is threshold i itself, the even places are the gaps around them.
        ranks = [limits[metric].index(cut) for cut in cuts[metric]]
        every = np.arange(2 * len(limits[metric]) + 1)
        place = np.zeros(len(every), np.int64)
        for rank in ranks:
            place += (every >= 2 * rank + 1).astype(np.int64) + (every > 2 * rank + 1)
        parts[metric] = ((place[:, None] * places + place[None, :]) * stride).ravel()
        stride *= places * places
    return _Table(truth, tuple(sizes), parts, np.full(stride, _UNFILLED, np.uint8))


def _truth(
    condition: Condition,
    cuts: Mapping[str, list[Fraction]],
    axes: Mapping[str, NDArray[np.int64]],
) -> Bools:
    match condition:
        case Compare(metric, op, threshold):
            place, on = axes[metric], 2 * cuts[metric].index(threshold) + 1
            compare = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal}
            return np.asarray(compare[op](place, on))
        case Unknown(why):
            return np.asarray(axes[f"gap {why}"] == 1)
        case Constant(value):
            return np.asarray(value)
        case All(items):
            parts = [_truth(item, cuts, axes) for item in items]
            return np.asarray(np.logical_and.reduce(np.broadcast_arrays(*parts)))
        case AnyOf(items):
            parts = [_truth(item, cuts, axes) for item in items]
            return np.asarray(np.logical_or.reduce(np.broadcast_arrays(*parts)))
        case Not(item):
            return ~_truth(item, cuts, axes)
        case _:
            raise AssertionError(f"{condition} has not been expanded")


class Reference:
    """The verdicts of a rulebook over tables that have certain columns."""

    BLOCK = 1 << 14
    """Rows at a time, whose columns stay in the cache."""

    def __init__(self, rules: Rulebook) -> None:
        self.rules = rules
        found: dict[str, set[Fraction]] = {}
        for paragraph in rules.paragraphs:
            for leaf in leaves(paragraph.condition):
                if isinstance(leaf, Compare):
                    found.setdefault(leaf.metric, set()).add(leaf.threshold)
        self.limits = {metric: sorted(each) for metric, each in found.items()}
        self.tables = [_table(p.condition, self.limits) for p in rules.paragraphs]
        self.rates = set(rules.vocabulary.rates)
        self.constants: dict[bool, dict[int, Interval]] = {}
        self._columns: frozenset[str] | None = None

    def verdicts(self, cells: Mapping[str, Cells], rows: int) -> Codes:
        """The verdicts of every paragraph and row, uint8 (paragraphs, rows).

        Raises TooWide where 128 bits may not be enough for the numbers of some column.
        """
        if self._columns != frozenset(cells):  # what is constant depends on what is given
            self._columns = frozenset(cells)
            self.constants = {True: {}, False: {}}
        result = np.empty((len(self.tables), rows), np.uint8)
        for begin in range(0, rows, self.BLOCK):
            chosen = slice(begin, min(begin + self.BLOCK, rows))
            block = {name: each.rows(chosen) for name, each in cells.items()}
            self._block(block, result[:, chosen])
        return result

    def _block(self, cells: Mapping[str, Cells], out: Codes) -> None:
        rated = np.zeros(out.shape[1], np.bool_)
        for name, each in cells.items():
            if name in self.rates:
                rated |= each.given
        for is_rated in (True, False):
            mask = rated if is_rated else ~rated
            if mask.all():
                out[:] = self._alike(cells, is_rated, out.shape[1])
            elif mask.any():
                some = {name: each.rows(mask) for name, each in cells.items()}
                out[:, mask] = self._alike(some, is_rated, int(np.count_nonzero(mask)))

    def _alike(self, cells: Mapping[str, Cells], rated: bool, rows: int) -> Codes:
        evaluation = _Evaluation(self, cells, rated)
        spans = {
            metric: _span(evaluation.metric(metric), limits)
            for metric, limits in self.limits.items()
        }
        return np.stack([table.verdicts(spans, rows) for table in self.tables])


def _span(value: Interval, limits: list[Fraction]) -> NDArray[np.int64]:
    """The first and last place of an interval among the thresholds, as one number."""
    low = high = np.zeros(1, np.int64)
    for limit in map(_number, limits):
        at_least, more = value.low.compare(limit)
        low = low + at_least + more
        if not value.known:
            at_least, more = value.high.compare(limit)
            high = high + at_least + more
    last = 2 * len(limits)
    high = low if value.known else np.where(value.open, last, high)
    return low * (last + 1) + high
