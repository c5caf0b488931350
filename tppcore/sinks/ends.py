"""Both ends of metrics over rows as a caller likes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from tppcore.engine.columns import Doubles


class Answering(Protocol):
    """What answers in the kind of table that it was given."""

    @property
    def kind(self) -> str: ...

    def answer(self, columns: dict[str, Doubles]) -> Any: ...


def answer(
    table: Answering, names: Sequence[str], low: Sequence[Doubles], high: Sequence[Doubles]
) -> Any:
    """Metrics by name from their ends, float64 (rows,) each, NaN where they do not apply.

    Of one chip or system a float, (low, high) or None; else columns: the value, NaN where it is
    uncertain, and NAME_low and NAME_high beside it if some row is.
    """
    if table.kind == "chip":
        return {name: _scalar(low[i][0], high[i][0]) for i, name in enumerate(names)}
    found: dict[str, Any] = {}
    for i, name in enumerate(names):
        if low[i] is high[i]:
            found[name] = low[i]
            continue
        known = low[i] == high[i]
        found[name] = np.where(known, low[i], np.nan)
        if not (known | np.isnan(low[i])).all():
            found[f"{name}_low"], found[f"{name}_high"] = low[i], high[i]
    return table.answer(found)


def _scalar(low: float, high: float) -> Any:
    if math.isnan(low):
        return None
    return float(low) if low == high else (float(low), float(high))
