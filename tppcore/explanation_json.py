"""An explanation as plain data for JSON."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tppcore.engine.exact import Interval
from tppcore.explanation import Answer, Explanation, ParagraphExplained, Test
from tppcore.sinks.numbers import approx

if TYPE_CHECKING:
    from tppcore.system_explanation import SystemExplanation

Number = dict[str, Any]


def to_dict(each: Explanation) -> dict[str, Any]:
    """See `Explanation.to_dict`."""
    return {
        **heading_data(each, each.took, each.limit.text if each.limit else None),
        "paragraphs": [paragraph_data(part) for part in each.paragraphs],
        **closing_data(each),
    }


def heading_data(each: Answer, took: str | None, limiting_test: str | None) -> dict[str, Any]:
    """What is explained, under which law, what comes of it, and its metrics."""
    return {
        "name": each.name,
        "took": took,
        "as_of": each.rules.as_of.isoformat(),
        "destination": each.rules.destination,
        "rulebook": each.rules.hash,
        **({"amended": "; ".join(each.rules.amended)} if each.rules.amended else {}),
        "outcome": each.outcome,
        "limiting_test": limiting_test,
        "metrics": {name: value_data(value) for name, value in each.metrics.items()},
    }


def closing_data(each: Explanation | SystemExplanation) -> dict[str, Any]:
    """The readings, what others would turn, what is missing or estimated, and notes."""
    return {
        "readings": dict(each.rules.readings),
        "other_readings": [
            {"reading": o.reading, "alternative": o.alternative, "turns": dict(o.turns)}
            for o in each.other_readings
        ],
        "missing": list(each.missing),
        "estimated": list(each.estimated),
        "notes": [dict(note) for note in each.notes],
    }


def number(value: Fraction) -> Number:
    """A number as JSON: exact text (an integer, a decimal or a quotient) and six digits."""
    return {"exact": exact_text(value), "approx": approx(value)}


def exact_text(value: Fraction) -> str:
    """An integer, or numerator/denominator in lowest terms."""
    return str(value)


def value_data(value: Interval) -> Any:
    """A number, a range {"low", "high"} (null: unbounded), or null where it does not apply."""
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
    return value_data(Interval(value.low - test.threshold, shifted_high))


def paragraph_data(each: ParagraphExplained) -> dict[str, Any]:
    """One paragraph with its tests."""
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
                "value": value_data(test.value),
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
