"""NumPy columns of any type as the engines take them, or an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Doubles
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources.decimals import double, scalar
from tppcore.sources.processing_units import COLUMN

Quantities = Mapping[str, QuantitySpec]

_ENDS = ("_low", "_high")


def quantity_of(name: str, quantities: Quantities) -> QuantitySpec | None:
    """The quantity that a column of this name states, as a value or as one end of a range."""
    for end in _ENDS:
        if name.endswith(end) and (spec := quantities.get(name.removesuffix(end))):
            return spec if spec.kind == "number" and not spec.internal else None
    spec = quantities.get(name)
    return None if spec is None or spec.internal else spec


def key_columns(names: Iterable[str], quantities: Quantities) -> list[str]:
    """The columns that only name the rows of a table."""
    return [name for name in names if name != COLUMN and not quantity_of(name, quantities)]


def column(values: Any, spec: QuantitySpec, name: str) -> Column:
    """One column of NumPy values as the engines take it.

    Numbers are taken as they are, without a copy if contiguous; booleans become uint8, all else
    float64. Raises InputError with the row.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(name, None, f"{array.ndim} dimensions", "one dimension")
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    kind = array.dtype.kind
    if spec.kind == "boolean" and (kind == "b" or (array.dtype == np.uint8 and _is_binary(array))):
        flags = np.ascontiguousarray(array).view(np.uint8)
        return Column(flags if mask is None else np.where(mask, np.uint8(MISSING), flags))
    if spec.kind in ("number", "boolean") and kind in "fiu" and array.dtype.itemsize <= 8:
        numbers = _numbers(array, name, mask)
        if spec.kind == "boolean":
            return Column(_flags(widened_column(numbers, name).values, name))
        return numbers
    if spec.kind == "date" and kind == "M":
        return Column(_days(array))
    out = np.full(len(array), np.nan)
    known: dict[Any, float] = {}  # words, dates and round numbers repeat themselves
    for i, value in enumerate(array.tolist()):
        if (mask is not None and mask[i]) or value is None:
            continue
        key = (type(value), str(value))
        if key not in known:
            found = scalar(value, spec, i)
            known[key] = np.nan if found is None else double(found, name, i)
        out[i] = known[key]
    return Column(_flags(out, name) if spec.kind == "boolean" else out)


def _is_binary(array: NDArray[Any]) -> bool:
    return not len(array) or int(array.max()) <= 1


def _numbers(array: NDArray[Any], name: str, mask: NDArray[np.bool_] | None) -> Column:
    if array.dtype == np.float16:
        array = np.array([float(str(value)) for value in array], np.float64)
    native = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    values = np.ascontiguousarray(native)
    unsigned = values.dtype == np.uint8
    if mask is None or not mask.any():
        return Column(values, unsigned=unsigned)
    return Column(values, present=np.packbits(~mask, bitorder="little"), unsigned=unsigned)


def _flags(doubles: Any, name: str) -> NDArray[np.uint8]:
    missing = np.isnan(doubles)
    strange = ~missing & (doubles != 0) & (doubles != 1)
    if strange.any():
        row = int(np.argmax(strange))
        raise InputError(name, row, float(doubles[row]), "0, 1 or missing")
    flags: NDArray[np.uint8] = np.where(missing, MISSING, doubles == 1).astype(np.uint8)
    return flags


def _days(array: NDArray[Any]) -> Doubles:
    whole = array.astype("datetime64[D]")
    out: Doubles = whole.astype(np.int64).astype(np.float64)
    out[np.isnat(whole)] = np.nan
    return out
