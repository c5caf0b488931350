"""Files in, answers out, in constant memory: reading, classifying and writing overlap.

    blocks of a stream --ahead--> answers --ahead--> row groups of the output

Each step waits in a queue of one, so that some five blocks are held, however long the files are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, cycle, islice, repeat
from typing import Any

from tppcore.answers import Answers
from tppcore.api import classify
from tppcore.errors import InputError
from tppcore.pipeline import ahead
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.counts import Counts
from tppcore.sinks.parts import Parts
from tppcore.sources.streams import Stream
from tppcore.verdicts import Verdicts

GROUP = 1 << 20
"""Rows of a row group of the output."""

Advance = Callable[[int], None]


def answered(stream: Stream, answers: Answers, number: int, first: int = 0) -> Iterator[Any]:
    """The answers to the rows of one file from row `first` on, block by block as pyarrow tables,
    at least one (maybe empty). Raises InputError and TppError, which name file and row."""
    name = stream.parts[number].name
    with closing(ahead(stream.blocks(number, first))) as blocks:
        for begin, block in blocks:
            try:
                yield answers(block, begin)
            except InputError as error:
                raise error.within(name) from None


def count(
    stream: Stream,
    rules: Rulebook,
    engine: str | None = None,
    threads: int | None = None,
    advance: Advance = lambda rows: None,
) -> Counts:
    """Only the counts. Raises as `answered`."""
    counts = Counts(rules)
    found: Verdicts | None = None
    for number, part in enumerate(stream.parts):
        with closing(ahead(stream.blocks(number))) as blocks:
            for begin, block in blocks:
                # Blocks are mostly alike, and the memory of verdicts is used again.
                out = found if found is not None and len(found) == block.num_rows else None
                try:
                    found = classify(block, rules, engine=engine, threads=threads, out=out)
                except InputError as error:
                    raise error.after(begin).within(part.name) from None
                counts.add(found.bitmaps)
                advance(block.num_rows)
    return counts


def all_answered(stream: Stream, answers: Answers) -> Iterator[Any]:
    """The answers to all rows as tables of GROUP rows each, but for the last."""
    with closing(ahead(_each(stream, answers))) as tables:
        yield from regrouped(tables, repeat(GROUP))


def _each(stream: Stream, answers: Answers) -> Iterator[Any]:
    for number in range(len(stream.parts)):
        yield from answered(stream, answers, number)


def write_parts(
    stream: Stream, answers: Answers, parts: Parts, rows: int, advance: Advance = lambda rows: None
) -> None:
    """The answers as parts of so many rows of one file each, but for the last of it; those that
    are there already are left as they are. Raises as `answered`."""
    groups = [GROUP] * (rows // GROUP) + [rows % GROUP] * (rows % GROUP > 0)
    for number in range(len(stream.parts)):
        advance(parts.rows(number))
        if parts.is_ended(number):
            continue
        first = parts.done(number) * rows
        with closing(ahead(answered(stream, answers, number, first))) as tables:
            each = regrouped(tables, cycle(groups))
            while (start := next(each, None)) is not None:
                if start.num_rows or not parts.done(number):
                    parts.write(
                        number, _told(chain([start], islice(each, len(groups) - 1)), advance)
                    )
        parts.end(number)
    parts.finish()


def _told(tables: Iterable[Any], advance: Advance) -> Iterator[Any]:
    for table in tables:
        yield table
        advance(table.num_rows)


def regrouped(tables: Iterable[Any], sizes: Iterator[int]) -> Iterator[Any]:
    """The same rows as tables of these sizes, but for the last; at least one."""
    import pyarrow as pa

    waiting: list[Any] = []
    count, size = 0, next(sizes)
    some = False
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        while count >= size:
            joined = pa.concat_tables(waiting)
            # Its columns in one piece: what is written does not depend on where blocks end.
            yield joined.slice(0, size).combine_chunks()
            some = True
            waiting = [joined.slice(size)]
            count -= size
            size = next(sizes)
    if waiting and (count or not some):
        yield pa.concat_tables(waiting).combine_chunks()
