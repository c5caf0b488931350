"""Columns of several tables one after the other, copied into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns, Doubles
from tppcore.engine.widen import widened_column

Part = tuple[Column | None, int]
"""A column, or None where a table lacks it, and the rows of its table."""


def joined(tables: Sequence[Columns]) -> Columns:
    """The rows of all tables; one that lacks a column has nothing but missing values there."""
    if len(tables) == 1:
        return tables[0]
    names = dict.fromkeys(name for table in tables for name in table.by_quantity)
    found = {}
    for name in names:
        parts = [(table.by_quantity.get(name), table.rows) for table in tables]
        found[name] = joined_column(parts, name)
    return Columns(sum(table.rows for table in tables), found)


def joined_column(parts: Sequence[Part], name: str) -> Column:
    """One column of all parts: of their own type where that is the same, else of float64.

    Raises InputError where that loses a digit; its row is one of the part that has it.
    """
    if len(parts) == 1 and parts[0][0] is not None:
        return parts[0][0]
    given = [each for each, _ in parts if each is not None and each.values is not None]
    if len({_type(each) for each in given}) > 1:
        parts = [(each and widened_column(each, name), rows) for each, rows in parts]
        given = [each for each, _ in parts if each is not None and each.values is not None]
    low = _ends([(None if each is None else each.low, n) for each, n in parts])
    high = _ends([(None if each is None else each.high, n) for each, n in parts])
    if not given:
        return Column(low=low, high=high)
    is_boolean = given[0].is_boolean
    values = np.concatenate([_values(each, rows, given[0]) for each, rows in parts])
    present = None
    if not is_boolean and not all(
        each is not None and each.values is not None and each.present is None for each, _ in parts
    ):
        there = [
            np.zeros(rows, np.bool_) if each is None or each.values is None else ~each.nulls()
            for each, rows in parts
        ]
        present = np.packbits(np.concatenate(there), bitorder="little")
    return Column(values, low, high, present, scale=given[0].scale, unsigned=given[0].unsigned)


def _type(column: Column) -> tuple[Any, ...]:
    """Columns of one type can be joined as they are; booleans always."""
    assert column.values is not None
    return column.values.dtype, column.scale, column.unsigned


def _values(column: Column | None, rows: int, like: Column) -> NDArray[Any]:
    """Values of the type that `like` has; of booleans bytes, missing ones in them."""
    assert like.values is not None
    if column is not None and column.values is not None:
        return column.flags() if column.is_boolean else column.values
    fill = MISSING if like.is_boolean else 0
    return np.full((rows, *like.values.shape[1:]), fill, like.values.dtype)


def _ends(parts: Sequence[tuple[Doubles | None, int]]) -> Doubles | None:
    if all(each is None for each, _ in parts):
        return None
    return np.concatenate([np.full(n, np.nan) if each is None else each for each, n in parts])
