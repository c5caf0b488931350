"""Systems: several items as one machine, given one by one, and those of the shipped catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any

from tppcore.engine.exact import ANYTHING, Interval, Metrics, Row, point
from tppcore.engine.parts import LARGEST_COUNT
from tppcore.engine.totals import UNKNOWN_COUNT, totals
from tppcore.engine.totals import Part as Counted
from tppcore.errors import InputError, TppError, UnknownName
from tppcore.rules.store import specs
from tppcore.rules.vocabulary import Formulas
from tppcore.sources.chips import Chip, catalogue, chip_of_row, quantities_of
from tppcore.sources.claims import CLAIMED, Claim
from tppcore.sources.names import resolve

POWER_LEVELS = ("chip sum", "rack", "all-in")
"""Where the power of a system is measured: its circuits alone, a rack, or all that it takes."""

_ADDED = ("system_w", "scaleout_gbit_s")
"""What a system of systems has in all, if each of them states it."""


@dataclass(frozen=True, slots=True)
class Part:
    """An item or a system that is part of a system; `count` None: nobody knows how many."""

    item: Chip | System
    count: int | None
    is_host: bool = False


class System:
    """Several items as one machine.

    Parameters
    ----------
    name: what to call it.
    parts: chips or systems with their counts: a mapping {"GB200": 72}, {chip: 8}, or pairs
        (item, count). An item is a `Chip`, a `System`, or a name of the catalogue; a count is a
        whole number from 1 to 2^32 - 1, or None where nobody knows it.
    hosts: host processors in the same form. They count as single circuits and in the peaks of the
        whole machine (FP64, FP32, op/s, APP), not in the sums over the accelerators.
    power_level: where `system_w` is measured: "chip sum", "rack" or "all-in".
    claims: totals that somebody publishes, by metric or quantity of systems
        (claims={"memory_capacity": "13400"}); they are compared with the sums, never used.
    quantities: what is stated of the system itself, by quantity in its unit: system_w,
        scaleout_gbit_s, envelope_ft3, cluster_network_gbit_s, racks, nodes; or a sum that the
        parts leave open (fp64_pflops). Values as for `Chip`.

    Raises
    ------
    InputError: a count or value that can't be used, with the place of the part. UnknownName: no
    such chip, system, metric or quantity.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        parts: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
        hosts: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None,
        power_level: str | None = None,
        claims: Mapping[str, Any] | Iterable[Claim] | None = None,
        id: str | None = None,
        info: Mapping[str, str] | None = None,
        **quantities: Any,
    ) -> None:
        self.name, self.id, self.info = name, id, dict(info or {})
        self.took: str | None = None
        self.parts = (*_parts(parts, False), *_parts(hosts or {}, True))
        if not any(not part.is_host for part in self.parts):
            raise InputError("parts", None, dict(parts), "at least one part that is no host")
        if power_level is not None and power_level not in POWER_LEVELS:
            raise InputError("power_level", None, power_level, f"one of {', '.join(POWER_LEVELS)}")
        self.power_level = power_level
        self.facts: Row = quantities_of(quantities)
        if isinstance(claims, Mapping):
            claims = [Claim.of(metric, value) for metric, value in claims.items()]
        self.claims: tuple[Claim, ...] = tuple(claims or ())

    def items(self) -> Iterator[tuple[Chip, Interval, bool]]:
        """The chips of the system and of the systems in it, how often they are there (an
        interval), and whether they are hosts."""
        for part in self.parts:
            count = UNKNOWN_COUNT if part.count is None else point(Fraction(part.count))
            if isinstance(part.item, Chip):
                yield part.item, count, part.is_host
                continue
            for chip, inner, is_host in part.item.items():
                high = count.high * inner.high
                yield chip, Interval(count.low * inner.low, high), is_host or part.is_host

    def counted(self) -> list[Counted]:
        """The items by their quantities, as `tppcore.engine.totals` takes them."""
        return [Counted(chip.quantities, count, is_host) for chip, count, is_host in self.items()]

    def quantities(self, formulas: Formulas) -> dict[str, Interval]:
        """The quantities of the system under the formulas of circuits: sums over its parts, what
        is stated of it, and what fits into a volume. Raises InputError for a stated figure that
        the parts contradict."""
        found = totals(self.counted(), formulas)
        for name in _ADDED:
            if name not in self.facts:
                found[name] = self._added(name)
        for name, stated in self.facts.items():
            found[name] = agreed(name, stated, found.get(name, ANYTHING))
        found["largest_app_wt"] = self._largest_app(formulas, found["largest_app_wt"])
        for spec in formulas.vocabulary.quantities.values():
            if spec.densest:
                least = self._fitting(formulas, *spec.densest)
                found[spec.name] = Interval(least, math.inf)
        return {name: value for name, value in found.items() if value != ANYTHING}

    @property
    def level(self) -> str | None:
        """Where the power of the system is measured, its own or that of the systems in it."""
        if self.power_level is not None or "system_w" in self.facts:
            return self.power_level
        levels = {part.item.level if isinstance(part.item, System) else None for part in self.parts}
        return levels.pop() if len(levels) == 1 else None

    def _added(self, name: str) -> Interval:
        total = point(Fraction(0))
        for part in self.parts:
            if not isinstance(part.item, System) or (name == "system_w" and self.level is None):
                return ANYTHING
            one = part.item.facts.get(name) or part.item._added(name)
            if part.count is None:
                return Interval(one.low, math.inf)
            total = Interval(total.low + part.count * one.low, total.high + part.count * one.high)
        return total

    def _largest_app(self, formulas: Formulas, largest: Interval) -> Interval:
        """The largest APP of a circuit, or of a system in this one that shares memory."""
        for part in self.parts:
            if isinstance(part.item, System):
                own = Metrics(formulas.of_systems(), part.item.quantities(formulas)).metric("app")
                largest = Interval(max(largest.low, own.low), max(largest.high, own.high))
        return largest

    def _fitting(self, formulas: Formulas, name: str, volume: Fraction) -> Fraction:
        """The least that as many systems of known volume as fit into `volume` have together, the
        densest first: one way to fill it, hence a bound from below."""
        racks = []
        for part in self.parts:
            if isinstance(part.item, System):
                own = part.item.quantities(formulas)
                envelope = own.get("envelope_ft3", ANYTHING).high
                value = own.get(name, ANYTHING).low
                if isinstance(envelope, Fraction) and value > 0:
                    racks.append((value / envelope, value, envelope, part.count or 1))
        left, total = volume, Fraction(0)
        for _, value, envelope, count in sorted(racks, reverse=True):
            fitting = min(count, left // envelope)
            left, total = left - fitting * envelope, total + fitting * value
        return total

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{part.item.id or part.item.name}: {part.count}" + (" (hosts)" if part.is_host else "")
            for part in self.parts
        )
        return f"System({self.name or self.id!r}: {parts})"


