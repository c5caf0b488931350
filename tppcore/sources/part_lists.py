"""Parts as Arrow list columns: one row a system, with a list of chips and a list of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.errors import InputError
from tppcore.sources.runs import ranges

_BLOCK = 1 << 16  # offsets whose differences stay in the L2 cache


@dataclass(frozen=True, slots=True)
class Lists:
    """A list column: row i has `values` offsets[i] to offsets[i + 1]."""

    offsets: NDArray[Any]
    values: Any


def is_lists(kind: Any) -> bool:
    """Whether an Arrow type is one of lists."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or _is_view(kind)
    )


def lists_of(array: Any, name: str) -> Lists:
    """A list column, over the same memory unless it is sliced or has null lists.

    A null list is one of one null: a system of parts that nobody knows has at least one. The
    offsets begin at 0. Raises InputError.
    """
    kind = array.type
    if not is_lists(kind):
        raise InputError(name, None, str(kind), "lists, as in the column chip")
    if _is_view(kind):
        is_large = pa.types.is_large_list_view(kind)
        array = array.cast((pa.large_list if is_large else pa.list_)(kind.value_type))
        kind = array.type
    if pa.types.is_fixed_size_list(kind):
        size, rows = kind.list_size, len(array)
        first, last = array.offset * size, (array.offset + rows) * size
        index = np.int32 if last - first <= np.iinfo(np.int32).max else np.int64
        offsets: NDArray[Any] = np.arange(rows + 1, dtype=index) * index(size)
    else:
        offsets = array.offsets.to_numpy()
        first, last = int(offsets[0]), int(offsets[-1])
        if first:
            offsets = offsets - offsets.dtype.type(first)
    values = array.values.slice(first, last - first)
    if array.null_count == 0:
        return Lists(offsets, values)
    nulls = pc.is_null(array).to_numpy(zero_copy_only=False)
    lengths = np.where(nulls, 1, np.diff(offsets))
    ends = np.append(0, np.cumsum(lengths))
    index = ranges(offsets[:-1], lengths)
    without = np.zeros(len(index), np.bool_)
    without[ends[:-1][nulls]] = True
    return Lists(ends.astype(offsets.dtype), values.take(pa.array(index, mask=without)))


def check_same(lists: Lists, others: Lists, name: str) -> None:
    """Raises InputError with the row where a column has more or fewer values than chips."""
    ours, theirs = lists.offsets, others.offsets
    if ours.ctypes.data == theirs.ctypes.data and ours.dtype == theirs.dtype:
        return
    differing: list[int] = []

    def compare(begin: int, end: int) -> None:
        for first in range(begin, end, _BLOCK):
            part = slice(first, min(first + _BLOCK, end))
            if not differing and not np.array_equal(ours[part], theirs[part]):
                differing.append(first)

    shards.run(len(ours), None, compare)
    if differing:
        lengths = np.diff(ours), np.diff(theirs)
        row = int(np.argmax(lengths[0] != lengths[1]))
        chips, found = (int(each[row]) for each in lengths)
        raise InputError(name, row, f"{found} values", f"{chips}, as many as chips")


def _is_view(kind: Any) -> bool:
    return bool(pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind))
