"""A file: where its bytes come from, its format, and how its rows are named in errors."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from tppcore.errors import TppError

EXTENSIONS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
}
FORMATS = ("csv", "parquet", "arrow", "json", "jsonl", "xlsx")
COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
"""What CSV, JSON and JSON lines may be compressed by, behind their own extension."""

_TEXT = ("csv", "json", "jsonl")
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_INFLATED = 1 << 20  # bytes decompressed at a time
_COPIED = 1 << 20

HEAD = 1 << 20
"""Bytes in which the format of a file must show, and the header of a CSV end."""


class File:
    """Where the bytes come from, and how a row of it is named."""

    def __init__(
        self, source: str | Path, format: str | None = None, sheet: str | None = None
    ) -> None:
        self.path = Path(source)
        self.name = "standard input" if str(source) == "-" else str(source)
        self.sheet = sheet
        self._raw: Any = None
        piped = str(source) == "-" or not (self.path.is_file() or self.path.is_dir())
        if str(source) == "-":
            self._keep(sys.stdin.buffer)
        elif not self.path.exists():
            raise TppError(f"{self.name}: no such file")
        elif self.path.is_dir():
            raise TppError(f"{self.name}: a folder; expected a file")
        elif not self.path.is_file():
            with self.path.open("rb") as pipe:
                self._keep(pipe)
        self.size = self.path.stat().st_size
        if self.size == 0:
            raise self.empty()
        extension = "" if piped else self.path.suffix.lower()
        self.compression = COMPRESSED.get(extension)
        if self.compression:
            extension = Path(self.path.stem).suffix.lower()
        elif piped:
            start = self._head()
            self.compression = next(
                (c for magic, c in _MAGIC.items() if start.startswith(magic)), None
            )
        if format is None and not piped and extension not in EXTENSIONS:
            raise TppError(
                f"{self.name}: unknown extension {extension!r}; "
                f"expected one of {', '.join(EXTENSIONS)}, or the format by name"
            )
        self.format = format or EXTENSIONS.get(extension) or _sniff(self._head())
        if self.format not in FORMATS:
            raise TppError(f"unknown format {self.format!r}; expected one of {', '.join(FORMATS)}")
        if self.compression and self.format not in _TEXT:
            raise TppError(
                f"{self.name}: {self.format} within {self.compression}; expected {self.format} "
                "as it is, which is compressed by itself"
            )
        if sheet is not None and self.format != "xlsx":
            raise TppError(f"{self.name}: {self.format} has no sheets; expected xlsx")

    @property
    def position(self) -> int:
        """How many of its bytes have been read, while it is read from front to back."""
        try:
            return int(self._raw.tell()) if self._raw else 0
        except ValueError:  # closed
            return self.size

    def open(self) -> Any:
        """Its bytes, decompressed, as a binary stream."""
        self._raw = self.path.open("rb", 0)
        if self.compression is None:
            return io.BufferedReader(self._raw)
        return io.BufferedReader(pa.CompressedInputStream(self._raw, self.compression), _INFLATED)

    def _keep(self, pipe: BinaryIO) -> None:
        """Bytes that can be read once only are kept on disk, to be read again and not to fill the
        memory; until this object is gone."""
        kept = tempfile.NamedTemporaryFile()  # noqa: SIM115
        weakref.finalize(self, kept.close)
        shutil.copyfileobj(pipe, kept, _COPIED)
        kept.flush()
        self.path = Path(kept.name)

    def _head(self) -> bytes:
        with self.open() as stream:
            return bytes(stream.read(HEAD))

    def empty(self) -> TppError:
        return TppError(f"{self.name}: an empty file; expected a header and rows")

    def place(self, line: int | None) -> str:
        return self.name if line is None else f"{self.name}, line {line}"


def _sniff(head: bytes) -> str:
    """The format of bytes without a name."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    start = head[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"["):
        return "json"
    if start.startswith(b"{"):
        try:
            json.loads(start.split(b"\n", 1)[0])
        except ValueError:
            return "json"
        return "jsonl"
    return "csv"
