"""The C engine of another machine against the one here, bit for bit.

    python -m tests.proof.elsewhere [--rows N] [--seed N] COMMAND...

COMMAND evaluates files: tests/c/evaluate.c, built for that machine, behind whatever runs it here
(`qemu-aarch64 build/arm/evaluate`). The tables are those of the integer proof, a few rows of every
combination. Prints the number of verdicts that differ; exit code 1 if any does.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.proof import integers, tables
from tppcore.engine import c
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.program.binary import to_bytes
from tppcore.program.program import Program

_KINDS = (
    *("float64", "float32", "uint8", "int8", "int16", "int32", "int64"),
    *("", "uint16", "uint32", "uint64", "decimal"),
)  # fmt: skip
"""By their number in C; a uint8 is a boolean."""


def table_bytes(program: Program, columns: Columns) -> bytes:
    """A table as evaluate.c reads it."""
    columns_by_input = [
        columns.by_quantity.get(entry.quantity, Column()) if entry.given else Column()
        for entry in program.inputs
    ]
    return struct.pack("<QQ", columns.rows, len(columns_by_input)) + b"".join(
        map(_column_bytes, columns_by_input)
    )


def _column_bytes(column: Column) -> bytes:
    parts = (column.values, column.present, column.low, column.high)
    kind = 0
    if column.values is not None:
        name = column.values.dtype.name if column.scale is None else "decimal"
        kind = _KINDS.index(name)
    there = sum(1 << i for i, part in enumerate(parts) if part is not None)
    data = struct.pack("<4I", kind, column.scale or 0, column.first_bit, there)
    for part in parts:
        if part is not None:
            content = np.ascontiguousarray(part).tobytes()
            data += struct.pack("<QQ", len(content), 0) + content + bytes(-len(content) % 16)
    return data


def evaluate(
    command: Sequence[str], program: Program, columns: Columns, folder: Path
) -> tuple[str, Bitmaps]:
    """The kernel and the verdicts of the other machine."""
    paths = [folder / name for name in ("program", "table", "verdicts")]
    paths[0].write_bytes(to_bytes(program))
    paths[1].write_bytes(table_bytes(program, columns))
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.returncode}")
    words = np.frombuffer(paths[2].read_bytes(), np.uint64)
    shape = (2, len(program.paragraphs), -(-columns.rows // 64))
    values, valid = words.reshape(shape)
    return done.stdout.strip(), Bitmaps(columns.rows, values, valid)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.proof.elsewhere",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    kernels: set[str] = set()
    rows = mismatches = 0
    with tempfile.TemporaryDirectory() as folder:
        for task in integers.tasks(options.rows, options.seed):
            columns = tables.columns(integers.made(task), task.rows, task.seed)
            program = integers.program(task.law)
            here = c.evaluate(program, columns, threads=1)
            kernel, there = evaluate(options.command, program, columns, Path(folder))
            wrong = int(np.count_nonzero(integers.codes(here) ^ integers.codes(there)))
            if wrong:
                print(f"{wrong} mismatches; task {task}", flush=True)
            kernels.add(kernel)
            rows += task.rows
            mismatches += wrong
    names = ", ".join(sorted(kernels))
    here_name = c.opened(integers.program("gate")).kernel
    print(f"{names} there, {here_name} here: {rows:,} rows, {mismatches} mismatches")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
