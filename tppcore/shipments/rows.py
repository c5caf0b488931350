"""The rows of a ledger: columns of a file or a table, some hundred thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources import files
from tppcore.sources.cells import is_text

REQUIRED = ("date", "product", "units", "destination", "consignee")
OPTIONAL = ("authorization", "headquarters")

_ROWS = 1 << 18


def batches(source: Any, format: str | None = None) -> Iterator[Any]:
    """Tables (pyarrow) of the columns REQUIRED and OPTIONAL; an optional one may be absent.

    `source` is a path ("-": standard input), a dict of columns, or anything with the Arrow
    PyCapsule interface. Column names are compared without case. Raises `TppError` for what is no
    table, and for a column that is missing.
    """
    if isinstance(source, (str, Path)):
        yield from _of_file(source, format)
        return
    reader = _reader(source)
    found = columns(reader.schema.names, "the table")
    yield from _pieces((pa.Table.from_batches([batch]) for batch in reader), found)


def name_of(source: Any) -> str | None:
    """The file that a ledger is read from."""
    if not isinstance(source, (str, Path)):
        return None
    return "standard input" if str(source) == "-" else str(source)


def columns(names: Sequence[str], where: str) -> dict[str, str]:
    """The column of a table for each column of a ledger."""
    found: dict[str, str] = {}
    for name in names:
        known = name.strip().lower()
        if known in found:
            raise TppError(f"{where}: column {known!r} stands there twice; expected each name once")
        if known in REQUIRED or known in OPTIONAL:
            found[known] = name
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise TppError(
            f"{where}: no column {', '.join(missing)}; expected {', '.join(REQUIRED)}, and if "
            f"known {', '.join(OPTIONAL)}; found {', '.join(names) or 'none'}"
        )
    return found


def _of_file(source: str | Path, format: str | None) -> Iterator[Any]:
    path = Path(source)
    parquet = format == "parquet" or (
        format is None and files.EXTENSIONS.get(path.suffix.lower()) == "parquet"
    )
    if parquet and path.is_file() and path.stat().st_size:
        yield from _of_parquet(path)
        return
    found: dict[str, str] | None = None
    # Without quantities every column comes as it is in the file.
    for table in files.batches(source, None, format, {}):
        found = found or columns(table.schema.names, name_of(source) or "")
        yield from _pieces([table], found)


def _of_parquet(path: Path) -> Iterator[Any]:
    """Only the columns that count, texts as dictionaries."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
        found = columns(schema.names, str(path))
        texts = [name for name in found.values() if is_text(schema.field(name).type)]
        with pq.ParquetFile(path, read_dictionary=texts, memory_map=True) as parquet:
            read = parquet.iter_batches(_ROWS, columns=list(found.values()))
            yield from _pieces(
                (pa.table(each.columns, names=each.schema.names) for each in read), found
            )
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        first = str(error).split("\n", 1)[0]
        raise TppError(f"{path}: not a whole Parquet file ({first})") from None


def _pieces(tables: Iterable[Any], found: dict[str, str]) -> Iterator[Any]:
    for table in tables:
        some = table.select(list(found.values())).rename_columns(list(found))
        for first in range(0, some.num_rows, _ROWS):
            yield some.slice(first, _ROWS)


def _reader(source: Any) -> Any:
    if isinstance(source, dict):
        try:
            source = pa.table(source)
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise TppError(f"the table: {str(error).splitlines()[0]}") from None
    if not hasattr(source, "__arrow_c_stream__"):
        raise TppError(
            f"a {type(source).__name__} is no ledger; expected a path, a dict of columns, or a "
            "table with the Arrow PyCapsule interface (pyarrow, pandas, Polars)"
        )
    return pa.RecordBatchReader.from_stream(source)
