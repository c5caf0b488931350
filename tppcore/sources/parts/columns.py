"""The columns of a table of parts that the engines take: how many of an item, and whether hosts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tppcore.engine.columns import MISSING, Column
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError
from tppcore.sources.columns import column
from tppcore.sources.parts.frames import is_arrow
from tppcore.sources.parts.keys import numbers_of_arrow, spec_of


def counts_of(values: Any) -> Column:
    """Counts as they stand if they are integers or doubles; else, exactly, as doubles.

    Raises InputError with the row for what is no number.
    """
    counts = (
        numbers_of_arrow(values, "count")
        if is_arrow(values)
        else column(values, spec_of("count"), "count")
    )
    assert counts.values is not None
    is_narrow = counts.values.dtype.kind == "f" and counts.values.dtype != np.float64
    if counts.scale is None and not is_narrow:
        return counts
    return widened_column(counts, "count")


def hosts_of(values: Any) -> Column:
    """Booleans, of which none is missing. Raises InputError with the row."""
    if is_arrow(values):
        from tppcore.sources.arrow import column_of

        found = column_of(values, spec_of("host", "boolean"), "host")
        flags = widened_column(found, "host")
    else:
        flags = column(values, spec_of("host", "boolean"), "host")
    assert flags.values is not None
    missing = flags.values == MISSING
    if missing.any():
        raise InputError("host", int(np.argmax(missing)), None, "true or false")
    return flags
