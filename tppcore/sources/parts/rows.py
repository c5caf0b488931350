"""Parts in long form: a row a part, with the system that it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import Column, Columns
from tppcore.engine.parts import Parts
from tppcore.errors import InputError, TppError
from tppcore.sources.parts.columns import counts_of, hosts_of
from tppcore.sources.parts.frames import Frame, is_arrow, without_views
from tppcore.sources.parts.keys import Keys, keys_of
from tppcore.sources.parts.runs import Rows, grouped, grouped_runs
from tppcore.sources.parts.taking import taken

_BLOCK = 1 << 16  # systems whose keys stay in the L2 cache


class PartRows:
    """A table with columns system, chip, count and maybe host. Raises InputError, TppError."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        systems = frame.column("system")
        if systems is None:
            raise TppError("parts: no column 'system'; expected one, or lists in chip and count")
        self._keys, self.offsets, self._order = _grouped(systems)
        self.chips = keys_of(frame.column("chip"), "chip")
        self._rows = int(self.offsets[-1])
        self._check_rows("chip", len(self.chips))

    def parts(self, places: Column) -> Parts:
        """The parts, with their items given in the order of the rows."""
        counts = counts_of(self._frame.column("count"))
        hosts = None
        if "host" in self._frame.names:
            hosts = hosts_of(self._frame.column("host"))
        for name, each in (("count", counts), ("host", hosts)):
            if each is not None and each.values is not None:
                self._check_rows(name, len(each.values))
        if self._order is not None:
            places, counts = taken(places, self._order), taken(counts, self._order)
            hosts = None if hosts is None else taken(hosts, self._order)
        return Parts(self.offsets, places, counts, hosts)

    def facts(self) -> Columns:
        """None: they stand in a table of systems."""
        return Columns(len(self.offsets) - 1, {})

    def names(self) -> NDArray[Any]:
        """The keys of the systems: integers, or an object array of text."""
        return self._keys.at(self._firsts())

    def are_called(self, numbers: NDArray[Any]) -> bool:
        """Whether these are the keys of the systems, in their order."""
        if self._order is not None or len(numbers) != len(self.offsets) - 1:
            return False
        if not isinstance(self._keys, Keys) or self._keys.words is not None:
            return False
        keys, differing = self._keys.numbers, list[int]()

        def compare(begin: int, end: int) -> None:
            for first in range(begin, end, _BLOCK):
                part = slice(first, min(first + _BLOCK, end))
                if not differing and (keys[self.offsets[part]] != numbers[part]).any():
                    differing.append(first)

        shards.run(len(numbers), None, compare)
        return not differing

    def name(self, i: int) -> str | int:
        """What system i is called."""
        found = self._keys.at(np.array([self.row_of_system(i)]))[0]
        return found if isinstance(found, str) else int(found)

    def row_of_cell(self, i: int) -> int:
        """The row of what stands i-th in the column of chips."""
        return i

    def row_of_part(self, i: int) -> int:
        """The row of a part."""
        return i if self._order is None else int(self._order[i])

    def row_of_system(self, i: int) -> int:
        """The first row of a system."""
        return self.row_of_part(int(self.offsets[i]))

    def _firsts(self) -> NDArray[Any]:
        firsts = self.offsets[:-1]
        return firsts if self._order is None else self._order[firsts]

    def _check_rows(self, name: str, rows: int) -> None:
        if rows != self._rows:
            raise TppError(f"parts: column {name!r} has {rows} rows; expected {self._rows}")


class _Words:
    """A column of text, of which few cells are looked at."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def at(self, rows: NDArray[Any]) -> NDArray[Any]:
        import pyarrow as pa

        found: NDArray[Any] = self._array.take(pa.array(rows)).to_numpy(zero_copy_only=False)
        return found


def _grouped(values: Any) -> tuple[Keys | _Words, NDArray[Any], Rows | None]:
    if is_arrow(values) and _is_plain_text(values.type):
        return _grouped_text(values)
    keys = keys_of(values, "system")
    numbers, missing = keys.numbers, keys.codes.nulls() if keys.codes.present is not None else None
    if keys.words is not None:
        # One number a word: dictionaries may have a word twice, and words that stand for none.
        places: dict[str | None, int] = {}
        lookup = np.array([places.setdefault(w, len(places)) for w in keys.words], np.int64)
        if None in places:
            nothing = (lookup == places[None]).take(numbers, mode="clip")
            missing = nothing if missing is None else missing | nothing
        if len(places) < len(lookup):
            numbers = lookup.take(numbers, mode="clip")
    _check_missing(missing)
    return keys, *grouped(numbers)


def _grouped_text(values: Any) -> tuple[_Words, NDArray[Any], Rows | None]:
    """Runs first: a comparison with the row before costs an eighth of a look into a hash table."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if values.null_count:
        _check_missing(pc.is_null(values).to_numpy(zero_copy_only=False))
    values = without_views(values)
    if not len(values):
        return _Words(values), np.zeros(1, np.int32), None
    small = len(values) <= np.iinfo(np.int32).max
    runs = pc.run_end_encode(values, run_end_type=pa.int32() if small else pa.int64())
    heads = runs.values.dictionary_encode()
    blank = pc.index(heads.dictionary, pa.scalar("", heads.dictionary.type)).as_py()
    ends = runs.run_ends.to_numpy()
    offsets: NDArray[Any] = np.append(ends.dtype.type(0), ends)
    codes = heads.indices.to_numpy()
    if blank >= 0:
        raise _missing(int(offsets[np.argmax(codes == blank)]))
    if len(heads.dictionary) == len(codes):
        return _Words(values), offsets, None
    return _Words(values), *grouped_runs(codes, offsets)


def _is_plain_text(kind: Any) -> bool:
    import pyarrow as pa

    from tppcore.sources.cells import is_text

    return is_text(kind) and not pa.types.is_dictionary(kind)


def _check_missing(missing: NDArray[np.bool_] | None) -> None:
    if missing is not None and missing.any():
        raise _missing(int(np.argmax(missing)))


def _missing(row: int) -> InputError:
    return InputError("system", row, None, "a name or a whole number")
