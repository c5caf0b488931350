"""`classify` over files of any size: what is written, and that it is whole or not there."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from tppcore.cli import cli
from tppcore.sources.files import read

LAW = ["--as-of", "2026-02-01", "--destination", "CN"]
TOOL = [sys.executable, "-P", "-m", "tppcore.cli"]


def run(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in args], input=stdin)


def chips(rows: int, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "id": np.arange(rows),
            "tops_fp8": rng.choice([600.0, 599.9, 1979.0, 2625.0, np.nan], rows),
            "die_area_mm2": rng.uniform(100, 900, rows),
            "dram_gb_s": rng.choice([4100.0, 6500.0], rows),
            "datacenter": rng.random(rows) < 0.5,
        }
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.parquet"
    pq.write_table(chips(5000), path, row_group_size=600)
    return path


def test_columns_are_those_of_the_report(table: Path, tmp_path: Path) -> None:
    full, some = tmp_path / "full.parquet", tmp_path / "some.parquet"
    assert run("classify", table, *LAW, "-o", full).exit_code == 0
    done = run("classify", table, *LAW, "-o", some, "--verdicts", "columns")
    assert (done.exit_code, done.output) == (0, "")
    report, found = pq.read_table(full), pq.read_table(some)
    assert found.to_pydict() == report.select(found.column_names).to_pydict()
    assert found.column_names[0] == "id"
    assert found.column_names[-1] == "outcome"
    assert json.loads(found.schema.metadata[b"tppcore"])["destination"] == "CN"


@pytest.mark.parametrize("format", ["csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "arrow"])
def test_outcome_in_every_format(table: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / f"out.{format}"
    done = run("classify", table, *LAW, "-o", out, "--verdicts", "outcome", "--keep", "none")
    assert (done.exit_code, done.output) == (0, "")
    wanted = tmp_path / "wanted.parquet"
    run("classify", table, *LAW, "-o", wanted, "--verdicts", "outcome")
    found = read(out)
    assert found.column_names == ["outcome"]
    assert found.column("outcome").to_pylist() == pq.read_table(wanted)["outcome"].to_pylist()


def test_counts(table: Path, tmp_path: Path) -> None:
    done = run("classify", table, *LAW, "--verdicts", "counts", "--format", "json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    run("classify", table, *LAW, "--verdicts", "columns", "-o", tmp_path / "a.parquet")
    rows = pq.read_table(tmp_path / "a.parquet").to_pydict()
    assert found["rows"] == 5000
    for name, counts in found["paragraphs"].items():
        values = rows[name]
        words = {"true": True, "false": False, "undetermined": None}
        assert counts == {word: values.count(value) for word, value in words.items()}
    assert {k: rows["outcome"].count(k) for k in found["outcomes"]} == found["outcomes"]
    assert "licence, presumption of denial" in run(
        "classify", table, *LAW, "--verdicts", "counts"
    ).stdout  # fmt: skip
    assert (
        run("classify", table, *LAW, "--verdicts", "counts", "-o", tmp_path / "c.csv").output == ""
    )
    assert read(tmp_path / "c.csv").num_rows == 3 * len(found["paragraphs"]) + len(
        found["outcomes"]
    )


def test_standard_input_streams(table: Path) -> None:
    done = run("classify", "-", *LAW, "--verdicts", "outcome", stdin=table.read_bytes())
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5001 + sum(
        line.startswith("#") for line in done.stdout.splitlines()
    )


def test_many_rows_are_streamed_by_themselves(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tppcore import cli_classify

    wanted = run("classify", table, *LAW, "--verdicts", "columns").stdout
    monkeypatch.setattr(cli_classify, "SMALL", 4999)
    done = run("classify", table, *LAW)
    assert done.stdout == wanted
    assert done.stderr == (
        "tppcore: note: 5,000 rows: verdicts and outcomes alone, as by --verdicts columns\n"
    )
    csv = tmp_path / "in.csv"
    run("classify", table, *LAW, "--verdicts", "outcome", "--keep", "id,tops_fp8", "-o", csv)
    done = run("classify", "-", *LAW, stdin=csv.read_bytes())
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("\n") > 5000
    assert '"id","us-3a090/note-2"' in done.stdout  # the old outcome gives way
    assert "note: many rows: verdicts and outcomes alone" in done.stderr
    monkeypatch.setattr(cli_classify, "SMALL", 5000)
    assert "limiting_test" in run("classify", table, *LAW).stdout


def test_several_files(table: Path, tmp_path: Path) -> None:
    pq.write_table(chips(700, 1), tmp_path / "more.parquet")
    done = run("classify", table, tmp_path / "more.parquet", *LAW, "--rules", "us-3a090")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.startswith("tppcore: note: 5,700 rows of 2 files: ")
    pattern = run("classify", f"{tmp_path}/*.parquet", *LAW, "--rules", "us-3a090")
    assert pattern.stdout == done.stdout


def test_keep_in_a_report(table: Path) -> None:
    done = run("classify", table, *LAW, "--keep", "none", "--format", "jsonl")
    assert done.exit_code == 0, done.stderr
    assert next(iter(json.loads(done.stdout.splitlines()[1]))) == "tpp"


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


@pytest.mark.parametrize("format", ["parquet", "csv"])
@pytest.mark.parametrize("rows", [1, 700, 1000, 5000, 9999])
def test_a_folder_of_parts(tmp_path: Path, format: str, rows: int) -> None:
    count = 5000 if rows > 1 else 7
    (tmp_path / "in").mkdir()
    for i, size in enumerate((count, 0, 3)):
        pq.write_table(chips(size, i), tmp_path / "in" / f"{i}.parquet", row_group_size=640)
    common = ["classify", tmp_path / "in", *LAW, "--verdicts", "columns", "--format", format]
    done = run(*common, "-o", f"{tmp_path}/out/", "--part-rows", str(rows))
    assert (done.exit_code, done.output) == (0, "")
    whole = tmp_path / f"whole.{format}"
    assert run(*common, "-o", whole).exit_code == 0
    found = [read(path) for path in sorted((tmp_path / "out").iterdir()) if path.suffix != ".json"]
    assert [each.num_rows for each in found] == [
        *[rows] * (count // rows), *[count % rows] * (count % rows > 0), 0, *([1] * 3 if rows == 1
        else [3])]  # fmt: skip
    rows_found = [row for each in found for row in each.to_pylist()]
    assert rows_found == read(whole).to_pylist()
    assert json.loads((tmp_path / "out" / "_tppcore.json").read_text())["complete"] is True


def test_resuming_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    common = ["classify", table, *LAW, "--verdicts", "columns", "--part-rows", "1100"]
    assert run(*common, "-o", f"{tmp_path}/whole/").exit_code == 0
    for kept in range(6):
        folder = tmp_path / f"half{kept}"
        assert run(*common, "-o", f"{folder}/").exit_code == 0
        manifest = json.loads((folder / "_tppcore.json").read_text())
        for name in list(manifest["parts"])[kept:]:
            del manifest["parts"][name]
            if name.endswith(("2.parquet", "4.parquet")):
                (folder / name).unlink()  # others: written, but not noted yet
        manifest |= {"complete": False, "ended": []}
        (folder / "_tppcore.json").write_text(json.dumps(manifest))
        done = run(*common, "-o", f"{folder}/", "--resume")
        assert (done.exit_code, done.output) == (0, "")
        assert parts(folder) == parts(tmp_path / "whole")
    again = run(*common, "-o", f"{folder}/", "--resume")
    assert (again.exit_code, again.output) == (0, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--as-of", "2026-02-02"], "as_of is '2026-02-01' there and '2026-02-02' here"),
        (["--verdicts", "outcome"], "verdicts is 'columns' there and 'outcome' here"),
        (["--part-rows", "7"], "part rows is 1000 there and 7 here"),
        (["--reading", "tf32_width=19"], "readings is "),
        (["--keep", "none"], "keep is ['id'] there and [] here"),
        (["--rules", "us-3a090"], "rulebook is "),
        ([], "not empty (_tppcore.json); expected an empty folder, or --resume to go on"),
    ],
)
def test_another_job_is_refused(
    table: Path, tmp_path: Path, change: list[str], message: str
) -> None:
    out = f"{tmp_path}/out/"
    common = ["classify", table, *LAW, "--verdicts", "columns", "-o", out, "--part-rows", "1000"]
    assert run(*common).exit_code == 0
    done = run(*common, *change, *(["--resume"] if change else []))
    assert done.exit_code == 2
    assert message in done.stderr


def test_changed_inputs_and_parts_are_refused(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    common = ["classify", f"{tmp_path}/in*.parquet", *LAW, "-o", f"{out}/", "--resume"]
    assert run(*common).exit_code == 0  # with --resume a new folder is fine too
    pq.write_table(chips(5), tmp_path / "in2.parquet")
    done = run(*common)
    assert (done.exit_code, f"input {tmp_path}/in2.parquet is only here" in done.stderr) == (
        2,
        True,
    )
    (tmp_path / "in2.parquet").unlink()
    os.utime(table, (1, 1))
    assert f"input {table} has changed since" in run(*common).stderr
    manifest = json.loads((out / "_tppcore.json").read_text())
    os.utime(table, ns=(1, manifest["job"]["inputs"][0][2]))
    assert run(*common).exit_code == 0
    part = out / "part-00000-00000.parquet"
    part.write_bytes(part.read_bytes()[:-1])
    assert "not the part that was written" in run(*common).stderr
    (out / "_tppcore.json").write_text("{}")
    assert "not a manifest of tppcore" in run(*common).stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["in.parquet", "--resume"], "--resume: expected -o FOLDER/"),
        (["in.parquet", "--verdicts", "counts", "-o", "./"], "./: a folder; expected a file"),
        (["in.parquet", "--verdicts", "columns", "-o", "a.xlsx"], "xlsx; expected one of parquet"),
        (["in.parquet", "--verdicts", "columns", "-o", "a.parquet.gz"], "is compressed by itself"),
        (["in.parquet", "-o", "no/a.csv"], "no/a.csv: no such folder"),
        (["in.parquet", "--verdicts", "outcome", "--keep", "x"], "no column 'x' to keep; found id"),
        (["in.parquet", "--keep", "x"], "no column 'x' to keep; found id"),
        (["in.parquet", "--sheet", "one"], "in.parquet: parquet has no sheets; expected xlsx"),
        (["*.arrow"], "*.arrow: no file matches"),
        (["none"], "none: a folder without files"),
        (["missing.parquet", "--verdicts", "counts"], "missing.parquet: no such file"),
        (["--verdicts", "counts"], "no INPUT"),
        (["parts.csv", "--verdicts", "counts"], "systems: expected one file of parts"),
        (["in.parquet", "in.parquet"], "stands there twice"),
        (["bad.csv", "--verdicts", "outcome", "-o", "out.csv"],
         "bad.csv, line 3, row 2, column tops_fp8: 'many'; expected a number"),
    ],
)  # fmt: skip
def test_errors(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none").mkdir()
    Path("parts.csv").write_text("system,chip,count,tops_fp8\nA,h200-sxm,8,1\n")
    Path("bad.csv").write_text("name,tops_fp8\nA,1\nB,many\n")
    before = sorted(tmp_path.rglob("*"))
    done = run("classify", *args, *LAW)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


# ---- killed jobs and full disks ----


def job(*args: str | Path) -> list[str]:
    return [*TOOL, "classify", *map(str, args), *LAW, "--verdicts", "columns"]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "in.parquet"
    pq.write_table(chips(1_000_000), path, row_group_size=100_000)
    return path


def killed(command: list[str], number: int, after: float) -> int:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    started.send_signal(number)
    return started.wait(60)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere temporary files have names")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_job_leaves_the_old_file_or_none(long: Path, tmp_path: Path, number: int) -> None:
    out = tmp_path / "out.parquet"
    begun = time.perf_counter()
    subprocess.run(job(long, "-o", out), check=True)
    lasts = time.perf_counter() - begun
    whole = out.read_bytes()
    for after in (random.random() * lasts, 0.95 * lasts):
        for old in (None, b"old"):
            out.unlink(missing_ok=True)
            if old:
                out.write_bytes(old)
            code = killed(job(long, "-o", out), number, after)
            found = out.read_bytes() if out.exists() else None
            assert found in ((old, whole) if code else (whole,))
            assert [path.name for path in tmp_path.iterdir()] == [out.name] * bool(found)


def test_a_killed_job_goes_on(long: Path, tmp_path: Path) -> None:
    common = [long, "--part-rows", "100000"]
    begun = time.perf_counter()
    subprocess.run(job(*common, "-o", f"{tmp_path}/whole/"), check=True)
    lasts = time.perf_counter() - begun
    command = job(*common, "-o", f"{tmp_path}/out/", "--resume")
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        killed(command, number, (0.5 + random.random() / 2) * lasts)
    subprocess.run(command, check=True)
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")
    assert len(parts(tmp_path / "out")) == 10


def limited(bytes: int) -> Any:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, bytes))

    return limit


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.csv.gz", "out.csv.zst", "out/"])
def test_a_file_that_grows_too_large(long: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    if name != "out/":
        target.write_bytes(b"old")
    done = subprocess.run(
        job(long, "-o", f"{tmp_path}/{name}"),
        capture_output=True,
        text=True,
        preexec_fn=limited(1 << 18),
    )
    assert done.returncode == 2
    assert "can't be written: File too large; nothing was left behind" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    if name == "out/":
        assert [path.name for path in target.iterdir()] == ["_tppcore.json"]
    else:
        assert target.read_bytes() == b"old"
        assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk(long: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no mounts here")
    try:
        (disk / "out.parquet").write_bytes(b"old")
        done = subprocess.run(job(long, "-o", disk / "out.parquet"), capture_output=True, text=True)
        assert done.returncode == 2
        assert "out.parquet: can't be written: No space left on device; nothing" in done.stderr
        assert (disk / "out.parquet").read_bytes() == b"old"
        assert [path.name for path in disk.iterdir()] == ["out.parquet"]
        command = job(long, "-o", f"{disk}/out/", "--part-rows", "100000", "--resume")
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert "No space left on device" in done.stderr
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        subprocess.run(command, check=True)
        subprocess.run(job(long, "-o", f"{tmp_path}/whole/", "--part-rows", "100000"), check=True)
        assert parts(disk / "out") == parts(tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_a_full_device(table: Path) -> None:
    done = run(
        "classify", table, *LAW, "--verdicts", "columns", "-o", "/dev/full", "--format", "csv"
    )
    assert done.exit_code == 2
    assert "/dev/full: can't be written: No space left on device" in done.stderr


def test_a_reader_that_goes_away(long: Path) -> None:
    command = f"{' '.join(job(long))} | head -c 100 > /dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1, "")
