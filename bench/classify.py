"""How fast a table of 10 million chips is classified, and how fast what a user would write is.

    python bench/classify.py [--rows N] [--rounds N] [--json FILE]

The job: 3A090 .a and .b with their parts, the 2026 gate and the tariff windows for China, 13
paragraphs over 7 float64 columns and one of booleans.

The limit: 57 bytes a row are read and 13 values and 13 validity bits written, 3.25 bytes; no
program is faster than the same threads read and write that much. The roof below is measured in
the same run, with a sum over every column and a fill of the outputs.

Predicted before the first run: two cores read some 20 GB/s, so the roof is near 330 million rows
a second. NumPy needs about 50 passes; with blocks in the L2 cache a pass of doubles costs some
0.3 ns a row, one of booleans 0.05 ns, 8 ns in all, 120 million rows a second a core. Polars and
numexpr save temporaries and use both cores, 150 to 350; DuckDB 100. A first C kernel that keeps
its vectors in L1 should come to half of the roof, an interpreter in Numba to a tenth.

Every contender runs once a round, in turn; figures are medians over the rounds, and a ratio is
the median of the ratios within the rounds. Peers get their best idiom, outputs allocated once
where they can take them, booleans a byte each as they like it. All answers are compared on random
data, where nothing ties; on a table of ties the table says how many rows each gets wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from tppcore.engine import c, jit
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.engine.shards import usable_cpus
from tppcore.program.compile import compile as compiled
from tppcore.rules.rulebook import rulebook

RATES = {"tops_fp32": 32, "tops_fp16": 16, "tops_fp8": 8, "tops_int8": 8, "tops_fp4": 4}
PARAGRAPHS = (
    "us-3a090/note-2", "us-3a090/a.1", "us-3a090/a.2", "us-3a090/a", "us-3a090/b.1",
    "us-3a090/b.2", "us-3a090/b", "us-3a090/controlled", "us-742.6-review/presumption-of-denial",
    "us-742.6-review/case-by-case", "us-9903.79.01/window-1", "us-9903.79.01/window-2",
    "us-9903.79.01/window-met",
)  # fmt: skip
BLOCK = 32768
"""Rows a block for NumPy: large enough to hide its microsecond a call, small enough for the caches
(the fastest of 1,024 to 65,536)."""

Table = Mapping[str, np.ndarray]
Contender = Callable[[Table], Any]


# -- data -----------------------------------------------------------------------------------------


def random_table(rows: int, rng: np.random.Generator) -> Table:
    def spread(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), rows))

    table = {rate: spread(1000 / bits, 40_000 / bits) for rate, bits in RATES.items()}
    table["die_area_mm2"], table["dram_gb_s"] = spread(100, 3000), spread(500, 9000)
    table["datacenter"] = (rng.random(rows) < 0.7).astype(np.uint8)
    return table


def round_table(rows: int, rng: np.random.Generator) -> Table:
    """Steps of 5 TOPS, 1 mm2 and 50 GB/s: what people enter; some rows tie."""
    steps = {**dict.fromkeys(RATES, 5.0), "die_area_mm2": 1.0, "dram_gb_s": 50.0}
    table = dict(random_table(rows, rng))
    for name, step in steps.items():
        table[name] = np.maximum(np.rint(table[name] / step), 1) * step
    return table


def missing_table(rows: int, rng: np.random.Generator) -> Table:
    table = dict(random_table(rows, rng))
    for name in (*RATES, "die_area_mm2", "dram_gb_s"):
        table[name][rng.random(rows) < 0.1] = np.nan
    return table


def tie_table(rows: int, rng: np.random.Generator) -> Table:
    """Every row exactly on a performance density of 5.92, 3.2 or 1.6, in decimals."""
    table = dict(random_table(rows, rng))
    area = rng.integers(27_000, 80_000, rows)
    limit = rng.choice([592, 320, 160], rows)
    for rate in RATES:
        table[rate] = np.ones(rows)
    table["dram_gb_s"] = np.rint(table["dram_gb_s"] / 50) * 50
    table["tops_fp8"], table["die_area_mm2"] = limit * area / 10_000 / 8, area / 100
    table["datacenter"][:] = 1
    return table


# -- ours -----------------------------------------------------------------------------------------


def ours(engine: Any, threads: int) -> Contender:
    rules = rulebook("2026-02-01", "CN", rules=PARAGRAPHS)
    names = [*RATES, "die_area_mm2", "dram_gb_s", "datacenter"]
    program = compiled(rules, names)

    def run(table: Table) -> Bitmaps:
        columns = Columns(len(table["dram_gb_s"]), {name: Column(table[name]) for name in names})
        bitmaps: Bitmaps = engine.evaluate(program, columns, threads=threads)
        return bitmaps

    return run


def public(threads: int) -> Contender:
    import tppcore

    rules = tppcore.rulebook("2026-02-01", "CN", rules=PARAGRAPHS)
    return lambda table: tppcore.classify(table, rules, threads=threads)


# -- what a user would write ----------------------------------------------------------------------


class NumPy:
    """NumPy's best: blocks that stay in the L2 cache, nothing allocated, booleans combined in
    place, every test once; one thread a share of the rows (ufuncs release the GIL)."""

    def __init__(self, rows: int, threads: int, block: int = BLOCK) -> None:
        self.out = np.zeros((len(PARAGRAPHS), rows), np.bool_)
        self.rows, self.threads, self.block = rows, threads, block

    def __call__(self, table: Table) -> np.ndarray:
        share = -(-self.rows // self.threads)
        starts = range(0, self.rows, share)
        threads = [
            threading.Thread(target=self.share, args=(table, s, min(s + share, self.rows)))
            for s in starts[1:]
        ]
        for thread in threads:
            thread.start()
        self.share(table, 0, min(share, self.rows))
        for thread in threads:
            thread.join()
        return self.out

    def share(self, table: Table, start: int, stop: int) -> None:
        doubles = np.empty((3, self.block))
        booleans = np.empty((10, self.block), np.bool_)
        for first in range(start, stop, self.block):
            last = min(first + self.block, stop)
            part = {name: values[first:last] for name, values in table.items()}
            verdicts(
                part,
                doubles[:, : last - first],
                booleans[:, : last - first],
                self.out[:, first:last],
            )


def verdicts(t: Table, doubles: np.ndarray, booleans: np.ndarray, out: np.ndarray) -> None:
    """The 13 paragraphs of some rows, into `out`; the obvious formulas in doubles."""
    tpp, scaled, density = doubles
    t1600, t2400, t4800, d592, below, d, x, y, t21000, m6500 = booleans
    both, neither, either = np.logical_and, np.logical_not, np.logical_or
    note, a1, a2, a, b1, b2, b, controlled, denial, case, w1, w2, met = out
    memory, datacenter = t["dram_gb_s"], t["datacenter"].view(np.bool_)
    np.multiply(t["tops_fp32"], 32.0, out=tpp)
    for rate, bits in list(RATES.items())[1:]:
        np.multiply(t[rate], float(bits), out=scaled)
        np.maximum(tpp, scaled, out=tpp)
    np.divide(tpp, t["die_area_mm2"], out=density)
    np.greater_equal(tpp, 1600, out=t1600)
    np.greater_equal(tpp, 2400, out=t2400)
    np.greater_equal(tpp, 4800, out=t4800)
    np.greater_equal(density, 5.92, out=d592)
    np.greater_equal(tpp, 21000, out=t21000)
    np.greater_equal(memory, 6500, out=m6500)
    a1[...] = t4800
    either(datacenter, t4800, out=x)  # not note 2
    neither(x, out=note)
    both(t1600, d592, out=a2)
    both(a2, x, out=a2)
    either(a1, a2, out=a)
    neither(d592, out=below)
    np.greater_equal(density, 1.6, out=d)
    both(t2400, d, out=b1)
    both(b1, below, out=b1)
    neither(t4800, out=y)
    both(b1, y, out=b1)
    both(b1, x, out=b1)
    np.greater_equal(density, 3.2, out=d)
    both(t1600, d, out=b2)
    both(b2, below, out=b2)
    both(b2, x, out=b2)
    neither(a, out=x)
    either(b1, b2, out=b)
    both(b, x, out=b)
    either(a, b, out=controlled)
    either(t21000, m6500, out=y)  # beyond the gate
    both(datacenter, a, out=x)
    both(x, y, out=denial)
    neither(denial, out=x)
    both(controlled, x, out=case)
    np.greater(tpp, 14000, out=w1)
    window(w1, np.less(tpp, 17500, out=x), memory, 4500, 5000, x)
    np.greater(tpp, 20800, out=w2)
    window(w2, np.less(tpp, 21100, out=x), memory, 5800, 6200, x)
    either(w1, w2, out=met)


def window(
    out: np.ndarray, inside: np.ndarray, memory: np.ndarray, low: float, high: float, x: np.ndarray
) -> None:
    np.logical_and(out, inside, out=out)
    np.logical_and(out, np.greater(memory, low, out=x), out=out)
    np.logical_and(out, np.less(memory, high, out=x), out=out)


def numpy_obvious(t: Table) -> list[np.ndarray]:
    """The same with a fresh array for every operation over all rows."""
    tpp = np.maximum.reduce([t[rate] * bits for rate, bits in RATES.items()])
    density, memory, datacenter = tpp / t["die_area_mm2"], t["dram_gb_s"], t["datacenter"] == 1
    return list(obvious(tpp, density, memory, datacenter).values())


def obvious(tpp: Any, density: Any, memory: Any, datacenter: Any) -> dict[str, Any]:
    """The paragraphs over anything that overloads comparisons and & | ~."""
    note = ~datacenter & (tpp < 4800)
    a1 = tpp >= 4800
    a2 = (tpp >= 1600) & (density >= 5.92) & ~note
    a = a1 | a2
    b1 = (tpp >= 2400) & (tpp < 4800) & (density >= 1.6) & (density < 5.92) & ~note
    b2 = (tpp >= 1600) & (density >= 3.2) & (density < 5.92) & ~note
    b = (b1 | b2) & ~a
    controlled = a | b
    denial = datacenter & a & ((tpp >= 21000) | (memory >= 6500))
    case = controlled & ~(datacenter & a & ~((tpp < 21000) & (memory < 6500)))
    w1 = (tpp > 14000) & (tpp < 17500) & (memory > 4500) & (memory < 5000)
    w2 = (tpp > 20800) & (tpp < 21100) & (memory > 5800) & (memory < 6200)
    found = (note, a1, a2, a, b1, b2, b, controlled, denial, case, w1, w2, w1 | w2)
    return dict(zip(PARAGRAPHS, found, strict=True))


_A2 = "tpp >= 1600 and pd >= 5.92"
_A = f"(tpp >= 4800 or (dc and {_A2}))"
_B = "((tpp >= 2400 and pd >= 1.6) or (tpp >= 1600 and pd >= 3.2))"
_DENIAL = f"(dc and {_A} and (tpp >= 21000 or mem >= 6500))"
_CONTROLLED = f"(tpp >= 4800 or (dc and {_B}))"
_W1 = "tpp > 14000 and tpp < 17500 and mem > 4500 and mem < 5000"
_W2 = "tpp > 20800 and tpp < 21100 and mem > 5800 and mem < 6200"
SQL = {
    "note": "not dc and tpp < 4800",
    "a1": "tpp >= 4800",
    "a2": f"{_A2} and (dc or tpp >= 4800)",
    "a": _A,
    "b1": "tpp >= 2400 and tpp < 4800 and pd >= 1.6 and pd < 5.92 and dc",
    "b2": "tpp >= 1600 and pd >= 3.2 and pd < 5.92 and (dc or tpp >= 4800)",
    "b": f"dc and tpp < 4800 and pd < 5.92 and {_B}",
    "controlled": _CONTROLLED,
    "denial": _DENIAL,
    "case_": f"{_CONTROLLED} and not {_DENIAL}",
    "w1": _W1,
    "w2": _W2,
    "met": f"({_W1}) or ({_W2})",
}
"""Each paragraph as one expression, shortened by hand."""


def use_numexpr(rows: int, threads: int) -> Contender:
    import numexpr

    numexpr.set_num_threads(threads)
    out = np.zeros((len(SQL), rows), np.bool_)
    tpp, density = np.zeros(rows), np.zeros(rows)
    texts = [_symbols(text) for text in SQL.values()]

    def run(t: Table) -> np.ndarray:
        for number, (rate, bits) in enumerate(RATES.items()):
            values = {"x": t[rate], "tpp": tpp}
            text = (
                f"x * {bits}.0" if number == 0 else f"where(tpp > x * {bits}.0, tpp, x * {bits}.0)"
            )
            numexpr.evaluate(text, values, out=tpp)
        numexpr.evaluate("tpp / area", {"tpp": tpp, "area": t["die_area_mm2"]}, out=density)
        names = {"tpp": tpp, "pd": density, "mem": t["dram_gb_s"]}
        names["dc"] = t["datacenter"].view(np.bool_)
        for row, text in zip(out, texts, strict=True):
            numexpr.evaluate(text, names, out=row)
        return out

    return run


def _symbols(sql: str) -> str:
    """SQL as numexpr writes it: comparisons in brackets, & | ~ between them."""
    text = re.sub(r"(\w+ (?:>=|<=|>|<) [\d.]+)", r"(\1)", sql)
    return text.replace(" and ", " & ").replace(" or ", " | ").replace("not ", "~")


def use_polars(table: Table) -> Contender:
    import polars as pl

    frame = pl.DataFrame({**table, "datacenter": table["datacenter"].view(np.bool_)})
    rates = [pl.col(rate) * float(bits) for rate, bits in RATES.items()]
    columns = (pl.col(name) for name in ("tpp", "pd", "dram_gb_s", "datacenter"))
    lazy = (
        frame.lazy()
        .with_columns(tpp=pl.max_horizontal(rates))
        .with_columns(pd=pl.col("tpp") / pl.col("die_area_mm2"))
        .select(**{name.replace("/", "_"): each for name, each in obvious(*columns).items()})
    )
    return lambda _: lazy.collect(engine="streaming")


def use_duckdb(table: Table, threads: int) -> Contender:
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}")
    source = pa.table({name: pa.array(values) for name, values in table.items()})
    connection.register("source", source)
    connection.execute("create table chips as select * from source")
    tpp = ", ".join(f"{rate} * {bits}" for rate, bits in RATES.items())
    columns = ", ".join(f"{text} as {name}" for name, text in SQL.items())
    query = (
        f"with m as (select greatest({tpp}) as tpp, die_area_mm2, dram_gb_s as mem,"
        " datacenter = 1 as dc from chips), n as (select *, tpp / die_area_mm2 as pd from m)"
        f" select {columns} from n"
    )

    def run(_: Table) -> Any:
        return connection.sql(query).to_arrow_table()

    return run


def numba_loop(rows: int, threads: int) -> Contender:
    """A hand-written branch-free parallel loop, not exact."""
    import numba

    numba.set_num_threads(threads)
    out = np.zeros((len(PARAGRAPHS), rows), np.bool_)

    @numba.njit(parallel=True, error_model="numpy")
    def loop(f32, f16, f8, i8, f4, area, memory, datacenter, out):  # type: ignore[no-untyped-def]
        for i in numba.prange(len(area)):
            tpp = max(max(max(f32[i] * 32, f16[i] * 16), max(f8[i] * 8, i8[i] * 8)), f4[i] * 4)
            pd, mem, dc = tpp / area[i], memory[i], datacenter[i] == 1
            t48 = tpp >= 4800
            note = (not dc) & (not t48)
            a2 = (tpp >= 1600) & (pd >= 5.92) & (not note)
            a = t48 | a2
            b1 = (tpp >= 2400) & (not t48) & (pd >= 1.6) & (pd < 5.92) & (not note)
            b2 = (tpp >= 1600) & (pd >= 3.2) & (pd < 5.92) & (not note)
            b = (b1 | b2) & (not a)
            denial = dc & a & ((tpp >= 21000) | (mem >= 6500))
            w1 = (tpp > 14000) & (tpp < 17500) & (mem > 4500) & (mem < 5000)
            w2 = (tpp > 20800) & (tpp < 21100) & (mem > 5800) & (mem < 6200)
            out[0, i], out[1, i], out[2, i], out[3, i] = note, t48, a2, a
            out[4, i], out[5, i], out[6, i], out[7, i] = b1, b2, b, a | b
            out[8, i], out[9, i] = denial, (a | b) & (not denial)
            out[10, i], out[11, i], out[12, i] = w1, w2, w1 | w2

    def run(t: Table) -> np.ndarray:
        loop(*(t[name] for name in (*RATES, "die_area_mm2", "dram_gb_s", "datacenter")), out)
        return out

    return run


def roof(rows: int, threads: int) -> Contender:
    """Reads every column and writes as many words as our verdicts take."""
    out = np.zeros((2 * len(PARAGRAPHS), -(-rows // 64)), np.uint64)

    def share(t: Table, start: int, stop: int) -> None:
        for values in t.values():
            if values.dtype == np.uint8:
                values[start:stop].view(np.uint64).max()
            else:
                values[start:stop].sum()
        out[:, start // 64 : stop // 64] = start

    def run(t: Table) -> None:
        size = -(-rows // threads // 64) * 64
        others = [
            threading.Thread(target=share, args=(t, s, min(s + size, rows)))
            for s in range(size, rows, size)
        ]
        for other in others:
            other.start()
        share(t, 0, min(size, rows))
        for other in others:
            other.join()

    return run


# -- running --------------------------------------------------------------------------------------


def as_rows(answer: Any, rows: int) -> np.ndarray:
    """Any contender's answer as booleans (13, rows)."""
    if isinstance(answer, Bitmaps):
        bits = np.unpackbits(answer.values.view(np.uint8), axis=1, bitorder="little")
        return bits[:, :rows].astype(np.bool_)
    if isinstance(answer, np.ndarray | list):
        return np.asarray(answer)
    if hasattr(answer, "to_numpy") and hasattr(answer, "counts"):
        found = answer.to_numpy()
        return np.array([np.ma.filled(found[name], False) for name in PARAGRAPHS]).astype(np.bool_)
    columns = answer.columns if hasattr(answer, "num_rows") else answer.get_columns()
    return np.array(
        [each.to_numpy(zero_copy_only=False) if hasattr(answer, "num_rows") else each.to_numpy()
         for each in columns]
    )  # fmt: skip


