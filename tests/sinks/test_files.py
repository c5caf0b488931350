"""Files appear whole or not at all, say how they came about, and read back as they were."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tppcore.errors import TppError
from tppcore.sinks import files
from tppcore.sinks.files import FORMATS, format_of, write
from tppcore.sinks.whole import whole
from tppcore.sources.files import read

ABOUT = {
    "tppcore": "0.1",
    "rulebook": "0123abcd",
    "as_of": "2026-02-01",
    "destination": "CN",
    "readings": {"tf32_width": "32"},
}
TABLE = pa.table(
    {
        "name": ["H200", 'a "quoted", name', "=1+1", "B"],
        "tops_fp8": [1979.0, 0.1, 1e-15, None],
        "datacenter": [True, False, None, None],
    }
)


@pytest.mark.parametrize("format", FORMATS)
def test_round_trip(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    write(TABLE, path, ABOUT)
    assert read(path).to_pylist() == TABLE.to_pylist()
    assert names(tmp_path) == [path.name]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def about_of(path: Path, format: str) -> dict[str, Any]:
    match format:
        case "csv":
            lines = [line[2:].split(": ", 1) for line in path.read_text().splitlines()[:5]]
            found: dict[str, Any] = dict(lines)
            return {**found, "readings": json.loads(found["readings"])}
        case "parquet":
            return dict(json.loads(pq.read_schema(path).metadata[b"tppcore"]))
        case "arrow":
            return dict(json.loads(pa.ipc.open_file(str(path)).schema.metadata[b"tppcore"]))
        case "json":
            return dict(json.loads(path.read_text())["meta"])
        case "jsonl":
            return dict(json.loads(path.read_text().splitlines()[0])["meta"])
        case _:
            rows = openpyxl.load_workbook(path)["about"].iter_rows(values_only=True)
            found = {str(name): value for name, value in rows}
            return {**found, "readings": json.loads(found["readings"])}


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_says_how_it_came_about(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    write(TABLE, path, ABOUT)
    assert about_of(path, format) == ABOUT


def test_json_has_neither_nan_nor_infinity(tmp_path: Path) -> None:
    write(pa.table({"x": [float("nan"), float("inf"), 1.5]}), tmp_path / "a.json", ABOUT)
    rows = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert [row["x"] for row in rows] == [None, None, 1.5]


@pytest.mark.parametrize("format", FORMATS)
def test_an_old_file_survives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    path = tmp_path / f"a.{format}"
    path.write_bytes(b"old")
    write_whole = files._WRITERS[format]

    def full(stream: BinaryIO, table: Any, about: files.About) -> None:
        write_whole(stream, table, about)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setitem(files._WRITERS, format, full)
    with pytest.raises(TppError, match=r"can't be written: No space left on device"):
        write(TABLE, path, ABOUT)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == [path.name]


def test_nothing_is_seen_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def interrupted() -> None:
        with whole(path) as stream:
            stream.write(b"half")
            stream.flush()
            assert not path.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o640)
    (tmp_path / "link.csv").symlink_to("real.csv")
    write(TABLE, tmp_path / "link.csv", ABOUT)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o640
    assert "H200" in (tmp_path / "real.csv").read_text()


@pytest.fixture
def short_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_SHEET_ROWS", 3)


@pytest.mark.usefixtures("short_sheets")
def test_a_sheet_has_an_end(tmp_path: Path) -> None:
    with pytest.raises(TppError, match="4 rows; a sheet of xlsx holds 3, write Parquet"):
        write(TABLE, tmp_path / "a.xlsx", ABOUT)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a.foo", r"unknown extension '\.foo'; expected one of \.csv"),
        ("a", "unknown extension ''"),
        ("none/a.csv", "can't be written: No such file or directory"),
        (".", "a folder; expected a file name"),
    ],
)
def test_message(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(TppError, match=message):
        write(TABLE, tmp_path / path, ABOUT, "csv" if path == "." else None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk() -> None:
    with pytest.raises(TppError, match="/dev/full: can't be written: No space left on device"):
        write(TABLE, "/dev/full", ABOUT, "csv")


def test_extensions() -> None:
    assert [format_of(f"a.{e}") for e in ("csv", "pq", "feather", "ndjson", "XLSX")] == [
        "csv",
        "parquet",
        "arrow",
        "jsonl",
        "xlsx",
    ]


def test_a_sheet_is_easy_to_read(tmp_path: Path) -> None:
    write(TABLE, tmp_path / "a.xlsx", ABOUT)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["verdicts"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:C5"
    assert sheet["A1"].font.bold
    assert not sheet["A2"].font.bold
    assert sheet.column_dimensions["A"].width == len('a "quoted", name') + 2


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.jsonl.gz", "a.json.zst"])
def test_compressed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(TABLE, path, ABOUT)
    assert path.read_bytes()[:2] == {"gz": b"\x1f\x8b", "st": b"\x28\xb5"}[name[-2:]]
    assert read(path).to_pylist() == TABLE.to_pylist()
    with pytest.raises(TppError, match=r"parquet is compressed by itself; expected .parquet"):
        format_of("a.parquet.gz")
