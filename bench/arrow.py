"""What it costs that columns come through Arrow: the same rows as NumPy columns, and as tables of
pyarrow and Polars in one piece and in many, all through `tppcore.classify`."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

import numpy as np

from bench.options import Options
from tppcore.api import classify
from tppcore.benchmark.jobs import GATE, random_table
from tppcore.benchmark.rounds import ratio, timed

CHUNKS = 64
MISSING = 0.01
PLAIN = "NumPy columns"


def measure(options: Options) -> dict[str, Any]:
    """Without nulls, and with 1 % of every column null: NaN, and a masked array of booleans, in
    NumPy."""
    found = {
        "no nulls": _measure(options, 0.0),
        f"{MISSING:.0%} nulls": _measure(options, MISSING),
    }
    return {"rows": options.kind_rows, "chunks": CHUNKS, "threads": options.threads, "of": found}


def _measure(options: Options, missing: float) -> dict[str, Any]:
    tables = _tables(options.kind_rows, missing)
    answers = {
        name: classify(table, GATE.rules, threads=options.threads) for name, table in tables.items()
    }
    expected = answers[PLAIN].bitmaps
    for name, each in answers.items():
        same = (each.bitmaps.values == expected.values) & (each.bitmaps.valid == expected.valid)
        if not same.all():
            raise AssertionError(f"{name}: other verdicts than of {PLAIN}")
    runs = {
        name: partial(classify, table, GATE.rules, threads=options.threads, out=answers[name])
        for name, table in tables.items()
    }
    times = timed(runs, options.rounds)
    return {
        name: {
            "rows_per_second": options.kind_rows / statistics.median(seconds),
            "of_numpy": ratio(seconds, times[PLAIN]),
            "seconds": seconds,
        }
        for name, seconds in times.items()
    }


def _tables(rows: int, missing: float) -> dict[str, Any]:
    import polars as pl  # not before its threads are set
    import pyarrow as pa

    plain: dict[str, Any] = {}
    arrays = {}
    for number, (name, values) in enumerate(random_table(GATE.columns, rows).items()):
        gone = np.random.default_rng([5, number]).random(rows) < missing
        if values.dtype == np.uint8:
            values = values.astype(bool)
            plain[name] = np.ma.MaskedArray(values, gone) if missing else values
        else:
            plain[name] = np.where(gone, np.nan, values) if missing else values
        arrays[name] = pa.array(values, mask=gone if missing else None)
    table = pa.table(arrays)
    step = -(-rows // CHUNKS)
    chunks = [table.slice(begin, step) for begin in range(0, rows, step)]
    frames = [pl.from_arrow(chunk) for chunk in chunks]
    return {
        PLAIN: plain,
        "pyarrow, one chunk": table,
        f"pyarrow, {CHUNKS} chunks": pa.concat_tables(chunks),
        "Polars, one chunk": pl.from_arrow(table),
        f"Polars, {CHUNKS} chunks": pl.concat(frames, rechunk=False),
    }


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = [f"{part['rows']:,} rows, {part['threads']} threads"]
    for nulls in part["of"]:
        heading += [f"M rows/s, {nulls}", "of NumPy"]
    cells = [
        [
            name,
            *(
                cell
                for each in part["of"].values()
                for cell in (
                    f"{each[name]['rows_per_second'] / 1e6:.0f}",
                    f"{each[name]['of_numpy']:.2f}",
                )
            ),
        ]
        for name in next(iter(part["of"].values()))
    ]
    return heading, cells
