"""Floor 5: systems classified and measured, one by one in fractions or by the million in C."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tppcore.engine import oracle
from tppcore.engine import systems as batch
from tppcore.engine.choose import choose, module
from tppcore.engine.columns import Bitmaps, Column, Columns, Doubles
from tppcore.engine.exact import ANYTHING, Interval, Metrics, Row, point
from tppcore.engine.parts import Figure, Parts, SystemProgram, TooWide
from tppcore.engine.totals import UNKNOWN_COUNT, Part, met, totals
from tppcore.engine.widen import widened
from tppcore.errors import InputError, TppError, UnknownName
from tppcore.rules.expression import FormulaError
from tppcore.rules.expression import quantities as read_by
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.systems import SystemLaw, of_systems
from tppcore.rules.vocabulary import Vocabulary, item_metric
from tppcore.sinks.ends import answer
from tppcore.sources.systems import System, agreed, whole_count
from tppcore.sources.table import Table
from tppcore.verdicts import Verdicts

if TYPE_CHECKING:
    from tppcore.sources.system_table import SystemTable


class Few:
    """One system or a list of them, in the place of a table."""

    def __init__(self, systems: System | Sequence[System]) -> None:
        self.kind = "chip" if isinstance(systems, System) else "chips"
        self.source = [systems] if isinstance(systems, System) else list(systems)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def index(self) -> None:
        """Systems one by one have no index."""

    def chip(self, i: int) -> System:
        """System i."""
        return self.source[i]

    def answer(self, columns: dict[str, Doubles]) -> dict[str, Doubles]:
        """Columns (n,) as they are."""
        return columns

    def rows(self, law: SystemLaw) -> Iterator[dict[str, Interval]]:
        """The quantities of each system, leaves included."""
        for each in self.source:
            yield system_row(each, law)


def of(data: Any) -> Few | SystemTable | None:
    """What stands for a table if `data` is one system, a list of systems or a SystemTable."""
    if isinstance(data, System):
        return Few(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(e, System) for e in data):
        return Few(data)
    if type(data).__name__ == "SystemTable":
        from tppcore.sources.system_table import SystemTable

        return data if isinstance(data, SystemTable) else None
    return None


def system_row(system: System, law: SystemLaw) -> dict[str, Interval]:
    """The quantities of a system and which paragraphs on circuits some circuit in it meets."""
    row = system.quantities(law.circuit.formulas)
    row.update(_leaves(law, met(system.counted(), law.circuit)))
    return row


def _leaves(law: SystemLaw, verdicts: Sequence[bool | None]) -> Iterator[tuple[str, Interval]]:
    for name, verdict in zip(law.leaves, verdicts, strict=True):
        if verdict is not None:
            yield name, point(Fraction(verdict))


def classify(
    systems: Few | SystemTable,
    rules: Rulebook,
    engine: str | None,
    threads: int | None,
    out: Verdicts | None,
) -> Verdicts:
    """As `tppcore.classify`, for systems."""
    law = of_systems(rules)
    if isinstance(systems, Few):
        chosen = choose(engine or "exact")
        if chosen != "exact":
            raise TppError(f"engine {chosen!r} takes systems as a SystemTable; expected exact")
        bitmaps = oracle.decide_rows(law.whole, systems.rows(law), len(systems))
    else:
        chosen = choose(engine)
        bitmaps = _classified(systems, law, chosen, threads, out)
    if out is not None and bitmaps is not out.bitmaps:
        out.bitmaps.check(len(bitmaps.values), bitmaps.rows)
        out.bitmaps.values[:], out.bitmaps.valid[:] = bitmaps.values, bitmaps.valid
        bitmaps = out.bitmaps
    return Verdicts(law.whole, systems, bitmaps, chosen)


def _classified(
    table: SystemTable, law: SystemLaw, engine: str, threads: int | None, out: Verdicts | None
) -> Bitmaps:
    if engine != "exact":
        program = _program(table, law, engine, threads)
        _check_stated(table, program.figures, engine, threads)
        try:
            with _rows_of_caller(table):
                bitmaps, unsettled = batch.evaluate(
                    program,
                    table.parts,
                    table.facts,
                    engine=engine,
                    threads=threads,
                    out=None if out is None else out.bitmaps,
                )
        except TooWide:
            pass
        else:
            if len(unsettled):
                settled = oracle.decide_rows(
                    law.whole, _exact_rows(table, law, unsettled.tolist()), len(unsettled)
                )
                _put(bitmaps, unsettled, settled)
            return bitmaps
    rows = _exact_rows(table, law, range(len(table)))
    return oracle.decide_rows(law.whole, rows, len(table))


def _put(into: Bitmaps, rows: Any, settled: Bitmaps) -> None:
    """Writes the verdicts of `settled`, in their order, over those of `rows`."""
    bit = np.uint64(1) << (rows.astype(np.uint64) % np.uint64(64))
    for words, found in ((into.values, settled.values), (into.valid, settled.valid)):
        for p in range(len(words)):
            new = np.unpackbits(found[p].view(np.uint8), count=len(rows), bitorder="little")
            np.bitwise_and.at(words[p], rows // 64, ~bit)
            np.bitwise_or.at(words[p], rows // 64, np.where(new, bit, np.uint64(0)))


_kept: weakref.WeakKeyDictionary[Table, dict[Any, SystemProgram]] = weakref.WeakKeyDictionary()


def _program(table: SystemTable, law: SystemLaw, engine: str, threads: int | None) -> SystemProgram:
    """The law compiled for the items of a table; kept where these are chips, which never change."""
    key = (law.whole.hash, frozenset(table.facts.by_quantity))
    kept = {} if table.items.chips is None else _kept.setdefault(table.items, {})
    if key not in kept:
        kept[key] = _compiled(table, law, engine, threads)
    return kept[key]


def _compiled(
    table: SystemTable, law: SystemLaw, engine: str, threads: int | None
) -> SystemProgram:
    from tppcore.program.compile import compile as compile_program

    formulas = law.whole.formulas
    read: set[str] = set()
    for name in law.composite.metrics_used:
        read |= read_by(formulas.tree(name))
    figures = _figures(table.items, law.circuit, read)
    leaves = [name for name in law.leaves if name in read]
    given = {*(figure.name for figure in figures), *leaves, *table.facts.by_quantity}
    program = compile_program(law.composite, given)
    places = {name: i for i, name in enumerate(law.leaves)}
    composite = {each.id: i for i, each in enumerate(law.composite.paragraphs)}
    bare = [law.bare(each) for each in law.whole.paragraphs]
    return SystemProgram(
        program,
        figures,
        law.leaves,
        _met(table.items, law.circuit, engine, threads),
        tuple(
            ~composite[each.id] if name is None else places[name]
            for name, each in zip(bare, law.whole.paragraphs, strict=True)
        ),
    )


def _met(items: Table, circuit: Rulebook, engine: str, threads: int | None) -> Bitmaps:
    if items.chips is not None:
        return oracle.decide_rows(circuit, _item_rows(items), len(items))
    from tppcore import api

    return api.classify(items.source, circuit, engine=engine, threads=threads).bitmaps


def _item_rows(items: Table) -> list[Row]:
    if items.chips is not None:
        return [chip.quantities for chip in items.chips]
    return list(oracle.rows(items.columns, without_paragraphs(None).vocabulary))


def _figures(items: Table, circuit: Rulebook, names: set[str]) -> tuple[Figure, ...]:
    """What each item gives to the aggregated quantities of these names."""
    formulas = circuit.formulas
    wanted = [spec for spec in formulas.vocabulary.totals if spec.name in names]
    values = [Metrics(formulas, row) for row in _item_rows(items)] if wanted else []
    found = []
    for spec in wanted:
        each = [one.metric(item_metric(spec.name)) for one in values]
        found.append(
            Figure(
                spec.name,
                spec.total == "sum",
                spec.with_hosts,
                [one.low for one in each],
                [one.high for one in each],
            )
        )
    return tuple(found)


def _check_stated(
    table: SystemTable, figures: Sequence[Figure], engine: str, threads: int | None
) -> None:
    """Raises InputError for a stated figure that the parts contradict."""
    stated = [each for each in figures if each.name in table.facts.by_quantity]
    if not stated:
        return
    lows, highs = batch.aggregates(stated, table.parts, engine=engine, threads=threads)
    for figure, low, high in zip(stated, lows, highs, strict=True):
        column = table.facts.by_quantity[figure.name]
        ends = (column.values, column.values) if column.low is None else (column.low, column.high)
        for end, bound, side in ((ends[1], low, -1), (ends[0], high, 1)):
            if end is None:
                continue
            beyond = (np.asarray(end, np.float64) - bound) * side > 1e-12 * np.abs(bound)
            if beyond.any():
                row = int(np.argmax(beyond))
                raise InputError(
                    figure.name,
                    row,
                    float(end[row]),
                    f"what the parts give, {low[row]:g} to {high[row]:g}",
                )


@contextmanager
def _rows_of_caller(table: SystemTable) -> Iterator[None]:
    """Names the caller's row where an engine names a part."""
    try:
        yield
    except InputError as error:
        raise table.located(error) from None


