"""The chips that parts are made of, joined to the names and numbers by which parts call them."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import Column
from tppcore.errors import InputError, TppError, UnknownName
from tppcore.rules.store import specs
from tppcore.sources.chips import catalogue, chip, chips
from tppcore.sources.names import spellings, squeezed
from tppcore.sources.parts.frames import Frame, without_views
from tppcore.sources.parts.keys import Keys, keys_of, keys_of_numpy
from tppcore.sources.table import Table

Places = NDArray[np.int64]

_NULL, _UNKNOWN = np.iinfo(np.int64).min, np.iinfo(np.int64).min + 1
"""Beside places of items, 0 and up, and of inner systems, -1 and down."""

_DENSE = 1 << 20  # the span of integer ids that are looked up in an array
_BLOCK = 1 << 15  # numbers that are looked up while they stay in the L2 cache
_SMALL, _LARGEST = np.iinfo(np.int32).max, np.iinfo(np.int64).max


class Items:
    """A table of chips, and what they are called.

    `chips` is whatever `Table` reads with a column id or name, such a table, or None: the
    catalogue. Raises InputError for an id that stands there twice.
    """

    def __init__(self, chips: Any = None) -> None:
        self.is_catalogue = chips is None
        given = _catalogue() if chips is None else chips
        self.table = given if isinstance(given, Table) else Table(given, specs().vocabulary)
        self._ids = None if self.is_catalogue else _called_by(self.table, "id")
        self._names = None if self.is_catalogue else _called_by(self.table, "name")
        if self._ids is not None:
            _check_distinct(self._ids, "id")
        elif self._names is not None:
            _check_distinct(self._names, "name")

    def places(self, keys: Keys, systems: Mapping[str, int]) -> tuple[Table, Column, bool]:
        """The items that a column of parts means: a table of items, and each part's place in it.

        The place of a system of the same table, which `systems` has by name, is -1 - its number,
        and the last result says whether there is one.
        The table may have the chips in another order: that of a dictionary of names, which is
        then taken as it is. Raises InputError with the row for what nobody is called.
        """
        if keys.words is None:
            return self.table, self._of_numbers(keys), False
        found, unknown = self._of_words(keys.words, systems)
        strange = found == _UNKNOWN
        if strange.any():
            used = _first_used(keys.codes, keys.numbers, strange)
            if used is not None:
                word = str(keys.value(used))
                raise InputError("chip", used, word, unknown[word])
            found[strange] = 0
        if len(self.table) and (found >= 0).all():
            is_same = np.array_equal(found, np.arange(len(found)))
            if is_same:
                return self.table, keys.codes, False
            if self.is_catalogue:
                return _of_catalogue(tuple(found.tolist())), keys.codes, False
            return _reordered(self.table, found), keys.codes, False
        is_nested = bool(((found < 0) & (found != _NULL)).any())
        return self.table, _looked_up(found, keys.codes, keys.numbers), is_nested

    def label(self, place: int) -> str | None:
        """What the chip in a row of the table is called, if anything says it."""
        if self.table.chips is not None:
            return self.table.chips[place].name or self.table.chips[place].id
        for keys in (self._ids, self._names):
            if keys is not None and (found := keys.value(place)) is not None:
                return str(found)
        return None

    def _of_numbers(self, keys: Keys) -> Column:
        ids = None if self._ids is None or self._ids.words is not None else self._ids.numbers
        if ids is None or np.array_equal(ids, np.arange(len(ids))):
            return keys.codes
        numbers = keys.numbers
        low, high = (int(ids.min()), int(ids.max())) if len(ids) else (0, -1)
        if high - low < _DENSE and high <= _LARGEST:
            lookup = np.full(max(high - low, -1) + 3, -1, np.int32)  # an unknown at both ends
            lookup[ids.astype(np.int64) - low + 1] = np.arange(len(ids))
            if numbers.dtype == np.uint64:
                numbers = np.minimum(numbers, np.uint64(_LARGEST))
            places = _gathered(lookup, numbers, low - 1)
        else:
            places = _searched(ids, numbers)
        wrong = places < 0
        if keys.codes.present is not None:
            wrong &= ~keys.codes.nulls()
        if wrong.any():
            row = int(np.argmax(wrong))
            bounds = f", which go from {low} to {high}" if len(ids) else ""
            expected = f"one of the {len(ids):,} ids of the chip table{bounds}"
            raise InputError("chip", row, keys.value(row), expected)
        return Column(places, present=keys.codes.present, first_bit=keys.codes.first_bit)

    def _of_words(
        self, words: Sequence[str | None], systems: Mapping[str, int]
    ) -> tuple[Places, dict[str, str]]:
        """The place of each word, and for unknown ones what was expected."""
        if self._ids is None and self._names is None and not self.is_catalogue:
            raise TppError("chips: no column id or name; expected one of them, as parts use names")
        own = _catalogue_places() if self.is_catalogue else self._own_places()
        found = np.full(len(words), _UNKNOWN)
        unknown: dict[str, str] = {}
        for i, word in enumerate(words):
            if word is None:
                found[i] = _NULL
            elif (place := self._place(word, own)) is not None:
                found[i] = place
            elif word in systems:
                found[i] = -1 - systems[word]
            elif self.is_catalogue:
                try:
                    found[i] = own[str(chip(word).id)]
                except UnknownName as error:
                    unknown[word] = f"a chip of the catalogue or a system of this table ({error})"
            else:
                near = difflib.get_close_matches(word, [*own, *systems], n=5, cutoff=0.6)
                hint = f"; nearest: {', '.join(near)}" if near else ""
                unknown[word] = f"a chip of the chip table or a system of this table{hint}"
        return found, unknown

    def _place(self, word: str, own: Mapping[str, int]) -> int | None:
        if self.is_catalogue:
            return own.get(word.lower(), own.get(f"={squeezed(word)}"))
        return own.get(word)

    def _own_places(self) -> dict[str, int]:
        """Places by id, and by the names that one chip alone has."""
        found: dict[str, int] = {}
        names = [] if self._names is None else list(self._names.values())
        often = Counter(names)
        for i, name in enumerate(names):
            if name is not None and often[name] == 1:
                found[str(name)] = i
        ids = () if self._ids is None else self._ids.values()
        return found | {str(each): i for i, each in enumerate(ids) if each is not None}


def _reordered(table: Table, places: Places) -> Table:
    """Some rows of a table in another order."""
    source = table.source
    if table.chips is not None:
        source = [table.chips[i] for i in places]
    elif isinstance(source, np.ndarray):
        source = source[places]
    elif isinstance(source, Mapping):
        rows = len(table)
        source = {
            name: _at(values, places)
            for name, values in source.items()
            if hasattr(values, "__len__") and len(values) == rows and not isinstance(values, str)
        }
    else:
        frame = Frame(source, "chips")
        source = frame.source.from_arrays(
            [without_views(frame.column(name)).take(places) for name in frame.names], frame.names
        )
    return Table(source, specs().vocabulary)


def _at(values: Any, places: Places) -> Any:
    return [values[i] for i in places] if isinstance(values, list) else np.asarray(values)[places]


@lru_cache(maxsize=1)
def _catalogue() -> Table:
    return Table(chips(), specs().vocabulary)


@lru_cache(maxsize=16)
def _of_catalogue(places: tuple[int, ...]) -> Table:
    return _reordered(_catalogue(), np.array(places))


@lru_cache(maxsize=1)
def _catalogue_places() -> dict[str, int]:
    """Places by id, and behind "=" by what one chip alone is called, squeezed: as `resolve` has
    them, but without names that are only some of its words, as those may be meant for systems."""
    rows, names = catalogue()
    place = {identity.lower(): i for i, identity in enumerate(rows)}
    called: defaultdict[str, set[int]] = defaultdict(set)
    families: dict[str, int] = {}
    for name in names:
        own = place.get(name.id.lower())
        if own is not None:
            for text in spellings(name):
                called[f"={text}"].add(own)
            families |= {f"={squeezed(family)}": own for family, _ in name.defaults}
    alone = {text: next(iter(each)) for text, each in called.items() if len(each) == 1}
    return place | alone | families


def _called_by(table: Table, name: str) -> Keys | None:
    """A column of the chip table that names its rows."""
    if table.chips is not None:
        words = [each.id or each.name if name == "id" else each.name for each in table.chips]
        return keys_of_numpy(np.array(words, object), name)
    values = Frame(table.source, "chips").column(name)
    try:
        return None if values is None else keys_of(values, name)
    except InputError as error:
        raise InputError(name, error.row, error.value, error.expected, "chips") from None


def _check_distinct(keys: Keys, name: str) -> None:
    seen = set()
    for i, value in enumerate(keys.values()):
        if value in seen and value is not None:
            raise InputError(name, i, value, f"each {name} once", "chips")
        seen.add(value)


def _first_used(codes: Column, numbers: NDArray[Any], strange: NDArray[np.bool_]) -> int | None:
    """The first row whose code is strange, if any."""
    used = strange.take(numbers, mode="clip")
    if codes.present is not None:
        used &= ~codes.nulls()
    return int(np.argmax(used)) if used.any() else None


def _looked_up(places: Places, codes: Column, numbers: NDArray[Any]) -> Column:
    """The places that codes mean, with the nulls of both."""
    if not len(places):
        return Column(np.zeros(len(numbers), np.int32), present=codes.present)
    missing = places == _NULL
    clean = np.where(missing, 0, places)
    is_small = clean.min() >= -_SMALL and clean.max() <= _SMALL
    found = _gathered(clean.astype(np.int32) if is_small else clean, numbers, 0)
    if not missing.any():
        return Column(found, present=codes.present, first_bit=codes.first_bit)
    nulls = missing.take(numbers, mode="clip") | codes.nulls()
    return Column(found, present=np.packbits(~nulls, bitorder="little"))


def _gathered(lookup: NDArray[Any], numbers: NDArray[Any], first: int) -> NDArray[Any]:
    """lookup[numbers - first], or what stands at the end that a number lies beyond."""
    found = np.empty(len(numbers), lookup.dtype)

    def gather(begin: int, end: int) -> None:
        for at in range(begin, end, _BLOCK):
            part = slice(at, min(at + _BLOCK, end))
            places = numbers[part].astype(np.int64)
            np.clip(places, first, first + len(lookup) - 1, out=places)
            places -= first
            lookup.take(places, out=found[part], mode="clip")

    shards.run(len(numbers), None, gather)
    return found


def _searched(ids: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """The row of each number among ids, or -1."""
    if not len(ids):
        return np.full(len(numbers), -1)
    is_big, wanted_big = ids.dtype == np.uint64, numbers.dtype == np.uint64
    if is_big != wanted_big:
        # They have no common type of integers: what one of them can't hold, the other never meets.
        kept = np.flatnonzero(ids <= _LARGEST if is_big else ids >= 0)
        common = np.uint64 if wanted_big else np.int64
        rows = _searched(ids[kept].astype(common), numbers.astype(common))
        return np.where(rows < 0, -1, np.append(kept, -1)[rows])
    order = np.argsort(ids)
    rows = order[np.searchsorted(ids[order], numbers).clip(max=len(ids) - 1)]
    return np.where(ids[rows] == numbers, rows, -1)
