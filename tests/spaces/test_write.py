"""Designs written to files: all of them, in constant memory, whole or not at all."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tppcore as tpp
from tppcore.sinks.blocks import FORMATS, write_blocks
from tppcore.spaces.space import Space

RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
SPACE = Space(
    {"rate": ["100", "300", "0.5"], "area": ["100", "695"], "by": ["1", "3"]},
    {"tops_fp16": "rate / by", "die_area_mm2": "area"},
)


def read(path: Path) -> list[dict[str, Any]]:
    match path.suffix:
        case ".parquet":
            return pq.read_table(path).to_pylist()
        case ".arrow":
            return pa.ipc.open_file(path).read_all().to_pylist()
        case ".jsonl":
            return [json.loads(line) for line in path.read_text().splitlines()[1:]]
        case _:
            lines = [x for x in path.read_text().splitlines() if not x.startswith("#")]
            return list(csv.DictReader(lines))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_all_designs(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"designs.{format}"
    seen: list[int] = []
    about = {"space": "s", "readings": {"a": "b"}}
    write_blocks(SPACE.blocks(5, RULES), path, about, advance=lambda t: seen.append(t.num_rows))
    assert seen == [5, 5, 2]
    rows = read(path)
    expected = pa.concat_tables(SPACE.blocks(100, RULES)).to_pylist()
    if format == "csv":
        assert [float(row["rate"]) for row in rows] == [each["rate"] for each in expected]
        assert [row["us-3a090/a"] for row in rows] == [
            "" if (v := each["us-3a090/a"]) is None else str(v).lower() for each in expected
        ]
    else:
        assert rows == expected
    if format == "parquet":
        file = pq.ParquetFile(path)
        assert file.num_row_groups == 3
        assert json.loads(file.schema_arrow.metadata[b"tppcore"]) == about
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", FORMATS)
def test_what_fails_leaves_what_was_there(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"designs.{format}"
    path.write_text("before")

    def broken() -> Iterator[Any]:
        yield from list(SPACE.blocks(5, RULES))[:2]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_blocks(broken(), path, {})
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_formats_that_take_no_blocks(tmp_path: Path) -> None:
    with pytest.raises(tpp.TppError, match="xlsx; expected one of parquet, csv"):
        write_blocks(iter([]), tmp_path / "designs.xlsx", {})
    with pytest.raises(tpp.TppError, match="unknown extension"):
        write_blocks(iter([]), tmp_path / "designs.txt", {})


LARGE = """
[axes]
cores = {from="1", to="500", step="1"}
clock_ghz = {from="0.5", to="2.49", step="0.01"}
stacks = {from="1", to="10", step="1"}
area = {from="100", to="1000", step="100"}
[quantities]
tops_fp16 = "cores * clock_ghz * 4"
dram_gb_s = "stacks * 450"
die_area_mm2 = "area + cores"
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """10^7 designs."""
    path = tmp_path / "large.toml"
    path.write_text(LARGE)
    return path


_PEAK = """
import resource, sys
from tppcore.cli import cli
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sys.argv.pop()
file, out = sys.argv[1:]
def write(rows):
    law = ["--rules", "us-3a090", "--threads", "1"]
    cli.main(["space", file, "-o", out, "--rows", rows, *law])
for each in ("0..400000", rows):
    try:
        write(each)
    except SystemExit as done:
        assert not done.code, done.code
    print(peak())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in KiB")
def test_memory_does_not_grow_with_designs(large: Path, tmp_path: Path) -> None:
    out = tmp_path / "designs.parquet"
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(large), str(out), "0..10000000"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    few, many = map(int, done.stdout.split())
    assert pq.ParquetFile(out).metadata.num_rows == 10_000_000
    assert many - few < 60_000  # KiB; the table would take 1,000,000


def _heed_interrupts() -> None:
    """What a shell runs in the background ignores them, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _written(run: subprocess.Popen[bytes], folder: Path) -> int:
    """Bytes of the files, named or not, that a process has open in a folder."""
    found = 0
    for each in Path(f"/proc/{run.pid}/fd").glob("*"):
        with suppress(FileNotFoundError):  # closed by now
            found += each.stat().st_size if each.readlink().parent == folder else 0
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere temporary files have names")
def test_a_killed_write_leaves_nothing(large: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    command = [sys.executable, "-m", "tppcore.cli", "space", str(large), "-o", "designs.csv"]
    for sent in (signal.SIGINT, signal.SIGKILL):
        run = subprocess.Popen(
            command, cwd=folder, stderr=subprocess.DEVNULL, preexec_fn=_heed_interrupts
        )
        begun = time.monotonic()
        while not _written(run, folder):
            assert time.monotonic() - begun < 60
            assert run.poll() is None
            time.sleep(0.02)
        run.send_signal(sent)
        assert run.wait(60) != 0
        assert not list(folder.iterdir())