def _exact_rows(
    table: SystemTable, law: SystemLaw, rows: Sequence[int]
) -> Iterator[dict[str, Interval]]:
    """The quantities of systems in fractions, leaves included."""
    items, facts, vocabulary = _item_rows(table.items), table.facts, law.whole.vocabulary
    for i in rows:
        with _rows_of_caller(table):
            parts = exact_parts(table.parts, i, items)
        row = totals(parts, law.circuit.formulas)
        for name, stated in next(oracle.rows(facts.slice(i, i + 1), vocabulary)).items():
            row[name] = agreed(name, stated, row.get(name, ANYTHING), i)
        row.update(_leaves(law, met(parts, law.circuit)))
        yield row


def exact_parts(parts: Parts, i: int, items: Sequence[Row]) -> list[Part]:
    """The parts of system i with their quantities. Raises InputError."""
    begin, end = int(parts.offsets[i]), int(parts.offsets[i + 1])
    if begin >= end:
        raise InputError("system", i, "no part", "at least one part")
    chips, counts = parts.items.slice(begin, end), parts.counts.slice(begin, end)
    assert chips.values is not None
    assert counts.values is not None
    no_chip, no_count = chips.nulls(), counts.nulls()
    hosts = None if parts.hosts is None else parts.hosts.slice(begin, end).values
    found = []
    pairs = zip(chips.values.tolist(), counts.values.tolist(), strict=True)
    for j, (place, count) in enumerate(pairs):
        if not no_chip[j] and not 0 <= place < len(items):
            raise InputError("chip", begin + j, place, f"a place from 0 to {len(items) - 1}")
        known = whole_count(None if no_count[j] else count, begin + j)
        found.append(
            Part(
                None if no_chip[j] else items[place],
                UNKNOWN_COUNT if known is None else point(Fraction(known)),
                hosts is not None and bool(hosts[j]),
            )
        )
    return found


