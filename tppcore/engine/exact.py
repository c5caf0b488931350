"""The exact engine: the meaning of a verdict, in rational arithmetic, and the oracle of the others.

It knows nothing of compiled programs. Metrics are evaluated from their formulas over intervals of
fractions; a paragraph is decided by trying every combination of its metrics' values, one value
for each side of each threshold that the interval reaches.
"""

from __future__ import annotations

import functools
import itertools
import math
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tppcore.rules.condition import (
    All,
    AnyOf,
    Compare,
    Condition,
    Constant,
    Not,
    Unknown,
    leaves,
)
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
from tppcore.rules.vocabulary import Formulas

Number = Fraction | float
"""A fraction, or math.inf."""


@dataclass(frozen=True, slots=True)
class Interval:
    """All values from `low` to `high`; `high` may be math.inf. `applicable` is false where a
    metric does not exist: then its tests are undetermined and the interval is [0, inf)."""

    low: Fraction
    high: Number
    applicable: bool = True

    @property
    def known(self) -> bool:
        return self.applicable and self.low == self.high


ANYTHING = Interval(Fraction(0), math.inf)
NOT_APPLICABLE = Interval(Fraction(0), math.inf, False)

Row = Mapping[str, Interval]
"""The quantities that a row states, by name."""


def decimal(value: float) -> Fraction:
    """The shortest decimal that reads back as a double: what a person wrote."""
    return Fraction(Decimal(repr(float(value))))


def point(value: Fraction) -> Interval:
    return Interval(value, value)


class Metrics:
    """The metrics of one row, each evaluated once.

    What a row leaves out has the same bounds in every row that states the same quantities, so
    those parts of the formulas are evaluated once a set of stated quantities.
    """

    def __init__(self, formulas: Formulas, row: Row) -> None:
        self.row = row
        stated = frozenset(row)
        patterns = _reduced.setdefault(formulas, {})
        if stated not in patterns:
            patterns[stated] = _Reduced(formulas, stated)
        self._reduced = patterns[stated]
        self._found: dict[int, Interval] = {}

    def metric(self, name: str) -> Interval:
        """The attained bounds of a metric. KeyError if there is none."""
        return self._interval(self._reduced.tree(name))

    def part(self, expr: Expr) -> Interval:
        """The attained bounds of a part of one of these formulas."""
        return self._interval(self._reduced.reduce(expr))

    def _interval(self, tree: _Tree) -> Interval:
        if isinstance(tree, Interval):
            return tree
        if isinstance(tree, str):
            return self.row[tree]
        # By identity: the reduced trees stay alive and share what they have in common.
        key = id(tree)
        if key not in self._found:
            self._found[key] = tree.operation(*[self._interval(part) for part in tree.parts])
        return self._found[key]


@dataclass(frozen=True, slots=True)
class _Operation:
    operation: Callable[..., Interval]
    parts: tuple[_Tree, ...]


_Tree = Interval | str | _Operation
"""A formula over the quantities that a row states (by name); the rest is evaluated."""


