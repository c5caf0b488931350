"""A program as LLVM instructions: its metrics in doubles, its tests as bits, its paragraphs.

What is emitted is straight-line code for one program, its constants in it, over any number of
lanes: one for a chip, several for a block of a table. There is no fastmath and no contraction, so
that sums and products are those of C. Importing it imports Numba's llvmlite.

A node is a `Span`, low and high end; where all values are points the two are one value, and an end
that is infinite in every row costs nothing. A test comes out as a `State`: can it hold, does it
hold for certain, and the rows that are near its threshold, where doubles prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tppcore.engine.lowlevel import ir
from tppcore.engine.structure import cone, is_unknown, near_ends, tested
from tppcore.program.program import Box, Node, Op, Program, Test

Value = Any
"""An LLVM value."""


Terms = dict[int, float]
"""What some value is the greatest of: inputs, each times a factor."""

Pack = Callable[[Terms], Value]
"""Computes such a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """[low, high]; `high` is None where it is infinite in every row, and `low` itself where all
    rows are points. `absent`: the rows where the metric does not apply, None if there are none;
    what is computed from them sees [0, inf)."""

    low: Value
    high: Value | None
    absent: Value | None = None

    @property
    def point(self) -> bool:
        return self.high is self.low


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One bit a lane each; `near` is None where doubles are exact."""

    possible: Value
    certain: Value
    near: Value | None


class Evaluation:
    """The tests of a program over the lanes of some inputs.

    `source` gives the span of an input, unless it is unknown in every table. With `assume`, an
    unknown quantity that divides only zeros is taken as harmless, and `trouble` says in which lanes
    that is not so: then nothing else holds. With `pack`, which computes the greatest of several
    inputs times constants, inputs that must be 0 are in `zeros` instead.
    """

    def __init__(
        self,
        program: Program,
        builder: Any,
        lanes: int,
        source: Callable[[int], Span],
        *,
        assume: bool = False,
        pack: Pack | None = None,
    ) -> None:
        self.program, self.builder, self.lanes = program, builder, lanes
        self.source, self.assume, self.pack = source, assume, pack
        self.terms: dict[int, Terms] = {}  # by node
        double = ir.DoubleType()
        self.real: Any = double if lanes == 1 else ir.VectorType(double, lanes)
        self.bits: Any = ir.IntType(1) if lanes == 1 else ir.VectorType(ir.IntType(1), lanes)
        self.zero = self.number(0.0)
        self.trouble: Value | None = None
        self.zeros: set[int] = set()
        self.states: dict[int, State] = {}
        tests_of: dict[int, list[int]] = {}
        for number, test in enumerate(program.tests):
            tests_of.setdefault(test.node, []).append(number)
        spans: dict[int, Span] = {}
        for index in cone(program, tested(program)):
            spans[index] = self.span(program.nodes[index], spans)
            if pack is not None and spans[index].point:
                spans[index] = self.packed(index, spans)
            for number in tests_of.get(index, ()):
                self.states[number] = self.test(program.tests[number], spans[index])

    # -- values -----------------------------------------------------------------------------------

    def number(self, value: float) -> Value:
        return ir.Constant(self.real, value if self.lanes == 1 else [value] * self.lanes)

    def mask(self, value: bool) -> Value:
        bit = ir.Constant(ir.IntType(1), int(value))
        return bit if self.lanes == 1 else ir.Constant(self.bits, [bit] * self.lanes)

    def high(self, span: Span) -> Value:
        return self.number(float("inf")) if span.high is None else span.high

    def larger(self, a: Value, b: Value) -> Value:
        if self.zero in (a, b):
            return b if a is self.zero else a
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def smaller(self, a: Value, b: Value) -> Value:
        return self.builder.select(self.builder.fcmp_ordered("<", a, b), a, b)

    def is_zero(self, value: Value) -> Value:
        return self.builder.fcmp_ordered("==", value, self.zero)

    def or_zero(self, value: Value) -> Value:
        """0 times infinity, and 0 / 0 where a denominator is no more than close to 0, are 0."""
        is_number = self.builder.fcmp_ordered("==", value, value)
        return self.builder.select(is_number, value, self.zero)

    # -- nodes ------------------------------------------------------------------------------------

    def span(self, node: Node, spans: Mapping[int, Span]) -> Span:
        if node.op == Op.CONST:
            value = self.zero if not node.value else self.number(float(node.value))
            return Span(value, value)
        if node.op == Op.INPUT:
            if is_unknown(self.program.inputs[node.a]):
                return Span(self.zero, None)
            return self.source(node.a)
        if node.op == Op.NOT_APPLICABLE:
            return Span(self.zero, None, self.mask(True))
        a, b = spans[node.a], spans[node.b]
        if node.op == Op.ADD:
            return self.both(self.sum, a, b)
        if node.op == Op.MAX:
            return self.both(self.larger, a, b)
        if node.op == Op.MUL:
            return self.product(node, a, b)
        if node.op == Op.DIV:
            return self.quotient(node, a, b)
        return self.choice(self.states[node.test], a, b)

    def packed(self, index: int, spans: Mapping[int, Span]) -> Span:
        """The same span: the greatest of several inputs times constants is computed for all of
        them at once. Maxima round nothing, so their order is free; what is not used costs nothing.
        """
        node = self.program.nodes[index]
        span = spans[index]
        terms: Terms = {}
        if node.op == Op.INPUT:
            terms = {node.a: 1.0} if self.program.inputs[node.a].given else {}
        elif node.op in (Op.MUL, Op.MAX):
            a, b = self.terms.get(node.a, {}), self.terms.get(node.b, {})
            factors = [self.program.nodes[each].value for each in (node.a, node.b)]
            same = [each for each in (node.a, node.b) if spans[each].low is span.low]
            if same:
                terms = self.terms.get(same[0], {})
            elif node.op == Op.MAX and a and b and not a.keys() & b.keys():
                terms = a | b
            elif node.op == Op.MUL and any(factors):
                factor = float(factors[0] or factors[1] or 0)
                terms = {i: factor for i, by in (a | b).items() if by == 1.0}
                terms = terms if len(terms) == len(a | b) == 1 else {}
        self.terms[index] = terms
        if len(terms) < 2 or self.pack is None:
            return span
        value = self.pack(terms)
        return Span(value, value)

    def both(self, operate: Callable[[Value, Value], Value], a: Span, b: Span) -> Span:
        """An operation that grows with both operands, and is infinite if one of them is."""
        low = operate(a.low, b.low)
        if a.point and b.point:
            return Span(low, low)
        if a.high is None or b.high is None:
            return Span(low, None)
        return Span(low, operate(a.high, b.high))

    def sum(self, a: Value, b: Value) -> Value:
        if self.zero in (a, b):
            return b if a is self.zero else a
        return self.builder.fadd(a, b)

    def times(self, a: Value, b: Value) -> Value:
        return self.zero if self.zero in (a, b) else self.builder.fmul(a, b)

    def product(self, node: Node, a: Span, b: Span) -> Span:
        low = self.times(a.low, b.low)
        if a.point and b.point:
            return Span(low, low)
        positive = [
            bool(each.value) for each in (self.program.nodes[node.a], self.program.nodes[node.b])
        ]
        if a.high is None and (b.high is None or positive[1]):
            return Span(low, None)
        if b.high is None and positive[0]:
            return Span(low, None)
        high = self.times(self.high(a), self.high(b))
        return Span(low, high if any(positive) or high is self.zero else self.or_zero(high))

    def quotient(self, node: Node, a: Span, b: Span) -> Span:
        if node.positive:
            if self.assume and a.point and b.high is None and b.low is self.zero:
                return self.assumed_zero(node.a, a)
            return self.positive_quotient(a, b)
        zero = self.is_zero(b.low)
        low = self.zero if b.high is None else self.builder.fdiv(a.low, b.high)
        low = self.builder.select(zero, self.zero, low)
        high = self.number(float("inf"))
        if a.high is not None:
            high = self.builder.select(zero, high, self.builder.fdiv(a.high, b.low))
        return Span(low, high, None if b.high is None else self.is_zero(b.high))

    def positive_quotient(self, a: Span, b: Span) -> Span:
        """A denominator of 0 is the open end of (0, x]: the quotient is unbounded there."""
        if a.point and b.point:
            low = self.builder.fdiv(a.low, b.low)
            return Span(low, low)
        low = self.zero if b.high is None else self.builder.fdiv(a.low, b.high)
        if a.high is None:
            return Span(low, None)
        if b.low is not self.zero:
            return Span(low, self.or_zero(self.builder.fdiv(a.high, b.low)))
        infinite = self.number(float("inf"))
        return Span(low, self.builder.select(self.is_zero(a.high), self.zero, infinite))

    def assumed_zero(self, index: int, span: Span) -> Span:
        """What an unknown quantity divides: 0, or there is trouble."""
        terms = self.terms.get(index, {})
        if list(terms.values()) == [1.0]:
            self.zeros.update(terms)
        else:
            some = self.builder.not_(self.is_zero(span.low))
            self.trouble = some if self.trouble is None else self.builder.or_(self.trouble, some)
        return Span(self.zero, self.zero)

    def choice(self, state: State, a: Span, b: Span) -> Span:
        """`a` where the test holds, `b` where it does not, the hull of both where that is open."""
        select = self.builder.select
        possible, certain = state.possible, state.certain
        absent = None
        if a.absent is not None or b.absent is not None:
            never = self.mask(False)
            one = self.builder.and_(never if a.absent is None else a.absent, possible)
            other = never if b.absent is None else b.absent
            absent = self.builder.or_(one, self.builder.and_(other, self.builder.not_(certain)))
        if possible is certain:
            low = select(certain, a.low, b.low)
            if a.point and b.point:
                return Span(low, low, absent)
            return Span(low, select(certain, self.high(a), self.high(b)), absent)
        hull = self.smaller(a.low, b.low), self.larger(self.high(a), self.high(b))
        low = select(certain, a.low, select(possible, hull[0], b.low))
        high = select(certain, self.high(a), select(possible, hull[1], self.high(b)))
        return Span(low, high, absent)

    # -- tests ------------------------------------------------------------------------------------

    def test(self, test: Test, span: Span) -> State:
        at_low, near = self.reaches(test, span.low)
        at_high = at_low
        if span.high is None:
            at_high = self.mask(True)
        elif not span.point:
            at_high, also = self.reaches(test, span.high)
            near = also if near is None else self.builder.or_(near, also)
        possible, certain = at_high, at_low
        if test.op in ("<", "<="):
            certain = self.builder.not_(at_high)
            possible = certain if at_high is at_low else self.builder.not_(at_low)
        if span.absent is not None:
            possible = self.builder.or_(possible, span.absent)
            certain = self.builder.and_(certain, self.builder.not_(span.absent))
        return State(possible, certain, near)

    def reaches(self, test: Test, value: Value) -> tuple[Value, Value | None]:
        """Whether an end of a span reaches the threshold, and whether it is near it."""
        compare = self.builder.fcmp_ordered
        if not test.epsilon:
            op = ">" if test.op in (">", "<=") else ">="
            return compare(op, value, self.number(float(test.threshold))), None
        least, most = near_ends(test)
        above = compare(">", value, self.number(most))
        return above, self.builder.xor(compare(">=", value, self.number(least)), above)


def verdicts(
    program: Program,
    builder: Any,
    possible: Callable[[int], Value],
    certain: Callable[[int], Value],
    everywhere: Value,
    sure: frozenset[int],
) -> list[tuple[Value, Value]]:
    """Values and validity of every paragraph, from the words (or bits) of its tests.

    `everywhere` is a word of ones. Only false boxes make a paragraph undetermined, and not where
    all of its tests are in `sure`.
    """

    def touched(boxes: Sequence[Box]) -> Value:
        found = None
        for box in boxes:
            inside = everywhere
            for literal in box:
                word = certain(literal >> 1) if literal & 1 else possible(literal >> 1)
                word = builder.xor(word, everywhere) if literal & 1 else word
                inside = word if inside is everywhere else builder.and_(inside, word)
            found = inside if found is None else builder.or_(found, inside)
        return ir.Constant(everywhere.type, None) if found is None else found

    result = []
    for paragraph in program.paragraphs:
        boxes = (*paragraph.true_boxes, *paragraph.false_boxes)
        true = touched(paragraph.true_boxes)
        if sure.issuperset(literal >> 1 for box in boxes for literal in box):
            result.append((true, everywhere))
            continue
        false = touched(paragraph.false_boxes)
        valid = builder.xor(true, false)
        result.append((builder.and_(true, valid), valid))
    return result
