"""DuckDB: SQL gives the verdicts of the exact engine, and what is DuckDB's own."""

from __future__ import annotations

from decimal import Decimal

import pytest

import tppcore as tpp
from tests.sql import cases
from tests.sql.databases import Duck
from tests.sql.same import *  # noqa: F403  (the tests of every database)
from tppcore.sql_text import ERROR, to_sql


@pytest.fixture(scope="module")
def database() -> Duck:
    return Duck()
