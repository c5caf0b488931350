"""A table in several pieces, as Arrow's chunks are: each is decided where it lies.

Engines write whole words of 64 rows. A piece that begins within a word leaves the rest of that word
to a second pass: those few rows of all pieces are copied together, and put over what is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import Bitmaps, Columns
from tppcore.engine.joining import joined
from tppcore.errors import InputError
from tppcore.program.program import Program


@dataclass(frozen=True, slots=True)
class _Span:
    """Rows of a piece from `begin` on, that are row `first` of the whole and what follows."""

    piece: Columns
    begin: int
    end: int
    first: int

    @property
    def columns(self) -> Columns:
        return self.piece.slice(self.begin, self.end)


def evaluate(
    engine: ModuleType,
    program: Program,
    pieces: Sequence[Columns],
    *,
    threads: int | None = None,
    out: Bitmaps | None = None,
) -> Bitmaps:
    """The verdicts on the rows of all pieces, in their order; see `evaluate` of an engine.

    Raises InputError for the first row, and in it the first input, whose number is no quantity.
    """
    if len(pieces) == 1:
        found: Bitmaps = engine.evaluate(program, pieces[0], threads=threads, out=out)
        return found
    rows = sum(piece.rows for piece in pieces)
    if out is None:
        out = Bitmaps.empty(len(program.paragraphs), rows)
    out.check(len(program.paragraphs), rows)
    heads, bodies = _spans(pieces)
    settled: list[Bitmaps] = []
    refused: list[InputError] = []

    def decide(span: _Span | None) -> None:
        if span is None:
            try:
                settled.append(_heads(engine, program, heads))
            except InputError as error:  # there may be an earlier row among the others
                refused.append(error)
            return
        last = span.first + span.end - span.begin
        try:
            engine.evaluate(program, span.columns, threads=1, out=out.part(span.first, last))
        except InputError as error:
            raise error.after(span.first) from None

    tasks = [*([None] if heads else []), *bodies]
    try:
        shards.run_tasks(tasks, shards.worth(rows, threads), decide)
    except InputError as error:
        refused.append(error)
    if refused:
        raise min(refused, key=lambda error: error.row or 0)
    for each in settled:
        out.put(_rows(heads), each)
    return out


def _spans(pieces: Sequence[Columns]) -> tuple[list[_Span], list[_Span]]:
    """The rows up to the first whole word of each piece, and what follows in spans for a thread."""
    heads, bodies = [], []
    firsts = accumulate((piece.rows for piece in pieces), initial=0)
    for piece, first in zip(pieces, firsts, strict=False):
        head = min(-first % 64, piece.rows)
        if head:
            heads.append(_Span(piece, 0, head, first))
        for begin in range(head, piece.rows, shards.CHUNK):
            end = min(begin + shards.CHUNK, piece.rows)
            bodies.append(_Span(piece, begin, end, first + begin))
    return heads, bodies


def _rows(spans: Sequence[_Span]) -> NDArray[np.int64]:
    """Which rows of the whole these are."""
    return np.concatenate(
        [np.arange(span.first, span.first + span.end - span.begin) for span in spans]
    )


def _heads(engine: ModuleType, program: Program, heads: Sequence[_Span]) -> Bitmaps:
    try:
        found: Bitmaps = engine.evaluate(
            program, joined([span.columns for span in heads]), threads=1
        )
    except InputError as error:
        raise error.at(int(_rows(heads)[error.row or 0])) from None
    return found
