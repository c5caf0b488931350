"""Quantities that put metrics where they are wanted, exactly.

A formula is turned around from its result to its inputs: the target of a sum, product, quotient,
maximum or choice becomes targets of its parts, in rational arithmetic. Where two parts are free one
of them is proposed and the other one follows; what comes out as no decimal that a double holds is
discarded and the next proposal is tried. So a solution is exact or is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain

from tppcore.edges.spans import Span, exactly, is_written, written
from tppcore.engine.exact import holds
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
    quantities,
)
from tppcore.rules.vocabulary import Formulas, QuantitySpec

Known = Mapping[str, Fraction]
"""Quantities that have a value by now."""

Start = frozenset[tuple[str, Fraction]]
"""The same, as a key."""

_USUAL: Mapping[str, Sequence[str]] = {
    "mm2": ("800", "695", "612.5", "814", "450", "300", "1000", "750.4", "142.5", "600", "525"),
    "bit": ("16", "32", "64", "128"),
    "1": ("2", "4", "8"),
}
"""What spec sheets show, by unit."""

_NOTHING = Fraction(0)
_OTHERS = ("1000", "2400", "450", "100", "10000", "1", "0.25")
_SHARES = (Fraction(3, 5), Fraction(1), Fraction(0))


def value(expr: Expr, known: Known) -> Fraction | None:
    """The value of a formula; None where it is not known or not applicable."""
    match expr:
        case Const(constant):
            return constant
        case Quantity(name):
            return known.get(name)
        case Choice(subject, op, threshold, a, b):
            on = value(subject, known)
            return None if on is None else value(a if holds(on, op, threshold) else b, known)
        case Max(args):
            parts = [value(each, known) for each in args]
            found = [each for each in parts if each is not None]
            return max(found) if len(found) == len(parts) else None
        case NotApplicable():
            return None
        case Add(left, right) | Mul(left, right) | Div(left, right):
            one, two = value(left, known), value(right, known)
            if isinstance(expr, Mul) and 0 in (one, two):
                return Fraction(0)
            if isinstance(expr, Div) and one == 0 and (two is None or two > 0):
                return Fraction(0)
            if one is None or two is None or (isinstance(expr, Div) and two == 0):
                return None
            match expr:
                case Add():
                    return one + two
                case Mul():
                    return one * two
                case _:
                    return one / two


def folded(expr: Expr, known: Known) -> Expr:
    """A formula with what is known put in."""
    have = value(expr, known)
    if have is not None:
        return Const(have)
    match expr:
        case Add(a, b) | Mul(a, b) | Div(a, b):
            return type(expr)(folded(a, known), folded(b, known))
        case Max(args):
            parts = [folded(each, known) for each in args]
            rest = dict.fromkeys(each for each in parts if not isinstance(each, Const))
            least = max((each.value for each in parts if isinstance(each, Const)), default=_NOTHING)
            kept = (*rest, Const(least)) if least > 0 else tuple(rest)
            return Max(kept) if len(kept) > 1 else kept[0]
        case Choice(subject, op, threshold, a, b):
            return Choice(folded(subject, known), op, threshold, folded(a, known), folded(b, known))
        case _:
            return expr


class Solver:
    """Turns the metrics of a rulebook around.

    `factors` are whole numbers that denominators are multiplied with where plain ones leave no
    decimal, `further` are more areas; `shares` are the parts of a sum that its first term takes;
    `most` is how many decimals of a span are tried, `trials` how many numbers in all.
    """

    def __init__(
        self,
        formulas: Formulas,
        factors: Sequence[int] = (),
        shares: Sequence[Fraction] = _SHARES,
        most: int = 80,
        further: Sequence[Fraction] = (),
        trials: int = 1500,
    ) -> None:
        self.formulas, self.factors, self.shares, self.most = formulas, factors, shares, most
        self.further, self.trials = further, trials
        self._left = 0
        self._folded: dict[tuple[str, Start], Expr] = {}
        # The first way to a group of targets, None where there is none.
        self._settled: dict[tuple[Start, tuple[str, ...], tuple[Span, ...]], Known | None] = {}
        self.specs = formulas.vocabulary.quantities

    def solve(self, targets: Mapping[str, Span], known: Known) -> Iterator[Known]:
        """Values of the free quantities that put every metric into its span.

        What shares no free quantity with the first metric is settled once, in the first way.
        """
        start = frozenset(known.items())
        trees = {name: self.folded(name, known, start) for name in targets}
        first, *others = _apart(trees)
        settled = dict(known)
        for group in others:
            wanted = _ordered(group, trees, targets)
            key = start, tuple(sorted(group)), tuple(span for _, span in wanted)
            if key not in self._settled:
                self._left = self.trials
                self._settled[key] = next(self._all(wanted, known), None)
            found = self._settled[key]
            if found is None:
                return
            settled.update(found)
        wanted = _ordered(first, trees, targets)
        key = start, tuple(sorted(first)), tuple(span for _, span in wanted)
        if key in self._settled and self._settled[key] is None:
            return
        self._left = self.trials
        none = True
        for found in self._all(wanted, settled):
            none = False
            yield found
        if none:
            self._settled[key] = None

    def folded(self, metric: str, known: Known, start: Start) -> Expr:
        """The formula of a metric with what is known put in, made once."""
        key = metric, start
        if key not in self._folded:
            self._folded[key] = folded(self.formulas.tree(metric), known)
        return self._folded[key]

    def _all(self, wanted: Sequence[tuple[Expr, Span]], known: Known) -> Iterator[Known]:
        if not wanted:
            yield known
            return
        (expr, span), *rest = wanted
        for found in self.reach(expr, span, known):
            yield from self._all(rest, found)

    def reach(self, expr: Expr, span: Span | None, known: Known) -> Iterator[Known]:
        """Values of the free quantities of one formula that put it into a span."""
        if span is None:
            return
        have = value(expr, known)
        if have is not None:
            if span.holds(have):
                yield known
            return
        match expr:
            case Quantity(name):
                for each in written(span, self.specs[name], self.most):
                    self._left -= 1
                    if self._left < 0:
                        return
                    yield {**known, name: each}
            case Add(a, b):
                yield from self._sum(a, b, span, known)
            case Mul(a, b):
                one, two = value(a, known), value(b, known)
                if two is not None:
                    a, b, one = b, a, two
                for found in [known] if one is not None else self.propose(a, known):
                    factor = value(a, found)
                    if factor:
                        yield from self.reach(b, span.times(1 / factor), found)
            case Div(a, b):
                yield from self._quotient(a, b, span, known)
            case Max(args):
                yield from self._maximum(args, span, known)
            case Choice(subject, _, _, a, b):
                for found in self.propose(subject, known):
                    branch = value(Choice(subject, expr.op, expr.threshold, _ONE, _ZERO), found)
                    yield from self.reach(a if branch else b, span, found)

    def _sum(self, a: Expr, b: Expr, span: Span, known: Known) -> Iterator[Known]:
        one, two = value(a, known), value(b, known)
        if two is not None:
            yield from self.reach(a, span.less(two), known)
        elif one is not None:
            yield from self.reach(b, span.less(one), known)
        else:
            for share in self.shares:
                part = span.middle() * share
                near = part / 50 if 0 < share < 1 else Fraction(0)
                wanted = span if share == 1 else Span(part - near, part + near)
                for found in self.reach(a, wanted, known):
                    yield from self._sum(a, b, span, found)

    def _quotient(self, a: Expr, b: Expr, span: Span, known: Known) -> Iterator[Known]:
        top, bottom = value(a, known), value(b, known)
        if top is not None and bottom is None:
            if top > 0:
                yield from self.reach(b, span.under(top), known)
            return
        for found in [known] if bottom is not None else self.propose(b, known):
            divisor = value(b, found)
            if divisor:
                yield from self.reach(a, span.times(divisor), found)

    def _maximum(self, args: Sequence[Expr], span: Span, known: Known) -> Iterator[Known]:
        free = [each for each in args if value(each, known) is None]
        fixed = [each for each in args if value(each, known) is not None]
        least = max((value(each, known) or Fraction(0) for each in fixed), default=Fraction(0))
        for decisive in free:
            for found in self.reach(decisive, span, known):
                top = value(decisive, found)
                if top is not None and top >= least:
                    others = [each for each in free if each is not decisive]
                    yield from self._below(others, top, found)
        if span.holds(least):
            yield from self._below(free, least, known)

    def _below(self, exprs: Sequence[Expr], top: Fraction, known: Known) -> Iterator[Known]:
        """The first way to keep every one of `exprs` at or below `top`."""
        for expr in exprs:
            found = next(self.reach(expr, Span(Fraction(0), top), known), None)
            if found is None:
                return
            known = found
        yield known

    def propose(self, expr: Expr, known: Known) -> Iterator[Known]:
        """Usual values for all that is free in a formula."""
        free = sorted(quantities(expr) - set(known))
        if not free:
            yield known
            return
        for each in self.usual(self.specs[free[0]]):
            yield from self.propose(expr, {**known, free[0]: each})

    def usual(self, spec: QuantitySpec) -> Iterator[Fraction]:
        """Values that a quantity has on spec sheets, then multiples that make quotients end."""
        match spec.kind:
            case "boolean":
                yield from (Fraction(1), Fraction(0))
            case "category":
                yield from map(Fraction, range(len(spec.words)))
            case _:
                plain = [Fraction(text) for text in _USUAL.get(spec.unit, _OTHERS)]
                if spec.absent is not None and is_written(spec.absent, spec):
                    plain.insert(0, spec.absent)
                more = (each * factor for factor in self.factors for each in plain)
                found = chain(plain, self.further if spec.unit == "mm2" else (), more)
                yield from (each for each in found if is_written(each, spec))


def _apart(trees: Mapping[str, Expr]) -> list[list[str]]:
    """Metrics in groups that share no quantity, the group of the first one first."""
    groups: list[tuple[frozenset[str], list[str]]] = []
    for name, tree in trees.items():
        read, members = quantities(tree), [name]
        apart = []
        for inputs, group in groups:
            if inputs & read:
                read, members = read | inputs, [*group, *members]
            else:
                apart.append((inputs, group))
        groups = [*apart, (read, members)]
    first = next(iter(trees))
    return sorted((members for _, members in groups), key=lambda group: first not in group)


def _ordered(
    group: Sequence[str], trees: Mapping[str, Expr], targets: Mapping[str, Span]
) -> list[tuple[Expr, Span]]:
    """Narrow targets first, which settle what wide ones leave open; of those, metrics that read
    little, which settle inputs of those that read more."""
    order = sorted(
        group, key=lambda name: (not targets[name].is_narrow, len(quantities(trees[name])), name)
    )
    return [(trees[name], targets[name]) for name in order]


_ONE, _ZERO = Const(Fraction(1)), Const(Fraction(0))

__all__ = ["Known", "Solver", "exactly", "value"]
