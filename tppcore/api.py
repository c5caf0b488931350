"""Floor 5: classify and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tppcore import spaces, system_api
from tppcore.deciding import decide
from tppcore.engine import exact, oracle
from tppcore.engine.choose import choose, module
from tppcore.engine.widen import widened
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.store import specs
from tppcore.sinks.ends import answer
from tppcore.sources.table import Table
from tppcore.verdicts import Verdicts


def classify(
    table: Any,
    rules: Rulebook,
    *,
    engine: str | None = None,
    threads: int | None = None,
    out: Verdicts | None = None,
    sums: Sequence[str] = (),
) -> Verdicts:
    """Which paragraphs of a rulebook each row meets, exactly.

    Parameters
    ----------
    table: a Chip, a list of Chips, a dict of arrays (n,), a NumPy structured array, or anything
        with the Arrow PyCapsule interface (pyarrow, pandas, Polars, DuckDB). Columns are named
        after quantities (`specs/quantities.toml`), with NAME_low and NAME_high for ranges; other
        columns are ignored. NaN and null mean missing. Or systems: a System, a list of Systems,
        a SystemTable; there a paragraph on circuits or items asks any single circuit, and unless
        `rules` names rules, those on systems are asked too. Or a Space: all its designs.
    rules: from `rulebook`.
    engine: "c", "jit" or "exact"; the fastest that can run if left out, and exact for chips.
    threads: how many threads; all usable processors if left out.
    out: earlier verdicts of the same rulebook over as many rows, whose memory the new ones take:
        fresh memory costs a third of the time and more. The earlier ones are void then, even if
        an error is raised.
    sums: of a SystemTable, what is added up (or the largest) over the parts, to be had from the
        same pass as `.sums`: aggregate_tpp, largest_circuit_tpp, memory_capacity ...

    Raises
    ------
    InputError: a number that can't be used, with its row and column. TppError: not a table, or
    an engine that can't run. ValueError: `out` does not fit.
    """
    if (many := system_api.of(table)) is not None:
        return system_api.classify(many, rules, engine, threads, out, sums)
    if sums:
        raise TppError("sums: expected a SystemTable")
    if (space := spaces.of(table)) is not None:
        return space.classify(rules, engine=engine, threads=threads, out=out)
    read = Table.of(table, rules.vocabulary)
    if engine is None and read.chips is not None:
        engine = "exact"
    chosen = choose(engine)
    room = None if out is None else out.bitmaps
    return Verdicts(rules, read, decide(read, rules, chosen, threads, room), chosen)


def metrics(
    table: Any,
    names: Sequence[str] | None = None,
    readings: Mapping[str, str] | None = None,
    *,
    engine: str | None = None,
) -> Any:
    """Metrics of each row, as doubles to look at (verdicts never use them).

    Parameters
    ----------
    table: as for `classify`.
    names: metrics (`specs/metrics.toml`); all that are not internal if left out. Of systems those
        with a formula for systems, and sums by the name of their quantity (aggregate_tpp).
    readings: as for `rulebook`.

    Returns
    -------
    For one chip a dict of floats by name, or (low, high) for a metric known only in bounds, or
    None where it does not apply. Otherwise float64 columns (n,): the value, with NAME_low and
    NAME_high (inf if unbounded) beside it for metrics that are uncertain in some row; NaN where
    uncertain or not applicable. They come as a data frame for pandas and Polars, as an Arrow
    table for other Arrow tables, else as a dict of arrays.

    Raises UnknownName for a metric that does not exist, InputError for numbers.
    """
    names = [names] if isinstance(names, str) else names
    if (many := system_api.of(table)) is not None:
        return system_api.metrics(many, names, readings, engine)
    vocabulary = specs().vocabulary
    wanted = [m.name for m in vocabulary.metrics.values() if not m.internal]
    if names is not None:
        wanted = list(names)
    for name in wanted:
        if vocabulary.kind(name) is None:
            raise UnknownName(
                f"unknown metric {name!r}; expected one of {', '.join(vocabulary.metrics)}"
            )
    rules = without_paragraphs(readings)
    read = Table(table, vocabulary)
    low, high = _bounds(rules, read, tuple(wanted), engine)
    return answer(read, wanted, list(low), list(high))


def _bounds(
    rules: Rulebook, read: Table, names: tuple[str, ...], engine: str | None
) -> tuple[Any, Any]:
    if engine is None and read.chips is not None:
        engine = "exact"
    chosen = choose(engine)
    if chosen != "exact":
        from tppcore.program.compile import compile as compile_program

        program = compile_program(rules, read.columns.by_quantity, names, verdicts=False)
        # Figures for people: those of the decimals, not of a float32's widened bits.
        found: tuple[Any, Any] = module(chosen).metrics(program, widened(read.columns))
        return found
    rows = (
        [chip.quantities for chip in read.chips]
        if read.chips is not None
        else list(oracle.rows(read.columns, rules.vocabulary))
    )
    low, high = np.full((2, len(names), len(rows)), np.nan)
    for r, row in enumerate(rows):
        values = exact.Metrics(rules.formulas, row)
        for i, name in enumerate(names):
            interval = values.metric(name)
            if interval.applicable:
                low[i, r], high[i, r] = float(interval.low), float(interval.high)
    return low, high
