"""Outputs that are used again."""

from __future__ import annotations

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine.choose import ENGINES, available
from tppcore.engine.columns import Bitmaps

RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
ROWS = 1500


def table(seed: int, rows: int = ROWS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "tops_fp8": rng.uniform(100, 900, rows).round(1),
        "die_area_mm2": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(100, 900, rows)),
        "datacenter": np.ones(rows, np.uint8),
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_takes_the_memory_of_earlier_verdicts(engine: str) -> None:
    if not available(engine):
        pytest.skip(f"no {engine}")
    first = tpp.classify(table(1), RULES, engine=engine)
    expected = tpp.classify(table(2), RULES, engine=engine).bitmaps
    again = tpp.classify(table(2), RULES, engine=engine, out=first).bitmaps
    assert np.shares_memory(again.values, first.bitmaps.values)
    assert np.shares_memory(again.valid, first.bitmaps.valid)
    np.testing.assert_array_equal(again.values, expected.values)
    np.testing.assert_array_equal(again.valid, expected.valid)


@pytest.mark.parametrize("engine", ENGINES)
def test_refuses_what_does_not_fit(engine: str) -> None:
    if not available(engine):
        pytest.skip(f"no {engine}")
    first = tpp.classify(table(1, 1400), RULES, engine=engine)
    with pytest.raises(ValueError, match=r"out\.values: 1400 rows.*expected 1500 rows"):
        tpp.classify(table(2), RULES, engine=engine, out=first)
    other = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090/a"])
    with pytest.raises(ValueError, match=r"out\.values: 1500 rows.*expected 1500 rows, uint64"):
        tpp.classify(table(2), other, engine=engine, out=tpp.classify(table(1), RULES))


def test_bitmaps_begin_with_cache_lines() -> None:
    found = Bitmaps.empty(7, 513)
    assert found.values.shape == found.valid.shape == (7, 9)
    assert all(row.ctypes.data % 64 == 0 for row in (*found.values, *found.valid))
    found.values[:], found.valid[:] = 1, 2
    assert (found.values == 1).all()  # no bitmap overlaps another


def test_large_outputs_are_as_small_ones() -> None:
    """Verdicts of large tables are written past the caches, those of small ones are not."""
    rows = 300_000
    many = tpp.rulebook("2026-02-01", "CN")
    whole = tpp.classify(table(3, rows), many, threads=1).bitmaps
    parts = {name: values[: 64 * 1000] for name, values in table(3, rows).items()}
    part = tpp.classify(parts, many, threads=1).bitmaps
    assert (
        rows // 4 * len(many.paragraphs)
        > 1 << 21
        > len(parts["tops_fp8"]) // 4 * len(many.paragraphs)
    )
    np.testing.assert_array_equal(whole.values[:, :1000], part.values)
    np.testing.assert_array_equal(whole.valid[:, :1000], part.valid)
