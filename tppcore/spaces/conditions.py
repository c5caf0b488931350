"""What the designs that are sought must meet: verdicts of the law, and comparisons of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from tppcore.engine.exact import Metrics, Row
from tppcore.errors import TppError
from tppcore.rules.condition import Compare, ConditionError, leaves, parse
from tppcore.rules.expression import FormulaError
from tppcore.rules.rulebook import Paragraph, Rulebook

SubjectTo = Mapping[str, bool | None]


@dataclass(frozen=True)
class Line:
    """A threshold of a condition; `margin` is the value of `metric` less the threshold."""

    condition: str
    metric: str
    threshold: Fraction
    value: Fraction
    margin: Fraction


def conditions(rules: Rulebook, subject_to: SubjectTo) -> tuple[Rulebook, list[bool | None]]:
    """A rulebook of just what is asked for, and the verdicts that it must have.

    Keys are ids of paragraphs, comparisons such as "die_area_mm2 <= 860", or names of boolean
    quantities. Raises UnknownName for a paragraph that does not exist, TppError for what is none of
    these.
    """
    paragraphs, verdicts = [], []
    known = {each.id: each for each in rules.paragraphs}
    for key, verdict in subject_to.items():
        if verdict not in (True, False, None):
            raise TppError(f"subject_to {key!r}: {verdict!r}; expected True, False or None")
        if key in known:
            paragraphs.append(known[key])
        elif any(op in key for op in "<>=") or rules.vocabulary.kind(key) is not None:
            paragraphs.append(_own(rules, key))
        else:
            rules[key]  # says why it is not there
        verdicts.append(None if verdict is None else bool(verdict))
    return replace(rules, paragraphs=tuple(paragraphs)), verdicts


def _own(rules: Rulebook, key: str) -> Paragraph:
    """A comparison as a paragraph of no rule."""
    try:
        condition = parse(key, rules.vocabulary.kind)
        for leaf in leaves(condition):
            if not isinstance(leaf, Compare):
                raise TppError(f"subject_to: {key!r}; expected a paragraph or a comparison")
            rules.formulas.check(leaf.metric)
    except (ConditionError, FormulaError) as error:
        raise TppError(f"subject_to: {error}") from None
    blank = dict.fromkeys(
        ("rule", "title", "kind", "scope", "status", "confidence", "citation", "url", "effective"),
        "",
    )
    return Paragraph(
        id=key, until=None, outcome=None, assumed=(), note=None, source={}, condition=condition,
        **blank,
    )  # fmt: skip


def lines_of(law: Rulebook, row: Row) -> tuple[Line, ...]:
    """Where a design stands to the thresholds of the paragraphs of a law, the nearest first."""
    metrics = Metrics(law.formulas, row)
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
