"""NumPy columns of any type as doubles that mean the same decimals, or an error."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Doubles
from tppcore.errors import InputError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources.decimals import double, scalar


def column(values: Any, spec: QuantitySpec, name: str) -> NDArray[np.float64] | NDArray[np.uint8]:
    """One column of NumPy values as the engines take it: float64 with NaN for missing, or uint8.

    float64 numbers are taken as they are, without a copy if contiguous; booleans become uint8.
    Raises InputError with the row.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(name, None, f"{array.ndim} dimensions", "one dimension")
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    kind = array.dtype.kind
    if spec.kind == "boolean" and (kind == "b" or (array.dtype == np.uint8 and _is_binary(array))):
        flags = np.ascontiguousarray(array).view(np.uint8)
        return flags if mask is None else np.where(mask, np.uint8(MISSING), flags)
    if spec.kind in ("number", "boolean") and kind in "fiu" and array.dtype.itemsize <= 8:
        doubles = _numeric(array, name)
        if mask is not None and mask.any():
            doubles = np.where(mask, np.nan, doubles)
        return _flags(doubles, name) if spec.kind == "boolean" else np.ascontiguousarray(doubles)
    if spec.kind == "date" and kind == "M":
        return _days(array)
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
    return _flags(out, name) if spec.kind == "boolean" else out


def _is_binary(array: NDArray[Any]) -> bool:
    return not len(array) or int(array.max()) <= 1


def _numeric(array: NDArray[Any], name: str) -> Doubles:
    if array.dtype == np.float64:
        return array
    if array.dtype.kind in "iu":
        doubles: Doubles = array.astype(np.float64)
        # Integers up to 10^15 are their own shortest decimals; only longer ones can lose a digit.
        for i in np.flatnonzero(np.abs(doubles) > 1e15):
            double(Fraction(int(array[i])), name, int(i))
        return doubles
    return _from_narrow(array)


def _from_narrow(array: NDArray[Any]) -> Doubles:
    """float32 or float16 as the doubles of their own shortest decimals.

    r / 10^k with |r| <= 10^6 is the shortest decimal of a float32 it reads back as (decimals of
    at most 6 digits are distinct there); what is left is done one by one.
    """
    wide: Doubles = array.astype(np.float64)
    found = np.isnan(wide) | np.isinf(wide) | (wide == 0)
    out = wide.copy()
    if array.dtype == np.float32:
        for k in range(7):
            scaled = np.rint(wide * 10.0**k)
            candidate = scaled / 10.0**k
            fits = ~found & (np.abs(scaled) <= 1e6) & (candidate.astype(np.float32) == array)
            out[fits] = candidate[fits]
            found |= fits
    for i in np.flatnonzero(~found):
        out[i] = float(str(array[i]))
    return out


def _flags(doubles: Doubles, name: str) -> NDArray[np.uint8]:
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
