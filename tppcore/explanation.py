"""One row explained: every metric, paragraph and test, what limits it, and what is missing."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from tppcore.engine import exact
from tppcore.engine.exact import Interval, Metrics, Row
from tppcore.errors import TppError
from tppcore.rules.condition import (
    Compare,
    Condition,
    Unknown,
    leaves,
)
from tppcore.rules.expression import quantities
from tppcore.rules.rulebook import Paragraph, Rulebook
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sinks.limits import Limit, limit
from tppcore.sinks.outcome import Ladder
from tppcore.sources.chips import Chip

if TYPE_CHECKING:
    from tppcore.system_explanation import SystemExplanation


@dataclass(frozen=True)
class Test:
    """One comparison of a paragraph on this row; `margin` is value minus threshold."""

    __test__ = False

    metric: str
    op: str
    threshold: Fraction
    text: str
    value: Interval
    verdict: bool | None


@dataclass(frozen=True)
class ParagraphExplained:
    paragraph: Paragraph
    verdict: bool | None
    tests: tuple[Test, ...]
    gaps: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class OtherReading:
    """A reading not chosen, and the paragraphs whose verdict it would turn."""

    reading: str
    alternative: str
    turns: Mapping[str, bool | None]


class Answer(Protocol):
    """What the answers on one chip or system begin with."""

    @property
    def name(self) -> str: ...
    @property
    def rules(self) -> Rulebook: ...
    @property
    def outcome(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, Interval]: ...


@dataclass(frozen=True)
class Explanation:
    """All that `explain` knows of one row. `to_dict` is the JSON form, `str` the text."""

    name: str
    took: str | None
    rules: Rulebook
    metrics: Mapping[str, Interval]
    paragraphs: tuple[ParagraphExplained, ...]
    outcome: str
    limit: Limit | None
    other_readings: tuple[OtherReading, ...]
    notes: tuple[Mapping[str, Any], ...]
    estimated: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The quantities that would settle what is undetermined."""
        return tuple(dict.fromkeys(name for each in self.paragraphs for name in each.missing))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON. Numbers are {"exact": "7916/407", "approx": "19.4496"}; a range has
        "low" and "high" (null: unbounded); a metric that does not apply is null."""
        from tppcore.explanation_json import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        from tppcore.explanation_text import lines

        return "\n".join(lines(self))


def explain(chip: Any, rules: Rulebook) -> Explanation | SystemExplanation:
    """One chip or system explained by the exact engine: every paragraph and test, with value,
    threshold, margin, citation, readings, and what is missing.

    A list of one chip, or a table of one row, will do too. Raises InputError, TppError.
    """
    if isinstance(chip, Chip):
        return _explain(chip, rules)
    from tppcore.sources.systems import System
    from tppcore.sources.table import Table

    if isinstance(chip, System):
        from tppcore.system_explanation import explain as explain_system

        return explain_system(chip, rules)

    table = Table(chip, rules.vocabulary)
    if len(table) != 1:
        raise TppError(f"{len(table)} rows; expected one (see Verdicts.explain)")
    return _explain(table.chip(0), rules)


def _explain(chip: Chip, rules: Rulebook) -> Explanation:
    row = chip.quantities
    metrics = Metrics(rules.formulas, row)
    decided = exact.decisions(rules).decide(metrics)
    ladder = Ladder(rules)
    found = tuple(
        explained(paragraph, verdict, metrics, row, rules)
        for paragraph, verdict in zip(rules.paragraphs, decided, strict=True)
    )
    shown = [m.name for m in rules.vocabulary.metrics.values() if not m.internal]
    tested = {test.metric for each in found for test in each.tests}
    return Explanation(
        chip.name or chip.id or "chip",
        chip.took,
        rules,
        {
            metric: metrics.metric(metric)
            for metric in shown
            if metric in tested or metric in MAIN_METRICS
        },
        found,
        ladder.text(ladder.code(decided)),
        limit(rules, row),
        tuple(_other_readings(rules, row, decided)),
        tuple(notes_on(rules, chip.id)),
        tuple(part for part in chip.info.get("estimated", "").split(";") if part),
    )


MAIN_METRICS = (
    "tpp",
    "performance_density",
    "total_dram_bandwidth",
    "interconnect_bandwidth",
    "bidirectional_transfer_rate",
)
"""The metrics that every answer shows."""


def explained(
    paragraph: Paragraph, verdict: bool | None, metrics: Metrics, row: Row, rules: Rulebook
) -> ParagraphExplained:
    """One paragraph with the tests of its condition, and what is missing if it is not decided."""
    tests, gaps = [], []
    for leaf in dict.fromkeys(leaves(paragraph.condition)):
        if isinstance(leaf, Compare):
            tests.append(_tested(leaf, metrics))
        elif isinstance(leaf, Unknown):
            gaps.append(leaf.why)
    lacks = missing_of(paragraph.condition, row, rules) if verdict is None else ()
    return ParagraphExplained(paragraph, verdict, tuple(tests), tuple(gaps), lacks)


def _tested(leaf: Compare, metrics: Metrics) -> Test:
    value = metrics.metric(leaf.metric)
    sides = {exact.holds(end, leaf.op, leaf.threshold) for end in (value.low, value.high)}
    held = sides.pop() if len(sides) == 1 and value.applicable else None
    return Test(leaf.metric, leaf.op, leaf.threshold, leaf.text, value, held)


_STEPS = 48


def _probes(now: Interval, spec: QuantitySpec) -> Iterator[Fraction]:
    """Values that an uncertain quantity may turn out to have."""
    if spec.kind == "boolean":
        yield from map(Fraction, (0, 1))
    elif spec.kind == "category":
        yield from map(Fraction, range(len(spec.words)))
    elif now.high == math.inf:
        least = max(now.low, Fraction(1, 1000))
        yield from (now.low, *(least * 2**step for step in range(_STEPS)))
    else:
        width = Fraction(now.high) - now.low
        yield from (now.low + width * step / _STEPS for step in range(_STEPS + 1))


def missing_of(condition: Condition, row: Row, rules: Rulebook) -> tuple[str, ...]:
    """The uncertain quantities of a paragraph: those that alone can settle it, else all of them."""
    specs = rules.vocabulary.quantities
    read: dict[str, None] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Compare):
            read.update(dict.fromkeys(sorted(quantities(rules.formulas.tree(leaf.metric)))))
    any_rate = any(specs[name].rate for name in row)
    uncertain = [
        name
        for name in read
        if (not row[name].known if name in row else specs[name].absent is None)
        and not specs[name].internal
        and (name in row or not (specs[name].rate or specs[name].format))
    ]
    if not any_rate and any(specs[name].rate for name in read):
        uncertain.insert(0, "a peak rate (tops_<format>)")
    decisions = exact.Decisions([condition])
    settling = []
    for name in uncertain:
        if name not in specs:
            continue
        for value in _probes(row.get(name, exact.ANYTHING), specs[name]):
            if value > 0 or not specs[name].positive:
                settled = {**row, name: exact.point(value)}
                if decisions.decide(Metrics(rules.formulas, settled)) != [None]:
                    settling.append(name)
                    break
    return tuple(settling or uncertain)


def _other_readings(
    rules: Rulebook, row: Row, decided: Sequence[bool | None]
) -> Iterator[OtherReading]:
    decisions = exact.decisions(rules)
    for name, reading in rules.vocabulary.readings.items():
        for alternative in reading.alternatives:
            if alternative.name == rules.readings[name]:
                continue
            formulas = rules.vocabulary.formulas({**rules.readings, name: alternative.name})
            turned = {
                paragraph.id: new
                for paragraph, old, new in zip(
                    rules.paragraphs,
                    decided,
                    decisions.decide(Metrics(formulas, row)),
                    strict=True,
                )
                if new is not old
            }
            if turned:
                yield OtherReading(name, alternative.name, turned)


def notes_on(rules: Rulebook, identity: str | None) -> Iterator[Mapping[str, Any]]:
    """The notes of the day on a chip of the catalogue, or on any chip."""
    day = rules.as_of.isoformat()
    for note in rules.specs.notes:
        applies = any(
            pattern == "*" or (identity and fnmatch.fnmatch(identity, pattern))
            for pattern in note["chips"]
        )
        if applies and note.get("from", "0000") <= day <= note.get("until", "9999"):
            yield note
