"""An explanation of a system as plain data for JSON."""

from __future__ import annotations

from typing import Any

from tppcore.explanation import ParagraphExplained
from tppcore.explanation_json import closing_data, heading_data, number, paragraph_data, value_data
from tppcore.rules.systems import leaf
from tppcore.system_explanation import PartExplained, SystemExplanation


def to_dict(each: SystemExplanation) -> dict[str, Any]:
    """See `SystemExplanation.to_dict`."""
    return {
        **heading_data(each, each.system.took, each.limiting_test),
        "power_level": each.system.level,
        "parts": [_part(part) for part in each.parts],
        "claims": [
            {
                "metric": one.claim.metric,
                "claimed": number(one.claim.value),
                "printed": f"{one.claim.printed} {one.claim.unit}".strip(),
                "by": one.claim.by,
                "computed": value_data(one.computed),
                "relation": one.relation,
            }
            for one in each.claims
        ],
        "paragraphs": [_paragraph(part, each) for part in each.paragraphs],
        "sources": {
            name: each.system.info[name]
            for name in ("figures_by", "sources", "seen", "confidence", "power_basis", "notes")
            if name in each.system.info
        },
        **closing_data(each),
    }


def _part(part: PartExplained) -> dict[str, Any]:
    return {
        "id": part.chip.id,
        "name": part.name,
        "count": value_data(part.count),
        "host": part.is_host,
        "tpp": value_data(part.tpp),
        "verdicts": dict(part.verdicts),
    }


def _paragraph(each: ParagraphExplained, of: SystemExplanation) -> dict[str, Any]:
    """As of a chip; a test of any single circuit says which circuits meet the paragraph."""
    names = {leaf(identity): identity for part in of.parts for identity in part.verdicts}
    found = paragraph_data(each)
    asked = [names[test["metric"]] for test in found["tests"] if test["metric"] in names]
    found["tests"] = [test for test in found["tests"] if test["metric"] not in names]
    found["any_single_circuit"] = {
        identity: {part.name: part.verdicts[identity] for part in of.parts} for identity in asked
    }
    return found
