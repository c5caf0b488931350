"""Tables of any size on the command line: verdicts, outcomes or counts in constant memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.answers import Answers, Much
    from tppcore.rules.rulebook import Rulebook
    from tppcore.sinks.counts import Counts
    from tppcore.sources.files import File
    from tppcore.sources.inputs import Input
    from tppcore.sources.streams import Form, Stream

SMALL = 1 << 20
"""Rows of which all metrics, and the limiting test of each, are told unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options ask, but for the law."""

    output: str | None
    format: str | None
    verdicts: str | None
    keep: tuple[str, ...] | None
    resume: bool
    part_rows: int
    engine: str | None
    threads: int | None

    @property
    def much(self) -> Much:
        """What is written of the verdicts on a row."""
        return "outcome" if self.verdicts == "outcome" else "columns"

    @property
    def folder(self) -> str | None:
        """The folder that the answer goes to in parts."""
        if self.output is None or self.output == "-":
            return None
        return self.output if self.output.endswith("/") or Path(self.output).is_dir() else None


def format_of(wish: Wish, otherwise: str) -> str:
    """The format of the output: as asked, as its name says, or another."""
    from tppcore.sinks import files as sink

    if wish.format:
        return wish.format
    if wish.output and wish.output != "-" and not wish.folder:
        return sink.format_of(wish.output)
    return otherwise


def stream_of(
    inputs: Sequence[Input], opened: File | None, rules: Rulebook, form: Form, wish: Wish
) -> Stream:
    """The rows of the inputs, the only one of which may be open by now. Raises TppError."""
    from tppcore.answers import Answers
    from tppcore.sources import mapping, system_files
    from tppcore.sources.streams import Stream

    stream = Stream(inputs, rules, form, wish.keep, opened, Answers(rules, wish.much).names)
    if system_files.is_parts(list(stream.names)):
        raise TppError("systems: expected one file of parts, without --verdicts and a folder")
    for each in stream.keys:
        if near := mapping.misspelt(each, rules.vocabulary.quantities):
            note(f"column {each!r} is no quantity; {near}?")
    return stream


def write_stream(stream: Stream, rules: Rulebook, wish: Wish) -> None:
    """Verdicts on the rows of a stream, or their counts, in constant memory."""
    from tppcore import report, streaming
    from tppcore.answers import Answers
    from tppcore.engine.choose import choose
    from tppcore.progress import rows_bar

    engine = choose(wish.engine)
    about = report.about(rules, engine)
    with rows_bar("classifying", stream.share) as advance:
        if wish.verdicts == "counts":
            counts = streaming.count(stream, rules, engine, wish.threads, advance)
        else:
            answers = Answers(
                rules, wish.much, keep=stream.keep, engine=engine, threads=wish.threads
            )
            answers.kept(stream.names)
            _write_answers(stream, answers, about, wish, advance)
    if wish.verdicts == "counts":
        _write_counts(counts, about, wish)


def _write_answers(
    stream: Stream,
    answers: Answers,
    about: dict[str, Any],
    wish: Wish,
    advance: Callable[[int], None],
) -> None:
    from tppcore import streaming
    from tppcore.sinks.blocks import write_blocks

    terminal = wish.output in (None, "-") and sys.stdout.isatty()
    if terminal and (stream.rows is None or stream.rows > SMALL):
        raise TppError("too many rows for a terminal; expected -o FILE, or --verdicts counts")
    if wish.folder is None:
        write_blocks(
            streaming.all_answered(stream, answers),
            wish.output or "-",
            about,
            format_of(wish, "csv"),
            lambda table: advance(table.num_rows),
        )
        return
    from tppcore.sinks.parts import Parts

    format = wish.format or "parquet"
    job = {
        # The plainest difference first: the hash of a rulebook differs with its date.
        **{name: about[name] for name in about if name not in ("engine", "rulebook")},
        "rulebook": about["rulebook"],
        "verdicts": answers.verdicts,
        "keep": list(stream.keep),
        "format": format,
        "part rows": wish.part_rows,
        "columns": repr(stream.form.mapping),
        "sheet": stream.form.sheet,
        "inputs": stream.stamps,
    }
    parts = Parts(wish.folder, job, format, about, wish.resume)
    streaming.write_parts(stream, answers, parts, wish.part_rows, advance)


def _write_counts(counts: Counts, about: dict[str, Any], wish: Wish) -> None:
    from tppcore import report
    from tppcore.sinks import files as sink
    from tppcore.sinks.whole import whole

    format = format_of(wish, "table")
    output = wish.output or "-"
    if format == "json":
        with whole(output) as stream:
            stream.write(f"{json.dumps(counts.to_dict(about), ensure_ascii=False)}\n".encode())
    elif format != "table":
        sink.write(counts.table, output, about, format)
    elif output == "-":
        report.show_counts(counts, about, sys.stdout)
    else:
        text = StringIO()
        report.show_counts(counts, about, text)
        with whole(output) as stream:
            stream.write(text.getvalue().encode())


def note(text: str) -> None:
    """Says something on standard error that is no error."""
    click.echo(f"tppcore: note: {text}", err=True)
