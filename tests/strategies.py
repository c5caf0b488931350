"""Tables for property tests: seeded NumPy generators by kind of row, and Hypothesis strategies.

    random   log-uniform over what spec sheets hold
    round    round numbers, which tie often
    on       exactly on a threshold of the law, in any format that reaches it
    step     one unit of the last decimal to either side of that
    ulp      the neighbouring double to either side
    digits   15 to 17 significant digits
    extreme  zeros, the smallest and the largest quantities

Any of them takes holes and ranges (`missing`, `ranged`: the share of cells).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.engine.exact import leaves
from tppcore.rules.condition import Compare
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.rules.store import specs

Doubles = NDArray[np.float64]
Table = dict[str, Doubles]
"""Values by quantity, NaN for missing, booleans as 0.0 and 1.0."""

KINDS = ("random", "round", "on", "step", "ulp", "digits", "extreme")

SHEET = (
    "tops_fp16", "tops_fp8", "tops_tf32", "tops_fp6", "tops_int4", "die_area_mm2", "dram_gb_s",
    "interconnect_gb_s", "datacenter",
)  # fmt: skip
"""The usual columns of a table."""

LONG_SHEET = (
    *SHEET, "tops_fp64", "tops_fp16_vector", "tops_fp8_sparse", "sparse_ratio_fp8",
    "dram_other_gb_s", "host_gb_s", "package_area_mm2", "transistors_bn", "ics_per_item", "hbm",
    "non_planar", "advanced_node", "vector_processor", "dram_gb", "tdp_w", "best_indigenous_tpp",
)  # fmt: skip
"""Many columns, among them those that choose between formulas."""

_SPAN = {
    "tops": (10.0, 5000.0),
    "die_area_mm2": (50.0, 4000.0),
    "package_area_mm2": (50.0, 4000.0),
    "dram_gb_s": (100.0, 12000.0),
    "transistors_bn": (1.0, 500.0),
    "best_indigenous_tpp": (500.0, 20000.0),
}
_STEPS = (1.0, 5.0, 50.0, 0.5)


def is_boolean(quantity: str) -> bool:
    return specs().vocabulary.quantities[quantity].kind == "boolean"


def is_positive(quantity: str) -> bool:
    return specs().vocabulary.quantities[quantity].positive


def _base(
    quantities: Sequence[str], rows: int, rng: np.random.Generator, number: Callable[[str], Doubles]
) -> Table:
    """Booleans, counts and ratios as sheets have them, and `number` for the rest."""
    table: Table = {}
    for quantity in quantities:
        if is_boolean(quantity):
            table[quantity] = (rng.random(rows) < 0.75).astype(np.float64)
        elif quantity == "ics_per_item":
            table[quantity] = rng.choice([1.0, 1.0, 1.0, 2.0, 4.0, 8.0], rows)
        elif quantity.startswith("sparse_ratio_"):
            table[quantity] = np.full(rows, 2.0)
        else:
            table[quantity] = number(quantity)
    return table


def _log_uniform(quantity: str, rows: int, rng: np.random.Generator) -> Doubles:
    family = "tops" if quantity.startswith("tops_") else quantity
    low, high = _SPAN.get(family, (1.0, 10000.0))
    return np.exp(rng.uniform(np.log(low), np.log(high), rows))


def _random(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    return _base(quantities, rows, rng, lambda quantity: _log_uniform(quantity, rows, rng))


def _round(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    def number(quantity: str) -> Doubles:
        step = {"die_area_mm2": 1.0, "dram_gb_s": 50.0}.get(quantity) or float(rng.choice(_STEPS))
        return np.maximum(np.rint(_log_uniform(quantity, rows, rng) / step), 1.0) * step

    return _base(quantities, rows, rng, number)


def _digits(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    """Numbers of 15 to 17 digits; half of them hug a threshold."""
    table = _on(quantities, rows, rng)
    for quantity, values in table.items():
        if is_boolean(quantity) or quantity in ("ics_per_item", "item_kind"):
            continue
        digits = rng.integers(15, 18, rows)
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.maximum(values, 1e-12))))
        hugging = values * (1 + rng.integers(-9, 10, rows) * 10.0 ** (1 - digits))
        wide = np.rint(_log_uniform(quantity, rows, rng) * scale) / scale
        table[quantity] = np.where(rng.random(rows) < 0.5, hugging, wide)
    return table


def _extreme(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    ends = np.array([1e-15, 1e24, 1.2345678901234567e-15, 9.87654321e23, 0.1, 1.0, 4800.0, 0.0])

    def number(quantity: str) -> Doubles:
        pool = ends[:-1] if is_positive(quantity) else ends
        usual = _log_uniform(quantity, rows, rng)
        return np.where(rng.random(rows) < 0.5, rng.choice(pool, rows), usual)

    return _base(quantities, rows, rng, number)


@lru_cache(maxsize=8)
def thresholds(rules: Rulebook | None = None) -> Mapping[str, tuple[float, ...]]:
    """The thresholds of a rulebook by metric; by default of the law for China in February 2026."""
    rules = rules or rulebook("2026-02-01", "CN")
    found: dict[str, set[float]] = {}
    for paragraph in rules.paragraphs:
        for leaf in leaves(paragraph.condition):
            if isinstance(leaf, Compare):
                found.setdefault(leaf.metric, set()).add(float(leaf.threshold))
    return {metric: tuple(sorted(each)) for metric, each in found.items()}


def _on(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    return _threshold_rows(quantities, rows, rng)[0]


def _step(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    table, moved = _threshold_rows(quantities, rows, rng)
    return _move(table, moved, rng, _decimal_step)


def _ulp(quantities: Sequence[str], rows: int, rng: np.random.Generator) -> Table:
    table, moved = _threshold_rows(quantities, rows, rng)
    return _move(table, moved, rng, lambda x, up: np.nextafter(x, np.where(up, np.inf, 0.0)))


def _move(
    table: Table,
    moved: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
    step: Callable[[Doubles, NDArray[np.bool_]], Doubles],
) -> Table:
    for quantity, mask in moved.items():
        values = table[quantity][mask]
        table[quantity][mask] = np.where(values > 0, step(values, rng.random(len(values)) < 0.5), 0)
    return table


def _decimal_step(values: Doubles, up: NDArray[np.bool_]) -> Doubles:
    """The next decimal with as many places; the next double where there are too many digits."""
    result = np.nextafter(values, np.where(up, np.inf, 0.0))
    left = np.ones(len(values), np.bool_)
    for places in range(12):
        whole = np.rint(values * 10.0**places)
        found = left & (whole / 10.0**places == values) & (whole < 1e15) & (whole > 1)
        result[found] = (whole + np.where(up, 1, -1))[found] / 10.0**places
        left &= ~found
    return result


def _threshold_rows(
    quantities: Sequence[str], rows: int, rng: np.random.Generator
) -> tuple[Table, dict[str, NDArray[np.bool_]]]:
    """Rows that stand on a threshold, and which cells put them there."""
    table = _round(quantities, rows, rng)
    moved = {quantity: np.zeros(rows, np.bool_) for quantity in quantities}
    limits = thresholds()
    metrics = [metric for metric in limits if _reachable(metric, quantities)]
    if not metrics:
        return table, moved
    # Many small groups, each with its own format and scale; most on the metrics that matter most.
    groups = 2 * metrics + 12 * [m for m in metrics if m in ("tpp", "performance_density")]
    chosen = rng.integers(0, len(groups), rows)
    for number, metric in enumerate(groups):
        mask = chosen == number
        if not mask.any():
            continue
        limit = rng.choice(limits[metric], int(mask.sum()))
        for quantity, values in _reach(metric, limit, table, mask, rng).items():
            table[quantity][mask] = values
            moved[quantity] |= mask if rng.random() < 0.8 else np.zeros(rows, np.bool_)
    return table, moved


_READS = {
    "tpp": (),
    "performance_density": ("die_area_mm2",),
    "total_dram_bandwidth": ("dram_gb_s",),
    "interconnect_bandwidth": ("interconnect_gb_s",),
    "dram_plus_interconnect": ("dram_gb_s", "interconnect_gb_s"),
    "bidirectional_transfer_rate": ("interconnect_gb_s", "host_gb_s"),
    "hbm_bandwidth_density": ("dram_gb_s", "package_area_mm2"),
    "transistor_count": ("transistors_bn",),
}


def _formats(quantities: Iterable[str]) -> list[tuple[str, float]]:
    formats = specs().vocabulary.formats
    return [(f"tops_{f}", float(bits)) for f, bits in formats.items() if f"tops_{f}" in quantities]


def _reachable(metric: str, quantities: Sequence[str]) -> bool:
    if metric in ("tpp", "performance_density") and not _formats(quantities):
        return False
    reads = _READS.get(metric, (metric,))
    return all(name in quantities and not is_boolean(name) for name in reads)


def _reach(
    metric: str,
    limit: Doubles,
    table: Table,
    mask: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Table:
    """Cells that put `metric` on `limit`, as decimals wherever the quotients terminate."""
    count = len(limit)
    items = table["ics_per_item"][mask] if "ics_per_item" in table else np.ones(count)
    if metric in ("tpp", "performance_density"):
        formats = _formats(table)
        rate, bits = formats[rng.integers(len(formats))]
        cells: Table = {}
        for quantity in table:  # no other format may decide
            if quantity.startswith("tops_") and quantity != rate:
                cells[quantity] = np.where(rng.random(count) < 0.5, 0.0, np.nan)
        if metric == "tpp":
            cells[rate] = limit * items / bits
            return cells
        # area = a / 100 and limit = l / 100 in whole numbers: tops = l a / bits / 10^4, in doubles
        # one rounding and a power of two away from the exact decimal.
        area = rng.integers(100, 4000, count) * 100
        area += rng.integers(0, 100, count) * int(rng.choice([0, 1, 10]))
        unit = 6.0 if bits == 6 else 1.0
        whole = np.rint(limit * 100) * area * unit
        cells["die_area_mm2"], cells[rate] = area * unit / 100, whole / 10_000 / bits
        return cells
    first = _READS.get(metric, (metric,))[0]
    if metric == "hbm_bandwidth_density":
        area = rng.integers(1000, 40_000, count)
        return {"package_area_mm2": area / 100, first: np.rint(limit * 100) * area / 10_000}
    total = limit * items if metric in _READS and metric != "transistor_count" else limit
    second = {"total_dram_bandwidth": "dram_other_gb_s"}.get(metric, "")
    if len(_READS.get(metric, ())) == 2:
        second = _READS[metric][1]
    if second not in table:
        return {first: total}
    tenths = np.rint(total * 10)
    part = np.rint(tenths * rng.random(count))
    others = {"dram_plus_interconnect": "dram_other_gb_s"}.get(metric)
    cells = {first: (tenths - part) / 10, second: part / 10}
    if others in table and others != second:
        cells[others] = np.zeros(count)
    return cells


_MAKE: Mapping[str, Callable[[Sequence[str], int, np.random.Generator], Table]] = {
    "random": _random,
    "round": _round,
    "on": _on,
    "step": _step,
    "ulp": _ulp,
    "digits": _digits,
    "extreme": _extreme,
}


def table(
    kind: str,
    rows: int,
    seed: int,
    *,
    quantities: Sequence[str] = SHEET,
    missing: float = 0.0,
    ranged: float = 0.0,
) -> Columns:
    """One table of a kind; `missing` and `ranged` are the shares of cells that are so."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    made = _MAKE[kind](quantities, rows, rng)
    columns: dict[str, Column] = {}
    for quantity, values in made.items():
        values = np.where(rng.random(rows) < missing, np.nan, values)
        if is_boolean(quantity):
            flags = np.where(np.isnan(values), MISSING, values).astype(np.uint8)
            columns[quantity] = Column(flags)
        elif ranged and not quantity.startswith("sparse_ratio_"):
            columns[quantity] = _ranged(values, rng, ranged)
        else:
            columns[quantity] = Column(np.ascontiguousarray(values))
    return Columns(rows, columns)


