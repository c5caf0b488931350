"""Kernels of the Numba engine, on the law as it is, against the exact engine."""

from __future__ import annotations

import numpy as np
import pytest

from tests import strategies
from tests.engine.test_agree import LAWS, assert_same, law
from tppcore.engine import jit, oracle
from tppcore.engine.columns import Columns
from tppcore.program.compile import compile as compiled

pytestmark = pytest.mark.skipif(not jit.available(), reason="no Numba")

HOLES = ((0.0, 0.0), (0.15, 0.0), (0.1, 0.2))


def check(name: str, columns: Columns) -> None:
    rules = law(name)
    program = compiled(rules, columns.by_quantity)
    found = jit.evaluate(program, columns, threads=1, compiled=True)
    assert_same(rules, found, oracle.evaluate(rules, columns))


@pytest.mark.parametrize("kind", strategies.KINDS)
@pytest.mark.parametrize("name", LAWS)
def test_every_kind_of_row(name: str, kind: str) -> None:
    """One program a law, so that four kernels are compiled."""
    sheet = strategies.SHEET if name == "gate" else strategies.LONG_SHEET
    for missing, ranged in HOLES:
        rows = 70 if name == "gate" else 40
        check(
            name,
            strategies.table(
                kind, rows, len(name), quantities=sheet, missing=missing, ranged=ranged
            ),
        )


@pytest.mark.parametrize("kind", ["random", "on"])
def test_blocks_and_what_is_left_over(kind: str) -> None:
    """Rows in a block of their own are as good as among others."""
    columns = strategies.table(kind, 1100, 3, quantities=strategies.SHEET, missing=0.02)
    program = compiled(law("gate"), columns.by_quantity)
    whole = jit.evaluate(program, columns, threads=1, compiled=True)
    for rows in (1, 63, 64, 65, 511, 512, 513, 1024, 1099):
        part = jit.evaluate(program, columns.slice(0, rows), threads=2, compiled=True)
        full, last = rows // 64, (1 << rows % 64) - 1
        for one, other in ((part.values, whole.values), (part.valid, whole.valid)):
            assert np.array_equal(one[:, :full], other[:, :full])
            if last:
                assert np.array_equal(one[:, full], other[:, full] & np.uint64(last))


def test_a_table_of_one_column() -> None:
    """Almost everything is unknown, and rows without the rate have no rate at all."""
    for quantity in ("tops_fp8", "die_area_mm2", "tops_fp8_sparse", "datacenter"):
        for missing in (0.0, 0.5):
            columns = strategies.table("round", 70, 1, quantities=(quantity,), missing=missing)
            check("gate", columns)
