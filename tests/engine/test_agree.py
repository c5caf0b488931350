"""The C, Numba and exact engines give the same verdicts, bit for bit.

`make proof` does the same on millions of rows; here the exact engine sees a few thousand, some
of every kind, and the two fast engines a few hundred thousand.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies
from tppcore.engine import c, exact, jit, oracle
from tppcore.engine.columns import Bitmaps, Columns
from tppcore.program.compile import compile as compiled
from tppcore.rules.rulebook import Rulebook, rulebook

GATE = ("us-3a090", "us-742.6-review", "us-9903.79.01")

ENGINES = [
    pytest.param(engine, id=name, marks=pytest.mark.skipif(not engine.available(), reason=name))
    for name, engine in (("c", c), ("jit", jit))
]


@lru_cache
def law(name: str) -> Rulebook:
    if name == "gate":
        return rulebook("2026-02-01", "CN", rules=GATE)
    if name == "2022":
        return rulebook("2023-01-01", "CN")
    if name == "readings":
        readings = {"tf32_width": "19", "vector_units": "added", "unlisted_formats": "unknown"}
        return rulebook("2026-02-01", "CN", readings=readings)
    return rulebook("2026-02-01", "CN")


LAWS = ("gate", "in force", "2022", "readings")


def assert_same(rules: Rulebook, found: Bitmaps, expected: Bitmaps) -> None:
    for p, paragraph in enumerate(rules.paragraphs):
        for what, one, other in (
            ("decided", found.valid[p], expected.valid[p]),
            ("true", found.values[p], expected.values[p]),
        ):
            rows = np.flatnonzero(np.unpackbits((one ^ other).view(np.uint8), bitorder="little"))
            assert not len(rows), f"{paragraph.id}: {what} differs in rows {rows[:5]}"


def check(engine: object, rules: Rulebook, columns: Columns, threads: int = 1) -> None:
    program = compiled(rules, columns.by_quantity)
    found = engine.evaluate(program, columns, threads=threads)  # type: ignore[attr-defined]
    assert_same(rules, found, oracle.evaluate(rules, columns))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", strategies.KINDS)
@pytest.mark.parametrize("name", LAWS)
def test_every_kind_of_row(engine: object, kind: str, name: str) -> None:
    sheet = strategies.SHEET if name == "gate" else strategies.LONG_SHEET
    for missing, ranged in ((0.0, 0.0), (0.15, 0.2)):
        columns = strategies.table(
            kind, 66, len(name), quantities=sheet, missing=missing, ranged=ranged
        )
        check(engine, law(name), columns)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=25, deadline=None)
@given(st.sampled_from(LAWS), strategies.tables(quantities=strategies.LONG_SHEET, rows=40))
def test_any_columns(engine: object, name: str, columns: Columns) -> None:
    check(engine, law(name), columns)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=40, deadline=None)
@given(strategies.rows())
def test_any_cells(engine: object, columns: Columns) -> None:
    check(engine, law("gate"), columns)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_columns_at_all(engine: object) -> None:
    check(engine, law("in force"), Columns(3, {}))


@pytest.mark.skipif(not c.available(), reason="no C library")
@pytest.mark.parametrize("kind", strategies.KINDS)
def test_c_and_jit_on_longer_tables(kind: str) -> None:
    rules = law("in force")
    for missing, ranged in ((0.0, 0.0), (0.1, 0.1)):
        columns = strategies.table(
            kind, 5_000, 11, quantities=strategies.LONG_SHEET, missing=missing, ranged=ranged
        )
        program = compiled(rules, columns.by_quantity)
        one, other = (engine.evaluate(program, columns, threads=2) for engine in (c, jit))
        assert_same(rules, one, other)


@pytest.mark.parametrize("engine", ENGINES)
def test_metrics_agree(engine: object) -> None:
    """Doubles in one documented order: the same bits from both fast engines, and near the truth."""
    rules = law("in force")
    names = ("tpp", "performance_density", "total_dram_bandwidth", "app")
    columns = strategies.table(
        "round", 300, 3, quantities=strategies.LONG_SHEET, missing=0.1, ranged=0.1
    )
    program = compiled(rules, columns.by_quantity, names)
    low, high = engine.metrics(program, columns)  # type: ignore[attr-defined]
    for i, row in enumerate(oracle.rows(columns, rules.vocabulary)):
        metrics = exact.Metrics(rules.formulas, row)
        for m, name in enumerate(names):
            truth = metrics.metric(name)
            if not truth.applicable:
                assert np.isnan(low[m, i])
                assert np.isnan(high[m, i])
                continue
            np.testing.assert_allclose(
                [low[m, i], high[m, i]], [float(truth.low), float(truth.high)], rtol=1e-14
            )


def test_the_tables_hold_what_they_say() -> None:
    """Rows on a threshold are there, and doubles get many of them wrong."""
    columns = strategies.table("on", 4000, 1, quantities=("tops_fp8", "die_area_mm2"))
    tops, area = (columns.by_quantity[name].values for name in ("tops_fp8", "die_area_mm2"))
    rules = rulebook("2026-02-01", "CN", rules=["us-3a090/a.2"])
    program = compiled(rules, columns.by_quantity)
    words = (c if c.available() else jit).evaluate(program, columns).values[0]
    truth = np.unpackbits(words.view(np.uint8), bitorder="little")[:4000].astype(bool)
    naive = (tops * 8 >= 1600) & (tops * 8 / area >= 5.92)
    assert np.count_nonzero(truth & ~naive) > 20
