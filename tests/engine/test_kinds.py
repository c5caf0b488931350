"""Columns of every type and what they mean, in all engines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tppcore as tpp
from tppcore.engine import oracle
from tppcore.engine.choose import available
from tppcore.rules.store import specs
from tppcore.sources.table import Table

RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review", "us-9903.79.01"])
ROWS = 700  # a whole block and a part of one


def decimals(values: np.ndarray, digits: int) -> pa.Array:
    return pa.array([Decimal(f"{x:.{digits}f}") for x in values], pa.decimal128(20, digits))


def nulls(values: Any, seed: int) -> pa.Array:
    mask = np.random.default_rng(seed).random(ROWS) < 0.2
    return pa.array(values, mask=mask)


def rates(seed: int) -> np.ndarray:
    """Among them 600 and 814 * 5.92 / 8, on the lines of 3A090."""
    rng = np.random.default_rng(seed)
    return rng.choice([600.0, 602.36, 602.4, 200.0, 300.0, 1979.5, 2625.0, 100.1], ROWS)


TABLES = {
    "float32": lambda: {
        "tops_fp8": rates(1).astype(np.float32),
        "die_area_mm2": np.full(ROWS, 814, np.float32),
        "dram_gb_s": np.full(ROWS, 4800.0, np.float32),
    },
    "float32 and float64": lambda: {
        "tops_fp8": rates(1).astype(np.float32),
        "tops_fp16": rates(2) / 2,
        "die_area_mm2": np.full(ROWS, 814.0),
    },
    "float32 with blanks": lambda: {
        "tops_fp8": np.where(rates(3) > 2000, np.nan, rates(1)).astype(np.float32),
        "tops_int8": rates(4).astype(np.float32),
        "die_area_mm2": np.where(rates(5) > 2000, np.nan, 814).astype(np.float32),
    },
    **{
        f"{kind}": lambda kind=kind: {
            "tops_fp8": rates(1).astype(kind),
            "die_area_mm2": np.full(ROWS, 814, kind),
            "dram_gb_s": np.arange(ROWS).astype(kind) + 4400,
        }
        for kind in ("int16", "int32", "int64", "uint16", "uint32", "uint64")
    },
    "int8 with zeros": lambda: {"tops_fp8": (np.arange(ROWS) % 100).astype(np.int8)},
    "decimals": lambda: pa.table(
        {"tops_fp8": decimals(rates(1), 2), "die_area_mm2": decimals(np.full(ROWS, 814), 0)}
    ),
    "decimals with nulls": lambda: pa.table(
        {
            "tops_fp8": nulls(decimals(rates(1), 2).to_pylist(), 1).cast(pa.decimal128(20, 2)),
            "die_area_mm2": nulls(np.full(ROWS, 814.0), 2),
        }
    ),
    "nulls": lambda: pa.table(
        {
            "tops_fp8": nulls(rates(1), 3),
            "tops_int8": nulls(rates(2).astype(np.int32), 4),
            "die_area_mm2": nulls(np.full(ROWS, 814, np.float32), 5),
            "datacenter": nulls(rates(6) > 500, 6),
        }
    ),
    "nulls in a slice": lambda: TABLES["nulls"]().slice(13, 650),
    "from the middle of a file": lambda: pa.concat_tables([TABLES["nulls"]().slice(3, 40)] * 9),
}


@pytest.mark.parametrize("engine", ["c", "jit"])
@pytest.mark.parametrize("kind", TABLES)
def test_agrees_with_the_exact_engine(kind: str, engine: str) -> None:
    if not available(engine):
        pytest.skip(f"no {engine}")
    made = TABLES[kind]()
    expected = oracle.evaluate(RULES, Table(made, specs().vocabulary).columns)
    found = tpp.classify(made, RULES, engine=engine).bitmaps
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.valid, expected.valid)


def test_both_sides_of_the_lines_occur() -> None:
    """Else the tests above would show little."""
    counts = tpp.classify(TABLES["float32"](), RULES).counts()
    assert all(counts["us-3a090/a"][verdict] for verdict in ("true", "false"))
    assert all(counts["us-3a090/a.1"][verdict] for verdict in ("true", "false"))


def test_a_float32_means_its_own_decimal() -> None:
    """814.1f is 814.0999755859375 as a double: a density a little above the line of 5.92, which
    8 * 602.434 / 814.1 is exactly on; and 602.4339f is below."""
    table = {
        "tops_fp8": np.array([602.434, 602.4339], np.float32),
        "die_area_mm2": np.array([814.1, 814.1], np.float32),
        "datacenter": np.ones(2, np.uint8),
    }
    for engine in ("c", "jit", "exact"):
        if available(engine):
            assert list(tpp.classify(table, RULES, engine=engine)["us-3a090/a.2"]) == [True, False]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([600.0, None, 700.0]),
        pa.array([600.0, None, 700.0], pa.float32()),
        pa.array([600, None, 700], pa.int32()),
        pa.array([Decimal("600.5"), None, Decimal("7")], pa.decimal128(10, 1)),
    ],
    ids=str,
)
def test_arrow_is_not_copied(array: pa.Array) -> None:
    columns = Table(pa.table({"tops_fp8": array}), specs().vocabulary).columns
    column = columns.by_quantity["tops_fp8"]
    assert column.values is not None
    assert column.present is not None
    assert column.present.ctypes.data == array.buffers()[0].address
    assert column.values.ctypes.data == array.buffers()[1].address


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32, np.uint64])
def test_numpy_is_not_copied(kind: type) -> None:
    values = np.array([600, 700], kind)
    columns = Table({"tops_fp8": values}, specs().vocabulary).columns
    assert columns.by_quantity["tops_fp8"].values is values
