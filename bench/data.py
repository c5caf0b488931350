"""Tables that are hard in different ways, all made from the random one of `tppcore.benchmark`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

import numpy as np

from tppcore.benchmark.jobs import GATE, Table, random_table
from tppcore.engine.columns import Column, Columns

Values = dict[str, np.ndarray]

RATES = tuple(name for name in GATE.columns if name.startswith("tops_"))
NUMBERS = (*RATES, "die_area_mm2", "dram_gb_s")
_LIMITS = (592, 320, 160)
_POOL = 30_000


def random(rows: int) -> Values:
    return random_table(GATE.columns, rows)


def rounded(rows: int) -> Values:
    """Steps of 5 TOPS, 1 mm2 and 50 GB/s: what people enter; some 4 % of the rows stand on a
    threshold."""
    steps = {**dict.fromkeys(RATES, 5.0), "die_area_mm2": 1.0}
    table = random(rows)
    table["dram_gb_s"] = 50.0 * np.random.default_rng(7).integers(20, 160, rows)
    for name, step in steps.items():
        table[name] = np.maximum(np.rint(table[name] / step), 1) * step
    return table


def ties(rows: int) -> Values:
    """Every row exactly on a performance density of 5.92, 3.2 or 1.6, in decimals of at most 15
    digits: areas in 0.01 mm2."""
    table, rng = random(rows), np.random.default_rng(1)
    area = rng.integers(27_000, 80_000, rows)
    limit = rng.choice(_LIMITS, rows)
    _stand(table, limit * area / 10_000 / 8, area / 100)
    return table


def some_ties(rows: int, share: float = 0.01) -> Values:
    """Random rows, and one in a hundred of `ties`."""
    table, tied = random(rows), ties(rows)
    chosen = np.random.default_rng(2).random(rows) < share
    for name in table:
        table[name][chosen] = tied[name][chosen]
    return table


def long_ties(rows: int) -> Values:
    """Every row exactly on a density of 1.6, in decimals of 17 digits: the area is 5 times the FP8
    rate, digit for digit."""
    table, rng = random(rows), np.random.default_rng(3)
    rates, areas = _long_pairs()
    drawn = rng.integers(0, len(rates), rows)
    _stand(table, rates[drawn], areas[drawn])
    return table


@lru_cache(1)
def _long_pairs() -> tuple[np.ndarray, np.ndarray]:
    """Doubles x with 17 digits for which 5 x, in decimals, is what a double of 17 digits shows."""
    rng, pairs = np.random.default_rng(4), list[tuple[float, float]]()
    while len(pairs) < _POOL:
        for x in rng.uniform(20, 200, 10_000).tolist():
            product = 5 * Decimal(repr(x))
            if len(repr(x)) == 18 and Decimal(repr(float(product))) == product:
                pairs.append((x, float(product)))
    rates, areas = np.array(pairs[:_POOL]).T
    return rates, areas


def _stand(table: Values, tops_fp8: np.ndarray, area: np.ndarray) -> None:
    for rate in RATES:
        table[rate] = np.ones(len(area))
    table["tops_fp8"], table["die_area_mm2"] = tops_fp8, area
    table["dram_gb_s"] = np.rint(table["dram_gb_s"] / 50) * 50
    table["datacenter"][:] = 1


def missing(rows: int) -> Values:
    """A tenth of every column of numbers is missing."""
    table, rng = random(rows), np.random.default_rng(5)
    for name in NUMBERS:
        table[name][rng.random(rows) < 0.1] = np.nan
    return table


def ranges(rows: int) -> Values:
    """A tenth of the die areas are ranges; the columns of their ends are there for every row."""
    table, rng = random(rows), np.random.default_rng(6)
    area, ranged = table["die_area_mm2"], rng.random(rows) < 0.1
    table["die_area_mm2_low"] = np.where(ranged, area * 0.9, np.nan)
    table["die_area_mm2_high"] = np.where(ranged, area * 1.1, np.nan)
    area[ranged] = np.nan
    return table


def singles(rows: int) -> Values:
    """float32."""
    return {n: v.astype(np.float32) if n in NUMBERS else v for n, v in random(rows).items()}


def integers(rows: int) -> Values:
    """int32."""
    table = random(rows)
    return {n: np.rint(v).astype(np.int32) if n in NUMBERS else v for n, v in table.items()}


KINDS: dict[str, Callable[[int], Values]] = {
    "1 % on ties": some_ties,
    "all on ties, up to 15 digits": ties,
    "all on ties, 17 digits": long_ties,
    "round numbers": rounded,
    "10 % missing": missing,
    "ranges of die area": ranges,
    "float32": singles,
    "int32": integers,
}
"""Each kind beside `random`."""


def columns_of(table: Table) -> Columns:
    """A table with columns NAME_low and NAME_high as the engines take it."""
    found = {}
    for name, values in table.items():
        if not name.endswith(("_low", "_high")):
            ends = (table.get(f"{name}_low"), table.get(f"{name}_high"))
            found[name] = Column(values, *ends)
    return Columns(len(next(iter(table.values()))), found)
