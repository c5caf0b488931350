"""The command `tppcore ledger`: what it writes, and its errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli import cli
from tppcore.sources.files import read

LEDGER = """date,product,units,destination,consignee,authorization
2025-03-01,H100,1699,IN,Acme,LPP
2026-01-05,H100,1700,IN,Acme,LPP
2026-01-20,H200,500,HK,Beta,licence
2026-01-20,H200,1000,US,Gamma,
2026-01-21,Wonder,1,IN,Acme,LPP
2026-01-21,H100,2.5,BR,Acme,
"""


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["ledger", *args], input=stdin)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "shipments.csv"
    path.write_text(LEDGER)
    return str(path)


def data(*args: str) -> dict[str, Any]:
    done = run(*args, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json(file: str) -> None:
    found = data(file, "--as-of", "2026-02-01")
    assert (found["file"], found["as_of"]) == (file, "2026-02-01")
    assert found["readings"]["tf32_width"] == "32"
    assert found["rows"] == {
        "read": 6,
        "counted": 4,
        "counted_in_part": 0,
        "not_counted": 2,
        "authorization_not_said": 2,
    }
    assert found["h100_equivalent"]["tpp"]["exact"] == "15832"
    assert found["products"][0] == {
        "id": "h100-sxm",
        "name": "NVIDIA H100 SXM5 80GB",
        "took": "NVIDIA H100 SXM5 80GB (h100-sxm): the SXM module",
        "tpp": {"at_least": number(15832), "at_most": number(15832)},
        "us-3a090/a": True,
    }
    lpp = found["limits"][0]
    assert {name: lpp[name] for name in ("id", "by", "tests", "status", "confidence")} == {
        "id": "us-diffusion/lpp",
        "by": ["consignee", "year"],
        "tests": [{"metric": "aggregate_tpp", "op": "<=", "threshold": number(26_900_000)}],
        "status": "codified, not enforced",
        "confidence": "P",
    }
    assert "single ultimate consignee" in lpp["assumed"]
    assert lpp["groups"][1] == {
        "consignee": "Acme",
        "year": 2025,
        "rows": 1,
        "authorization_not_said": 0,
        "used": {"at_least": number(26_898_568), "at_most": number(26_898_568)},
        "within": True,
        "limit": number(26_900_000),
        "left": {"at_least": number(1432), "at_most": number(1432)},
        "left_h100": {"at_least": 0, "at_most": 0},
        "left_units": {"h100-sxm": {"at_least": 0, "at_most": 0}},
    }
    passed = lpp["groups"][0]
    assert (passed["within"], passed["used"]["at_most"]) == (False, None)
    assert passed["left"]["at_least"] is None
    half = found["limits"][-1]["groups"]
    assert [(each["product"], each["within"]) for each in half] == [("h200-sxm", True)]
    assert half[0]["us"]["at_most"] == number(15_832_000)
    assert [(each["row"], each["partly"]) for each in found["not_counted"]] == [
        (5, False),
        (6, False),
    ]
    assert found["not_in_force"] == []


def number(value: int) -> dict[str, str]:
    return {"exact": str(value), "approx": str(round(value, 5 - len(str(value)) + 1))}


def test_text(file: str) -> None:
    done = run(file, "--as-of", "2026-02-01")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1] == "6 rows: 4 counted, 2 not counted"
    assert "  Acme       2025           26,898,568  yes" in done.stdout
    assert "  row 6: units 2.5; expected a whole number from 1 to 9223372036854775807" in lines
    assert not re.search(r"\b(free|clear)\b", done.stdout, re.IGNORECASE)


def test_text_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"2025-03-01,H100,{i},IN,C{i},\n2025-03-01,H100,x,IN,C{i},\n" for i in range(1, 41)]
    path.write_text(LEDGER.splitlines()[0] + "\n" + "".join(rows))
    lines = run(str(path), "--as-of", "2026-02-01", "--limit", "lpp").stdout.splitlines()
    assert "  and 30 more" in lines
    assert "  and 30 more; --json or --rejected FILE has them all" in lines
    assert len(lines) < 45
    found = data(str(path), "--as-of", "2026-02-01", "--limit", "lpp")
    assert [len(found["limits"]), len(found["limits"][0]["groups"]), len(found["not_counted"])] == [
        1,
        40,
        40,
    ]


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_files(file: str, tmp_path: Path, format: str) -> None:
    out, rejected = tmp_path / f"groups.{format}", tmp_path / f"rejected.{format}"
    done = run(file, "--as-of", "2026-02-01", "-o", str(out), "--rejected", str(rejected))
    assert (done.exit_code, done.stdout) == (0, "6 rows: 4 counted, 2 not counted\n")
    groups = read(out).to_pylist()
    assert groups[1]["limit"] == "us-diffusion/lpp"
    assert float(groups[1]["used_at_most"]) == 26_898_568
    assert str(groups[1]["within"]).lower() == "true"
    assert len(read(rejected).to_pylist()) == 2
    if format == "parquet":
        assert json.loads(pq.read_table(out).schema.metadata[b"tppcore"])["as_of"] == "2026-02-01"


def test_standard_input_and_chips_of_your_own(tmp_path: Path) -> None:
    chips = tmp_path / "chips.csv"
    chips.write_text("id,tops_fp8,datacenter\nwonder,1000,y\n")
    options = ["--as-of", "2026-02-01", "--chips", str(chips), "--limit", "lpp", "--json"]
    done = run("-", *options, stdin=LEDGER)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["file"] == "standard input"
    assert found["rows"]["not_counted"] == 1
    assert found["limits"][0]["groups"][0]["used"]["at_least"]["exact"] == str(1700 * 15832 + 8000)


def test_readings(file: str) -> None:
    found = data(file, "--as-of", "2026-02-01", "--reading", "tf32_width=19")
    assert found["readings"]["tf32_width"] == "19"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.csv"], "none.csv: no such file"),
        (["FILE", "--as-of", "1.2.2026"], "'1.2.2026' is not a date; expected YYYY-MM-DD"),
        (["FILE", "--limit", "cap"], "no limit 'cap'; expected one of us-diffusion/lpp"),
        (["FILE", "--chips", "none.csv"], "none.csv: no such file"),
        (["FILE", "-o", "none/a.csv"], "none/a.csv: no such folder"),
        (["FILE", "--rejected", "none/a.csv"], "none/a.csv: no such folder"),
        (["FILE", "-o", "a.doc"], "a.doc: unknown extension '.doc'"),
        (["FILE", "--reading", "x"], "--reading x: expected NAME=VALUE, such as tf32_width=19"),
        (["FILE", "--reading", "x=1"], "unknown reading 'x'"),
        (["FILE", "--input-format", "doc"], "unknown format 'doc'"),
        ([], "Missing argument 'FILE'"),
    ],
)
def test_errors(file: str, args: list[str], message: str) -> None:
    done = run(*(file if each == "FILE" else each for each in args))
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,product,units,country,consignee\n2025-01-01,H100,1,IN,Acme\n")
    done = run(str(path))
    assert done.exit_code == 2
    assert done.stderr == (
        f"tppcore: {path}: no column destination; expected date, product, units, destination, "
        "consignee, and if known authorization, headquarters; found date, product, units, "
        "country, consignee\n"
    )


def test_in_the_public_api(file: str) -> None:
    found = tpp.ledger(file, as_of="2026-02-01")
    assert isinstance(found, tpp.Ledger)
    assert found["lpp"].groups[0].within is False
    assert repr(found) == "<Ledger 2026-02-01: 6 rows, 7 limits>"
    with pytest.raises(KeyError):
        found["lp"]
