"""Columns as the engines take them, and verdicts as they give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Words = NDArray[np.uint64]

_LINE = 8  # words of a cache line

MISSING = 255
"""A missing boolean in a uint8 column."""

SMALLEST, LARGEST = 1e-15, 1e24
"""Every finite double in [SMALLEST, LARGEST], and zero, is a quantity."""


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity over n rows, as it lies in memory.

    `values`, shape (n,): float64 or float32, NaN where missing; an integer type, of which uint8 is
    a boolean, 0 or 1 and 255 where missing, unless `unsigned` says that it is a number; with
    `scale`, shape (n, 2) uint64, the halves of decimal128 numbers, low half first: value *
    10^-scale; or with `bits` an Arrow bitmap (uint8, least bit first) of so many booleans, whose
    bit `first_bit` is row 0. A float means the shortest decimal that reads back as it, in its own
    width; all else means itself.
    `present`: an Arrow validity bitmap of `values` whose bit `first_bit` is row 0, or None: nothing
    is null.
    `low`, `high`: float64 (n,), the ends of a range, NaN where open. A row has a value or a
    range, never both. Booleans are 0 and 1, dates days since 1970-01-01, categories codes.
    """

    values: NDArray[Any] | None = None
    low: Doubles | None = None
    high: Doubles | None = None
    present: NDArray[np.uint8] | None = None
    first_bit: int = 0
    scale: int | None = None
    bits: int | None = None
    unsigned: bool = False

    @property
    def rows(self) -> int:
        """How many `values` there are."""
        if self.bits is not None:
            return self.bits
        return 0 if self.values is None else len(self.values)

    @property
    def is_boolean(self) -> bool:
        """Whether `values` are booleans."""
        return self.values is not None and self.values.dtype == np.uint8 and not self.unsigned

    @property
    def is_plain(self) -> bool:
        """Whether the column is one of float64 or booleans without a bitmap."""
        return self.values is None or (
            self.present is None
            and self.scale is None
            and self.bits is None
            and (self.values.dtype == np.float64 or self.is_boolean)
        )

    def slice(self, begin: int, end: int) -> Column:
        """Rows begin to end, sharing memory."""
        values, low, high, present, bits = self.values, self.low, self.high, self.present, self.bits
        byte, bit = divmod(self.first_bit + begin, 8)
        if bits is not None and values is not None:
            values, bits = values[byte:], max(0, min(end, bits) - begin)
        elif values is not None:
            values = values[begin:end]
        low = None if low is None else low[begin:end]
        high = None if high is None else high[begin:end]
        present = None if present is None else present[byte:]
        return Column(values, low, high, present, bit, self.scale, bits, self.unsigned)

    def nulls(self) -> NDArray[np.bool_]:
        """Where `present` has no bit, bool (n,)."""
        if self.present is None:
            return np.zeros(self.rows, np.bool_)
        return ~unpacked(self.present, self.first_bit, self.rows)

    def flags(self) -> NDArray[np.uint8]:
        """Booleans (n,) as 0 and 1, and MISSING where they are null."""
        assert self.values is not None
        flags = self.values
        if self.bits is not None:
            flags = unpacked(self.values, self.first_bit, self.bits).view(np.uint8)
        if self.present is not None:
            flags = np.where(self.nulls(), np.uint8(MISSING), flags)
        return flags


def unpacked(bitmap: NDArray[np.uint8], first: int, count: int) -> NDArray[np.bool_]:
    """So many bits of a bitmap, bool (count,), beginning with bit `first`."""
    bits = np.unpackbits(bitmap[first // 8 : -(-(first + count) // 8)], bitorder="little")
    return bits[first % 8 :][:count].view(np.bool_)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by the name of their quantity."""

    rows: int
    by_quantity: Mapping[str, Column]

    def slice(self, begin: int, end: int) -> Columns:
        """Rows begin to end, sharing memory."""
        begin, end, _ = slice(begin, end).indices(self.rows)
        found = {name: column.slice(begin, end) for name, column in self.by_quantity.items()}
        return Columns(max(0, end - begin), found)


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """Verdicts: Arrow bitmaps (LSB first) of shape (paragraphs, ceil(rows / 64)), uint64.

    A paragraph is decided in a row where its `valid` bit is set; `values` is 0 elsewhere.
    """

    rows: int
    values: Words
    valid: Words

    @classmethod
    def empty(cls, paragraphs: int, rows: int) -> Bitmaps:
        """Room for the verdicts of so many paragraphs and rows.

        Every bitmap begins with a cache line, and not all with the same set of the cache.
        """
        words = -(-rows // 64)
        stride = _LINE * (-(-words // _LINE) | 1)
        room = np.empty(2 * paragraphs * stride + _LINE, np.uint64)
        first = -(room.ctypes.data // 8) % _LINE
        both = room[first : first + 2 * paragraphs * stride].reshape(2, paragraphs, stride)
        return cls(rows, both[0, :, :words], both[1, :, :words])

    def part(self, begin: int, end: int) -> Bitmaps:
        """Rows [begin, end), `begin` a multiple of 64, sharing memory."""
        words = slice(begin // 64, -(-end // 64))
        return Bitmaps(end - begin, self.values[:, words], self.valid[:, words])

    def check(self, paragraphs: int, rows: int) -> None:
        """Raises ValueError unless there is room for just so many paragraphs and rows."""
        shape = (paragraphs, -(-rows // 64))
        for name, words in (("values", self.values), ("valid", self.valid)):
            if self.rows != rows or words.shape != shape or words.dtype != np.uint64:
                raise ValueError(
                    f"out.{name}: {self.rows} rows, {words.dtype} {words.shape}; expected "
                    f"{rows} rows, uint64 {shape}"
                )
            if not (words.flags.writeable and (words.strides[1] == 8 or words.shape[1] < 2)):
                raise ValueError(f"out.{name}: expected writeable rows of contiguous words")

    def put(self, rows: NDArray[np.int64], settled: Bitmaps) -> None:
        """Writes the verdicts of `settled`, in their order, over those of these rows."""
        bit = np.uint64(1) << (rows.astype(np.uint64) % np.uint64(64))
        for words, found in ((self.values, settled.values), (self.valid, settled.valid)):
            whole = np.ascontiguousarray(found).view(np.uint8)
            new = np.unpackbits(whole, axis=1, bitorder="little", count=len(rows)).view(np.bool_)
            for own, set_bits in zip(words, new, strict=True):
                np.bitwise_and.at(own, rows // 64, ~bit)
                np.bitwise_or.at(own, rows // 64, np.where(set_bits, bit, np.uint64(0)))
