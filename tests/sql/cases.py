"""What SQL is compared on: laws, tables of exact cells, and the exact engine's answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

import tppcore as tpp
from tests.sql.databases import Cell, Cells, Database
from tppcore.engine.columns import MISSING, Columns
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sinks.outcome import Ladder
from tppcore.sources.columns import quantity_of
from tppcore.sql.dialects import Dialect, DuckDB, dialect_of
from tppcore.sql.query import ERROR, to_sql
from tppcore.verdicts import Verdicts

LAWS: dict[str, dict[str, Any]] = {
    "2026": {"as_of": "2026-02-01", "destination": "CN"},
    "later": {"as_of": "2026-11-22", "destination": "AE"},
    "no destination": {"as_of": "2026-02-01"},
    "before 2023-11-17": {"as_of": "2023-11-16", "destination": "CN"},
    "on 2023-11-17": {"as_of": "2023-11-17", "destination": "VN"},
    "2022": {"as_of": "2022-12-31", "destination": "CN"},
    "2025": {"as_of": "2025-05-01", "destination": "CN"},
    "bills": {"as_of": "2026-02-01", "status": "all"},
    "unknown rates": {
        "as_of": "2026-02-01",
        "destination": "CN",
        "readings": {"unlisted_formats": "unknown", "tf32_width": "19"},
    },
    "added vectors": {
        "as_of": "2026-02-01",
        "destination": "CN",
        "readings": {
            "vector_units": "added",
            "planar_only_area": "area_counts",
            "interconnect_direction": "one_way",
            "interconnect_host": "link_and_host",
        },
    },
    "systems": {
        "as_of": "2026-11-22",
        "rules": ["us-4a003", "us-4a994", "us-supercomputer", "us-748-volume-cap"],
    },
}


@lru_cache
def law(name: str) -> Rulebook:
    return rulebook(**LAWS[name])


def cells(columns: Columns) -> Cells:
    """A table of doubles as decimals, booleans and words: what a person would have written."""
    quantities = tpp.rulebook("2026-02-01").vocabulary.quantities
    table: Cells = {}
    for quantity, column in columns.by_quantity.items():
        if column.values is not None and column.values.dtype == np.uint8:
            table[quantity] = [None if x == MISSING else bool(x) for x in column.values]
            continue
        for end, values in (("", column.values), ("_low", column.low), ("_high", column.high)):
            if values is not None:
                spec = quantities[quantity]
                table[quantity + end] = [_cell(float(x), spec.kind, spec.words) for x in values]
    return table


def _cell(value: float, kind: str, words: tuple[str, ...]) -> Cell:
    if np.isnan(value):
        return None
    if kind == "boolean":
        return bool(value)
    if kind == "category":
        return words[int(value) % len(words)]
    if kind == "date":
        return datetime.date(1970, 1, 1) + datetime.timedelta(int(value))
    return Decimal(repr(value))


def within(table: Cells, database: Database) -> Cells:
    """The table without decimals that have more digits than its columns can hold."""
    return {
        name: [cell if fits(cell, database.digits, database.places) else None for cell in column]
        for name, column in table.items()
    }


def rounded(table: Cells, database: Database) -> Cells:
    """The table with 3 decimals for what has more than 6, where a database has so few: as sheets
    have, and the ends of a range on the thresholds stay there."""
    if database.digits > 38:
        return table
    return {
        name: [cell if fits(cell, 18, 6) else _short(cell) for cell in column]
        for name, column in table.items()
    }


def _short(cell: Cell) -> Cell:
    assert isinstance(cell, Decimal)
    return round(cell, 3) if Decimal("0.001") < cell < 10**12 else Decimal(1)


def fits(cell: Cell, digits: int, places: int) -> bool:
    if not isinstance(cell, Decimal):
        return True
    scaled = Fraction(cell) * 10**places
    return scaled < 10**digits and scaled.denominator == 1


def expected(rules: Rulebook, table: Cells) -> list[tuple[list[bool | None], str] | None]:
    """The exact engine's verdicts and outcome of each row, None where it refuses the row."""
    rows = len(next(iter(table.values())))
    arrays = {name: np.array(column, dtype=object) for name, column in table.items()}
    try:
        return answers(tpp.classify(arrays, rules, engine="exact"), rules)
    except tpp.InputError:
        if rows == 1:
            return [None]
        half = rows // 2
        parts = (slice(0, half), slice(half, rows))
        return [
            each
            for part in parts
            for each in expected(rules, {name: column[part] for name, column in table.items()})
        ]


