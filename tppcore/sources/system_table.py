"""Systems by the million: tables of parts, joined to a table of chips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.engine.parts import Parts
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.columns import column as numpy_column
from tppcore.sources.frames import Frame, is_arrow
from tppcore.sources.items import Items
from tppcore.sources.keys import Keys, keys_of, numbers_of_arrow, spec_of
from tppcore.sources.nested import flattened
from tppcore.sources.runs import Rows, grouped
from tppcore.sources.table import Table
from tppcore.sources.taking import joined, taken

_PARTS = ("system", "chip", "count", "host")

Names = NDArray[Any]


class SystemTable:
    """Systems as a table of their parts.

    Parameters
    ----------
    parts: anything tabular that `classify` reads, in one of two forms. Long: a row a part, with
        columns system (whole numbers or text; the rows of a system need not stand together, and
        systems are in the order of their first rows), chip, count, and if wanted host (true for
        host processors). Lists: a row a system, with Arrow list columns chip and count (and host),
        and if wanted a column system of names; every other column is a fact of the system, by
        quantity: system_w, envelope_ft3, scaleout_gbit_s, or a stated sum such as fp64_pflops.
        A chip is text, the id or name of a row of `chips`, or a whole number: the id where the ids
        of `chips` are numbers, else the place in it, from 0. It may be the name of another system
        of the table that is no chip; counts multiply then, and facts of that system do not count.
        A null chip is an item that nobody knows, a null count one that nobody knows, at least 1.
    chips: what the parts are, as a table with a column id or name, or a list of Chips; the
        catalogue if left out.
    systems: with the long form, the facts: a row a system, with a column system.

    Raises
    ------
    InputError: an unknown chip, a cycle, a count that is none, with the row of the table where it
    stands. TppError: not a table, or a column that is not there.

    Attributes
    ----------
    parts: which items make up each system, for the engines. items: the table of those items; its
    order is its own. facts: what is stated of each system. kind: as for `Table`.
    """

    def __init__(self, parts: Any, chips: Any = None, systems: Any = None) -> None:
        frame = Frame(parts, "parts")
        for name in ("chip", "count"):
            if name not in frame.names:
                raise TppError(
                    f"parts: no column {name!r} among {', '.join(frame.names)}; expected the "
                    "columns system, chip and count, or lists in chip and count"
                )
        self.kind = _kind(parts)
        self._given = parts
        items = Items(chips)
        chip = frame.column("chip")
        form = _ListForm if _has_lists(chip) else _LongForm
        self._form: _ListForm | _LongForm = form(frame, chip)
        self._keys: Keys | None = self._form.keys
        self._names: Names | None = None
        self.items, places = items.places(self._form.chips, _Places(self))
        self.parts = self._form.parts(places)
        self._origin: Rows | None = None
        if _has_inner(places):
            try:
                self.parts, self._origin = flattened(self.parts, self.name)
            except InputError as error:
                raise self.located(error) from None
        self.facts = self._form.facts() if systems is None else self._facts_of(systems)

    def __len__(self) -> int:
        return self.parts.systems

    @property
    def names(self) -> Names | None:
        """What the systems are called, (n,): integers or text; None if the lists don't say."""
        if self._names is None and self._keys is not None:
            self._names = self._form.names(self._keys)
        return self._names

    def name(self, i: int) -> str | int:
        """What system i is called; its row if nothing says it."""
        if self._keys is None:
            return f"row {i + 1}"
        found = self._keys.value(self.row_of_system(i))
        return f"row {i + 1}" if found is None else found

    def row_of_part(self, i: int) -> int:
        """The row of the caller's table where part i of `parts` stands."""
        return self._form.row(i if self._origin is None else int(self._origin[i]))

    def row_of_system(self, i: int) -> int:
        """The row of the caller's table where system i stands, or the first one of its parts."""
        return self._form.row_of_system(i)

    def located(self, error: InputError) -> InputError:
        """An error that names a row of `parts`, naming that of the caller's table."""
        if error.row is None or error.column not in _PARTS:
            return error
        is_system = error.column == "system"
        # Errors of flattening come before the origins are known, and name parts as they are given.
        row = self.row_of_system(error.row) if is_system else self.row_of_part(error.row)
        return InputError(error.column, row, error.value, error.expected, error.file)

    @property
    def source(self) -> Any:
        """What answers take the shape of: in pandas a frame with the index of the systems."""
        if self.kind != "pandas" or isinstance(self._form, _ListForm):
            return self._given
        import pandas as pd

        return pd.DataFrame(index=pd.Index(self.names, name="system"))

    def answer(self, columns: dict[str, NDArray[Any]]) -> Any:
        """Columns (n,) in the caller's own kind of table; in the long form behind their systems."""
        table = Table.__new__(Table)
        table.kind, table.source = self.kind, self.source
        if isinstance(self._form, _LongForm) and self.kind != "pandas":
            columns = {"system": self.names, **columns}
        return table.answer(columns)

    def _facts_of(self, systems: Any) -> Columns:
        if isinstance(self._form, _ListForm):
            raise TppError(
                "systems: parts have a row a system already; expected the facts as columns of parts"
            )
        frame = Frame(systems, "systems")
        values = frame.column("system")
        if values is None:
            raise TppError(
                f"systems: no column 'system' among {', '.join(frame.names)}; expected one"
            )
        try:
            keys = keys_of(values, "system").without_nulls("system")
            facts = Table(frame.others(("system",)), specs().vocabulary).columns
            rows = _rows_of(keys, self.names)
            return Columns(len(self), dict(joined(facts, rows).by_quantity))
        except InputError as error:
            raise InputError(
                error.column, error.row, error.value, error.expected, "systems"
            ) from None
