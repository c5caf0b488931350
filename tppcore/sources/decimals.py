"""Numbers of any type as doubles that mean the same decimal, or an error."""

from __future__ import annotations

import datetime
import sys
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import LARGEST, MISSING, Doubles
from tppcore.errors import InputError
from tppcore.rules.condition import days
from tppcore.rules.vocabulary import QuantitySpec

FLOAT_MAX = Fraction(sys.float_info.max)

_TRUE, _FALSE = {"1", "y", "yes", "true", "t"}, {"0", "n", "no", "false", "f"}


def exact(value: Any, column: str, row: int | None = None) -> Fraction | None:
    """The decimal that a scalar stands for; None for None, NaN and blank text.

    A float stands for the shortest decimal that reads back as it, in its own width; text, int and
    Decimal for themselves. Raises InputError.
    """
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)):
        raise InputError(column, row, value, "a number")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, str) and not value.strip():
        return None
    # str of a NumPy float is the shortest decimal of its own width, as repr is of a float.
    text = str(value) if isinstance(value, np.floating) else value
    text = repr(value) if type(value) is float else text
    try:
        number = Decimal(int(text) if isinstance(text, (int, np.integer)) else text)
    except (InvalidOperation, TypeError, ValueError):
        raise InputError(column, row, value, "a number") from None
    if number.is_nan():
        return None
    if not number.is_finite():
        raise InputError(column, row, value, "a finite number")
    return Fraction(number)


def double(value: Fraction, column: str, row: int | None = None) -> float:
    """The double that stands for a decimal. Raises InputError if none does."""
    if abs(value) > FLOAT_MAX:
        raise InputError(column, row, "a number beyond 1e308", f"0 or a number up to {LARGEST:g}")
    nearest = float(value)
    if Fraction(repr(nearest)) != value:
        shown = str(value) if value.denominator == 1 else f"{value} (about {nearest!r})"
        raise InputError(column, row, shown, f"no more digits than a double carries ({nearest!r})")
    return nearest


def truth(value: Any, column: str, row: int | None = None) -> bool | None:
    """True, False or None from 0 and 1, y and n, yes and no, true and false. Raises InputError."""
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return None
    word = str(value).strip().lower().removesuffix(".0")
    if not word or word in ("none", "null", "<na>"):
        return None
    if word not in _TRUE | _FALSE:
        raise InputError(column, row, value, "1 or 0, y or n, yes or no, true or false, or nothing")
    return word in _TRUE


def date(value: Any, column: str, row: int | None = None) -> Fraction | None:
    """Days since 1970-01-01 of a date or its ISO text. Raises InputError."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime.datetime):
        value = value.date()
    if not isinstance(value, datetime.date):
        try:
            value = datetime.date.fromisoformat(str(value))
        except ValueError:
            raise InputError(column, row, value, "a date such as 2023-11-17") from None
    return Fraction(days(value))


def word(value: Any, spec: QuantitySpec, row: int | None = None) -> Fraction | None:
    """The code of a word of a category. Raises InputError."""
    if value is None or value == "":
        return None
    if value not in spec.words:
        raise InputError(spec.name, row, value, f"one of {', '.join(spec.words)}")
    return Fraction(spec.words.index(value))


def scalar(value: Any, spec: QuantitySpec, row: int | None = None) -> Fraction | None:
    """The number of one cell of any kind of quantity. Raises InputError."""
    if isinstance(value, float) and value != value:
        return None
    match spec.kind:
        case "boolean":
            held = truth(value, spec.name, row)
            return None if held is None else Fraction(int(held))
        case "date":
            return date(value, spec.name, row)
        case "category":
            return word(value, spec, row)
        case _:
            return exact(value, spec.name, row)


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
    if spec.kind == "boolean" and kind in "b":
        filled = array.astype(np.uint8)
        if mask is not None:
            filled[mask] = MISSING
        return filled
    if spec.kind in ("number", "boolean") and kind in "fiu" and array.dtype.itemsize <= 8:
        doubles = _numeric(array, name)
        if mask is not None and mask.any():
            doubles = np.where(mask, np.nan, doubles)
        return _flags(doubles, name) if spec.kind == "boolean" else np.ascontiguousarray(doubles)
    if spec.kind == "date" and kind == "M":
        return _days(array)
    out = np.full(len(array), np.nan)
    for i, value in enumerate(array.tolist()):
        if mask is not None and mask[i]:
            continue
        found = scalar(value, spec, i)
        if found is not None:
            out[i] = double(found, name, i)
    return out


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
