"""Tables that come block by block to files, in constant memory: whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from tppcore.errors import TppError
from tppcore.sinks.files import About, arrow_about, format_of
from tppcore.sinks.whole import compressed, whole

FORMATS = ("parquet", "csv", "arrow", "jsonl")
"""The formats that take a table block by block."""

_Put = Callable[[Any], None]


def format_of_blocks(path: str | Path, format: str | None = None) -> str:
    """The format of a path or of that name. Raises TppError for one that takes no blocks."""
    found = format or format_of(path)
    if found not in FORMATS:
        raise TppError(f"{path}: {found}; expected one of {', '.join(FORMATS)}")
    return found


def write_blocks(
    tables: Iterable[Any],
    path: str | Path,
    about: About,
    format: str | None = None,
    advance: _Put = lambda table: None,
) -> None:
    """Writes pyarrow tables of one schema, at least one, one after the other to `path`, or to
    standard output for "-"; each is a row group of Parquet.

    `advance` is called with each table when it is written. Raises as `tppcore.sinks.files.write`,
    and whatever `tables` raises; the file that was there before is then untouched.
    """
    own = format_of_blocks(path, format)
    each = iter(tables)
    with whole(path) as stream, compressed(stream, path) as packed:
        first = next(each)
        with _WRITERS[own](packed, first.schema, about) as put:
            for table in chain([first], each):
                put(table)
                advance(table)


@contextmanager
def _parquet(stream: BinaryIO, schema: Any, about: About) -> Iterator[_Put]:
    import pyarrow.parquet as pq

    named = arrow_about(schema, about)
    with pq.ParquetWriter(stream, named) as writer:
        yield lambda table: writer.write_table(table.cast(named))


@contextmanager
def _arrow(stream: BinaryIO, schema: Any, about: About) -> Iterator[_Put]:
    import pyarrow as pa

    named = arrow_about(schema, about)
    with pa.ipc.new_file(stream, named) as writer:
        yield lambda table: writer.write_table(table.cast(named))


@contextmanager
def _csv(stream: BinaryIO, schema: Any, about: About) -> Iterator[_Put]:
    import pyarrow.csv as pacsv

    for name, value in about.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        stream.write(f"# {name}: {text}\n".encode())
    with pacsv.CSVWriter(
        stream, schema, write_options=pacsv.WriteOptions(quoting_style="needed")
    ) as writer:
        yield lambda table: writer.write_table(table)


@contextmanager
def _jsonl(stream: BinaryIO, schema: Any, about: About) -> Iterator[_Put]:
    stream.write(f"{json.dumps({'meta': about})}\n".encode())

    def put(table: Any) -> None:
        for batch in table.to_batches(max_chunksize=1 << 14):
            lines = [json.dumps(row, ensure_ascii=False, default=str) for row in batch.to_pylist()]
            stream.write("".join(f"{line}\n" for line in lines).encode())

    yield put


_WRITERS: dict[str, Callable[..., Any]] = {
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": _csv,
    "jsonl": _jsonl,
}
