"""Exact counts of the designs of a space, by verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.lowering import Lowering, lower
from tppcore.engine.counting.ratios import TooLong
from tppcore.engine.counting.tally import TooMany
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import Ladder
from tppcore.sources.design.space import Design, Part
from tppcore.spaces.laws import lowering, program_for, ranges, rules_for

_WORDS = {counting.TRUE: True, counting.FALSE: False, counting.UNDETERMINED: None}
Verdict = bool | None
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """The designs at one place of the axes that a census is taken by: counts by combination."""

    values: Key
    counts: Mapping[tuple[Verdict, ...], int]


class Census:
    """How many designs have which verdicts.

    `total`: designs in all (the sum of their weights, where an axis has weights). `outcomes`: how
    many there are of each combination of verdicts that occurs, a tuple in the order of
    `paragraphs`; None is undetermined. `method` says what was looked at. Censuses of disjoint
    shares of a space under the same rulebook add up with +.
    """

    def __init__(
        self,
        rules: Rulebook,
        paragraphs: tuple[str, ...],
        cells: Sequence[Cell],
        by: tuple[str, ...] = (),
        method: tuple[str, ...] = (),
    ) -> None:
        self.rules, self.paragraphs, self.by, self.method = rules, paragraphs, by, method
        self.cells = tuple(cells)
        outcomes: dict[tuple[Verdict, ...], int] = {}
        for cell in cells:
            for combination, count in cell.counts.items():
                outcomes[combination] = outcomes.get(combination, 0) + count
        self.outcomes = outcomes
        self.total = sum(outcomes.values())

    def counts(self) -> dict[str, dict[str, int]]:
        """How many designs are true, false and undetermined, by paragraph."""
        return _counts(self.paragraphs, self.outcomes)

    def outcome_counts(self) -> dict[str, int]:
        """How many designs have each highest outcome, the strongest first."""
        return _ranked(self.rules, self.outcomes)

    def table(self, paragraph: str | None = None) -> dict[str, NDArray[Any]]:
        """The counts at each place of the axes that the census is `by`, for heat maps: a column
        (n,) an axis, and one of whole numbers an outcome, or true, false and undetermined of one
        paragraph. Raises UnknownName for a paragraph not held."""
        found: dict[str, NDArray[Any]] = {
            name: np.array([_shown(cell.values[i]) for cell in self.cells])
            for i, name in enumerate(self.by)
        }
        if paragraph is None:
            counts = [_ranked(self.rules, cell.counts) for cell in self.cells]
            heads = list(self.outcome_counts())
        else:
            if paragraph not in self.paragraphs:
                self.rules[paragraph]  # says why it is not there
            counts = [_counts(self.paragraphs, cell.counts)[paragraph] for cell in self.cells]
            heads = ["true", "false", "undetermined"]
        whole = np.int64 if self.total < 2**63 else object
        for head in heads:
            found[head] = np.array([each.get(head, 0) for each in counts], whole)
        return found

    def __add__(self, other: Census) -> Census:
        if not isinstance(other, Census):
            return NotImplemented
        same = (self.rules.hash, self.paragraphs, self.by)
        if same != (other.rules.hash, other.paragraphs, other.by):
            raise TppError("censuses of different laws or axes; expected those of one space")
        cells: dict[Key, dict[tuple[Verdict, ...], int]] = {}
        for cell in (*self.cells, *other.cells):
            into = cells.setdefault(cell.values, {})
            for combination, count in cell.counts.items():
                into[combination] = into.get(combination, 0) + count
        method = tuple(dict.fromkeys((*self.method, *other.method)))
        return Census(
            self.rules,
            self.paragraphs,
            [Cell(values, counts) for values, counts in cells.items()],
            self.by,
            method,
        )

    def __radd__(self, other: object) -> Census:
        """So that sum() adds censuses."""
        return self if other == 0 else NotImplemented

    def to_dict(self) -> dict[str, Any]:
        """As data for JSON: counts are whole numbers of any size."""
        from tppcore.verdicts import metadata_of

        made: dict[str, Any] = {
            "meta": metadata_of(self.rules),
            "total": self.total,
            "paragraphs": self.counts(),
            "outcomes": self.outcome_counts(),
            "combinations": [
                {"count": count, "true": self._names(c, True), "undetermined": self._names(c, None)}
                for c, count in sorted(self.outcomes.items(), key=lambda pair: -pair[1])
            ],
            "method": list(self.method),
        }
        if self.by:
            made["by"] = list(self.by)
            made["cells"] = [
                {
                    "at": dict(zip(self.by, map(_shown, cell.values), strict=True)),
                    "paragraphs": _counts(self.paragraphs, cell.counts),
                    "outcomes": _ranked(self.rules, cell.counts),
                }
                for cell in self.cells
            ]
        return made

    def _names(self, combination: Sequence[Verdict], verdict: Verdict) -> list[str]:
        pairs = zip(self.paragraphs, combination, strict=True)
        return [name for name, each in pairs if each is verdict]

    def __repr__(self) -> str:
        return (
            f"<Census: {self.total:,} designs, {len(self.outcomes):,} combinations of "
            f"{len(self.paragraphs)} paragraphs, {self.rules.as_of}>"
        )


def _shown(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value


def _counts(
    paragraphs: Sequence[str], outcomes: Mapping[tuple[Verdict, ...], int]
) -> dict[str, dict[str, int]]:
    words = {True: "true", False: "false", None: "undetermined"}
    found = {name: dict.fromkeys(words.values(), 0) for name in paragraphs}
    for combination, count in outcomes.items():
        for name, verdict in zip(paragraphs, combination, strict=True):
            found[name][words[verdict]] += count
    return found


def _ranked(rules: Rulebook, outcomes: Mapping[tuple[Verdict, ...], int]) -> dict[str, int]:
    ladder = Ladder(rules)
    codes: dict[int, int] = {}
    for combination, count in outcomes.items():
        code = ladder.code(combination)
        codes[code] = codes.get(code, 0) + count
    found: dict[str, int] = {}
    for code in sorted(codes):
        text = ladder.text(code)
        found[text] = found.get(text, 0) + codes[code]
    return found


def census(design: Design, rules: Rulebook, by: Sequence[str] = ()) -> Census:
    """The exact census of a space. See `tppcore.spaces.space.Space.census`."""
    asked = rules_for(design, rules)
    cells, method = counted(design, [rules], by)
    return Census(
        asked, tuple(each.id for each in asked.paragraphs), cells, tuple(by), tuple(method)
    )


def counted(
    design: Design, laws: Sequence[Rulebook], by: Sequence[str] = ()
) -> tuple[list[Cell], list[str]]:
    """The designs by combination of the verdicts of several rulebooks, one rulebook's after the
    other's, for each place of the axes `by`; and what was looked at.

    Raises UnknownName for an axis that does not exist, TppError for a space that takes too much.
    """
    names = [axis.name for axis in design.axes]
    for name in by:
        if name not in names:
            raise UnknownName(f"no axis {name!r}; expected one of {', '.join(names)}")
    if len(set(by)) < len(by):
        raise TppError(f"axes {', '.join(by)}: expected each once")
    for axis in design.axes:
        if axis.continuous:
            raise TppError(f"axis {axis.name} is continuous: expected a step, or chances by sample")
    asked = [_Asked(design, rules) for rules in laws]
    cells: dict[Key, dict[tuple[Verdict, ...], int]] = {}
    method: dict[str, None] = {}
    for number, part in enumerate(design.parts):
        own = [each.lowering(number) for each in asked]
        try:
            found, said = _of_part(part, own, [n for n in by if n in part.places])
        except (TooMany, TooLong) as error:
            raise TppError(f"this space takes too much to count: {error}") from None
        method.update(dict.fromkeys(said))
        for values, counts in found:
            key = values
            if part.chip is not None and names[0] in by:
                at = by.index(names[0])
                key = (*values[:at], part.chip.id, *values[at:])
            into = cells.setdefault(key, {})
            for combination, count in counts.items():
                into[combination] = into.get(combination, 0) + count
    return [Cell(key, counts) for key, counts in cells.items()], list(method)


class _Asked:
    """A rulebook asked of a space."""

    def __init__(self, design: Design, rules: Rulebook) -> None:
        self.parts = design.parts
        self.stated = [ranges(part, rules) for part in design.parts]
        given = {name for each in self.stated for name in each}
        self.program = program_for(rules_for(design, rules), given)

    def lowering(self, number: int) -> Lowering:
        """Its program over one part."""
        return lowering(self.parts[number], self.program, self.stated[number])


def _of_part(
    part: Part, programs: Sequence[Lowering], by: Sequence[str]
) -> tuple[list[tuple[Key, dict[tuple[Verdict, ...], int]]], list[str]]:
    specs = {axis.name: axis for axis in part.design.plain_axes}
    longer = [name for name in by if specs[name].size > 1]
    kept = [part.places[name] for name in longer]
    lowered = lower(programs, [part.place(name) for name in longer])
    plan = counting.plan(part.forms, lowered, kept)
    tables = counting.tables(plan, kept)
    found = counting.outcomes(lowered, tables, kept, plan.others(part.axes))
    combinations = [tuple(_WORDS[int(v)] for v in row) for row in found.verdicts]
    cells = []
    for places in np.ndindex(*(specs[name].size for name in by)):
        at = [i for i, name in zip(places, by, strict=True) if name in longer]
        counts = {
            combination: int(count)
            for combination, count in zip(combinations, found.counts[tuple(at)], strict=True)
            if count
        }
        values = tuple(specs[name].values[i] for i, name in zip(places, by, strict=True))
        cells.append((values, counts))
    return cells, plan.said()