def _ranged(values: Doubles, rng: np.random.Generator, share: float) -> Column:
    """Some values become ranges around them: an end often stays on the value, or is open."""
    rows = len(values)
    chosen = (rng.random(rows) < share) & ~np.isnan(values)
    spread = np.round(rng.uniform(0.5, 1.0, rows), 2)
    low = np.where(rng.random(rows) < 0.4, values, values * spread)
    high = np.where(rng.random(rows) < 0.4, values, values / spread)
    low = np.where((low < 1e-15) & (low > 0), values, low)
    high = np.minimum(high, 1e24)
    open_end = rng.integers(0, 6, rows)
    low = np.where(chosen & (open_end != 0), low, np.nan)
    high = np.where(chosen & (open_end != 1), high, np.nan)
    return Column(np.where(chosen, np.nan, values), low, high)


def plain(columns: Columns) -> dict[str, NDArray[Any]]:
    """The same table as the public API takes it: a dict of arrays, NaN for missing."""
    result: dict[str, NDArray[Any]] = {}
    for quantity, column in columns.by_quantity.items():
        if column.values is not None:
            values = column.values.astype(np.float64)
            if column.values.dtype == np.uint8:
                values[column.values == MISSING] = np.nan
            result[quantity] = values
        for end, part in (("low", column.low), ("high", column.high)):
            if part is not None:
                result[f"{quantity}_{end}"] = part
    return result


