"""numexpr, one expression a metric and a paragraph, into outputs that are reused."""

from __future__ import annotations

import numexpr
import numpy as np

from bench.peers.text import NUMEXPR, text
from tppcore.benchmark.jobs import Job, Table
from tppcore.benchmark.rounds import Contender
from tppcore.benchmark.straight import ARITHMETIC, COMPARISONS, straight


def make(job: Job, table: Table, threads: int, out: np.ndarray) -> Contender:
    """What an earlier expression has computed (a metric, a paragraph) is read and not repeated."""
    numexpr.set_num_threads(threads)
    code = straight(job.rules, job.columns)
    rows = out.shape[1]
    arrays = {n: v.view(np.bool_) if v.dtype == np.uint8 else v for n, v in table.items()}
    tested = {step.args[0] for step in code.steps if step.op in COMPARISONS}
    names: dict[int, str] = {}
    expressions: list[tuple[str, str]] = []
    for index in sorted(i for i in tested if code.steps[i].op in ARITHMETIC):
        expressions.append((text(code, index, names, NUMEXPR), f"m{index}"))
        names[index] = f"m{index}"
        arrays[names[index]] = np.empty(rows)
    copies: list[tuple[int, int | bool]] = []
    for number, index in enumerate(code.results):
        step = code.steps[index]
        if step.op in ("true", "false"):
            copies.append((number, step.op == "true"))
        elif index in names:
            copies.append((number, int(names[index][1:])))
        else:
            expressions.append((text(code, index, names, NUMEXPR), f"p{number}"))
            names[index] = f"p{number}"
            arrays[names[index]] = out[number]
    constants = [(number, value) for number, value in copies if isinstance(value, bool)]

    def run() -> np.ndarray:
        for expression, name in expressions:
            numexpr.evaluate(expression, arrays, out=arrays[name])
        for number, value in constants:
            out[number] = value
        for number, value in copies:
            if not isinstance(value, bool):
                out[number] = out[value]
        return out

    return run
