"""The best designs of a space within the law, and the frontier between several aims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import Any

import numpy as np

from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.axes import Axis
from tppcore.engine.counting.extremes import Best as Found
from tppcore.engine.counting.extremes import Goal, best
from tppcore.engine.counting.forms import Forms
from tppcore.engine.counting.lowering import Lowered, Range, lower
from tppcore.engine.counting.ratios import Array, TooLong
from tppcore.engine.counting.tally import TooMany
from tppcore.engine.counting.witnesses import originals
from tppcore.engine.exact import Row
from tppcore.errors import TppError, UnknownName
from tppcore.program.compile import compile as compile_program
from tppcore.rules.expression import FormulaError
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.chips import Chip
from tppcore.sources.design.space import Design, Part
from tppcore.sources.systems import System
from tppcore.spaces.classifying import check_places
from tppcore.spaces.conditions import Line, SubjectTo, conditions, lines_of
from tppcore.spaces.grid import Grid
from tppcore.spaces.laws import lowering, ranges, rules_for
from tppcore.spaces.numbering import values as axis_values
from tppcore.spaces.rows import rows
from tppcore.spaces.single import single


@dataclass(frozen=True)
class Point:
    """Values that nothing allowed beats: by aim, exactly; how many designs have them (`ties`, in
    weights where axes have any); some of those designs, each with its index in the space and where
    it is on the axes (`at`); and the lines nearest to the first of them."""

    values: Mapping[str, Fraction]
    ties: int
    designs: tuple[Chip | System, ...]
    indices: tuple[int, ...]
    at: tuple[Mapping[str, Any], ...]
    lines: tuple[Line, ...]

    @property
    def design(self) -> Chip | System:
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
                    {"index": i, "at": {k: _plain(v) for k, v in at.items()}, **_figures(each)}
                    for i, at, each in zip(point.indices, point.at, point.designs, strict=True)
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


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else text(Fraction(value))


def _figures(design: Chip | System) -> dict[str, Any]:
    stated = design.quantities if isinstance(design, Chip) else design.facts
    found: dict[str, Any] = {}
    for name, each in stated.items():
        found[name] = text(each.low)
        if not each.known:
            high = None if each.high == float("inf") else text(Fraction(each.high))
            found[name] = {"low": text(each.low), "high": high}
    return {"quantities": found}


def frontier(
    design: Design,
    rules: Rulebook,
    aims: Mapping[str, int],
    subject_to: SubjectTo,
    limit: int,
) -> Frontier:
    """See `tppcore.spaces.space.Space.frontier`."""
    check_places(design)
    if not aims:
        raise TppError("nothing to maximise; expected a metric or quantity")
    if limit < 1:
        raise TppError(f"limit {limit}; expected 1 or more designs")
    law, wanted = conditions(rules_for(design, rules), subject_to)
    for name in aims:
        _check_aim(law, name)
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
        some = chain.from_iterable(searched.places(each) for _, searched, each in group)
        listed = sorted(islice(some, limit), key=lambda pair: pair[1])
        nearest, _, places = listed[0]
        indices = tuple(index for _, index, _ in listed)
        points.append(
            Point(
                dict(zip(aims, values, strict=True)),
                sum(each.weight for _, _, each in group),
                tuple(single(design, index) for index in indices),
                indices,
                tuple(_at(design, index) for index in indices),
                lines_of(law, nearest.row(places)),
            )
        )
    return Frontier(aims, points)


def _check_aim(law: Rulebook, name: str) -> None:
    kind = law.vocabulary.kind(name)
    if kind is None:
        raise UnknownName(f"unknown metric or quantity {name!r}")
    if kind.kind != "number":
        raise TppError(f"{name} is a {kind.kind}; expected a number to maximise or minimise")
    try:
        law.formulas.check(name)
    except FormulaError as error:
        raise TppError(str(error)) from None


def _at(design: Design, index: int) -> dict[str, Any]:
    """Where a design is on the axes."""
    places = Grid([axis.size for axis in design.axes]).place(index)
    return {
        axis.name: axis_values(axis)[place] for axis, place in zip(design.axes, places, strict=True)
    }


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
        self.number, self.part, self.given, self.wanted = number, part, given, wanted
        own = lowering(part, program, given)
        forms: list[Any] = []
        for name, node in program.metrics:
            bounds = own.nodes[node]
            if bounds.low is not bounds.high:
                of = "" if part.chip is None else f" of {part.chip.id}"
                raise TppError(
                    f"{name} is uncertain in designs{of}: a range, missing, or not applicable in "
                    "some; expected a metric or quantity that is known in all"
                )
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
        except (TooMany, TooLong) as error:
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

    def places(self, each: Found) -> Iterator[tuple[_Searched, int, dict[Axis, int]]]:
        """The designs that it is, with their index in the space and their places."""
        for witness in each.places:
            for at in originals(witness, self.part.axes):
                index = self.number
                for axis in self.part.axes:
                    index = index * axis.size + at[axis]
                yield self, index, at

    def row(self, at: Mapping[Axis, int]) -> Row:
        """The quantities of a design, of systems those of their parts as well."""
        places = {axis: np.array([place]) for axis, place in at.items()}
        return next(rows(self.part, self.given, places, 1))


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
