"""Chips: one by one, and those of the shipped catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tppcore.engine.exact import Interval
from tppcore.errors import InputError, UnknownName
from tppcore.rules.store import specs
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources import processing_units
from tppcore.sources.decimals import FLOAT_MAX, scalar
from tppcore.sources.names import CatalogueName, catalogue_names, resolve

_SMALLEST, _LARGEST = Fraction(1, 10**15), Fraction(10**24)
_ENDS = ("_low", "_high")


class Chip:
    """One integrated circuit (or an item of several, `ics_per_item`) by its spec sheet.

    Parameters
    ----------
    name: what to call it.
    tops, tops_vector: dense peak rates in TOPS by format, such as {"fp8": 1979}.
    tops_sparse: sparse rates with their ratio by format, such as {"fp8": (3958, 2)}.
    output_bits: bit length of the output by format (2022 rule).
    units: processing units, see `tppcore.sources.processing_units`.
    quantities: any other quantity by name, in its unit: die_area_mm2=814, dram_gb_s=4800,
        interconnect_gb_s=900, datacenter=True. A pair (low, high) is a range, either end may be
        None for open; None is missing. int, float, Decimal and text are taken as the decimals
        that they show.

    Raises
    ------
    InputError: a value that can't be used. UnknownName: no such quantity or format.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        tops: Mapping[str, Any] | None = None,
        tops_vector: Mapping[str, Any] | None = None,
        tops_sparse: Mapping[str, tuple[Any, Any]] | None = None,
        output_bits: Mapping[str, Any] | None = None,
        units: Any = None,
        id: str | None = None,
        info: Mapping[str, str] | None = None,
        **quantities: Any,
    ) -> None:
        self.name, self.id, self.info = name, id, dict(info or {})
        self.took: str | None = None
        stated: dict[str, Any] = {}
        for format_name, rate in (tops or {}).items():
            stated[f"tops_{format_name}"] = rate
        for format_name, rate in (tops_vector or {}).items():
            stated[f"tops_{format_name}_vector"] = rate
        for format_name, pair in (tops_sparse or {}).items():
            rate, ratio = pair if isinstance(pair, tuple) else (pair, None)
            stated[f"tops_{format_name}_sparse"] = rate
            stated[f"sparse_ratio_{format_name}"] = ratio
        for format_name, bits in (output_bits or {}).items():
            stated[f"output_bits_{format_name}"] = bits
        self.quantities: Mapping[str, Interval] = quantities_of({**stated, **quantities}, units)

    @classmethod
    def of_row(cls, name: str, row: Mapping[str, Interval]) -> Chip:
        """A chip of checked quantities."""
        made = cls(name)
        made.quantities = row
        return made

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={_shown(value)}" for name, value in self.quantities.items())
        return f"Chip({self.name or self.id!r}: {parts})"


def _shown(value: Interval) -> str:
    if value.known:
        return f"{float(value.low):g}"
    return f"({float(value.low):g}, {float(value.high):g})"


def quantities_of(given: Mapping[str, Any], units: Any = None) -> dict[str, Interval]:
    """Checked quantities by name, of values as `Chip` takes them.

    Raises InputError, UnknownName.
    """
    vocabulary = specs().vocabulary
    ends: dict[str, list[Fraction | None]] = {}
    ranges: set[str] = set()
    for name, value in given.items():
        spec, base, side = vocabulary.quantities.get(name), name, None
        if spec is None and name.endswith(_ENDS):
            base, _, side = name.rpartition("_")
            spec = vocabulary.quantities.get(base)
        if spec is None or spec.internal:
            raise UnknownName(f"unknown quantity {name!r}; expected one of {_known()}")
        if isinstance(value, (tuple, list)) and side is None:
            if len(value) != 2:
                raise InputError(name, None, value, "a range (low, high)")
            low, high = scalar(value[0], spec), scalar(value[1], spec)
            if low is not None or high is not None:
                _put(ends, ranges, base, low, high)
            continue
        number = scalar(value, spec)
        if number is None:
            continue
        if side is None:
            if base in ends:
                raise InputError(base, None, value, "a value or a range, not both")
            ends[base] = [number, number]
        else:
            _put(ends, ranges, base, *((number, None) if side == "low" else (None, number)))
    for name, (low, high) in processing_units.totals(units, vocabulary).items():
        ends[name] = [low, high]
    row = {
        name: _interval(vocabulary.quantities[name], low, high)
        for name, (low, high) in ends.items()
    }
    return without_sparse_beside_dense(row)


