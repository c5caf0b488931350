"""Systems by the million: tables of parts, joined to a table of chips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import oracle
from tppcore.engine.columns import Columns
from tppcore.engine.parts import Parts
from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.chips import Chip
from tppcore.sources.parts.frames import Frame, is_arrow
from tppcore.sources.parts.items import Items
from tppcore.sources.parts.keys import Keys, keys_of
from tppcore.sources.parts.nested import flattened
from tppcore.sources.parts.rows import PartRows
from tppcore.sources.parts.runs import Rows, stable_order
from tppcore.sources.parts.taking import joined
from tppcore.sources.systems import System
from tppcore.sources.table import Table

if TYPE_CHECKING:
    from tppcore.sources.parts.lists import PartLists


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
        catalogue if left out. The `items` of another SystemTable are taken, too.
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
                    f"parts: no column {name!r} among {', '.join(frame.names) or 'none'}; expected "
                    "the columns system, chip and count, or lists in chip and count"
                )
        self.kind = "dict" if isinstance(frame.source, (Mapping, np.ndarray)) else _library(parts)
        self._given = parts
        self._form: PartRows | PartLists = _form(frame)
        self._origin: Rows | None = None
        self._fact_rows: Rows | range | None = None
        self._chips = Items(chips)
        try:
            self.items, places, is_nested = self._chips.places(self._form.chips, _ByName(self))
        except InputError as error:
            if error.row is None or error.file is not None:
                raise
            row = self._form.row_of_cell(error.row)
            raise InputError(error.column, row, error.value, error.expected) from None
        self.parts: Parts = self._form.parts(places)
        if is_nested:
            try:
                self.parts, self._origin = flattened(self.parts, self.name)
            except InputError as error:
                raise self.located(error) from None
        self.facts: Columns = self._form.facts() if systems is None else self._facts_of(systems)

    def __len__(self) -> int:
        return self.parts.systems

    @cached_property
    def names(self) -> NDArray[Any] | None:
        """What the systems are called, (n,): integers or text; None if the lists don't say."""
        return self._form.names()

    def name(self, i: int) -> str | int:
        """What system i is called; its row, if nothing says it."""
        return self._form.name(i)

    def row_of_part(self, i: int) -> int:
        """The row of the caller's table where part i of `parts` stands."""
        return self._form.row_of_part(i if self._origin is None else int(self._origin[i]))

    def row_of_system(self, i: int) -> int:
        """The row of the caller's table where system i stands, or the first of its parts."""
        return self._form.row_of_system(i)

    def located(self, error: InputError) -> InputError:
        """An error of an engine that names a row of `parts`, naming that of the caller's table."""
        if error.row is None:
            return error
        if error.column not in ("system", "chip", "count", "host"):
            if self._fact_rows is None or error.column not in self.facts.by_quantity:
                return error
            row = int(self._fact_rows[error.row])
            return InputError(error.column, row, error.value, error.expected, "systems")
        is_system = error.column == "system"
        row = self.row_of_system(error.row) if is_system else self.row_of_part(error.row)
        return InputError(error.column, row, error.value, error.expected, error.file)

    @property
    def index(self) -> Any:
        """The index of the systems, where the parts came in a pandas data frame."""
        return self.source.index

    def chip(self, i: int) -> System:
        """System i, for an explanation. Raises InputError for a number that can't be used."""
        begin, end = int(self.parts.offsets[i]), int(self.parts.offsets[i + 1])
        if begin == end:
            raise InputError("system", self.row_of_system(i), "no part", "at least one part")
        places, counts = self.parts.items.slice(begin, end), self.parts.counts.slice(begin, end)
        assert places.values is not None
        assert counts.values is not None
        no_item, no_count = places.nulls(), counts.nulls()
        is_host = np.zeros(end - begin, np.bool_)
        if self.parts.hosts is not None and self.parts.hosts.values is not None:
            is_host[:] = self.parts.hosts.values[begin:end] == 1
        parts: tuple[list[Any], list[Any]] = ([], [])
        pairs = zip(places.values.tolist(), counts.values.tolist(), strict=True)
        for j, (place, count) in enumerate(pairs):
            item = _unknown() if no_item[j] else self._item(place, begin + j)
            parts[int(is_host[j])].append((item, None if no_count[j] else count))
        try:
            made = System(str(self.name(i)), parts=parts[0], hosts=parts[1])
        except InputError as error:
            raise InputError(
                error.column, self.row_of_system(i), error.value, error.expected
            ) from None
        made.facts = dict(next(oracle.rows(self.facts.slice(i, i + 1), specs().vocabulary)))
        return made

    def _item(self, place: int, part: int) -> Chip:
        if not 0 <= place < len(self.items):
            expected = f"a place from 0 to {len(self.items) - 1}"
            raise InputError("chip", self.row_of_part(part), place, expected)
        found = self.items.chip(place)
        if self.items.chips is not None:
            return found
        words = self._form.chips.words
        is_reordered = self.items is not self._chips.table
        name = words[place] if words and is_reordered else self._chips.label(place)
        return Chip.of_row(name or f"chip {place + 1}", found.quantities)

    @property
    def source(self) -> Any:
        """What answers take the shape of: in pandas a frame with the index of the systems."""
        if self.kind != "pandas" or not isinstance(self._form, PartRows):
            return self._given
        import pandas as pd

        return pd.DataFrame(index=pd.Index(self.names, name="system"))

    def answer(self, columns: dict[str, NDArray[Any]]) -> Any:
        """Columns (n,) in the caller's own kind of table; in the long form with their systems."""
        if isinstance(self._form, PartRows) and self.kind != "pandas":
            columns = {"system": self._form.names(), **columns}
        shape = Table({}, specs().vocabulary)
        shape.kind, shape.source = self.kind, self.source
        return shape.answer(columns)

    def _facts_of(self, systems: Any) -> Columns:
        if not isinstance(self._form, PartRows):
            raise TppError(
                "systems: parts have a row a system; expected the facts as columns there"
            )
        frame = Frame(systems, "systems")
        values = frame.column("system")
        if values is None:
            raise TppError(
                f"systems: no column 'system' among {', '.join(frame.names) or 'none'}; expected "
                "the names that the systems have in parts"
            )
        try:
            given = keys_of(values, "system")
            facts = Table(frame.others(("system",)), specs().vocabulary).columns
            _check_rows(facts, len(given))
            is_same = given.words is None and self._form.are_called(given.numbers)
            rows = None if is_same else _rows_of(given, self._form.names())
            self._fact_rows = range(len(given)) if rows is None else rows
            found = facts if rows is None else joined(facts, rows)
        except InputError as error:
            at = (error.column, error.row, error.value, error.expected)
            raise InputError(*at, "systems") from None
        return Columns(len(self), found.by_quantity)


