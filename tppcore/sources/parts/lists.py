"""Parts as Arrow list columns: one row a system, with a list of chips and a list of counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import Column, Columns
from tppcore.engine.parts import Parts
from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.parts.columns import counts_of, hosts_of
from tppcore.sources.parts.frames import Frame, whole, without_views
from tppcore.sources.parts.keys import keys_of_arrow
from tppcore.sources.parts.runs import ranges
from tppcore.sources.table import Table

_BLOCK = 1 << 16  # offsets whose differences stay in the L2 cache


_LISTS = ("chip", "count", "host")


class PartLists:
    """A table with list columns chip, count and maybe host. Raises InputError, TppError."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._lists = {name: self._read(name) for name in _LISTS if name in frame.names}
        self.offsets = self._lists["chip"].offsets
        for name, each in self._lists.items():
            check_same(self._lists["chip"], each, name)
        self.chips = self._located(keys_of_arrow, self._lists["chip"].values, "chip")
        self._systems = frame.column("system")

    def parts(self, places: Column) -> Parts:
        """The parts, with their items."""
        counts = self._located(counts_of, self._lists["count"].values)
        hosts = None
        if "host" in self._lists:
            hosts = self._located(hosts_of, self._lists["host"].values)
        return Parts(self.offsets, places, counts, hosts)

    def facts(self) -> Columns:
        """The other columns."""
        found = Table(self._frame.others((*_LISTS, "system")), specs().vocabulary).columns
        rows = len(self.offsets) - 1
        if found.by_quantity and found.rows != rows:
            raise TppError(f"parts: facts have {found.rows} rows; expected {rows} as the lists")
        return Columns(rows, found.by_quantity)

    def names(self) -> NDArray[Any] | None:
        """The column system, if there is one."""
        if self._systems is None:
            return None
        if isinstance(self._systems, pa.Array):
            found: NDArray[Any] = self._systems.to_numpy(zero_copy_only=False)
            return found
        return np.asarray(self._systems)

    def name(self, i: int) -> str | int:
        """What system i is called; its row, if nothing says it."""
        found = None if self._systems is None else self._systems[i]
        found = found.as_py() if isinstance(found, pa.Scalar) else found
        return f"row {i + 1}" if found is None else found if isinstance(found, str) else int(found)

    def row_of_part(self, i: int) -> int:
        """The row of the system that a part belongs to."""
        return int(np.searchsorted(self.offsets, i, side="right")) - 1

    row_of_cell = row_of_part

    def row_of_system(self, i: int) -> int:
        """The row of a system."""
        return i

    def _read(self, name: str) -> Lists:
        values = self._frame.column(name)
        if not isinstance(values, pa.Array):
            try:
                values = whole(pa.array(values, from_pandas=True))
            except (pa.ArrowException, ValueError, TypeError) as error:
                raise InputError(name, None, "lists", f"lists of one type ({error})") from None
        return lists_of(values, name)

    def _located(self, read: Callable[..., Any], *given: Any) -> Any:
        """What a reader of all values in one column gives, with the rows of its errors."""
        try:
            return read(*given)
        except InputError as error:
            row = None if error.row is None else self.row_of_part(error.row)
            raise InputError(error.column, row, error.value, error.expected) from None


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
    nulls = pc.is_null(array).to_numpy(zero_copy_only=False) if array.null_count else None
    offsets, values = _of_views(array, nulls) if _is_view(kind) else _in_order(array)
    if nulls is None:
        return Lists(offsets, values)
    lengths = np.where(nulls, 1, np.diff(offsets))
    ends = np.append(0, np.cumsum(lengths))
    kept = ranges(offsets[:-1], lengths)
    without = np.zeros(len(kept), np.bool_)
    without[ends[:-1][nulls]] = True
    values = without_views(values).take(pa.array(kept, mask=without))
    return Lists(ends.astype(offsets.dtype), values)


def _in_order(array: Any) -> tuple[NDArray[Any], Any]:
    """Offsets and values of lists that stand one behind the other."""
    if pa.types.is_fixed_size_list(array.type):
        size, rows = array.type.list_size, len(array)
        first, last = array.offset * size, (array.offset + rows) * size
        index = np.int32 if last - first <= np.iinfo(np.int32).max else np.int64
        offsets: NDArray[Any] = np.arange(rows + 1, dtype=index)
        offsets *= index(size)
    else:
        offsets = array.offsets.to_numpy()
        first, last = int(offsets[0]), int(offsets[-1])
        if first:
            offsets = offsets - offsets.dtype.type(first)
    return offsets, array.values.slice(first, last - first)


def _of_views(array: Any, nulls: NDArray[np.bool_] | None) -> tuple[NDArray[Any], Any]:
    sizes = array.sizes.to_numpy()
    if nulls is not None:
        sizes = np.where(nulls, 0, sizes)
    return np.append(0, np.cumsum(sizes, dtype=np.int64)), array.flatten()


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
