"""Systems by the million: the law compiled for the items of a table, run by an engine over the
parts, and settled in fractions where doubles can't."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from tppcore.deciding import decide
from tppcore.engine import adding, oracle
from tppcore.engine import systems as engines
from tppcore.engine.choose import module
from tppcore.engine.columns import Bitmaps, Column, Columns, Doubles
from tppcore.engine.exact import ANYTHING, Interval, Metrics, Row, point
from tppcore.engine.parts import Figure, Parts, Sums, SystemProgram, TooWide
from tppcore.engine.totals import UNKNOWN_COUNT, Part, met, totals
from tppcore.engine.widen import widened, widened_column
from tppcore.errors import InputError
from tppcore.program.compile import compile as compile_program
from tppcore.rules.expression import Quantity
from tppcore.rules.expression import quantities as read_by
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.systems import SystemLaw
from tppcore.rules.vocabulary import item_metric
from tppcore.sources.systems import agreed, whole_count
from tppcore.sources.table import Table

if TYPE_CHECKING:
    from tppcore.sources.system_table import SystemTable


def leaves(law: SystemLaw, verdicts: Sequence[bool | None]) -> Iterator[tuple[str, Interval]]:
    """The boolean quantities of a system from the verdicts on its circuits."""
    for name, verdict in zip(law.leaves, verdicts, strict=True):
        if verdict is not None:
            yield name, point(Fraction(verdict))


def classify(
    table: SystemTable,
    law: SystemLaw,
    names: Sequence[str],
    engine: str,
    threads: int | None,
    out: tuple[Bitmaps, Sums | None] | None,
) -> tuple[Bitmaps, Sums | None]:
    """Verdicts of every paragraph of the law on every system, and the sums of these names.

    `out`: what an earlier call gave, whose memory is used again. Raises InputError.
    """
    if engine == "exact":
        return _exactly(table, law, names)
    program = _program(table, law, names, engine, threads)
    _check_stated(table, program.figures, engine, threads)
    figures = [figure for name in names for figure in program.figures if figure.name == name]
    sums = None if out is None else out[1]
    if names and (sums is None or not sums.fits(figures, table.parts)):
        sums = Sums.empty(figures, table.parts)
    try:
        with _rows_of_caller(table):
            bitmaps, unsettled = engines.evaluate(
                program,
                table.parts,
                table.facts,
                engine=engine,
                threads=threads,
                out=None if out is None else out[0],
                sums=sums if names else None,
            )
    except TooWide:
        return _exactly(table, law, names)
    if len(unsettled):
        rows = exact_rows(table, law, unsettled.tolist())
        bitmaps.put(unsettled, oracle.decide_rows(law.whole, rows, len(unsettled)))
    return bitmaps, sums if names else None


def _exactly(
    table: SystemTable, law: SystemLaw, names: Sequence[str]
) -> tuple[Bitmaps, Sums | None]:
    rows = list(exact_rows(table, law, range(len(table))))
    bitmaps = oracle.decide_rows(law.whole, rows, len(table))
    ends = [
        [tuple(map(float, (row[n].low, row[n].high))) if n in row else _OPEN for row in rows]
        for n in names
    ]
    low, high = (tuple(np.array([pair[i] for pair in each]) for each in ends) for i in (0, 1))
    return bitmaps, Sums(tuple(names), low, high) if names else None


_OPEN = (0.0, math.inf)


_kept: weakref.WeakKeyDictionary[Table, dict[Any, SystemProgram]] = weakref.WeakKeyDictionary()


def _program(
    table: SystemTable, law: SystemLaw, names: Sequence[str], engine: str, threads: int | None
) -> SystemProgram:
    """The law compiled for the items of a table; kept where these are chips, which never change."""
    key = (law.whole.hash, frozenset(table.facts.by_quantity), frozenset(names))
    kept = {} if table.items.chips is None else _kept.setdefault(table.items, {})
    if key not in kept:
        kept[key] = _compiled(table, law, names, engine, threads)
    return kept[key]


def _compiled(
    table: SystemTable, law: SystemLaw, names: Sequence[str], engine: str, threads: int | None
) -> SystemProgram:
    formulas, items = law.whole.formulas, table.items
    read: set[str] = set()
    for name in law.composite.metrics_used:
        read |= read_by(formulas.tree(name))
    figures = _figures(items, law.circuit, read | set(names))
    leaves = [name for name in law.leaves if name in read]
    summed = {figure.name for figure in figures} & read
    given = {*summed, *leaves, *table.facts.by_quantity}
    program = compile_program(law.composite, given)
    places = {name: i for i, name in enumerate(law.leaves)}
    composite = {each.id: i for i, each in enumerate(law.composite.paragraphs)}
    bare = [law.bare(each) for each in law.whole.paragraphs]
    return SystemProgram(
        program,
        figures,
        law.leaves,
        decide(items, law.circuit, engine if items.chips is None else "exact", threads, None),
        tuple(
            ~composite[each.id] if name is None else places[name]
            for name, each in zip(bare, law.whole.paragraphs, strict=True)
        ),
    )


def _item_rows(items: Table) -> list[Row]:
    if items.chips is not None:
        return [chip.quantities for chip in items.chips]
    return list(oracle.rows(items.columns, without_paragraphs(None).vocabulary))


_figures_kept: weakref.WeakKeyDictionary[Table, dict[Any, Figure]] = weakref.WeakKeyDictionary()


def _figures(items: Table, circuit: Rulebook, names: Set[str]) -> tuple[Figure, ...]:
    """What each item gives to the aggregated quantities of these names; kept as programs are."""
    wanted = [spec for spec in circuit.vocabulary.totals if spec.name in names]
    kept = {} if items.chips is None else _figures_kept.setdefault(items, {})
    readings = tuple(circuit.readings.items())
    lacking = [spec for spec in wanted if (readings, spec.name) not in kept]
    values = [Metrics(circuit.formulas, row) for row in _item_rows(items)] if lacking else []
    for spec in lacking:
        each = [one.metric(item_metric(spec.name)) for one in values]
        low = [one.low for one in each]
        high = low if all(one.known for one in each) else [one.high for one in each]
        is_sum = spec.total == "sum"
        kept[readings, spec.name] = Figure(spec.name, is_sum, spec.with_hosts, low, high)
    return tuple(kept[readings, spec.name] for spec in wanted)


def _check_stated(
    table: SystemTable, figures: Sequence[Figure], engine: str, threads: int | None
) -> None:
    """Raises InputError for a stated figure that the parts contradict."""
    stated = [each for each in figures if each.name in table.facts.by_quantity]
    if not stated:
        return
    sums = engines.aggregates(stated, table.parts, engine=engine, threads=threads)
    for figure, low, high in zip(stated, sums.low, sums.high, strict=True):
        fact = widened_column(table.facts.by_quantity[figure.name], figure.name)
        for own, bound, side in (
            (fact.values, low, -1),
            (fact.values, high, 1),
            (fact.high, low, -1),
            (fact.low, high, 1),
        ):
            if own is None:
                continue
            beyond = (own - bound) * side > 1e-12 * np.abs(bound)
            if beyond.any():
                row = int(np.argmax(beyond))
                raise InputError(
                    figure.name,
                    row,
                    float(own[row]),
                    f"what the parts give, {low[row]:g} to {high[row]:g}",
                )


@contextmanager
def _rows_of_caller(table: SystemTable) -> Iterator[None]:
    """Names the caller's row where an engine names a part."""
    try:
        yield
    except InputError as error:
        raise table.located(error) from None