class _Reduced:
    """The formulas for rows that state certain quantities."""

    def __init__(self, formulas: Formulas, stated: frozenset[str]) -> None:
        self.formulas, self.stated = formulas, stated
        self.quantities = formulas.vocabulary.quantities
        self.any_rate = any(self.quantities[name].rate for name in stated)
        self._trees: dict[str, _Tree] = {}
        self._shared: dict[int, _Tree] = {}

    def tree(self, name: str) -> _Tree:
        if name not in self._trees:
            self._trees[name] = self.reduce(self.formulas.tree(name))
        return self._trees[name]

    def reduce(self, expr: Expr) -> _Tree:
        key = id(expr)
        if key not in self._shared:
            self._shared[key] = self._reduce(expr)
        return self._shared[key]

    def _reduce(self, expr: Expr) -> _Tree:
        match expr:
            case Const(value):
                return point(value)
            case Quantity(name):
                return name if name in self.stated else self.missing(name)
            case NotApplicable():
                return NOT_APPLICABLE
            case Choice(subject, op, threshold, a, b):
                choose = functools.partial(_choose, op, threshold)
                return self.apply(choose, (subject, a, b))
            case Max(args):
                return self.maximum([self.reduce(argument) for argument in args])
            case Add(a, b):
                return self.apply(_add, (a, b))
            case Mul(a, b):
                return self.apply(_multiply, (a, b))
            case Div(a, b):
                divide = functools.partial(_divide, self.formulas.is_positive(b))
                return self.apply(divide, (a, b))

    def missing(self, name: str) -> Interval:
        """The bounds of a quantity that the row does not state."""
        spec = self.quantities[name]
        if spec.absent is not None:
            return point(spec.absent)
        if spec.rate and self.any_rate and not self.formulas.open_unlisted:
            return point(Fraction(0))
        return ANYTHING

    def apply(self, operation: Callable[..., Interval], exprs: tuple[Expr, ...]) -> _Tree:
        parts = tuple(self.reduce(expr) for expr in exprs)
        known = [part for part in parts if isinstance(part, Interval)]
        return operation(*known) if len(known) == len(parts) else _Operation(operation, parts)

    def maximum(self, parts: list[_Tree]) -> _Tree:
        known = [part for part in parts if isinstance(part, Interval)]
        rest: list[_Tree] = [part for part in parts if not isinstance(part, Interval)]
        if known and (least := _maximum(*known)) != point(Fraction(0)):
            rest.append(least)
        if not rest:
            return point(Fraction(0))
        return rest[0] if len(rest) == 1 else _Operation(_maximum, tuple(rest))


_reduced: weakref.WeakKeyDictionary[Formulas, dict[frozenset[str], _Reduced]]
_reduced = weakref.WeakKeyDictionary()


def _maximum(*parts: Interval) -> Interval:
    low = parts[0].low
    for part in parts:
        # Whole numbers compare several times faster than fractions do.
        if part.low.numerator * low.denominator > low.numerator * part.low.denominator:
            low = part.low
    if all(part.low is part.high for part in parts):
        return Interval(low, low)
    return Interval(low, max([part.high for part in parts]))


def _add(a: Interval, b: Interval) -> Interval:
    low = a.low + b.low
    is_point = a.low is a.high and b.low is b.high
    return Interval(low, low if is_point else a.high + b.high)


def _multiply(a: Interval, b: Interval) -> Interval:
    low = a.low * b.low
    is_point = a.low is a.high and b.low is b.high
    return Interval(low, low if is_point else _times(a.high, b.high))


def _choose(op: str, threshold: Fraction, on: Interval, a: Interval, b: Interval) -> Interval:
    sides = {holds(on.low, op, threshold), holds(on.high, op, threshold)}
    if len(sides) == 1:
        return a if sides.pop() else b
    return Interval(min(a.low, b.low), max(a.high, b.high), a.applicable and b.applicable)


def _times(a: Number, b: Number) -> Number:
    return Fraction(0) if a == 0 or b == 0 else a * b


def _divide(positive: bool, top: Interval, bottom: Interval) -> Interval:
    if top.low is top.high and bottom.low is bottom.high and bottom.low:
        return point(top.low / bottom.low)
    if bottom.high == 0 or (bottom.low == 0 and not positive):
        return NOT_APPLICABLE if bottom.high == 0 else ANYTHING
    low = Fraction(0) if bottom.high == math.inf else top.low / Fraction(bottom.high)
    if top.high == 0:
        return Interval(low, Fraction(0))
    if bottom.low == 0 or top.high == math.inf:
        return Interval(low, math.inf)
    return Interval(low, Fraction(top.high) / bottom.low)


def holds(value: Number, op: str, threshold: Fraction) -> bool:
    """value op threshold."""
    match op:
        case ">=":
            return value >= threshold
        case ">":
            return value > threshold
        case "<":
            return value < threshold
        case _:
            return value <= threshold


