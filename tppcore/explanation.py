"""One row explained: every metric, paragraph and test, what limits it, and what is missing."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tppcore.engine import exact
from tppcore.engine.exact import Interval, Metrics, Row
from tppcore.errors import TppError
from tppcore.rules.condition import (
    All,
    AnyOf,
    Compare,
    Condition,
    Destination,
    Not,
    Reference,
    Unknown,
    combine,
    leaves,
)
from tppcore.rules.expression import quantities
from tppcore.rules.rulebook import Paragraph, Rulebook
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sinks.limits import Limit, limit
from tppcore.sinks.numbers import approx
from tppcore.sinks.outcome import Ladder
from tppcore.sources.chips import Chip

Number = dict[str, Any]


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
        return {
            "name": self.name,
            "took": self.took,
            "as_of": self.rules.as_of.isoformat(),
            "destination": self.rules.destination,
            "rulebook": self.rules.hash,
            "outcome": self.outcome,
            "limiting_test": self.limit.text if self.limit else None,
            "metrics": {name: _value(value) for name, value in self.metrics.items()},
            "paragraphs": [_paragraph(each) for each in self.paragraphs],
            "readings": dict(self.rules.readings),
            "other_readings": [
                {"reading": o.reading, "alternative": o.alternative, "turns": dict(o.turns)}
                for o in self.other_readings
            ],
            "missing": list(self.missing),
            "estimated": list(self.estimated),
            "notes": [dict(note) for note in self.notes],
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def number(value: Fraction) -> Number:
    """A number as JSON: exact text (an integer, a decimal or a quotient) and six digits."""
    return {"exact": exact_text(value), "approx": approx(value)}


def exact_text(value: Fraction) -> str:
    """An integer, or numerator/denominator in lowest terms."""
    return str(value)


def _value(value: Interval) -> Any:
    if not value.applicable:
        return None
    if value.known:
        return number(value.low)
    high = None if value.high == math.inf else number(Fraction(value.high))
    return {"low": number(value.low), "high": high}


def _margin(test: Test) -> Any:
    value = test.value
    if not value.applicable:
        return None
    shifted_high = math.inf if value.high == math.inf else value.high - test.threshold
    return _value(Interval(value.low - test.threshold, shifted_high))


def _paragraph(each: ParagraphExplained) -> dict[str, Any]:
    paragraph = each.paragraph
    return {
        "id": paragraph.id,
        "title": paragraph.title,
        "verdict": each.verdict,
        "tests": [
            {
                "metric": test.metric,
                "op": test.op,
                "threshold": number(test.threshold),
                "value": _value(test.value),
                "margin": _margin(test),
                "verdict": test.verdict,
            }
            for test in each.tests
        ],
        "citation": paragraph.citation,
        "url": paragraph.url,
        "kind": paragraph.kind,
        "status": paragraph.status,
        "confidence": paragraph.confidence,
        "effective": paragraph.effective,
        "until": paragraph.until,
        "outcome": paragraph.outcome,
        "assumed": list(paragraph.assumed),
        "gaps": list(each.gaps),
        "missing": list(each.missing),
        "note": paragraph.note,
    }


def explain(chip: Any, rules: Rulebook) -> Explanation:
    """One chip explained by the exact engine: every paragraph and test, with value, threshold,
    margin, citation, readings, and what is missing.

    A list of one chip, or a table of one row, will do too. Raises InputError, TppError.
    """
    if isinstance(chip, Chip):
        return _explain(chip, rules)
    from tppcore.sources.table import Table

    table = Table(chip, rules.vocabulary)
    if len(table) != 1:
        raise TppError(f"{len(table)} rows; expected one (see Verdicts.explain)")
    return _explain(table.chip(0), rules)


def _explain(chip: Chip, rules: Rulebook) -> Explanation:
    row = chip.quantities
    metrics = Metrics(rules.formulas, row)
    decided = exact.decisions(rules).decide(metrics)
    ladder = Ladder(rules)
    explained = tuple(
        _explained(paragraph, verdict, metrics, row, rules)
        for paragraph, verdict in zip(rules.paragraphs, decided, strict=True)
    )
    shown = [m.name for m in rules.vocabulary.metrics.values() if not m.internal]
    tested = {test.metric for each in explained for test in each.tests}
    return Explanation(
        chip.name or chip.id or "chip",
        chip.took,
        rules,
        {
            metric: metrics.metric(metric)
            for metric in shown
            if metric in tested or metric in MAIN_METRICS
        },
        explained,
        ladder.text(ladder.code(decided)),
        limit(rules, row),
        tuple(_other_readings(rules, row, decided)),
        tuple(_notes(rules, chip.id)),
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


def _explained(
    paragraph: Paragraph, verdict: bool | None, metrics: Metrics, row: Row, rules: Rulebook
) -> ParagraphExplained:
    tests, gaps = [], []
    for leaf in dict.fromkeys(leaves(paragraph.condition)):
        if isinstance(leaf, Compare):
            tests.append(_tested(leaf, metrics))
        elif isinstance(leaf, Unknown):
            gaps.append(leaf.why)
    missing = _missing(paragraph.condition, row, rules) if verdict is None else ()
    return ParagraphExplained(paragraph, verdict, tuple(tests), tuple(gaps), missing)


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


def _missing(condition: Condition, row: Row, rules: Rulebook) -> tuple[str, ...]:
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


def _notes(rules: Rulebook, identity: str | None) -> Iterator[Mapping[str, Any]]:
    day = rules.as_of.isoformat()
    for note in rules.specs.notes:
        applies = any(
            pattern == "*" or (identity and fnmatch.fnmatch(identity, pattern))
            for pattern in note["chips"]
        )
        if applies and note.get("from", "0000") <= day <= note.get("until", "9999"):
            yield note


def _condition_lines(
    condition: Condition, part: ParagraphExplained, verdicts: Mapping[str, bool | None], indent: str
) -> Iterator[str]:
    """A condition as it is written: its tests on this row, and what it refers to."""
    match condition:
        case All(items) if _is_equality(condition):
            parts = [_held(item, part) for item in items if isinstance(item, Compare)]
            both = False if False in parts else None if None in parts else True
            yield f"{indent}{_first_text(items)}: {_WORDS[both]}"
        case All(items):
            for item in items:
                yield from _condition_lines(item, part, verdicts, indent)
        case AnyOf(items):
            yield f"{indent}any of"
            yield from _alternatives(items, part, verdicts, indent + "  ")
        case Not(AnyOf(items)):
            yield f"{indent}none of"
            yield from _alternatives(items, part, verdicts, indent + "  ")
        case Not(Compare() as leaf):
            held = _held(leaf, part)
            yield f"{indent}not {leaf.text}: {_WORDS[None if held is None else not held]}"
        case Not(item):
            yield f"{indent}not"
            yield from _condition_lines(item, part, verdicts, indent + "  ")
        case Reference(rule, local):
            name = f"{rule or part.paragraph.rule}/{local}"
            known = f": {_WORDS[verdicts[name]]}" if name in verdicts else ""
            yield f"{indent}{name}{known}"
        case Destination(members):
            yield f"{indent}destination in {', '.join(members)}"
        case Unknown(why):
            yield f"{indent}unknown: {why}"
        case Compare():
            yield indent + _test_line(condition, part)


def _alternatives(
    items: Sequence[Condition],
    part: ParagraphExplained,
    verdicts: Mapping[str, bool | None],
    indent: str,
) -> Iterator[str]:
    for item in items:
        deeper = indent
        if isinstance(item, All) and not _is_equality(item):
            yield f"{indent}all of"
            deeper += "  "
        yield from _condition_lines(item, part, verdicts, deeper)


def _is_equality(condition: All) -> bool:
    """Whether these are the two tests of a category's code, one equality as written."""
    items = condition.items
    return len(items) > 1 and len({getattr(item, "text", item) for item in items}) == 1


