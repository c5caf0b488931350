"""Anything tabular as columns of quantities: dicts, structured arrays, Arrow, chips."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import oracle
from tppcore.engine.columns import Column, Columns, Doubles
from tppcore.engine.joining import joined
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError, TppError
from tppcore.rules.vocabulary import QuantitySpec, Vocabulary
from tppcore.sources import processing_units
from tppcore.sources.chips import Chip
from tppcore.sources.columns import column
from tppcore.sources.decimals import double

if TYPE_CHECKING:
    from tppcore.sources.arrow import ArrowTable

_ENDS = ("_low", "_high")
_SUSPECT = ("tops_", "sparse_ratio_", "output_bits_")
"""Names that begin like this and are no quantity are slips of the pen, never key columns."""

Reader = Callable[[str, QuantitySpec], Column]


class Table:
    """A caller's table: its columns for the engines, its chips if it is made of chips."""

    def __init__(self, data: Any, vocabulary: Vocabulary) -> None:
        self.source = data
        self.chips: list[Chip] | None = None
        if isinstance(data, Chip):
            self.kind, self.chips = "chip", [data]
        elif isinstance(data, (list, tuple)) and all(isinstance(each, Chip) for each in data):
            self.kind, self.chips = "chips", list(data)
        elif isinstance(data, Mapping) or (isinstance(data, np.ndarray) and data.dtype.names):
            self.kind = "dict"
        elif hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
            self.kind = type(data).__module__.partition(".")[0]
        else:
            raise TppError(
                f"can't read a {type(data).__name__} as a table; expected a chip, a list of chips, "
                "a dict of arrays, a structured array, or an Arrow table or data frame"
            )
        self._vocabulary = vocabulary
        self._pieces: list[Columns] | None = None

    @classmethod
    def of(cls, data: Any, vocabulary: Vocabulary) -> Table:
        """The table of `data`, which may be one that was read before."""
        return data if isinstance(data, cls) else cls(data, vocabulary)

    @property
    def columns(self) -> Columns:
        """The columns as the engines take them, each in one piece; made once. Raises
        InputError."""
        if len(self.pieces) > 1:
            self._pieces = [joined(self.pieces)]
        return self.pieces[0]

    @property
    def pieces(self) -> list[Columns]:
        """The same as they lie in memory: an Arrow table may be in several chunks. Raises
        InputError."""
        if self._pieces is None:
            for _ in self.read_pieces():
                pass
        assert self._pieces is not None
        return self._pieces

    def read_pieces(self) -> Iterator[Columns]:
        """The pieces one after the other, each read when it is asked for. Raises InputError."""
        if self._pieces is not None:
            yield from self._pieces
            return
        found = []
        for piece in self._read():
            found.append(piece)
            yield piece
        self._pieces, self._arrow = found, None  # a chunk that was copied is let go

    @property
    def is_in_chunks(self) -> bool:
        """Whether there are several pieces, and one tells what columns all of them have."""
        if self._pieces is not None or self._arrow is None:
            return False
        return len(self._arrow.pieces) > 1 and processing_units.COLUMN not in self._arrow.names

    @property
    def index(self) -> Any:
        """The index of a pandas data frame."""
        return self.source.index

    def __len__(self) -> int:
        if self.chips is not None:
            return len(self.chips)
        if self._pieces is None and self._arrow is not None:
            return sum(piece.length for piece in self._arrow.pieces)
        return sum(piece.rows for piece in self.pieces)

    def chip(self, i: int) -> Chip:
        """Row i as a chip. Raises InputError for a number that can't be used."""
        if self.chips is not None:
            return self.chips[i]
        at = i
        for piece in self.pieces:
            if at < piece.rows:
                break
            at -= piece.rows
        one = piece.slice(at, at + 1)
        return Chip.of_row(f"row {i + 1}", next(oracle.rows(one, self._vocabulary)))

    def answer(self, columns: dict[str, Doubles]) -> Any:
        """Columns (n,) in the caller's own kind of table."""
        match self.kind:
            case "chip" | "chips" | "dict":
                return columns
            case "pandas":
                import pandas as pd

                return pd.DataFrame(columns, index=self.source.index)
            case "polars":
                import polars as pl

                return pl.DataFrame(columns)
            case kind:
                from tppcore.sources.arrow_results import table_like

                return table_like(kind, columns)

    @cached_property
    def _arrow(self) -> ArrowTable | None:
        if self.chips is not None or self.kind == "dict":
            return None
        from tppcore.sources.arrow import ArrowTable

        return ArrowTable(self.source)

    def _read(self) -> Iterator[Columns]:
        if self.chips is not None:
            yield _chip_columns(self.chips)
            return
        if self.kind == "dict":
            names = self.source.dtype.names if isinstance(self.source, np.ndarray) else self.source
            layout = _layout(list(names), self._vocabulary)
            yield _columns(layout, _NumpyReader(self.source), self._vocabulary)
            return
        assert self._arrow is not None
        layout = _layout(self._arrow.names, self._vocabulary)
        rows = 0
        for piece in self._arrow.pieces:
            try:
                columns = _columns(layout, piece, self._vocabulary)
            except InputError as error:
                raise error.after(rows) from None
            yield columns
            rows += piece.length


