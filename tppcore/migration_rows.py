"""The rows that change in a migration: what names them, and what they were and become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.limits import limit
from tppcore.sinks.outcome import UNDETERMINED
from tppcore.sources.columns import key_columns
from tppcore.sources.table import Table
from tppcore.system_api import Few

if TYPE_CHECKING:
    from tppcore.sources.system_table import SystemTable

Source: TypeAlias = "Table | Few | SystemTable"
Codes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """`at`: the places of the rows that change, in their order; `codes` and `texts`: what they are
    before and after; `limited`: the rulebook whose limiting tests are told, if any."""

    source: Source
    at: Places
    codes: tuple[Codes, Codes]
    texts: tuple[Sequence[str], Sequence[str]]
    limited: Rulebook | None

    def __len__(self) -> int:
        return len(self.at)

    @property
    def what(self) -> str:
        """What a row is, in the plural."""
        if isinstance(self.source, Table):
            return "rows" if self.source.chips is None else "chips"
        return "systems"

    def first(self, rows: int) -> ChangedRows:
        """The first of them, those that are certain on both sides before the others."""
        is_open = np.zeros(len(self.at), np.bool_)
        for codes, texts in zip(self.codes, self.texts, strict=True):
            is_open |= np.array([text.startswith(UNDETERMINED) for text in texts])[codes]
        return self.taken(np.argsort(is_open, kind="stable")[:rows])

    def taken(self, places: Places) -> ChangedRows:
        """Those at some places."""
        codes = (self.codes[0][places], self.codes[1][places])
        return ChangedRows(self.source, self.at[places], codes, self.texts, self.limited)

    def table(self, limits: int) -> Any:
        """As a pyarrow table, with the limiting test of each if they are no more than `limits`."""
        try:
            import pyarrow as pa
        except ImportError:
            raise TppError(
                "a table of the changed rows needs pyarrow; expected the extra tppcore[files]"
            ) from None
        columns: dict[str, Any] = {}
        for codes, texts, name in zip(self.codes, self.texts, ("before", "after"), strict=True):
            used, dense = np.unique(codes, return_inverse=True)
            words = pa.array([texts[code] for code in used], pa.string())
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(dense.astype(np.int32)), words)
        if self.has_limits and len(self) <= limits:
            columns["limiting_test"] = pa.array(self.limiting_tests(), pa.string())
        keys = {name: column for name, column in self.keys().items() if name not in columns}
        return pa.table({**{name: _arrow(column) for name, column in keys.items()}, **columns})

    @property
    def has_limits(self) -> bool:
        """Whether there are limiting tests: of the outcomes of chips and rows."""
        return self.limited is not None and isinstance(self.source, Table)

    def limiting_tests(self) -> list[str | None]:
        """The limiting test of each row afterwards, None where there is none."""
        assert self.limited is not None
        assert isinstance(self.source, Table)
        found = []
        for row in self.at.tolist():
            nearest = limit(self.limited, self.source.chip(row).quantities)
            found.append(None if nearest is None else nearest.text)
        return found

    def keys(self) -> dict[str, Any]:
        """What names the rows: columns of lists or arrays, those of Arrow tables as they are."""
        source, at = self.source, self.at
        if isinstance(source, Table) and source.chips is None:
            return {"row": at + 1, **_own_columns(source.source, at)}
        if isinstance(source, Table | Few):
            things = source.chips if isinstance(source, Table) else source.source
            assert things is not None
            some = [things[i] for i in at.tolist()]
            one = self.what[:-1]
            names = [
                each.name or f"{one} {i + 1}" for i, each in zip(at.tolist(), some, strict=True)
            ]
            ids = [each.id for each in some]
            return {**({"id": ids} if any(ids) else {}), "name": names}
        return {"system": at + 1 if source.names is None else source.names[at]}


def _own_columns(table: Any, at: Places) -> dict[str, Any]:
    """The columns of a caller's table that are no quantities, at some rows."""
    from tppcore.rules.store import specs

    quantities = specs().vocabulary.quantities
    if hasattr(table, "column_names"):
        names = key_columns(table.column_names, quantities)
        return {name: _taken(table.column(name), at) for name in names}
    found = {}
    given = table.dtype.names if isinstance(table, np.ndarray) else table
    for name in key_columns(given, quantities):
        values = table[name]
        if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
            continue  # no column, but something said of the whole table
        array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
        if array.ndim == 1:
            found[name] = array[at]
    return found


def _taken(column: Any, at: Places) -> Any:
    import pyarrow as pa

    # Arrow can't take from the views that Polars has for text.
    is_view = pa.types.is_string_view(column.type)
    return (column.cast(pa.large_string()) if is_view else column).take(at)


def _arrow(column: Any) -> Any:
    """A column of names for Arrow: text, where its values are of several kinds."""
    import pyarrow as pa

    try:
        return pa.array(column) if not hasattr(column, "chunks") else column
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if each is None else str(each) for each in column], pa.string())
