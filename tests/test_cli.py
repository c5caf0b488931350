"""The command line: what it writes, its exit codes, and one clear line for every error."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from tppcore.cli import cli
from tppcore.sources.files import read

LAW = ["--as-of", "2026-02-01", "--destination", "CN"]
CHIPS = """part,tops_fp8,tops_fp16,die_area_mm2,dram_gb_s,datacenter
H200,1979,989.5,814,4800,y
tie,600,300,,3000,n
below,,299.99999,800,3000,n
unknown,,,,,
"""


def run(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, list(args), input=stdin)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "chips.csv"
    path.write_text(CHIPS)
    return path


def test_classify_a_file(table: Path) -> None:
    done = run("classify", str(table), *LAW, "--rules", "us-3a090", "us-742.6-review")
    assert done.exit_code == 0, done.stderr
    h200, tie, below, unknown = rows(done.stdout)
    assert next(iter(h200)) == "part"
    assert list(h200)[-3:] == ["outcome", "limiting_test", "margin"]
    assert (h200["tpp"], h200["us-3a090/a.1"], h200["us-3a090/b"]) == ("15832", "true", "false")
    assert h200["outcome"] == "licence, case-by-case"
    assert (h200["limiting_test"], h200["margin"]) == ("tpp below 21000", "")
    assert (tie["us-3a090/a.1"], tie["us-3a090/a.2"]) == ("true", "")
    assert (tie["limiting_test"], tie["margin"]) == ("tpp at 4800 exactly", "0")
    assert (below["us-3a090/a.1"], below["limiting_test"]) == (
        "false",
        "tpp below 4800 by 0.00016",
    )
    assert float(below["margin"]) == pytest.approx(-0.00016)
    assert (unknown["us-3a090/a.1"], unknown["outcome"][:12]) == ("", "undetermined")


def test_every_output_says_how_it_came_about(table: Path) -> None:
    done = run("classify", str(table), *LAW, "--reading", "tf32_width=19")
    notes = dict(line[2:].split(": ", 1) for line in done.stdout.splitlines() if line[0] == "#")
    assert (notes["as_of"], notes["destination"]) == ("2026-02-01", "CN")
    assert json.loads(notes["readings"])["tf32_width"] == "19"
    assert len(notes["rulebook"]) == 16


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "parquet", "arrow", "xlsx"])
def test_formats_hold_the_same(table: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / f"out.{format}"
    done = run("classify", str(table), *LAW, "-o", str(out))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    found = read(out).to_pylist()
    assert [row["part"] for row in found] == ["H200", "tie", "below", "unknown"]
    assert [str(row["us-3a090/a.1"]).lower() for row in found] == ["true", "true", "false", "none"]


def test_parquet_carries_booleans_and_metadata(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    run("classify", str(table), *LAW, "-o", str(out))
    found = pq.read_table(out)
    assert str(found.schema.field("us-3a090/a.1").type) == "bool"
    assert json.loads(found.schema.metadata[b"tppcore"])["destination"] == "CN"


def test_our_own_output_can_be_classified_again(table: Path, tmp_path: Path) -> None:
    run("classify", str(table), *LAW, "-o", str(tmp_path / "a.csv"))
    done = run("classify", str(tmp_path / "a.csv"))
    assert done.exit_code == 2
    assert "no column is a quantity" in done.stderr


def test_standard_input_and_the_epoch_mapping() -> None:
    sample = Path(__file__).parent / "data" / "epoch_sample.csv"
    options = ["--columns", "epoch-ml-hardware", "--format", "jsonl"]
    done = run("classify", "-", *LAW, *options, stdin=sample.read_bytes())
    assert done.exit_code == 0, done.stderr
    meta, first, *_ = map(json.loads, done.stdout.splitlines())
    assert meta["meta"]["destination"] == "CN"
    assert (first["Hardware name"], first["tpp"]) == ("NVIDIA H200 SXM", 15832)
    assert first["us-3a090/a.1"] is True


def test_ranges_have_bounds_and_decide_what_they_can(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "name,tops_int8,die_area_mm2,die_area_mm2_low,die_area_mm2_high,datacenter\n"
        "rumour,250,,300,600,1\nknown,250,500,,,1\n"
    )
    done = run("classify", str(path), *LAW, "--rules", "us-3a090")
    rumour, known = rows(done.stdout)
    assert (rumour["performance_density"], known["performance_density"]) == ("", "4")
    assert float(rumour["performance_density_low"]) == pytest.approx(2000 / 600)
    assert float(rumour["performance_density_high"]) == pytest.approx(2000 / 300)
    verdicts = [rumour[f"us-3a090/{each}"] for each in ("a", "b", "controlled")]
    assert verdicts == ["", "", "true"]


@pytest.mark.parametrize("engine", ["c", "jit", "exact"])
def test_engines(table: Path, engine: str) -> None:
    from tppcore.engine.choose import available

    if not available(engine):
        pytest.skip(f"no engine {engine} here")
    done = run("classify", str(table), *LAW, "--engine", engine)
    assert done.exit_code == 0, done.stderr
    assert [row["us-3a090/a.1"] for row in rows(done.stdout)] == ["true", "true", "false", ""]
    assert f"# engine: {engine}" in done.stdout


def test_the_catalogue_is_the_default_input() -> None:
    done = run("classify", *LAW)
    assert done.exit_code == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "H200 SXM5" in line)
    assert "15832" in line
    assert "licence, case-by-case" in line
    assert "rulebook" in done.stdout


def test_a_table_in_a_file(tmp_path: Path) -> None:
    out = tmp_path / "table.txt"
    assert run("classify", *LAW, "--format", "table", "-o", str(out)).exit_code == 0
    assert "H200 SXM5" in out.read_text()


def test_a_misspelt_column_is_pointed_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,tops_fp8,die_area_mm\nA,600,800\n")
    done = run("classify", str(path), *LAW)
    assert done.exit_code == 0
    assert done.stderr == (
        "tppcore: note: column 'die_area_mm' is no quantity; did you mean die_area_mm2?\n"
    )


def explained(*args: str) -> dict[str, Any]:
    done = run("explain", *args, *LAW, "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_explain_json_has_the_promised_shape() -> None:
    found = explained("H200")
    assert {"name", "as_of", "metrics", "paragraphs", "readings", "missing"} <= set(found)
    assert found["as_of"] == "2026-02-01"
    assert found["metrics"]["tpp"] == {"exact": "15832", "approx": "15832"}
    assert found["metrics"]["performance_density"] == {"exact": "7916/407", "approx": "19.4496"}
    [a1] = [each for each in found["paragraphs"] if each["id"] == "us-3a090/a.1"]
    assert a1["verdict"] is True
    assert a1["citation"]
    [test] = a1["tests"]
    assert (test["metric"], test["op"]) == ("tpp", ">=")
    assert [test[key]["exact"] for key in ("threshold", "value", "margin")] == [
        "4800",
        "15832",
        "11032",
    ]
    assert found["readings"]["tf32_width"] == "32"


def test_explain_figures_is_explain_a_name() -> None:
    figures = "--tops fp8=1979 --tops int8=1979 --die-area 814 --dram 4800 --dram-gb 141"
    found = explained(*figures.split(), "--interconnect", "900", "--datacenter")
    named = explained("H200")
    verdicts = {each["id"]: each["verdict"] for each in found["paragraphs"]}
    for each in named["paragraphs"]:
        if each["id"].startswith(("us-3a090", "us-742.6", "us-9903")):
            assert verdicts[each["id"]] == each["verdict"], each["id"]


def test_explain_a_range_and_what_is_missing() -> None:
    found = explained("--tops", "int8=250", "--die-area", "300..600", "--datacenter")
    density = found["metrics"]["performance_density"]
    assert (density["low"]["exact"], density["high"]["exact"]) == ("10/3", "20/3")
    verdicts = {each["id"]: each["verdict"] for each in found["paragraphs"]}
    assert verdicts["us-3a090/a"] is None
    assert verdicts["us-3a090/controlled"] is True
    assert "die_area_mm2" in found["missing"]


def test_explain_as_text() -> None:
    done = run("explain", "h200", "sxm", *LAW)
    assert done.exit_code == 0, done.stderr
    assert "us-3a090/a.1: true" in done.stdout
    assert "licence, case-by-case" in done.stdout


def test_rules_list_and_show() -> None:
    done = run("rules", "--as-of", "2026-02-01")
    assert done.exit_code == 0, done.stderr
    assert "us-3a090" in done.stdout
    shown = run("rules", "us-3a090", "--as-of", "2024-12-02").stdout
    assert "a.1: tpp >= 4800" in shown
    assert "2022-10-21" not in shown
    data = json.loads(run("rules", "us-3a090", "--json").stdout)
    assert [version["effective"] for version in data["versions"]][:2] == [
        "2022-10-21",
        "2023-11-17",
    ]
    assert len(json.loads(run("rules", "--json").stdout)) > 20


def test_rules_diff() -> None:
    text = run("rules", "diff", "us-3a090", "2023-12-01", "2024-12-02").stdout
    assert "\n+ c: " in text
    assert "~ a.1" not in text
    text = run("rules", "diff", "us-3a090", "2023-11-16", "2023-11-17").stdout
    assert "+ a.1: tpp >= 4800" in text
    assert "    - bidirectional_transfer_rate >= 600" in text
    assert "no change" in run("rules", "diff", "us-3a090", "2023-12-01", "2023-12-02").stdout


def test_rules_check(tmp_path: Path) -> None:
    good = """id = "my-rule"
