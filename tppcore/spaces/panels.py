"""Designs in panels: runs of designs that fit into a cache, with their quantities side by side.

A panel is all places of the inner axes and a slice of the one before them, at one place of the
others. A quantity that does not change from one panel to the next is not written again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.choose import module
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.errors import InputError
from tppcore.program.program import Program
from tppcore.spaces.lookup import Array, Lookup

PANEL_BYTES = 1 << 23
"""Bytes of the columns of a panel: so many that calling an engine, which threads do in turn, costs
little beside it. Of 2 to 16 MiB this was the fastest, by a factor of two to three."""

LEAST, MOST = 1 << 12, 1 << 17
"""Designs that a panel may have, at most: at least LEAST of them, at most MOST."""

HEAD = 64
"""Room before a panel for what is left of the one before it, less than a word of verdicts."""


@dataclass(frozen=True)
class Layout:
    """Which designs of a product of axes make a panel: all of the axes after number `split`, and
    `width` places of that one."""

    sizes: tuple[int, ...]
    split: int
    width: int

    @classmethod
    def of(cls, sizes: Sequence[int], most: int) -> Layout:
        """Panels of at most so many designs, and mostly of more than half of that."""
        sizes = tuple(sizes) or (1,)
        split, inner = len(sizes) - 1, 1
        while split > 0 and inner * sizes[split] <= most:
            inner *= sizes[split]
            split -= 1
        slices = -(-sizes[split] // max(1, most // inner))
        return cls(sizes, split, -(-sizes[split] // slices))

    @cached_property
    def inner(self) -> int:
        """Designs at one place of the axis that is split and those before it."""
        return math.prod(self.sizes[self.split + 1 :])

    @cached_property
    def slices(self) -> int:
        """How many slices the axis that is split has."""
        return -(-self.sizes[self.split] // self.width)

    @cached_property
    def rows(self) -> int:
        """Designs of the largest panels."""
        return self.width * self.inner

    @cached_property
    def outer(self) -> int:
        """Designs at one place of the axes before the one that is split."""
        return self.sizes[self.split] * self.inner

    def at(self, row: int) -> tuple[list[int], int, int]:
        """The panel that a row is in: the places of the axes before the one that is split, the
        number of the slice, and its first row."""
        rest, within = divmod(row, self.outer)
        places = []
        for size in reversed(self.sizes[: self.split]):
            rest, place = divmod(rest, size)
            places.append(place)
        number = within // self.rows
        return places[::-1], number, row - within + number * self.rows

    def next(self, places: list[int], part: int) -> tuple[list[int], int]:
        """The panel after one; after the last the first."""
        if part + 1 < self.slices:
            return places, part + 1
        for d in reversed(range(self.split)):
            places[d] += 1
            if places[d] < self.sizes[d]:
                break
            places[d] = 0
        return places, 0

    def places(self, part: int) -> slice:
        """The places of a slice on the axis that is split."""
        return slice(part * self.width, min((part + 1) * self.width, self.sizes[self.split]))


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a quantity stands: rows of the block of doubles, or one of that of booleans."""

    name: str
    boolean: bool
    rows: tuple[int, ...]


class Blocks:
    """The quantities of one panel, and of less than a word of designs before it.

    `doubles`, float64 (columns, HEAD + rows), and `booleans`, uint8 of that shape: a column lies in
    one piece. The panel begins at HEAD.
    """

    def __init__(self, layout: Layout, slots: Sequence[Slot], lookups: Sequence[Lookup]) -> None:
        self.layout, self.slots = layout, slots
        self.doubles = _block(slots, False, HEAD + layout.rows)
        self.booleans = _block(slots, True, HEAD + layout.rows)
        self._readers = [lookup.reader() for lookup in lookups]
        self._keys: list[Any] = [None] * len(slots)

    def fill(self, places: Sequence[int], number: int) -> int:
        """Makes the blocks those of a panel: how many designs it has."""
        chosen = self.layout.places(number)
        width = chosen.stop - chosen.start
        for i, reader in enumerate(self._readers):
            key = reader.key(places, chosen)
            if key == self._keys[i]:
                continue
            self._keys[i] = key
            slot = self.slots[i]
            found = reader.arrays(places, chosen)
            for row, values in zip(slot.rows, found, strict=False):
                self._write(slot, row, values, width)
            for row in slot.rows[len(found) :]:  # no range in this window
                self.doubles[row, HEAD:] = np.nan
        return int(width * self.layout.inner)

    def _write(self, slot: Slot, row: int, values: Array, width: int) -> None:
        block = self.booleans if slot.boolean else self.doubles
        if values.size == 1:
            block[row, HEAD:] = values.reshape(())
            return
        # What is the same in all slices is written for the longest: it stays when they change.
        width = width if len(values) > 1 else self.layout.width
        into = block[row, HEAD : HEAD + width * self.layout.inner]
        np.copyto(into.reshape(width, *self.layout.sizes[self.layout.split + 1 :]), values)

    def carry(self, count: int, end: int) -> None:
        """Moves the last designs before `end` to those before the panel."""
        for block in (self.doubles, self.booleans):
            if len(block):
                block[:, HEAD - count : HEAD] = block[:, end - count : end]