def contenders(table: Table, threads: int) -> dict[str, Contender]:
    """Everything that can run here. Names ending in "xN" use N threads."""
    rows = len(table["dram_gb_s"])
    some = (1, threads) if threads > 1 else (1,)
    found: dict[str, Contender] = {}
    for n in some:
        found[f"roof x{n}"] = roof(rows, n)
        if c.available():
            found[f"tppcore c x{n}"] = ours(c, n)
        if jit.available():
            found[f"tppcore jit x{n}"] = ours(jit, n)
        found[f"NumPy, blocks x{n}"] = NumPy(rows, n)
    found[f"tppcore.classify x{threads}"] = public(threads)
    found["NumPy, whole columns x1"] = NumPy(rows, 1, rows)
    found["NumPy, obvious x1"] = numpy_obvious
    makers: dict[str, Callable[[], Contender]] = {
        "Numba, own loop": lambda: numba_loop(rows, threads),
        "numexpr": lambda: use_numexpr(rows, threads),
        "Polars, streaming": lambda: use_polars(table),
        "DuckDB": lambda: use_duckdb(table, threads),
    }
    for name, make in makers.items():
        try:
            found[f"{name} x{threads}"] = make()
        except ImportError as error:
            print(f"left out: {name} ({error})", file=sys.stderr)
    return found


