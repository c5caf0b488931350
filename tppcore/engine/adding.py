"""Systems in NumPy: the slow twin of the C engine, in whole numbers and fractions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import LARGEST, MISSING, SMALLEST, Bitmaps, Column, Columns, Doubles
from tppcore.engine.parts import (
    LARGEST_COUNT,
    Figure,
    Parts,
    Sums,
    SystemProgram,
    bits,
    check_shapes,
    refusal,
)
from tppcore.engine.units import UNBOUNDED, Units, units
from tppcore.engine.widen import widened_column

Flags = NDArray[np.bool_]

_UNIQUE = 10**15
"""Whole numbers up to here over a power of ten are the shortest decimals of doubles."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Parts that have nothing wrong: those of system i are from starts[i] to starts[i + 1].

    An item that nobody knows is `unknown`, a count that nobody knows 1 and not `counted`.
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int64]
    counts: NDArray[np.int64]
    unknown: Flags
    counted: Flags
    hosts: Flags

    def reduce(self, operation: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """`values`, one a part, united by system."""
        if not len(self.starts) - 1:
            return values[:0]
        return np.asarray(operation.reduceat(values, self.starts[:-1]))


def checked(parts: Parts, items: int) -> Checked:
    """Reads parts. Raises InputError for the first wrong system, and in it the first part."""
    check_shapes(parts)
    offsets = parts.offsets.astype(np.int64)
    assert parts.items.values is not None
    assert parts.counts.values is not None
    m = len(parts.items.values)
    outside = (offsets[:-1] < 0) | (offsets[1:] < offsets[:-1]) | (offsets[1:] > m)
    bad = np.flatnonzero(outside | (offsets[:-1] == offsets[1:]))
    first, last = (offsets[0], offsets[bad[0]] if len(bad) else offsets[-1])
    if len(bad) and bad[0] == 0:
        first = last = np.int64(0)
    rows = slice(int(first), int(last))
    found = _read(parts, items, rows)
    if len(bad):
        system = int(bad[0])
        expected = (
            "offsets that ascend, among the parts" if outside[system] else "at least one part"
        )
        raise refusal(parts, "system", system, expected)
    return Checked(offsets - first, *found)


def _read(parts: Parts, items: int, rows: slice) -> tuple[Any, ...]:
    places, counts = parts.items.values[rows], parts.counts.values[rows]  # type: ignore[index]
    unknown, uncounted = parts.items.nulls()[rows], parts.counts.nulls()[rows]
    if counts.dtype == np.float64:
        uncounted = uncounted | np.isnan(counts)
        with np.errstate(invalid="ignore"):
            fine = (counts >= 1) & (counts <= LARGEST_COUNT) & (np.floor(counts) == counts)
    else:
        fine = (counts >= 1) & (counts <= LARGEST_COUNT)
    bad_item = ~((places >= 0) & (places < items)) & ~unknown
    bad_count = ~fine & ~uncounted
    hosts, bad_host = np.zeros(len(places), np.bool_), np.zeros(len(places), np.bool_)
    if parts.hosts is not None and parts.hosts.values is not None:
        flags = parts.hosts.values[rows]
        hosts, bad_host = flags == 1, (flags > 1) | parts.hosts.nulls()[rows]
    bad = np.flatnonzero(bad_item | bad_count | bad_host)
    if len(bad):
        part, row = int(bad[0]), rows.start + int(bad[0])
        if bad_item[part]:
            raise refusal(parts, "item", row, "a place in the table of items")
        if bad_count[part]:
            raise refusal(parts, "count", row, f"a whole number from 1 to {LARGEST_COUNT}")
        raise refusal(parts, "host", row, "0 or 1")
    whole = np.where(uncounted, 1, counts).astype(np.int64)
    return np.where(unknown, 0, places).astype(np.int64), whole, unknown, ~uncounted, hosts


@dataclass(frozen=True, slots=True)
class Added:
    """A figure over systems, in whole numbers of its unit: object arrays where they are wide."""

    low: NDArray[Any]
    high: NDArray[Any]  # what it is where it is not open
    open: Flags
    unit: Units


def added(figure: Figure, parts: Checked) -> Added:
    """Adds a figure up. Raises TooWide where 64 bits don't hold the values of items."""
    whole = units(figure)
    if not len(figure.low):  # all items are unknown
        whole = Units(np.zeros(1, np.uint64), np.zeros(1, np.uint64), 0, 1)
    counts_here = ~parts.hosts | figure.with_hosts
    unbounded = whole.high == UNBOUNDED
    sizes = [np.where(unbounded, whole.low, whole.high), whole.low]
    factors = parts.counts if figure.is_sum else np.ones_like(parts.counts)
    most = max(int(each.max()) for each in sizes)
    total = int(parts.reduce(np.add, factors).max(initial=0)) if len(factors) else 0
    wide = most * max(total, 1) >= 2**63
    ends = []
    for values in sizes:
        by_item = values.astype(object) if wide else values.astype(np.int64)
        by_part = np.where(counts_here & ~parts.unknown, by_item[parts.items] * factors, 0)
        ends.append(parts.reduce(np.add if figure.is_sum else np.maximum, by_part))
    is_open = unbounded[parts.items] | parts.unknown
    if figure.is_sum:
        is_open |= ~parts.counted & (whole.high > 0)[parts.items]
    return Added(ends[1], ends[0], parts.reduce(np.logical_or, is_open & counts_here), whole)


def doubles(sums: NDArray[Any], unit: Units) -> tuple[Doubles, Flags]:
    """The doubles nearest to some sums, and where a sum is the shortest decimal of its double."""
    plain = unit.divisor == 1 and -15 <= unit.exponent <= 0
    quick = np.asarray(sums <= (_UNIQUE if plain else -1), np.bool_)
    nearest = np.where(quick, sums, 0).astype(np.float64) / 10.0 ** max(-unit.exponent, 0)
    short = quick.copy()
    for i in np.flatnonzero(~quick):
        exact = int(sums[i]) * unit.unit
        nearest[i] = float(exact)
        is_quantity = exact == 0 or SMALLEST <= nearest[i] <= LARGEST
        short[i] = is_quantity and Fraction(repr(float(nearest[i]))) == exact
    return nearest, short


def _given(sums: Added, positive: bool) -> tuple[Column, Flags]:
    """The column that a program takes, and the systems in which it is not the sum itself."""
    low, low_short = doubles(sums.low, sums.unit)
    high, high_short = doubles(sums.high, sums.unit)
    is_value = ~sums.open & np.asarray(sums.low == sums.high, np.bool_) & low_short
    below = np.where(low_short, low, np.nextafter(low, 0.0))
    below = np.where(below < SMALLEST, 0.0, np.minimum(below, LARGEST))
    if positive:
        below = np.where(below == 0.0, np.nan, below)  # the open end of (0, ...)
    above = np.where(high_short, high, np.nextafter(high, np.inf))
    above = np.where(above > LARGEST, np.nan, np.maximum(above, SMALLEST))
    column = Column(
        np.where(is_value, low, np.nan),
        np.where(is_value, np.nan, below),
        np.where(is_value | sums.open, np.nan, above),
    )
    return column, ~is_value & (~low_short | ~(high_short | sums.open))


def with_facts(column: Column, fact: Column, name: str) -> Column:
    """The facts where they are stated, else the sums."""
    fact = widened_column(fact, name)
    value, low, high = column.values, column.low, column.high
    assert value is not None
    assert low is not None
    assert high is not None
    nothing = np.full(len(value), np.nan)
    stated = np.zeros(len(value), np.bool_)
    for end in (fact.values, fact.low, fact.high):
        stated |= ~np.isnan(nothing if end is None else end)
    return Column(
        np.where(stated, nothing if fact.values is None else fact.values, value),
        np.where(stated, nothing if fact.low is None else fact.low, low),
        np.where(stated, nothing if fact.high is None else fact.high, high),
    )


def evaluate(
    law: SystemProgram,
    parts: Parts,
    facts: Columns,
    decider: ModuleType,
    threads: int | None,
    out: Bitmaps,
) -> NDArray[np.int64]:
    """As `systems.evaluate`, where `decider` is the engine that runs the program."""
    found = checked(parts, law.items)
    n = parts.systems
    inputs = {each.quantity: each for each in law.program.inputs}
    columns = dict(facts.by_quantity)
    rounded = np.zeros(n, np.bool_)
    for figure in law.figures:
        if figure.name in inputs:
            column, unlike = _given(added(figure, found), inputs[figure.name].positive)
            if figure.name in facts.by_quantity:
                column = with_facts(column, facts.by_quantity[figure.name], figure.name)
            columns[figure.name] = column
            rounded |= unlike
    met, valid = bits(law.met.values, law.items), bits(law.met.valid, law.items)
    verdicts: dict[int, tuple[Flags, Flags]] = {}
    for i, name in enumerate(law.leaves):
        is_met, is_possible = _any(found, met[i]), _any(found, met[i] | ~valid[i], unknown=True)
        verdicts[i] = is_met, is_met | ~is_possible
        if name in inputs:
            flags = np.where(is_met, 1, np.where(is_possible, MISSING, 0)).astype(np.uint8)
            columns[name] = Column(flags)
    if law.program.paragraphs:
        decided = decider.evaluate(law.program, Columns(n, columns), threads=threads)
        both = bits(decided.values, n), bits(decided.valid, n)
        verdicts |= {~i: (both[0][i], both[1][i]) for i in range(len(law.program.paragraphs))}
    undecided = np.zeros(n, np.bool_)
    for row, place in enumerate(law.paragraphs):
        out.values[row], out.valid[row] = (_words(each) for each in verdicts[place])
        undecided |= ~verdicts[place][1] & (place < 0)
    return np.flatnonzero(rounded & undecided)


def _any(parts: Checked, items: Flags, *, unknown: bool = False) -> Flags:
    """Whether any part of a system is an item of which this is true."""
    of_item = np.append(items, False)  # a table of no items has none to ask
    values = np.where(parts.unknown, unknown, of_item[parts.items])
    return np.asarray(parts.reduce(np.logical_or, values), np.bool_)


def _words(flags: Flags) -> NDArray[np.uint64]:
    packed = np.zeros(8 * -(-len(flags) // 64), np.uint8)
    found = np.packbits(flags, bitorder="little")
    packed[: len(found)] = found
    return packed.view(np.uint64)


def aggregates(figures: Sequence[Figure], parts: Parts, into: Sums) -> None:
    """As `systems.aggregates`, written to `into`."""
    for figure, low, high in zip(figures, into.low, into.high, strict=True):
        sums = added(figure, checked(parts, len(figure.low)))
        low[:] = doubles(sums.low, sums.unit)[0]
        if high is not low:
            high[:] = np.where(sums.open, np.inf, doubles(sums.high, sums.unit)[0])


def fill(law: SystemProgram, parts: Parts, into: Sums) -> None:
    """Writes the figures of a law that have these names."""
    by_name = {figure.name: figure for figure in law.figures}
    aggregates([by_name[name] for name in into.names], parts, into)
