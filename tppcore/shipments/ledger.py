"""A ledger of shipments: from rows to what is used of each limit, and what is left."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tppcore.errors import TppError
from tppcore.rules.rulebook import parse_date
from tppcore.rules.store import specs
from tppcore.shipments.accounts import Account, Accounts
from tppcore.shipments.limits import limits
from tppcore.shipments.products import Product, Products, chips_of
from tppcore.shipments.refused import Refused


@dataclass(frozen=True, eq=False, repr=False)
class Ledger:
    """What `ledger` found.

    `accounts`: one a limit in force on `as_of`; `not_in_force`: the dates of the others by id;
    `rows`: rows read; `refused`: rows that count in no limit (they can still open the upper end
    of a group that they may belong to); `partly`: rows without a consignee, which count in limits
    that ask for none; `not_said`: rows without a known authorization; `strange`: authorizations
    that are not known here, taken for not said; `h100`: the TPP of an H100-equivalent.
    """

    file: str | None
    as_of: datetime.date
    readings: Mapping[str, str]
    accounts: tuple[Account, ...]
    not_in_force: Mapping[str, str]
    products: tuple[Product, ...]
    rows: int
    refused: Refused
    partly: Refused
    not_said: int
    strange: tuple[str, ...]
    h100: Fraction

    def __getitem__(self, identity: str) -> Account:
        """The account of a limit, such as "us-diffusion/lpp" or "lpp"."""
        for account in self.accounts:
            if identity in (account.limit.id, account.limit.id.partition("/")[2]):
                return account
        raise KeyError(identity)

    def to_dict(self) -> dict[str, Any]:
        """All of it for JSON: numbers are {"exact": text, "approx": text}, amounts have the ends
        "at_least" and "at_most" (null: no end), verdicts are true, false or null."""
        from tppcore.shipments.as_json import to_dict

        return to_dict(self)

    def to_arrow(self) -> Any:
        """The groups of all limits as a pyarrow.Table, one row each; TPP as doubles to look at."""
        from tppcore.shipments.as_table import to_arrow

        return to_arrow(self)

    def not_counted(self) -> Any:
        """The rows that count in no limit, or only in some: a pyarrow.Table of `row` (from 1),
        `reason`, and `partly` (boolean)."""
        from tppcore.shipments.as_table import not_counted

        return not_counted(self)

    def about(self) -> dict[str, Any]:
        """How it came about, for the head of files."""
        from tppcore.version import __version__

        return {
            "tppcore": __version__,
            "specs": specs().hash[:16],
            "file": self.file or "",
            "as_of": self.as_of.isoformat(),
            "readings": dict(self.readings),
        }

    def __str__(self) -> str:
        from tppcore.shipments.as_text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<Ledger {self.as_of}: {self.rows:,} rows, {len(self.accounts)} limits>"


def ledger(
    source: Any,
    as_of: str | datetime.date | None = None,
    *,
    chips: Any = None,
    limit: str | Sequence[str] | None = None,
    readings: Mapping[str, str] | None = None,
    format: str | None = None,
    advance: Callable[[int], None] = lambda rows: None,
) -> Ledger:
    """What shipments have used of the limits on aggregate TPP, exactly.

    Parameters
    ----------
    source: a path (CSV, Parquet, Arrow, JSON, JSON lines, xlsx), a dict of columns, or a table
        with the Arrow PyCapsule interface. Columns: date, product (a name as people type it, an
        id of the catalogue or of `chips`), units (whole numbers), destination (ISO 3166 alpha-2),
        consignee; and if known authorization (LPP, country allocation, licence, NVEU, UVEU,
        other) and headquarters of the consignee (a country).
    as_of: date or YYYY-MM-DD; today if left out. Later rows don't count.
    chips: chips of your own: whatever `classify` reads, with a column id or name, or a list of
        Chips. They stand before the catalogue.
    limit: ids of limits to report, such as "lpp" or "us-diffusion"; all if left out.
    readings: as for `rulebook`.
    format: of a file, where its extension does not say it.
    advance: called with the number of rows read after each batch.

    Raises
    ------
    TppError: a file or table that can't be read, or that lacks a column; UnknownName: no such
    limit. A row that can't be counted is no error: see `Ledger.not_counted`.

    Source of the limits: specs/rules/us-diffusion.toml and us-748-volume-cap.toml.
    """
    _need_pyarrow()
    from tppcore.shipments.reading import Reader
    from tppcore.shipments.rows import batches, name_of

    date = parse_date(as_of)
    standing, absent = limits(date, [limit] if isinstance(limit, str) else limit, readings)
    own = chips_of(chips) if chips is not None else ()
    products = Products(date, own, readings)
    reader = Reader(date, products)
    for table in batches(source, format):
        reader.add(table)
        advance(table.num_rows)
    applied = Accounts(reader.sums.cells(), products.listed, reader.consignees)
    return Ledger(
        name_of(source),
        date,
        specs().vocabulary.choose(readings),
        tuple(applied.of(each) for each in standing),
        absent,
        tuple(products.listed),
        reader.rows,
        reader.refused,
        reader.partly,
        reader.not_said,
        tuple(reader.strange),
        products.h100(),
    )


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise TppError("this needs pyarrow: pip install 'tppcore[files]'")