def part(columns: Columns, start: int, stop: int) -> Columns:
    """Rows [start, stop) of a table."""
    return Columns(
        stop - start,
        {
            quantity: Column(
                *(
                    None if each is None else each[start:stop]
                    for each in (column.values, column.low, column.high)
                )
            )
            for quantity, column in columns.by_quantity.items()
        },
    )


@st.composite
def tables(draw: st.DrawFn, quantities: Sequence[str] = SHEET, rows: int = 80) -> Columns:
    """Small tables of every kind: few columns or many, with holes and ranges or without."""
    chosen = draw(st.lists(st.sampled_from(quantities), min_size=1, unique=True))
    chosen += [  # a sparse figure without its ratio is refused before it gets to an engine
        ratio
        for name in chosen
        if name.endswith("_sparse")
        and (ratio := f"sparse_ratio_{name[5:-7]}") in quantities
        and ratio not in chosen
    ]
    return table(
        draw(st.sampled_from(KINDS)),
        draw(st.integers(1, rows)),
        draw(st.integers(0, 2**32 - 1)),
        quantities=sorted(chosen),
        missing=draw(st.sampled_from((0.0, 0.1, 0.5))),
        ranged=draw(st.sampled_from((0.0, 0.2))),
    )


def _cells(quantity: str) -> st.SearchStrategy[tuple[float, float, float]]:
    """(value, low, high) of one cell, NaN where there is none; shrinks towards a plain number."""
    nan = float("nan")
    smallest = 1e-15 if is_positive(quantity) else 0.0
    decimals = st.decimals(0, 100_000, places=3).map(float).filter(lambda x: x >= smallest)
    limits = sorted({each for found in thresholds().values() for each in found if each > 0})
    number = (
        st.sampled_from([limit / bits for limit in limits for bits in (1, 4, 8, 16, 32)])
        | decimals
        | st.floats(1e-15, 1e24)
    )
    known = number.map(lambda x: (x, nan, nan))
    between = st.tuples(number, number).map(lambda ends: (nan, min(ends), max(ends)))
    half = number.map(lambda x: (nan, x, nan)) | number.map(lambda x: (nan, nan, x))
    return known | st.just((nan, nan, nan)) | between | half


@st.composite
def rows(draw: st.DrawFn, quantities: Sequence[str] = SHEET, count: int = 5) -> Columns:
    """A few rows, cell by cell, for counterexamples that a person can read."""
    size = draw(st.integers(1, count))
    columns: dict[str, Column] = {}
    for quantity in quantities:
        if is_boolean(quantity):
            flags = st.lists(st.sampled_from((0, 1, MISSING)), min_size=size, max_size=size)
            columns[quantity] = Column(np.array(draw(flags), np.uint8))
        else:
            cells = draw(st.lists(_cells(quantity), min_size=size, max_size=size))
            columns[quantity] = Column(
                *(np.ascontiguousarray(part) for part in np.array(cells, np.float64).T)
            )
    return Columns(size, columns)
