"""Chips given as processing units: count, MACs per clock, clock and bit length.

Technical note 1 to 3A090 (15 CFR 774 Supp. 1): TPP = 2 x MacTOPS x bit length, aggregated over
all processing units of the circuit. A unit that works at several bit lengths counts with the one
that gives the highest figure: entries that share a `unit` are modes of one unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tppcore.errors import InputError
from tppcore.rules.vocabulary import Vocabulary
from tppcore.sources.decimals import exact

COLUMN = "units"
_FIELDS = (
    "unit",
    "count",
    "macs_per_clock",
    "clock_ghz",
    "clock_ghz_sustained",
    "bits",
    "format",
    "output_bits",
)

Ends = tuple[Fraction | None, Fraction | None]


def totals(units: Any, vocabulary: Vocabulary, row: int | None = None) -> dict[str, Ends]:
    """The quantities of a list of units, each as (low, high); equal ends are a value.

    `units` is a list of mappings, or its JSON text. Keys: count, macs_per_clock, clock_ghz, and
    bits or format; optional clock_ghz_sustained, output_bits, unit. Raises InputError.
    """
    if units is None or (isinstance(units, str) and not units.strip()):
        return {}
    if isinstance(units, str):
        try:
            units = json.loads(units, parse_float=str)
        except ValueError:
            raise InputError(COLUMN, row, units, "a list of processing units as JSON") from None
    if not isinstance(units, Iterable) or isinstance(units, Mapping):
        raise InputError(COLUMN, row, units, "a list of processing units")
    modes: dict[Any, list[_Mode]] = {}
    for i, entry in enumerate(units):
        mode = _Mode(entry, vocabulary, row)
        modes.setdefault(entry.get("unit") if entry.get("unit") is not None else i, []).append(mode)
    if not modes:
        return {}
    tpp = sum(max(m.tops * m.bits for m in unit) for unit in modes.values())
    tops = sum(max(m.tops for m in unit) for unit in modes.values())
    every = [mode for unit in modes.values() for mode in unit]
    found: dict[str, Ends] = {
        "units_tpp": (Fraction(tpp), Fraction(tpp)),
        "units_tops": (Fraction(tops), Fraction(tops)),
        "units_tpp_sustained": (None, Fraction(tpp)),
        "units_pp_2022": (Fraction(tpp), None),
    }
    if all(mode.sustained is not None for mode in every):
        low = sum(max((m.sustained or 0) * m.bits for m in unit) for unit in modes.values())
        found["units_tpp_sustained"] = (Fraction(low), Fraction(low))
    if all(mode.output_bits is not None for mode in every):
        wide = sum(max(m.tops * max(m.bits, m.output_bits or 0) for m in u) for u in modes.values())
        found["units_pp_2022"] = (Fraction(wide), Fraction(wide))
    return found


class _Mode:
    """One entry: tera operations per second, at the highest and the sustained clock."""

    def __init__(self, entry: Any, vocabulary: Vocabulary, row: int | None) -> None:
        if not isinstance(entry, Mapping):
            raise InputError(COLUMN, row, entry, "a processing unit with its fields")
        for name in entry:
            if name not in _FIELDS:
                raise InputError(
                    f"{COLUMN}.{name}", row, entry[name], f"one of {', '.join(_FIELDS)}"
                )

        def number(name: str) -> Fraction:
            value = optional(name)
            if value is None or value <= 0:
                raise InputError(f"{COLUMN}.{name}", row, entry.get(name), "a number above 0")
            return value

        def optional(name: str) -> Fraction | None:
            return exact(entry.get(name), f"{COLUMN}.{name}", row)

        format_name = entry.get("format")
        if format_name is not None and format_name not in vocabulary.formats:
            known = ", ".join(vocabulary.formats)
            raise InputError(f"{COLUMN}.format", row, format_name, f"one of {known}")
        self.bits = vocabulary.formats[format_name] if format_name else number("bits")
        # 2 operations a multiply-accumulate; GHz x MACs is 10^9 a second, so over 1000 for tera.
        per_clock = 2 * number("count") * number("macs_per_clock") / 1000
        self.tops = per_clock * number("clock_ghz")
        sustained = optional("clock_ghz_sustained")
        self.sustained = None if sustained is None else per_clock * sustained
        self.output_bits = optional("output_bits")
