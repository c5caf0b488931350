"""PostgreSQL, a real server: SQL gives the verdicts of the exact engine, and what is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.sql import cases
from tests.sql.databases import Binaries, Cells, Postgres, server
from tests.sql.same import *  # noqa: F403  (the tests of every database)
from tppcore.errors import TppError
from tppcore.rules.rulebook import rulebook
from tppcore.sql.query import ERROR, to_sql

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A server started for these tests."""
    binaries = Binaries.find()
    if binaries is None:
        pytest.fail("no PostgreSQL server is installed (Debian's package is postgresql)")
    with server(binaries) as connection:
        yield Postgres(connection)


def test_doubles_where_their_text_is_cut(database: Postgres) -> None:
    """extra_float_digits below 1 would round: an error of the row, never another verdict."""
    sql = to_sql(cases.law("2026"), "postgres", columns=["tops_fp8"], doubles=True)
    table: Cells = {"tops_fp8": [599.9999999999999, 600.0]}
    try:
        found = database.answer(["SET extra_float_digits = 0", sql], table)
    finally:
        database.answer(["SET extra_float_digits = 1", "SELECT 1 AS one"], table)
    assert found[ERROR][0].startswith("tops_fp8: expected")
    assert found[ERROR][1] is None
    assert found["us-3a090/a.1"] == [None, True]


@pytest.mark.parametrize("kind", ["SMALLINT", "BIGINT", "NUMERIC(38, 30)"])
def test_types_that_are_read_exactly(database: Postgres, kind: str) -> None:
    sql = to_sql(cases.law("2026"), "postgres", columns=["tops_fp64"], table="cells")
    setup = f"CREATE TEMPORARY TABLE cells AS SELECT CAST('75' AS {kind}) AS tops_fp64"
    try:
        found = database.answer([setup, sql], {"id": [1]})
    finally:
        database.connection.execute("DROP TABLE cells")
    assert (found["us-3a090/a.1"], found[ERROR]) == ([True], [None])


@pytest.mark.parametrize("cell", ["NaN", "Infinity", "1e25", "1e-16"])
def test_numbers_that_are_none(database: Postgres, cell: str) -> None:
    sql = to_sql(cases.law("2026"), "postgres", columns=["tops_fp8"])
    found = database.answer(sql, {"tops_fp8": [Decimal(cell)]})
    assert found[ERROR][0].startswith("tops_fp8: expected")


def test_more_digits_than_any_double(database: Postgres) -> None:
    sql = to_sql(cases.law("2026"), "postgres", columns=["tops_fp8"])
    cells = [Decimal("599." + "9" * 40), Decimal("600." + "0" * 40 + "1")]
    found = database.answer(sql, {"tops_fp8": cells})
    assert found["us-3a090/a.1"] == [False, True]


def test_names_are_never_cut(own_file: Callable[..., Path]) -> None:
    path = own_file(a='"tpp >= 4800"')
    path.write_text(path.read_text("utf-8").replace('id = "a"', f'id = "{"a" * 60}"'), "utf-8")
    rules = rulebook("2026-01-01", files=[path], rules=["own"])
    with pytest.raises(TppError, match="PostgreSQL cuts names after 63 bytes"):
        to_sql(rules, "postgres")
    assert f'"own/{"a" * 60}"' in to_sql(rules, "duckdb")
