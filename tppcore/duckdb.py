"""Verdicts of a table in DuckDB, as a relation that other queries read at the speed of Arrow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import pyarrow as pa

from tppcore.answers import Answers, Much
from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook

ROWS = 1 << 18
"""Rows in a batch: what DuckDB reads ahead, and so what a scan holds in memory."""


def classify(
    connection: Any,
    source: Any,
    rules: Rulebook,
    verdicts: Much = "columns",
    *,
    keep: Sequence[str] | None = None,
    name: str | None = None,
    engine: str | None = None,
    threads: int | None = 1,
) -> Any:
    """The rows of a table or query with their verdicts, a relation.

    Parameters
    ----------
    connection: from `duckdb.connect`, or the module `duckdb` for its own.
    source: the name of a table, a file or a query as SQL text. It is asked again by every query
        that reads the relation, batch by batch, in constant memory and in its order; it is read
        from another connection to the same database, which sees what is committed. Or a relation of
        the connection, for what only that sees (temporary tables, registered frames, an open
        transaction): it is asked once, now, and its answers are held in memory.
    rules: from `tppcore.rulebook`.
    verdicts: "columns", a boolean column a paragraph (NULL where undetermined) and the outcome, or
        "outcome", that one alone.
    keep: which columns of the source stand before them; all if left out. Columns that are neither
        kept nor quantities are not read.
    name: under which the relation is registered for SQL on this connection; not if left out.
    engine: as for `tppcore.classify`.
    threads: that answer a batch, while another thread reads the next; one keeps up with DuckDB,
        which makes the batches of a query in one thread. All usable processors if None.

    Raises
    ------
    TppError: a source that can't be read so, or columns that can't be used or kept. A number that
    can't be used fails the query that reads it, with an error that names its row and column.
    """
    own = connection.default_connection() if connection is duckdb else connection
    options = verdicts, keep, engine, threads
    if isinstance(source, str):
        made: Any = _Scan(own, source, rules, *options)
    else:
        asked = _Question(source, rules, *options)
        made = pa.Table.from_batches(asked.answers(source), asked.schema)
    if name is None:
        return own.from_arrow(made)
    own.register(name, made)
    return own.view(name)


class _Question:
    """What is asked of a relation: which of its columns are read, and the schema of the answers."""

    def __init__(
        self,
        relation: Any,
        rules: Rulebook,
        verdicts: Much,
        keep: Sequence[str] | None,
        engine: str | None,
        threads: int | None,
    ) -> None:
        kept = relation.columns if keep is None else keep
        self._answers = Answers(rules, verdicts, keep=kept, engine=engine, threads=threads)
        empty = relation.limit(0).to_arrow_table()
        self._read = [_quoted(name) for name in self._answers.read(empty)]
        self.schema = self._answers.schema(empty.schema)

    def answers(self, relation: Any) -> Iterator[Any]:
        """The answers to its rows, batch by batch."""
        # An open result would keep the connection from other queries.
        with relation.project(*self._read).to_arrow_reader(ROWS) as batches:
            for answer in self._answers.each(_ahead(batches)):
                yield from answer.to_batches()


def _ahead(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches, each of which is read while the one before is answered: DuckDB makes them in one
    thread, and its others wait for the answers."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


class _Scan:
    """A query that is asked on a connection of its own each time this is read."""

    def __init__(self, connection: Any, source: str, *options: Any) -> None:
        # Not the connection itself, which may hold this and would live for ever.
        self._beside, self._query = connection.cursor(), _query(source)
        _check_visible(connection, self._query)
        ((self._path,),) = connection.execute("SELECT current_setting('search_path')").fetchall()
        # In a thread of its own, as DuckDB will read it: a variable of the caller that stands for a
        # table is not found there.
        with ThreadPoolExecutor(1) as pool:
            self._asked = pool.submit(lambda: _Question(self._relation(), *options)).result()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        # DuckDB also asks for the schema alone: the query begins with the first batch.
        reader = pa.RecordBatchReader.from_batches(self._asked.schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[Any]:
        yield from self._asked.answers(self._relation())

    def _relation(self) -> Any:
        # A connection runs one query at a time, and this one runs inside another.
        other = self._beside.cursor()
        other.execute("SET search_path = '{}'".format(self._path.replace("'", "''")))
        try:
            return other.sql(self._query)
        except duckdb.CatalogException as error:
            said = str(error).partition("\n")[0]
            raise TppError(f"{said}; {_EXPECTED}") from None


_EXPECTED = (
    "expected what another connection to this database sees as well; for temporary tables, "
    "registered frames and an open transaction a relation, as of connection.sql(...)"
)


def _query(source: str) -> str:
    """The query of a source, which may be the name of a table."""
    try:
        statements = duckdb.extract_statements(source)
    except duckdb.ParserException:
        statements = duckdb.extract_statements(f"FROM {source}")
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise TppError(f"{source!r}; expected the name of a table, or one query")
    found: str = statements[0].query
    return found


def _check_visible(connection: Any, query: str) -> None:
    """Raises TppError where a temporary table would be read: another connection does not see it,
    but may see another table of that name."""
    temporary = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary UNION ALL "
        "SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"
    ).fetchall()
    ((parsed,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchall()
    here = {name.lower() for (name,) in temporary}
    hidden = [name for name in _tables(json.loads(parsed)) if name.lower() in here]
    if hidden:
        raise TppError(f"{', '.join(hidden)}: temporary or registered; {_EXPECTED}")


def _tables(node: Any) -> Iterator[str]:
    """The names of the tables of a parsed query."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _tables(each)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
