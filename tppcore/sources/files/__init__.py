"""Tables from files: CSV, Parquet, Arrow, JSON lines and xlsx, with every number carried exactly;
CSV and JSON lines also compressed by gzip or zstd.

What a file gives is an Arrow table whose quantities are float64, bool, date32 and string columns
(null for missing) beside its other columns as they are. Errors name file, row (from 1, without the
header), line where there is one, and column, and what was expected there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.rules.store import specs
from tppcore.sources.columns import Quantities
from tppcore.sources.files import csv_file, json_file, typed_file, xlsx_file
from tppcore.sources.files.asked import Asked, Shape
from tppcore.sources.files.file import COMPRESSED, EXTENSIONS, FORMATS, File
from tppcore.sources.mapping import ColumnMap

__all__ = [
    "COMPRESSED",
    "EXTENSIONS",
    "FORMATS",
    "Asked",
    "File",
    "Shape",
    "batches",
    "read",
    "shape",
    "tables",
]


def read(
    source: str | Path,
    mapping: ColumnMap | None = None,
    format: str | None = None,
    quantities: Quantities | None = None,
    sheet: str | None = None,
) -> Any:
    """The table of a file, or of standard input for "-", as a pyarrow.Table.

    `format` is one of FORMATS; without it the file's extension says it, and for standard input
    the first bytes. `sheet`: of a workbook, by name; the first if left out. Raises `TppError` for
    a file that is not whole or not what it says it is, and `InputError` for a cell.
    """
    tables = list(batches(source, mapping, format, quantities, sheet))
    return pa.concat_tables(tables, promote_options="default")


def batches(
    source: str | Path,
    mapping: ColumnMap | None = None,
    format: str | None = None,
    quantities: Quantities | None = None,
    sheet: str | None = None,
) -> Iterator[Any]:
    """The same, as tables of some ten thousand rows each, at least one of them (maybe empty)."""
    quantities = specs().vocabulary.quantities if quantities is None else quantities
    yield from tables(File(source, format, sheet), Asked(quantities, mapping))


def tables(file: File, asked: Asked) -> Iterator[Any]:
    """What is asked of a file, as tables, at least one. Raises TppError and InputError."""
    with _readable(file):
        yield from _READERS[file.format](file, asked)


def shape(file: File) -> Shape:
    """What is known of a file before it is read. Raises TppError."""
    with _readable(file):
        return _SHAPES[file.format](file)


@contextmanager
def _readable(file: File) -> Iterator[None]:
    """Raises TppError where the system can't read a file."""
    try:
        yield
    except FileNotFoundError:
        raise TppError(f"{file.name}: no such file") from None
    except OSError as error:
        raise TppError(f"{file.name}: can't be read: {error.strerror or error}") from None


_READERS: dict[str, Callable[[File, Asked], Iterator[Any]]] = {
    "csv": csv_file.batches,
    "parquet": typed_file.parquet,
    "arrow": typed_file.arrow,
    "json": json_file.whole,
    "jsonl": json_file.lines,
    "xlsx": xlsx_file.batches,
}
_SHAPES: dict[str, Callable[[File], Shape]] = {
    "csv": csv_file.shape,
    "parquet": typed_file.parquet_shape,
    "arrow": typed_file.arrow_shape,
    "json": json_file.json_shape,
    "jsonl": json_file.lines_shape,
    "xlsx": xlsx_file.shape,
}
