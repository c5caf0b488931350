"""Rows become sums: what each cell means, and which rows can't be counted."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tppcore.errors import TppError
from tppcore.shipments import limits, places
from tppcore.shipments.accounts import ELSEWHERE
from tppcore.shipments.fields import Dates, Field, Units
from tppcore.shipments.products import Products
from tppcore.shipments.refused import Refused
from tppcore.shipments.sums import Sums
from tppcore.sources.cells import MISSING


class Reader:
    """Reads the rows of one ledger.

    `sums`, `products` and `consignees` are what it found; `refused` are the rows that count in no
    limit, `partly` those without a consignee, which count where none is asked for.
    """

    def __init__(self, as_of: datetime.date, products: Products) -> None:
        self.as_of, self.products = as_of, products
        self.consignees: list[str] = []
        self.strange: dict[str, None] = {}
        self.rows = self.not_said = 0
        self.sums, self.refused, self.partly = Sums(), Refused(), Refused()
        self._consignees: dict[str, int] = {}
        reasons = self.refused.reasons
        self._late = reasons.code(f"dated after {as_of}")
        self._fields: dict[str, Callable[[Any], NDArray[np.int64]]] = {
            "date": Dates(reasons),
            "units": Units(reasons),
            "product": Field(products.place, reasons),
            # NA is Namibia.
            "destination": Field(_place, reasons, frozenset(MISSING) - {"NA"}),
            "consignee": Field(self._consignee, self.partly.reasons),
            "authorization": Field(self._authorization, reasons),
            "headquarters": Field(_headquarters, reasons),
        }
        self._years = np.repeat(
            np.arange(1, 10_000, dtype=np.int16),
            [365 + (y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)) for y in range(1, 10_000)],
        )

    def add(self, table: Any) -> None:
        """The next rows, as `tppcore.shipments.rows.batches` gives them."""
        found = {name: self._read(name, table) for name in self._fields}
        number = self.rows + 1 + np.arange(table.num_rows)
        self.rows += table.num_rows
        date, units, product = found["date"], found["units"], found["product"]
        listed = self.products.listed
        uncounted = np.array([each.why is not None for each in listed], bool)[product]
        date = np.where(date > self.as_of.toordinal(), self._late, date)
        wrong = date < 0
        for codes in (date, found["destination"], units):
            bad = codes < 0
            self.refused.add(number[bad], codes[bad])
            wrong |= bad
        for place in np.unique(product[uncounted]):
            rows = number[product == place]
            code = self.refused.reasons.code(str(listed[place].why))
            self.refused.add(rows, np.full(len(rows), code))
        wrong |= uncounted
        # Only .a items are asked for their consignee.
        asked = np.array([each.controlled is not False for each in listed], bool)[product]
        alone = (found["consignee"] < 0) & asked & ~wrong
        self.partly.add(number[alone], found["consignee"][alone])
        self.not_said += int((found["authorization"] == limits.NOT_SAID).sum())
        dated = date > 0
        keys = {
            "year": self._years[np.maximum(date, 1) - 1],
            "product": product,
            "place": np.maximum(found["destination"], -1),
            "consignee": np.maximum(found["consignee"], -1),
            "authorization": found["authorization"],
            "headquarters": found["headquarters"],
            "unknown_units": units < 0,
        }
        units = np.maximum(units, 0)
        if not dated.all():
            keys, units = {name: each[dated] for name, each in keys.items()}, units[dated]
        self.sums.add(keys, units)

    def _read(self, name: str, table: Any) -> NDArray[np.int64]:
        if name not in table.column_names:
            return np.zeros(table.num_rows, np.int64)
        column = table.column(name)
        try:
            return self._fields[name](column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            raise TppError(f"column {name}: cells of type {column.type} can't be read") from None

    def _consignee(self, text: str) -> int | str:
        if not text:
            return "consignee missing: counted only in limits that ask for none"
        # One party in another case or with other blanks is one party: the careful side.
        key = " ".join(text.casefold().split())
        if key not in self._consignees:
            self._consignees[key] = len(self.consignees)
            self.consignees.append(" ".join(text.split()))
        return self._consignees[key]

    def _authorization(self, text: str) -> int | str:
        found = limits.authorization(text)
        if found is None:
            self.strange[text] = None
            return limits.NOT_SAID
        return found


def _place(text: str) -> int | str:
    if not text:
        return "destination missing"
    found = places.place(text)
    if found is None:
        return f"unknown destination {text!r}; expected a country code of two letters such as CN"
    return found


def _headquarters(text: str) -> int | str:
    found = places.place(text) if text else None
    return 0 if found is None else 1 if found == places.UNITED_STATES else ELSEWHERE
