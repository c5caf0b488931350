"""SQL on DuckDB gives the verdicts of the exact engine, on thresholds and next to them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.sql import cases
from tests.sql.databases import Duck

WIDE = {"": (33, 15)}


@pytest.mark.parametrize("kind", strategies.KINDS)
@pytest.mark.parametrize("name", cases.LAWS)
def test_every_kind_of_row(duckdb: Duck, name: str, kind: str) -> None:
    for missing, ranged in ((0.0, 0.0), (0.15, 0.2)):
        columns = strategies.table(
            kind, 40, len(name), quantities=strategies.LONG_SHEET, missing=missing, ranged=ranged
        )
        cases.check(duckdb, cases.law(name), cases.cells(columns))
