"""C (every kernel), Numba and the exact engine against each other, bit for bit, on many rows.

    python -m tests.proof [--rows N] [--processes N] [--seed N]

The rows are those of `tests.strategies`: random, round, on every threshold and one decimal or one
ulp beside it, 15 to 17 digits, extreme; each of them plain, with holes, and with holes and
ranges; under the 2026 gate and the tariff windows, and under the whole law of several dates and
readings. The exact engine sees every row, so 10 million take half an hour or so on two cores.
Prints the number of mismatches; exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests import strategies
from tests.proof.compare import kernels, law, run, tasks
from tppcore.engine import c
from tppcore.program.compile import compile as compiled


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    engines = ["exact", "jit"]
    if c.available():
        program = compiled(law("gate"), strategies.SHEET)
        engines += [f"c ({kernel})" for kernel in kernels(program)]
    print(f"{', '.join(engines)}: {options.rows:,} rows", flush=True)
    begun = time.perf_counter()
    done, shown, mismatches = 0, 0.0, 0
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        for task, wrong in pool.map(run, tasks(options.rows, options.seed)):
            done += task.rows
            for line in wrong[: max(0, 20 - mismatches)]:
                print(line, flush=True)
            mismatches += len(wrong)
            elapsed = time.perf_counter() - begun
            if elapsed - shown > 15:
                shown = elapsed
                left = elapsed / done * (options.rows - done)
                status = f"{done:,} rows, {mismatches} mismatches, {elapsed:,.0f} s"
                print(f"{status}, {left:,.0f} s left", flush=True)
    elapsed = time.perf_counter() - begun
    print(f"{done:,} rows, {mismatches} mismatches, {elapsed:,.0f} s", flush=True)
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
