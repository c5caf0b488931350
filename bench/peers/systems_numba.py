"""A hand-written parallel Numba loop over systems, in doubles: not exact, and without unknowns."""

from __future__ import annotations

import numba
import numpy as np

from bench import parts
from tppcore.benchmark.rounds import Contender

_best = numba.njit(parallel=True, error_model="numpy", cache=True)


def make(systems: parts.Systems, question: parts.Question, threads: int) -> Contender:
    """Figures of a chip side by side, so that a part is one cache line; outputs are reused."""
    numba.set_num_threads(threads)
    met, n = parts.met(), len(systems)
    names = (*parts.LAW, *parts.SUMS)
    chips = np.column_stack([parts.figures()[name] for name in names])
    flags = np.column_stack(list(met.values())).astype(np.uint8)
    verdicts = np.zeros((len(parts.PARAGRAPHS), n), np.bool_)
    sums = np.zeros((len(question.sums), n))
    loop = with_sums if question.sums else without_sums
    arrays = (systems.offsets, systems.items, systems.counts, *systems.facts.values())

    def run() -> tuple[np.ndarray, np.ndarray]:
        loop(*arrays, chips, flags, verdicts, sums)
        return verdicts, sums

    return run


@_best
def without_sums(offsets, items, counts, envelope, network, shared, chips, flags, out, sums):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(offsets) - 1):
        fp64 = fp32 = app = largest = ops = 0.0
        a = b = False
        for j in range(offsets[i], offsets[i + 1]):
            item, count = items[j], counts[j]
            fp64 += count * chips[item, 0]
            fp32 += count * chips[item, 1]
            app += count * chips[item, 2]
            largest = max(largest, chips[item, 3])
            ops += count * chips[item, 4]
            a |= flags[item, 0] == 1
            b |= flags[item, 1] == 1
        app = app if shared[i] == 1 else largest
        out[0, i], out[1, i] = a, b
        out[2, i] = ((fp64 >= 100) | (fp32 >= 200)) & (envelope[i] <= 41600)
        out[3, i], out[4, i] = app > 70, app >= 0.0128
        out[5, i] = (ops >= 1e20) & (network[i] > 100)


@_best
def with_sums(offsets, items, counts, envelope, network, shared, chips, flags, out, sums):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(offsets) - 1):
        fp64 = fp32 = app = largest = ops = tpp = circuit = memory = bandwidth = 0.0
        a = b = False
        for j in range(offsets[i], offsets[i + 1]):
            item, count = items[j], counts[j]
            fp64 += count * chips[item, 0]
            fp32 += count * chips[item, 1]
            app += count * chips[item, 2]
            largest = max(largest, chips[item, 3])
            ops += count * chips[item, 4]
            tpp += count * chips[item, 5]
            circuit = max(circuit, chips[item, 6])
            memory += count * chips[item, 7]
            bandwidth += count * chips[item, 8]
            a |= flags[item, 0] == 1
            b |= flags[item, 1] == 1
        app = app if shared[i] == 1 else largest
        out[0, i], out[1, i] = a, b
        out[2, i] = ((fp64 >= 100) | (fp32 >= 200)) & (envelope[i] <= 41600)
        out[3, i], out[4, i] = app > 70, app >= 0.0128
        out[5, i] = (ops >= 1e20) & (network[i] > 100)
        sums[0, i], sums[1, i], sums[2, i], sums[3, i] = tpp, circuit, memory, bandwidth
