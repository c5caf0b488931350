"""DuckDB: SQL gives the verdicts of the exact engine; decimals of 38 digits never overflow."""

from __future__ import annotations

from decimal import Decimal

import pytest

import tppcore as tpp
from tests.sql import cases
from tests.sql.databases import Cells, Duck
from tests.sql.same import *  # noqa: F403  (the tests of every database)
from tppcore.sql.dialects import dialect_of
from tppcore.sql.query import ERROR, to_sql


@pytest.fixture(scope="module")
def database() -> Duck:
    return Duck()


@pytest.mark.parametrize("name", cases.LAWS)
@pytest.mark.parametrize("decimals", [{}, {"": (5, 2)}], ids=["usual", "narrow"])
def test_the_largest_decimals_do_not_overflow(
    name: str, decimals: dict[str, tuple[int, int]]
) -> None:
    """All columns at once, each with the largest number it may hold (of 15 digits, as doubles do),
    with dense rates and with sparse ones in their place."""
    rules = cases.law(name)
    speaks = dialect_of("duckdb", decimals, False)
    quantities = rules.vocabulary.quantities
    row: Cells = {}
    for each in cases.read_by(rules):
        if quantities[each].kind == "number":
            most, places = speaks.bounds(quantities[each])
            digits = min(15, len(str(most)) - 1 + places)
            row[each] = [Decimal("9" * digits).scaleb(len(str(most)) - 1 - digits)]
        elif quantities[each].kind == "boolean":
            row[each] = [True]
    sparse = [each for each in row if each.endswith("_sparse")]
    for left_out in (sparse, [each.removesuffix("_sparse") for each in sparse]):
        table = {each: column for each, column in row.items() if each not in left_out}
        assert not cases.check(Duck(), rules, table, decimals=decimals)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("0.1234567", "DECIMAL(38, 20)"),
        ("1000000000000", "DECIMAL(38, 0)"),
        ("1e30", "DECIMAL(38, 0)"),
        ("1.0000000000000000000000000000000000001", "DECIMAL(38, 37)"),
        ("99999999999999999999999999999999999999", "HUGEINT"),
        ("600.5", "FLOAT"),
        ("600.5", "VARCHAR"),
    ],
)
def test_cells_that_would_be_rounded(cell: str, kind: str) -> None:
    """CAST rounds, silently: here it is an error of the row."""
    rules = cases.law("2026")
    sql = to_sql(rules, "duckdb", columns=["tops_fp8"], table="cells")
    setup = f"CREATE TABLE cells AS SELECT CAST('{cell}' AS {kind}) AS tops_fp8"
    found = Duck().answer([setup, sql], {"id": [1]})
    assert found[ERROR][0].startswith("tops_fp8: expected 0 or a number above 0 with at most 12")
    assert found["us-3a090/a.1"] == [None]


@pytest.mark.parametrize("kind", ["UTINYINT", "SMALLINT", "BIGINT", "HUGEINT", "DECIMAL(38, 30)"])
def test_types_that_are_read_exactly(kind: str) -> None:
    sql = to_sql(cases.law("2026"), "duckdb", columns=["tops_fp64"], table="cells")
    setup = f"CREATE TABLE cells AS SELECT CAST('75' AS {kind}) AS tops_fp64"
    found = Duck().answer([setup, sql], {"id": [1]})
    assert (found["us-3a090/a.1"], found[ERROR]) == ([True], [None])


def test_too_many_digits_are_refused() -> None:
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    columns = ["tops_fp8_sparse", "sparse_ratio_fp8", "die_area_mm2"]
    with pytest.raises(tpp.TppError, match="take 55 digits, more than the 38 of a DECIMAL"):
        to_sql(rules, "duckdb", columns=columns, decimals={"": (27, 13)})
    to_sql(rules, "postgres", columns=columns)


def test_a_file_as_the_table(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "chips 2026.parquet"
    table = f'"{path}"'
    sql = to_sql(cases.law("2026"), "duckdb", columns=["tops_fp8"], table=table)
    setup = f"COPY (SELECT 600 AS tops_fp8) TO '{path}'"
    assert Duck().answer([setup, sql], {"id": [1]})["us-3a090/a.1"] == [True]
