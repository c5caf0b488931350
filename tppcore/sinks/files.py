"""Tables to files: CSV, Parquet, Arrow, JSON, JSON lines and xlsx, whole or not at all; those of
text also compressed, as in `a.csv.gz` and `a.csv.zst`.

Every file says how it came about (`about`: version, hash of the rulebook, date, destination and
readings): Parquet and Arrow in the schema's metadata under `tppcore`, JSON under "meta", JSON lines
in a first {"meta": ...} line, xlsx on a second sheet, CSV in first lines behind `#`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tppcore.errors import TppError
from tppcore.sinks.whole import COMPRESSED, compressed, whole

About = Mapping[str, Any]

FORMATS = ("csv", "parquet", "arrow", "json", "jsonl", "xlsx")
_EXTENSIONS = {".feather": "arrow", ".ipc": "arrow", ".pq": "parquet", ".ndjson": "jsonl"}
_PACKED = ("csv", "json", "jsonl")  # what gzip and zstd make smaller
_WIDEST = 60  # characters of a column of xlsx
_SHEET_ROWS = 2**20 - 1  # what a sheet of xlsx holds besides the header


def format_of(path: str | Path) -> str:
    """The format that the extension of a path stands for. Raises `TppError` for another one."""
    extension = Path(path).suffix.lower()
    packed = extension in COMPRESSED
    if packed:
        extension = Path(Path(path).stem).suffix.lower()
    format = _EXTENSIONS.get(extension, extension[1:])
    if format not in FORMATS:
        raise TppError(
            f"{path}: unknown extension {extension!r}; "
            f"expected one of {', '.join('.' + each for each in FORMATS)}, or --format"
        )
    if packed and format not in _PACKED:
        raise TppError(f"{path}: {format} is compressed by itself; expected .{format} alone")
    return format


def write(table: Any, path: str | Path, about: About, format: str | None = None) -> None:
    """Write a pyarrow.Table to `path`, or to standard output for "-".

    Raises `TppError` for an unknown format, a folder that does not exist, a full disk, and a
    table that the format can't hold; the file that was there before is then untouched.
    """
    format = format or format_of(path)
    if format not in _WRITERS:
        raise TppError(f"unknown format {format!r}; expected one of {', '.join(FORMATS)}")
    with whole(path) as stream, compressed(stream, path) as packed:
        _WRITERS[format](packed, table, about)


def arrow_about(schema: Any, about: About) -> Any:
    """An Arrow schema that carries `about` in its metadata."""
    return schema.with_metadata({**(schema.metadata or {}), "tppcore": json.dumps(about)})


def _csv(stream: BinaryIO, table: Any, about: About) -> None:
    import pyarrow.csv as pacsv

    for name, value in about.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        stream.write(f"# {name}: {text}\n".encode())
    pacsv.write_csv(table, stream, pacsv.WriteOptions(quoting_style="needed"))


def _parquet(stream: BinaryIO, table: Any, about: About) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table.cast(arrow_about(table.schema, about)), stream)


def _arrow(stream: BinaryIO, table: Any, about: About) -> None:
    import pyarrow as pa

    schema = arrow_about(table.schema, about)
    with pa.ipc.new_file(stream, schema) as writer:
        writer.write_table(table.cast(schema))


def _json(stream: BinaryIO, table: Any, about: About) -> None:
    stream.write(f'{{"meta": {json.dumps(about)},\n"rows": ['.encode())
    between = "\n"
    for text in _rows(table):
        stream.write(f"{between}{text}".encode())
        between = ",\n"
    stream.write(b"\n]}\n")


def _jsonl(stream: BinaryIO, table: Any, about: About) -> None:
    stream.write(f"{json.dumps({'meta': about})}\n".encode())
    for text in _rows(table):
        stream.write(f"{text}\n".encode())


def _rows(table: Any) -> Iterator[str]:
    """Each row as a JSON object; JSON has no NaN and no infinity, so both are null."""
    for batch in table.to_batches(max_chunksize=1 << 14):
        for row in batch.to_pylist():
            for name, value in row.items():
                if isinstance(value, float) and not abs(value) < float("inf"):
                    row[name] = None
            yield json.dumps(row, ensure_ascii=False, default=str)


def _xlsx(stream: BinaryIO, table: Any, about: About) -> None:
    try:
        import openpyxl
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter
        from openpyxl.utils.exceptions import IllegalCharacterError
    except ImportError:
        raise TppError("writing xlsx needs openpyxl: pip install 'tppcore[files]'") from None
    if table.num_rows > _SHEET_ROWS:
        raise TppError(f"{table.num_rows} rows; a sheet of xlsx holds {_SHEET_ROWS}, write Parquet")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("verdicts")
    sheet.freeze_panes = "B2"
    last = get_column_letter(max(1, table.num_columns))
    sheet.auto_filter.ref = f"A1:{last}{table.num_rows + 1}"
    for i, width in enumerate(_widths(table), 1):
        sheet.column_dimensions[get_column_letter(i)].width = width

    def cell(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("="):  # text, not a formula
            plain = WriteOnlyCell(sheet, value)
            plain.data_type = "s"
            return plain
        if isinstance(value, float) and not abs(value) < float("inf"):
            return None
        return value

    def heading(name: str) -> Any:
        bold = WriteOnlyCell(sheet, name)
        bold.data_type, bold.font = "s", Font(bold=True)
        return bold

    try:
        sheet.append([heading(name) for name in table.schema.names])
        for batch in table.to_batches(max_chunksize=1 << 14):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                sheet.append([cell(value) for value in row])
        notes = book.create_sheet("about")
        for name, value in about.items():
            notes.append([name, json.dumps(value) if isinstance(value, dict | list) else value])
        book.save(stream)
    except IllegalCharacterError as error:
        raise TppError(f"xlsx can't hold control characters: {error}") from None


def _widths(table: Any) -> list[int]:
    """Columns as wide as the texts in their first rows, within reason."""
    head = table.slice(0, 100).to_pydict()
    texts = ([name, *(str(cell) for cell in cells)] for name, cells in head.items())
    return [min(_WIDEST, 2 + max(map(len, each))) for each in texts]


_WRITERS: dict[str, Callable[[BinaryIO, Any, About], None]] = {
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
    "json": _json,
    "jsonl": _jsonl,
    "xlsx": _xlsx,
}
