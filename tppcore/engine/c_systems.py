"""Systems in the C engine: `tpp_systems` through cffi, over shards of systems, without the GIL."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import c, shards
from tppcore.engine.columns import Bitmaps, Column, Columns, Words
from tppcore.engine.parts import (
    Figure,
    Parts,
    Sums,
    SystemProgram,
    TooWide,
    bits,
    check_shapes,
    refusal,
)
from tppcore.engine.units import units
from tppcore.errors import TppError

_ffi, _lib = c._ffi, c._lib

FIGURES = 32
"""Figures that are added up in one pass over the parts."""


class Items:
    """Items as the C engine holds them; closed with this object.

    `handle`: the opened program whose inputs the figures and leaves are, or None. Raises TooWide
    for figures and for numbers of them that the engine doesn't take.
    """

    def __init__(
        self,
        figures: Sequence[Figure],
        items: int,
        handle: c.Opened | None = None,
        leaves: Sequence[str] = (),
        met: Bitmaps | None = None,
    ) -> None:
        self.handle = handle  # the program must outlive the items
        kept: list[Any] = []
        pointer, error = _ffi.new("tpp_items **"), _ffi.new("tpp_error *")
        status = _lib.tpp_items_open(
            handle.pointer if handle is not None else _ffi.NULL,
            _figures(figures, items, kept),
            len(figures),
            _leaves(leaves, met, kept),
            len(leaves),
            items,
            pointer,
            error,
        )
        if status == _lib.TPP_ERROR_LIMIT:
            raise TooWide(f"{len(figures)} figures and {len(leaves)} leaves of {items} items")
        c._check(status)
        self.pointer = _ffi.gc(pointer[0], _lib.tpp_items_close)

    @property
    def kernel(self) -> str:
        """The instruction set in use: "avx2" or "portable"."""
        return c._text(_lib.tpp_items_kernel(self.pointer))


def _figures(figures: Sequence[Figure], items: int, kept: list[Any]) -> Any:
    table = _ffi.new("tpp_figure[]", len(figures))
    for entry, figure in zip(table, figures, strict=True):
        if not len(figure.low) == len(figure.high) == items:
            raise ValueError(f"{figure.name}: {len(figure.low)} items; expected {items}")
        whole, name = units(figure), _ffi.new("char[]", figure.name.encode())
        kept += [whole, name]
        entry.name, entry.divisor, entry.exponent = name, whole.divisor, whole.exponent
        entry.low = _ffi.cast("uint64_t *", whole.low.ctypes.data)
        if figure.high is not figure.low:
            entry.high = _ffi.cast("uint64_t *", whole.high.ctypes.data)
        entry.is_sum, entry.with_hosts = figure.is_sum, figure.with_hosts
    return table


def _leaves(leaves: Sequence[str], met: Bitmaps | None, kept: list[Any]) -> Any:
    table = _ffi.new("tpp_leaf[]", len(leaves))
    if met is None:
        return table
    certain, open_ = np.ascontiguousarray(met.values), np.ascontiguousarray(~met.valid)
    kept += [certain, open_]
    for i, name in enumerate(leaves):
        kept.append(_ffi.new("char[]", name.encode()))
        table[i].name = kept[-1]
        table[i].met = _ffi.cast("uint64_t *", certain[i].ctypes.data)
        table[i].open = _ffi.cast("uint64_t *", open_[i].ctypes.data)
    return table


_KEPT = 8
_opened: OrderedDict[int, tuple[SystemProgram, Items]] = OrderedDict()
_opening = threading.Lock()


def opened(law: SystemProgram) -> Items:
    """The prepared items of a law on systems; the last few are kept, by identity."""
    with _opening:
        key = id(law)
        if key not in _opened:
            handle = c.opened(law.program) if law.program.paragraphs else None
            _opened[key] = law, Items(law.figures, law.items, handle, law.leaves, law.met)
        _opened.move_to_end(key)
        if len(_opened) > _KEPT:
            _opened.popitem(last=False)
        return _opened[key][1]


def evaluate(
    law: SystemProgram,
    parts: Parts,
    facts: Columns,
    threads: int | None,
    out: Bitmaps,
    sums: Sums | None,
) -> NDArray[np.int64]:
    """Writes the verdicts to `out`, and sums; the systems that are not settled. See
    `systems.evaluate`."""
    items = opened(law)
    table, kept = _parts(parts)
    fact_table = _ffi.NULL
    if items.handle is not None:
        fact_table, more = c._table(items.handle, facts)
        kept += more
    pointers = [_pointers(law, each) for each in (out.values, out.valid)]
    unsettled = np.zeros(-(-parts.systems // 64), np.uint64)
    unsettled_bits = _ffi.cast("uint64_t *", unsettled.ctypes.data)
    ends = _ends([figure.name for figure in law.figures], sums)

    def work(begin: int, end: int) -> None:
        error = _ffi.new("tpp_error *")
        status = _lib.tpp_systems(
            *(items.pointer, table, fact_table, begin, end),
            *(*pointers, unsettled_bits, *ends, error),
        )
        _check(status, error, items, parts)

    shards.run(parts.systems, threads, work)
    del kept
    _repeat(law, out)
    if not unsettled.any():
        return np.empty(0, np.int64)
    return np.flatnonzero(bits(unsettled[None], parts.systems)[0])


def aggregates(figures: Sequence[Figure], parts: Parts, threads: int | None, into: Sums) -> None:
    """Writes figures to `into`; see `systems.aggregates`."""
    table, kept = _parts(parts)
    for first in range(0, len(figures), FIGURES):
        some = figures[first : first + FIGURES]
        items = Items(some, len(some[0].low))
        ends = _ends([figure.name for figure in some], into)

        def work(begin: int, end: int, items: Items = items, ends: tuple[Any, Any] = ends) -> None:
            error = _ffi.new("tpp_error *")
            null = _ffi.NULL
            status = _lib.tpp_systems(
                *(items.pointer, table, null, begin, end, null, null, null, *ends, error)
            )
            _check(status, error, items, parts)

        shards.run(parts.systems, threads, work)
    del kept


def _ends(names: Sequence[str], sums: Sums | None) -> tuple[Any, Any]:
    """Where low and high ends go, by figure; NULL for nowhere."""
    if sums is None:
        return _ffi.NULL, _ffi.NULL
    low, high = (_ffi.new("double *[]", max(1, len(names))) for _ in range(2))
    for name, least, most in zip(sums.names, sums.low, sums.high, strict=True):
        if name in names:
            at = names.index(name)
            low[at] = _ffi.cast("double *", least.ctypes.data)
            if most is not least:
                high[at] = _ffi.cast("double *", most.ctypes.data)
    return low, high


def _parts(parts: Parts) -> tuple[Any, list[Any]]:
    """The parts for C, and what must stay alive as long as they are used."""
    check_shapes(parts)
    offsets = np.require(parts.offsets, None, ["C", "A"])
    table, kept = _ffi.new("tpp_parts *"), [offsets]
    table.offsets = _ffi.cast("void *", offsets.ctypes.data)
    table.kind = _lib.TPP_INT32 if offsets.dtype == np.int32 else _lib.TPP_INT64
    assert parts.items.values is not None
    table.parts = len(parts.items.values)
    for entry, column, is_boolean in (
        (table.items, parts.items, False),
        (table.counts, parts.counts, False),
        (table.hosts, parts.hosts, True),
    ):
        if column is not None:
            _column(entry, column, is_boolean, kept)
    return table, kept


def _column(entry: Any, column: Column, is_boolean: bool, kept: list[Any]) -> None:
    assert column.values is not None
    name = "BOOLEAN" if is_boolean else column.values.dtype.name.upper()
    kept.append(np.require(column.values, None, ["C", "A"]))
    entry.kind = getattr(_lib, f"TPP_{name}")
    entry.values = _ffi.cast("void *", kept[-1].ctypes.data)
    if column.present is not None:
        kept.append(np.require(column.present, np.uint8, ["C", "A"]))
        entry.present = _ffi.cast("uint8_t *", kept[-1].ctypes.data)
        entry.first_bit = column.first_bit


def _pointers(law: SystemProgram, words: Words) -> Any:
    """By leaf and then by paragraph of the program, where its verdicts go; NULL for nowhere."""
    leaves = len(law.leaves)
    pointers = _ffi.new("uint64_t *[]", max(1, leaves + len(law.program.paragraphs)))
    for row, place in enumerate(law.paragraphs):
        at = place if place >= 0 else leaves + ~place
        if pointers[at] == _ffi.NULL:
            address = words.ctypes.data + words.strides[0] * row
            pointers[at] = _ffi.cast("uint64_t *", address)
    return pointers


def _repeat(law: SystemProgram, out: Bitmaps) -> None:
    """Copies the verdicts of paragraphs that are asked for more than once."""
    for row, place in enumerate(law.paragraphs):
        first = law.paragraphs.index(place)
        if first != row:
            out.values[row], out.valid[row] = out.values[first], out.valid[first]


def _check(status: int, error: Any, items: Items, parts: Parts) -> None:
    if status in (_lib.TPP_ERROR_OFFSETS, _lib.TPP_ERROR_EMPTY_SYSTEM):
        raise refusal(parts, "system", int(error.row), c._text(_lib.tpp_status_text(status)))
    for column in ("count", "item", "host"):
        if status == getattr(_lib, f"TPP_ERROR_{column.upper()}"):
            raise refusal(parts, column, int(error.row), c._text(_lib.tpp_status_text(status)))
    if status == _lib.TPP_ERROR_WIDTH:
        raise TooWide(f"C engine: {c._text(_lib.tpp_status_text(status))}")
    if status and items.handle is None:
        raise TppError(f"C engine: {c._text(_lib.tpp_status_text(status))}")
    c._check(status, error, items.handle)
