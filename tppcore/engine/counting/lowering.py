"""A program over quantities that are forms: which forms it compares with which thresholds, and what
each paragraph makes of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine.counting.forms import Form, Forms, Kind, compare
from tppcore.program.program import Box, Node, Op, Program

Cut = tuple[Fraction, bool]
"""A threshold that a form reaches (>=), or passes (>) where the boolean is true. Cuts of one form
are kept in ascending order, so that which of them hold is one number: the place of the form."""


@dataclass(frozen=True, slots=True)
class Range:
    """The bounds of a quantity or metric, as forms; the same form twice where it is known."""

    low: Form
    high: Form


@dataclass(frozen=True, slots=True)
class Literal:
    """The place of form number `root` is above cut number `cut`, or (not `above`) at or below."""

    root: int
    cut: int
    above: bool


Side = tuple[tuple[Literal, ...], ...] | None
"""Boxes, each of literals that hold together. None: a box that every design touches."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """Forms with their cuts, and the paragraphs over them.

    A paragraph is true of a design that touches no box of its false side, and false of one that
    touches no box of its true side (see `tppcore.program.boxes`).
    """

    roots: tuple[Form, ...]
    cuts: tuple[tuple[Cut, ...], ...]
    true_sides: tuple[Side, ...]
    false_sides: tuple[Side, ...]


_Test = tuple[Form, Cut]


class Lowering:
    """A program over the bounds of its inputs: the bounds of each of its `nodes`."""

    def __init__(self, forms: Forms, program: Program, inputs: Sequence[Range]) -> None:
        self.forms, self.program = forms, program
        self.nodes: list[Range] = []
        for node in program.nodes:
            self.nodes.append(self.node(node, inputs))

    def node(self, node: Node, inputs: Sequence[Range]) -> Range:
        forms = self.forms
        match node.op:
            case Op.CONST:
                assert node.value is not None
                constant = forms.constant(node.value)
                return Range(constant, constant)
            case Op.INPUT:
                return inputs[node.a]
            case Op.NOT_APPLICABLE:
                return Range(forms.zero, forms.endless)
        a, b = self.nodes[node.a], self.nodes[node.b]
        match node.op:
            case Op.ADD:
                return Range(forms.sum(a.low, b.low), forms.sum(a.high, b.high))
            case Op.MUL:
                return Range(forms.product(a.low, b.low), forms.product(a.high, b.high))
            case Op.MAX:
                return Range(forms.maximum(a.low, b.low), forms.maximum(a.high, b.high))
            case Op.DIV:
                return self.quotient(a, b, node.positive)
            case _:
                return self.choice(node.test, a, b)

    def quotient(self, a: Range, b: Range, positive: bool) -> Range:
        forms = self.forms
        low, high = forms.quotient(a.low, b.high), forms.quotient(a.high, b.low)
        if positive or b.low.low > 0:
            return Range(low, high)
        # Where the denominator may be 0 the metric may not apply: nothing is known of it.
        return Range(
            forms.select(b.low, ">", forms.zero, low, forms.zero),
            forms.select(b.low, ">", forms.zero, high, forms.endless),
        )

    def choice(self, number: int, a: Range, b: Range) -> Range:
        test, forms = self.program.tests[number], self.forms
        on, threshold = self.nodes[test.node], self.forms.constant(test.threshold)

        def chosen(one: Form, other: Form, either: Form) -> Form:
            """`one` where the test certainly holds, `other` where it certainly does not."""
            if on.low is on.high:
                return forms.select(on.low, test.op, threshold, one, other)
            return forms.select(
                on.low,
                test.op,
                threshold,
                forms.select(on.high, test.op, threshold, one, either),
                forms.select(on.high, test.op, threshold, either, other),
            )

        return Range(
            chosen(a.low, b.low, forms.minimum(a.low, b.low)),
            chosen(a.high, b.high, forms.maximum(a.high, b.high)),
        )

    def literal(self, literal: int) -> bool | tuple[_Test, bool]:
        """Whether a literal is possible: always, never, or where a cut holds (or does not)."""
        test, negated = self.program.tests[literal >> 1], bool(literal & 1)
        if test.op not in (">=", ">"):
            raise AssertionError(f"a paragraph tests {test.op}")
        # Possible: the high end is beyond the cut. Possibly not: the low end is not.
        ends = self.nodes[test.node]
        end = ends.low if negated else ends.high
        if compare(end.low, test.op, test.threshold):
            return not negated
        if not compare(end.high, test.op, test.threshold):
            return negated
        coef, base = Forms.unscaled(end)
        threshold = test.threshold / coef
        if base.kind is Kind.SUM and len(base.args) == 1:
            # c + a x >= t is x >= (t - c) / a, which is above 0 as the sum is not always beyond it.
            threshold, base = (threshold - Fraction(base.value)) / base.coefs[0], base.args[0]
            own, base = Forms.unscaled(base)
            threshold /= own
        return (base, (threshold, test.op == ">")), not negated

    def side(self, boxes: Iterable[Box]) -> list[list[tuple[_Test, bool]]] | None:
        found = []
        for box in boxes:
            literals = [self.literal(each) for each in box]
            if False in literals:
                continue
            kept = [each for each in literals if not isinstance(each, bool)]
            if not kept:
                return None
            found.append(kept)
        return found


def lower(programs: Sequence[Lowering], extra: Sequence[Form] = ()) -> Lowered:
    """What programs compare; their paragraphs one after the other.

    `extra` forms are the first roots, whether they are compared or not.
    """
    sides = []
    for lowering in programs:
        for paragraph in lowering.program.paragraphs:
            sides.append(lowering.side(paragraph.true_boxes))
            sides.append(lowering.side(paragraph.false_boxes))
    cuts: dict[Form, set[Cut]] = {form: set() for form in extra}
    for side in sides:
        for box in side or ():
            for (form, cut), _ in box:
                cuts.setdefault(form, set()).add(cut)
    ordered = {form: sorted(found) for form, found in cuts.items()}
    roots = list(ordered)
    number = {form: i for i, form in enumerate(roots)}

    def numbered(side: list[list[tuple[_Test, bool]]] | None) -> Side:
        if side is None:
            return None
        return tuple(
            tuple(
                Literal(number[form], ordered[form].index(cut), above) for (form, cut), above in box
            )
            for box in side
        )

    named = [numbered(side) for side in sides]
    return Lowered(
        tuple(roots),
        tuple(tuple(ordered[form]) for form in roots),
        tuple(named[::2]),
        tuple(named[1::2]),
    )