class _Places:
    """Where values of one metric lie among the thresholds that a rulebook has for it.

    Place 2 i + 1 is the i-th threshold itself, the even places are the gaps around them, so all
    values of one place come out alike in every test.
    """

    def __init__(self, thresholds: set[Fraction]) -> None:
        self.thresholds = sorted(thresholds)
        self._ratios = [(each.numerator, each.denominator) for each in self.thresholds]
        ends = [Fraction(0), *self.thresholds, self.thresholds[-1] + 2]
        self.samples: list[Fraction] = []
        for below, above in itertools.pairwise(ends):
            self.samples += [(below + above) / 2, above]

    def place(self, value: Number) -> int:
        if not isinstance(value, Fraction):  # infinity
            return 2 * len(self._ratios)
        top, bottom = value.numerator, value.denominator
        place = 0
        for numerator, denominator in self._ratios:
            difference = top * denominator - numerator * bottom
            if difference <= 0:
                return place + (difference == 0)
            place += 2
        return place

    def span(self, interval: Interval) -> tuple[int, int]:
        """The first and last place of an interval; it reaches all places between."""
        low = self.place(interval.low)
        return low, low if interval.low == interval.high else self.place(interval.high)


class _Decider:
    """Decides one condition from the spans of its metrics, by trying all combinations."""

    def __init__(self, condition: Condition, places: Mapping[str, _Places]) -> None:
        self.condition, self.places = condition, places
        parts = leaves(condition)
        self.metrics = tuple(dict.fromkeys(p.metric for p in parts if isinstance(p, Compare)))
        self.gaps = tuple(dict.fromkeys(p.why for p in parts if isinstance(p, Unknown)))
        self._known: dict[tuple[tuple[int, int], ...], bool | None] = {}

    def decide(self, spans: Mapping[str, tuple[int, int]]) -> bool | None:
        key = tuple([spans[metric] for metric in self.metrics])
        if key not in self._known:
            self._known[key] = self._agree(key)
        return self._known[key]

    def _agree(self, spans: tuple[tuple[int, int], ...]) -> bool | None:
        outcomes: set[bool] = set()
        values = [
            self.places[metric].samples[first : last + 1]
            for metric, (first, last) in zip(self.metrics, spans, strict=True)
        ]
        for gaps in itertools.product((False, True), repeat=len(self.gaps)):
            for combination in itertools.product(*values):
                row = dict(zip(self.metrics, combination, strict=True))
                outcomes.add(_truth(self.condition, row, dict(zip(self.gaps, gaps, strict=True))))
                if len(outcomes) == 2:
                    return None
        return outcomes.pop()


def _truth(condition: Condition, row: Mapping[str, Fraction], gaps: Mapping[str, bool]) -> bool:
    match condition:
        case Compare(metric, op, threshold):
            return holds(row[metric], op, threshold)
        case Unknown(why):
            return gaps[why]
        case Constant(value):
            return value
        case All(items):
            return all(_truth(item, row, gaps) for item in items)
        case AnyOf(items):
            return any(_truth(item, row, gaps) for item in items)
        case Not(item):
            return not _truth(item, row, gaps)
        case _:
            raise AssertionError(f"{condition} has not been expanded")


class Decisions:
    """Conditions that are decided together, row by row."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        conditions = tuple(conditions)
        thresholds: dict[str, set[Fraction]] = {}
        for condition in conditions:
            for each in leaves(condition):
                if isinstance(each, Compare):
                    thresholds.setdefault(each.metric, set()).add(each.threshold)
        self.places = {metric: _Places(found) for metric, found in thresholds.items()}
        self.deciders = [_Decider(condition, self.places) for condition in conditions]

    def spans(self, metrics: Metrics) -> dict[str, tuple[int, int]]:
        """Where the metrics of a row lie among their thresholds."""
        return {name: places.span(metrics.metric(name)) for name, places in self.places.items()}

    def decide(self, metrics: Metrics) -> list[bool | None]:
        """One verdict a condition, in their order."""
        spans = self.spans(metrics)
        return [decider.decide(spans) for decider in self.deciders]


_decisions: weakref.WeakKeyDictionary[Rulebook, Decisions] = weakref.WeakKeyDictionary()


def decisions(rules: Rulebook) -> Decisions:
    """The decisions of a rulebook, made once."""
    if rules not in _decisions:
        _decisions[rules] = Decisions(p.condition for p in rules.paragraphs)
    return _decisions[rules]
