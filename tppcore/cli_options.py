"""What several commands make of their options."""

from __future__ import annotations

from collections.abc import Sequence

from tppcore.errors import TppError


def readings_of(texts: Sequence[str]) -> dict[str, str] | None:
    """The readings that `--reading NAME=VALUE` chooses, by name; None if it stands nowhere."""
    readings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise TppError(f"--reading {text}: expected NAME=VALUE, such as tf32_width=19")
        readings[name.strip()] = value.strip()
    return readings or None