def agreed(name: str, stated: Interval, given: Interval, row: int | None = None) -> Interval:
    """What is stated of a system, within what its parts give. Raises InputError where it is not."""
    low, high = max(stated.low, given.low), min(stated.high, given.high)
    if low > high or (given.known and not stated.known):
        raise InputError(
            name,
            row,
            float(stated.low),
            f"what the parts give, {float(given.low):g}"
            + (f" to {float(given.high):g}" if not given.known else "")
            + "; a total that somebody publishes belongs into claims",
        )
    return Interval(low, high)


def _parts(given: Any, is_host: bool) -> Iterator[Part]:
    pairs = given.items() if isinstance(given, Mapping) else given
    for i, pair in enumerate(pairs):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError("parts", i, pair, "an item and its count")
        item, count = pair
        if isinstance(item, str):
            item = named(item)
        if not isinstance(item, (Chip, System)):
            raise InputError("parts", i, item, "a chip, a system, or the name of one")
        yield Part(item, whole_count(count, i), is_host)


def whole_count(value: Any, row: int | None) -> int | None:
    """A count as a whole number; None where it is not known. Raises InputError."""
    if value is None or value != value:
        return None
    expected = f"a whole number from 1 to {LARGEST_COUNT:,}"
    if type(value).__name__ in ("bool", "bool_"):
        raise InputError("count", row, value, expected)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InputError("count", row, value, expected) from None
    if not number.is_finite() or number != int(number) or not 1 <= number <= LARGEST_COUNT:
        raise InputError("count", row, value, expected)
    return int(number)


@lru_cache(maxsize=1)
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["id"]: row for row in specs().data["systems"]}


