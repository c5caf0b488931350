"""The two loops of a census that its time goes into, in C where that is built.

Their twins are `numpy.searchsorted` and `tppcore.engine.counting.tally.add_runs`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tppcore.engine import c
from tppcore.engine.counting.ratios import Array

_ffi, _lib = c._ffi, c._lib

_MOST_PLACES = 2**31 - 1


def add_runs(
    cells: Array | None,
    base: Array,
    ends: Array,
    steps: Array,
    prefix: Array,
    weights: Array | None,
    into: Array,
) -> bool:
    """Adds runs as the twin does and returns True; False, and nothing done, if they are not for C:
    a type other than the twin's, more cuts or places than C takes, or no C.

    Raises TppError for an end that is not on the axis and a cell or code that is not in the table,
    which the twin does not look at.
    """
    wide = (cells, base, steps, prefix, weights, into)
    if not c.available() or any(each is not None and each.dtype != np.int64 for each in wide):
        return False
    places, points = len(prefix) - 1, len(base)
    if ends.dtype != np.int32 or len(steps) > _lib.TPP_MOST_CUTS or places > _MOST_PLACES:
        return False
    columns = [each for each in (cells, base, weights) if each is not None]
    if ends.shape != (len(steps), points) or any(each.shape != (points,) for each in columns):
        raise ValueError(f"ends of shape {ends.shape}; expected {(len(steps), points)}")
    if not (into.ndim == 2 and into.flags.c_contiguous and into.flags.writeable):
        raise ValueError("counts: expected a C-contiguous table that can be written to")
    kept: list[Array] = []

    def pointer(array: Array | None, kind: str) -> Any:
        if array is None:
            return _ffi.NULL
        kept.append(np.ascontiguousarray(array))
        return _ffi.cast(f"{kind} *", kept[-1].ctypes.data)

    runs = _ffi.new("tpp_runs *")
    runs.points, runs.cuts, runs.places = points, len(steps), places
    runs.cells = pointer(cells, "uint64_t")
    runs.codes, runs.steps = pointer(base, "int64_t"), pointer(steps, "int64_t")
    runs.prefix, runs.weights = pointer(prefix, "int64_t"), pointer(weights, "int64_t")
    runs.ends = pointer(ends, "int32_t")
    table = _ffi.cast("int64_t *", into.ctypes.data)
    c._check(_lib.tpp_add_runs(runs, table, *into.shape, _ffi.NULL))
    return True


def crossings(values: Array, thresholds: Array, is_strict: bool) -> Array:
    """The first of some ascending values that reaches each threshold (`is_strict`: passes it), or
    the number of values where none does: int32, in the shape of the thresholds."""
    if not c.available() or values.dtype != np.int64 or thresholds.dtype != np.int64:
        side: Any = "right" if is_strict else "left"
        found = np.searchsorted(values, thresholds.reshape(-1), side)
        return found.astype(np.int32).reshape(thresholds.shape)
    held, asked = np.ascontiguousarray(values), np.ascontiguousarray(thresholds)
    ends = np.empty(asked.shape, np.int32)
    c._check(
        _lib.tpp_crossings(
            _ffi.cast("int64_t *", held.ctypes.data),
            len(held),
            _ffi.cast("int64_t *", asked.ctypes.data),
            asked.size,
            is_strict,
            _ffi.cast("int32_t *", ends.ctypes.data),
            _ffi.NULL,
        )
    )
    return ends.reshape(thresholds.shape)