def exact_rows(
    table: SystemTable, law: SystemLaw, rows: Sequence[int]
) -> Iterator[dict[str, Interval]]:
    """The quantities of systems in fractions, leaves included."""
    items, facts, vocabulary = _item_rows(table.items), table.facts, law.whole.vocabulary
    for i in rows:
        with _rows_of_caller(table):
            parts = _exact_parts(table.parts, i, items)
        row = totals(parts, law.circuit.formulas)
        for name, stated in next(oracle.rows(facts.slice(i, i + 1), vocabulary)).items():
            agreed(name, stated, row.get(name, ANYTHING), i)
            row[name] = stated  # as the batch engines take it: no narrower than it is stated
        row.update(leaves(law, met(parts, law.circuit)))
        yield row


def _exact_parts(parts: Parts, i: int, items: Sequence[Row]) -> list[Part]:
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


def ends(
    table: SystemTable, measures: Rulebook, circuit: Rulebook, names: Sequence[str], engine: str
) -> tuple[Sequence[Doubles], Sequence[Doubles]]:
    """Both ends of metrics over sums in doubles, for people to look at."""
    trees = [measures.formulas.tree(name) for name in names]
    figures = _figures(table.items, circuit, frozenset().union(*map(read_by, trees)))
    with _rows_of_caller(table):
        sums = engines.aggregates(figures, table.parts, engine=engine)
    facts = table.facts.by_quantity
    places = {name: i for i, name in enumerate(sums.names) if name not in facts}
    if all(isinstance(tree, Quantity) and tree.name in places for tree in trees):
        chosen = [places[tree.name] for tree in trees if isinstance(tree, Quantity)]
        return [sums.low[i] for i in chosen], [sums.high[i] for i in chosen]
    given = dict(facts)
    for name, low, high in zip(sums.names, sums.low, sums.high, strict=True):
        given[name] = _column(low, high)
        if name in facts:
            given[name] = adding.with_facts(given[name], facts[name], name)
    columns = Columns(len(table), given)
    program = compile_program(measures, given, tuple(names), verdicts=False)
    lows, highs = module(engine).metrics(program, widened(columns))
    return list(lows), list(highs)


def _column(low: Doubles, high: Doubles) -> Column:
    """The ends of a figure as a column."""
    known = low == high
    return Column(
        np.where(known, low, np.nan),
        np.where(known, np.nan, low),
        np.where(known | np.isinf(high), np.nan, high),
    )
