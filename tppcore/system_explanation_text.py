"""An explanation of a system as text, in the shape of the law."""

from __future__ import annotations

from collections.abc import Iterator

from tppcore.engine import exact
from tppcore.explanation_text import WORDS, condition_lines, value_text
from tppcore.rules.condition import combine
from tppcore.rules.rulebook import DEFAULT_SCOPES
from tppcore.rules.systems import leaf
from tppcore.sinks.numbers import approx
from tppcore.system_explanation import ClaimExplained, SystemExplanation


def lines(each: SystemExplanation) -> Iterator[str]:
    rules, system = each.rules, each.system
    to = f", destination {rules.destination}" if rules.destination else ""
    yield f"{each.name}: {rules.as_of}{to} (rulebook {rules.hash})"
    if system.took:
        yield f"  taken as {system.took}"
    yield f"  {each.outcome}"
    if each.limiting_test:
        yield f"  limiting test: {each.limiting_test}"
    yield ""
    for part in each.parts:
        count = value_text(part.count)
        host = " (host)" if part.is_host else ""
        yield f"  {count} x {part.name}{host}: TPP {value_text(part.tpp)}"
    yield ""
    yield from _metric_lines(each)
    if each.claims:
        yield ""
        yield f"  published, {each.claims[0].claim.by}:"
        yield from (f"    {_claim_line(one, each)}" for one in each.claims)
    yield ""
    yield from _paragraph_lines(each)
    yield ""
    yield "  readings: " + ", ".join(f"{name}={value}" for name, value in rules.readings.items())
    for other in each.other_readings:
        turned = ", ".join(f"{name} {WORDS[value]}" for name, value in other.turns.items())
        yield f"  under {other.reading}={other.alternative}: {turned}"
    if each.estimated:
        yield f"  estimates or rumours: {'; '.join(each.estimated)}"
    for name in ("sources", "notes"):
        if name in system.info:
            yield f"  {name}: {system.info[name]}"
    for note in each.notes:
        yield f"  note: {note['text']} ({note['citation']}; {note['confidence']})"


def _metric_lines(each: SystemExplanation) -> Iterator[str]:
    vocabulary = each.rules.vocabulary
    for name, value in each.metrics.items():
        spec = vocabulary.metrics.get(name) or vocabulary.quantities[name]
        if (value.known and value.low == 0) or value == exact.ANYTHING:
            continue
        level = f" ({each.system.level})" if name == "power" and each.system.level else ""
        yield f"  {spec.title}{level}: {value_text(value)} {spec.unit}".removesuffix(" 1")


def _claim_line(one: ClaimExplained, each: SystemExplanation) -> str:
    claim, computed = one.claim, one.computed
    vocabulary = each.rules.vocabulary
    spec = vocabulary.metrics.get(claim.metric) or vocabulary.quantities[claim.metric]
    own = value_text(computed)
    if computed.known:
        own = approx(computed.low / claim.scale)
    return f"{spec.title}: {claim.printed} {claim.unit}; the parts give {own}: {one.relation}"


def _paragraph_lines(each: SystemExplanation) -> Iterator[str]:
    circuits = each.circuits
    verdicts = {**circuits, **{part.paragraph.id: part.verdict for part in each.paragraphs}}
    cited = ""
    for part in each.paragraphs:
        paragraph = part.paragraph
        label = f" [{paragraph.status}]" if paragraph.status != "in force" else ""
        any_of = "any single circuit in " if paragraph.scope in DEFAULT_SCOPES else ""
        yield f"  {any_of}{paragraph.id}: {WORDS[part.verdict]}{label}"
        if paragraph.scope not in DEFAULT_SCOPES:
            written = combine(paragraph.source["condition"], each.rules.vocabulary.kind)
            yield from condition_lines(written, part, verdicts, "      ")
        for identity in circuits:
            if any(test.metric == leaf(identity) for test in part.tests):
                yield from _circuit_lines(identity, each)
        if part.missing:
            yield f"      missing: {', '.join(part.missing)}"
        if paragraph.assumed and part.verdict is not False:
            yield f"      assumed, not computed: {'; '.join(paragraph.assumed)}"
        source = f"{paragraph.citation} ({paragraph.confidence})"
        if source != cited:
            yield f"      {source}"
        cited = source


def _circuit_lines(identity: str, each: SystemExplanation) -> Iterator[str]:
    """Which circuits meet a paragraph on circuits, if any may."""
    for word, verdict in (("met by", True), ("undetermined for", None)):
        names = [one.name for one in each.parts if one.verdicts[identity] is verdict]
        if names and each.circuits[identity] is not False:
            yield f"      {word} {', '.join(names)}"