def _block(slots: Sequence[Slot], boolean: bool, length: int) -> NDArray[Any]:
    """A row a column, each at the beginning of a cache line, and not all in the same set of it."""
    rows = sum(len(slot.rows) for slot in slots if slot.boolean is boolean)
    dtype = np.dtype(np.uint8 if boolean else np.float64)
    a_line = 64 // dtype.itemsize
    stride = a_line * (-(-length // a_line) | 1)
    room = np.zeros(rows * stride + a_line, dtype)
    first = -(room.ctypes.data // dtype.itemsize) % a_line
    return room[first : first + rows * stride].reshape(rows, stride)[:, :length]


class Panels:
    """A program over the designs of a space, by any engine, panel by panel."""

    def __init__(
        self,
        program: Program,
        lookups: Mapping[str, Lookup],
        sizes: Sequence[int],
        engine: str,
    ) -> None:
        self._program, self._lookups = program, list(lookups.values())
        self._evaluate: Callable[..., Bitmaps] = module(engine).evaluate
        self._slots = _slots(lookups)
        a_row = sum(1 if slot.boolean else 8 * len(slot.rows) for slot in self._slots)
        most = min(MOST, max(LEAST, PANEL_BYTES // max(1, a_row)))
        self._layout = Layout.of(sizes, most)
        self._idle: list[Blocks] = []

    def decide(self, begin: int, out: Bitmaps) -> None:
        """Decides designs `begin`, a multiple of 64, and on, as many as there are bits for; from
        any thread. Raises InputError."""
        layout, end = self._layout, begin + out.rows
        try:
            blocks = self._idle.pop()
        except IndexError:
            blocks = Blocks(layout, self._slots, self._lookups)
        places, number, first = layout.at(begin)
        done = begin
        while done < end:
            last = first + blocks.fill(places, number)
            stop = end if last >= end else last // 64 * 64
            if stop > done:
                try:
                    self._decide(blocks, HEAD + done - first, out.part(done - begin, stop - begin))
                except InputError as error:
                    row = done + (error.row or 0)
                    raise InputError(error.column, row, error.value, error.expected) from None
                done = stop
            if done < min(last, end):
                blocks.carry(last - done, HEAD + last - first)
            first = last
            places, number = layout.next(places, number)
        self._idle.append(blocks)

    def _decide(self, blocks: Blocks, at: int, out: Bitmaps) -> None:
        """Decides the designs that stand in the blocks from `at` on."""
        found = {}
        for slot in self._slots:
            block = blocks.booleans if slot.boolean else blocks.doubles
            ends: list[Any] = [block[row, at : at + out.rows] for row in slot.rows]
            found[slot.name] = Column(*ends)
        self._evaluate(self._program, Columns(out.rows, found), threads=1, out=out)


def _slots(lookups: Mapping[str, Lookup]) -> list[Slot]:
    """Rows of the blocks for every quantity."""
    found = []
    doubles = booleans = 0
    for name, lookup in lookups.items():
        if lookup.is_boolean:
            found.append(Slot(name, True, (booleans,)))
            booleans += 1
        else:
            count = 3 if lookup.ranged else 1
            found.append(Slot(name, False, tuple(range(doubles, doubles + count))))
            doubles += count
    return found
