"""A ledger as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tppcore.engine.exact import Number
from tppcore.explanation_json import number
from tppcore.shipments.accounts import Account
from tppcore.shipments.groups import Count, Group
from tppcore.shipments.products import H100, Product

if TYPE_CHECKING:
    from tppcore.shipments.ledger import Ledger


def to_dict(ledger: Ledger) -> dict[str, Any]:
    """See `Ledger.to_dict`."""
    return {
        **ledger.about(),
        "rows": {
            "read": ledger.rows,
            "counted": ledger.rows - len(ledger.refused),
            "counted_in_part": len(ledger.partly),
            "not_counted": len(ledger.refused),
            "authorization_not_said": ledger.not_said,
        },
        "authorizations_not_known": list(ledger.strange),
        "h100_equivalent": {
            "id": H100,
            "tpp": number(ledger.h100),
            "definition": f"TPP over the TPP of one {H100} of the catalogue",
        },
        "products": [_product(each) for each in ledger.products if each.why is None],
        "limits": [_account(ledger, each) for each in ledger.accounts],
        "not_in_force": [{"id": i, "dates": text} for i, text in ledger.not_in_force.items()],
        "not_counted": list(_refused(ledger)),
    }


def _refused(ledger: Ledger) -> Iterator[dict[str, Any]]:
    for refused, partly in ((ledger.refused, False), (ledger.partly, True)):
        for row, reason in refused:
            yield {"row": row, "reason": reason, "partly": partly}


def _product(each: Product) -> dict[str, Any]:
    assert each.tpp is not None
    return {
        "id": each.id,
        "name": each.name,
        "took": each.took,
        "tpp": amount(each.tpp.low, each.tpp.high),
        "us-3a090/a": each.controlled,
    }


def _account(ledger: Ledger, account: Account) -> dict[str, Any]:
    paragraph = account.limit.paragraph
    return {
        "id": paragraph.id,
        "title": paragraph.title,
        "by": list(account.limit.basis.by),
        "tests": [
            {"metric": test.metric, "op": test.op, "threshold": number(test.threshold)}
            for test in account.limit.tests
        ],
        "status": paragraph.status,
        "confidence": paragraph.confidence,
        "citation": paragraph.citation,
        "url": paragraph.url,
        "effective": paragraph.effective,
        "until": paragraph.until,
        "assumed": list(paragraph.assumed),
        "note": paragraph.note,
        "rows": {"counted": account.counted, "left_out": dict(account.left_out)},
        "groups": [_group(ledger, each) for each in account.groups],
    }


def _group(ledger: Ledger, group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {
        **group.key,
        "rows": group.rows,
        "authorization_not_said": group.not_said,
        "used": amount(group.used.low, group.used.high),
        "within": group.within,
    }
    if group.us is not None:
        found["us"] = amount(group.us.low, group.us.high)
    if group.shares:
        found["shares"] = {name: amount(s.low, s.high) for name, s in group.shares.items()}
        found["products"] = [each.id for each in group.products]
    if group.left is not None:
        if group.units is None:
            found["limit"] = number(group.limit.threshold)
        found["left"] = amount(*group.left)
        found["left_h100"] = _count(group.equivalents(ledger.h100))
        found["left_units"] = {each.id: _count(count) for each, count in group.more}
    return found


def _count(count: Count) -> dict[str, int | None]:
    return {"at_least": count[0], "at_most": count[1]}


def amount(low: Number, high: Number) -> dict[str, Any]:
    """Both ends of an amount; null where there is none."""
    return {"at_least": _end(low), "at_most": _end(high)}


def _end(value: Number) -> Any:
    return None if abs(value) == math.inf else number(Fraction(value))
