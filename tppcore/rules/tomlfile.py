"""TOML files with the line of every key, so that an error can name it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tppcore.errors import SpecError

Key = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_ENTRY = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"]*\"|'[^']*')\s*=")


class TomlFile:
    """The data of a file, and `line(key)` for a path of keys and list positions in it."""

    def __init__(
        self,
        path: Path,
        text: str | None = None,
        parse_float: Callable[[str], Any] = float,
    ) -> None:
        self.path = path
        try:
            self.text = path.read_text("utf-8") if text is None else text
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(path, 1, f"can't be read: {error}") from None
        try:
            self.data: dict[str, Any] = tomllib.loads(self.text, parse_float=parse_float)
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"at line (\d+), column (\d+)", str(error))
            last = self.text.count("\n") + 1
            line, column = (int(at[1]), int(at[2])) if at else (last, None)
            raise SpecError(path, line, f"not TOML: {error}", column) from None
        except ValueError as error:  # a whole number of more digits than Python reads
            raise SpecError(path, 1, f"can't be read: {error}") from None
        except RecursionError:
            raise SpecError(path, 1, "nested too deep; expected a rule file") from None
        self._lines = _key_lines(self.text)

    def line(self, key: Key, item: object = None) -> int:
        """The line of `key`, or the nearest table above it; with `item`, where its text stands."""
        while key and key not in self._lines:
            key = key[:-1]
        line = self._lines.get(key, 1)
        if isinstance(item, str):
            for offset, text in enumerate(self.text.splitlines()[line - 1 :]):
                if item in text.replace('\\"', '"'):
                    return line + offset
        return line

    def fail(self, key: Key, message: str, item: object = None) -> SpecError:
        return SpecError(self.path, self.line(key, item), message)


def _key_lines(text: str) -> dict[Key, int]:
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, text_line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(text_line):
            names = [part.strip().strip("\"'") for part in header[2].split(".")]
            table = ()
            for name in names[:-1]:
                table = (*table, name)
                if table in counts:
                    table = (*table, counts[table] - 1)
            table = (*table, names[-1])
            if header[1] == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = (*table, counts[table] - 1)
            lines.setdefault(table, number)
        elif entry := _ENTRY.match(text_line):
            lines.setdefault((*table, entry[1].strip("\"'")), number)
    return lines
