"""Units summed over equal shipments, in memory that grows with the different ones only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tppcore.errors import TppError
from tppcore.shipments.fields import LARGEST

Numbers = NDArray[np.int64]

_PENDING = 1 << 20  # rows that wait to be summed
_PACKED = {"year": 14, "place": 10, "authorization": 4, "headquarters": 2, "unknown_units": 1}
"""Bits of the keys that few values have; `product` takes the bits above them. A place is shifted
by one, because none is -1."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Shipments that agree in all keys, (n,) each: `units` and `rows` are their sums.

    `consignee` and `place` are -1 where the rows don't say them; where `unknown_units` is 1 the
    rows have no units that could be counted, and `units` is 0.
    """

    year: Numbers
    place: Numbers
    authorization: Numbers
    headquarters: Numbers
    unknown_units: Numbers
    product: Numbers
    consignee: Numbers
    units: Numbers
    rows: Numbers


class Sums:
    """Sums of units, exact: they are refused where they could leave 64 bits."""

    def __init__(self) -> None:
        self._total = 0
        self._summed: Any = None
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, keys: Mapping[str, Numbers], units: Numbers) -> None:
        """Add rows: `keys` has the keys of Cells, (n,) each, and `units` is (n,) too."""
        if not len(units):
            return
        largest = int(units.max())
        # A bound is enough as long as it fits; the sum itself is needed above it only.
        if self._total + largest * len(units) <= LARGEST:
            self._total += int(units.sum())
        else:
            self._total += sum(units.tolist())
        if self._total > LARGEST:
            raise TppError(f"units: more than {LARGEST} in all; expected fewer")
        packed = keys["product"].astype(np.int64)
        for name, bits in _PACKED.items():
            packed <<= bits
            packed += keys[name] + (name == "place")
        self._waiting.append(
            pa.table(
                {
                    "packed": packed,
                    "consignee": keys["consignee"].astype(np.int64),
                    "units": units.astype(np.int64),
                    "rows": np.ones(len(units), np.int64),
                }
            )
        )
        self._rows += len(units)
        done = 0 if self._summed is None else self._summed.num_rows
        # Summing again costs as much as what is summed: seldom, the more there is.
        if self._rows > max(_PENDING, done):
            self._sum()

    def cells(self) -> Cells:
        """What has been added so far."""
        self._sum()
        if self._summed is None:
            return Cells(*(np.zeros(0, np.int64) for _ in Cells.__dataclass_fields__))
        columns = {name: self._summed[name].to_numpy() for name in self._summed.column_names}
        packed = columns.pop("packed").copy()
        for name, bits in reversed(_PACKED.items()):
            columns[name] = (packed & ((1 << bits) - 1)) - (name == "place")
            packed >>= bits
        return Cells(product=packed, **columns)

    def _sum(self) -> None:
        tables = self._waiting if self._summed is None else [self._summed, *self._waiting]
        if not self._waiting:
            return
        keys = ["packed", "consignee"]
        self._summed = summed(pa.concat_tables(tables), keys, ["units", "rows"])
        self._waiting, self._rows = [], 0


def summed(table: Any, keys: list[str], numbers: list[str]) -> Any:
    """The sums of columns over rows of equal keys, under the names of those columns."""
    found = table.group_by(keys).aggregate([(name, "sum") for name in numbers])
    return found.select([*keys, *(f"{name}_sum" for name in numbers)]).rename_columns(
        [*keys, *numbers]
    )