def _first_text(items: Sequence[Condition]) -> str:
    return next(item.text for item in items if isinstance(item, Compare))


def _test(leaf: Compare, part: ParagraphExplained) -> Test:
    key = (leaf.metric, leaf.op, leaf.threshold)
    return next(t for t in part.tests if (t.metric, t.op, t.threshold) == key)


def _held(leaf: Compare, part: ParagraphExplained) -> bool | None:
    return _test(leaf, part).verdict


def _test_line(leaf: Compare, part: ParagraphExplained) -> str:
    test = _test(leaf, part)
    held = f"{leaf.text}: {_WORDS[test.verdict]}"
    if leaf.text == leaf.metric:
        return held
    value = _text(test.value)
    if test.value.applicable and test.value.known:
        value += f", margin {approx(test.value.low - test.threshold)}"
    return f"{held} ({value})"


_WORDS = {True: "true", False: "false", None: "undetermined"}


def _text(value: Interval) -> str:
    if not value.applicable:
        return "not applicable"
    if value.known:
        return approx(value.low)
    if value.high == math.inf:
        return "unknown" if value.low == 0 else f"{approx(value.low)} or more"
    return f"{approx(value.low)} to {approx(Fraction(value.high))}"


def _lines(each: Explanation) -> Iterator[str]:
    rules = each.rules
    to = f", destination {rules.destination}" if rules.destination else ""
    yield f"{each.name}: {rules.as_of}{to} (rulebook {rules.hash})"
    if each.took:
        yield f"  taken as {each.took}"
    yield f"  {each.outcome}"
    if each.limit:
        yield f"  limiting test: {each.limit.text}"
    yield ""
    for name, value in each.metrics.items():
        metric = rules.vocabulary.metrics[name]
        unit = f" {metric.unit}" if value.applicable and value != exact.ANYTHING else ""
        yield f"  {metric.title}: {_text(value)}{unit}"
    yield ""
    verdicts = {part.paragraph.id: part.verdict for part in each.paragraphs}
    cited = ""
    for part in each.paragraphs:
        paragraph = part.paragraph
        label = f" [{paragraph.status}]" if paragraph.status != "in force" else ""
        yield f"  {paragraph.id}: {_WORDS[part.verdict]}{label}"
        written = combine(paragraph.source["condition"], rules.vocabulary.kind)
        yield from _condition_lines(written, part, verdicts, "      ")
        if part.missing:
            yield f"      missing: {', '.join(part.missing)}"
        if paragraph.assumed and part.verdict is not False:
            yield f"      assumed, not computed: {'; '.join(paragraph.assumed)}"
        source = f"{paragraph.citation} ({paragraph.confidence})"
        if source != cited:
            yield f"      {source}"
        cited = source
    yield ""
    yield "  readings: " + ", ".join(f"{name}={value}" for name, value in rules.readings.items())
    for other in each.other_readings:
        turned = ", ".join(f"{name} {_WORDS[value]}" for name, value in other.turns.items())
        yield f"  under {other.reading}={other.alternative}: {turned}"
    if each.estimated:
        yield f"  estimates or rumours: {', '.join(each.estimated)}"
    for note in each.notes:
        yield f"  note: {note['text']} ({note['citation']}; {note['confidence']})"
