"""A ledger as Arrow tables, for files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tppcore.engine.exact import Number

if TYPE_CHECKING:
    from tppcore.shipments.ledger import Ledger

_SCHEMA = pa.schema(
    [
        ("limit", pa.string()),
        ("status", pa.string()),
        ("consignee", pa.string()),
        ("country", pa.string()),
        ("year", pa.int64()),
        ("product", pa.string()),
        ("rows", pa.int64()),
        ("authorization_not_said", pa.int64()),
        ("used_at_least", pa.float64()),
        ("used_at_most", pa.float64()),
        ("us_at_least", pa.float64()),
        ("us_at_most", pa.float64()),
        ("allowed", pa.float64()),
        ("share_aia_at_least", pa.float64()),
        ("share_aia_at_most", pa.float64()),
        ("share_largest_other_at_least", pa.float64()),
        ("share_largest_other_at_most", pa.float64()),
        ("share_us_at_least", pa.float64()),
        ("share_us_at_most", pa.float64()),
        ("within", pa.bool_()),
        ("left_at_least", pa.float64()),
        ("left_at_most", pa.float64()),
        ("left_h100_at_least", pa.int64()),
        ("left_h100_at_most", pa.int64()),
    ]
)


def to_arrow(ledger: Ledger) -> Any:
    """See `Ledger.to_arrow`. Null: does not belong to this limit, or no end."""
    rows: list[dict[str, Any]] = []
    for account in ledger.accounts:
        limit = account.limit
        for group in account.groups:
            row: dict[str, Any] = {
                "limit": limit.id,
                "status": limit.paragraph.status,
                **group.key,
                "rows": group.rows,
                "authorization_not_said": group.not_said,
                "within": group.within,
                **_ends("used", group.used.low, group.used.high),
            }
            if limit.basis.measure != "shares":
                row["allowed"] = float(limit.threshold)
            if group.us is not None:
                row |= _ends("us", group.us.low, group.us.high)
            for name, share in group.shares.items():
                row |= _ends(name, share.low, share.high)
            if group.left is not None:
                row |= _ends("left", *group.left)
                least, most = group.equivalents(ledger.h100)
                row |= {"left_h100_at_least": least, "left_h100_at_most": most}
            rows.append(row)
    return pa.Table.from_pylist(rows, _SCHEMA)


def not_counted(ledger: Ledger) -> Any:
    """See `Ledger.not_counted`."""
    tables = []
    for refused, partly in ((ledger.refused, False), (ledger.partly, True)):
        table = refused.to_arrow()
        marks = pa.array([partly] * table.num_rows, pa.bool_())
        tables.append(table.append_column("partly", marks))
    return pa.concat_tables(tables)


def _ends(name: str, low: Number, high: Number) -> dict[str, float | None]:
    return {f"{name}_at_least": _double(low), f"{name}_at_most": _double(high)}


def _double(value: Number) -> float | None:
    return None if abs(value) == math.inf else float(value)
