"""Tables from files: CSV, Parquet, Arrow, JSON lines and xlsx, with every number carried exactly.

What a file gives is an Arrow table whose quantities are float64, bool, date32 and string columns
(null for missing) beside its other columns as they are. Errors name file, row (from 1, without the
header), line where there is one, and column, and what was expected there.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.rules.store import specs
from tppcore.sources import mapping as columns
from tppcore.sources.columns import Quantities
from tppcore.sources.mapping import ColumnMap

EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
}
FORMATS = ("csv", "parquet", "arrow", "json", "jsonl", "xlsx")

_BLOCK = 4 << 20  # bytes of CSV a batch: large enough to parse fast, small beside the table
_ROWS = 1 << 16  # rows of JSON lines a batch
_HEAD = 1 << 20  # where the header of a CSV must end


def read(
    source: str | Path,
    mapping: ColumnMap | None = None,
    format: str | None = None,
    quantities: Quantities | None = None,
) -> Any:
    """The table of a file, or of standard input for "-", as a pyarrow.Table.

    `format` is one of FORMATS; without it the file's extension says it, and for standard input
    the first bytes. Raises `TppError` for a file that is not whole or not what it says it is, and
    `InputError` for a cell.
    """
    tables = list(batches(source, mapping, format, quantities))
    return pa.concat_tables(tables, promote_options="default")


def batches(
    source: str | Path,
    mapping: ColumnMap | None = None,
    format: str | None = None,
    quantities: Quantities | None = None,
) -> Iterator[Any]:
    """The same, as tables of some ten thousand rows each, at least one of them (maybe empty)."""
    quantities = specs().vocabulary.quantities if quantities is None else quantities
    file = _File(source, format)
    try:
        yield from _READERS[file.format](file, quantities, mapping)
    except FileNotFoundError:
        raise TppError(f"{file.name}: no such file") from None
    except OSError as error:
        raise TppError(f"{file.name}: can't be read: {error.strerror or error}") from None


class _File:
    """Where the bytes come from, and how a row of it is named."""

    def __init__(self, source: str | Path, format: str | None) -> None:
        self.path = Path(source)
        self.name = "standard input" if str(source) == "-" else str(source)
        self.bytes: bytes | None = None
        if str(source) == "-":
            self.bytes = sys.stdin.buffer.read()
        elif not self.path.exists():
            raise TppError(f"{self.name}: no such file")
        elif self.path.is_dir():
            raise TppError(f"{self.name}: a folder; expected a file")
        elif not self.path.is_file():
            self.bytes = self.path.read_bytes()  # a pipe can be read once only
        if (self.path.stat().st_size if self.bytes is None else len(self.bytes)) == 0:
            raise self.empty()
        extension = self.path.suffix.lower()
        if format is None and self.bytes is None and extension not in EXTENSIONS:
            raise TppError(
                f"{self.name}: unknown extension {extension!r}; "
                f"expected one of {', '.join(EXTENSIONS)}, or the format by name"
            )
        self.format = format or EXTENSIONS.get(extension) or _sniff(self.bytes or b"")
        if self.format not in _READERS:
            raise TppError(f"unknown format {self.format!r}; expected one of {', '.join(FORMATS)}")

    def open(self) -> BinaryIO:
        return self.path.open("rb") if self.bytes is None else io.BytesIO(self.bytes)

    @property
    def arrow(self) -> Any:
        """What Arrow reads by itself: a path, so that its threads can, or the bytes."""
        return str(self.path) if self.bytes is None else pa.BufferReader(self.bytes)

    def empty(self) -> TppError:
        return TppError(f"{self.name}: an empty file; expected a header and rows")

    def place(self, line: int | None) -> str:
        return self.name if line is None else f"{self.name}, line {line}"


def _sniff(head: bytes) -> str:
    """The format of bytes without a name."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    start = head[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "json"
    if start.startswith(b"{"):
        try:
            json.loads(start.split(b"\n", 1)[0])
        except ValueError:
            return "json"
        return "jsonl"
    return "csv"


