"""Verdicts in DuckDB: a relation that each query asks again, in order, whatever else runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import tppcore as tpp
import tppcore.duckdb
from tests.frames.conftest import Edges
from tppcore.duckdb import classify
from tppcore.errors import TppError

A = '"us-3a090/a"'


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def stored(connection: Any, edges: Edges, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The edges as the table `chips`, many times, read in small batches."""
    monkeypatch.setattr(tppcore.duckdb, "ROWS", 2048)
    rows = edges.rows
    assert rows.num_rows
    connection.execute(
        "CREATE TABLE chips AS SELECT round * (SELECT count(*) FROM rows) + id AS id, round, "
        "rows.* EXCLUDE (id) FROM range(100) r(round), rows ORDER BY id"
    )
    return connection


def verdicts(found: Any, edges: Edges, rounds: int = 100) -> bool:
    table = found.project(*(f'"{name}"' for name in edges.expected)).to_arrow_table()
    size = len(edges.rows)
    parts = [table.slice(i * size, size).to_pydict() for i in range(rounds)]
    return len(table) == rounds * size and all(part == edges.expected for part in parts)


@pytest.mark.parametrize("threads", [1, 4])
def test_edges(threads: int, stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    """In the order of the table, whatever the number of DuckDB's threads; again and again."""
    stored.execute(f"SET threads = {threads}")
    found = classify(stored, "chips", rules)
    assert found.columns == [*stored.table("chips").columns, *edges.expected]
    assert set(map(str, found.types[-len(edges.expected) : -1])) == {"BOOLEAN"}
    assert verdicts(found, edges)
    assert verdicts(found, edges)
    assert found.project("id").fetchall() == stored.table("chips").project("id").fetchall()


def test_a_registered_name(stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    """Views over it, joins with the table and with itself, tables made of it."""
    classify(stored, "chips", rules, keep=["id"], name="verdicts")
    counts = dict(stored.sql("SELECT outcome, count(*) FROM verdicts GROUP BY ALL").fetchall())
    expected = tpp.classify(edges.rows, rules).outcome_counts()
    assert counts == {name: 100 * count for name, count in expected.items()}
    joined = stored.sql("FROM chips JOIN verdicts USING (id) ORDER BY id")
    assert verdicts(joined, edges)
    same = "a.outcome = b.outcome AND a.id = b.id"
    twice = stored.sql(f"SELECT count(*) FROM verdicts a JOIN verdicts b ON {same}").fetchall()
    assert twice == [(100 * len(edges.rows),)]
    stored.execute(f"CREATE TEMP VIEW caught AS SELECT id FROM verdicts WHERE {A} ORDER BY id")
    caught = [i for i, each in enumerate(edges.expected["us-3a090/a"]) if each]
    assert stored.sql("FROM caught LIMIT 9").fetchall() == [(i,) for i in caught[:9]]
    stored.execute("CREATE TABLE kept AS FROM verdicts")
    assert verdicts(stored.table("kept"), edges)


def test_it_follows_the_table(stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    found = classify(stored, "chips", rules, "outcome", keep="id", name="verdicts")
    assert found.columns == ["id", "outcome"]
    stored.execute("DELETE FROM chips WHERE round > 0")
    assert stored.sql("SELECT count(*) FROM verdicts").fetchall() == [(len(edges.rows),)]
    stored.execute("INSERT INTO chips (id, round) SELECT id + 1000000, 1 FROM verdicts")
    assert found.count("*").fetchall() == [(2 * len(edges.rows),)]
    classify(stored, "SELECT 1979.0 AS tops_fp8", rules, name="verdicts")
    assert stored.sql("SELECT tops_fp8, outcome IS NULL FROM verdicts").fetchall() == [
        (1979, False)
    ]


def test_queries(stored: Any, edges: Edges, rules: tpp.Rulebook, tmp_path: Any) -> None:
    path = tmp_path / "chips.parquet"
    stored.table("chips").write_parquet(str(path))
    assert verdicts(classify(stored, f"'{path}'", rules, keep=[]), edges)
    part = classify(stored, "FROM chips WHERE round = 3 ORDER BY id;", rules, keep=["id"])
    assert verdicts(part, edges, rounds=1)
    nothing = classify(stored, "SELECT * FROM chips WHERE id < 0", rules)
    assert nothing.fetchall() == []
    assert nothing.types == classify(stored, "chips", rules).types


def test_decimals_are_exact(connection: Any) -> None:
    """8 * 514.3 / 695 is 5.92, which doubles make 5.919999999999999."""
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090/a.2"])
    values = "VALUES (514.3::DECIMAL(30, 12), 695), (514.299999999999, 695), (NULL, 695)"
    query = f"SELECT *, true AS datacenter FROM ({values}) t(tops_fp8, die_area_mm2)"
    found = classify(connection, query, rules, keep=[]).project('"us-3a090/a.2"')
    assert found.fetchall() == [(True,), (False,), (None,)]


def test_names_in_another_schema(stored: Any, rules: tpp.Rulebook) -> None:
    stored.execute("""CREATE SCHEMA "o'ther"; CREATE TABLE "o'ther"."a ""b" AS FROM main.chips""")
    stored.execute("""USE "o'ther" """)
    found = classify(stored, '"a ""b"', rules, "outcome", keep=["id"])
    assert len(found.fetchall()) == 100 * 150
    stored.execute("USE main")
    assert len(found.fetchall()) == 100 * 150


def test_what_only_the_connection_sees(stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    """Another connection would see nothing, or another table: a relation is asked at once."""
    rows = edges.rows
    stored.register("frame", rows)
    stored.execute("CREATE TEMP TABLE only_here AS FROM rows")
    stored.execute("CREATE TEMP VIEW seen AS FROM only_here")
    stored.execute("CREATE TABLE main.hidden AS FROM chips; CREATE TEMP TABLE hidden AS FROM rows")
    stored.register("chips", rows)
    for name in ("frame", "only_here", "seen", "hidden", "chips"):
        with pytest.raises(TppError, match=f"(?i){name}: temporary or registered; expected"):
            classify(stored, f"SELECT * FROM (FROM {name.upper()})", rules)
        assert verdicts(classify(stored, stored.table(name), rules), edges, rounds=1)
    with pytest.raises(TppError, match=r"Table with name rows does not exist!; expected what"):
        classify(stored, "SELECT * FROM rows", rules)
    assert verdicts(classify(stored, stored.sql("FROM rows"), rules), edges, rounds=1)


def test_transactions(stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    classify(stored, "chips", rules, keep=[], name="verdicts")
    stored.begin()
    stored.execute("DELETE FROM chips WHERE round > 0")
    assert verdicts(stored.sql("FROM verdicts"), edges)
    now = classify(stored, stored.table("chips"), rules)
    assert verdicts(now, edges, rounds=1)
    stored.rollback()
    assert verdicts(now, edges, rounds=1)
    assert verdicts(stored.sql("FROM verdicts"), edges)


def test_concurrent_queries(stored: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    """Several connections, each with verdicts of its own, and writers beside them."""

    def ask(number: int) -> list[Any]:
        with stored.cursor() as own:
            classify(own, "chips", rules, keep=["id"], name="verdicts")
            own.execute(f"CREATE TABLE made_{number} AS FROM verdicts")
            found: list[Any] = own.sql(f"SELECT count(*), sum({A}::INT) FROM verdicts").fetchall()
            return found

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(8)))
    assert answers == [(stored.sql(f"SELECT count(*), sum({A}::INT) FROM made_7").fetchall())] * 8
    assert verdicts(stored.table("made_3"), edges)


def test_a_query_that_ends_early(stored: Any, rules: tpp.Rulebook) -> None:
    found = classify(stored, "chips", rules, "outcome", keep=["id"], name="verdicts")
    for _ in range(20):
        assert stored.sql("SELECT id FROM verdicts LIMIT 2").fetchall() == [(0,), (1,)]
    assert found.limit(1, 7000).project("id").fetchall() == [(7000,)]


def test_the_database_is_closed(rules: tpp.Rulebook, tmp_path: Any) -> None:
    """With the last connection, though verdicts are registered on it."""
    path = str(tmp_path / "chips.db")
    connection = duckdb.connect(path)
    connection.execute("CREATE TABLE chips AS SELECT 1979.0 AS tops_fp8")
    classify(connection, "chips", rules, keep=[], name="verdicts")
    assert connection.sql(f"SELECT {A} FROM verdicts").fetchall() == [(True,)]
    del connection
    gc.collect()
    with duckdb.connect(path, read_only=True) as again:
        found = classify(again, "chips", rules, keep=[]).project(A)
        assert found.fetchall() == [(True,)]


def test_errors(stored: Any, rules: tpp.Rulebook) -> None:
    stored.execute("UPDATE chips SET tops_fp8 = -1 WHERE id = 9999")
    found = classify(stored, "chips", rules)
    with pytest.raises(duckdb.Error, match=r"row 10000, column tops_fp8: -1\.0; expected"):
        found.fetchall()
    with pytest.raises(tpp.InputError, match=r"^row 10000, column tops_fp8: -1\.0; expected"):
        classify(stored, stored.table("chips"), rules)
    for source in ("CREATE TABLE z (a INT)", "SELECT 1; SELECT 2"):
        with pytest.raises(TppError, match="expected the name of a table, or one query"):
            classify(stored, source, rules)
    with pytest.raises(TppError, match="no column 'x' to keep"):
        classify(stored, "chips", rules, keep=["x"])
    with pytest.raises(TppError, match="unknown column 'tops_fp99'"):
        classify(stored, "SELECT 1 AS tops_fp99", rules)
    assert stored.sql("SELECT count(*) FROM duckdb_tables()").fetchall() == [(1,)]


def test_the_default_connection(rules: tpp.Rulebook) -> None:
    rows = pa.table({"tops_fp8": [1979.0, None]})
    assert len(rows)
    found = classify(duckdb, duckdb.sql("FROM rows"), rules, keep=[]).project(A)
    assert found.fetchall() == [(True,), (None,)]
