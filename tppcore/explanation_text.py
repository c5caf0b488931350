"""An explanation as text, in the shape of the law."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from tppcore.engine import exact
from tppcore.engine.exact import Interval
from tppcore.explanation import Answer, Explanation, ParagraphExplained, Test
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
)
from tppcore.sinks.numbers import approx

if TYPE_CHECKING:
    from tppcore.system_explanation import SystemExplanation


def condition_lines(
    condition: Condition, part: ParagraphExplained, verdicts: Mapping[str, bool | None], indent: str
) -> Iterator[str]:
    """A condition as it is written: its tests on this row, and what it refers to."""
    match condition:
        case All(items) if _is_equality(condition):
            parts = [_held(item, part) for item in items if isinstance(item, Compare)]
            both = False if False in parts else None if None in parts else True
            yield f"{indent}{_first_text(items)}: {WORDS[both]}"
        case All(items):
            for item in items:
                yield from condition_lines(item, part, verdicts, indent)
        case AnyOf(items):
            yield f"{indent}any of"
            yield from _alternatives(items, part, verdicts, indent + "  ")
        case Not(AnyOf(items)):
            yield f"{indent}none of"
            yield from _alternatives(items, part, verdicts, indent + "  ")
        case Not(Compare() as leaf):
            held = _held(leaf, part)
            yield f"{indent}not {leaf.text}: {WORDS[None if held is None else not held]}"
        case Not(item):
            yield f"{indent}not"
            yield from condition_lines(item, part, verdicts, indent + "  ")
        case Reference(rule, local):
            name = f"{rule or part.paragraph.rule}/{local}"
            known = f": {WORDS[verdicts[name]]}" if name in verdicts else ""
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
        yield from condition_lines(item, part, verdicts, deeper)


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
    held = f"{leaf.text}: {WORDS[test.verdict]}"
    if leaf.text == leaf.metric:
        return held
    value = value_text(test.value)
    if test.value.applicable and test.value.known:
        value += f", margin {approx(test.value.low - test.threshold)}"
    return f"{held} ({value})"


WORDS = {True: "true", False: "false", None: "undetermined"}


def value_text(value: Interval) -> str:
    """A value or a range in words."""
    if not value.applicable:
        return "not applicable"
    if value.known:
        return approx(value.low)
    if value.high == math.inf:
        return "unknown" if value.low == 0 else f"{approx(value.low)} or more"
    return f"{approx(value.low)} to {approx(Fraction(value.high))}"


def lines(each: Explanation) -> Iterator[str]:
    rules = each.rules
    yield from heading_lines(each, each.took, each.limit.text if each.limit else None)
    yield ""
    for name, value in each.metrics.items():
        metric = rules.vocabulary.metrics[name]
        unit = f" {metric.unit}" if value.applicable and value != exact.ANYTHING else ""
        yield f"  {metric.title}: {value_text(value)}{unit}"
    yield ""
    verdicts = {part.paragraph.id: part.verdict for part in each.paragraphs}
    cited = ""
    for part in each.paragraphs:
        yield f"  {part.paragraph.id}: {verdict_text(part)}"
        written = combine(part.paragraph.source["condition"], rules.vocabulary.kind)
        yield from condition_lines(written, part, verdicts, "      ")
        cited = yield from closing_lines(part, cited)
    yield ""
    yield from reading_lines(each)
    if each.estimated:
        yield f"  estimates or rumours: {', '.join(each.estimated)}"
    yield from note_lines(each)


def heading_lines(each: Answer, took: str | None, limiting_test: str | None) -> Iterator[str]:
    """What is explained, under which law, and what comes of it."""
    rules = each.rules
    to = f", destination {rules.destination}" if rules.destination else ""
    yield f"{each.name}: {rules.as_of}{to} (rulebook {rules.hash})"
    if rules.amended:
        yield f"  amended: {'; '.join(rules.amended)}"
    if took:
        yield f"  taken as {took}"
    yield f"  {each.outcome}"
    if limiting_test:
        yield f"  limiting test: {limiting_test}"


def verdict_text(part: ParagraphExplained) -> str:
    """A verdict, with the status of its rule where that is not in force."""
    label = f" [{part.paragraph.status}]" if part.paragraph.status != "in force" else ""
    return f"{WORDS[part.verdict]}{label}"


def closing_lines(part: ParagraphExplained, cited: str) -> Generator[str, None, str]:
    """What is missing and assumed, and the source unless it is the one `cited` before; gives the
    source."""
    if part.missing:
        yield f"      missing: {', '.join(part.missing)}"
    if part.paragraph.assumed and part.verdict is not False:
        yield f"      assumed, not computed: {'; '.join(part.paragraph.assumed)}"
    source = f"{part.paragraph.citation} ({part.paragraph.confidence})"
    if source != cited:
        yield f"      {source}"
    return source


def reading_lines(each: Explanation | SystemExplanation) -> Iterator[str]:
    """The readings, and what others would turn."""
    readings = each.rules.readings
    yield "  readings: " + ", ".join(f"{name}={value}" for name, value in readings.items())
    for other in each.other_readings:
        turned = ", ".join(f"{name} {WORDS[value]}" for name, value in other.turns.items())
        yield f"  under {other.reading}={other.alternative}: {turned}"


def note_lines(each: Explanation | SystemExplanation) -> Iterator[str]:
    for note in each.notes:
        yield f"  note: {note['text']} ({note['citation']}; {note['confidence']})"
