"""The command `tppcore headroom`: how far each quantity of a chip is from turning a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook

F = TypeVar("F", bound=Callable[..., Any])


def headroom_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command, with the options of the law and the parser of `--rules` of the others."""

    @click.command("headroom", cls=many)
    @click.argument("name", nargs=-1, required=True)
    @click.option(
        "--quantity",
        "quantities",
        multiple=True,
        metavar="Q",
        help="Only this one, such as dram_gb_s.",
    )
    @click.option(
        "--paragraph", "paragraphs", multiple=True, metavar="ID", help="Only us-3a090/a.1, say."
    )
    @click.option("--json", "as_json", is_flag=True, help="As JSON.")
    @law  # type: ignore[arg-type]
    def headroom(
        name: tuple[str, ...],
        quantities: tuple[str, ...],
        paragraphs: tuple[str, ...],
        as_json: bool,
        **options: Any,
    ) -> None:
        """Say how far each quantity of the chip NAME can grow or shrink before a verdict turns."""
        from tppcore.sources.chips import Chip
        from tppcore.sources.systems import named
        from tppcore.turning import headroom

        chip = named(" ".join(name))
        if not isinstance(chip, Chip):
            raise TppError(f"{chip.id} is a system; expected a chip, such as one of its parts")
        found = headroom(
            chip, rulebook(options), paragraphs=paragraphs or None, quantities=quantities or None
        )
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else str(found))

    return headroom
