"""A table in many files of one folder, which a later job can go on with.

Every part is whole or not there. Beside them the manifest says what job they belong to, and which
are done: a part counts from the moment at which the manifest names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tppcore.errors import TppError
from tppcore.sinks.blocks import write_blocks
from tppcore.sinks.files import About
from tppcore.sinks.whole import COMPRESSED, whole

MANIFEST = "_tppcore.json"

Job = Mapping[str, Any]


class Parts:
    """The parts of an answer: of the rows of each input file, so many a part.

    `job`: all that the parts depend on, as JSON; "inputs" is a list of [path, size, time of its
    last change]. With `resume` the parts that are there are kept. Raises TppError for a folder that
    holds something else, or parts of another job.
    """

    def __init__(self, folder: str, job: Job, format: str, about: About, resume: bool) -> None:
        self.folder, self.job = Path(folder), json.loads(json.dumps(job))
        self.format, self.about = format, about
        self._done: dict[str, dict[str, int]] = {}
        self._ended: list[int] = []
        self.complete = False
        self.folder.mkdir(exist_ok=True)
        held = sorted(path.name for path in self.folder.iterdir())
        if MANIFEST in held and resume:
            self._resume()
        elif held:
            raise TppError(
                f"{folder}: not empty ({held[0]}); expected an empty folder"
                + (", or --resume to go on with the job in it" if MANIFEST in held else "")
            )
        else:
            self._note()

    def _resume(self) -> None:
        path = self.folder / MANIFEST
        try:
            manifest = json.loads(path.read_text("utf-8"))
            there = manifest["job"]
            self._done, self._ended = manifest["parts"], manifest["ended"]
            self.complete = manifest["complete"]
        except (ValueError, KeyError, TypeError):
            raise TppError(f"{path}: not a manifest of tppcore") from None
        if differs := _difference(there, self.job):
            raise TppError(
                f"{self.folder}: holds another job: {differs}; expected the same, or a new folder"
            )
        for name, each in self._done.items():
            part = self.folder / name
            if not part.is_file() or part.stat().st_size != each["bytes"]:
                raise TppError(f"{part}: not the part that was written; expected it untouched")
        for path in self.folder.iterdir():
            # Of systems whose temporary files have names.
            if path.name.startswith(".part-") and path.name.endswith(".part"):
                path.unlink()

    def is_ended(self, number: int) -> bool:
        """Whether all rows of an input file are in parts."""
        return number in self._ended

    def done(self, number: int) -> int:
        """How many parts of an input file there are."""
        count = 0
        while self._name(number, count) in self._done:
            count += 1
        return count

    def rows(self, number: int) -> int:
        """How many rows the parts of an input file have."""
        names = (self._name(number, i) for i in range(self.done(number)))
        return sum(self._done[name]["rows"] for name in names)

    def write(self, number: int, tables: Iterable[Any]) -> None:
        """The next part of an input file, from pyarrow tables, at least one. Raises as
        `write_blocks`."""
        name = self._name(number, self.done(number))
        rows = 0

        def add(table: Any) -> None:
            nonlocal rows
            rows += table.num_rows

        path = self.folder / name
        write_blocks(tables, path, self.about, _format(self.format), add)
        self._done[name] = {"rows": rows, "bytes": path.stat().st_size}
        self._note()

    def end(self, number: int) -> None:
        """Notes that an input file has no more rows."""
        self._ended.append(number)
        self._note()

    def finish(self) -> None:
        """Notes that all is done."""
        self.complete = True
        self._note()

    def _name(self, number: int, part: int) -> str:
        return f"part-{number:05}-{part:05}.{self.format}"

    def _note(self) -> None:
        manifest = {
            "job": self.job,
            "complete": self.complete,
            "ended": self._ended,
            "parts": self._done,
        }
        with whole(self.folder / MANIFEST) as stream:
            stream.write(f"{json.dumps(manifest, indent=1)}\n".encode())


def _format(extension: str) -> str:
    """The format of `csv.gz`."""
    first, _, last = extension.partition(".")
    assert not last or f".{last}" in COMPRESSED
    return first


def _difference(there: Job, job: Job) -> str:
    """The first thing in which two jobs differ; nothing where they are the same."""
    for name in job:
        before, now = there.get(name), job[name]
        if before == now:
            continue
        if name != "inputs" or not isinstance(before, list):
            return f"{name} is {before!r} there and {now!r} here"
        paths, others = [each[0] for each in before], [each[0] for each in now]
        for path in [*paths, *others]:
            if path not in paths or path not in others:
                return f"input {path} is only {'there' if path in paths else 'here'}"
        changed = next((b[0] for a, b in zip(before, now, strict=True) if a != b), "")
        return f"input {changed} has changed since, or has another place"
    return ""
