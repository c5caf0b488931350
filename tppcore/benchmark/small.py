"""`tppcore bench`: the engines, NumPy and the roof on this machine, in some seconds."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from tppcore.benchmark import numpy_code
from tppcore.benchmark.engines import available, engine
from tppcore.benchmark.jobs import JOBS, Job, columns_of, random_table
from tppcore.benchmark.machine import machine
from tppcore.benchmark.roof import Roof, moved
from tppcore.benchmark.rounds import Contender, ratio, timed
from tppcore.benchmark.straight import straight
from tppcore.engine.columns import Bitmaps
from tppcore.engine.shards import usable_cpus

ROWS, ROUNDS = 2_000_000, 5


def measure(
    rows: int = ROWS, rounds: int = ROUNDS, threads: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """Both jobs on random chips: seconds of every round, rows/s and the fraction of the roof.

    All with the same threads on the same columns; outputs are reused by all that can. Raises
    RuntimeError if answers differ.
    """
    threads = threads or usable_cpus()
    found: dict[str, Any] = {
        "machine": machine(JOBS["gate"].program),
        "rows": rows,
        "rounds": rounds,
        "threads": threads,
        "seed": seed,
        "jobs": {name: _job(job, rows, rounds, threads, seed) for name, job in JOBS.items()},
    }
    return found


def _job(job: Job, rows: int, rounds: int, threads: int, seed: int) -> dict[str, Any]:
    table, program = random_table(job.columns, rows, seed), job.program
    columns, paragraphs = columns_of(table), len(program.paragraphs)
    roof = Roof(paragraphs, rows, threads)
    out = np.zeros((paragraphs, rows), np.bool_)
    blocks = numpy_code.Blocks(straight(job.rules, job.columns), out, threads)
    contenders: dict[str, Contender] = {"roof": lambda: roof(table)}
    for name in available():
        contenders[f"tppcore {name}"] = engine(name, program, columns, threads)
    contenders["NumPy in blocks"] = lambda: blocks(table)
    for name in available():
        check(contenders[f"tppcore {name}"](), blocks(table))
    times = timed(contenders, rounds)
    return {
        "title": job.title,
        "paragraphs": paragraphs,
        "tests": len(program.tests),
        "bytes_a_row": moved(table, paragraphs) / rows,
        "contenders": {
            name: {
                "rows_per_second": rows / statistics.median(seconds),
                "of_roof": ratio(seconds, times["roof"]),
                "seconds": seconds,
            }
            for name, seconds in times.items()
        },
    }


def check(found: Bitmaps, expected: numpy_code.Bools) -> None:
    """Raises RuntimeError unless all paragraphs are decided, and as expected: a bool a byte."""
    for bits, wanted in ((found.valid, np.ones_like(expected)), (found.values, expected)):
        packed = np.packbits(wanted, axis=1, bitorder="little")
        if not np.array_equal(bits.view(np.uint8)[:, : packed.shape[1]], packed):
            raise RuntimeError("the contenders' answers differ on random chips")


def table(found: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = ["", "million rows/s", "GB/s", "of the roof"]
    cells = []
    for job in found["jobs"].values():
        cells.append([f"{job['title']} ({job['paragraphs']} paragraphs)", "", "", ""])
        for name, each in job["contenders"].items():
            speed = each["rows_per_second"]
            gigabytes = f"{speed * job['bytes_a_row'] / 1e9:.1f}"
            cells.append([f"  {name}", f"{speed / 1e6:.1f}", gigabytes, f"{each['of_roof']:.2f}"])
    return heading, cells
