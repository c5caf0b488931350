"""The proofs that verdicts and counts are exact.

    python -m tests.proof [--rows N] [--integer-rows N] [--systems N] [--space-designs N]
                          [--processes N] [--seed N]
    python -m tests.proof --task TASK

First C (every kernel that runs here), Numba and the exact engine against each other on 10 million
rows of `tests.strategies`; the exact engine works in fractions and sees every row. Then C, every
kernel, against a reference in exact whole numbers on 10^9 rows of `tests.proof.tables`, whose
cells are whole numbers times a power of ten from the start; the reference reads the law and the
formulas, and knows nothing of compiled programs. Then tables of systems by C and Numba against
fractions (`tests.proof.systems`). Last, 10^9 designs of spaces of about that size, counted without
looking at each, against that reference on every one (`tests.proof.spaces`).

Rows are random, round, exactly on thresholds, one decimal or one ulp beside them, on two at once,
with 15 to 17 digits, and extreme; plain, with holes, and with holes and ranges; stored as
doubles, float32s, integers and decimals; under the 2026 gate and the tariff windows, and under the
whole law of several dates and readings.

The first two take half an hour or so each on two cores that have nothing else to do, the last
some fifteen minutes.

Prints how many verdicts differ, which must be none, and how long it took; exit code 1 if any
does. `--task` runs one task of the second proof again, as the report of a mismatch names it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.proof import compare, integers, spaces, systems

SHOWN = 30
"""Lines about mismatches that a proof prints."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.proof",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the first proof")
    parser.add_argument("--integer-rows", type=int, default=10**9, help="of the second")
    parser.add_argument("--systems", type=int, default=200_000, help="of the third")
    parser.add_argument("--space-designs", type=int, default=10**9, help="of the fourth")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--task", type=integers.Task.parse, help="one task of the second proof")
    options = parser.parse_args(arguments)
    if options.task:
        _, mismatches, lines = integers.run(options.task)
        print(*lines, f"{options.task.rows:,} rows, {mismatches} mismatches", sep="\n")
        return 1 if mismatches else 0
    kernels = [f"c ({kernel})" for kernel in compare.kernels(integers.program("gate"))]
    if not kernels and options.integer_rows:
        print("built without C: the proof against whole numbers is left out", flush=True)
    mismatches = 0
    for name, run, tasks, rows in (
        (
            ", ".join(["jit", *kernels]) + " against exact fractions",
            compare.run,
            compare.tasks,
            options.rows,
        ),
        (
            ", ".join(kernels) + " against exact whole numbers",
            integers.run,
            integers.tasks,
            options.integer_rows if kernels else 0,
        ),
        (
            "systems, by c and jit, against exact fractions",
            systems.run,
            systems.tasks,
            options.systems,
        ),
        (
            "censuses of design spaces against exact whole numbers",
            spaces.run,
            spaces.tasks,
            options.space_designs,
        ),
    ):
        if rows:
            print(f"{name}: {rows:,} rows", flush=True)
            mismatches += prove(run, tasks(rows, options.seed), rows, options.processes)
    return 1 if mismatches else 0


def prove(
    run: Callable[[Any], tuple[Any, int, list[str]]],
    tasks: Iterator[Any],
    rows: int,
    processes: int,
) -> int:
    """Runs all tasks, and returns how many verdicts differ."""
    begun = time.perf_counter()
    done = mismatches = printed = 0
    shown = 0.0
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for task, wrong, lines in pool.map(run, tasks):
            done += task.rows
            mismatches += wrong
            if lines and printed < SHOWN:
                print(*lines, sep="\n", flush=True)
                printed += len(lines)
            elapsed = time.perf_counter() - begun
            if elapsed - shown > 15:
                shown = elapsed
                left = elapsed / done * (rows - done)
                status = f"  {done:,} rows, {mismatches} mismatches, {elapsed:,.0f} s"
                print(f"{status}, {left:,.0f} s left", flush=True)
    elapsed = time.perf_counter() - begun
    print(f"  {done:,} rows, {mismatches} mismatches, {elapsed:,.0f} s", flush=True)
    return mismatches


if __name__ == "__main__":
    sys.exit(main())
