"""The command `tppcore sql`: the rulebook as a query for a database where nothing is installed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook

F = TypeVar("F", bound=Callable[..., Any])

_DECIMAL = re.compile(r"(?:([a-z0-9_]+)=)?(\d{1,2})(?:,(\d{1,2}))?")


def sql_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command, with the options of the law and the parser of `--rules` of the others."""

    @click.command("sql", cls=many)
    @click.option("--dialect", required=True, type=click.Choice(["duckdb", "postgres"]))
    @click.option("--table", default="chips", show_default=True, help="The table, as in SQL.")
    @click.option("--view", metavar="NAME", help="CREATE VIEW NAME; a plain SELECT if left out.")
    @click.option("--columns", metavar="NAME,...", help="The quantities that the table states.")
    @click.option("--from", "sample", metavar="FILE", help="... or a file with these columns.")
    @click.option(
        "--verdicts",
        type=click.Choice(["columns", "outcome"]),
        default="columns",
        show_default=True,
        help="A column a paragraph, or the outcome alone.",
    )
    @click.option(
        "--decimal",
        "decimals",
        multiple=True,
        metavar="[NAME=]P,S",
        help="DuckDB: digits and decimal places of the columns, or of one.",
    )
    @click.option("--doubles", is_flag=True, help="Columns may be DOUBLE PRECISION; slower.")
    @law  # type: ignore[arg-type]
    def sql(
        dialect: str,
        table: str,
        view: str | None,
        columns: str | None,
        sample: str | None,
        verdicts: str,
        decimals: tuple[str, ...],
        doubles: bool,
        **options: Any,
    ) -> None:
        """Print the law as exact standard SQL over a table of chips, whose columns are named after
        quantities: by default all that the rules read."""
        from tppcore.sql.query import to_sql

        if columns is not None and sample is not None:
            raise TppError("--columns and --from: expected one of them")
        names = None if columns is None else [each.strip() for each in columns.split(",")]
        text = to_sql(
            rulebook(options),
            dialect,
            table=table,
            view=view,
            columns=names if sample is None else _columns_of(sample),
            verdicts=verdicts,
            decimals=_decimals(decimals),
            doubles=doubles,
        )
        click.echo(text, nl=False)

    return sql


def _columns_of(file: str) -> list[str]:
    """The columns of a file that are quantities."""
    from tppcore.cli_input import data_of, need
    from tppcore.sources import files, processing_units

    need("pyarrow", "files")
    table = next(iter(files.batches(file, None, None)))
    if processing_units.COLUMN in table.schema.names:
        raise TppError(
            f"{file}: column {processing_units.COLUMN!r} lists processing units, which SQL can't "
            "read; expected rates such as tops_fp8"
        )
    _, keys, notes = data_of(file, table)
    for note in notes:
        click.echo(f"tppcore: note: {note}", err=True)
    return [each for each in table.schema.names if each not in keys.schema.names]


def _decimals(texts: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = {}
    for text in texts:
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise TppError(f"--decimal {text}: expected P,S or NAME=P,S, such as 15,3")
        found[match[1] or ""] = (int(match[2]), int(match[3] or 0))
    return found
