"""The best designs of a space within the law, and the frontier between several aims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.extremes import Best as Found
from tppcore.engine.counting.extremes import Goal, best, original
from tppcore.engine.counting.forms import Forms
from tppcore.engine.counting.lowering import Lowered, Range, lower
from tppcore.engine.counting.ratios import Array
from tppcore.engine.counting.tally import TooMany
from tppcore.errors import TppError, UnknownName
from tppcore.program.compile import compile as compile_program
from tppcore.rules.condition import Compare, ConditionError, parse
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.chips import Chip
from tppcore.sources.design.space import Design, Part, row
from tppcore.spaces.laws import lowering, ranges, rules_for

SubjectTo = Mapping[str, bool | None]


@dataclass(frozen=True)
class Line:
    """A threshold of a condition; `margin` is the value of `metric` less the threshold."""

    condition: str
    metric: str
    threshold: Fraction
    value: Fraction
    margin: Fraction


@dataclass(frozen=True)
class Point:
    """Values that nothing allowed beats: by aim, exactly; how many designs have them (`ties`, in
    weights where axes have any); and some of those designs, each with its index in the space."""

    values: Mapping[str, Fraction]
    ties: int
    designs: tuple[Chip, ...]
    indices: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def design(self) -> Chip:
        """One of the designs."""
        return self.designs[0]


class Frontier:
    """The Pareto frontier of what is allowed: `points`, the first aim at its best first."""

    def __init__(self, aims: Mapping[str, int], points: Sequence[Point]) -> None:
        self.aims, self.points = dict(aims), tuple(points)

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Any:
        return iter(self.points)

    def __getitem__(self, i: int) -> Point:
        return self.points[i]

    def to_dict(self) -> list[dict[str, Any]]:
        """As data for JSON, exact numbers as text."""
        return [
            {
                "values": {name: text(value) for name, value in point.values.items()},
                "ties": point.ties,
                "designs": [
                    {"index": i, "quantities": _figures(chip)}
                    for i, chip in zip(point.indices, point.designs, strict=True)
                ],
                "lines": [
                    {
                        "condition": line.condition,
                        "metric": line.metric,
                        "threshold": text(line.threshold),
                        "value": text(line.value),
                        "margin": text(line.margin),
                    }
                    for line in point.lines
                ],
            }
            for point in self.points
        ]

    def __repr__(self) -> str:
        return f"<Frontier: {len(self.points)} points of {', '.join(self.aims)}>"


def text(value: Fraction) -> str:
    """A number as its decimal, or as numerator/denominator where it is none."""
    from tppcore.program.decimals import decimal_parts

    try:
        mantissa, exponent = decimal_parts(abs(value))
    except ValueError:
        return str(value)
    from decimal import Decimal

    sign = 1 if value < 0 else 0
    return f"{Decimal((sign, tuple(map(int, str(mantissa))), exponent)):f}"


def _figures(chip: Chip) -> dict[str, str]:
    return {
        name: text(interval.low) for name, interval in chip.quantities.items() if interval.known
    }


def conditions(rules: Rulebook, subject_to: SubjectTo) -> tuple[Rulebook, list[bool | None]]:
    """A rulebook of just what is asked for, and the verdicts that it must have.

    Keys are ids of paragraphs, or comparisons such as "die_area_mm2 <= 860". Raises UnknownName for
    a paragraph that does not exist, TppError for what is no comparison.
    """
    paragraphs, verdicts = [], []
    known = {each.id: each for each in rules.paragraphs}
    for key, verdict in subject_to.items():
        if verdict not in (True, False, None):
            raise TppError(f"subject_to {key!r}: {verdict!r}; expected True, False or None")
        if key in known:
            paragraphs.append(known[key])
        elif any(op in key for op in ("<", ">", "=")):
            try:
                condition = parse(key, rules.vocabulary.kind)
            except ConditionError as error:
                raise TppError(f"subject_to: {error}") from None
            paragraphs.append(
                replace(rules.paragraphs[0], id=key, outcome=None, condition=condition)
            )
        else:
            rules[key]  # says why it is not there
        verdicts.append(verdict)
    return replace(rules, paragraphs=tuple(paragraphs)), verdicts


def frontier(
    design: Design,
    rules: Rulebook,
    aims: Mapping[str, int],
    subject_to: SubjectTo,
    limit: int,
) -> Frontier:
    """See `tppcore.spaces.space.Space.frontier`."""
    if not aims:
        raise TppError("nothing to maximise; expected a metric or quantity")
    law, wanted = conditions(rules_for(design, rules), subject_to)
    for name in aims:
        if law.vocabulary.kind(name) is None:
            raise UnknownName(f"unknown metric or quantity {name!r}")
    stated = [ranges(part, rules) for part in design.parts]
    given = frozenset(name for each in stated for name in each)
    program = compile_program(law, given, tuple(aims))
    found: list[tuple[_Searched, Found]] = []
    for number, (part, own) in enumerate(zip(design.parts, stated, strict=True)):
        searched = _Searched(number, part, program, own, aims, wanted, limit)
        found += [(searched, each) for each in searched.found]
    points = []
    for group in _front([(s.values(each), s, each) for s, each in found], list(aims.values())):
        values = group[0][0]
        designs: list[tuple[int, Chip]] = []
        ties = 0
        for _, searched, each in group:
            ties += each.weight
            designs += searched.designs(each)
        designs = designs[:limit]
        points.append(
            Point(
                dict(zip(aims, values, strict=True)),
                ties,
                tuple(chip for _, chip in designs),
                tuple(i for i, _ in designs),
                _lines(law, designs[0][1]),
            )
        )
    return Frontier(aims, points)


class _Searched:
    """The best of one part of a space."""

    def __init__(
        self,
        number: int,
        part: Part,
        program: Any,
        given: Mapping[str, Range],
        aims: Mapping[str, int],
        wanted: Sequence[bool | None],
        limit: int,
    ) -> None:
        self.number, self.part, self.wanted = number, part, wanted
        own = lowering(part, program, given)
        forms: list[Any] = []
        for name, node in program.metrics:
            bounds = own.nodes[node]
            if bounds.low is not bounds.high:
                raise TppError(f"{name} is uncertain in these designs; expected one that is known")
            forms.append(Forms.unscaled(bounds.low))
        roots = list(dict.fromkeys(base for _, base in forms if base.axes))
        self.lowered: Lowered = lower([own], roots)
        self.goals = [
            Goal(roots.index(base) if base.axes else None, sense)
            for (_, base), sense in zip(forms, aims.values(), strict=True)
        ]
        self.units = [
            coef * (Fraction(1) if base.axes else Fraction(base.value)) for coef, base in forms
        ]
        try:
            self.found = best(part.forms, self.lowered, self.goals, self.allowed, part.axes, limit)
        except TooMany as error:
            raise TppError(f"the best of this space takes too much to find: {error}") from None

    def allowed(self, verdicts: Array) -> Array:
        """Which rows of verdicts are those asked for."""
        codes = {True: counting.TRUE, False: counting.FALSE, None: counting.UNDETERMINED}
        fine = np.ones(len(verdicts), bool)
        for column, verdict in enumerate(self.wanted):
            fine &= verdicts[:, column] == codes[verdict]
        return fine

    def values(self, each: Found) -> tuple[Fraction, ...]:
        """The values of the aims."""
        return tuple(v * unit for v, unit in zip(each.values, self.units, strict=True))

    def designs(self, each: Found) -> list[tuple[int, Chip]]:
        """Some designs, with their index in the space."""
        made = []
        for places in each.places:
            at = original(places, self.part.axes)
            order = [at[axis] for axis in self.part.axes]
            index = self.number
            for axis, place in zip(self.part.axes, order, strict=True):
                index = index * axis.size + place
            chip = Chip.of_row(f"design {index}", row(self.part, order))
            made.append((index, chip))
        return made


def _front(
    found: Sequence[tuple[tuple[Fraction, ...], _Searched, Found]], senses: Sequence[int]
) -> list[list[tuple[tuple[Fraction, ...], _Searched, Found]]]:
    """Those of all parts that no other beats, equal ones together, the best first aim first."""
    by_values: dict[tuple[Fraction, ...], list[Any]] = {}
    for each in found:
        by_values.setdefault(each[0], []).append(each)
    front: list[tuple[Fraction, ...]] = []
    for values in sorted(by_values, key=lambda v: [-s * x for s, x in zip(senses, v, strict=True)]):
        # Whatever beats these values comes before them in this order.
        beaten = any(
            all(s * (a - b) >= 0 for s, a, b in zip(senses, other, values, strict=True))
            for other in front
        )
        if not beaten:
            front.append(values)
    return [by_values[values] for values in front]


def _lines(law: Rulebook, chip: Chip) -> tuple[Line, ...]:
    """Where a design stands to the thresholds of the conditions, the nearest first."""
    from tppcore.engine.exact import Metrics
    from tppcore.rules.condition import leaves

    metrics = Metrics(law.formulas, chip.quantities)
    found: dict[tuple[str, Fraction], Line] = {}
    for paragraph in law.paragraphs:
        for leaf in leaves(paragraph.condition):
            kind = law.vocabulary.kind(leaf.metric) if isinstance(leaf, Compare) else None
            if not isinstance(leaf, Compare) or kind is None or kind.kind != "number":
                continue
            value = metrics.metric(leaf.metric)
            if value.known:
                margin = value.low - leaf.threshold
                line = Line(paragraph.id, leaf.metric, leaf.threshold, value.low, margin)
                found.setdefault((leaf.metric, leaf.threshold), line)
    return tuple(sorted(found.values(), key=lambda e: abs(e.margin) / (e.threshold or Fraction(1))))
