"""Hand-written parallel Numba loops: the obvious ones, with branches and Numba's default error
model, and the best idiom, without branches and with `error_model="numpy"`."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from tppcore.benchmark.jobs import GATE, Job, Table
from tppcore.benchmark.rounds import Contender

_best = numba.njit(parallel=True, error_model="numpy", cache=True)
_obvious = numba.njit(parallel=True, cache=True)


def make(job: Job, table: Table, threads: int, out: np.ndarray, obvious: bool) -> Contender:
    """One of the four loops below; outputs (paragraphs, rows) are reused."""
    numba.set_num_threads(threads)
    if job is GATE:
        loop: Any = gate_obvious if obvious else gate_best
    else:
        loop = rulebook_obvious if obvious else rulebook_best
    columns = [table[name] for name in job.columns]

    def run() -> np.ndarray:
        loop(*columns, out)
        return out

    return run


@_best
def gate_best(f32, b16, f16, f8, i8, f4, area, memory, datacenter, out):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(area)):
        sixteen = max(b16[i], f16[i]) * 16
        tpp = max(max(f32[i] * 32, sixteen), max(max(f8[i], i8[i]) * 8, f4[i] * 4))
        pd, mem, dc = tpp / area[i], memory[i], datacenter[i] == 1
        t16, t24, t48, d592 = tpp >= 1600, tpp >= 2400, tpp >= 4800, pd >= 5.92
        caught = dc | t48
        a2 = t16 & d592 & caught
        a = t48 | a2
        b1 = t24 & (not t48) & (pd >= 1.6) & (not d592) & dc
        b2 = t16 & (pd >= 3.2) & (not d592) & caught
        b = (b1 | b2) & (not t48)
        denial = dc & a & ((tpp >= 21000) | (mem >= 6500))
        w1 = (tpp > 14000) & (tpp < 17500) & (mem > 4500) & (mem < 5000)
        w2 = (tpp > 20800) & (tpp < 21100) & (mem > 5800) & (mem < 6200)
        out[0, i], out[1, i], out[2, i], out[3, i] = not caught, t48, a2, a
        out[4, i], out[5, i], out[6, i], out[7, i] = b1, b2, b, a | b
        out[8, i], out[9, i] = denial, (a | b) & (not denial)
        out[10, i], out[11, i], out[12, i] = w1, w2, w1 | w2


@_obvious
def gate_obvious(f32, b16, f16, f8, i8, f4, area, memory, datacenter, out):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(area)):
        tpp = max(f32[i] * 32, b16[i] * 16, f16[i] * 16, f8[i] * 8, i8[i] * 8, f4[i] * 4)
        pd, mem, dc = tpp / area[i], memory[i], datacenter[i] == 1
        note = not dc and tpp < 4800
        a1 = tpp >= 4800
        a2 = tpp >= 1600 and pd >= 5.92 and not note
        a = a1 or a2
        b1 = 2400 <= tpp < 4800 and 1.6 <= pd < 5.92 and not note
        b2 = tpp >= 1600 and 3.2 <= pd < 5.92 and not note
        b = (b1 or b2) and not a
        denial = dc and a and (tpp >= 21000 or mem >= 6500)
        w1 = 14000 < tpp < 17500 and 4500 < mem < 5000
        w2 = 20800 < tpp < 21100 and 5800 < mem < 6200
        out[0, i], out[1, i], out[2, i], out[3, i] = note, a1, a2, a
        out[4, i], out[5, i], out[6, i], out[7, i] = b1, b2, b, a or b
        out[8, i], out[9, i] = denial, (a or b) and not denial
        out[10, i], out[11, i], out[12, i] = w1, w2, w1 or w2


@_best
def rulebook_best(f16, f8, i8, f4, area, memory, link, transistors, datacenter, node, out):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(area)):
        tpp = max(f16[i] * 16, max(max(f8[i], i8[i]) * 8, f4[i] * 4))
        pd, mem, dc, presumed = tpp / area[i], memory[i], datacenter[i] == 1, node[i] == 1
        t16, t24, t48, d592 = tpp >= 1600, tpp >= 2400, tpp >= 4800, pd >= 5.92
        caught = dc | t48
        a2 = t16 & d592 & caught
        a = t48 | a2
        b1 = t24 & (not t48) & (pd >= 1.6) & (not d592) & dc
        b2 = t16 & (pd >= 3.2) & (not d592) & caught
        b = (b1 | b2) & (not t48)
        denial = dc & a & ((tpp >= 21000) | (mem >= 6500))
        w1 = (tpp > 14000) & (tpp < 17500) & (mem > 4500) & (mem < 5000)
        w2 = (tpp > 20800) & (tpp < 21100) & (mem > 5800) & (mem < 6200)
        few = transistors[i] < 30
        dram, links, both = mem >= 1400, link[i] >= 1100, mem + link[i] >= 1700
        out[0, i], out[1, i], out[2, i], out[3, i] = not caught, t48, a2, a
        out[4, i], out[5, i], out[6, i], out[7, i] = b1, b2, b, a | b
        out[8, i], out[9, i], out[10, i], out[11, i], out[12, i] = False, a, b, False, False
        out[13, i], out[14, i] = denial, (a | b) & (not denial)
        out[15, i], out[16, i], out[17, i], out[18, i] = w1, w2, w1 | w2, a
        out[19, i], out[20, i], out[21, i], out[22, i] = (
            presumed,
            few,
            presumed & (not few),
            presumed,
        )
        out[23, i], out[24, i], out[25, i], out[26, i] = False, dram, links, both
        out[27, i], out[28, i] = dram | links | both, (a | b) & (not (dc & a))
        out[29, i], out[30, i] = a, not a


@_obvious
def rulebook_obvious(f16, f8, i8, f4, area, memory, link, transistors, datacenter, node, out):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(area)):
        tpp = max(f16[i] * 16, f8[i] * 8, i8[i] * 8, f4[i] * 4)
        pd, mem, dc, presumed = tpp / area[i], memory[i], datacenter[i] == 1, node[i] == 1
        note = not dc and tpp < 4800
        a1 = tpp >= 4800
        a2 = tpp >= 1600 and pd >= 5.92 and not note
        a = a1 or a2
        b1 = 2400 <= tpp < 4800 and 1.6 <= pd < 5.92 and not note
        b2 = tpp >= 1600 and 3.2 <= pd < 5.92 and not note
        b = (b1 or b2) and not a
        denial = dc and a and (tpp >= 21000 or mem >= 6500)
        w1 = 14000 < tpp < 17500 and 4500 < mem < 5000
        w2 = 20800 < tpp < 21100 and 5800 < mem < 6200
        few = transistors[i] < 30
        dram, links, both = mem >= 1400, link[i] >= 1100, mem + link[i] >= 1700
        out[0, i], out[1, i], out[2, i], out[3, i] = note, a1, a2, a
        out[4, i], out[5, i], out[6, i], out[7, i] = b1, b2, b, a or b
        out[8, i], out[9, i], out[10, i], out[11, i], out[12, i] = False, a, b, False, False
        out[13, i], out[14, i] = denial, (a or b) and not denial
        out[15, i], out[16, i], out[17, i], out[18, i] = w1, w2, w1 or w2, a
        out[19, i], out[20, i], out[21, i], out[22, i] = (
            presumed,
            few,
            presumed and not few,
            presumed,
        )
        out[23, i], out[24, i], out[25, i], out[26, i] = False, dram, links, both
        out[27, i], out[28, i] = dram or links or both, (a or b) and not (dc and a)
        out[29, i], out[30, i] = a, not a
