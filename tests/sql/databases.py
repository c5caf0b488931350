"""Databases that tests run SQL on: DuckDB in this process, PostgreSQL as a server of their own."""

from __future__ import annotations

import datetime
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

Cell = Decimal | float | int | bool | str | datetime.date | None
Cells = dict[str, list[Cell]]
"""A table by columns, all of one length."""


class Database(Protocol):
    dialect: str
    digits: int
    places: int

    def answer(self, sql: str | Sequence[str], table: Cells) -> Cells:
        """What the (last) query answers about the table `chips`, by columns."""
        ...


class Duck:
    """DuckDB; numbers are DECIMAL(38, 15) or, if they are floats, DOUBLE."""

    dialect, digits, places = "duckdb", 38, 15

    def answer(self, sql: str | Sequence[str], table: Cells) -> Cells:
        import duckdb
        import pyarrow as pa

        columns = {name: pa.array(cells, self.type(cells)) for name, cells in table.items()}
        with duckdb.connect() as connection:
            connection.register("given", pa.table(columns))
            connection.sql("CREATE TABLE chips AS SELECT * FROM given")
            *before, last = [sql] if isinstance(sql, str) else sql
            for each in before:
                connection.sql(each)
            found = connection.sql(last)
            return by_columns(found.columns, found.fetchall())

    def type(self, cells: Sequence[Cell]) -> Any:
        import pyarrow as pa

        known = next((cell for cell in cells if cell is not None), None)
        if known is None or isinstance(known, Decimal):
            return pa.decimal128(38, self.places)
        types = {bool: pa.bool_(), int: pa.int64(), str: pa.string(), float: pa.float64()}
        return types.get(type(known), pa.date32())


class Postgres:
    """A connection to a PostgreSQL server; numbers are NUMERIC or, if floats, DOUBLE PRECISION."""

    dialect, digits, places = "postgres", 100, 50

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def answer(self, sql: str | Sequence[str], table: Cells) -> Cells:
        types = ", ".join(f'"{name}" {self.type(cells)}' for name, cells in table.items())
        with self.connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS chips CASCADE")
            cursor.execute(f"CREATE TEMPORARY TABLE chips ({types})")
            with cursor.copy("COPY chips FROM STDIN") as copy:
                for row in zip(*table.values(), strict=True):
                    copy.write_row(row)
            for each in [sql] if isinstance(sql, str) else sql:
                cursor.execute(each)
            return by_columns([each.name for each in cursor.description], cursor.fetchall())

    def type(self, cells: Sequence[Cell]) -> str:
        known = next((cell for cell in cells if cell is not None), None)
        types = {bool: "BOOLEAN", int: "BIGINT", str: "VARCHAR", float: "DOUBLE PRECISION"}
        if known is None or isinstance(known, Decimal):
            return "NUMERIC"
        return types.get(type(known), "DATE")


def by_columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Cells:
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


@dataclass(frozen=True)
class Binaries:
    """Where initdb, pg_ctl and the server are."""

    folder: Path

    @classmethod
    def find(cls) -> Binaries | None:
        # Debian keeps them out of the path; the newest version comes last.
        folders = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name)
        )
        on_path = shutil.which("initdb")
        if on_path:
            folders.append(Path(on_path).resolve().parent)
        return next((cls(each) for each in reversed(folders) if (each / "pg_ctl").exists()), None)


@contextmanager
def server(binaries: Binaries) -> Iterator[Any]:
    """A connection (psycopg) to a new server on a socket in a temporary folder, and its end."""
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="tppcore-pg-"))
    who: dict[str, Any] = {}
    user = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        names = {each.pw_name for each in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        log = folder / "output"
        with log.open("w") as output:  # a pipe would stay open with the server
            done = subprocess.run(
                [binaries.folder / program, *arguments],
                cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **who,
            )  # fmt: skip
        assert done.returncode == 0, (program, log.read_text())

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "tppcore", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            connection = psycopg.connect(
                host=str(folder), user="tppcore", dbname="postgres", autocommit=True,
                prepare_threshold=None,  # the table is another one each time
            )  # fmt: skip
            with connection:
                yield connection
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
