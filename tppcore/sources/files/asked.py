"""What is wanted of a file, and what its readers have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tppcore.sources import mapping as columns
from tppcore.sources.columns import Quantities
from tppcore.sources.mapping import ColumnMap, Plan


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a file.

    `chosen`: which of its columns are read. `first`: the row at which to begin. `rows`: how many a
    batch has, where the format leaves a choice. `as_stored`: columns of typed formats (Parquet,
    Arrow) that state a quantity in its own unit are left as they are.
    """

    quantities: Quantities
    mapping: ColumnMap | None = None
    chosen: Callable[[Plan], Plan] = lambda steps: steps
    first: int = 0
    rows: int = 1 << 17
    as_stored: bool = False

    def plan(self, names: Sequence[str], file: str) -> Plan:
        return self.chosen(columns.plan(names, self.quantities, self.mapping, file))

    def apply(self, steps: Plan, table: Any, first: int, place: Callable[[int], str | None]) -> Any:
        return columns.apply(steps, table, first, place, as_stored=self.as_stored)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a file before it is read: its columns (a pyarrow schema; of formats without
    types all are text), how many rows it has, and how many bytes those of a column take in it."""

    schema: Any
    rows: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)


def since(first: int, batches: Iterable[Any], begin: int = 0) -> Iterator[tuple[int, Any]]:
    """Batches, the first of which begins at row `begin`, from row `first` on: each with the row at
    which it begins."""
    for batch in batches:
        skipped = min(max(first - begin, 0), batch.num_rows)
        if skipped < batch.num_rows:
            yield begin + skipped, batch.slice(skipped)
        begin += batch.num_rows


def text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, (int, float)) else str(cell)


def texts(names: Sequence[str]) -> Any:
    return pa.schema([(name, pa.string()) for name in names])


def first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].split(". Detail:", 1)[0]
