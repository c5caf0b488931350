"""One task of the proof: some rows through every engine, and where they differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tests import strategies
from tppcore.engine import c, jit, oracle
from tppcore.engine.columns import Bitmaps
from tppcore.errors import TppError
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Program
from tppcore.rules.rulebook import Rulebook, rulebook

ROWS = 4096
"""Rows a task: a second or two of the exact engine."""

HOLES = ((0.0, 0.0), (0.15, 0.0), (0.1, 0.2))

LAWS = {
    "gate": {"as_of": "2026-02-01", "rules": ("us-3a090", "us-742.6-review", "us-9903.79.01")},
    "gate again": {"as_of": "2026-01-14", "rules": ("us-3a090", "us-742.6-review")},
    "in force": {"as_of": "2026-02-01"},
    "2022": {"as_of": "2023-01-01"},
    "readings": {
        "as_of": "2026-02-01",
        "readings": {
            "tf32_width": "19",
            "vector_units": "added",
            "unlisted_formats": "unknown",
            "interconnect_host": "link_and_host",
        },
    },
}


@dataclass(frozen=True, slots=True)
class Task:
    law: str
    kind: str
    missing: float
    ranged: float
    rows: int
    seed: int


@lru_cache
def law(name: str) -> Rulebook:
    return rulebook(destination="CN", **LAWS[name])  # type: ignore[arg-type]


def tasks(rows: int, seed: int) -> Iterator[Task]:
    """Every combination in turn until `rows` are covered; a small run takes small steps.

    The gate comes more often than the others, on which the exact engine takes three times as long.
    """
    laws = [*LAWS, *["gate"] * 8]
    combinations = [*itertools.product(laws, strategies.KINDS, HOLES)]
    step = max(64, min(ROWS, rows // len(combinations)))
    left = rows
    for number, (name, kind, (missing, ranged)) in enumerate(itertools.cycle(combinations)):
        if left <= 0:
            return
        yield Task(name, kind, missing, ranged, min(step, left), seed + number)
        left -= step


def run(task: Task) -> tuple[Task, int, list[str]]:
    """How many words of 64 verdicts of one task differ, and a line for each."""
    sheet = strategies.SHEET if task.law.startswith("gate") else strategies.LONG_SHEET
    columns = strategies.table(
        task.kind,
        task.rows,
        task.seed,
        quantities=sheet,
        missing=task.missing,
        ranged=task.ranged,
    )
    rules = law(task.law)
    program = compiled(rules, columns.by_quantity)
    expected = oracle.evaluate(rules, columns)
    found = {"jit": jit.evaluate(program, columns, threads=1)}
    for kernel in kernels(program):
        c.opened(program).use_kernel(kernel)
        found[f"c ({kernel})"] = c.evaluate(program, columns, threads=1)
    lines = [
        line
        for name, each in found.items()
        for line in differences(task, rules, name, each, expected)
    ]
    return task, len(lines), lines


KERNELS = ("portable", "avx2", "avx512", "neon")
"""Every kernel that the C engine may have."""


def kernels(program: Program) -> Sequence[str]:
    """Those that it has, and that can run here."""
    if not c.available():
        return ()
    opened = c.opened(program)
    usual, found = opened.kernel, []
    for kernel in KERNELS:
        try:
            opened.use_kernel(kernel)
        except TppError:
            continue
        found.append(kernel)
    opened.use_kernel(usual)
    assert usual in found, usual
    return found


def differences(
    task: Task, rules: Rulebook, name: str, found: Bitmaps, expected: Bitmaps
) -> Iterator[str]:
    wrong = (found.values ^ expected.values) | (found.valid ^ expected.valid)
    for p, word in zip(*np.nonzero(wrong), strict=True):
        rows = [64 * int(word) + bit for bit in range(64) if int(wrong[p, word]) >> bit & 1]
        yield f"{name}: {rules.paragraphs[p].id} in rows {rows} of {task}"
