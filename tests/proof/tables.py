"""Tables of decimals for the integer proof: whole numbers, one scale a column, and their columns.

    random  log-uniform over what spec sheets hold
    round   round numbers, which tie often
    on      exactly on a threshold of the law, wherever the digits of the column allow it
    step    there, and one unit of the last digit to either side
    corner  on two thresholds at once, and beside them
    ulp     the neighbouring float to either side of a threshold
    digits  as many digits as there are (15 to 17 in doubles), half of them near a threshold

and a column is stored as

    float64, float32   floats, each the nearest to its decimal
    integer            of some width, where the scale is 0
    decimal            decimal128
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.proof.decimals import Wholes, doubles, singles, written
from tests.proof.reference import Cells
from tests.strategies import is_boolean
from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.rules.store import specs

KINDS = ("random", "round", "on", "step", "corner", "ulp", "digits")

STORAGES = ("float64", "float32", "mixed")

_SPAN = {
    "tops": (100, 5_000),
    "die_area_mm2": (100, 4_000),
    "package_area_mm2": (100, 4_000),
    "dram_gb_s": (100, 8_000),
    "transistors_bn": (1, 500),
    "best_indigenous_tpp": (500, 20_000),
}
_OTHER_SPAN = (1, 8_000)
_WIDEST = 14  # digits after the point of a double from 100 on, and it still fits into an int64
_WIDEST_32 = 7
_FINE = 9  # digits after the point of the ends of ranges
_GROUPS = 64  # of rows that stand on one threshold in one way
_SMALL = ("ics_per_item",)


@dataclass(frozen=True, slots=True)
class Stored:
    """A quantity with its cells, and how its column is stored."""

    cells: Cells
    storage: str

    def column(self, rng: np.random.Generator) -> Column:
        """The column as an engine takes it."""
        cells = self.cells
        ends: dict[str, NDArray[np.float64]] = {}
        for name, end, has in (
            ("low", cells.low, cells.has_low),
            ("high", cells.high, cells.has_high),
        ):
            if end is not None and has is not None:
                ends[name] = np.where(has, doubles(end, cells.scale), np.nan)
        if self.storage == "boolean":
            return Column(np.where(cells.known, cells.value, MISSING).astype(np.uint8))
        values: NDArray[Any]
        if self.storage in ("float64", "float32"):
            convert = doubles if self.storage == "float64" else singles
            values = convert(cells.value, cells.scale)
            values[~cells.known] = np.nan
            return Column(values, **ends)
        if self.storage == "integer":
            fitting = [
                kind
                for kind in ("i1", "i2", "u2", "i4", "u4", "i8", "u8")
                if cells.value.max(initial=0) <= np.iinfo(kind).max
            ]
            values = cells.value.astype(str(rng.choice(fitting)))
        else:
            values = np.zeros((len(cells.value), 2), np.uint64)
            values[:, 0] = cells.value
        # What lies under a null is anybody's guess, and must not matter.
        values[~cells.known] = rng.integers(0, 127)
        first = int(rng.integers(0, 9))
        present = np.packbits(
            np.concatenate([np.ones(first, np.bool_), cells.known]), bitorder="little"
        )
        more = {"scale": cells.scale} if self.storage == "decimal" else {}
        if cells.known.all() and rng.random() < 0.5:
            return Column(values, **ends, **more)
        return Column(values, **ends, present=present, first_bit=first, **more)


def columns(table: Mapping[str, Stored], rows: int, seed: int) -> Columns:
    """A table as the engines take it."""
    rng = np.random.default_rng([seed, 1])
    return Columns(rows, {name: each.column(rng) for name, each in table.items()})


def table(
    kind: str,
    rows: int,
    seed: int,
    limits: Mapping[str, Sequence[Fraction]],
    *,
    quantities: Sequence[str],
    storage: str = "float64",
    missing: float = 0.0,
    ranged: float = 0.0,
) -> dict[str, Stored]:
    """One table of a kind; `missing` and `ranged` are the shares of cells that are so.

    `limits` are the thresholds of the metrics that rows of most kinds stand on.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    maker = _Maker(kind, rows, rng, quantities, storage)
    if kind not in ("random", "round"):
        maker.aim(limits)
    if kind in ("ulp", "digits"):
        maker.lengthen()
    result = {}
    for name, number in maker.table.items():
        known = rng.random(rows) >= missing if missing else np.ones(rows, np.bool_)
        cells = Cells(number.scale, number.value, known & ~number.hidden)
        if ranged and number.storage != "boolean" and not name.startswith("sparse_ratio_"):
            cells = _ranged(cells, rng, ranged)
        result[name] = Stored(
            replace(cells, value=np.where(cells.known, cells.value, 0)), number.storage
        )
    return result