def _chip_columns(chips: Sequence[Chip]) -> Columns:
    """Chips as columns of doubles. Raises InputError where a double would lose a digit."""
    names = dict.fromkeys(name for chip in chips for name in chip.quantities)
    found = {}
    for name in names:
        values = np.full((3, len(chips)), np.nan)
        for i, chip in enumerate(chips):
            interval = chip.quantities.get(name)
            if interval is None:
                continue
            if interval.known:
                values[0, i] = double(interval.low, name, i)
            else:
                values[1, i] = double(interval.low, name, i) if interval.low > 0 else np.nan
                if interval.high != math.inf:
                    values[2, i] = double(Fraction(interval.high), name, i)
        ranged = not np.isnan(values[1:]).all()
        found[name] = Column(values[0], *(values[1:] if ranged else (None, None)))
    return Columns(len(chips), found)


class _NumpyReader:
    def __init__(self, source: Any) -> None:
        self.source = source

    def __call__(self, name: str, spec: QuantitySpec) -> Column:
        return column(self.source[name], spec, name)

    def rows(self, name: str) -> int | None:
        """None for what is no column, such as text or a number beside the columns of a dict."""
        values = self.source[name]
        whole = isinstance(values, (str, bytes)) or getattr(values, "shape", None) == ()
        return len(values) if hasattr(values, "__len__") and not whole else None

    def objects(self, name: str) -> Sequence[Any]:
        return list(self.source[name])


class _Stated(NamedTuple):
    """What a column of a name states: a quantity (`side` 0) or the low or high end of its range."""

    name: str
    side: int
    spec: QuantitySpec | None


def _layout(names: Sequence[str], vocabulary: Vocabulary) -> list[_Stated]:
    """What the columns of these names state. Raises TppError for one that makes no sense."""
    for name, count in Counter(names).items():
        if count > 1:
            raise TppError(f"column {name!r} stands there twice; expected each name once")
    return [_stated_by(name, vocabulary) for name in names]


def _stated_by(name: str, vocabulary: Vocabulary) -> _Stated:
    side, spec = 0, vocabulary.quantities.get(name)
    if spec is None and name.endswith(_ENDS):
        base, _, end = name.rpartition("_")
        side, spec = (1 if end == "low" else 2), vocabulary.quantities.get(base)
    if spec is None or spec.internal:
        if name.startswith(_SUSPECT):
            formats = ", ".join(vocabulary.formats)
            raise TppError(f"unknown column {name!r}; expected one of the formats {formats}")
        return _Stated(name, 0, None)
    if side and spec.kind != "number":
        raise TppError(f"column {name!r}: a {spec.kind} has no range; expected {spec.name!r}")
    return _Stated(name, side, spec)