def timed(found: Mapping[str, Contender], table: Table, rounds: int) -> dict[str, list[float]]:
    """Seconds of every contender in every round, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, run in found.items():
            begun = time.perf_counter()
            run(table)
            if number:
                times[name].append(time.perf_counter() - begun)
    return times


def ratio(times: Mapping[str, list[float]], name: str, base: str) -> float:
    """How many times faster `name` is than `base`: the median over the rounds."""
    return statistics.median(b / a for a, b in zip(times[name], times[base], strict=True))


def machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    found = {
        "machine": f"{model}, {usable_cpus()} CPUs",
        "system": platform.platform(),
        "Python": platform.python_version(),
    }
    for name in ("numpy", "numba", "polars", "duckdb", "numexpr"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    if c.available():
        rules = rulebook("2026-02-01", "CN", rules=PARAGRAPHS)
        found["C kernel"] = c.opened(compiled(rules, RATES)).kernel
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(2, usable_cpus()))
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "out" / "classify.json"
    )
    options = parser.parse_args()
    rows, threads = options.rows // 64 * 64, options.threads
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    rng = np.random.default_rng(0)
    about = machine()
    print("; ".join(f"{name} {value}" for name, value in about.items()))

    table = random_table(rows, rng)
    found = contenders(table, threads)
    base = "tppcore c x1" if c.available() else "tppcore jit x1"
    expected = as_rows(found[base](table), rows)
    differing = {
        name: int((as_rows(run(table), rows) != expected).any(axis=0).sum())
        for name, run in found.items()
        if not name.startswith("roof")
    }
    times = timed(found, table, options.rounds)
    ties = tie_table(200_000 // 64 * 64, rng)
    wrong = tie_mistakes(ties, threads, base)

    print(f"\n{rows:,} rows, {len(PARAGRAPHS)} paragraphs, medians of {options.rounds} rounds")
    print(
        f"{'':26}{'M rows/s':>10}{'of roof':>9}{'C is x':>8}{'other rows':>12}{'wrong at ties':>15}"
    )
    report: dict[str, Any] = {}
    for name, seconds in times.items():
        n = name.rpartition("x")[2]
        speed = rows / statistics.median(seconds) / 1e6
        share = ratio(times, name, f"roof x{n}")
        rival = f"tppcore c x{n}" if c.available() else f"tppcore jit x{n}"
        times_ours = ratio(times, rival, name)
        at_ties = f"{wrong[name]:.1%}" if name in wrong else ""
        other = str(differing.get(name, ""))
        print(f"{name:26}{speed:10.1f}{share:9.2f}{times_ours:8.2f}{other:>12}{at_ties:>15}")
        report[name] = {
            "rows_per_second": speed * 1e6,
            "of_roof": share,
            "tppcore_is_times_faster": times_ours,
            "rows_that_differ_on_random_data": differing.get(name),
            "wrong_at_ties": wrong.get(name),
            "seconds": seconds,
        }
    del found, expected

    print("\nby kind of data, M rows/s")
    kinds: dict[str, dict[str, float]] = {}
    engines = {
        f"tppcore {name} x{threads}": ours(engine, threads)
        for name, engine in (("c", c), ("jit", jit))
        if engine.available()
    }
    tables = {
        "random": lambda: table,
        "round numbers": lambda: round_table(rows, rng),
        "10 % missing": lambda: missing_table(rows, rng),
        "all on ties": lambda: tie_table(rows // 10 // 64 * 64, rng),
    }
    for kind, make in tables.items():
        made = make()
        size = len(made["dram_gb_s"])
        spent = timed(engines, made, max(1, options.rounds // 2))
        kinds[kind] = {name: size / statistics.median(each) for name, each in spent.items()}
        print(f"{kind:20}", *(f"{name} {each / 1e6:.1f}" for name, each in kinds[kind].items()))

    options.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"about": about, "rows": rows, "contenders": report, "kinds": kinds}
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    print(f"\nwritten: {options.json}")


def tie_mistakes(ties: Table, threads: int, base: str) -> dict[str, float]:
    """The share of rows on ties that each contender gets wrong in any paragraph."""
    rows = len(ties["dram_gb_s"])
    found = contenders(ties, threads)
    truth = as_rows(found[base](ties), rows)
    return {
        name: float((as_rows(run(ties), rows) != truth).any(axis=0).mean())
        for name, run in found.items()
        if not name.startswith("roof")
    }


if __name__ == "__main__":
    main()