@dataclass(slots=True)
class _Number:
    """A column in the making; `aimed` are the cells that put their rows on a threshold."""

    storage: str
    scale: int
    value: Wholes
    hidden: NDArray[np.bool_]
    aimed: NDArray[np.bool_]


class _Maker:
    def __init__(
        self, kind: str, rows: int, rng: np.random.Generator, quantities: Sequence[str], way: str
    ) -> None:
        self.kind, self.rows, self.rng = kind, rows, rng
        self.table: dict[str, _Number] = {}
        for name in quantities:
            storage = self.storage(name, way)
            scale = self.scale(name, storage)
            mask = np.zeros((2, rows), np.bool_)
            self.table[name] = _Number(storage, scale, self.values(name, scale), *mask)
        bits = specs().vocabulary.formats
        self.rates = [
            (f"tops_{each}{end}", int(width), ratio)
            for each, width in bits.items()
            for end, ratio in (("", 1), ("_vector", 1), ("_sparse", 2))
            if f"tops_{each}{end}" in quantities
        ]

    def storage(self, name: str, way: str) -> str:
        if is_boolean(name):
            return "boolean"
        if way == "mixed":
            return str(self.rng.choice(["float64", "float32", "integer", "decimal"]))
        return way

    def scale(self, name: str, storage: str) -> int:
        if name in _SMALL or storage in ("boolean", "integer") or name.startswith("sparse_ratio_"):
            return 0
        digits = len(str(_span(name)[1]))
        if storage == "float32":
            return int(self.rng.integers(0, 7 - digits))
        if self.kind == "digits":  # what `lengthen` leaves alone
            return int(self.rng.integers(9, 16 - digits))
        return int(self.rng.integers(0, 7))

    def values(self, name: str, scale: int) -> Wholes:
        rng, rows = self.rng, self.rows
        if is_boolean(name):
            return (rng.random(rows) < 0.75).astype(np.int64)
        if name == "ics_per_item":
            return rng.choice(np.array([1, 1, 1, 2, 4, 8]), rows)
        if name.startswith("sparse_ratio_"):
            return np.full(rows, 2, np.int64)
        low, high = _span(name)
        values = np.exp(rng.uniform(np.log(low), np.log(high), rows)) * 10.0**scale
        if self.kind in ("random", "digits"):
            return np.maximum(np.rint(values), 1).astype(np.int64)
        if self.kind == "round":
            step = max(1, 10**scale * int(rng.choice([1, 5, 50])) // int(rng.choice([1, 1, 2])))
        else:
            step = 10 ** (scale - int(rng.integers(0, min(scale, 3) + 1)))
        return np.maximum(np.rint(values / step), 1).astype(np.int64) * step

    # ---- rows on a threshold ----

    def aim(self, limits: Mapping[str, Sequence[Fraction]]) -> None:
        aims = {
            "tpp": self.on_tpp,
            "performance_density": self.on_density,
            "processing_performance_2022": self.on_tpp,
            "total_dram_bandwidth": self.on_dram,
            "interconnect_bandwidth": self.on_links,
            "dram_plus_interconnect": self.on_both,
            "bidirectional_transfer_rate": self.on_transfer,
            "hbm_bandwidth_density": self.on_hbm,
        }
        known = [m for m in limits if m in aims or (m in self.table and not is_boolean(m))]
        if "transistor_count" in limits:
            known.append("transistor_count")
        usual = [m for m in known if m in ("tpp", "performance_density", "total_dram_bandwidth")]
        known += 8 * usual
        if not known:
            return
        groups = min(_GROUPS, self.rows)
        for group in range(groups):
            if self.kind == "digits" and group % 2:
                continue
            metric = known[int(self.rng.integers(len(known)))]
            rows = slice(group, None, groups)
            limit = self.pick(limits[metric])
            if self.kind == "corner" and "tpp" in limits:
                self.on_corner(limits, rows)
            elif metric in aims:
                aims[metric](limit, rows)
            else:
                name = "transistors_bn" if metric == "transistor_count" else metric
                self.put(name, limit, 1, 1, rows)

    def pick(self, limits: Sequence[Fraction]) -> Fraction:
        return limits[int(self.rng.integers(len(limits)))]

    def items(self, rows: slice) -> Wholes | int:
        return self.table["ics_per_item"].value[rows] if "ics_per_item" in self.table else 1

    def put(
        self,
        name: str,
        limit: Fraction,
        factor: Wholes | int,
        divisor: Wholes | int,
        rows: slice,
        less: Sequence[str] = (),
    ) -> None:
        """The cell is limit * factor / divisor, less other columns, cut off at its scale."""
        if name not in self.table:
            return
        into = self.table[name]
        scale = max([into.scale, *(self.table[other].scale for other in less)])
        top = _times(factor, limit.numerator * 10**scale)
        value = top // (limit.denominator * np.asarray(divisor))
        for other in less:
            part = self.table[other]
            value = value - part.value[rows] * 10 ** (scale - part.scale)
        value = np.maximum(value, 0) // 10 ** (scale - into.scale)
        size = len(into.value[rows])
        if self.kind in ("step", "corner", "digits"):
            value = value + self.rng.integers(-1, 2, size)
        elif self.kind == "on":  # cut off, some still lie just below
            value = value + self.rng.integers(0, 2, size) * (self.rng.random(size) < 0.2)
        into.value[rows] = np.maximum(value, 1).astype(np.int64)
        into.aimed[rows] = True

    def rate(self, rows: slice) -> tuple[str, int, int] | None:
        """A format, and no other that could decide."""
        if not self.rates:
            return None
        chosen = self.rates[int(self.rng.integers(len(self.rates)))]
        for name, _, _ in self.rates:
            other = self.table[name]
            if name == chosen[0]:
                continue
            nothing = self.rng.random(len(other.value[rows])) < 0.5
            other.hidden[rows] = nothing
            other.value[rows] = np.where(self.rng.random(len(nothing)) < 0.9, 0, 1)
        return chosen

    def on_tpp(self, limit: Fraction, rows: slice) -> None:
        if (chosen := self.rate(rows)) is not None:
            name, bits, ratio = chosen
            self.put(name, limit * ratio, self.items(rows), bits, rows)

    def on_density(self, limit: Fraction, rows: slice) -> None:
        if (chosen := self.rate(rows)) is None or "die_area_mm2" not in self.table:
            return
        name, bits, ratio = chosen
        area = self.table["die_area_mm2"]
        divisor = bits * 10**area.scale
        # The areas for which the rate has no more digits than its column, in most of the rows.
        below = limit.denominator * divisor
        whole = below // math.gcd(below, limit.numerator * ratio * 10 ** self.table[name].scale)
        values = area.value[rows]
        rounded = np.maximum(values // whole, 1) * whole
        most = (self.rng.random(len(values)) < 0.8) & (rounded < 4 * values)
        area.value[rows] = np.where(most, rounded, values)
        self.put(name, limit * ratio, area.value[rows], divisor, rows)

    def on_corner(self, limits: Mapping[str, Sequence[Fraction]], rows: slice) -> None:
        limit = self.pick(limits["tpp"])
        if (chosen := self.rate(rows)) is None:
            return
        name, bits, ratio = chosen
        self.put(name, limit * ratio, self.items(rows), bits, rows)
        if "performance_density" in limits:
            density = self.pick(limits["performance_density"])
            self.put("die_area_mm2", limit / density, self.items(rows), 1, rows)
        if "total_dram_bandwidth" in limits:
            self.on_dram(self.pick(limits["total_dram_bandwidth"]), rows)

    def less(self, names: Sequence[str], limit: Fraction, rows: slice) -> list[str]:
        """Columns that are part of a sum, made small enough to be so."""
        found = [name for name in names if name in self.table]
        for name in found:
            part = self.table[name]
            most = int(limit * 10**part.scale / (len(found) + 1))
            part.value[rows] = np.minimum(part.value[rows], max(most, 1))
        return found

    def on_dram(self, limit: Fraction, rows: slice) -> None:
        less = self.less(["dram_other_gb_s"], limit, rows)
        self.put("dram_gb_s", limit, self.items(rows), 1, rows, less)

    def on_links(self, limit: Fraction, rows: slice) -> None:
        self.put("interconnect_gb_s", limit, self.items(rows), 1, rows)

    def on_both(self, limit: Fraction, rows: slice) -> None:
        less = self.less(["dram_other_gb_s", "interconnect_gb_s"], limit, rows)
        self.put("dram_gb_s", limit, self.items(rows), 1, rows, less)

    def on_transfer(self, limit: Fraction, rows: slice) -> None:
        less = self.less(["host_gb_s"], limit, rows)
        self.put("interconnect_gb_s", limit, self.items(rows), 1, rows, less)

    def on_hbm(self, limit: Fraction, rows: slice) -> None:
        if "package_area_mm2" in self.table:
            area = self.table["package_area_mm2"]
            self.put("dram_gb_s", limit, area.value[rows], 10**area.scale, rows)

    # ---- many digits ----

    def lengthen(self) -> None:
        """Moves cells by one ulp, or makes them floats that need all their digits."""
        for name, number in self.table.items():
            if number.storage in ("boolean", "integer") or name in _SMALL:
                continue
            if name.startswith("sparse_ratio_"):
                continue
            if self.kind == "digits" and self.rng.random() < 0.3:
                continue
            single = number.storage == "float32"
            widest = _WIDEST_32 if single else _WIDEST
            convert: Callable[[Wholes, int], NDArray[Any]] = singles if single else doubles
            values = convert(number.value, number.scale)
            chosen = (values >= 100) & (values < 9e4)
            if self.kind == "ulp":
                chosen &= number.aimed
            else:
                chosen &= self.rng.random(self.rows) < (0.25 if number.aimed.any() else 0.05)
            moved = values[chosen]
            ulps = self.rng.integers(-1, 2, len(moved))
            if self.kind == "digits":
                ulps = self.rng.integers(-9, 10, len(moved))
            moved = (moved + ulps * np.spacing(moved)).astype(moved.dtype)
            number.value = number.value * 10 ** (widest - number.scale)
            number.value[chosen] = written(moved, widest)
            number.scale = widest


def _times(factor: Wholes | int, by: int) -> NDArray[Any]:
    """A product, in Python's integers where it needs them."""
    factor = np.asarray(factor, np.int64)
    return factor * by if int(factor.max(initial=0)) * by < 2**63 else factor.astype(object) * by


def _span(name: str) -> tuple[int, int]:
    return _SPAN.get("tops" if name.startswith("tops_") else name, _OTHER_SPAN)


def _ranged(cells: Cells, rng: np.random.Generator, share: float) -> Cells:
    """Some values become ranges around them: an end often stays on the value, or is open."""
    rows = len(cells.value)
    chosen = np.flatnonzero((rng.random(rows, np.float32) < share) & cells.known)
    value = cells.value[chosen]
    grain = 10 ** max(0, cells.scale - _FINE)
    known = cells.known.copy()
    known[chosen] = False
    open_end = rng.integers(0, 6, len(chosen))
    parts: list[NDArray[Any]] = []
    for number, sign in enumerate((-1, 1)):
        moved = value + sign * (value // 1000) * rng.integers(1, 500, len(chosen))
        moved = np.maximum(moved // grain, 1) * grain
        stays = (rng.random(len(chosen)) < 0.4) | ((moved > value) != (sign > 0))
        end, has = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
        closed = open_end != number
        end[chosen], has[chosen] = np.where(closed, np.where(stays, value, moved), 0), closed
        parts += [end, has]
    return Cells(cells.scale, cells.value, known, *parts)
