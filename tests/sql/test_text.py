"""The text itself: it is the same each time, names are quoted, and what it can't do is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import tppcore as tpp
from tests.sql import cases
from tppcore.cli import cli
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sql.dialects import DIALECTS

LAW = ["--as-of", "2026-02-01", "--rules", "us-3a090"]


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return rulebook("2026-02-01", rules=["us-3a090"])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_text_each_time(dialect: str) -> None:
    """Also in a process with other hashes of strings."""
    rules = cases.law("unknown rates")
    code = (
        "import tppcore as tpp; rules = tpp.rulebook('2026-02-01', 'CN', readings={"
        "'unlisted_formats': 'unknown', 'tf32_width': '19'}); "
        f"print(tpp.to_sql(rules, {dialect!r}), end='')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == tpp.to_sql(rules, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", cases.LAWS)
def test_nothing_is_divided_or_rounded(name: str, dialect: str) -> None:
    sql = tpp.to_sql(cases.law(name), dialect)
    query = sql[sql.index("\nWITH ") :]
    outside = "".join(query.split("'")[::2])
    outside = "".join(outside.split('"')[::2])
    assert "/" not in outside
    assert "ROUND" not in query
    assert len(sql) < 400_000


def test_the_comment_says_which_law_it_is(rules: Rulebook) -> None:
    sql = tpp.to_sql(rules, "duckdb", columns=["tops_fp8", "die_area_mm2"])
    head = sql[: sql.index("\nWITH ")]
    assert all(line.startswith("--") for line in head.splitlines())
    for each in (rules.hash, "2026-02-01", "tf32_width=32", "15 CFR 774 Supp. 1", "mm2"):
        assert each in head
    assert "die_area_mm2 DECIMAL(18, 6), mm2: applicable die area" in head
    assert "tops_fp16" in head.partition("Not read, as if missing in every row:")[2]


def test_no_text_of_a_rule_gets_out_of_the_comment(own_file: Callable[..., Path]) -> None:
    path = own_file(a='"tpp >= 4800"')
    words = 'one\\nSELECT 1;\\r\\u2028SELECT 2; "'
    path.write_text(path.read_text("utf-8").replace("Own Act s. 1", words.replace('"', '\\"')))
    sql = tpp.to_sql(rulebook("2026-01-01", rules=["own"], files=[path]), "postgres")
    assert "SELECT 2" in sql
    assert all(line.startswith("--") for line in sql.splitlines() if "SELECT 1" in line)
    assert all(line.startswith("--") for line in sql.splitlines() if "SELECT 2" in line)


@pytest.mark.parametrize("table", ["chips", "my.chips", 'my."chips 2026"', '"a""b".c.D'])
def test_names_of_tables(rules: Rulebook, table: str) -> None:
    sql = tpp.to_sql(rules, "duckdb", table=table, view=table, columns=["tops_fp8"])
    assert f"\n    FROM {table} AS tppcore_row\n" in sql
    assert f"\nCREATE VIEW {table} AS\n" in sql


@pytest.mark.parametrize(
    "table", ["", "a b", "a; DROP TABLE b", 'a"b', '"a', "my-schema.t", '""', "a.b.c.d", "a."]
)
def test_what_is_no_name_of_a_table(rules: Rulebook, table: str) -> None:
    for where in ("table", "view"):
        with pytest.raises(tpp.TppError, match="is no name of a table; expected"):
            tpp.to_sql(rules, "duckdb", **{where: table})


def test_what_is_refused(rules: Rulebook) -> None:
    for options, message in (
        ({"dialect": "oracle"}, "unknown dialect 'oracle'; expected duckdb or postgres"),
        ({"columns": ["tops_fp7"]}, "column 'tops_fp7' is no quantity"),
        ({"columns": ["datacenter_low"]}, "column 'datacenter_low' is no quantity"),
        ({"columns": ["units_tpp"]}, "column 'units_tpp' is no quantity"),
        ({"verdicts": "both"}, "unknown verdicts 'both'; expected columns or outcome"),
        ({"decimals": {"": (39, 2)}}, "decimal 39,2: expected at most 38 digits"),
        ({"decimals": {"tpp": (9, 2)}}, "decimal of 'tpp': no such quantity"),
    ):
        with pytest.raises(tpp.TppError, match=message):
            tpp.to_sql(rules, **{"dialect": "duckdb", **options})


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "parts.csv"
    file.write_text("part,tops_fp8,die_area_mm2_low,die_area_mm2_high,dram_gbps\nX,1,2,3,4\n")
    columns = "tops_fp8,die_area_mm2_low,die_area_mm2_high"
    options = ["--dialect", "duckdb", "--decimal", "15,3", "--decimal", "tops_fp8=9,1"]
    shown = CliRunner().invoke(cli, ["sql", *LAW, *options, "--columns", columns])
    assert shown.exit_code == 0, shown.stderr
    rules = rulebook("2026-02-01", rules=["us-3a090"])
    assert shown.stdout == tpp.to_sql(
        rules,
        "duckdb",
        columns=columns.split(","),
        decimals={"": (15, 3), "tops_fp8": (9, 1)},
    )
    other = CliRunner().invoke(cli, ["sql", *LAW, *options, "--from", str(file)])
    assert other.stdout == shown.stdout
    assert "'dram_gbps' is no quantity" in other.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--decimal", "x"], "--decimal x: expected P,S or NAME=P,S"),
        (["--columns", "a", "--from", "b"], "--columns and --from: expected one of them"),
        (["--columns", "area"], "column 'area' is no quantity"),
        (["--from", "none.csv"], "none.csv"),
    ],
)
def test_bad_options(options: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["sql", *LAW, "--dialect", "duckdb", *options])
    assert done.exit_code == 2
    assert message in done.stderr
