"""One task of the proof: some rows through every engine, and where they differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import strategies
from tppcore.engine import c, jit, oracle
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.errors import TppError
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Program
from tppcore.rules.rulebook import Rulebook, rulebook

ROWS = 4096
"""Rows a task: a second or two of the exact engine."""

HOLES = ((0.0, 0.0), (0.15, 0.0), (0.1, 0.2))

STORAGES = ("float64", "float64", "float32", "mixed")
"""How a table's numbers are kept; most are doubles."""

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
    storage: str
    missing: float
    ranged: float
    rows: int
    seed: int

    def __str__(self) -> str:
        return ",".join(str(getattr(self, name)) for name in self.__slots__)

    @classmethod
    def parse(cls, text: str) -> Task:
        """The task that `str` wrote."""
        name, kind, storage, missing, ranged, rows, seed = text.split(",")
        return cls(name, kind, storage, float(missing), float(ranged), int(rows), int(seed))


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
        storage = STORAGES[(number + number // len(combinations)) % len(STORAGES)]
        yield Task(name, kind, storage, missing, ranged, min(step, left), seed + number)
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
    columns = stored(columns, task.storage, task.seed)
    rules = law(task.law)
    program = compiled(rules, columns.by_quantity)
    expected = oracle.evaluate(rules, columns)
    found = {
        f"jit ({how})": jit.evaluate(program, columns, threads=1, compiled=compiled)
        for how, compiled in (("kernel", True), ("rows", False))
    }
    for kernel in kernels(program):
        c.opened(program).use_kernel(kernel)
        found[f"c ({kernel})"] = c.evaluate(program, columns, threads=1)
    lines = [
        line
        for name, each in found.items()
        for line in differences(task, rules, name, each, expected)
    ]
    return task, len(lines), lines


def stored(columns: Columns, storage: str, seed: int) -> Columns:
    """The same table with its numbers kept in another way, rounded where they don't fit."""
    rng = np.random.default_rng([seed, 2])
    result = {}
    for name, column in columns.by_quantity.items():
        if column.values is None or column.is_boolean or storage == "float64":
            kind = "float64"
        elif storage == "mixed":
            kind = str(rng.choice(["float64", "float32", "int32", "uint64", "decimal"]))
        else:
            kind = storage
        result[name] = column if kind == "float64" else _stored(column, kind, rng)
    return Columns(columns.rows, result)


_SCALE = 17
"""Of a decimal column: numbers above 10^21 are null there."""


def _stored(column: Column, kind: str, rng: np.random.Generator) -> Column:
    values = column.values
    assert values is not None
    if kind == "float32":
        return replace(column, values=values.astype(np.float32))
    known = ~np.isnan(values)
    if kind == "decimal":
        known &= values < 1e21
        exact = [
            Fraction(repr(x)) * 10**_SCALE if is_known else Fraction(0)
            for x, is_known in zip(values.tolist(), known.tolist(), strict=True)
        ]
        known &= [x.denominator == 1 for x in exact]
        parts = [(int(x) & (2**64 - 1), int(x) >> 64) for x in exact]
        return _with_nulls(column, np.array(parts, np.uint64), known, rng, _SCALE)
    # A number between 0 and 1 must not become 0 where that is none.
    known &= values < min(2.0**53, np.iinfo(kind).max)
    whole = np.where(known, np.maximum(np.rint(values), values > 0), 0).astype(kind)
    return _with_nulls(column, whole, known, rng)


def _with_nulls(
    column: Column,
    values: NDArray[Any],
    known: NDArray[np.bool_],
    rng: np.random.Generator,
    scale: int | None = None,
) -> Column:
    first = int(rng.integers(0, 9))
    bits = np.concatenate([np.zeros(first, np.bool_), known])
    present = np.packbits(bits, bitorder="little")
    return Column(values, column.low, column.high, present, first, scale)


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