def _columns(layout: Sequence[_Stated], read: Any, vocabulary: Vocabulary) -> Columns:
    found: dict[str, list[Any]] = {}
    rows: int | None = None
    has_units = False
    for name, side, spec in layout:
        if spec is None:
            rows = _same(rows, read.rows(name), name)
            has_units |= name == processing_units.COLUMN
            continue
        numbers = read(name, spec)
        rows = _same(rows, numbers.rows, name)
        parts = found.setdefault(spec.name, [None, None, None])
        parts[side] = widened_column(numbers, name).values if side else numbers
    if has_units:
        found.update(_units(read.objects(processing_units.COLUMN), vocabulary))
    if any(name.endswith("_sparse") for name in found):
        _drop_sparse(found, vocabulary)
    by_quantity = {}
    for name, (values, low, high) in found.items():
        low, high = _both_ends(low, high, rows or 0)
        if values is None or low is not None:
            values = replace(values or Column(), low=low, high=high)
        by_quantity[name] = values
    return Columns(rows or 0, by_quantity)


def _same(rows: int | None, count: int | None, name: str) -> int | None:
    if None not in (rows, count) and rows != count:
        raise TppError(f"column {name!r} has {count} rows; expected {rows} as the others")
    return rows if count is None else count


def _both_ends(
    low: Doubles | None, high: Doubles | None, rows: int
) -> tuple[Doubles | None, Doubles | None]:
    if low is None and high is None:
        return None, None
    nothing = np.full(rows, np.nan)
    return nothing if low is None else low, nothing if high is None else high


def _units(objects: Sequence[Any], vocabulary: Vocabulary) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for i, units in enumerate(objects):
        for name, (low, high) in processing_units.totals(units, vocabulary, i).items():
            parts = found.setdefault(name, [np.full(len(objects), np.nan) for _ in range(3)])
            if low is not None and low == high:
                parts[0][i] = double(low, processing_units.COLUMN, i)
            else:
                if low is not None:
                    parts[1][i] = double(low, processing_units.COLUMN, i)
                if high is not None:
                    parts[2][i] = double(high, processing_units.COLUMN, i)
    return {name: [Column(parts[0]), *parts[1:]] for name, parts in found.items()}


def _drop_sparse(found: dict[str, list[Any]], vocabulary: Vocabulary) -> None:
    """A dense rate makes the sparse one of its format void; a sparse one alone needs its ratio."""
    for format_name in vocabulary.formats:
        sparse, ratio = f"tops_{format_name}_sparse", f"sparse_ratio_{format_name}"
        if sparse not in found:
            continue
        parts = _doubles(found[sparse], sparse)
        alone = _stated(parts)
        if f"tops_{format_name}" in found:
            dense = _stated(_doubles(found[f"tops_{format_name}"], f"tops_{format_name}"))
            parts = [None if part is None else np.where(dense, np.nan, part) for part in parts]
            found[sparse] = [None if parts[0] is None else Column(parts[0]), *parts[1:]]
            alone &= ~dense
        bare = alone if ratio not in found else alone & ~_stated(_doubles(found[ratio], ratio))
        if bare.any():
            row = int(np.argmax(bare))
            value = next((float(p[row]) for p in parts if p is not None), None)
            raise InputError(sparse, row, value, f"its ratio in {ratio}")


def _doubles(parts: Sequence[Any], name: str) -> list[Doubles | None]:
    values = None if parts[0] is None else widened_column(parts[0], name).values
    return [values, *parts[1:]]


def _stated(parts: Sequence[Doubles | None]) -> NDArray[np.bool_]:
    stated = [~np.isnan(part) for part in parts if part is not None]
    return np.logical_or.reduce(stated)  # type: ignore[no-any-return]
