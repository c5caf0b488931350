"""An explanation of a system as text, in the shape of the law."""

from __future__ import annotations

from collections.abc import Iterator

from tppcore.engine import exact
from tppcore.explanation_text import (
    closing_lines,
    condition_lines,
    heading_lines,
    note_lines,
    reading_lines,
    value_text,
    verdict_text,
)
from tppcore.rules.condition import combine
from tppcore.rules.rulebook import DEFAULT_SCOPES
from tppcore.rules.systems import leaf
from tppcore.sinks.numbers import approx
from tppcore.system_explanation import ClaimExplained, SystemExplanation


def lines(each: SystemExplanation) -> Iterator[str]:
    system = each.system
    yield from heading_lines(each, system.took, each.limiting_test)
    yield ""
    for part in each.parts:
        host = " (host)" if part.is_host else ""
        yield f"  {value_text(part.count)} x {part.name}{host}: TPP {value_text(part.tpp)}"
    yield ""
    yield from _metric_lines(each)
    if each.claims:
        yield ""
        yield f"  published, {each.claims[0].claim.by}:"
        yield from (f"    {_claim_line(one, each)}" for one in each.claims)
    yield ""
    yield from _paragraph_lines(each)
    yield ""
    yield from reading_lines(each)
    if each.estimated:
        yield f"  estimates or rumours: {'; '.join(each.estimated)}"
    for name in ("sources", "notes"):
        if name in system.info:
            yield f"  {name}: {system.info[name]}"
    yield from note_lines(each)


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
        any_of = "any single circuit in " if paragraph.scope in DEFAULT_SCOPES else ""
        yield f"  {any_of}{paragraph.id}: {verdict_text(part)}"
        if paragraph.scope not in DEFAULT_SCOPES:
            written = combine(paragraph.source["condition"], each.rules.vocabulary.kind)
            yield from condition_lines(written, part, verdicts, "      ")
        for identity in circuits:
            if any(test.metric == leaf(identity) for test in part.tests):
                yield from _circuit_lines(identity, each)
        cited = yield from closing_lines(part, cited)


def _circuit_lines(identity: str, each: SystemExplanation) -> Iterator[str]:
    """Which circuits meet a paragraph on circuits, if any may."""
    for word, verdict in (("met by", True), ("undetermined for", None)):
        names = [one.name for one in each.parts if one.verdicts[identity] is verdict]
        if names and each.circuits[identity] is not False:
            yield f"      {word} {', '.join(names)}"
