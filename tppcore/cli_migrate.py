"""The command `tppcore migrate`: what changes outcome between two dates or two rule sets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.cli_input import INPUT_FORMATS, data_of, in_file, is_parts, need, table_of
from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.migration import Migration
    from tppcore.rules.rulebook import Rulebook
    from tppcore.spaces.space import Space

F = TypeVar("F", bound=Callable[..., Any])

_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]*(/[A-Za-z0-9.\-]+)?")


def migrate_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command, with the options of the law and the parser of `--rules` of the others."""

    @click.command("migrate", cls=many)
    @click.argument("source", metavar="[INPUT]", required=False)
    @click.option("--from", "first", metavar="DATE", help="The law before; --as-of if left out.")
    @click.option("--to", "last", metavar="DATE", help="The law after; --as-of if left out.")
    @click.option("--from-rules", multiple=True, metavar="ID ...", help="Only these rules, before.")
    @click.option("--to-rules", multiple=True, metavar="ID ...", help="Only these rules, after.")
    @click.option("--to-rule-file", multiple=True, metavar="FILE", help="A rule of yours, after.")
    @click.option(
        "--change",
        "changes",
        multiple=True,
        metavar="[ID:] OLD -> NEW",
        help="A test, or a threshold, that reads otherwise after.",
    )
    @click.option("--paragraph", metavar="ID", help="Compare this verdict, not the outcomes.")
    @click.option("--matrix", is_flag=True, help="The matrix alone.")
    @click.option("--json", "as_json", is_flag=True, help="As JSON.")
    @click.option("-o", "--output", metavar="FILE", help="Write all changed rows to a file.")
    @click.option("--columns", metavar="MAP", help="A mapping file, or epoch-ml-hardware.")
    @click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="Format of the input.")
    @click.option("--chips", metavar="FILE", help="The chips that the parts of systems are.")
    @click.option("--systems", metavar="FILE", help="Facts of the systems, a row each.")
    @click.option("--engine", type=click.Choice(["c", "jit", "exact"]), help="The fastest of them.")
    @click.option("--threads", type=click.IntRange(1), help="All cores if left out.")
    @law  # type: ignore[arg-type]
    def migrate(
        source: str | None,
        first: str | None,
        last: str | None,
        from_rules: tuple[str, ...],
        to_rules: tuple[str, ...],
        to_rule_file: tuple[str, ...],
        changes: tuple[str, ...],
        matrix: bool,
        as_json: bool,
        output: str | None,
        columns: str | None,
        input_format: str | None,
        chips: str | None,
        systems: str | None,
        **options: Any,
    ) -> None:
        """What changes outcome between two dates, or two rule sets: counts, a matrix, the rows.

        INPUT is as for classify; the catalogue if left out. The designs of a space, FILE.toml, are
        counted. A what-if needs no rule file:
        --change 'us-3a090: tpp >= 4800 -> tpp >= 2400', or '4800 -> 2400' for every test with
        that threshold in every rule."""
        from tppcore import migration_text, report
        from tppcore.migration import migrate as migrated
        from tppcore.rules.amendment import amended
        from tppcore.sinks import files as sink

        if not (first or last or from_rules or to_rules or to_rule_file or changes):
            raise TppError(
                "migrate: two laws to compare are missing; expected --from and --to, --change, "
                "or rules of either side"
            )
        is_space = source is not None and source.endswith(".toml")
        if is_space:
            tabular = {"-o": output, "--columns": columns, "--input-format": input_format}
            tabular |= {"--chips": chips, "--systems": systems}
            tabular |= {f"--{name}": options[name] for name in ("engine", "threads")}
            for name, value in tabular.items():
                if value is not None:
                    raise TppError(
                        f"{name}: the designs of a space are only counted; expected a table"
                    )
        if output is not None:
            need("pyarrow", "files")
            sink.format_of(output)
            if not Path(output).absolute().parent.is_dir():
                raise TppError(f"{output}: no such folder")
        asked = {name: options.pop(name) for name in ("paragraph", "engine", "threads")}
        given = (first or options["as_of"], last or options["as_of"])
        before = rulebook({**options, "as_of": given[0], "only": from_rules or options["only"]})
        files = (*options["rule_file"], *to_rule_file)
        after = rulebook(
            {
                **options,
                "as_of": given[1],
                "only": to_rules or options["only"],
                "rule_file": files,
            }
        )
        if changes:
            after = amended(after, changes_of(changes))
        try:
            data, notes = (
                (_space(str(source)), [])
                if is_space
                else _data(source, columns, input_format, chips, systems)
            )
            with report.busy("counting twice" if is_space else "classifying twice"):
                found = migrated(data, before, after, **asked)
        except TppError as error:
            raise in_file(error, source) from None
        for note in notes:
            click.echo(f"tppcore: note: {note}", err=True)
        if output is not None:
            sink.write(found.table(), output, migration_text.about(found))
        click.echo(_answer(found, matrix, as_json, output is not None))

    return migrate


def _answer(found: Migration, matrix: bool, as_json: bool, is_written: bool) -> str:
    from tppcore import migration_text

    if as_json:
        return json.dumps(found.to_dict(), ensure_ascii=False)
    if matrix:
        return "\n".join(migration_text.matrix_lines(found))
    # The rows are in the file.
    return "\n".join(migration_text.summary(found)) if is_written else str(found)


def _space(source: str) -> Space:
    from tppcore.spaces.space import Space

    if not Path(source).is_file():
        raise TppError(f"{source}: no such file")
    return Space.from_toml(source)


def _data(
    source: str | None,
    columns: str | None,
    format: str | None,
    chips: str | None,
    systems: str | None,
) -> tuple[Any, list[str]]:
    """The chips, table or systems to classify, and what to say of columns that may be meant as
    quantities."""
    if source is None:
        from tppcore.sources.chips import chips as catalogue

        return catalogue(), []
    need("pyarrow", "files")
    table = table_of(source, columns, format)
    if chips or systems or is_parts(table):
        from tppcore.sources.system_files import system_table

        return system_table(table, chips, systems, source), []
    data, _, notes = data_of(source, table)
    return data, notes


def changes_of(texts: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The changes that `--change '[ID:] OLD -> NEW'` asks for, as `amended` takes them."""
    from tppcore.rules.amendment import EVERY

    found: dict[str, list[tuple[str, str]]] = {}
    for text in texts:
        old, arrow, new = text.partition("->")
        place, colon, test = old.partition(":")
        if not (colon and _PLACE.fullmatch(place.strip())):
            place, test = EVERY, old
        if not (arrow and test.strip() and new.strip()):
            raise TppError(
                f"--change {text}: expected [ID:] OLD -> NEW, such as "
                "us-3a090: tpp >= 4800 -> tpp >= 2400"
            )
        found.setdefault(place.strip(), []).append((test, new))
    return found
