"""Tables that speak the Arrow PyCapsule interface, read where they lie and without pyarrow.

A table may come in chunks. Each is read as a piece of its own, over the memory of whoever made it;
chunks of so few rows that a call of an engine would not pay are copied together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tppcore.engine.columns import Column
from tppcore.errors import TppError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources import arrow_columns
from tppcore.sources.arrow_batches import Buffers, Field, batches, taken
from tppcore.sources.arrow_cells import objects

FEW = 1 << 15
"""Rows below which a chunk is copied, with those beside it: some 2 MB of columns."""


class ArrowTable:
    """The columns of a table by name, and its rows in `pieces`.

    Raises TppError for what is no table and for a stream that breaks off.
    """

    def __init__(self, source: Any) -> None:
        try:
            field, arrays = batches(source)
        except ImportError as error:
            raise TppError(
                f"can't read this table: {error}; expected the extra tppcore[files]"
            ) from None
        except TppError:
            raise
        except (ValueError, TypeError) as error:
            # pandas hands nothing over of what a data frame may hold: two columns of one name, or
            # one column of text and numbers.
            raise _unreadable(error) from None
        if field.format != "+s":
            raise TppError("can't read a single column as a table; expected columns with names")
        self.names = [child.name for child in field.children]
        self.pieces = [Piece(field, group) for group in _groups(arrays)]


class Piece:
    """Chunks of a table that are read together."""

    def __init__(self, field: Field, chunks: Sequence[Buffers]) -> None:
        self._places = {child.name: i for i, child in enumerate(field.children)}
        self._field, self._chunks = field, chunks
        self.length = sum(chunk.length for chunk in chunks)
        self._has_gaps = any(chunk.nulls for chunk in chunks)

    def rows(self, name: str) -> int:
        return self.length

    def objects(self, name: str) -> Sequence[Any]:
        return [each for array in self._arrays(name) for each in objects(array)]

    def __call__(self, name: str, spec: QuantitySpec) -> Column:
        arrays = self._arrays(name)
        if not arrays:
            return Column(np.empty(0))
        found = arrow_columns.column(arrays, spec, name)
        if self._has_gaps:
            there = np.concatenate([chunk.present() for chunk in self._chunks])
            found = arrow_columns.without(found, ~there, name)
        return found

    def _arrays(self, name: str) -> list[Buffers]:
        return [chunk.child(self._places[name]) for chunk in self._chunks]


def _groups(chunks: Sequence[Buffers]) -> list[list[Buffers]]:
    """Chunks in their order, the small ones with their neighbours; at least one group."""
    groups: list[list[Buffers]] = []
    room = 0
    for chunk in chunks:
        if not chunk.length:
            continue
        if not groups or chunk.length >= FEW or room <= 0:
            groups.append([])
            room = 2 * FEW if chunk.length < FEW else 0
        groups[-1].append(chunk)
        room -= chunk.length
    return groups or [[]]


def column_of(values: Any, spec: QuantitySpec, name: str) -> Column:
    """One Arrow array (n,) as a column. Raises InputError with the row."""
    return arrow_columns.column([taken(values)], spec, name)


def pyarrow_table(source: Any) -> Any:
    """A table as pyarrow has it, for what needs pyarrow. Raises TppError."""
    try:
        import pyarrow as pa
    except ImportError:
        raise TppError(
            "Arrow tables and data frames need pyarrow here; expected the extra tppcore[files]"
        ) from None
    if isinstance(source, pa.Table):
        return source
    try:
        if isinstance(source, pa.RecordBatch):
            return pa.Table.from_batches([source])
        return pa.table(source)
    except (ValueError, TypeError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> TppError:
    reasons = "; ".join(map(str, error.args))
    return TppError(
        f"can't read this table: {reasons}; expected each column name once and one type a column"
    )
