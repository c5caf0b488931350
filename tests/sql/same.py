"""SQL gives the verdicts of the exact engine: what every database has to pass."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import tppcore as tpp
from tests import strategies
from tests.sql import cases
from tests.sql.databases import Cells, Database
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sources.table import Table
from tppcore.sql.query import ERROR, to_sql

SHEETS = {"short": strategies.SHEET, "long": strategies.LONG_SHEET}

# Neighbouring doubles have up to 16 decimals, which products with a sparse ratio leave no room for.
WIDE = {"": (33, 15)}
FORMATS = cases.law("2026").vocabulary.formats
EDGES = {
    "": (20, 13),
    "ics_per_item": (4, 0),
    **{f"sparse_ratio_{each}": (14, 13) for each in FORMATS},
}
OUTPUTS = {**EDGES, **{f"output_bits_{each}": (5, 0) for each in FORMATS}}


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_every_kind_of_row(database: Database, kind: str) -> None:
    for sheet, missing, ranged in (("long", 0.0, 0.0), ("long", 0.15, 0.2), ("short", 0.3, 0.3)):
        columns = strategies.table(
            kind, 40, 7, quantities=SHEETS[sheet], missing=missing, ranged=ranged
        )
        table = cases.rounded(cases.cells(columns), database)
        assert cases.check(database, cases.law("2026"), table) < 8


@pytest.mark.parametrize("name", cases.LAWS)
def test_every_law(database: Database, name: str) -> None:
    for kind in ("on", "step", "round"):
        columns = strategies.table(
            kind, 30, len(name), quantities=strategies.LONG_SHEET, missing=0.15, ranged=0.1
        )
        table = cases.rounded(cases.cells(columns), database)
        assert cases.check(database, cases.law(name), table) < 8


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_many_digits(database: Database, kind: str) -> None:
    columns = strategies.table(kind, 80, 5, missing=0.1, ranged=0.2)
    errors = cases.check(database, cases.law("2026"), cases.cells(columns), decimals=WIDE)
    assert errors < 16 or kind == "extreme"


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(columns=strategies.rows())
def test_any_cells(database: Database, columns: Any) -> None:
    cases.check(database, cases.law("2026"), cases.cells(columns), decimals=WIDE)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(columns=strategies.tables(quantities=strategies.LONG_SHEET, rows=20))
def test_any_columns(database: Database, columns: Any) -> None:
    table = cases.rounded(cases.cells(columns), database)
    cases.check(database, cases.law("unknown rates"), table)


def edges(law: dict[str, Any], sparse: bool, every: int) -> tuple[Rulebook, Cells]:
    """Rows on the thresholds, one step off and one double off, with holes and ranges: every n-th
    of those that state sparse rates, or of those that do not."""
    rules = rulebook(**{"as_of": "2026-02-01", **law})
    rows = [
        {name: cell for name, cell in row.items() if cell is not None}
        for row in tpp.edge_suite(rules).quantities.to_pylist()
    ]
    rows = [row for row in rows if any("_sparse" in name for name in row) == sparse][::every]
    names = dict.fromkeys(name for row in rows for name in row)
    table: Cells = {
        name: [Decimal(repr(x)) if isinstance(x := row.get(name), float) else x for row in rows]
        for name in names
    }
    return rules, table


@pytest.mark.parametrize(
    ("law", "sparse", "every", "decimals"),
    [
        ({"rules": ["us-3a090"]}, False, 5, WIDE),
        ({"rules": ["us-3a090"]}, True, 3, EDGES),
        ({"destination": "CN"}, False, 40, WIDE),
        ({"as_of": "2023-01-01"}, False, 4, OUTPUTS),
    ],
    ids=["us-3a090", "us-3a090, sparse rates", "in force", "2023"],
)
def test_edges(
    database: Database, law: dict[str, Any], sparse: bool, every: int, decimals: Any
) -> None:
    rules, table = edges(law, sparse, every)
    rows = len(next(iter(table.values())))
    errors = cases.check(database, rules, table, decimals=decimals)
    assert rows > 100
    assert errors < rows / 10


def test_catalogue(database: Database) -> None:
    rules = cases.law("2026")
    chips = [
        chip
        for chip in tpp.chips()
        if not any(rules.vocabulary.quantities[each].internal for each in chip.quantities)
    ]
    assert len(chips) > 50
    assert not cases.check(database, rules, cases.cells(Table(chips, rules.vocabulary).columns))


@pytest.mark.parametrize("name", cases.LAWS)
def test_all_columns_that_the_rules_read(database: Database, name: str) -> None:
    """The default: what is listed in no `columns`, on a table that has it all."""
    rules = cases.law(name)
    names = list(cases.read_by(rules))
    columns = strategies.table("on", 8, 1, quantities=names, missing=0.5)
    table = cases.rounded(cases.cells(columns), database)
    cases.check(database, rules, table, columns=None)


def test_no_columns_at_all(database: Database) -> None:
    rules = cases.law("2026")
    found = database.answer(to_sql(rules, database.dialect, columns=[]), {"id": [1, 2]})
    truth = tpp.classify({"id": [1, 2]}, rules)
    assert found["outcome"] == list(truth.outcome)
    assert [found[each][0] for each in truth.paragraphs] == cases.answers(truth, rules)[0][0]


BAD: dict[str, tuple[Cells, str]] = {
    "negative": ({"tops_fp8": [Decimal("-1")]}, "tops_fp8: expected 0 or a number above 0"),
    "no area": ({"die_area_mm2": [Decimal(0)]}, "die_area_mm2: expected a number above 0"),
    "no low area": ({"die_area_mm2_low": [Decimal(0)]}, "die_area_mm2_low: expected a number"),
    "crossed": (
        {"dram_gb_s_low": [Decimal(2)], "dram_gb_s_high": [Decimal(1)]},
        "dram_gb_s: expected a range whose low end is not above its high",
    ),
    "both": (
        {"dram_gb_s": [Decimal(2)], "dram_gb_s_high": [Decimal(3)]},
        "dram_gb_s: expected a value or a range, not both",
    ),
    "no ratio": ({"tops_fp8_sparse": [Decimal(2)]}, "tops_fp8_sparse: expected its ratio"),
    "no such word": ({"item_kind": ["gpu"]}, "item_kind: expected one of circuit, hbm"),
    "no boolean": ({"datacenter": ["2"]}, "datacenter: expected true, false, 1 or 0"),
    "double": ({"tops_fp8": [600.0]}, "tops_fp8: expected 0 or a number above 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_can_not_be_used(database: Database, case: str) -> None:
    """An error says why, and there is no verdict; the same row without it has verdicts."""
    rules = cases.law("2026")
    bad, message = BAD[case]
    table = {name: [*column, None] for name, column in bad.items()}
    found = database.answer(to_sql(rules, database.dialect, columns=list(bad)), table)
    assert found[ERROR][0].startswith(message), found[ERROR]
    assert {found[paragraph.id][0] for paragraph in rules.paragraphs} == {None}
    assert found["outcome"][0] is None
    assert found[ERROR][1] is None
    assert found["outcome"][1]


def test_integers_booleans_and_dates(database: Database) -> None:
    rules = rulebook("2026-02-01", status="all")
    table: Cells = {
        "tops_fp8": [600, 599, 2_000, 0],
        "datacenter": [1, 0, None, 1],
        "item_kind": ["circuit", "cpu", None, "fpld"],
        "first_marketed": [
            datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), None, datetime.date(1970, 1, 1),
        ],
    }  # fmt: skip
    assert not cases.check(database, rules, table)


def test_doubles(database: Database) -> None:
    """A double is its shortest decimal, NaN is missing, and exact ties stay ties."""
    rules = cases.law("2026")
    columns = strategies.table("on", 60, 9)
    table: Cells = {}
    for name, column in strategies.plain(columns).items():
        boolean = name == "datacenter"
        table[name] = [
            None if x != x and boolean else bool(x) if boolean else float(x) for x in column
        ]
    table["tops_fp8"][:3] = [float("nan"), 514.3, 599.9899999999999]
    sql = to_sql(rules, database.dialect, columns=list(table), doubles=True, decimals=WIDE)
    found = database.answer(sql, table)
    truth = cases.expected(rules, table)
    assert found[ERROR] == [None] * len(truth)
    for row, each in enumerate(truth):
        assert each is not None
        assert [found[p.id][row] for p in rules.paragraphs] == each[0]


def test_a_rule_of_ones_own(
    database: Database, own_file: Callable[..., Path], tmp_path: Path
) -> None:
    """Whatever a rule file says in words, the query stays the query."""
    path = own_file(a='"tpp >= 4800", "app > 0.7"', b='any = ["dram_gb_s < 0.1", "hbm"]')
    words = "Act\\n; DROP TABLE chips; -- 'x' \\\"y\\\" */"
    path.write_text(path.read_text("utf-8").replace("Own Act s. 1", words), "utf-8")
    rules = rulebook("2026-01-01", files=[path], rules=["own", "us-3a090"])
    columns = strategies.table("on", 60, 3, quantities=strategies.LONG_SHEET, missing=0.2)
    assert cases.check(database, rules, cases.rounded(cases.cells(columns), database)) < 8


def test_a_view_over_a_table_with_another_name(database: Database) -> None:
    rules = rulebook("2026-02-01", rules=["us-3a090"])
    view = to_sql(rules, database.dialect, columns=["tops_fp8"], view="verdict", table="chips")
    sql = [view, 'SELECT id, "us-3a090/a.1" AS met, tops_fp8 FROM verdict ORDER BY id']
    found = database.answer(sql, {"id": [1, 2, 3], "tops_fp8": [600, 599, None], "note": ["x"] * 3})
    assert found == {"id": [1, 2, 3], "met": [True, False, None], "tops_fp8": [600, 599, None]}


def test_the_outcome_alone(database: Database) -> None:
    rules = cases.law("2026")
    table: Cells = {"tops_fp8": [600, None], "datacenter": [True, True]}
    sql = to_sql(rules, database.dialect, columns=list(table), verdicts="outcome")
    found = database.answer(sql, table)
    assert list(found) == ["tops_fp8", "datacenter", "outcome", ERROR]
    assert found["outcome"] == [each[1] for each in cases.expected(rules, table) if each]
