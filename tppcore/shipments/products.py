"""What was shipped: each product resolved once, to its TPP and whether it is a 3A090.a item."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from tppcore.engine import exact
from tppcore.engine.exact import Interval
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook, rulebook, without_paragraphs
from tppcore.sources.chips import Chip, chip
from tppcore.sources.systems import System, named

H100 = "h100-sxm"
"""The chip of the catalogue whose TPP is one H100-equivalent."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product. `tpp`: of the item, exactly, None where nothing is known of it, and then `why`;
    `controlled`: whether it meets 3A090.a on the date of the ledger (None: undetermined);
    `took`: which variant the name was taken for."""

    id: str
    name: str
    tpp: Interval | None
    controlled: bool | None
    took: str | None = None
    why: str | None = field(default=None, compare=False)


class Products:
    """The products of a ledger, in the order of their first row.

    `own`: chips that stand before those of the catalogue, by id or name; readings as for
    `rulebook`.
    """

    def __init__(
        self, as_of: Any, own: Iterable[Chip] = (), readings: Mapping[str, str] | None = None
    ) -> None:
        self.listed: list[Product] = []
        self._places: dict[str, int] = {}
        self._formulas = without_paragraphs(readings).formulas
        self._list = _list_of(as_of, readings)
        self._own: dict[str, Chip] = {}
        for each in own:
            for called in {each.id, each.name} - {None}:
                if self._own.setdefault(_key(str(called)), each) is not each:
                    raise TppError(f"chip {called!r} stands there twice; expected each name once")

    def place(self, text: str) -> int:
        """The place in `listed` of what people call `text`."""
        made = self._product(text)
        # What is not known by any id is itself: two unknown names are two products.
        key = made.id if made.why is None else f"{made.id}\n{made.why}"
        if key not in self._places:
            self._places[key] = len(self.listed)
            self.listed.append(made)
        return self._places[key]

    def h100(self) -> Fraction:
        """The TPP of an H100-equivalent, under the readings of the ledger."""
        return self._item_tpp(chip(H100)).low

    def _product(self, text: str) -> Product:
        if not text:
            return Product("", "", None, None, why="product missing")
        try:
            found = self._own.get(_key(text)) or named(text)
        except UnknownName as error:
            return Product(text, text, None, None, why=f"unknown product: {error}")
        name = found.name or found.id or text
        tpp = self._item_tpp(found)
        controlled = self._is_controlled(found)
        if not tpp.applicable or (tpp.low == 0 and tpp.high == math.inf):
            why = f"TPP of {name} unknown"
            return Product(found.id or name, name, None, controlled, found.took, why)
        return Product(found.id or name, name, tpp, controlled, found.took)

    def _item_tpp(self, found: Chip | System) -> Interval:
        """The TPP of one item; of a system the sum over its accelerators."""
        if isinstance(found, Chip):
            return exact.Metrics(self._formulas, found.quantities).metric("item_tpp")
        low, high = Fraction(0), Fraction(0)
        open_ended = False
        for each, count, is_host in found.items():
            tpp = self._item_tpp(each)
            if is_host or tpp.high == 0:
                continue
            low += count.low * tpp.low
            if count.high == math.inf or tpp.high == math.inf:
                open_ended = True
            else:
                high += Fraction(count.high) * Fraction(tpp.high)
        return Interval(low, math.inf if open_ended else high)

    def _is_controlled(self, found: Chip | System) -> bool | None:
        """Whether the item is a .a item: the chip by 3A090.a, a system by any circuit in it."""
        if self._list is None:
            return None
        parts = [found] if isinstance(found, Chip) else [each for each, _, _ in found.items()]
        verdicts = set()
        for each in parts:
            metrics = exact.Metrics(self._list.formulas, each.quantities)
            verdicts.add(exact.decisions(self._list).decide(metrics)[0])
        return True if True in verdicts else None if None in verdicts else False


def _list_of(as_of: Any, readings: Mapping[str, str] | None) -> Rulebook | None:
    """3A090.a on a date. 4A090.a asks whether any one circuit meets it; for a card of equal
    circuits that is the same, for its TPP and density are those of one circuit."""
    try:
        return rulebook(as_of, rules=["us-3a090/a"], readings=readings)
    except UnknownName:
        raise
    except TppError:  # not in force
        return None


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def chips_of(source: Any) -> list[Chip]:
    """The chips of a file or a table, whatever `classify` reads, with a column `id` or `name`.

    Raises `TppError` for a table without such a column, `InputError` for a number.
    """
    import pyarrow as pa

    from tppcore.engine import oracle
    from tppcore.rules.store import specs
    from tppcore.sources import files
    from tppcore.sources.table import Table

    if isinstance(source, (list, tuple)):
        return list(source)
    of_file = isinstance(source, (str, Path))
    where = str(source) if of_file else "the table of chips"
    table = files.read(source) if of_file else pa.table(source)
    called = [name for name in ("id", "name") if name in table.column_names]
    if not called:
        raise TppError(
            f"{where}: no column id or name; expected one, to find the products of the ledger"
        )
    vocabulary = specs().vocabulary
    rows = oracle.rows(Table(table, vocabulary).columns, vocabulary)
    names = [table.column(name).to_pylist() for name in called]
    found = []
    for words, row in zip(zip(*names, strict=True), rows, strict=True):
        texts = {n: str(word) for n, word in zip(called, words, strict=True) if word is not None}
        if texts:
            made = Chip.of_row(texts.get("name") or texts["id"], dict(row))
            made.id = texts.get("id") or texts["name"]
            found.append(made)
    return found
