"""The command `tppcore compare`: chips and systems side by side."""

from __future__ import annotations

import json

import click

from tppcore.cli_options import readings_of


@click.command("compare")
@click.argument("names", metavar="NAME NAME ...", nargs=-1)
@click.option("--reading", multiple=True, metavar="NAME=VALUE", help="An open question.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def compare_command(names: tuple[str, ...], reading: tuple[str, ...], as_json: bool) -> None:
    """Compare two or more chips or systems by NAME: aggregates with ratios, per chip and watt.

    A name of several words is one argument: tppcore compare "CloudMatrix 384" "GB200 NVL72".
    """
    from tppcore.comparison import compare

    found = compare(*names, readings=readings_of(reading))
    click.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else str(found))
