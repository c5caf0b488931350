"""Arrow arrays as columns for the engines, over the same memory where they take the type."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column
from tppcore.engine.joining import joined_column
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources import arrow_cells
from tppcore.sources.arrow_batches import Buffers, Field
from tppcore.sources.columns import column as numpy_column
from tppcore.sources.parts.taking import taken

NUMBERS = arrow_cells.NUMBERS

_DAYS = "tdD"


def column(arrays: Sequence[Buffers], spec: QuantitySpec, name: str) -> Column:
    """The rows of all arrays, which have one type, as a column of a quantity.

    One array is not copied if the engines take its type, several are. Raises InputError for a cell
    that can't be used; its row is the one among all of them.
    """
    field = arrays[0].field
    if field.dictionary is None and field.format != "+r":
        if spec.kind == "boolean" and field.format == "b":
            return _bits(arrays)
        if spec.kind == "date" and field.format == _DAYS:
            return _fixed(arrays, np.int32)
        if spec.kind == "number" and field.format in NUMBERS:
            return _fixed(arrays, NUMBERS[field.format])
        if spec.kind == "number" and (scale := _scale(field)) is not None:
            return replace(_fixed(arrays, np.uint64, 2), scale=scale)
    parts: list[tuple[Column | None, int]] = []
    rows = 0
    for array in arrays:
        try:
            parts.append((_converted(array, spec, name), array.length))
        except InputError as error:
            raise error.after(rows) from None
        rows += array.length
    return joined_column(parts, name)


def without(found: Column, nulls: NDArray[np.bool_], name: str) -> Column:
    """The column without some rows: they are missing."""
    if found.bits is not None:
        found = widened_column(found, name)
    present = np.packbits(~(found.nulls() | nulls), bitorder="little")
    return replace(found, present=present, first_bit=0)


def _scale(field: Field) -> int | None:
    """The scale of a decimal that the engines take."""
    kind, _, digits = field.format.partition(":")
    if kind != "d":
        return None
    _, scale, *bits = map(int, digits.split(","))
    return scale if scale >= 0 and bits in ([], [128]) else None


def _fixed(arrays: Sequence[Buffers], dtype: Any, width: int = 1) -> Column:
    """Numbers of one width; `width` elements each."""
    unsigned = dtype is np.uint8
    if len(arrays) == 1:
        [array] = arrays
        present = array.bitmap(0) if array.nulls else None
        first = array.offset % 8 if array.nulls else 0
        values = array.values(dtype, width)
        return Column(values, present=present, first_bit=first, unsigned=unsigned)
    size = np.dtype(dtype).itemsize * width
    values = np.empty(width * sum(array.length for array in arrays), dtype)
    to = values.ctypes.data
    for array in arrays:
        if array.length:
            source = array.buffers[1] + size * array.offset
            ctypes.memmove(to, source, size * array.length)
        to += size * array.length
    if width > 1:
        values = values.reshape(-1, width)
    return Column(values, present=_present(arrays), unsigned=unsigned)


def _bits(arrays: Sequence[Buffers]) -> Column:
    if len(arrays) == 1:
        [array] = arrays
        present = array.bitmap(0) if array.nulls else None
        return Column(
            array.bitmap(1), present=present, first_bit=array.offset % 8, bits=array.length
        )
    bits = np.concatenate([array.bits(1) for array in arrays])
    packed = np.packbits(bits, bitorder="little")
    return Column(packed, present=_present(arrays), bits=len(bits))


def _present(arrays: Sequence[Buffers]) -> NDArray[np.uint8] | None:
    if not any(array.nulls for array in arrays):
        return None
    return np.packbits(np.concatenate([array.present() for array in arrays]), bitorder="little")


def _converted(array: Buffers, spec: QuantitySpec, name: str) -> Column:
    """A column of any other type, copied."""
    field = array.field
    if field.dictionary is not None or field.format == "+r":
        return _taken(array, spec, name)
    if field.format == "n":
        values: NDArray[np.float64] = np.full(array.length, np.nan)
    elif spec.kind == "boolean" and field.format in NUMBERS:
        values = _truths(array, name)
    else:
        values = arrow_cells.read(array, spec, name)
    return _as_flags(values) if spec.kind == "boolean" else Column(values)


def _as_flags(values: NDArray[np.float64]) -> Column:
    return Column(np.where(np.isnan(values), MISSING, values == 1).astype(np.uint8))


def _truths(array: Buffers, name: str) -> NDArray[np.float64]:
    """Booleans that are written 0 and 1."""
    numbers = array.values(NUMBERS[array.field.format])
    values = np.where(array.present(), numbers, np.nan).astype(np.float64)
    strange = ~np.isnan(values) & (values != 0) & (values != 1)
    if strange.any():
        row = int(np.argmax(strange))
        value = numbers[row].item()
        shown = str(int(value)) if value == int(value) else str(value)
        raise InputError(name, row, shown, arrow_cells.TRUTHS)
    return values


def _taken(array: Buffers, spec: QuantitySpec, name: str) -> Column:
    """Values by their index, of a dictionary or of runs: only those that are used are looked at."""
    codes, present, values = arrow_cells.coded(array)
    used, first, dense = np.unique(codes[present], return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # as they appear, so that the first bad row is told
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    try:
        one = _picked(values, used[order], spec, name)
    except InputError as error:
        place_of_first = first[order[error.row or 0]]
        raise error.at(int(np.flatnonzero(present)[place_of_first])) from None
    out = np.full(array.length, MISSING if spec.kind == "boolean" else np.nan, one.dtype)
    out[present] = one[place[dense]]
    return Column(out)


def _picked(
    values: Buffers, rows: NDArray[np.int64], spec: QuantitySpec, name: str
) -> NDArray[Any]:
    """Some rows as doubles or flags. The row of an InputError is one among them."""
    kind = NUMBERS.get(values.field.format)
    if values.field.dictionary is None and values.field.format in arrow_cells.TEXTS:
        texts = arrow_cells.texts(values)
        read = arrow_cells.parsed([texts[row] for row in rows.tolist()], spec, name)
        found = _as_flags(read) if spec.kind == "boolean" else Column(read)
    elif values.field.dictionary is None and (kind or values.field.format == "b"):
        every = values.values(kind) if kind else values.bits(1)
        numbers = np.ma.MaskedArray(every[rows], ~values.present()[rows])
        found = widened_column(numpy_column(numbers, spec, name), name)
    else:
        found = widened_column(taken(column([values], spec, name), rows), name)
    assert found.values is not None
    return found.values
