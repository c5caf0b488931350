"""Columns as the engines take them, and verdicts as they give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Words = NDArray[np.uint64]

MISSING = 255
"""A missing boolean in a uint8 column."""

SMALLEST, LARGEST = 1e-15, 1e24
"""Every finite double in [SMALLEST, LARGEST], and zero, is a quantity."""


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity over n rows.

    `values`: float64 (n,) with NaN for missing, or uint8 (n,) with 0, 1 and 255 for missing.
    `low`, `high`: float64 (n,), the ends of a range, NaN where open. A row has a value or a
    range, never both. Booleans are 0 and 1, dates days since 1970-01-01, categories codes.
    """

    values: NDArray[np.float64] | NDArray[np.uint8] | None = None
    low: Doubles | None = None
    high: Doubles | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by the name of their quantity."""

    rows: int
    by_quantity: Mapping[str, Column]

    def slice(self, begin: int, end: int) -> Columns:
        """Rows begin to end, sharing memory."""
        cut = slice(begin, end)
        return Columns(
            len(range(*cut.indices(self.rows))),
            {
                name: Column(
                    None if column.values is None else column.values[cut],
                    None if column.low is None else column.low[cut],
                    None if column.high is None else column.high[cut],
                )
                for name, column in self.by_quantity.items()
            },
        )


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """Verdicts: Arrow bitmaps (LSB first) of shape (paragraphs, ceil(rows / 64)), uint64.

    A paragraph is decided in a row where its `valid` bit is set; `values` is 0 elsewhere.
    """

    rows: int
    values: Words
    valid: Words
