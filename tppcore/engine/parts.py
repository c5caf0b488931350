"""What the engines take to decide systems: parts, what an item gives, and the law compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Bitmaps, Column, Doubles
from tppcore.errors import InputError, TppError
from tppcore.program.program import Program

LARGEST_COUNT = 2**32 - 1
"""The largest count of a part."""


class TooWide(TppError, NotImplementedError):
    """A sum needs more than the 128 bits of the batch engines; fractions have no such bound."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Which items make up each of n systems: system i has parts offsets[i] to offsets[i + 1].

    `offsets`, shape (n + 1,), int32 or int64: they ascend, so that every system has a part.
    `items`, (m,): places in the table of items, of any integer type (uint8 is one here); a null is
    an item that nobody knows. `counts`, (m,): whole numbers from 1 to LARGEST_COUNT, of any integer
    type or float64; a null or NaN is a count that nobody knows, at least 1.
    `hosts`, (m,): booleans, uint8 0 or 1 without nulls, or None: no part is a host.
    """

    offsets: NDArray[Any]
    items: Column
    counts: Column
    hosts: Column | None = None

    @property
    def systems(self) -> int:
        """n, the number of systems."""
        return max(0, len(self.offsets) - 1)

    @property
    def is_whole(self) -> bool:
        """Whether no item and no count can be one that nobody knows."""
        counts = self.counts.values
        return (
            self.items.present is None
            and self.counts.present is None
            and (counts is None or counts.dtype.kind != "f")
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """What one item gives to an aggregated quantity of a system.

    `name`: of the quantity. `is_sum`: counts times values are added up, else the largest value
    counts. `with_hosts`: whether parts that are hosts count too; where no part counts, the
    quantity is 0. `low`, `high`: both ends of the value of every item, not negative; a `high` is
    math.inf where it is unbounded. Where no item is a range `high` is `low`, the same object.
    """

    name: str
    is_sum: bool
    with_hosts: bool
    low: Sequence[Fraction]
    high: Sequence[Fraction | float]


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures over systems: both ends, float64 (systems,) each, the doubles nearest to them.

    `high[i]` is infinity where it is unbounded, and `low[i]` itself where no part can leave the
    figure open.
    """

    names: tuple[str, ...]
    low: tuple[Doubles, ...]
    high: tuple[Doubles, ...]

    @classmethod
    def empty(cls, figures: Sequence[Figure], parts: Parts) -> Sums:
        """Room for these figures of these systems."""
        low = [np.empty(parts.systems) for _ in figures]
        high = [
            one if parts.is_whole and figure.high is figure.low else np.empty(parts.systems)
            for one, figure in zip(low, figures, strict=True)
        ]
        return cls(tuple(figure.name for figure in figures), tuple(low), tuple(high))

    def fits(self, other: Sequence[Figure], parts: Parts) -> bool:
        """Whether this is room for these figures of these systems."""
        shapes = {len(one) for one in (*self.low, *self.high)}
        alike = [
            (one is not two) or (parts.is_whole and figure.high is figure.low)
            for one, two, figure in zip(self.low, self.high, other, strict=False)
        ]
        names = tuple(figure.name for figure in other)
        return self.names == names and shapes <= {parts.systems} and all(alike)


@dataclass(frozen=True, eq=False, slots=True)
class SystemProgram:
    """The law on systems, compiled for a table of items.

    `program`: the paragraphs that are more than a bare leaf; its inputs are figures, facts and
    leaves by name. `figures`: the aggregated quantities. `leaves`: the names of the boolean
    quantities "some circuit in it meets this paragraph". `met`, (leaves, items): the verdicts on
    each item. `paragraphs`: what is asked, in this order: i >= 0 is leaf i itself, ~j is
    paragraph j of `program`.
    """

    program: Program
    figures: tuple[Figure, ...]
    leaves: tuple[str, ...]
    met: Bitmaps
    paragraphs: tuple[int, ...]

    @property
    def items(self) -> int:
        """The number of items in the table."""
        return self.met.rows


def bits(words: NDArray[np.uint64], rows: int) -> NDArray[np.bool_]:
    """Bitmaps, (n, words), as bool (n, rows)."""
    whole = np.ascontiguousarray(words).view(np.uint8)
    unpacked = np.unpackbits(whole, axis=1, bitorder="little", count=rows)
    return unpacked.astype(np.bool_)


def check_shapes(parts: Parts) -> None:
    """Raises ValueError or TypeError for arrays that are no parts, whatever is in them."""
    if parts.offsets.ndim != 1 or not len(parts.offsets):
        raise ValueError(f"offsets: shape {parts.offsets.shape}; expected (n + 1,)")
    if parts.offsets.dtype not in (np.int32, np.int64):
        raise TypeError(f"offsets: {parts.offsets.dtype}; expected int32 or int64")
    rows = -1
    for name, column in (("item", parts.items), ("count", parts.counts), ("host", parts.hosts)):
        if column is None and name == "host":
            continue
        values = None if column is None else column.values
        if column is None or values is None or values.ndim != 1:
            raise ValueError(f"{name}: expected one number a part")
        rows = len(values) if rows < 0 else rows
        if len(values) != rows:
            raise ValueError(f"{name}: {len(values)} parts; expected {rows}")
        if column.present is not None and 8 * len(column.present) < column.first_bit + rows:
            raise ValueError(f"{name}: too few validity bits; expected {column.first_bit + rows}")
        _check_type(name, values.dtype)


def _check_type(name: str, dtype: np.dtype[Any]) -> None:
    if name == "host":
        if dtype != np.uint8:
            raise TypeError(f"host: {dtype}; expected uint8")
    elif not (np.issubdtype(dtype, np.integer) or (name == "count" and dtype == np.float64)):
        raise TypeError(f"{name}: {dtype}; expected an integer type")


def refusal(parts: Parts, column: str, row: int, expected: str) -> InputError:
    """The error that says what is wrong: `row` is that of a part, or that of a `system`."""
    values = {
        "item": parts.items.values,
        "count": parts.counts.values,
        "host": None if parts.hosts is None else parts.hosts.values,
    }.get(column)
    if values is None:
        found: object = (int(parts.offsets[row]), int(parts.offsets[row + 1]))
    else:
        found = values[row].item()
    if column == "host" and found in (0, 1):
        found = None  # a null
    return InputError("chip" if column == "item" else column, row, found, expected)