def _csv(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    import pyarrow.csv as pacsv

    header = _Header(file)
    steps = columns.plan(header.names, quantities, mapping, file.name)

    def place(row: int) -> str:
        return file.place(header.line_of(row))

    first, schema = 0, None
    try:
        with pacsv.open_csv(
            file.arrow,
            read_options=pacsv.ReadOptions(
                column_names=header.names, skip_rows=header.lines, block_size=_BLOCK
            ),
            parse_options=pacsv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header.names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        ) as reader:
            schema = reader.schema
            for batch in reader:
                table = pa.table(batch.columns, names=header.names)
                yield columns.apply(steps, table, first, place)
                first += batch.num_rows
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise header.explain(error) from None
    if first == 0:
        yield columns.apply(steps, (schema or _texts(header.names)).empty_table(), 0, place)


class _Header:
    """The first lines of a CSV file: notes behind `#`, the separator and the column names."""

    def __init__(self, file: _File) -> None:
        self.file = file
        with file.open() as stream:
            head = stream.read(_HEAD)
        text = head.decode("utf-8-sig", "replace")
        if "\x00" in text:
            raise TppError(f"{file.name}: not text in UTF-8; expected CSV")
        self.notes = 0
        lines = text.splitlines(keepends=True)
        while self.notes < len(lines) and (
            lines[self.notes].startswith("#") or not lines[self.notes].strip()
        ):
            self.notes += 1
        rest = "".join(lines[self.notes :])
        if not rest.strip():
            raise file.empty()
        self.delimiter = max(",;\t", key=lambda each: len(_first_row(rest, each)[0]))
        names, used = _first_row(rest, self.delimiter)
        self.names = [name.strip() for name in names]
        if "" in self.names:
            # A saved data frame has an index without a name in front.
            self.names = [name or f"column {i + 1}" for i, name in enumerate(self.names)]
        self.lines = self.notes + used

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line and the cells of every row, read slowly: only to say where something is."""
        with self.file.open() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
            reader = csv.reader(islice(text, self.lines, None), delimiter=self.delimiter)
            line = self.lines
            for cells in reader:
                if cells:
                    yield line + 1, cells
                line = self.lines + reader.line_num

    def line_of(self, row: int) -> int | None:
        found = next(islice(self.rows(), row, None), None)
        return found[0] if found else None

    def explain(self, error: Exception) -> TppError:
        """The row at which Arrow stopped, found again in the text."""
        for row, (line, cells) in enumerate(self.rows(), 1):
            where = f"{self.file.name}, line {line}, row {row}"
            if len(cells) != len(self.names):
                return TppError(
                    f"{where}: {len(cells)} cells; expected {len(self.names)}, as in the header"
                )
            bad = next((i for i, cell in enumerate(cells) if "\ufffd" in cell), None)
            if bad is not None:
                return TppError(f"{where}, column {self.names[bad]}: expected text in UTF-8")
        return TppError(f"{self.file.name}: not CSV ({_first_line(error)})")


def _first_row(text: str, delimiter: str) -> tuple[list[str], int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(reader), reader.line_num


def _parquet(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file.arrow) as parquet:
            schema = parquet.schema_arrow
            yield from _typed(file, schema, parquet.iter_batches(1 << 17), quantities, mapping)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise _broken(file, "Parquet", error) from None


def _arrow(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    with file.open() as stream:
        try:
            magic = stream.read(6)
            stream.seek(0)
            if magic == b"ARROW1":
                reader = pa.ipc.open_file(stream)
                found = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                reader = pa.ipc.open_stream(stream)
                found = iter(reader)
            yield from _typed(file, reader.schema, found, quantities, mapping)
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            raise _broken(file, "Arrow", error) from None


def _typed(
    file: _File,
    schema: Any,
    found: Iterable[Any],
    quantities: Quantities,
    mapping: ColumnMap | None,
) -> Iterator[Any]:
    steps = columns.plan(schema.names, quantities, mapping, file.name)
    first = 0
    for batch in found:
        table = pa.table(batch.columns, names=schema.names)
        yield columns.apply(steps, table, first, lambda row: file.name)
        first += batch.num_rows
    if first == 0:
        yield columns.apply(steps, schema.empty_table())


class _Digits(str):
    """A JSON number as it is written."""


def _jsonl(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    def rows() -> Iterator[tuple[int, dict[str, Any]]]:
        with file.open() as stream:
            for line, raw in enumerate(stream, 1):
                if raw.strip():
                    row = _loads(raw, f"{file.name}, line {line}")
                    if not isinstance(row, dict):
                        raise TppError(f"{file.name}, line {line}: expected an object in braces")
                    if line > 1 or set(row) != {"meta"}:
                        yield line, row

    yield from _objects(file, rows(), quantities, mapping)


def _json(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    with file.open() as stream:
        data = _loads(stream.read(), file.name)
    if isinstance(data, dict):
        data = data.get("rows", [data])
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise TppError(f'{file.name}: expected a list of objects, or {{"rows": [...]}}')
    yield from _objects(file, ((0, row) for row in data), quantities, mapping)


def _loads(text: bytes, where: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise TppError(f"{where}: column {twice!r} stands there twice; expected each name once")
        return row

    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_float=_Digits,
            parse_int=_Digits,
            parse_constant=_Digits,
        )
    except TppError:
        raise
    except UnicodeDecodeError:
        raise TppError(f"{where}: expected text in UTF-8") from None
    except ValueError as error:
        raise TppError(f"{where}: not JSON ({error})") from None


def _objects(
    file: _File,
    rows: Iterator[tuple[int, dict[str, Any]]],
    quantities: Quantities,
    mapping: ColumnMap | None,
) -> Iterator[Any]:
    first = 0
    while chunk := list(islice(rows, _ROWS)):
        names = list(dict.fromkeys(name for _, row in chunk for name in row))
        lines = [line for line, _ in chunk]
        steps = columns.plan(names, quantities, mapping, file.name)
        table = pa.table(
            [_column([row.get(name) for _, row in chunk], name, file, first) for name in names],
            names=names,
        )

        def place(row: int, first: int = first, lines: Sequence[int] = lines) -> str:
            return file.place(lines[row - first] or None)

        yield columns.apply(steps, table, first, place)
        first += len(chunk)
    if first == 0:
        raise TppError(f"{file.name}: no rows; expected one object a row")


def _column(cells: list[Any], name: str, file: _File, first: int) -> Any:
    """Plain cells as text; lists and objects, such as processing units, as they are."""
    if any(isinstance(cell, (list, dict)) for cell in cells):
        try:
            return pa.array([_plain(cell) for cell in cells])
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise TppError(
                f"{file.name}, rows from {first + 1}, column {name}: {_first_line(error)}"
            ) from None
    return pa.array([_text(cell) for cell in cells], pa.string())


def _plain(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, _Digits):
        number = float(value)
        if Decimal(value) != Decimal(repr(number)):
            raise ValueError(f"{value}: expected no more digits than a double carries")
        return number
    return value


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, (int, float)) else str(cell)


def _xlsx(file: _File, quantities: Quantities, mapping: ColumnMap | None) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError:
        raise TppError("reading xlsx needs openpyxl: pip install 'tppcore[files]'") from None
    from datetime import datetime
    from zipfile import BadZipFile

    with file.open() as stream:
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except (BadZipFile, KeyError, ValueError, openpyxl.utils.exceptions.InvalidFileException):
            raise TppError(f"{file.name}: not a whole xlsx workbook") from None
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = next(rows, ())
        while header and header[-1] is None:
            header = header[:-1]
        if not header:
            raise file.empty()
        names = [
            f"column {i}" if each is None else str(each).strip() for i, each in enumerate(header, 1)
        ]
        steps = columns.plan(names, quantities, mapping, file.name)
        numbered = [
            (line, row) for line, row in enumerate(rows, 2) if any(c is not None for c in row)
        ]

    def text(cell: Any) -> str | None:
        return cell.isoformat()[:10] if isinstance(cell, datetime) else _text(cell)

    width = len(names)
    cells = zip(*((*row, *[None] * width)[:width] for _, row in numbered), strict=True)
    arrays = [pa.array([text(cell) for cell in column], pa.string()) for column in cells]
    table = pa.table(arrays, names=names) if arrays else _texts(names).empty_table()
    yield columns.apply(steps, table, 0, lambda row: file.place(numbered[row][0]))


def _texts(names: Sequence[str]) -> Any:
    return pa.schema([(name, pa.string()) for name in names])


def _broken(file: _File, kind: str, error: Exception) -> TppError:
    return TppError(f"{file.name}: not a whole {kind} file ({_first_line(error)})")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].split(". Detail:", 1)[0]


_Reader = Callable[[_File, Quantities, ColumnMap | None], Iterator[Any]]
_READERS: dict[str, _Reader] = {
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
    "json": _json,
    "jsonl": _jsonl,
    "xlsx": _xlsx,
}
