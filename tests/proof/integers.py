"""One task of the integer proof: rows through every kernel of the C engine and the reference."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import strategies
from tests.proof import tables
from tests.proof.compare import Task, kernels, law
from tests.proof.reference import Codes, Reference
from tests.proof.tables import Stored
from tppcore.engine import c
from tppcore.engine.columns import Bitmaps, Columns
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Program

ROWS = 1 << 17
"""Rows a task."""

LAWS = ("gate", "gate", "gate again", "in force", "2022", "readings")

KINDS = (*tables.KINDS, *(kind for kind in tables.KINDS if kind not in ("ulp", "digits")))
"""Those of many digits less often: Python writes every one of their numbers."""

HOLES = ((0.0, 0.0), (0.0, 0.0), (0.15, 0.0), (0.1, 0.2))

SHOWN = 3
"""Rows shown of a task that has mismatches."""


def tasks(rows: int, seed: int) -> Iterator[Task]:
    """Every combination in turn until `rows` are covered; a small run takes small steps."""
    combinations = [*itertools.product(LAWS, KINDS, tables.STORAGES, HOLES)]
    step = max(64, min(ROWS, rows // len(combinations)))
    left = rows
    for number, (name, kind, storage, holes) in enumerate(itertools.cycle(combinations)):
        if left <= 0:
            return
        yield Task(name, kind, storage, *holes, min(step, left), seed + number)
        left -= step


@lru_cache
def reference(name: str) -> Reference:
    return Reference(law(name))


def sheet(name: str) -> tuple[str, ...]:
    return strategies.SHEET if name.startswith("gate") else strategies.LONG_SHEET


@lru_cache
def program(name: str) -> Program:
    return compiled(law(name), sheet(name))


def made(task: Task) -> dict[str, Stored]:
    """The table of a task."""
    return tables.table(
        task.kind,
        task.rows,
        task.seed,
        reference(task.law).limits,
        quantities=sheet(task.law),
        storage=task.storage,
        missing=task.missing,
        ranged=task.ranged,
    )


def run(task: Task) -> tuple[Task, int, list[str]]:
    """How many verdicts of one task differ, and the first rows that have any."""
    table = made(task)
    columns = tables.columns(table, task.rows, task.seed)
    check_decimals(table, columns, task)
    cells = {name: each.cells for name, each in table.items()}
    expected = reference(task.law).verdicts(cells, task.rows)
    valid, values = packed(expected >> 1), packed(expected & 1)
    count, lines = 0, []
    for name, found in engines(program(task.law), columns):
        if np.array_equal(found.valid, valid) and np.array_equal(found.values, values):
            continue
        wrong = expected ^ codes(found)
        count += max(1, int(np.count_nonzero(wrong)))  # 1: beyond the last row
        lines += shown(task, table, name, expected, wrong)
    return task, count, lines


def packed(bits: NDArray[Any]) -> NDArray[np.uint64]:
    """Bits as the engines write them."""
    bits = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 64)))
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def engines(program: Program, columns: Columns) -> Iterator[tuple[str, Bitmaps]]:
    """The verdicts of every kernel."""
    for kernel in kernels(program):
        c.opened(program).use_kernel(kernel)
        yield f"c ({kernel})", c.evaluate(program, columns, threads=1)


def codes(bitmaps: Bitmaps) -> Codes:
    """Bitmaps as the reference writes verdicts."""
    valid, values = (
        np.unpackbits(part.view(np.uint8), axis=1, count=bitmaps.rows, bitorder="little")
        for part in (bitmaps.valid, bitmaps.values)
    )
    return (valid << 1 | values).astype(np.uint8)


def check_decimals(table: Mapping[str, Stored], columns: Columns, task: Task) -> None:
    """A sample of floats, against what Python and NumPy write: they stand for their decimals."""
    for name, each in table.items():
        values = columns.by_quantity[name].values
        if values is None or values.dtype.kind != "f":
            continue
        for row in range(task.seed % 7, task.rows, max(1, task.rows // 6)):
            if each.cells.known[row]:
                decimal = Fraction(int(each.cells.value[row]), 10**each.cells.scale)
                assert Fraction(str(values[row])) == decimal, (name, row, str(task))


WORDS = {0: "undetermined", 2: "false", 3: "true"}


def shown(
    task: Task, table: Mapping[str, Stored], engine: str, expected: Codes, wrong: Codes
) -> list[str]:
    """The first rows with a mismatch, and how to see them again."""
    rules = law(task.law)
    lines = [
        f"{engine}: {np.count_nonzero(wrong)} mismatches; again: --task {shlex.quote(str(task))}"
    ]
    for row in np.flatnonzero(wrong.any(axis=0))[:SHOWN].tolist():
        cells = ", ".join(f"{name} = {text(each, row)}" for name, each in table.items())
        lines.append(f"  row {row}: {cells}")
        for p in np.flatnonzero(wrong[:, row]).tolist():
            right = int(expected[p, row])
            found = WORDS.get(right ^ int(wrong[p, row]), "impossible")
            lines.append(f"    {rules.paragraphs[p].id}: {found}, is {WORDS[right]}")
    return lines


def text(stored: Stored, row: int) -> str:
    """One cell as a person writes it, with its storage where that is not float64."""
    cells = stored.cells
    suffix = "" if stored.storage in ("float64", "boolean") else f" ({stored.storage})"
    if cells.known[row]:
        return decimal(int(cells.value[row]), cells.scale) + suffix
    ends = []
    for end, has in ((cells.low, cells.has_low), (cells.high, cells.has_high)):
        there = end is not None and has is not None and has[row]
        ends.append(decimal(int(end[row]), cells.scale) if there and end is not None else "")
    return f"{ends[0]}..{ends[1]}" if any(ends) else "missing"


def decimal(whole: int, scale: int) -> str:
    digits = str(whole).rjust(scale + 1, "0")
    return digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}".rstrip("0").rstrip(".")
