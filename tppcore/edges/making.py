"""All edges of a rulebook: every paragraph, test, corner and way to a threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations, islice, product

import numpy as np

from tppcore.edges import naive, routes
from tppcore.edges.cells import Cells, measure, stated
from tppcore.edges.cuts import Cut, Ground
from tppcore.edges.routes import Route
from tppcore.edges.solver import Known, Solver
from tppcore.edges.spans import Span, exactly
from tppcore.edges.variants import Variants
from tppcore.rules.expression import Add, Choice, Const, Div, Expr, Max, Mul, quantities
from tppcore.rules.rulebook import Rulebook

KINDS = (
    "on",
    "unit below",
    "unit above",
    "ulp below",
    "ulp above",
    "corner",
    "missing",
    "unlisted format",
    "not applicable",
    "range across",
    "range up to",
    "range from",
    "range below",
    "range above",
    "range at least",
    "range at most",
    "yes",
    "no",
    "word",
    "other word",
)
"""Every kind of edge; `docs/edges.md` says what each one is."""

_CONTEXTS, _CORNER_CONTEXTS, _TRIES = 40, 8, 400
_TREACHEROUS = 3
_NEAR, _NEXT = Fraction(1, 10**4), Fraction(1, 10**14)
_FLAT = {"datacenter": "1", "dram_gb_s": "3000", "interconnect_gb_s": "450", "host_gb_s": "64"}
_FLAT |= {"transistors_bn": "100", "tops_fp8": "500", "die_area_mm2": "600", "hbm": "1"}


@dataclass(slots=True)
class Edge:
    """One row: the cuts that it is about, its kind, the way on which it reaches the threshold, the
    quantity that was changed for it (or ""), what it states, and the paragraphs that it is for,
    by their place in the rulebook."""

    cuts: tuple[Cut, ...]
    kind: str
    route: str
    changed: str
    cells: Cells
    paragraphs: dict[int, None]


@dataclass(slots=True)
class Made:
    """The edges, and in words what no sheet can reach."""

    edges: list[Edge] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)


def make(rules: Rulebook) -> Made:
    """All edges of a rulebook, in its order, each row once."""
    return _Maker(rules).make()


class _Maker:
    def __init__(self, rules: Rulebook) -> None:
        self.rules = rules
        self.grounds = [Ground(each, rules.vocabulary) for each in rules.paragraphs]
        factors = _factors(rules, self.grounds)
        self.solver = Solver(rules.formulas, factors)
        self.quick = Solver(rules.formulas, factors, most=6, trials=200)
        self.variants = Variants(rules)
        self.found = Made()
        self._places: dict[object, Edge] = {}
        self._firsts: dict[object, Known | None] = {}
        used = frozenset[str]().union(*(quantities(self.tree(n)) for n in rules.metrics_used))
        self.used = [name for name in rules.vocabulary.quantities if name in used]

    def tree(self, metric: str) -> Expr:
        return self.rules.formulas.tree(metric)

    def make(self) -> Made:
        homes: dict[Cut, list[int]] = {}
        for i, ground in enumerate(self.grounds):
            for cut in ground.cuts:
                self.test(i, cut)
                homes.setdefault(cut, []).append(i)
            for pair in combinations(ground.cuts, 2):
                if pair[0].metric != pair[1].metric and {c.kind for c in pair} == {"number"}:
                    self.corner(i, pair)
        for cut, members in homes.items():
            if cut.kind == "number":
                self.ways(min(members, key=self.plainness), cut)
        return self.found

    def plainness(self, i: int) -> tuple[bool, int, int]:
        """Of the paragraphs with a test, the one that has little else and is no note."""
        return self.rules.paragraphs[i].kind == "note", len(self.grounds[i].cuts), i

    def put(
        self,
        i: int,
        cuts: tuple[Cut, ...],
        kind: str,
        route: str,
        cells: Cells,
        changed: str = "",
    ) -> None:
        """A row; the same row about the same test is kept once, for all its paragraphs."""
        key = (cuts, kind, frozenset(cells.items()))
        if key not in self._places:
            self._places[key] = Edge(cuts, kind, route, changed, cells, {})
            self.found.edges.append(self._places[key])
        self._places[key].paragraphs[i] = None

    def note(self, i: int, what: str) -> None:
        self.found.not_reached.append(f"{self.rules.paragraphs[i].id}: {what}")

    # One test of one paragraph.

    def test(self, i: int, cut: Cut) -> None:
        if cut.kind in ("boolean", "category"):
            self.discrete(i, cut)
            return
        found = self.tie(i, cut)
        if found is None:
            self.note(i, f"{self.grounds[i].text(cut)}: no figures reach the threshold exactly")
            self.beside(i, cut)
            return
        route, cells, _ = found
        self.around(i, cut, route.name, cells)

    def beside(self, i: int, cut: Cut) -> None:
        """Rows as near as can be to a threshold that no decimals reach."""
        for word, part in (("unit", _NEAR), ("ulp", _NEXT)):
            near = cut.threshold * part
            for side, span in (
                ("below", Span(cut.threshold - near, cut.threshold, high_open=True)),
                ("above", Span(cut.threshold, cut.threshold + near, low_open=True)),
            ):
                found = self.tie(i, cut, span)
                if found is not None:
                    self.put(i, (cut,), f"{word} {side}", found[0].name, found[1])

    def around(self, i: int, cut: Cut, route: str, cells: Cells, *, whole: bool = True) -> None:
        """A tie, and what lies around it."""
        self.put(i, (cut,), "on", route, cells)
        moving = self.variants.moving(cut, cells)
        moved = moving if whole else moving[:1]
        for kind, name, each in self.variants.steps(cut, cells, moved):
            self.put(i, (cut,), kind, route, each, name)
        for kind, name, each in self.variants.missing(cut, cells):
            self.put(i, (cut,), kind, route, each, name)
        for kind, name, each in self.variants.ranges(cut, cells, moved):
            self.put(i, (cut,), kind, route, each, name)

    def discrete(self, i: int, cut: Cut) -> None:
        for span in cut.values:
            found = self.tie(i, cut, span)
            if found is None:
                continue
            route, cells, _ = found
            on = measure(self.rules, cells, cut.metric).low == cut.threshold
            if cut.kind == "boolean":
                self.put(i, (cut,), "yes" if on else "no", route.name, cells)
            else:
                self.put(i, (cut,), "word" if on else "other word", route.name, cells)
            if on:
                for kind, name, each in self.variants.missing(cut, cells):
                    self.put(i, (cut,), kind, route.name, each, name)

    def tie(
        self, i: int, cut: Cut, span: Span | None = None
    ) -> tuple[Route, Cells, Mapping[str, Span]] | None:
        """The first ordinary sheet on a threshold, in a context where the test decides."""
        for context in islice(self.grounds[i].contexts([cut]), _CONTEXTS):
            targets = {cut.metric: span or exactly(cut.threshold), **context}
            for route in routes.plain(self.rules, list(targets)):
                known = self.first(route, targets)
                if known is not None:
                    return route, self.sheet(known, route), context
        return None

    def first(self, route: Route, targets: Mapping[str, Span]) -> Known | None:
        key = route, frozenset(targets.items())
        if key not in self._firsts:
            near = next(self.solutions(route, targets, self.quick), None)
            self._firsts[key] = near or next(self.solutions(route, targets), None)
        return self._firsts[key]

    def solutions(
        self, route: Route, targets: Mapping[str, Span], solver: Solver | None = None
    ) -> Iterator[Known]:
        """What the search finds, where the exact engine agrees that every target is met."""
        start = route.start(self.rules, targets)
        for known in islice((solver or self.solver).solve(targets, start), _TRIES):
            cells = stated(self.rules, known)
            if all(
                (there := measure(self.rules, cells, name)).known and span.holds(there.low)
                for name, span in targets.items()
            ):
                yield known

    def sheet(self, known: Known, route: Route) -> Cells:
        """A row, filled up with unremarkable figures for what the search left open."""
        specs = self.rules.vocabulary.quantities
        filled = dict(known)
        for name in self.used:
            if name in filled or specs[name].internal:
                continue
            if specs[name].symbol in ("sparse_ratio", "output_bits"):
                if specs[name].symbol == "output_bits" and filled.get(f"tops_{specs[name].format}"):
                    filled[name] = Fraction(16)
                continue
            if specs[name].rate:
                continue
            usual = self.solver.usual(specs[name])
            filled[name] = Fraction(_FLAT[name]) if name in _FLAT else next(usual)
        if not route.rates and any(specs[name].rate for name in self.used):
            rate = next(name for name in ("tops_fp8", *self.used) if specs[name].rate)
            filled[rate] = Fraction(_FLAT["tops_fp8"])
        return stated(self.rules, filled)

    # Two thresholds at once.

    def corner(self, i: int, pair: tuple[Cut, ...]) -> None:
        missed: list[object] = []
        for context in islice(self.grounds[i].contexts(pair), _CORNER_CONTEXTS):
            missed = []
            rows = []
            for where in product(*(cut.values for cut in pair)):
                found = self.meet(pair, where, context)
                if found is None:
                    missed.append(where)
                else:
                    rows.append(found)
            if rows:
                break
        else:
            missed = [()]
            rows = []
        for route, cells in rows:
            self.put(i, pair, "corner", route.name, cells)
        if missed:
            tests = " and ".join(self.grounds[i].text(cut) for cut in pair)
            self.note(i, f"{tests}: {len(missed)} of 9 places around the corner not reached")

    def meet(
        self, pair: Sequence[Cut], where: Sequence[Span], context: Mapping[str, Span]
    ) -> tuple[Route, Cells] | None:
        targets = {**{c.metric: s for c, s in zip(pair, where, strict=True)}, **context}
        metrics = list(targets)
        # Two ties at once may need a count of circuits that makes the quotient end.
        counts = (2, 3, *self.solver.factors) if all(each.is_point for each in where) else ()
        first = next(routes.plain(self.rules, metrics))
        for route in (first, *routes.shared(self.rules, metrics, counts)):
            known = self.first(route, targets)
            if known is not None:
                return route, self.sheet(known, route)
        return None

    # Every way to one threshold.

    def ways(self, i: int, cut: Cut) -> None:
        tie = self.tie(i, cut)
        if tie is None:
            return
        targets = {cut.metric: exactly(cut.threshold), **tie[2]}
        reached: dict[str, bool] = {}
        for route in routes.every(self.rules, cut.metric, list(targets)):
            reads_rates = route.rates and route.name.startswith(route.rates[0])
            found = list(islice(self.solutions(route, targets), 1 if reads_rates else 3))
            if not found and reads_rates and route.count == 1:
                # 1600 is no decimal over 6 bits, 3 x 1600 is.
                route = replace(route, name=f"{route.name}, 3 circuits", count=3)
                found = list(islice(self.solutions(route, targets), 1))
            if route.count == 1 or reads_rates:
                way = route.name.partition(",")[0] or "its figures"
                reached[way] = reached.get(way, False) or bool(found)
            for known in found:
                cells = self.sheet(known, route)
                self.around(i, cut, route.name, cells, whole=False)
                for other, row in self.decoys(cut, route, known, cells):
                    way = f"{route.name} beside {other}"
                    self.put(i, (cut,), "on", way, row)
                    for kind, name, each in self.variants.steps(cut, row, list(route.rates)):
                        self.put(i, (cut,), kind, way, each, name)
                    for kind, name, each in self.variants.missing(cut, row):
                        if kind == "unlisted format" and name in route.rates:
                            self.put(i, (cut,), kind, way, each, name)
        for way in [way for way, found in reached.items() if not found]:
            self.note(i, f"{self.grounds[i].text(cut)}: not reached exactly by {way}")
        self.treacherous(i, cut, targets)

    def decoys(
        self, cut: Cut, route: Route, known: Known, cells: Cells
    ) -> Iterator[tuple[str, Cells]]:
        """The same row beside another rate that stays below it."""
        specs = self.rules.vocabulary.quantities
        read = quantities(self.tree(cut.metric))
        if len(route.rates) != 1 or route.rates[0] not in read or route.count > 1:
            return
        if specs[route.rates[0]].symbol != "tops":
            return
        dense = [name for name in specs if specs[name].symbol == "tops" and name in read]
        own = dense.index(route.rates[0])
        below = Span(cut.threshold * Fraction(3, 5), cut.threshold * Fraction(4, 5))
        for name in (dense[(own + 1) % len(dense)], f"{route.rates[0]}_vector"):
            if name not in read or name == route.rates[0]:
                continue
            start = {key: each for key, each in known.items() if key != name}
            start[route.rates[0]] = Fraction(0)
            found = next(self.solver.reach(self.tree(cut.metric), below, start), None)
            if found is not None:
                other = {**cells, name: found[name]}
                there = measure(self.rules, other, cut.metric)
                if there.known and there.low == cut.threshold:
                    yield name, other

    def treacherous(self, i: int, cut: Cut, targets: Mapping[str, Span]) -> None:
        """Ties that doubles miss: to either side, if there are any near."""
        shares = [Fraction(n, 1000) for n in range(101, 900, 17)]
        areas = [Fraction(n, 10) for n in range(1013, 30000, 83)]
        solver = Solver(self.rules.formulas, self.solver.factors, shares, 1000, areas, 2000)
        route = next(routes.plain(self.rules, list(targets)))
        ties = list(self.solutions(route, targets, solver))
        if not ties:
            return
        tree = self.tree(cut.metric)
        columns = {
            name: np.array([float(tie.get(name, np.nan)) for tie in ties])
            for name in quantities(tree)
        }
        rounded = np.broadcast_to(naive.evaluate(tree, columns, np.float64), len(ties))
        threshold = float(cut.threshold)
        for side, missed in (("below", rounded < threshold), ("above", rounded > threshold)):
            for j in np.flatnonzero(missed)[:_TREACHEROUS]:
                cells = self.sheet(ties[j], route)
                moving = self.variants.moving(cut, cells)[:1]
                way = f"{route.name} (doubles {side})".strip()
                self.put(i, (cut,), "on", way, cells)
                for kind, name, each in self.variants.steps(cut, cells, moving):
                    self.put(i, (cut,), kind, way, each, name)


def _factors(rules: Rulebook, grounds: Sequence[Ground]) -> list[int]:
    """What is left of the numbers of the law without 2 and 5: quotients by these do not end."""
    numbers = [cut.threshold for ground in grounds for cut in ground.cuts if cut.kind == "number"]
    for metric in rules.metrics_used:
        numbers += _constants(rules.formulas.tree(metric))
    found = set()
    for number in numbers:
        for part in (number.numerator, number.denominator):
            while part and part % 2 == 0:
                part //= 2
            while part and part % 5 == 0:
                part //= 5
            if 1 < part < 1000:
                found.add(part)
    return sorted(found)


def _constants(expr: Expr) -> list[Fraction]:
    match expr:
        case Const(value):
            return [value]
        case Add(a, b) | Mul(a, b) | Div(a, b) | Choice(_, _, _, a, b):
            return _constants(a) + _constants(b)
        case Max(args):
            return [each for part in args for each in _constants(part)]
        case _:
            return []
