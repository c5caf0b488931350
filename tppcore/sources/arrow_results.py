"""Columns of an answer for whoever speaks the Arrow PyCapsule interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Doubles, Words, unpacked
from tppcore.sources import arrow_giving

UNKNOWN = -1
"""How many rows are null where nobody has counted."""


class ArrowColumn:
    """One column of an answer, shape (n,): verdicts, doubles or words.

    It speaks the Arrow PyCapsule interface, which shares the memory, so that any library with Arrow
    in it can take it: `pyarrow.array(column)`, `polars.Series(column)`, `nanoarrow.Array(column)`.
    """

    def __init__(
        self,
        format: str,
        rows: int,
        buffers: Sequence[NDArray[Any] | None],
        nulls: int = UNKNOWN,
        dictionary: ArrowColumn | None = None,
    ) -> None:
        """`format`, `buffers` and `nulls` as in the Arrow C data interface; no offset."""
        self.format, self.buffers, self.nulls = format, buffers, nulls
        self.dictionary = dictionary
        self._rows = rows

    @classmethod
    def booleans(cls, values: Words, valid: Words, rows: int) -> ArrowColumn:
        """Of two bitmaps."""
        return cls("b", rows, [valid, values])

    @classmethod
    def doubles(cls, values: Doubles) -> ArrowColumn:
        """float64, NaN where there is no value."""
        return cls("g", len(values), [None, np.ascontiguousarray(values)], 0)

    @classmethod
    def words(cls, codes: NDArray[Any], words: Sequence[str]) -> ArrowColumn:
        """A word a row, by its place among different words."""
        texts = [word.encode() for word in words]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        data = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
        known = cls("u", len(texts), [None, ends, data], 0)
        return cls("i", len(codes), [None, codes.astype(np.int32)], 0, known)

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        kind = "words" if self.dictionary else {"b": "verdicts"}.get(self.format, "doubles")
        return f"<ArrowColumn: {len(self)} {kind}>"

    def to_numpy(self) -> Any:
        """An array (n,): verdicts, masked where undetermined; float64; or words (object)."""
        values = self.buffers[1]
        assert values is not None
        if self.format == "b":
            valid = self.buffers[0]
            assert valid is not None
            data, known = (
                unpacked(words.view(np.uint8), 0, self._rows) for words in (values, valid)
            )
            return np.ma.MaskedArray(data, mask=~known)
        if self.dictionary is None:
            return values
        return np.array(self.dictionary.to_pylist(), object)[values]

    def to_pylist(self) -> list[Any]:
        """The rows, None where undetermined."""
        if self.format != "u":
            rows: list[Any] = self.to_numpy().tolist()
            return rows
        _, ends, data = self.buffers
        assert ends is not None
        assert data is not None
        return [data[a:b].tobytes().decode() for a, b in pairwise(ends)]

    def to_pyarrow(self) -> Any:
        """The same as a pyarrow array, over the same memory."""
        import pyarrow as pa

        kind = {"b": pa.bool_(), "g": pa.float64(), "u": pa.string(), "i": pa.int32()}[self.format]
        buffers = [None if each is None else pa.py_buffer(each) for each in self.buffers]
        array = pa.Array.from_buffers(kind, len(self), buffers, self.nulls)
        if self.dictionary is None:
            return array
        return pa.DictionaryArray.from_arrays(array, self.dictionary.to_pyarrow())

    def __arrow_c_schema__(self) -> Any:
        if not arrow_giving.available():
            return self.to_pyarrow().type.__arrow_c_schema__()
        return self._offer.schema()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        """Capsules of a schema and an array; a requested schema changes nothing."""
        if not arrow_giving.available():
            given: tuple[Any, Any] = self.to_pyarrow().__arrow_c_array__()
            return given
        return self._offer.schema(), self._offer.array()

    @cached_property
    def _offer(self) -> arrow_giving.Offer:
        return arrow_giving.Offer([("", self)])


class ArrowTable(Mapping[str, ArrowColumn]):
    """Columns of an answer by name, (n,) each; the table speaks the Arrow PyCapsule interface:
    `pyarrow.table(answer)`, `polars.DataFrame(answer)`."""

    def __init__(
        self,
        columns: Mapping[str, ArrowColumn],
        rows: int,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._columns, self.num_rows, self.metadata = dict(columns), rows, dict(metadata or {})

    @classmethod
    def of(cls, columns: Mapping[str, Doubles]) -> ArrowTable:
        """Columns of doubles."""
        rows = len(next(iter(columns.values()), ()))
        return cls({name: ArrowColumn.doubles(each) for name, each in columns.items()}, rows)

    @property
    def column_names(self) -> list[str]:
        return list(self._columns)

    def __getitem__(self, name: str) -> ArrowColumn:
        if name not in self._columns:
            raise KeyError(name)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"<ArrowTable: {self.num_rows} rows of {', '.join(self._columns)}>"

    def to_pyarrow(self) -> Any:
        """The same as a pyarrow table, over the same memory."""
        import pyarrow as pa

        columns = [column.to_pyarrow() for column in self._columns.values()]
        table = pa.table(columns, names=list(self._columns))
        return table.replace_schema_metadata(self.metadata or None)

    def __arrow_c_schema__(self) -> Any:
        if not arrow_giving.available():
            return self.to_pyarrow().schema.__arrow_c_schema__()
        return self._offer.schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """A capsule of a stream of one batch; a requested schema changes nothing."""
        if not arrow_giving.available():
            return self.to_pyarrow().__arrow_c_stream__()
        return self._offer.stream()

    @cached_property
    def _offer(self) -> arrow_giving.Offer:
        return arrow_giving.Offer(list(self._columns.items()), self.num_rows, self.metadata)


PYARROW = ("pyarrow", "duckdb", "_duckdb")
"""Libraries whose users expect columns of pyarrow."""


def like(kind: str, column: ArrowColumn, name: str) -> Any:
    """A column in the kind of a library: Polars' and pyarrow's own, or as it is for others."""
    if kind == "polars":
        import polars as pl

        return pl.Series(column).alias(name)
    if kind in PYARROW:
        try:
            return column.to_pyarrow()
        except ImportError:
            return column
    return column


def table_like(kind: str, columns: Mapping[str, Any]) -> Any:
    """Columns of doubles (and with those of systems their names) as a table of pyarrow, or for
    libraries that are not known here as an `ArrowTable`, or a dict if there are names in it."""
    if kind in PYARROW:
        try:
            import pyarrow as pa
        except ImportError:
            pass
        else:
            return pa.table(dict(columns))
    if all(each.dtype == np.float64 for each in columns.values()):
        return ArrowTable.of(columns)
    return dict(columns)
