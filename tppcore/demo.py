"""The main job: real chips under the law of today, then ten million chip configurations.

`python -m tppcore.demo` prints the shipped catalogue under the rules in force today for China, and
classifies a table of generated configurations (the same for the same seed) from Parquet to Parquet.
It works in batches, so memory does not grow with the number of rows.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tppcore import api, report
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sinks.files import arrow_about
from tppcore.sinks.whole import whole

ROWS, SEED, BATCH = 10_000_000, 20260115, 1 << 19
DESTINATION = "CN"


def main() -> None:
    """Run the job; the options choose rows, seed, folder and engine."""
    parser = argparse.ArgumentParser(prog="python -m tppcore.demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--engine", choices=["c", "jit", "exact"])
    options = parser.parse_args()

    rules = rulebook(destination=DESTINATION)
    report.show(report.classify(*report.catalogue(), rules), sys.stdout)

    options.out.mkdir(parents=True, exist_ok=True)
    source, target = options.out / "configurations.parquet", options.out / "verdicts.parquet"
    started = time.perf_counter()
    generate(source, options.rows, options.seed)
    generated = time.perf_counter() - started
    counts, inside, whole_time = judge(source, target, rules, options.engine)

    print(f"\n{options.rows:,} generated configurations, {rules.as_of}, {DESTINATION}:")
    for outcome, count in counts.items():
        print(f"{count:>14,}  {outcome}")
    print(f"\nclassification alone   {rate(options.rows, inside)}")
    print(f"Parquet to Parquet     {rate(options.rows, whole_time)}")
    print(f"generated in           {generated:.1f} s, seed {options.seed}")
    print(f"peak memory            {peak_memory() / 2**20:,.0f} MiB")
    print(f"written                {source}, {target}")


def configurations(rows: int, seed: int) -> Iterator[Any]:
    """Batches (pyarrow) of configurations: round numbers as on data sheets, so that ties happen,
    with a few missing figures and ranges."""
    for batch, first in enumerate(range(0, rows, BATCH)):
        yield _batch(np.random.default_rng([seed, batch]), min(BATCH, rows - first))


def _batch(rng: np.random.Generator, n: int) -> Any:
    def some(share: float) -> NDArray[np.bool_]:
        return rng.random(n) < share

    def steps(low: float, high: float, step: float) -> NDArray[np.float64]:
        # A step of 0.5 or of a whole number: every product is exact.
        return rng.integers(round(low / step), round(high / step), n) * np.float64(step)

    dense = np.where(some(0.5), steps(20, 400, 0.5), steps(100, 2600, 1))
    eight = np.where(some(0.85), 2 * dense, np.nan)
    area = np.where(some(0.7), steps(80, 860, 1), steps(80, 1720, 0.5))
    rumour, unknown = some(0.02), some(0.03)
    area[rumour | unknown] = np.nan
    low = np.where(rumour, steps(200, 700, 10), np.nan)
    high = np.where(rumour, low + 10 * rng.integers(1, 30, n), np.nan)
    bandwidth = np.where(some(0.02), np.nan, steps(200, 8200, 50))
    link = np.where(some(0.3), 0.0, steps(100, 1850, 50))
    columns = {
        "tops_fp16": _or_missing(dense),
        "tops_fp8": _or_missing(eight),
        "tops_int8": _or_missing(np.where(some(0.6), 2 * dense, np.nan)),
        "tops_fp4": _or_missing(np.where(some(0.25), 2 * eight, np.nan)),
        "die_area_mm2": _or_missing(area),
        "die_area_mm2_low": _or_missing(low),
        "die_area_mm2_high": _or_missing(high),
        "dram_gb_s": _or_missing(bandwidth),
        "dram_gb": _or_missing(np.where(some(0.01), np.nan, steps(8, 296, 8))),
        "interconnect_gb_s": _or_missing(link),
        "datacenter": pa.array(some(0.75), mask=some(0.03)),
        "advanced_node": pa.array(some(0.95), mask=some(0.01)),
    }
    return pa.table(columns)


def _or_missing(values: NDArray[np.float64]) -> Any:
    return pa.array(values, from_pandas=True)


def generate(path: Path, rows: int, seed: int) -> None:
    """Write the configurations as Parquet."""
    tables = configurations(rows, seed)
    schema = _batch(np.random.default_rng(0), 0).schema
    with (
        report.progress("generating", rows) as advance,
        whole(path) as stream,
        pq.ParquetWriter(stream, schema) as writer,
    ):
        for table in tables:
            writer.write_table(table)
            advance(table.num_rows)


def judge(
    source: Path, target: Path, rules: Rulebook, engine: str | None = None
) -> tuple[Counter[str], float, float]:
    """Classify one Parquet file into another.

    Returns the rows by outcome, the seconds spent in classification, and the seconds in all.
    """
    counts: Counter[str] = Counter()
    inside, started, writer = 0.0, time.perf_counter(), None
    # One batch is written while the next is classified; a pool of one keeps their order.
    with (
        pq.ParquetFile(source) as file,
        report.progress("classifying", file.metadata.num_rows) as advance,
        whole(target) as stream,
        ThreadPoolExecutor(1) as pool,
    ):
        writing: Future[None] | None = None
        for batch in file.iter_batches(BATCH):
            before = time.perf_counter()
            found = api.classify(pa.table(batch), rules, engine=engine)
            inside += time.perf_counter() - before
            counts.update(found.outcome_counts())
            table = found.to_arrow().append_column("outcome", found.outcome)
            if writer is None:
                schema = arrow_about(table.schema, report.about(rules, found.engine))
                writer = pq.ParquetWriter(stream, schema)
            if writing is not None:
                writing.result()
            writing = pool.submit(writer.write_table, table)
            advance(batch.num_rows)
        if writing is not None and writer is not None:
            writing.result()
            writer.close()
    return counts, inside, time.perf_counter() - started


def rate(rows: int, seconds: float) -> str:
    return f"{rows / seconds / 1e6:,.1f} million rows/s ({seconds:.2f} s)"


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
