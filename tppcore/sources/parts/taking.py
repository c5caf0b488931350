"""Some rows of columns, in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.engine.widen import widened_column


def taken(column: Column, rows: NDArray[Any]) -> Column:
    """The rows asked for, in their order, of the type that the column has."""
    parts = (column.values, column.low, column.high)
    if column.bits is not None:
        parts = (column.flags(), column.low, column.high)
    values, low, high = (None if part is None else part[rows] for part in parts)
    present = None
    if column.present is not None and column.bits is None:
        present = np.packbits(~column.nulls()[rows], bitorder="little")
    return Column(values, low, high, present, scale=column.scale, unsigned=column.unsigned)


def taken_columns(columns: Columns, rows: NDArray[Any]) -> Columns:
    """The same of every column."""
    found = {name: taken(column, rows) for name, column in columns.by_quantity.items()}
    return Columns(len(rows), found)


def joined(columns: Columns, rows: NDArray[Any]) -> Columns:
    """The rows asked for, and one where everything is missing for each -1.

    Raises InputError for a number with more digits than a double carries.
    """
    missing = rows < 0
    if not missing.any():
        return taken_columns(columns, rows)
    found = {}
    for name, column in columns.by_quantity.items():
        wide = widened_column(column, name)
        values, low, high = (
            _or_missing(each, rows, missing) for each in (wide.values, wide.low, wide.high)
        )
        found[name] = Column(values, low, high)
    return Columns(len(rows), found)


def _or_missing(
    values: NDArray[Any] | None, rows: NDArray[Any], missing: NDArray[np.bool_]
) -> NDArray[Any] | None:
    if values is None:
        return None
    nothing = values.dtype.type(MISSING if values.dtype == np.uint8 else np.nan)
    if not len(values):
        return np.full(len(rows), nothing)
    found: NDArray[Any] = np.where(missing, nothing, values[np.maximum(rows, 0)])
    return found
