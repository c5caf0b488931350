"""Tables of decimals: the floats are those decimals, and every kind of row is what it says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests import strategies
from tests.proof import tables
from tests.proof.decimals import doubles, singles, written
from tests.proof.integers import reference


def made(kind: str, rows: int = 256, **options: object) -> dict[str, tables.Stored]:
    law, sheet = ("in force", strategies.LONG_SHEET)
    return tables.table(
        kind,
        rows,
        1,
        reference(law).limits,
        quantities=sheet,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("storage", tables.STORAGES)
@pytest.mark.parametrize("kind", tables.KINDS)
def test_floats_stand_for_their_decimals(kind: str, storage: str) -> None:
    table = made(kind, 128, storage=storage, missing=0.1, ranged=0.2)
    columns = tables.columns(table, 128, 1)
    for name, each in table.items():
        column, cells = columns.by_quantity[name], each.cells
        parts = [(column.low, cells.low, cells.has_low), (column.high, cells.high, cells.has_high)]
        if column.values is not None and column.values.dtype.kind == "f":
            parts.append((column.values, cells.value, cells.known))
        for floats, wholes, there in parts:
            if floats is None or wholes is None or there is None:
                continue
            assert np.array_equal(np.isnan(floats), ~there)
            for row in np.flatnonzero(there).tolist():
                assert Fraction(str(floats[row])) == Fraction(int(wholes[row]), 10**cells.scale)


def test_conversions() -> None:
    whole = np.array([0, 51430, 51429999999999, 2**53], np.int64)
    assert doubles(whole, 2).tolist() == [0.0, 514.3, 514299999999.99, 90071992547409.92]
    assert doubles(np.array([51429999999999995]), 14).tolist() == [514.29999999999995]
    assert singles(whole[:2], 2).tolist() == [0.0, float(np.float32("514.3"))]
    assert doubles(np.array([5]), -3).tolist() == [5000.0]
    assert written(np.array([514.3, 1e-7, 2e3]), 14).tolist() == [
        51430000000000000, 10000000, 200000000000000000
    ]  # fmt: skip
    assert written(np.array([514.3], np.float32), 7).tolist() == [5143000000]
    with pytest.raises(ValueError, match="expected at most 3 digits"):
        written(np.array([0.1234]), 3)


def test_rows_stand_on_thresholds() -> None:
    """Most rows of a table "on" are on 5.92, and doubles get some of them wrong."""
    limits = {"performance_density": [Fraction("5.92")]}
    on = wrong = 0
    for seed in range(20):
        table = tables.table("on", 400, seed, limits, quantities=("tops_fp8", "die_area_mm2"))
        rate, area = table["tops_fp8"].cells, table["die_area_mm2"].cells
        left = rate.value.astype(object) * 8 * 100 * 10**area.scale
        right = area.value.astype(object) * 592 * 10**rate.scale
        on += np.count_nonzero(left == right)
        columns = tables.columns(table, 400, 1).by_quantity
        naive = columns["tops_fp8"].values * 8 / columns["die_area_mm2"].values >= 5.92
        wrong += np.count_nonzero(naive != (left >= right))
    assert on > 4000
    assert wrong > 100


def test_steps_and_ulps_straddle() -> None:
    for kind, least in (("step", 500), ("ulp", 500), ("digits", 100)):
        limits = {"tpp": [Fraction(4800)]}
        table = tables.table(kind, 4000, 1, limits, quantities=("tops_fp8",))
        cells = table["tops_fp8"].cells
        off = np.abs(cells.value * 8 - 4800 * 10**cells.scale) * 10.0**-cells.scale
        for side in (off == 0, (off > 0) & (off < 4800e-11 if kind != "step" else off < 10)):
            assert np.count_nonzero(side) >= (least if kind != "digits" else 1), kind
