"""The command `tppcore edges`: rows on the thresholds of the law, and grades for answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.edges.grading import EdgeScore
    from tppcore.rules.rulebook import Rulebook

MISMATCHES = 1
"""The exit code of a score that is not perfect."""

_SHOWN_NOTES = 5
F = TypeVar("F", bound=Callable[..., Any])


def edges_group(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Group:
    """The group `edges`, with the options of the law and the parser of `--rules` of the others."""

    class _Edges(many, click.Group):  # type: ignore[valid-type, misc]
        """A group with options of its own, whose `--rules` takes all the ids that follow it."""

    @click.group("edges", cls=_Edges, invoke_without_command=True)
    @click.option("-o", "--output", metavar="FILE", help="Where to; standard output if left out.")
    @click.option(
        "--format",
        type=click.Choice(["csv", "jsonl", "parquet", "arrow", "json", "xlsx"]),
        help="Format of the output; by the name of FILE if left out, else csv.",
    )
    @click.option("--limit", type=click.IntRange(1), help="At most so many rows, evenly chosen.")
    @law  # type: ignore[arg-type]
    @click.pass_context
    def edges(
        context: click.Context,
        /,
        output: str | None,
        format: str | None,
        limit: int | None,
        **options: Any,
    ) -> None:
        """Write rows on, and next to, every threshold of the law, with their verdicts."""
        if context.invoked_subcommand is None:
            _write(rulebook(options), output or "-", format, limit)

    @edges.command("score", cls=many)
    @click.argument("file", metavar="FILE")
    @click.option("--suite", metavar="FILE", help="The suite that FILE answers.")
    @click.option("--limit", type=click.IntRange(1), help="Of the suite that FILE answers.")
    @click.option("--json", "as_json", is_flag=True, help="As JSON.")
    @law  # type: ignore[arg-type]
    def score(
        file: str, suite: str | None, limit: int | None, as_json: bool, **options: Any
    ) -> int:
        """Grade the answers of FILE: columns `id` and one a paragraph.

        Without --suite the suite is made again, from what FILE says of itself or from the options.
        Exits with 1 if an answer differs."""
        found = _score(file, suite, limit, rulebook, options)
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else _text(found))
        return MISMATCHES if found.mismatches else 0

    return edges


def _write(rules: Rulebook, output: str, format: str | None, limit: int | None) -> None:
    _need_pyarrow()
    from tppcore import report
    from tppcore.edges.suite import edge_suite
    from tppcore.sinks import files as sink

    if output != "-":
        format = format or sink.format_of(output)
        if not Path(output).absolute().parent.is_dir():
            raise TppError(f"{output}: no such folder")
    format = format or "csv"
    if output == "-" and format not in ("csv", "jsonl"):
        raise TppError(f"{format} is not for standard output; expected -o FILE")
    with report.busy("looking for edges"):
        suite = edge_suite(rules, limit)
    suite.write(output, format)
    notes = suite.about["not_reached"]
    for note in notes[:_SHOWN_NOTES]:
        click.echo(f"tppcore: note: {note}", err=True)
    if len(notes) > _SHOWN_NOTES:
        rest = len(notes) - _SHOWN_NOTES
        click.echo(f"tppcore: note: and {rest} more in the metadata, under not_reached", err=True)


def _score(
    file: str,
    suite: str | None,
    limit: int | None,
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    options: Mapping[str, Any],
) -> EdgeScore:
    _need_pyarrow()
    from tppcore import report
    from tppcore.edges.answers import heading
    from tppcore.edges.grading import score_edges
    from tppcore.edges.suite import edge_suite

    if not Path(file).is_file():
        raise TppError(f"{file}: no such file")
    with report.busy("grading"):
        given: Any = suite
        about = {} if suite else heading(file)
        if suite is None and not ("suite" in about and "rules" in about):
            given = edge_suite(rulebook(options), limit)
        return score_edges(file, given, rule_files=options["rule_file"])


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise TppError("this needs pyarrow: pip install 'tppcore[files]'")


def _text(score: EdgeScore) -> str:
    """The score as tables."""
    share = score.mismatches / score.answers if score.answers else 0
    lines = [f"{score.answers:,} answers, {score.mismatches:,} mismatches ({share:.2%})"]
    if score.not_graded:
        lines.append(f"not graded, no column: {', '.join(score.not_graded)}")
    if score.mismatches:
        lines += ["", *_table("mistake", {each.name: (each.count,) for each in score.mistakes})]
        lines += ["", *_table("paragraph", _wrong(score.paragraphs), "answers")]
        lines += ["", *_table("kind of edge", _wrong(score.kinds), "answers")]
        for each in score.mistakes:
            first = each.examples[0]
            lines += [
                "",
                f"{each.name}, for example {first['id']}:",
                f"  {first['paragraph']}: answered {first['answer']}, expected {first['expected']}",
                f"  {first['reason']}",
            ]
    return "\n".join(lines)


def _wrong(counts: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, ...]]:
    """Mismatches and answers, the most mismatches first."""
    found = {name: (wrong, answers) for name, (answers, wrong) in counts.items() if wrong}
    return dict(sorted(found.items(), key=lambda each: -each[1][0]))


def _table(what: str, rows: Mapping[str, tuple[int, ...]], *more: str) -> list[str]:
    """Names and counts in columns."""
    width = max(map(len, (what, *rows)))
    heads = ("mismatches", *more)
    lines = ["  ".join([what.ljust(width), *heads])]
    for name, counts in rows.items():
        cells = [f"{n:,}".rjust(len(head)) for n, head in zip(counts, heads, strict=True)]
        lines.append("  ".join([name.ljust(width), *cells]))
    return lines