title = "Mine"
jurisdiction = "X"
[[version]]
effective = 2026-01-01
status = "in force"
confidence = "P"
citation = "mine"
url = "https://example.org"
scope = "circuit"
[[version.paragraph]]
id = "a"
all = ["tpp >= 4800", "us-3a090/a.1"]
"""
    path = tmp_path / "my-rule.toml"
    path.write_text(good)
    done = run("rules", "check", str(path))
    assert (done.exit_code, done.stdout) == (0, f"{path}: ok\n")
    assert run("classify", *LAW, "--rule-file", str(path), "--rules", "my-rule").exit_code == 0
    path.write_text(good.replace("tpp >=", "tpq >="))
    done = run("rules", "check", str(path))
    assert done.exit_code == 2
    assert done.stderr.startswith("tppcore: my-rule.toml:13: unknown metric 'tpq'")


def test_chips_and_systems() -> None:
    done = run("chips", "h200")
    assert done.exit_code == 0, done.stderr
    assert "h200-sxm" in done.stdout
    assert "a100" not in done.stdout
    assert "gb200-nvl72" in run("systems", "GB200").stdout
    assert json.loads(run("chips", "H200", "--json").stdout)[0]["id"] == "h200-sxm"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["classify", "none.csv"], "none.csv: no such file"),
        (["classify", "--as-of", "17.11.2023"], "'17.11.2023' is not a date; expected YYYY-MM-DD"),
        (["classify", "--rules", "us-foo"], "no rule 'us-foo'; expected one of"),
        (["classify", "--reading", "tf32_width"], "--reading tf32_width: expected NAME=VALUE"),
        (["classify", "--reading", "tf33=1"], "unknown reading 'tf33'; expected one of tf32_width"),
        (["classify", "--status", "valid"], "unknown status 'valid'"),
        (["classify", "-o", "none/a.csv"], "none/a.csv: no such folder"),
        (["classify", "-o", "a.doc"], "a.doc: unknown extension '.doc'"),
        (["classify", "--format", "doc"], "Invalid value for '--format': 'doc' is not one of"),
        (["classify", "--engine", "d"], "Invalid value for '--engine'"),
        (["explain", "H2000"], "no chip or system is called 'H2000'; nearest:"),
        (["explain"], "nothing to explain; expected a NAME"),
        (["explain", "--tops", "fp8"], "--tops fp8: expected NAME=VALUE, such as fp8=1979"),
        (["explain", "--tops", "fp9=1"], "unknown quantity 'tops_fp9'; did you mean"),
        (["explain", "--tops", "fp8=fast"], "column tops_fp8: 'fast'; expected a number"),
        (["explain", "--die-area", "0"], "column die_area_mm2: 0; expected a number above 0"),
        (["explain", "H200", "--as-of", "1999-01-01"], "no version of any rule covers 1999-01-01"),
        (["rules", "us-foo"], "no rule 'us-foo'"),
        (
            ["rules", "diff", "us-3a090", "1999-01-01", "2026-01-01"],
            "no version of us-3a090 covers",
        ),
        (["chips", "zzz"], "no chips with 'zzz' in their name"),
        (["calculate"], "No such command 'calculate'"),
        (["classify", "--colour"], "No such option"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(args: list[str], message: str) -> None:
    done = run(*args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.startswith("tppcore: ")
    assert done.stderr.count("\n") == 1


def test_anything_else_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a defect\nof two lines")

    monkeypatch.setattr("tppcore.law.data", broken)
    done = run("rules", "--json")
    assert done.exit_code == 1
    assert done.stderr.startswith("tppcore: RuntimeError: a defect of two lines")
    assert done.stderr.count("\n") == 1


def test_an_old_output_survives_a_failure(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tppcore.sinks import files

    def full(stream: io.BufferedWriter, *rest: object) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(files._WRITERS, "parquet", full)
    out = tmp_path / "out.parquet"
    out.write_bytes(b"old")
    done = run("classify", str(table), "-o", str(out))
    assert done.exit_code == 2
    assert "out.parquet: can't be written: No space left on device" in done.stderr
    assert out.read_bytes() == b"old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["chips.csv", "out.parquet"]


def process(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tppcore.cli", *args]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def test_a_process_reads_standard_input_and_writes_standard_output() -> None:
    done = process("classify", "-", *LAW, "--rules", "us-3a090", stdin=CHIPS.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert [row["us-3a090/a.1"] for row in rows(done.stdout.decode())] == [
        "true",
        "true",
        "false",
        "",
    ]


def test_a_process_fails_in_one_line_without_a_traceback() -> None:
    done = process("classify", "-", stdin=b"name,tops_fp8\nA,fast\n")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == (
        b"tppcore: standard input, line 2, row 1, column tops_fp8: 'fast'; expected a number\n"
    )


def test_a_reader_that_goes_away_is_no_error_message() -> None:
    command = f"{sys.executable} -m tppcore.cli rules --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (b"[", b"")


def test_explain_imports_neither_pyarrow_nor_rich() -> None:
    code = (
        "import sys; from tppcore.cli import cli\n"
        "try: cli(['explain', 'H200'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pyarrow', 'rich', 'numba', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_without_click_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['click'] = None; import tppcore.cli"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert b"pip install 'tppcore[cli]'" in done.stderr
    assert b"Traceback" not in done.stderr


def test_help_and_version() -> None:
    assert "classify" in run("--help").stdout
    assert run("--version").stdout.startswith("tppcore ")
