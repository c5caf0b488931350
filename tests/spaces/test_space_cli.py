"""`tppcore space`: what it says, counts and writes, and how it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from tppcore.cli import cli
from tppcore.spaces.space import Space

LAW = ["--as-of", "2026-02-01", "--destination", "CN"]
FILE = """title = "Few designs"
[axes]
rate = ["100", "300", "400"]
area = {from="500", to="900", step="100"}
dram_gb_s = ["1000", "4500"]
[quantities]
tops_fp16 = "rate"
die_area_mm2 = "area"
datacenter = true
"""


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["space", *map(str, args)])


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "few.toml"
    path.write_text(FILE)
    return path


def test_a_description(space: Path) -> None:
    done = run(space, *LAW)
    assert done.exit_code == 0, done.stderr
    assert "30 designs" in done.stdout
    assert "area       5 places: 500 to 900 by 100" in done.stdout
    assert "die_area_mm2  area" in done.stdout
    assert "datacenter    the same in all" in done.stdout
    assert "licence" in done.stdout
    found = json.loads(run(space, *LAW, "--json").stdout)
    assert found["designs"] == 30
    assert found["quantities"]["tops_fp16"] == ["rate"]
    assert len(found["examples"]) == 5


def test_a_census(space: Path) -> None:
    done = run(space, *LAW, "--census", "--by", "rate", "--rules", "us-3a090")
    assert done.exit_code == 0, done.stderr
    assert "30 designs, 2026-02-01, destination CN" in done.stdout
    assert "us-3a090/a.1" in done.stdout
    found = json.loads(run(space, *LAW, "--census", "--by", "rate", "--json").stdout)
    assert found["total"] == 30
    assert [cell["at"]["rate"] for cell in found["cells"]] == [100, 300, 400]
    assert found["method"]


def test_designs_are_written(space: Path, tmp_path: Path) -> None:
    out = tmp_path / "designs.parquet"
    done = run(space, *LAW, "-o", out)
    assert done.exit_code == 0, done.stderr
    table = pq.read_table(out)
    assert table.num_rows == 30
    assert table.column_names[:3] == ["rate", "area", "dram_gb_s"]
    assert table.column_names[-1] == "outcome"
    about = json.loads(table.schema.metadata[b"tppcore"])
    assert (about["space"], about["rows"], about["as_of"]) == ("Few designs", "0..30", "2026-02-01")
    assert not any(name.startswith("us-") for name in columns(space, tmp_path, "--columns-only"))


def columns(space: Path, folder: Path, *options: str) -> list[str]:
    out = folder / "columns.parquet"
    assert run(space, *LAW, "-o", out, *options).exit_code == 0
    return pq.read_table(out).column_names


def rows(*args: str | Path) -> list[dict[str, str]]:
    done = run(*args)
    assert done.exit_code == 0, done.stderr
    return list(csv.DictReader(x for x in done.stdout.splitlines() if not x.startswith("#")))


def test_some_designs(space: Path) -> None:
    found = rows(space, *LAW, "-o", "-", "--rows", "4..7")
    designs = Space.from_toml(space)
    assert [float(row["area"]) for row in found] == designs.table(4, 7)["area"].tolist()
    assert len(rows(space, *LAW, "-o", "-", "--rows", "..5")) == 5
    sample = rows(space, *LAW, "-o", "-", "--sample", "8", "--seed", "3")
    assert len({row["design"] for row in sample}) == 8
    every = rows(space, *LAW, "-o", "-")
    for row in sample:
        same = every[int(row.pop("design"))]
        assert row == same
    shares = [rows(space, *LAW, "-o", "-", "--shard", f"{i}/2") for i in range(2)]
    key = ("rate", "area", "dram_gb_s")
    assert sorted(tuple(r[k] for k in key) for share in shares for r in share) == sorted(
        tuple(r[k] for k in key) for r in every
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rows", "1..2"], "expected -o OUT"),
        (["--census", "-o", "x.csv"], "expected no -o"),
        (["--by", "rate"], "expected --census"),
        (["--census", "--by", "no"], "no axis 'no'"),
        (["-o", "x.csv", "--rows", "5..3"], "expected a part of 0..30"),
        (["-o", "x.csv", "--rows", "0..31"], "expected a part of 0..30"),
        (["-o", "x.csv", "--rows", "a..b"], "expected A..B"),
        (["-o", "x.csv", "--rows", "1..2", "--sample", "3"], "expected one of them"),
        (["-o", "x.csv", "--seed", "3"], "expected --sample"),
        (["-o", "x.csv", "--shard", "3"], "expected I/N"),
        (["-o", "x.csv", "--shard", "0/11"], "11 shares"),
        (["-o", "x.csv", "--shard", "5/5"], "expected 0 to n - 1"),
        (["-o", "x.xlsx"], "expected one of parquet"),
        (["-o", "x.txt"], "unknown extension"),
        (["-o", "no/folder/x.csv"], "no such folder"),
        (["-o", "-", "--format", "parquet"], "not for standard output"),
        (["-o", "x.csv", "--json"], "--json"),
    ],
)
def test_bad_options(space: Path, options: list[str], message: str) -> None:
    done = run(space, *LAW, *options)
    assert done.exit_code == 2
    assert message in done.stderr


def test_bad_files(space: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "none.toml")
    assert (done.exit_code, "no such file" in done.stderr) == (2, True)
    space.write_text(FILE.replace('"rate"\n', '"ratte"\n'))
    done = run(space)
    assert done.exit_code == 2
    assert "few.toml:7" in done.stderr
    assert "unknown name 'ratte'" in done.stderr
    space.write_text(
        '[axes]\nr = {from="1", to="2", distribution="uniform"}\n[quantities]\ntops_fp8 = "r"\n'
    )
    assert run(space).exit_code == 0
    for options in (["--census"], ["-o", "x.csv"]):
        done = run(space, *options)
        assert done.exit_code == 2
        assert "axis r is continuous" in done.stderr
