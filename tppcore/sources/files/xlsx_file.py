"""Tables from a sheet of an xlsx workbook, read row by row; of formulas their last values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from zipfile import BadZipFile

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources.files.asked import Asked, Shape, text, texts
from tppcore.sources.files.file import File

_ROWS = 1 << 14  # a batch

_Rows = Iterator[tuple[int, tuple[Any, ...]]]


def shape(file: File) -> Shape:
    """The columns, all text; how many rows is not to be known."""
    with _sheet(file) as (names, _):
        return Shape(texts(names))


def batches(file: File, asked: Asked) -> Iterator[Any]:
    """The tables of a sheet."""
    with _sheet(file) as (names, rows):
        steps = asked.plan(names, file.name)
        read = [i for i, name in enumerate(names) if name in {step.column for step in steps}]
        first = asked.first
        rows = islice(rows, first, None)
        none = True
        while (chunk := list(islice(rows, _ROWS))) or none:
            none = False
            lines = [line for line, _ in chunk]
            found = {
                names[i]: pa.array(
                    [_cell(row[i]) if i < len(row) else None for _, row in chunk], pa.string()
                )
                for i in read
            }

            def place(row: int, first: int = first, lines: list[int] = lines) -> str:
                return file.place(lines[row - first])

            yield asked.apply(steps, pa.table(found), first, place)
            first += len(chunk)


@contextmanager
def _sheet(file: File) -> Iterator[tuple[list[str], _Rows]]:
    """The names in the header of the sheet, and the rows below that hold something, each with its
    number in the sheet."""
    try:
        import openpyxl
    except ImportError:
        raise TppError("reading xlsx needs openpyxl: pip install 'tppcore[files]'") from None
    with file.open() as stream:
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except (BadZipFile, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException):
            raise TppError(f"{file.name}: not a whole xlsx workbook") from None
        sheets = {sheet.title: sheet for sheet in book.worksheets}
        if file.sheet is not None and file.sheet not in sheets:
            raise TppError(
                f"{file.name}: no sheet {file.sheet!r}; expected {' or '.join(map(repr, sheets))}"
            )
        sheet = book.worksheets[0] if file.sheet is None else sheets[file.sheet]
        # What a program wrote of the extent of a sheet may be wrong; the rows themselves are not.
        sheet.reset_dimensions()
        rows = (
            (line, row)
            for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
            if any(cell is not None for cell in row)
        )
        _, header = next(rows, (0, ()))
        while header and header[-1] is None:
            header = header[:-1]
        if not header:
            raise file.empty()
        try:
            yield (
                [
                    f"column {i}" if each is None else str(each).strip()
                    for i, each in enumerate(header, 1)
                ],
                rows,
            )
        finally:
            book.close()


def _cell(cell: Any) -> str | None:
    return cell.isoformat()[:10] if isinstance(cell, datetime) else text(cell)
