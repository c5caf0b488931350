"""Data frames and DuckDB: how many rows meet each paragraph, asked through each tool's own door.

The limit of each is what it takes to get its rows: DuckDB hands over Arrow batches by one thread.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.options import Options
from tppcore.api import classify
from tppcore.benchmark.jobs import GATE, random_table
from tppcore.benchmark.rounds import Contender, ratio, timed
from tppcore.rules.rulebook import Rulebook

RULES: Rulebook = GATE.rules
NAMES = [each.id for each in RULES.paragraphs]
COUNTED = ", ".join(f'count(*) FILTER ("{name}") AS p{i}' for i, name in enumerate(NAMES))


@dataclass(frozen=True)
class Entry:
    """`counts(answer)`: how many rows meet each paragraph; None for what only reads."""

    run: Contender
    counts: Callable[[Any], list[int]] | None


def contenders(rows: int, threads: int) -> dict[str, Entry]:
    """By name; over one random table, which DuckDB has as a table of its own."""
    import pyarrow as pa

    flags = {"datacenter": np.bool_}
    table = random_table(GATE.columns, rows)
    arrow = pa.table({name: values.view(flags.get(name)) for name, values in table.items()})
    return {
        f"tppcore.classify of an Arrow table x{threads}": Entry(
            lambda: classify(arrow, RULES, threads=threads).counts(),
            lambda found: [found[name]["true"] for name in NAMES],
        ),
        **_pandas(arrow, threads),
        **_polars(arrow, threads),
        **_duckdb(arrow, threads),
    }


def _pandas(arrow: Any, threads: int) -> dict[str, Entry]:
    import tppcore.pandas  # noqa: F401

    frame = arrow.to_pandas()

    def run() -> Any:
        return frame.tpp.classify(RULES, keep=[], threads=threads)[NAMES].sum()

    return {f"pandas, df.tpp x{threads}": Entry(run, lambda found: found.to_list())}


def _polars(arrow: Any, threads: int) -> dict[str, Entry]:
    import polars as pl

    import tppcore.polars  # noqa: F401

    frame = pl.from_arrow(arrow)
    sums = [pl.col(name).sum() for name in NAMES]

    def eager() -> Any:
        return frame.tpp.classify(RULES, keep=[], threads=threads).select(sums)

    def lazy() -> Any:
        asked = frame.lazy().tpp.classify(RULES, keep=[], threads=threads)
        return asked.select(sums).collect(engine="streaming")

    return {
        f"Polars, df.tpp x{threads}": Entry(eager, lambda found: list(found.row(0))),
        f"Polars, lf.tpp as a stream x{threads}": Entry(lazy, lambda found: list(found.row(0))),
    }


def _duckdb(arrow: Any, threads: int) -> dict[str, Entry]:
    import duckdb
    import pyarrow as pa

    from tppcore.duckdb import ROWS
    from tppcore.duckdb import classify as relation

    connection = duckdb.connect(config={"threads": threads})
    connection.register("given", arrow)
    connection.execute("CREATE TABLE chips AS FROM given")
    relation(connection, "chips", RULES, keep=[], name="verdicts")

    def udf(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, i: Any) -> Any:
        given = pa.table([a, b, c, d, e, f, g, h, i], list(GATE.columns))
        return classify(given, RULES, threads=1).to_arrow().to_struct_array()

    types = [str(kind) for kind in connection.table("chips").types]
    fields = ", ".join(f'"{name}" BOOLEAN' for name in NAMES)
    connection.create_function("verdicts_of", udf, types, f"STRUCT({fields})", type="arrow")
    called = f"SELECT unnest(verdicts_of({', '.join(GATE.columns)})) FROM chips"

    def read() -> None:
        with connection.table("chips").to_arrow_reader(ROWS) as batches:
            for _ in batches:
                pass

    def asked(query: str) -> list[int]:
        return list(connection.sql(f"SELECT {COUNTED} FROM {query}").fetchall()[0])

    return {
        f"DuckDB, tppcore.duckdb x{threads}": Entry(partial(asked, "verdicts"), list),
        f"DuckDB, an Arrow UDF x{threads}": Entry(partial(asked, f"({called})"), list),
        "DuckDB, its Arrow batches alone": Entry(read, None),
    }


def measure(options: Options) -> dict[str, Any]:
    rows, threads = options.kind_rows, options.threads
    found = contenders(rows, threads)
    expected: list[int] | None = None
    for name, each in found.items():
        if each.counts is not None:
            counts = [int(count) for count in each.counts(each.run())]
            expected = expected or counts
            assert counts == expected, (name, counts, expected)
    times = timed({name: each.run for name, each in found.items()}, options.rounds)
    base = next(iter(times.values()))
    return {
        "rows": rows,
        "threads": threads,
        "contenders": {
            name: {
                "rows_per_second": rows / statistics.median(seconds),
                "of_classify": ratio(seconds, base),
                "seconds": seconds,
            }
            for name, seconds in times.items()
        },
    }


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = [f"{part['rows']:,} rows", "M rows/s", "of classify"]
    return heading, [
        [name, f"{each['rows_per_second'] / 1e6:.1f}", f"{each['of_classify']:.2f}"]
        for name, each in part["contenders"].items()
    ]
