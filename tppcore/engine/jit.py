"""The Numba engine: for machines without a C compiler. Same verdicts as the others, bit for bit.

A long table is worth a kernel compiled for its program (`engine.blocks`), which Numba keeps on
disk; a short one, or the first rows of many short ones, is decided without. Importing this imports
neither Numba nor what needs it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import LARGEST, MISSING, SMALLEST, Bitmaps, Column, Columns, Doubles
from tppcore.engine.widen import widened, widened_column
from tppcore.errors import InputError, TppError
from tppcore.program.program import Input, Program

_COMPILE_FROM = 1 << 16
"""Rows that take as long without a kernel as compiling one does: some tenths of a second."""

_WIDEN = 1 << 16
"""Rows that are converted to doubles at a time: a few MB, whatever the table's size."""

_KEPT = 32


def available() -> bool:
    """Whether Numba is installed."""
    return find_spec("numba") is not None


class Prepared:
    """A program as the engine holds it. Raises TppError for constants that it can't hold."""

    def __init__(self, program: Program) -> None:
        from tppcore.engine import blocks

        self.program = program
        self.seen = 0  # rows
        self._compiling = threading.Lock()
        self._kernel: Any = None
        try:
            self.tables = blocks.tables(program)
        except ValueError as error:
            raise TppError(str(error)) from None

    def kernel(self, rows: int, compiled: bool | None) -> int:
        """The address of the kernel for a table of so many rows, or 0 to do without."""
        from tppcore.engine import blocks

        with self._compiling:
            self.seen += rows
            if compiled is None:
                compiled = self._kernel is not None or self.seen >= _COMPILE_FROM
            if compiled and self._kernel is None:
                self._kernel = blocks.kernel(self.program)
            return int(self._kernel.address) if compiled else 0


_prepared: OrderedDict[int, Prepared] = OrderedDict()
_preparing = threading.Lock()


def prepared(program: Program) -> Prepared:
    """The prepared form of a program; the last few are kept, by identity."""
    with _preparing:
        key = id(program)
        if key not in _prepared:
            _prepared[key] = Prepared(program)
        _prepared.move_to_end(key)
        if len(_prepared) > _KEPT:
            _prepared.popitem(last=False)
        return _prepared[key]


def evaluate(
    program: Program,
    columns: Columns,
    *,
    threads: int | None = None,
    out: Bitmaps | None = None,
    compiled: bool | None = None,
) -> Bitmaps:
    """The verdicts of every paragraph in every row, in `out` where given: its memory is reused.

    `compiled`: whether to compile the program for blocks; where left out, that depends on how many
    rows it has seen. Raises InputError for the first row, and in it the first input, whose number
    is no quantity.
    """
    found = prepared(program)
    if out is None:
        out = Bitmaps.empty(len(program.paragraphs), columns.rows)
    out.check(len(program.paragraphs), columns.rows)
    if not columns.rows:
        return out
    kernel = found.kernel(columns.rows, compiled)
    rows = (_addresses(out.values), _addresses(out.valid))
    plain = all(column.is_plain for column in columns.by_quantity.values())

    def work(begin: int, end: int) -> None:
        step = end - begin if plain else _WIDEN
        for first in range(begin, end, step):
            _drive(found, columns.slice(first, min(first + step, end)), first, kernel, *rows)

    shards.run(columns.rows, threads, work)
    return out


def metrics(
    program: Program, columns: Columns, *, threads: int | None = None
) -> tuple[Doubles, Doubles]:
    """Both ends of every metric, float64 (metrics, rows): NaN where it does not apply.

    Doubles for people to look at; verdicts never come from them. Raises as `evaluate`.
    """
    from tppcore.engine import doubles

    shape = (len(program.metrics), columns.rows)
    low, high = np.empty(shape), np.empty(shape)

    def work(begin: int, end: int) -> None:
        for first in range(begin, end, doubles.ROWS):
            last = min(first + doubles.ROWS, end)
            part = columns.slice(first, last)
            _check(program, part, first)
            ends = doubles.metrics(program, widened(part))
            low[:, first:last], high[:, first:last] = ends

    shards.run(columns.rows, threads, work)
    return low, high


def _addresses(words: NDArray[np.uint64]) -> NDArray[np.uintp]:
    """Where each row of a matrix begins."""
    offsets = np.arange(len(words), dtype=np.uintp) * np.uintp(words.strides[0])
    return offsets + np.uintp(words.ctypes.data)


def _drive(
    found: Prepared,
    columns: Columns,
    first: int,
    kernel: int,
    values: NDArray[np.uintp],
    valid: NDArray[np.uintp],
) -> None:
    """Decides some rows of a table, `first` on, which are all of `columns`."""
    from tppcore.engine import blocks, reading

    try:
        columns = widened(columns)
    except InputError:
        _check(found.program, columns, first)
        raise
    addresses, kept = reading.addresses(found.program, columns)
    bad = blocks.drive(columns.rows, addresses, found.tables, kernel, first // 64, values, valid)
    del kept
    if bad >= 0:
        _check(found.program, columns.slice(bad, bad + reading.BLOCK), first + bad)
    if bad != blocks.DONE:
        raise AssertionError("a number was refused that has nothing wrong")


def _check(program: Program, columns: Columns, first: int) -> None:
    """Raises InputError for the first row, and in it the first input, that can't be used; `first`
    is the row of the table that `columns` begin with."""
    errors = []
    for index, each in enumerate(program.inputs):
        column = columns.by_quantity.get(each.quantity) if each.given else None
        if column is not None and (error := _first_error(each, column, columns.rows)):
            errors.append((error.row, index, error))
    if errors:
        row, _, error = min(errors, key=lambda each: each[:2])
        raise InputError(error.column, first + (row or 0), error.value, error.expected)


def _first_error(each: Input, column: Column, rows: int) -> InputError | None:
    last = None
    try:
        column = widened_column(column, each.quantity)
    except InputError as error:  # what comes before it may be wrong otherwise
        last, rows = error, error.row or 0
        column = widened_column(column.slice(0, rows), each.quantity)
    for row in np.flatnonzero(_suspicious(each, column, rows)):
        numbers = [
            np.nan if part is None else part[row].item()
            for part in (column.values, column.low, column.high)
        ]
        problem = _problem(each, numbers, column.is_boolean)
        if problem is not None:
            return InputError(each.quantity, int(row), *problem)
    return last


def _suspicious(each: Input, column: Column, rows: int) -> NDArray[np.bool_]:
    """The rows worth a closer look, among them all that are wrong."""
    if column.low is not None or column.high is not None or column.is_boolean:
        return np.ones(rows, np.bool_)
    if column.values is None:
        return np.zeros(rows, np.bool_)
    x = column.values
    fine = (x >= SMALLEST) & (x <= LARGEST) | np.isnan(x) | ((x == 0) & (not each.positive))
    return np.asarray(~fine)


def _problem(each: Input, numbers: Sequence[Any], boolean: bool) -> tuple[object, str] | None:
    value, low, high = numbers
    if boolean:
        if value not in (0, 1, MISSING):
            return value, "0, 1 or missing"
        value = np.nan if value == MISSING else float(value)
    for number in (value, low, high):
        if number == 0 and each.positive:
            return number, "a number above 0"
        if number == number and number != 0 and not SMALLEST <= number <= LARGEST:
            return number, f"0 or a number from {SMALLEST:g} to {LARGEST:g}"
    if value == value and (low == low or high == high):
        return value, "a value or a range, not both"
    if low > high:
        return low, "a range whose low end is not above its high"
    return None
