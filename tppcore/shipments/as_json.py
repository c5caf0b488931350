"""A ledger as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tppcore.engine.exact import Number
from tppcore.explanation_json import number
from tppcore.shipments.groups import Account, Group, fitting
from tppcore.shipments.limits import Limit
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
        "groups": [_group(ledger, account.limit, each) for each in account.groups],
    }


def _group(ledger: Ledger, limit: Limit, group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {
        **group.key,
        "rows": group.rows,
        "authorization_not_said": group.not_said,
        "used": amount(group.used.low, group.used.high),
        "within": group.within,
    }
    if group.us is not None:
        found["us"] = amount(group.us.low, group.us.high)
    if limit.basis.measure == "sum":
        found["limit"] = number(limit.threshold)
    if group.shares:
        found["shares"] = {name: amount(s.low, s.high) for name, s in group.shares.items()}
    if group.left is not None:
        least, most = h100s(ledger, limit, group.left)
        found["left"] = amount(*group.left)
        found["left_h100"] = {"at_least": least, "at_most": most}
        found["left_units"] = {
            ledger.products[place].id: {"at_least": low, "at_most": high}
            for place, (low, high) in group.more.items()
        }
    else:
        found["products"] = [ledger.products[place].id for place in group.products]
    return found


def h100s(ledger: Ledger, limit: Limit, left: tuple[Number, Number]) -> tuple[int, int | None]:
    """How many H100-equivalents are left, whole ones, at least and at most."""
    return fitting(left[0], ledger.h100, limit) or 0, fitting(left[1], ledger.h100, limit)


def amount(low: Number, high: Number) -> dict[str, Any]:
    """Both ends of an amount; null where there is none."""
    return {"at_least": _end(low), "at_most": _end(high)}


def _end(value: Number) -> Any:
    return None if abs(value) == math.inf else number(Fraction(value))
