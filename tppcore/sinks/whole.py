"""Files that appear whole or not at all, also compressed by gzip or zstd."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from tppcore.errors import TppError

COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
"""Behind the extension of a format of text."""

_LEVEL = 6  # of gzip, as its own command has it


@contextmanager
def whole(path: str | Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` at the end of the block, unless it fails.

    They are collected beside it: where the system can do that, in a file without a name, of which
    not even a process that is killed leaves anything. Pipes, devices and standard output ("-")
    have no second place and are written directly. Raises TppError where that can't be done.
    """
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise TppError(f"{path}: a folder; expected a file name")
            with target.open("wb") as stream:
                yield stream
            return
        with _beside(target) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise TppError(f"{path}: can't be written: {reason}; nothing was left behind") from None


@contextmanager
def compressed(stream: BinaryIO, path: str | Path) -> Iterator[Any]:
    """A stream into `stream`, compressed as the extension of the path says."""
    match COMPRESSED.get(Path(path).suffix.lower()):
        case "gzip":
            with gzip.GzipFile("", "wb", _LEVEL, stream, mtime=0) as packed:
                yield packed
        case "zstd":
            import pyarrow as pa

            with pa.CompressedOutputStream(_Open(stream), "zstd") as packed:
                yield packed
        case _:
            yield stream


class _Open(io.RawIOBase):
    """A stream that stays open when this one is closed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._stream.write(data)


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666
    descriptor = _unnamed(target.parent, mode)
    unnamed = descriptor is not None
    if descriptor is None:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if unnamed:
                # A link can't take the place of a file, so it gets a name for a moment.
                _name(stream.fileno(), temporary)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _unnamed(folder: Path, mode: int) -> int | None:
    """A file in a folder that has no name yet; None where there is no such thing."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        return os.open(folder, os.O_RDWR | os.O_TMPFILE, mode)
    except OSError:  # some file systems have none; what else is wrong will show again
        return None


def _name(descriptor: int, path: Path) -> None:
    # With a folder to start from, Python calls linkat, which follows the link that /proc has.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)
