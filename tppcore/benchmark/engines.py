"""The engines of this package as contenders."""

from __future__ import annotations

import inspect
from typing import Any

from tppcore.benchmark.jobs import Job, Table
from tppcore.benchmark.rounds import Contender
from tppcore.engine import c, jit
from tppcore.engine.columns import Bitmaps, Columns
from tppcore.program.program import Program

ENGINES: dict[str, Any] = {"c": c, "jit": jit}


def available() -> list[str]:
    """The compiled engines that can run here."""
    return [name for name, engine in ENGINES.items() if engine.available()]


def reuses(name: str) -> bool:
    """Whether an engine takes outputs of an earlier call."""
    return "out" in inspect.signature(ENGINES[name].evaluate).parameters


def engine(name: str, program: Program, columns: Columns, threads: int) -> Contender:
    """A program over columns by one engine, with the outputs reused where the engine can."""
    evaluate = ENGINES[name].evaluate
    if not reuses(name):
        return lambda: evaluate(program, columns, threads=threads)
    out: Bitmaps = evaluate(program, columns, threads=threads)
    return lambda: evaluate(program, columns, threads=threads, out=out)


def public(job: Job, table: Table, threads: int) -> tuple[Contender, bool]:
    """`tppcore.classify` on a dict of arrays; and whether it reuses its outputs."""
    from tppcore.api import classify

    if "out" not in inspect.signature(classify).parameters:
        return lambda: classify(table, job.rules, threads=threads), False
    options: dict[str, Any] = {"out": classify(table, job.rules, threads=threads)}
    return lambda: classify(table, job.rules, threads=threads, **options), True
