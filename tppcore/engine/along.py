"""Metrics along one quantity, all others as they are: where they change sides, solved exactly.

With the others fixed, both ends of a metric's interval are made of pieces (a q + b) / (c q + d).
Quantities and constants are never below 0 and formulas only add, multiply, divide and take maxima,
so no coefficient is below 0 either: where q > 0, a piece is 0 everywhere or nowhere. What a metric
is at the borders of its pieces, and at q = 0, is for the exact engine to say.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine.exact import Interval, Metrics, Row, holds
from tppcore.errors import TppError
from tppcore.rules.expression import (
    Add,
    Choice,
    Div,
    Expr,
    Max,
    Mul,
    Quantity,
    quantities,
)
from tppcore.rules.vocabulary import Formulas

_ZERO, _ONE = Fraction(0), Fraction(1)

_Line = tuple[Fraction, Fraction]
"""(b, a) of a q + b."""


class _Bent(Exception):
    """A formula that is no quotient of two lines, or whose parts cross where no fraction is."""


def _product(one: _Line, other: _Line) -> _Line:
    if one[1] and other[1]:
        raise _Bent
    return one[0] * other[0], one[0] * other[1] + one[1] * other[0]


def _sum(one: _Line, other: _Line) -> _Line:
    return one[0] + other[0], one[1] + other[1]


def _cancelled(top: _Line, bottom: _Line) -> tuple[_Line, _Line]:
    """A quotient of two lines without their common factor."""
    if top[1] and top[0] * bottom[1] == top[1] * bottom[0]:
        return (top[1], _ZERO), (bottom[1], _ZERO)
    return top, bottom


@dataclass(frozen=True, slots=True)
class Curve:
    """(a q + b) / (c q + d): `top` is (b, a) and `bottom` (d, c)."""

    top: _Line
    bottom: _Line = (_ONE, _ZERO)

    @property
    def is_zero(self) -> bool:
        return not any(self.top)

    def at(self, q: Fraction) -> Fraction:
        return (self.top[1] * q + self.top[0]) / (self.bottom[1] * q + self.bottom[0])

    def plus(self, other: Curve) -> Curve:
        if self.bottom[0] * other.bottom[1] == self.bottom[1] * other.bottom[0]:
            side = 1 if other.bottom[1] else 0
            ratio = self.bottom[side] / other.bottom[side]
            scaled = other.top[0] * ratio, other.top[1] * ratio
            return Curve(*_cancelled(_sum(self.top, scaled), self.bottom))
        top = _sum(_product(self.top, other.bottom), _product(other.top, self.bottom))
        return Curve(*_cancelled(top, _product(self.bottom, other.bottom)))

    def times(self, other: Curve) -> Curve:
        if self.is_zero or other.is_zero:
            return NOTHING
        one, under = _cancelled(self.top, other.bottom)
        two, below = _cancelled(other.top, self.bottom)
        return Curve(*_cancelled(_product(one, two), _product(under, below)))

    def over(self, other: Curve) -> Curve:
        """The quotient; `other` is not 0 everywhere."""
        return self.times(Curve(other.bottom, other.top))

    def meets(self, other: Curve) -> list[Fraction]:
        """Where two curves cross or touch; nowhere if they are the same."""
        (b, a), (d, c) = self.top, self.bottom
        (f, e), (h, g) = other.top, other.bottom
        square, slope, least = a * g - e * c, a * h + b * g - e * d - f * c, b * h - f * d
        if square == 0:
            return [-least / slope] if slope else []
        under = slope * slope - 4 * square * least
        if under < 0:
            return []
        root = Fraction(math.isqrt(under.numerator), math.isqrt(under.denominator))
        if root * root != under:
            raise _Bent
        return [(-slope - root) / (2 * square), (-slope + root) / (2 * square)]


def constant(value: Fraction) -> Curve:
    return Curve((value, _ZERO))


NOTHING = constant(_ZERO)
_ITSELF = Curve((_ZERO, _ONE))


@dataclass(frozen=True, slots=True)
class Ends:
    """An interval along the quantity: `high` is None where it is unbounded."""

    low: Curve
    high: Curve | None
    applicable: bool = True


_ANYTHING = Ends(NOTHING, None)
_NOT_APPLICABLE = Ends(NOTHING, None, False)


@dataclass(frozen=True, slots=True)
class Piece:
    """What an interval is for `start` < q < `stop` (None: no end)."""

    start: Fraction
    stop: Fraction | None
    ends: Ends


_Pairs = Iterable[tuple[Curve, Curve]]


class Along:
    """The metrics of one row, along any quantity that it states."""

    def __init__(self, formulas: Formulas, row: Row) -> None:
        self.formulas = formulas
        self.metrics = Metrics(formulas, row)
        self._reads: dict[int, frozenset[str]] = {}
        self._pieces: dict[tuple[str, int], list[Piece]] = {}

    def reads(self, metric: str) -> frozenset[str]:
        """The quantities that a metric reads."""
        return self._read(self.formulas.tree(metric))

    def cuts(self, quantity: str, metric: str, thresholds: Sequence[Fraction]) -> set[Fraction]:
        """Values above 0 of a quantity, all on one side of each threshold between two neighbours.

        Raises TppError for a formula that is no quotient of lines in this quantity.
        """
        lines = [constant(threshold) for threshold in thresholds]
        found: set[Fraction] = set()
        try:
            for piece in self.pieces(quantity, self.formulas.tree(metric)):
                found.add(piece.start)
                pairs = itertools.product(_both(piece.ends), lines)
                found.update(_inside(piece.start, piece.stop, pairs))
        except _Bent:
            raise TppError(
                f"{metric} is no quotient of linear functions of {quantity}: where it meets a "
                "threshold may be no fraction; expected other quantities"
            ) from None
        return found - {_ZERO}

    def pieces(self, quantity: str, expr: Expr) -> list[Piece]:
        """A part of a formula, in pieces from 0 to no end."""
        if quantity not in self._read(expr):
            return [Piece(_ZERO, None, _fixed(self.metrics.part(expr)))]
        # By identity: the formulas keep their trees alive, and those share what is alike.
        key = quantity, id(expr)
        if key not in self._pieces:
            self._pieces[key] = list(self._made(quantity, expr))
        return self._pieces[key]

    def _read(self, expr: Expr) -> frozenset[str]:
        if id(expr) not in self._reads:
            self._reads[id(expr)] = quantities(expr)
        return self._reads[id(expr)]

    def _made(self, quantity: str, expr: Expr) -> Iterator[Piece]:
        def joined(
            exprs: Sequence[Expr],
            join: Callable[[Sequence[Ends], Fraction], Ends],
            splits: Callable[[Sequence[Ends]], _Pairs] = lambda parts: (),
        ) -> Iterator[Piece]:
            return _joined([self.pieces(quantity, each) for each in exprs], join, splits)

        match expr:
            case Quantity():
                yield Piece(_ZERO, None, Ends(_ITSELF, _ITSELF))
            case Add(a, b):
                yield from joined((a, b), _add)
            case Mul(a, b):
                yield from joined((a, b), _multiply)
            case Div(a, b):
                positive = self.formulas.is_positive(b)
                yield from joined((a, b), lambda parts, _: _divide(positive, *parts))
            case Max(args):
                moves = [quantity in self._read(each) for each in args]
                still = [
                    self.metrics.part(each)
                    for each, moving in zip(args, moves, strict=True)
                    if not moving
                ]
                parts = [self.pieces(quantity, each) for each in itertools.compress(args, moves)]
                if still:
                    parts.append([Piece(_ZERO, None, _fixed(_largest(still)))])
                yield from _joined(parts, _maximum, _pairs)
            case Choice(subject, op, threshold, a, b):
                line = constant(threshold)
                yield from joined(
                    (subject, a, b),
                    lambda parts, at: _choose(op, threshold, at, *parts),
                    lambda parts: [
                        *((each, line) for each in _both(parts[0])),
                        *_pairs(parts[1:]),
                    ],
                )


def _fixed(value: Interval) -> Ends:
    high = None if value.high == math.inf else constant(Fraction(value.high))
    return Ends(constant(value.low), high, value.applicable)


def _largest(values: Sequence[Interval]) -> Interval:
    return Interval(max(each.low for each in values), max(each.high for each in values))


def _both(ends: Ends) -> list[Curve]:
    return [ends.low] if ends.high is None else [ends.low, ends.high]


def _pairs(parts: Sequence[Ends]) -> _Pairs:
    """All lower ends against each other, and all upper ends."""
    yield from itertools.combinations([each.low for each in parts], 2)
    yield from itertools.combinations([each.high for each in parts if each.high is not None], 2)


def _inside(start: Fraction, stop: Fraction | None, pairs: _Pairs) -> set[Fraction]:
    """Where the curves of some pair meet, strictly between."""
    return {
        q
        for one, other in pairs
        for q in one.meets(other)
        if q > start and (stop is None or q < stop)
    }


def _joined(
    parts: Sequence[list[Piece]],
    join: Callable[[Sequence[Ends], Fraction], Ends],
    splits: Callable[[Sequence[Ends]], _Pairs],
) -> Iterator[Piece]:
    """`join(ends, q)` of the parts, for a q inside each piece of theirs as `splits` divides it."""
    starts = sorted({piece.start for part in parts for piece in part})
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        ends = [next(p for p in reversed(part) if p.start <= start).ends for part in parts]
        cuts = sorted(_inside(start, stop, splits(ends)))
        for low, high in zip([start, *cuts], [*cuts, stop], strict=True):
            yield Piece(low, high, join(ends, between(low, high)))


def between(low: Fraction, high: Fraction | None) -> Fraction:
    """A value strictly between two, or above the first one."""
    return low + 1 if high is None else (low + high) / 2


# The operations of the exact engine, over curves.


def _add(parts: Sequence[Ends], _: Fraction) -> Ends:
    a, b = parts
    high = None if a.high is None or b.high is None else a.high.plus(b.high)
    return Ends(a.low.plus(b.low), high)


def _multiply(parts: Sequence[Ends], _: Fraction) -> Ends:
    a, b = parts
    high = None
    if any(each.high is not None and each.high.is_zero for each in parts):
        high = NOTHING
    elif a.high is not None and b.high is not None:
        high = a.high.times(b.high)
    return Ends(a.low.times(b.low), high)


def _divide(positive: bool, top: Ends, bottom: Ends) -> Ends:
    if bottom.high is not None and bottom.high.is_zero:
        return _NOT_APPLICABLE
    if bottom.low.is_zero and not positive:
        return _ANYTHING
    low = NOTHING if bottom.high is None else top.low.over(bottom.high)
    if top.high is not None and top.high.is_zero:
        return Ends(low, NOTHING)
    if bottom.low.is_zero or top.high is None:
        return Ends(low, None)
    return Ends(low, top.high.over(bottom.low))


def _maximum(parts: Sequence[Ends], at: Fraction) -> Ends:
    highs = [each.high for each in parts if each.high is not None]
    low = max((each.low for each in parts), key=lambda curve: curve.at(at))
    high = max(highs, key=lambda curve: curve.at(at)) if len(highs) == len(parts) else None
    return Ends(low, high)


def _choose(op: str, threshold: Fraction, at: Fraction, on: Ends, a: Ends, b: Ends) -> Ends:
    ends = (on.low.at(at), math.inf if on.high is None else on.high.at(at))
    sides = {holds(end, op, threshold) for end in ends}
    if len(sides) == 1:
        return a if sides.pop() else b
    low = min(a.low, b.low, key=lambda curve: curve.at(at))
    high = None
    if a.high is not None and b.high is not None:
        high = max(a.high, b.high, key=lambda curve: curve.at(at))
    return Ends(low, high, a.applicable and b.applicable)
