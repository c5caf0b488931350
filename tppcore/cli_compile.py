"""The command `tppcore compile`: the law of a date as a file that C programs evaluate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook

F = TypeVar("F", bound=Callable[..., Any])


def compile_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command, with the options of the law and the parser of `--rules` of the others."""

    @click.command("compile", cls=many)
    @click.option("-o", "--output", metavar="FILE", required=True, help="Where to, or - .")
    @click.option(
        "--quantities",
        metavar="Q,Q",
        help="The inputs of the program; all that the rules use if left out.",
    )
    @law  # type: ignore[arg-type]
    def compile(output: str, quantities: str | None, **options: Any) -> None:
        """Compile the law of a date into FILE.tpp, for tppcore.h: no Python is needed there."""
        from tppcore.program_file import program_bytes
        from tppcore.sinks.whole import whole

        if output != "-" and not Path(output).absolute().parent.is_dir():
            raise TppError(f"{output}: no such folder")
        names = None
        if quantities is not None:
            names = [each.strip() for each in quantities.split(",") if each.strip()]
        data = program_bytes(rulebook(options), names)
        with whole(output) as stream:
            stream.write(data)

    return compile
