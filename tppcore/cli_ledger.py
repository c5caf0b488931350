"""The command `tppcore ledger`: what shipments have used of the limits on aggregate TPP."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tppcore.cli_options import readings_of
from tppcore.errors import TppError


@click.command("ledger")
@click.argument("file", metavar="FILE")
@click.option("--as-of", metavar="DATE", help="The law of this day; today if left out.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all groups and rows.")
@click.option("-o", "--output", metavar="OUT", help="Write the groups to a file (CSV, Parquet).")
@click.option("--rejected", metavar="OUT", help="Write the rows that were not counted to a file.")
@click.option("--chips", metavar="FILE", help="Chips of your own, with a column id or name.")
@click.option("--limit", multiple=True, metavar="ID", help="Only this limit or rule, such as lpp.")
@click.option("--reading", multiple=True, metavar="NAME=VALUE", help="An open question.")
@click.option("--input-format", metavar="FORMAT", help="Where the extension does not say it.")
def ledger_command(
    file: str,
    as_of: str | None,
    as_json: bool,
    output: str | None,
    rejected: str | None,
    chips: str | None,
    limit: tuple[str, ...],
    reading: tuple[str, ...],
    input_format: str | None,
) -> None:
    """Add up the shipments of FILE: what is used of each limit on aggregate TPP, and what is left.

    FILE has the columns date, product, units, destination, consignee, and if known authorization
    and headquarters. Rows that can't be counted are listed, never dropped."""
    from tppcore import report
    from tppcore.shipments.as_text import summary
    from tppcore.shipments.ledger import ledger
    from tppcore.sinks import files as sink

    for path in (output, rejected):
        if path is not None:
            sink.format_of(path)
            if not Path(path).absolute().parent.is_dir():
                raise TppError(f"{path}: no such folder")
    readings = readings_of(reading)
    with report.progress(f"reading {file}") as advance:
        found = ledger(
            file,
            as_of,
            chips=chips,
            limit=limit,
            readings=readings,
            format=input_format,
            advance=advance,
        )
    if output is not None:
        sink.write(found.to_arrow(), output, found.about())
    if rejected is not None:
        sink.write(found.not_counted(), rejected, found.about())
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    elif output is None:
        click.echo(str(found), nl=False)
    else:
        click.echo(summary(found))
