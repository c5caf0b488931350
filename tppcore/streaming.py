"""Files in, answers out, in constant memory: reading, classifying and writing overlap.

    blocks of a stream --ahead--> answers --ahead--> row groups of the output

Each step waits in a queue of one, so that some five blocks are held, however long the files are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

from tppcore.answers import Answers, moved
from tppcore.api import classify
from tppcore.errors import InputError
from tppcore.pipeline import ahead
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.counts import Counts
from tppcore.sources.streams import Stream

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
                raise _in_file(error, name) from None


def count(
    stream: Stream,
    rules: Rulebook,
    engine: str | None = None,
    threads: int | None = None,
    advance: Advance = lambda rows: None,
) -> Counts:
    """Only the counts. Raises as `answered`."""
    counts = Counts(rules)
    for number, part in enumerate(stream.parts):
        with closing(ahead(stream.blocks(number))) as blocks:
            for begin, block in blocks:
                try:
                    found = classify(block, rules, engine=engine, threads=threads)
                except InputError as error:
                    raise _in_file(moved(error, begin), part.name) from None
                counts.add(found.bitmaps)
                advance(block.num_rows)
    return counts


def all_answered(stream: Stream, answers: Answers) -> Iterator[Any]:
    """The answers to all rows as tables of GROUP rows each, but for the last."""
    with closing(ahead(_each(stream, answers))) as tables:
        yield from regrouped(tables, GROUP)


def _each(stream: Stream, answers: Answers) -> Iterator[Any]:
    for number in range(len(stream.parts)):
        with closing(answered(stream, answers, number)) as tables:  # type: ignore[type-var]
            yield from tables


def regrouped(tables: Iterable[Any], rows: int) -> Iterator[Any]:
    """The same rows as tables of just so many each, but for the last; at least one."""
    import pyarrow as pa

    waiting: list[Any] = []
    count = 0
    some = False
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        while count >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows)
            some = True
            count -= rows
            waiting = [joined.slice(rows)]
    if waiting and (count or not some):
        yield pa.concat_tables(waiting)


def _in_file(error: InputError, name: str) -> InputError:
    return InputError(error.column, error.row, error.value, error.expected, error.file or name)
