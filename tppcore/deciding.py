"""Verdicts of a table by an engine."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from tppcore.engine import oracle, pieces
from tppcore.engine.choose import module
from tppcore.engine.columns import Bitmaps, Columns
from tppcore.errors import TppError
from tppcore.rules.expression import not_monotone
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.table import Table


def decide(
    table: Table, rules: Rulebook, engine: str, threads: int | None, out: Bitmaps | None
) -> Bitmaps:
    """The verdicts of every paragraph on every row, in the memory of `out` where that is given.

    Raises InputError; TppError for a range of a quantity in which some metric is not monotone;
    ValueError if `out` does not fit.
    """
    if engine == "exact":
        return into(out, _exactly(table, rules))
    from tppcore.program.compile import compile as compile_program

    # Chunks are read in turn: while one is, others are decided.
    read = table.read_pieces() if table.is_in_chunks else iter(table.pieces)
    first = [next(read)] if table.is_in_chunks else list(read)
    given = {name for piece in first for name in piece.by_quantity}
    for piece in first:
        _check_ranges(rules, piece)
    program = compile_program(rules, given)
    rows, every = len(table), chain(first, read)
    return pieces.evaluate(module(engine), program, every, rows, threads=threads, out=out)


def into(out: Bitmaps | None, found: Bitmaps) -> Bitmaps:
    """What was found, in the memory of `out` where that is given."""
    if out is None:
        return found
    out.check(len(found.values), found.rows)
    out.values[:], out.valid[:] = found.values, found.valid
    return out


def _exactly(table: Table, rules: Rulebook) -> Bitmaps:
    if table.chips is None:
        _check_ranges(rules, table.columns)
        return oracle.evaluate(rules, table.columns)
    rows = [chip.quantities for chip in table.chips]
    return oracle.decide_rows(rules, rows, len(rows))


def _check_ranges(rules: Rulebook, columns: Columns) -> None:
    check_ranges(rules, (n for n, column in columns.by_quantity.items() if column.low is not None))


def check_ranges(rules: Rulebook, quantities: Iterable[str]) -> None:
    """Ranges need metrics that are monotone in the quantity: else their ends are no bounds.

    Raises TppError for a range of one of `quantities` that some metric of the rules can't take.
    """
    ranged = set(quantities)
    if not ranged:
        return
    for name in rules.metrics_used:
        refused = ranged & not_monotone(rules.formulas.tree(name))
        if refused:
            raise TppError(
                f"{', '.join(sorted(refused))}: {name} is not monotone in it; expected values, "
                "not ranges"
            )
