"""The databases: DuckDB always, PostgreSQL where a server is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.sql.databases import Binaries, Duck, Postgres, server


@pytest.fixture(scope="session")
def duckdb() -> Duck:
    return Duck()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server started for these tests; none is an error where TPPCORE_REQUIRE_POSTGRES is set."""
    binaries = Binaries.find()
    if binaries is None:
        reason = "no PostgreSQL server is installed (Debian's package is postgresql)"
        if os.environ.get("TPPCORE_REQUIRE_POSTGRES"):
            pytest.fail(reason)
        pytest.skip(reason)
    with server(binaries) as connection:
        yield Postgres(connection)
