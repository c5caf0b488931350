"""Columns of any type as doubles that mean the same decimals, for engines that know no other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Column, Columns, Doubles
from tppcore.errors import InputError

_EXACT_INTEGER = 10**15
"""Integers up to here are their own shortest decimals: 15 digits survive the way to a double."""


def widened(columns: Columns) -> Columns:
    """The same table in float64 and booleans alone; columns that are so already are shared.

    Raises InputError for a number with more digits than a double carries.
    """
    return Columns(
        columns.rows,
        {name: widened_column(column, name) for name, column in columns.by_quantity.items()},
    )


def widened_column(column: Column, name: str) -> Column:
    """One column in float64 or booleans. Raises InputError."""
    if column.is_plain or column.values is None:
        return column
    if column.is_boolean:
        return Column(column.flags(), column.low, column.high)
    nulls = column.nulls()
    doubles = _doubles(column, nulls, name)
    if nulls.any():
        doubles = np.where(nulls, np.nan, doubles)
    return Column(doubles, column.low, column.high)


def _doubles(column: Column, nulls: NDArray[np.bool_], name: str) -> Doubles:
    values = column.values
    assert values is not None
    if column.scale is not None:
        return _decimals(column, nulls, name)
    if values.dtype == np.float64:
        return values
    if values.dtype == np.float32:
        return of_singles(values)
    doubles: Doubles = values.astype(np.float64)
    for i in np.flatnonzero((np.abs(doubles) > _EXACT_INTEGER) & ~nulls):
        _check(Fraction(int(values[i])), float(doubles[i]), name, int(i))
    return doubles


def of_singles(array: NDArray[np.float32]) -> Doubles:
    """float32 as the doubles of their own shortest decimals.

    r / 10^k with |r| <= 10^6 is the shortest decimal of a float32 it reads back as (decimals of
    at most 6 digits are distinct there); what is left is done one by one.
    """
    wide: Doubles = array.astype(np.float64)
    found = np.isnan(wide) | np.isinf(wide) | (wide == 0)
    out = wide.copy()
    for k in range(7):
        scaled = np.rint(wide * 10.0**k)
        candidate = scaled / 10.0**k
        fits = ~found & (np.abs(scaled) <= 1e6) & (candidate.astype(np.float32) == array)
        out[fits] = candidate[fits]
        found |= fits
    for i in np.flatnonzero(~found):
        out[i] = float(str(array[i]))
    return out


def decimals(column: Column, rows: range) -> Iterator[Fraction]:
    """The numbers of a decimal128 column, exactly."""
    assert column.values is not None
    assert column.scale is not None
    power = 10**column.scale
    for low, high in column.values[rows.start : rows.stop].tolist():
        whole = high << 64 | low
        yield Fraction(whole - (whole >> 127 << 128), power)


def _decimals(column: Column, nulls: NDArray[np.bool_], name: str) -> Doubles:
    values, scale = column.values, column.scale
    assert values is not None
    assert scale is not None
    short = (values[:, 1] == 0) & (values[:, 0] <= _EXACT_INTEGER) & (scale <= 22)
    # Mantissa and power of ten are doubles, so their quotient is rounded once.
    doubles: Doubles = values[:, 0].astype(np.float64) / 10.0 ** min(scale, 22)
    for i in np.flatnonzero(~short & ~nulls):
        exact = next(decimals(column, range(int(i), int(i) + 1)))
        doubles[i] = float(exact)
        _check(exact, float(doubles[i]), name, int(i))
    return doubles


def _check(exact: Fraction, double: float, name: str, row: int) -> None:
    if Fraction(repr(double)) != exact:
        with localcontext(prec=60):
            shown = Decimal(exact.numerator) / Decimal(exact.denominator)
        raise InputError(name, row, shown, "no more digits than a double carries")
