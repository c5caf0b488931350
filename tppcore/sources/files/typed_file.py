"""Tables from Parquet and Arrow, whose columns have types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources.files.asked import Asked, Shape, first_line, since
from tppcore.sources.files.file import File
from tppcore.sources.mapping import Plan

_BUFFER = 1 << 16  # bytes of a column of Parquet read at a time: they stay in the cache


def parquet_shape(file: File) -> Shape:
    """All that the footer says."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(str(file.path)) as parquet:
            metadata = parquet.metadata
            sizes: dict[str, int] = {}
            for i in range(metadata.num_row_groups):
                group = metadata.row_group(i)
                for j in range(group.num_columns):
                    chunk = group.column(j)
                    name = chunk.path_in_schema.partition(".")[0]
                    sizes[name] = sizes.get(name, 0) + chunk.total_uncompressed_size
            return Shape(parquet.schema_arrow, metadata.num_rows, sizes)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(file, "Parquet", error) from None


def arrow_shape(file: File) -> Shape:
    """The columns; how many rows is not to be known."""
    with file.open() as stream:
        try:
            return Shape(_ipc(stream)[0].schema)
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            raise _broken(file, "Arrow", error) from None


def parquet(file: File, asked: Asked) -> Iterator[Any]:
    import pyarrow.parquet as pq

    try:
        # Streams with a buffer: the chunks of a row group of 20 million rows are 160 MB each.
        with pq.ParquetFile(str(file.path), pre_buffer=False, buffer_size=_BUFFER) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow
            groups, begin = list(range(metadata.num_row_groups)), 0
            while groups and begin + metadata.row_group(groups[0]).num_rows <= asked.first:
                begin += metadata.row_group(groups.pop(0)).num_rows
            steps = asked.plan(schema.names, file.name)
            read = _fields(schema, steps)
            found = parquet.iter_batches(asked.rows, groups, read.names)
            yield from _typed(file, asked, steps, read, since(asked.first, found, begin))
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise _broken(file, "Parquet", error) from None


def arrow(file: File, asked: Asked) -> Iterator[Any]:
    with file.open() as stream:
        try:
            reader, found = _ipc(stream)
            steps = asked.plan(reader.schema.names, file.name)
            read = _fields(reader.schema, steps)
            some = (batch.select(read.names) for batch in found)
            yield from _typed(file, asked, steps, read, since(asked.first, some))
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            raise _broken(file, "Arrow", error) from None


def _ipc(stream: Any) -> tuple[Any, Iterator[Any]]:
    """A reader, and its batches."""
    magic = stream.read(6)
    stream.seek(0)
    if magic == b"ARROW1":
        reader = pa.ipc.open_file(stream)
        return reader, (reader.get_batch(i) for i in range(reader.num_record_batches))
    reader = pa.ipc.open_stream(stream)
    return reader, iter(reader)


def _fields(schema: Any, steps: Plan) -> Any:
    read = {step.column for step in steps}
    return pa.schema([each for each in schema if each.name in read])


def _typed(
    file: File, asked: Asked, steps: Plan, schema: Any, found: Iterable[tuple[int, Any]]
) -> Iterator[Any]:
    none = True
    for first, batch in found:
        none = False
        table = pa.table(batch.columns, names=schema.names)
        yield asked.apply(steps, table, first, lambda row: file.name)
    if none:
        yield asked.apply(steps, schema.empty_table(), 0, lambda row: file.name)


def _broken(file: File, kind: str, error: Exception) -> TppError:
    return TppError(f"{file.name}: not a whole {kind} file ({first_line(error)})")
