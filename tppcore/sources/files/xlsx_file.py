"""Tables from a sheet of an xlsx workbook, read row by row; of formulas their last values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources.files.asked import Asked, Shape, text, texts
from tppcore.sources.files.file import File

_ROWS = 1 << 14  # a batch
_SCANNED = 1 << 20  # bytes looked at for formulas at a time

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
    with _book(file, data_only=True) as book:
        numbered = enumerate(_rows(file, book), 1)
        rows: _Rows = (each for each in numbered if any(cell is not None for cell in each[1]))
        if _has_formulas(file):
            rows = _with_values(file, rows)
        _, header = next(rows, (0, ()))
        while header and header[-1] is None:
            header = header[:-1]
        if not header:
            raise file.empty()
        names = [
            f"column {i}" if each is None else str(each).strip() for i, each in enumerate(header, 1)
        ]
        yield names, rows


@contextmanager
def _book(file: File, data_only: bool) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError:
        raise TppError("reading xlsx needs openpyxl: pip install 'tppcore[files]'") from None
    with file.open() as stream:
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=data_only)
        except (BadZipFile, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException):
            raise TppError(f"{file.name}: not a whole xlsx workbook") from None
        try:
            yield book
        finally:
            book.close()


def _rows(file: File, book: Any) -> Iterator[tuple[Any, ...]]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if file.sheet is not None and file.sheet not in sheets:
        raise TppError(
            f"{file.name}: no sheet {file.sheet!r}; expected {' or '.join(map(repr, sheets))}"
        )
    sheet = book.worksheets[0] if file.sheet is None else sheets[file.sheet]
    # What a program wrote of the extent of a sheet may be wrong; the rows themselves are not.
    sheet.reset_dimensions()
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
    return rows


def _has_formulas(file: File) -> bool:
    with file.open() as stream, ZipFile(stream) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with parts.open(name) as sheet:
                    before = b""
                    while block := sheet.read(_SCANNED):
                        if any(tag in before + block for tag in (b"<f>", b"<f ", b"<f/")):
                            return True
                        before = block[-2:]
    return False


def _with_values(file: File, rows: _Rows) -> _Rows:
    """The same rows. Raises TppError for a formula without a value: it would pass for missing."""
    with _book(file, data_only=False) as book:
        written = enumerate(_rows(file, book), 1)
        for line, row in rows:
            for number, cells in written:
                for i, cell in enumerate(cells):
                    has_value = number == line and i < len(row) and row[i] is not None
                    if isinstance(cell, str) and cell.startswith("=") and not has_value:
                        raise TppError(
                            f"{file.place(number)}, column {i + 1}: the formula {cell} has no "
                            "value; expected a workbook saved by a program that computes them"
                        )
                if number == line:
                    break
            yield line, row


def _cell(cell: Any) -> str | None:
    return cell.isoformat()[:10] if isinstance(cell, datetime) else text(cell)
