"""Rows of one key: found where they stand together, brought together where they don't."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards

Rows = NDArray[np.int64]

_BLOCK = 1 << 16  # keys whose flags stay in the L2 cache


def run_offsets(keys: NDArray[Any]) -> tuple[NDArray[Any], bool]:
    """Where runs of equal keys begin and the last one ends; and whether the keys never fall.

    `keys`, shape (m,), of an integer type. The offsets, (runs + 1,), are int32 where m allows.
    Keys that never fall have one run each.
    """
    rows = len(keys)
    kind = np.int32 if rows <= np.iinfo(np.int32).max else np.int64
    if not rows:
        return np.zeros(1, kind), True
    changes: dict[int, int] = {}
    falls: list[int] = []

    def count(begin: int, end: int) -> None:
        found = 0
        for first, last in _blocks(begin, end):
            before, after = _neighbours(keys, first, last)
            found += int(np.count_nonzero(before != after))
            if not falls and (after < before).any():
                falls.append(first)
        changes[begin] = found

    shards.run(rows, None, count)
    places, total = {}, 1
    for begin in sorted(changes):
        places[begin] = total
        total += changes[begin]
    offsets = np.empty(total + 1, kind)
    offsets[0], offsets[-1] = 0, rows

    def fill(begin: int, end: int) -> None:
        place = places[begin]
        for first, last in _blocks(begin, end):
            before, after = _neighbours(keys, first, last)
            found = np.flatnonzero(before != after)
            part = offsets[place : place + len(found)]
            np.add(found, first, out=part, casting="unsafe")
            place += len(found)

    shards.run(rows, None, fill)
    return offsets, not falls


def _blocks(begin: int, end: int) -> list[tuple[int, int]]:
    """[begin, end) in blocks, without row 0, which has no row before it."""
    begin = max(begin, 1)
    return [(first, min(first + _BLOCK, end)) for first in range(begin, end, _BLOCK)]


def _neighbours(keys: NDArray[Any], begin: int, end: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return keys[begin - 1 : end - 1], keys[begin:end]


def grouped(keys: NDArray[Any]) -> tuple[NDArray[Any], Rows | None]:
    """Offsets of the groups of equal keys, in the order of their first rows; and the order of rows
    that brings them together, stable, or None where they stand together already."""
    offsets, rising = run_offsets(keys)
    return (offsets, None) if rising else grouped_runs(keys[offsets[:-1]], offsets)


def grouped_runs(heads: NDArray[Any], offsets: NDArray[Any]) -> tuple[NDArray[Any], Rows | None]:
    """The same of runs: the key of each, (runs,), and where they begin and end, (runs + 1,)."""
    order = stable_order(heads)
    is_first = np.ones(len(heads), np.bool_)
    is_first[1:] = heads[order[1:]] != heads[order[:-1]]
    if is_first.all():
        return offsets, None
    firsts = order[is_first]
    rank = np.empty(len(firsts), np.int64)
    rank[stable_order(firsts)] = np.arange(len(firsts))
    group = np.empty(len(heads), np.int64)
    group[order] = rank[np.cumsum(is_first) - 1]
    order = stable_order(group)
    lengths = np.diff(offsets)[order]
    last = np.append(np.flatnonzero(np.diff(group[order])), len(order) - 1)
    ends = np.cumsum(lengths, dtype=np.int64)[last]
    return np.append(0, ends).astype(offsets.dtype), ranges(offsets[:-1][order], lengths)


def stable_order(keys: NDArray[Any]) -> Rows:
    """The order that sorts integers, equal ones as they stood.

    Key and place share an int64 where both fit: NumPy sorts those with vector instructions, six
    times as fast as it orders keys.
    """
    if not len(keys):
        return np.zeros(0, np.int64)
    low, high = int(keys.min()), int(keys.max())
    shift = len(keys).bit_length()
    if (high - low).bit_length() + shift > 63:
        return np.argsort(keys, kind="stable")
    is_signed = keys.dtype.kind == "i"
    packed: Rows = keys.astype(np.int64) if is_signed else keys - keys.dtype.type(low)
    packed = packed - low if is_signed else packed.astype(np.int64)
    packed <<= shift
    packed |= np.arange(len(keys))
    packed.sort()
    packed &= (1 << shift) - 1
    return packed


def ranges(starts: NDArray[Any], lengths: NDArray[Any]) -> Rows:
    """The numbers from each start on, as many as its length, one range after the other."""
    lengths = lengths.astype(np.int64)
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    numbers: Rows = np.repeat(starts - (ends - lengths), lengths)
    numbers += np.arange(total)
    return numbers
