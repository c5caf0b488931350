"""Which files are meant: by name, by a pattern, or as folders, also such as `country=CN/year=2025`.

Files come sorted by path; those whose name begins with `.` or `_` are none of them.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tppcore.errors import TppError
from tppcore.sources.files import COMPRESSED, EXTENSIONS

_MAGIC = "*?["
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Input:
    """A file, and what the names of its folders state of all of its rows: text, or None for a
    value that is missing."""

    path: str
    partitions: Mapping[str, str | None] = field(default_factory=dict)


def find(sources: Sequence[str]) -> tuple[Input, ...]:
    """The files of some sources, each sorted by path. Raises TppError for one that has none, and
    for a file that is named twice."""
    found = [each for source in sources for each in _files(source)]
    paths = [os.path.realpath(each.path) for each in found if each.path != "-"]
    for before, after in zip(sorted(paths), sorted(paths)[1:], strict=False):
        if before == after:
            raise TppError(f"{before}: stands there twice; expected each file once")
    return tuple(found)


def is_one_file(sources: Sequence[str]) -> bool:
    """Whether the sources are but one file, by its name, or standard input."""
    [*rest, source] = sources
    return not rest and (source == "-" or not (Path(source).is_dir() or _is_pattern(source)))


def _is_pattern(source: str) -> bool:
    return any(each in source for each in _MAGIC) and not Path(source).exists()


def _files(source: str) -> Iterator[Input]:
    if source == "-":
        yield Input(source)
    elif Path(source).is_dir():
        yield from _in_folder(Path(source), Path(source))
    elif _is_pattern(source):
        parts = Path(source).parts
        fixed = next(i for i, part in enumerate(parts) if any(each in part for each in _MAGIC))
        base = Path(*parts[:fixed])
        matches = sorted(glob.glob(source, recursive=True))  # noqa: PTH207 (patterns may be absolute)
        some = False
        for match in matches:
            path = Path(match)
            if path.is_dir():
                # With ** the files in it are matches themselves.
                if "**" not in parts:
                    for each in _in_folder(path, base):
                        some = True
                        yield each
            elif not _is_hidden(path.relative_to(base)):
                some = True
                yield Input(match, _partitions(path, base))
        if not some:
            raise TppError(f"{source}: no file matches; expected at least one")
    else:
        yield Input(source)


def _in_folder(folder: Path, base: Path) -> Iterator[Input]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    )
    if not paths:
        raise TppError(f"{folder}: a folder without files; expected at least one")
    for path in paths:
        if _extension(path) not in EXTENSIONS:
            raise TppError(
                f"{path}: unknown extension in a folder of data; expected one of "
                f"{', '.join(EXTENSIONS)}, or a pattern such as '{folder}/*.parquet'"
            )
        yield Input(str(path), _partitions(path, base))


def _extension(path: Path) -> str:
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in COMPRESSED else suffix


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _partitions(path: Path, base: Path) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in path.relative_to(base).parts[:-1]:
        name, equals, value = part.partition("=")
        if equals:
            if name in found:
                raise TppError(f"{path}: {name} stands there twice; expected each name once")
            found[unquote(name)] = None if value == _NULL else unquote(value)
    return found
