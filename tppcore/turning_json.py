"""Headroom as plain data for JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tppcore.explanation_json import heading_data, number, value_data
from tppcore.turning import Headroom
from tppcore.turning_moves import Turn


def to_dict(each: Headroom) -> dict[str, Any]:
    """See `Headroom.to_dict`."""
    return {
        **heading_data(each, each.took, each.limit.text if each.limit else None),
        "readings": dict(each.rules.readings),
        "verdicts": dict(each.verdicts),
        "margins": [
            {
                "metric": margin.metric,
                "threshold": number(margin.threshold),
                "margin": value_data(margin.margin),
                "paragraphs": list(margin.paragraphs),
            }
            for margin in each.margins
        ],
        "quantities": {
            name: {"value": number(value), "step": number(each.steps[name])}
            for name, value in each.quantities.items()
        },
        "ranges": list(each.ranges),
        "lines": [_turn(line) for line in each.lines],
    }


def _turn(line: Turn) -> dict[str, Any]:
    return {
        "quantity": line.quantity,
        "paragraph": line.paragraph,
        "value": number(line.value),
        "now": line.now,
        "direction": line.direction,
        "at": number(line.at),
        "reached": line.reached,
        "becomes": line.becomes,
        "distance": number(line.distance),
        "relative": _optional(line.relative),
        "step": number(line.step),
        "steps_count": line.steps_count,
        "at_step": _optional(line.at_step),
        "becomes_at_step": line.becomes_at_step,
    }


def _optional(value: Fraction | None) -> Any:
    return None if value is None else number(value)