def named(name: str) -> Chip | System:
    """A chip or a system of the catalogue, by the name people type.

    Raises UnknownName with the candidates, or with the nearest names.
    """
    rows, names = catalogue()
    found = resolve(name, names)
    made = chip_of_row(rows[found.id]) if found.id in rows else by_id(found.id)
    made.took = found.took
    return made


def system(name: str) -> System:
    """A system of the catalogue, by the name people type; `.took` says which row that was.

    Raises UnknownName with the candidates, or with the nearest names.
    """
    rows, names = catalogue()
    found = resolve(name, [each for each in names if each.id not in rows])
    made = by_id(found.id)
    made.took = found.took
    return made


def systems(ids: Iterable[str] | None = None) -> list[System]:
    """All systems of the catalogue, or those of the ids given, in the order of the catalogue."""
    wanted = None if ids is None else set(ids)
    return [by_id(identity) for identity in _rows() if wanted is None or identity in wanted]


def family(identity: str) -> list[str]:
    """The ids of the rows that describe the same machine as a system of the catalogue, itself
    included, by whosoever's figures."""
    rows = _rows()
    return [each for each, row in rows.items() if row["family"] == rows[identity]["family"]]


def by_id(identity: str, within: Sequence[str] = ()) -> System:
    """A system of the catalogue. Raises TppError for a system that is part of itself."""
    if identity in within:
        raise TppError(f"systems.csv: {' -> '.join((*within, identity))}: a system within itself")
    row = _rows()[identity]
    figures = _figures(row.get("figures", ""))
    stated: dict[str, Any] = {name: row[name] for name in _STATED if name in row}
    if "system_kw" in row:
        stated["system_w"] = Fraction(row["system_kw"]) * 1000

    def parts(text: str) -> list[tuple[Chip | System, str]]:
        found: list[tuple[Chip | System, str]] = []
        for each in filter(None, map(str.strip, text.split(";"))):
            item, _, count = each.rpartition(" x ")
            found.append((_item(item, figures, row, (*within, identity)), count))
        return found

    found = System(
        f"{row['vendor']} {row['name']}",
        parts=parts(row["parts"]),
        hosts=parts(row.get("hosts", "")),
        power_level=row.get("power_level"),
        claims=[
            Claim(metric, row[column], scale, unit, row.get("figures_by", ""))
            for column, (metric, scale, unit) in CLAIMED.items()
            if column in row
        ],
        id=identity,
        info={name: text for name, text in row.items() if name not in _READ},
        **stated,
    )
    network = found.facts.get("scaleout_gbit_s")
    if network is not None and "cluster_network_gbit_s" not in found.facts:
        # What joins the machines has at least the share of one circuit, at most all of it. Rounded
        # down, a bound from below stays one, and is a decimal.
        circuits = sum(count.low for _, count, is_host in found.items() if not is_host)
        bounds = Interval(Fraction(network.low // circuits), network.high)
        found.facts = {**found.facts, "cluster_network_gbit_s": bounds}
    return found


_STATED = (
    *("racks", "nodes", "scaleup_domain", "scaleout_gbit_s", "envelope_ft3"),
    *("shared_memory", "cluster_network_gbit_s"),
)
_READ = frozenset(
    ("id", "parts", "figures", "hosts", "system_kw", "power_level", *_STATED, *CLAIMED)
)


def _item(
    identity: str, figures: Mapping[str, Mapping[str, str]], row: Mapping[str, str], within: Any
) -> Chip | System:
    chips, _ = catalogue()
    if identity in _rows():
        return by_id(identity, within)
    if identity not in chips:
        raise UnknownName(f"systems.csv: {row['id']}: no chip or system has the id {identity!r}")
    return chip_of_row(chips[identity], figures.get(identity, {}), row.get("publisher", ""))


def _figures(text: str) -> dict[str, dict[str, str]]:
    """ "chip: quantity=value, ... | chip: ..." by chip."""
    found: dict[str, dict[str, str]] = {}
    for each in filter(None, map(str.strip, text.split("|"))):
        identity, _, pairs = each.partition(":")
        found[identity.strip()] = {
            name.strip(): value.strip()
            for name, _, value in (pair.partition("=") for pair in pairs.split(","))
        }
    return found
