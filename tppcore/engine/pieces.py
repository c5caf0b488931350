"""A table in several pieces, as Arrow's chunks are: each is decided where it lies.

Engines write whole words of 64 rows. A piece that begins within a word leaves the rest of that word
to a second pass: those few rows of all pieces are copied together, and put over what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
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
    pieces: Iterable[Columns],
    rows: int,
    *,
    threads: int | None = None,
    out: Bitmaps | None = None,
) -> Bitmaps:
    """The verdicts on the rows of all pieces, so many, in their order; see `evaluate` of an engine.

    Raises InputError for the first row, and in it the first input, whose number is no quantity.
    """
    pieces = iter(pieces)
    first = next(pieces)
    if first.rows == rows:
        found: Bitmaps = engine.evaluate(program, first, threads=threads, out=out)
        return found
    if out is None:
        out = Bitmaps.empty(len(program.paragraphs), rows)
    out.check(len(program.paragraphs), rows)
    heads: list[_Span] = []
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

    try:
        tasks = _spans(chain([first], pieces), heads)
        shards.run_tasks(tasks, shards.worth(rows, threads), decide)
    except InputError as error:
        refused.append(error)
        if heads and not settled and len(refused) == 1:
            decide(None)  # those of the pieces that were read: the others come later
    if refused:
        raise min(refused, key=lambda error: error.row or 0)
    for each in settled:
        out.put(_rows(heads), each)
    return out


def _spans(pieces: Iterable[Columns], heads: list[_Span]) -> Iterator[_Span | None]:
    """The whole words of each piece, in spans for a thread; the rows before them are put among
    `heads`, which None at the end stands for."""
    first = 0
    for piece in pieces:
        head = min(-first % 64, piece.rows)
        if head:
            heads.append(_Span(piece, 0, head, first))
        for begin in range(head, piece.rows, shards.CHUNK):
            end = min(begin + shards.CHUNK, piece.rows)
            yield _Span(piece, begin, end, first + begin)
        first += piece.rows
    if heads:
        yield None


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
