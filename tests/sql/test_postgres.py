"""PostgreSQL, a real server: SQL gives the verdicts of the exact engine, and what is its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.sql.databases import Binaries, Postgres, server
from tests.sql.same import *  # noqa: F403  (the tests of every database)

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A server started for these tests; none is an error where TPPCORE_REQUIRE_POSTGRES is set."""
    binaries = Binaries.find()
    if binaries is None:
        reason = "no PostgreSQL server is installed (Debian's package is postgresql)"
        if os.environ.get("TPPCORE_REQUIRE_POSTGRES"):
            pytest.fail(reason)
        pytest.skip(reason)
    with server(binaries) as connection:
        yield Postgres(connection)
