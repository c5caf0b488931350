"""Systems of systems, flattened to their items with multiplied counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Column
from tppcore.engine.parts import LARGEST_COUNT, Parts
from tppcore.errors import InputError, TppError
from tppcore.sources.parts.runs import Rows, ranges, stable_order

_MOST = 1 << 28
"""Parts after flattening: each level may double them, and 40 levels would fill any memory."""

_SHOWN = 12


def flattened(parts: Parts, name: Callable[[int], object]) -> tuple[Parts, Rows]:
    """The same systems of items alone; and of which part, as given, each flat part comes.

    An item -1 - s is system s. Where a count on the way is unknown, so is the product. Raises
    InputError with the row of the part, counted as in `parts`, for a cycle, for counts that are
    none, and for products above LARGEST_COUNT.
    """
    items = parts.items.values
    assert items is not None
    unknown = parts.items.nulls()
    inner = (items < 0) & ~unknown
    counts = _counts(parts.counts)
    hosts = np.zeros(len(items), np.bool_)
    if parts.hosts is not None and parts.hosts.values is not None:
        hosts[:] = parts.hosts.values == 1
    starts, lengths = parts.offsets[:-1].astype(np.int64), np.diff(parts.offsets).astype(np.int64)
    system = np.where(inner, -1 - items.astype(np.int64), 0)
    levels = _levels(starts, lengths, inner, system, name)

    first, size = starts.copy(), lengths.copy()
    total = len(items)
    for level in levels:
        rows = ranges(starts[level], lengths[level])
        sizes = np.where(inner[rows], size[system[rows]], 1)
        size[level] = np.add.reduceat(sizes, np.append(0, np.cumsum(lengths[level])[:-1]))
        first[level] = total + np.append(0, np.cumsum(size[level])[:-1])
        total += int(size[level].sum())
        if total > _MOST:
            raise TppError(
                f"systems of systems have {total:,} parts when flattened; expected at most "
                f"{_MOST:,}"
            )
    flat = np.empty(total, np.int64)  # of which part each comes that is an item
    origin, product, host = flat.copy(), np.empty(total, np.uint64), np.empty(total, np.bool_)
    given = np.arange(len(items))
    for each, values in ((flat, given), (origin, given), (product, counts), (host, hosts)):
        each[: len(items)] = values
    end = len(items)
    for level in levels:
        rows = ranges(starts[level], lengths[level])
        within = inner[rows]
        sizes = np.where(within, size[system[rows]], 1)
        source = ranges(np.where(within, first[system[rows]], rows), sizes)
        outer, within = np.repeat(rows, sizes), np.repeat(within, sizes)
        times = counts[outer] * np.where(within, product[source], np.uint64(1))
        wide = times > LARGEST_COUNT
        if wide.any():
            i = int(np.argmax(wide))
            raise InputError(
                "count", int(outer[i]), int(times[i]), f"at most {LARGEST_COUNT} of one item in all"
            )
        new = slice(end, end := end + len(source))
        flat[new], origin[new], product[new] = flat[source], outer, times
        host[new] = hosts[outer] | (within & host[source])
    offsets = np.append(0, np.cumsum(size))
    order = ranges(first, size)
    flat, product = flat[order], product[order]
    return Parts(
        offsets.astype(np.int32),
        _with_nulls(items[flat].astype(np.int64), unknown[flat]),
        _with_nulls(product.astype(np.int64), product == 0),
        None if parts.hosts is None else Column(host[order].astype(np.uint8)),
    ), origin[order]


def _levels(
    starts: Rows,
    lengths: Rows,
    inner: NDArray[np.bool_],
    system: Rows,
    name: Callable[[int], object],
) -> list[Rows]:
    """The systems that contain systems, each behind those that it contains."""
    rows = np.flatnonzero(inner)
    contained = system[rows]
    container = np.searchsorted(starts + lengths, rows, side="right")
    waiting = np.bincount(container, minlength=len(starts))
    order = stable_order(contained)
    by_contained = contained[order]
    ready = np.unique(contained)
    ready = ready[waiting[ready] == 0]
    levels = []
    while len(ready):
        begins = np.searchsorted(by_contained, ready)
        ends = np.searchsorted(by_contained, ready, side="right")
        touched = container[order[ranges(begins, ends - begins)]]
        np.subtract.at(waiting, touched, 1)
        touched = np.unique(touched)
        ready = touched[waiting[touched] == 0]
        if len(ready):
            levels.append(ready)
    if waiting.any():
        raise _cycle(rows, container, contained, waiting > 0, name)
    return levels


def _cycle(
    rows: Rows,
    container: Rows,
    contained: Rows,
    stuck: NDArray[np.bool_],
    name: Callable[[int], object],
) -> InputError:
    """What is wrong with systems that all wait for one another."""
    held = stuck[container] & stuck[contained]
    # Written backwards, so that the first part of a system that is held up stays.
    following = dict(
        zip(container[held][::-1].tolist(), contained[held][::-1].tolist(), strict=True)
    )
    row_of = dict(zip(container[held][::-1].tolist(), rows[held][::-1].tolist(), strict=True))
    path: dict[int, None] = {}
    each = next(iter(row_of))
    while each not in path:
        path[each] = None
        each = following[each]
    cycle = list(path)[list(path).index(each) :]
    begin = min(range(len(cycle)), key=lambda i: row_of[cycle[i]])
    cycle = [*cycle[begin:], *cycle[:begin], cycle[begin]]
    shown = [str(name(each)) for each in cycle]
    if len(shown) > _SHOWN:
        shown = [*shown[: _SHOWN - 1], "...", shown[-1]]
    return InputError(
        "chip",
        row_of[cycle[0]],
        name(cycle[1]),
        f"a system that does not contain itself: {' -> '.join(shown)}",
    )


def _counts(column: Column) -> NDArray[np.uint64]:
    """Counts, 0 where nobody knows them. Raises InputError."""
    values = column.values
    assert values is not None
    missing = column.nulls()
    if values.dtype.kind == "f":
        missing |= np.isnan(values)
    known = np.where(missing, values.dtype.type(1), values)
    wrong = (known < 1) | (known > LARGEST_COUNT)
    if values.dtype.kind == "f":
        wrong |= known != np.floor(known)
    if wrong.any():
        row = int(np.argmax(wrong))
        value: Any = values[row].item()
        raise InputError("count", row, value, f"a whole number from 1 to {LARGEST_COUNT}")
    return np.where(missing, np.uint64(0), known.astype(np.uint64))


def _with_nulls(values: NDArray[np.int64], nulls: NDArray[np.bool_]) -> Column:
    if not nulls.any():
        return Column(values)
    return Column(values, present=np.packbits(~nulls, bitorder="little"))
