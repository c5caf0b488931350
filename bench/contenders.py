"""Everything that can classify a table here: our engines, what users would write, and the roof."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tppcore.benchmark import numpy_code
from tppcore.benchmark.engines import available, engine, public, reuses
from tppcore.benchmark.jobs import Job, Table, columns_of
from tppcore.benchmark.roof import Roof
from tppcore.benchmark.rounds import Contender
from tppcore.benchmark.straight import straight
from tppcore.engine.columns import Bitmaps

PEERS = ("numpy", "polars", "duckdb", "numexpr", "numba")

Bools = np.ndarray


@dataclass(frozen=True)
class Entry:
    """`rows(answer)` gives its answer as booleans (paragraphs, rows); None for the roof."""

    run: Contender
    threads: int
    outputs: str
    rows: Callable[[Any], Bools] | None
    exact: bool = False


def contenders(job: Job, table: Table, threads: int, peers: tuple[str, ...]) -> dict[str, Entry]:
    """By name. Those that write booleans a byte each share one output."""
    rows, paragraphs = len(next(iter(table.values()))), len(job.program.paragraphs)
    columns, out = columns_of(table), np.zeros((paragraphs, rows), np.bool_)
    found: dict[str, Entry] = {}
    for n in dict.fromkeys((threads, 1)):
        roof = Roof(paragraphs, rows, n)
        found[f"roof x{n}"] = Entry(partial(roof, table), n, "reused", None)
    for name in available():
        for n in dict.fromkeys((threads, 1)) if name == "c" else (threads,):
            run, outputs = engine(name, job.program, columns, n), _outputs(reuses(name))
            found[f"tppcore {name} x{n}"] = Entry(run, n, outputs, partial(unpacked, rows), True)
    run, is_reused = public(job, table, threads)
    found[f"tppcore.classify x{threads}"] = Entry(
        run, threads, _outputs(is_reused), partial(_answered, job), True
    )
    for peer in peers:
        try:
            found |= _MAKERS[peer](job, table, threads, out)
        except ImportError as error:
            print(f"left out: {peer} ({error})", file=sys.stderr)
    return found


def _outputs(is_reused: bool) -> str:
    return "reused" if is_reused else "allocated"


def unpacked(rows: int, answer: Bitmaps) -> Bools:
    """The values of bitmaps as booleans (paragraphs, rows)."""
    bits = np.unpackbits(answer.values.view(np.uint8), axis=1, bitorder="little", count=rows)
    return bits.view(np.bool_)


def _answered(job: Job, answer: Any) -> Bools:
    found = answer.to_numpy()
    return np.array([np.ma.filled(found[each.id], False) for each in job.rules.paragraphs])


def _itself(answer: Any) -> Bools:
    return np.asarray(answer)


def _numpy(job: Job, table: Table, threads: int, out: Bools) -> dict[str, Entry]:
    code = straight(job.rules, job.columns)
    blocks = numpy_code.Blocks(code, out, threads)
    whole = numpy_code.Blocks(code, out, 1, out.shape[1])
    return {
        "NumPy, obvious x1": Entry(
            partial(numpy_code.obvious, code, table), 1, "allocated", _itself
        ),
        "NumPy, in place x1": Entry(partial(whole, table), 1, "reused", _itself),
        f"NumPy, in blocks x{threads}": Entry(partial(blocks, table), threads, "reused", _itself),
    }


def _polars(job: Job, table: Table, threads: int, out: Bools) -> dict[str, Entry]:
    from bench.peers import use_polars

    run = use_polars.make(job, table)
    return {f"Polars, streaming x{threads}": Entry(run, threads, "allocated", use_polars.rows)}


def _duckdb(job: Job, table: Table, threads: int, out: Bools) -> dict[str, Entry]:
    from bench.peers import use_duckdb

    run = use_duckdb.make(job, table, threads)
    return {f"DuckDB x{threads}": Entry(run, threads, "allocated", use_duckdb.rows)}


def _numexpr(job: Job, table: Table, threads: int, out: Bools) -> dict[str, Entry]:
    from bench.peers import use_numexpr

    run = use_numexpr.make(job, table, threads, out)
    return {f"numexpr x{threads}": Entry(run, threads, "reused", _itself)}


def _numba(job: Job, table: Table, threads: int, out: Bools) -> dict[str, Entry]:
    from bench.peers import use_numba

    return {
        f"Numba, {name} x{threads}": Entry(
            use_numba.make(job, table, threads, out, is_obvious), threads, "reused", _itself
        )
        for name, is_obvious in (("branch-free", False), ("obvious", True))
    }


_MAKERS = {
    "numpy": _numpy,
    "polars": _polars,
    "duckdb": _duckdb,
    "numexpr": _numexpr,
    "numba": _numba,
}
