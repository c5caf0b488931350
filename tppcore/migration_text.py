"""A migration as text and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tppcore.migration import SHOWN, Migration
from tppcore.migration_rows import ChangedRows
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import UNDETERMINED
from tppcore.version import __version__

_ROWS = 20


def about(each: Migration) -> dict[str, Any]:
    """What every output says of itself: version, both laws, engine."""
    return {
        "tppcore": __version__,
        "before": each.before.stated,
        "after": each.after.stated,
        **({} if each.paragraph is None else {"paragraph": each.paragraph}),
        **({} if each.engine is None else {"engine": each.engine}),
        **({"notes": list(each.notes)} if each.notes else {}),
    }


def data(each: Migration) -> dict[str, Any]:
    """See `Migration.to_dict`."""
    found = {
        **about(each),
        "what": each.what,
        "total": each.total,
        "changed": each.changed,
        "outcomes": list(each.outcomes),
        "counts": [
            {"before": old, "after": new, "count": count}
            for (old, new), count in each.counts.items()
        ],
        "matrix": each.matrix,
    }
    if each.changed_rows is not None:
        shown = min(SHOWN, len(each.changed_rows))
        columns = _columns(each.changed_rows.taken(np.arange(shown)))
        found["rows"] = [
            {name: _plain(cell) for name, cell in zip(columns, cells, strict=True)}
            for cells in zip(*columns.values(), strict=True)
        ]
        found["rows_left_out"] = len(each.changed_rows) - shown
    return found


def lines(each: Migration) -> Iterator[str]:
    """The lines of `str(migration)`: the summary, and up to 20 of the changed rows."""
    yield from summary(each)
    rows = each.changed_rows
    if rows is None or not len(rows):
        return
    yield ""
    left = len(rows) - _ROWS
    yield f"changed {each.what}" + (f", {_ROWS} of {len(rows):,}" if left > 0 else "")
    yield from _row_lines(each, rows.first(_ROWS))


def summary(each: Migration) -> Iterator[str]:
    """Both laws, how many change, the counts and the matrix."""
    of = f" of {each.paragraph}" if each.paragraph else ""
    yield f"Migration{of}: {each.changed:,} of {each.total:,} {each.what} change"
    yield f"  before: {_law(each.before)}"
    yield f"  after:  {_law(each.after)}"
    yield from (f"  {line}" for line in _readings(each))
    yield from (f"  note: {note}" for note in each.notes)
    open_ = sum(
        count
        for (old, new), count in each.counts.items()
        if old == new and old.startswith(UNDETERMINED)
    )
    if open_:
        yield f"  not counted as changed: {open_:,} that are undetermined alike before and after"
    if not each.total:
        return
    yield ""
    changes = {pair: count for pair, count in each.counts.items() if pair[0] != pair[1]}
    width = max((len(f"{count:,}") for count in changes.values()), default=1)
    for (old, new), count in sorted(changes.items(), key=lambda item: -item[1]):
        yield f"  {count:>{width},}  {old} -> {new}"
    if changes:
        yield ""
    yield from matrix_lines(each)


def matrix_lines(each: Migration) -> Iterator[str]:
    """The matrix, its columns by the numbers of its rows."""
    number = {text: str(i + 1) for i, text in enumerate(each.outcomes)}
    after = [text for text in each.outcomes if any(new == text for _, new in each.counts)]
    yield from _aligned(
        [
            ["", "before (down), after (across)", *(number[text] for text in after)],
            *(
                [number[old], old, *(f"{each.counts.get((old, new), 0):,}" for new in after)]
                for old in each.outcomes
            ),
        ],
        right=range(2, 2 + len(after)),
    )


def _row_lines(each: Migration, rows: ChangedRows) -> Iterator[str]:
    number = {text: str(i + 1) for i, text in enumerate(each.outcomes)}
    columns = _columns(rows)
    if each.what != "rows":
        columns.pop("id", None)
    before, after = columns.pop("before"), columns.pop("after")
    limits = columns.pop("limiting_test", [None] * len(rows))
    cells = [
        [
            *("" if cell is None else str(cell) for cell in keys),
            f"{number[old]} -> {number[new]}" if each.paragraph is None else f"{old} -> {new}",
            limit or "",
        ]
        for *keys, old, new, limit in zip(*columns.values(), before, after, limits, strict=True)
    ]
    heading = [*columns, "outcome" if each.paragraph is None else "verdict"]
    heading.append("limiting test after" if any(limits) else "")
    yield from _aligned([heading, *cells])


def _columns(rows: ChangedRows) -> dict[str, Any]:
    """The table of some changed rows as lists."""
    found = {
        name: column.to_pylist() if hasattr(column, "to_pylist") else list(_listed(column))
        for name, column in rows.keys().items()
        if name not in ("before", "after", "limiting_test")
    }
    for name, codes, texts in zip(("before", "after"), rows.codes, rows.texts, strict=True):
        found[name] = [texts[code] for code in codes.tolist()]
    if rows.has_limits:
        found["limiting_test"] = rows.limiting_tests()
    return found


def _listed(column: Any) -> list[Any]:
    return column.tolist() if hasattr(column, "tolist") else list(column)


def _plain(value: Any) -> Any:
    """A cell as JSON has it: no NaN, no infinity, and text for what JSON has no kind for."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _law(rules: Rulebook) -> str:
    to = f"destination {rules.destination}" if rules.destination else "no destination"
    amended = f"; amended: {'; '.join(rules.amended)}" if rules.amended else ""
    return f"{rules.as_of}, {to} (rulebook {rules.hash}){amended}"


def _readings(each: Migration) -> Iterator[str]:
    def words(rules: Rulebook) -> str:
        return ", ".join(f"{name}={value}" for name, value in rules.readings.items())

    old, new = words(each.before), words(each.after)
    if old == new:
        yield f"readings: {old}"
    else:
        yield f"readings before: {old}"
        yield f"readings after:  {new}"


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