def metrics(
    systems: Few | SystemTable,
    names: Sequence[str] | None,
    readings: Mapping[str, str] | None,
    engine: str | None,
) -> Any:
    """As `tppcore.metrics`, for systems: metrics of systems, and their quantities by name."""
    measures = _measures(tuple((readings or {}).items()))
    wanted = list(shown(measures.vocabulary) if names is None else names)
    _check_names(wanted, measures)
    circuit = without_paragraphs(readings)
    chosen = "exact" if isinstance(systems, Few) else choose(engine)
    if isinstance(systems, Few):
        rows = [each.quantities(circuit.formulas) for each in systems.source]
    elif chosen == "exact":
        law = SystemLaw(measures, circuit)
        rows = list(_exact_rows(systems, law, range(len(systems))))
    else:
        low, high = _ends(systems, measures, circuit, wanted, chosen)
        return answer(systems, wanted, low, high)
    low, high = np.full((2, len(wanted), len(rows)), np.nan)
    for r, row in enumerate(rows):
        values = Metrics(measures.formulas, row)
        for i, name in enumerate(wanted):
            interval = values.metric(name)
            if interval.applicable:
                low[i, r], high[i, r] = float(interval.low), float(interval.high)
    return answer(systems, wanted, low, high)


_FIRST = ("aggregate_tpp", "largest_circuit_tpp", "circuits")


def shown(vocabulary: Vocabulary) -> list[str]:
    """The names of what is shown of systems: TPP and circuits, metrics, and peaks of the whole."""
    metrics = [each.name for each in vocabulary.metrics.values() if each.system]
    internal = [each.name for each in vocabulary.metrics.values() if each.internal]
    whole = ("fp64_pflops", "fp32_pflops", "cluster_ops", "chips_w")
    return [*_FIRST, *(name for name in metrics if name not in internal), *whole]


@lru_cache(maxsize=64)
def _measures(readings: tuple[tuple[str, str], ...]) -> Rulebook:
    circuit = without_paragraphs(dict(readings))
    return replace(circuit, formulas=circuit.formulas.of_systems())


def _check_names(names: Sequence[str], measures: Rulebook) -> None:
    for name in names:
        try:
            measures.formulas.check(name)
        except FormulaError as error:
            raise UnknownName(str(error)) from None
        except KeyError:
            known = ", ".join(shown(measures.vocabulary))
            raise UnknownName(
                f"unknown metric {name!r} of systems; expected one of {known}"
            ) from None


def _ends(
    table: SystemTable, measures: Rulebook, circuit: Rulebook, names: Sequence[str], engine: str
) -> tuple[Doubles, Doubles]:
    """Both ends of metrics over sums in doubles, for people to look at."""
    from tppcore.program.compile import compile as compile_program

    read = frozenset().union(*(read_by(measures.formulas.tree(name)) for name in names))
    figures = _figures(table.items, circuit, set(read))
    with _rows_of_caller(table):
        lows, highs = batch.aggregates(figures, table.parts, engine=engine)
    given = dict(table.facts.by_quantity)
    for figure, low, high in zip(figures, lows, highs, strict=True):
        given[figure.name] = _beside(given.get(figure.name), low, high)
    columns = Columns(len(table), given)
    program = compile_program(measures, given, tuple(names), verdicts=False)
    found: tuple[Doubles, Doubles] = module(engine).metrics(program, widened(columns))
    return found


def _beside(stated: Column | None, low: Doubles, high: Doubles) -> Column:
    """A sum, or what is stated in its place."""
    known = low == high
    values = np.where(known, low, np.nan)
    low, high = np.where(known, np.nan, low), np.where(known | np.isinf(high), np.nan, high)
    if stated is not None and stated.values is not None:
        own = np.asarray(stated.values, np.float64)
        says = ~np.isnan(own)
        values = np.where(says, own, values)
        low, high = np.where(says, np.nan, low), np.where(says, np.nan, high)
    return Column(values) if known.all() else Column(values, low, high)