def _put(
    ends: dict[str, list[Fraction | None]],
    ranges: set[str],
    name: str,
    low: Fraction | None,
    high: Fraction | None,
) -> None:
    if name in ends and name not in ranges:
        raise InputError(name, None, "both", "a value or a range, not both")
    ranges.add(name)
    pair = ends.setdefault(name, [None, None])
    pair[0], pair[1] = low if low is not None else pair[0], high if high is not None else pair[1]


def _interval(spec: QuantitySpec, low: Fraction | None, high: Fraction | None) -> Interval:
    for end in (low, high):
        if end is None:
            continue
        if spec.positive and end == 0:
            raise InputError(spec.name, None, 0, "a number above 0, or an open end (None)")
        if end != 0 and not _SMALLEST <= end <= _LARGEST:
            shown = float(end) if abs(end) <= FLOAT_MAX else "a number beyond 1e308"
            raise InputError(spec.name, None, shown, "0 or a number from 1e-15 to 1e+24")
    if low is not None and high is not None and low > high:
        raise InputError(
            spec.name,
            None,
            (float(low), float(high)),
            "a range whose low end is not above its high",
        )
    return Interval(low or Fraction(0), math.inf if high is None else high)


def without_sparse_beside_dense(row: dict[str, Interval]) -> dict[str, Interval]:
    """A dense rate makes the sparse one of its format void; a sparse one alone needs its ratio."""
    for name in [each for each in row if each.endswith("_sparse")]:
        format_name = name.removeprefix("tops_").removesuffix("_sparse")
        if f"tops_{format_name}" in row:
            del row[name]
        elif f"sparse_ratio_{format_name}" not in row:
            raise InputError(
                name, None, _shown(row[name]), f"its ratio in sparse_ratio_{format_name}"
            )
    return row


def _known() -> str:
    return ", ".join(n for n, spec in specs().vocabulary.quantities.items() if not spec.internal)


@lru_cache(maxsize=1)
def catalogue() -> tuple[Mapping[str, Mapping[str, str]], tuple[CatalogueName, ...]]:
    """The rows of the shipped chips by id, and the names of chips and systems."""
    data = specs().data
    names = catalogue_names(data["chips"], data["systems"], data["names"])
    return {row["id"]: row for row in data["chips"]}, names


def chip_of_row(
    row: Mapping[str, str], figures: Mapping[str, str] | None = None, publisher: str = ""
) -> Chip:
    """A chip of the catalogue, with other figures where a publisher has them.

    Who states any peak rate states all that he claims: his rates replace all of the row.
    """
    quantities: dict[str, Any] = {}
    info: dict[str, str] = {}
    figures = figures or {}
    known = specs().vocabulary.quantities
    rated = any(known[name].rate for name in figures if name in known)
    for name, cell in row.items():
        base = name.removesuffix("_low").removesuffix("_high")
        base = name if name in known else base
        if base in known:
            if base not in figures and not (rated and known[base].rate):
                quantities[name] = cell
        elif name not in ("id", processing_units.COLUMN):
            info[name] = cell
    name = " ".join(info[part] for part in ("vendor", "name", "variant") if part in info)
    if figures:
        name += f", figures of {publisher}"
    units = None if rated else row.get(processing_units.COLUMN)
    quantities.update(figures)
    return Chip(name, units=units, id=row["id"], info=info, **quantities)


def chip(name: str) -> Chip:
    """A chip of the catalogue, by the name people type; `.took` says which variant that was.

    Raises UnknownName with the candidates, or with the nearest names.
    """
    rows, names = catalogue()
    found = resolve(name, names)
    if found.id not in rows:
        raise UnknownName(f"{name!r} is the system {found.id}, not a chip; see `tppcore systems`")
    made = chip_of_row(rows[found.id])
    made.took = found.took
    return made


def chips(ids: Iterable[str] | None = None) -> list[Chip]:
    """All chips of the catalogue, or those of the ids given, in the order of the catalogue."""
    rows, _ = catalogue()
    wanted = set(rows) if ids is None else set(ids)
    return [chip_of_row(row) for identity, row in rows.items() if identity in wanted]
