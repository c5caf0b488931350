"""The compiler: a rulebook and the columns of a table become a program."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tppcore.errors import TppError
from tppcore.program import boxes
from tppcore.program.bounds import TooWide, bounds, epsilon, epsilon32
from tppcore.program.program import Input, Node, Op, Paragraph, Program, Test
from tppcore.program.specialise import COMPARE, UNLISTED, specialise
from tppcore.rules.condition import All, AnyOf, Compare, Condition, Constant, Not, Unknown
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

_cache: weakref.WeakKeyDictionary[Rulebook, dict[tuple[frozenset[str], tuple[str, ...]], Program]]
_cache = weakref.WeakKeyDictionary()


def compile(
    rules: Rulebook, given: Iterable[str], metrics: Iterable[str] = (), *, verdicts: bool = True
) -> Program:
    """The program of a rulebook for a table with the columns `given`.

    `metrics` are reported beside the verdicts; `verdicts=False` leaves the paragraphs out.
    Raises TppError where an exact evaluation would need more than 1,024 bits.
    """
    key = (frozenset(given), (*metrics, "" if verdicts else "-"))
    programs = _cache.setdefault(rules, {})
    if key not in programs:
        try:
            programs[key] = _Compiler(rules, key[0]).program(tuple(metrics), verdicts)
        except TooWide as error:
            raise TppError(str(error)) from None
    return programs[key]


@dataclass(frozen=True, slots=True)
class _Gap:
    """The axis of a gap in the text."""

    why: str


def _settled(op: str, threshold: Fraction) -> bool:
    """Whether a comparison comes out alike for all values, none of which is negative: also where
    the metric does not apply, and nothing is known of it."""
    return threshold == 0 and op in (">=", "<")


class _Compiler:
    def __init__(self, rules: Rulebook, given: frozenset[str]) -> None:
        self.rules, self.given = rules, given
        self.inputs: dict[str, int] = {}
        self.input_specs: list[Input] = []
        self.nodes: dict[Node, int] = {}
        self.tests: dict[tuple[int, str, Fraction], int] = {}
        self.trees: dict[str, Expr] = {}
        self.metrics: dict[str, int] = {}

    def program(self, metrics: tuple[str, ...], verdicts: bool) -> Program:
        # Engines check every number they are given, read or not; and a rate that no formula reads
        # still says that the sheet states rates.
        for name in self.rules.vocabulary.quantities:
            if name in self.given:
                self.input(name)
        reported = tuple((name, self.metric(name)) for name in metrics)
        paragraphs = tuple(
            self.paragraph(each.id, each.condition) for each in self.rules.paragraphs if verdicts
        )
        nodes = tuple(self.nodes)
        found = bounds(nodes)
        tests = tuple(
            Test(
                node,
                op,
                threshold,
                epsilon(found[node], threshold),
                epsilon32(found[node], threshold),
            )
            for node, op, threshold in self.tests
        )
        return Program(tuple(self.input_specs), nodes, tests, paragraphs, reported)

    def metric(self, name: str) -> int:
        if name not in self.metrics:
            self.metrics[name] = self.lower(self.tree(name))
        return self.metrics[name]

    def tree(self, name: str) -> Expr:
        if name not in self.trees:
            self.trees[name] = specialise(self.rules.formulas, name, self.given)
        return self.trees[name]

    def input(self, name: str) -> int:
        if name not in self.inputs:
            spec = self.rules.vocabulary.quantities[name]
            self.inputs[name] = len(self.input_specs)
            self.input_specs.append(
                Input(
                    name,
                    spec.positive,
                    spec.rate,
                    spec.rate and self.rules.formulas.open_unlisted,
                    spec.absent,
                    name in self.given,
                )
            )
        return self.inputs[name]

    def node(self, node: Node) -> int:
        return self.nodes.setdefault(node, len(self.nodes))

    def test(self, node: int, op: str, threshold: Fraction) -> int:
        return self.tests.setdefault((node, op, threshold), len(self.tests))

    def lower(self, expr: Expr) -> int:
        match expr:
            case Const(value):
                return self.node(Node(Op.CONST, value=value))
            case Quantity(name):
                if name == UNLISTED:
                    name = next(r for r in self.rules.vocabulary.rates if r not in self.given)
                return self.node(Node(Op.INPUT, self.input(name)))
            case Add(a, b):
                return self.node(Node(Op.ADD, self.lower(a), self.lower(b)))
            case Mul(a, b):
                return self.node(Node(Op.MUL, self.lower(a), self.lower(b)))
            case Div(a, b):
                positive = self.rules.formulas.is_positive(b)
                return self.node(Node(Op.DIV, self.lower(a), self.lower(b), positive=positive))
            case Max(args):
                total = self.lower(args[0])
                for argument in args[1:]:
                    total = self.node(Node(Op.MAX, total, self.lower(argument)))
                return total
            case Choice(subject, op, threshold, a, b):
                one, two = self.lower(a), self.lower(b)
                test = self.test(self.lower(subject), op, threshold)
                return self.node(Node(Op.SELECT, one, two, test))
            case NotApplicable():
                return self.node(Node(Op.NOT_APPLICABLE))

    def paragraph(self, identity: str, condition: Condition) -> Paragraph:
        compares: dict[str, set[tuple[Fraction, bool]]] = {}
        self.collect(condition, compares)
        # Cuts of one metric in order; at one threshold >= holds before > does. An axis is a metric
        # and not its node: metrics are taken independently, also where two share a node here.
        cuts = {metric: sorted(found) for metric, found in compares.items()}
        gaps: dict[_Gap, None] = {}
        function = self.function(condition, cuts, gaps)
        counts: dict[boxes.Axis, int] = {axis: len(found) for axis, found in cuts.items()}
        counts.update(dict.fromkeys(gaps, 1))
        true, false = boxes.covers(function, counts)
        return Paragraph(
            identity,
            tuple(self.literals(box, cuts) for box in true),
            tuple(self.literals(box, cuts) for box in false),
        )

    def collect(self, condition: Condition, into: dict[str, set[tuple[Fraction, bool]]]) -> None:
        match condition:
            case Compare(metric, op, threshold) if isinstance(self.tree(metric), Const) or _settled(
                op, threshold
            ):
                pass
            case Compare(metric, op, threshold):
                # x < t is the negation of x >= t, and x <= t that of x > t.
                into.setdefault(metric, set()).add((threshold, op in (">", "<=")))
            case All(items) | AnyOf(items):
                for item in items:
                    self.collect(item, into)
            case Not(item):
                self.collect(item, into)

    def function(
        self,
        condition: Condition,
        cuts: dict[str, list[tuple[Fraction, bool]]],
        gaps: dict[_Gap, None],
    ) -> boxes.Function:
        match condition:
            case Compare(_, op, threshold) if _settled(op, threshold):
                return op == ">="
            case Compare(metric, op, threshold) if isinstance(constant := self.tree(metric), Const):
                return COMPARE[op](constant.value, threshold)
            case Compare(metric, op, threshold):
                cut = boxes.Cut(metric, cuts[metric].index((threshold, op in (">", "<="))))
                return boxes.Negation(cut) if op in ("<", "<=") else cut
            case Unknown(why):
                gaps[_Gap(why)] = None
                return boxes.Cut(_Gap(why), 0)
            case Constant(value):
                return value
            case All(items):
                return boxes.And(tuple(self.function(item, cuts, gaps) for item in items))
            case AnyOf(items):
                return boxes.Or(tuple(self.function(item, cuts, gaps) for item in items))
            case Not(item):
                return boxes.Negation(self.function(item, cuts, gaps))
            case _:
                raise AssertionError(f"{condition} has not been expanded")

    def literals(
        self, box: boxes.Box, cuts: dict[str, list[tuple[Fraction, bool]]]
    ) -> tuple[int, ...]:
        found = []
        for axis, (low, high) in box.items():
            if isinstance(axis, str):
                node, own = self.metric(axis), cuts[axis]
                if low > 0:
                    found.append(self.cut_test(node, own[low - 1]) << 1)
                if high < len(own):
                    found.append(self.cut_test(node, own[high]) << 1 | 1)
            else:
                # A gap in the text: a test of a metric that never applies is never decided.
                gap = self.test(self.node(Node(Op.NOT_APPLICABLE)), ">=", Fraction(1))
                found.append(gap << 1 | (1 if low == 0 else 0))
        return tuple(found)

    def cut_test(self, node: int, cut: tuple[Fraction, bool]) -> int:
        return self.test(node, ">" if cut[1] else ">=", cut[0])
