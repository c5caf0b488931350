"""The limiting tests of a table are those that the exact one finds row by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tppcore as tpp
from tppcore import report
from tppcore.engine import oracle
from tppcore.sinks.limits import HAIR, limit
from tppcore.sources.table import Table


def table(rows: int) -> pa.Table:
    rng = np.random.default_rng(5)

    def some(values: list[float], missing: float) -> np.ndarray:
        found = rng.choice(values, rows)
        return np.where(rng.random(rows) < missing, np.nan, found)

    area = some([300, 499.999999, 500, 675.67567567567, 810.8108108108108, 826, 1500], 0.2)
    rumour = np.isnan(area) & (rng.random(rows) < 0.5)
    columns = {
        "tops_int8": some(
            [199.9, 200, 300, 599.9999999, 600, 600.0000000001, 1979, 2625, 4500], 0.2
        ),
        "tops_fp16": some([100, 150, 299.99999, 300, 300.1, 1312.5, 1307.45], 0.2),
        "die_area_mm2": area,
        "die_area_mm2_low": np.where(rumour, 300.0, np.nan),
        "die_area_mm2_high": np.where(rumour, 600.0, np.nan),
        "dram_gb_s": some([900, 4800, 6499.999999999, 6500, 8000], 0.1),
        "datacenter": some([0, 1], 0.2),
    }
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


@pytest.mark.parametrize("destination", ["CN", "AE", None])
@pytest.mark.parametrize("date", ["2023-11-16", "2023-12-01", "2026-02-01"])
def test_as_row_by_row(date: str, destination: str | None) -> None:
    data = table(400)
    rules = tpp.rulebook(date, destination)
    found = report.classify(data, pa.table({"row": range(400)}), rules).table
    rows = oracle.rows(Table(data, rules.vocabulary).columns, rules.vocabulary)
    for i, row in enumerate(rows):
        expected = limit(rules, row)
        text, margin = (found[name][i].as_py() for name in ("limiting_test", "margin"))
        assert text == (expected.text if expected else None), row
        near = expected is not None and abs(expected.margin) <= HAIR * expected.threshold
        assert margin == (pytest.approx(float(expected.margin)) if near and expected else None)
