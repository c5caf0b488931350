"""Designs of a space in the C engine: `tpp_designs` through cffi, over shards of designs, without
the GIL."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tppcore.engine import c
from tppcore.engine.columns import Bitmaps, Column
from tppcore.errors import TppError
from tppcore.program.program import Program

_ffi, _lib = c._ffi, c._lib


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over the axes (by number) that it depends on: float64 or booleans without a
    bitmap, an element for each place of those axes, the last of them fastest."""

    column: Column
    axes: tuple[int, ...]


class TooMany(TppError):
    """More inputs or paragraphs than a tile has room for."""


def decider(
    program: Program, quantities: Mapping[str, Spread], sizes: Sequence[int]
) -> Callable[[int, Bitmaps], None]:
    """What decides designs `begin`, a multiple of 64, and on, as many as it is given bitmaps for;
    from any thread.

    It raises InputError for the first design, and in it the first input, whose number is no
    quantity, and TooMany.
    """
    handle = c.opened(program)
    table = _ffi.new("tpp_spread[]", max(1, len(handle.inputs)))
    for entry, each in zip(table, handle.inputs, strict=False):
        spread = quantities.get(each.quantity) if each.given else None
        if spread is not None:
            _fill(entry, spread, sizes, each.quantity)
    lengths = _ffi.new("uint64_t[]", list(sizes))

    def decide(begin: int, out: Bitmaps) -> None:
        out.check(handle.paragraphs, out.rows)
        error = _ffi.new("tpp_error *")
        bits = (c._rows(out.values, "uint64_t"), c._rows(out.valid, "uint64_t"))
        end = begin + out.rows
        status = _lib.tpp_designs(
            handle.pointer, table, lengths, len(sizes), begin, end, *bits, error
        )
        if status == _lib.TPP_ERROR_LIMIT:
            raise TooMany(f"{len(handle.inputs)} inputs and {handle.paragraphs} paragraphs")
        c._check(status, error, handle)
        assert quantities  # whose memory is read

    return decide


def _fill(entry: object, spread: Spread, sizes: Sequence[int], name: str) -> None:
    elements = math.prod(sizes[a] for a in spread.axes)
    column = spread.column
    for part in ("values", "low", "high"):
        array = getattr(column, part)
        if array is None:
            continue
        if array.size != elements or not array.flags.c_contiguous:
            raise ValueError(
                f"{name}: shape {array.shape}; expected {elements} elements in one piece"
            )
        if array.dtype != np.float64 and not (part == "values" and column.is_boolean):
            raise TypeError(f"{name}: {array.dtype}; expected float64 or booleans")
        kind = "void *" if part == "values" else "double *"
        setattr(entry.column, part, _ffi.cast(kind, array.ctypes.data))  # type: ignore[attr-defined]
    kind = "BOOLEAN" if column.is_boolean else "FLOAT64"
    entry.column.kind = getattr(_lib, f"TPP_{kind}")  # type: ignore[attr-defined]
    entry.axes = sum(1 << a for a in spread.axes if sizes[a] > 1)  # type: ignore[attr-defined]
