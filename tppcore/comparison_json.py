"""A comparison as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tppcore.comparison import Change, CheckedClaim, Comparison, ComparisonRow, Subject
from tppcore.comparison_measures import Number
from tppcore.explanation_json import number


def to_dict(each: Comparison) -> dict[str, Any]:
    """See `Comparison.to_dict`."""
    return {
        "names": list(each.names),
        "rows": [_row(row) for row in each.rows],
        "figures_by": {subject.name: _figures_by(subject) for subject in each.subjects},
        "differences": [_claim(claim) for claim in each.differences],
        "other_figures": [
            {
                "name": other.name,
                "id": other.id,
                "publisher": other.publisher,
                "instead_of": other.instead_of,
                "against": other.against,
                "changes": [_change(change) for change in other.changes],
            }
            for other in each.other_figures
        ],
        "sources": list(sources(each)),
        "readings": dict(each.readings),
    }


def sources(each: Comparison) -> Iterator[dict[str, Any]]:
    """Where the figures come from: each row of the catalogue that is compared, and its chips."""
    seen = set()
    for subject in each.subjects:
        rows: list[tuple[str | None, Mapping[str, str]]] = [(subject.id, subject.info)]
        rows += [(chip.id, chip.info) for chip, _, _ in subject.system.items()]
        for identity, info in rows:
            if identity is not None and (subject.name, identity) not in seen:
                seen.add((subject.name, identity))
                yield {
                    "name": subject.name,
                    "id": identity,
                    "publisher": info.get("publisher") or info.get("vendor"),
                    "sources": [text.strip() for text in info.get("sources", "").split(";")],
                    "seen": info.get("seen"),
                    "confidence": info.get("confidence"),
                    "note": info.get("notes"),
                }


def _figures_by(subject: Subject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "publisher": subject.publisher or None,
        "by": subject.info.get("figures_by") or subject.publisher or None,
        "took": subject.took,
    }


def _row(row: ComparisonRow) -> dict[str, Any]:
    found = {
        "metric": row.metric,
        "title": row.title,
        "unit": row.unit,
        "values": {name: _value(value) for name, value in row.values.items()},
        "ratio": _value(row.ratio),
    }
    if len(row.ratios) > 1:
        found["ratios"] = {name: _value(value) for name, value in row.ratios.items()}
    return {**found, "note": row.note}


def _change(change: Change) -> dict[str, Any]:
    return {
        "metric": change.metric,
        "title": change.title,
        "unit": change.unit,
        "value": _value(change.value),
        "ratio": _value(change.ratio),
        "note": change.note,
    }


def _claim(each: CheckedClaim) -> dict[str, Any]:
    return {
        "name": each.name,
        "id": each.id,
        "metric": each.claim.metric,
        "printed": each.claim.printed,
        "unit": each.claim.unit,
        "by": each.claim.by,
        "claim": number(each.claim.value),
        "computed": _value(each.computed),
        "relation": each.relation,
    }


def _value(value: Number) -> Any:
    if value is None or not value.applicable:
        return None
    if value.known:
        return number(value.low)
    high = None if value.high == math.inf else number(Fraction(value.high))
    return {"low": number(value.low), "high": high}