def read_by(rules: Rulebook) -> list[str]:
    """The columns that SQL expects where none are named."""
    comment = to_sql(rules, "duckdb").partition("Columns read")[2].partition("\n-- A")[0]
    names = rules.vocabulary.quantities
    return [word for word in re.findall(r"^--   (\w+) ", comment, re.M) if word in names]


def answers(v: Verdicts, rules: Rulebook) -> list[tuple[list[bool | None], str] | None]:
    columns = [v[each] for each in v.paragraphs]
    ladder = Ladder(rules)
    found: list[tuple[list[bool | None], str] | None] = []
    for row in range(len(v)):
        verdicts = [None if column.mask[row] else bool(column[row]) for column in columns]
        found.append((verdicts, ladder.text(ladder.code(verdicts))))
    return found


def check(database: Database, rules: Rulebook, table: Cells, **options: Any) -> int:
    """Asserts that SQL gives each row the verdicts and the outcome of the exact engine, and an
    error where that refuses it or it has too many digits; returns how many rows have an error."""
    table = within(table, database)
    rows = len(next(iter(table.values())))
    sql = to_sql(rules, database.dialect, **{"columns": list(table), **options})
    found = database.answer(sql, {"id": list(range(rows)), **table})
    order = sorted(range(rows), key=found["id"].__getitem__)  # a parallel scan has its own
    found = {name: [column[i] for i in order] for name, column in found.items()}
    assert found["id"] == list(range(rows))
    speaks = dialect_of(database.dialect, options.get("decimals") or {}, False)
    errors = 0
    for row, truth in enumerate(expected(rules, table)):
        own = {name: column[row] for name, column in table.items() if column[row] is not None}
        verdicts = [found[paragraph.id][row] for paragraph in rules.paragraphs]
        answer = (verdicts, found["outcome"][row])
        if truth is None or not all(_holds(speaks, rules, *cell) for cell in _counted(own)):
            errors += 1
            assert found[ERROR][row], own
            assert answer == ([None] * len(verdicts), None), own
            continue
        assert found[ERROR][row] is None, (own, found[ERROR][row])
        different = [
            (paragraph.id, "found", one, "expected", other)
            for paragraph, one, other in zip(rules.paragraphs, verdicts, truth[0], strict=True)
            if one is not other
        ]
        assert not different, (own, different)
        assert answer == truth, own
    return errors


def _counted(row: dict[str, Cell]) -> Iterator[tuple[str, Cell]]:
    """The cells of a row without the sparse rates that a dense one makes void."""
    for column, cell in row.items():
        dense, sparse, _ = column.partition("_sparse")
        if not (sparse and any(f"{dense}{end}" in row for end in ("", "_low", "_high"))):
            yield column, cell


def _holds(speaks: Dialect, rules: Rulebook, column: str, cell: Cell) -> bool:
    spec = quantity_of(column, rules.vocabulary.quantities)
    if not isinstance(speaks, DuckDB) or spec is None:
        return True
    return fits(cell, *speaks.digits(spec))


def small(columns: Columns, ranged: bool) -> Cells:
    """A table of numbers below 100 with at most one decimal, without ranges or with some."""
    table = cells(columns)
    for name, column in table.items():
        table[name] = [
            Decimal(int(cell * 10) % 60 + 1) / 10 if isinstance(cell, Decimal) else cell
            for cell in column
        ]
    for name in [each for each in table if each.endswith("_low")]:
        if not ranged:
            del table[name], table[f"{name[:-4]}_high"]
            continue
        for row, (low, high) in enumerate(
            zip(table[name], table[f"{name[:-4]}_high"], strict=True)
        ):
            if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
                table[name][row] = high
    return table