def _unknown() -> Chip:
    """An item that nobody knows, not even of how many circuits."""
    return Chip("an item that nobody knows", ics_per_item=(1, None))


class _ByName(Mapping[str, int]):
    """The systems of a table by name, which are looked at only if a part is no chip."""

    def __init__(self, table: SystemTable) -> None:
        self._table = table

    @cached_property
    def _places(self) -> dict[str, int]:
        names = self._table.names
        places: dict[str, int] = {}
        for i, name in enumerate(() if names is None else names.tolist()):
            if name is not None:
                places[name if isinstance(name, str) else str(name)] = (
                    i if name not in places else -1
                )
        return places

    def __getitem__(self, name: str) -> int:
        place = self._places[name]
        if place < 0:
            raise TppError(
                f"parts: {name!r} is a part, but several systems are called so; expected one"
            )
        return place

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _form(frame: Frame) -> PartRows | PartLists:
    chip = frame.column("chip")
    if is_arrow(chip):
        from tppcore.sources.parts.lists import PartLists, is_lists

        return PartLists(frame) if is_lists(chip.type) else PartRows(frame)
    several = chip if hasattr(chip, "__len__") and not isinstance(chip, str) else ()
    first = next((each for each in several if each is not None), None)
    if isinstance(first, (list, tuple, np.ndarray)):
        try:
            from tppcore.sources.parts.lists import PartLists
        except ImportError:
            raise TppError(
                "lists of parts need pyarrow; expected the extra tppcore[files]"
            ) from None
        return PartLists(frame)
    return PartRows(frame)


def _check_rows(facts: Columns, rows: int) -> None:
    if facts.by_quantity and facts.rows != rows:
        raise TppError(f"systems: facts have {facts.rows} rows; expected {rows} as the systems")


def _library(table: Any) -> str:
    return type(table).__module__.partition(".")[0]


def _rows_of(given: Keys, names: NDArray[Any]) -> Rows:
    """In which row each system of `names` has its facts, or -1. Raises InputError."""
    if given.words is None and names.dtype != object:
        numbers, nulls = given.numbers, given.codes.nulls()
        order = stable_order(numbers)
        ordered = numbers[order]
        again = order[1:][ordered[1:] == ordered[:-1]]
        near = np.searchsorted(ordered, names).clip(max=max(len(ordered) - 1, 0))
        rows = order[near] if len(order) else np.zeros(len(names), np.int64)
        rows = np.where(numbers[rows] == names, rows, -1) if len(order) else rows - 1
    else:
        words = list(given.values())
        nulls = np.array([word is None for word in words], np.bool_)
        places = {word: row for row, word in reversed(list(enumerate(words)))}
        again = np.array([row for row, word in enumerate(words) if places[word] != row], np.int64)
        rows = np.array([places.get(name, -1) for name in names.tolist()], np.int64)
    unused = np.ones(len(given), np.bool_)
    unused[rows[rows >= 0]] = False
    repeated = np.zeros(len(given), np.bool_)
    repeated[again] = True
    for wrong, expected in (
        (nulls, "the name of a system of parts"),
        (repeated, "each system once"),
        (unused, "a system of parts; one whose parts nobody knows has a row with no chip there"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError("system", row, given.value(row), expected)
    return rows
