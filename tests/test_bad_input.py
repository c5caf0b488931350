"""Bad input is named: file, row and column, and what was expected. One test for each kind."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import tppcore as tpp
from tppcore.cli import cli

GOOD = {
    "tops_fp8": np.array([600.0, 600.0]),
    "die_area_mm2": np.array([800.0, 800.0]),
    "datacenter": np.array([True, False]),
}


@pytest.fixture(scope="module")
def rules() -> tpp.Rulebook:
    return tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])


def said(tmp_path: Path, text: str, *options: str, name: str = "in.csv") -> str:
    """What the command says of a file: exit code 2, one line on standard error, no output."""
    path = tmp_path / name
    path.write_text(text)
    done = CliRunner().invoke(cli, ["classify", str(path), "--as-of", "2026-02-01", *options])
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("tppcore: ").replace(str(path), name).rstrip("\n")


CELLS = [
    ("tops_fp8", "fast", "'fast'; expected a number"),
    ("tops_fp8", "inf", "'inf'; expected a finite number"),
    ("tops_fp8", "-1", "-1.0; expected 0 or a number from 1e-15 to 1e+24"),
    ("tops_fp8", "1e25", "1e+25; expected 0 or a number from 1e-15 to 1e+24"),
    ("tops_fp8", "1e-16", "1e-16; expected 0 or a number from 1e-15 to 1e+24"),
    ("die_area_mm2", "0", "0.0; expected a number above 0"),
    ("datacenter", "perhaps", "'perhaps'; expected 1 or 0"),
    ("tops_fp8", "0.12345678901234567", "expected no more digits than a double carries"),
]


@pytest.mark.parametrize(("column", "text", "message"), CELLS)
def test_a_cell_of_a_file(tmp_path: Path, column: str, text: str, message: str) -> None:
    names = ["name", *GOOD]
    good = ["A", "600", "800", "y"]
    bad = [text if name == column else cell for name, cell in zip(names, good, strict=True)]
    found = said(tmp_path, "\n".join(map(",".join, (names, good, bad))))
    assert found.startswith("in.csv, ")
    assert f"row 2, column {column}: " in found
    assert message in found


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("tops_fp8", np.inf, "inf; expected"),
        ("tops_fp8", -np.inf, "-inf; expected"),
        ("tops_fp8", -1.0, "-1.0; expected 0 or a number"),
        ("die_area_mm2", 0.0, "0.0; expected a number above 0"),
    ],
)
@pytest.mark.parametrize("engine", ["c", "jit", "exact"])
def test_a_cell_of_an_array(
    rules: tpp.Rulebook, column: str, value: float, message: str, engine: str
) -> None:
    from tppcore.engine.choose import available

    if not available(engine):
        pytest.skip(f"no engine {engine} here")
    table = {name: values.copy() for name, values in GOOD.items()}
    table[column][1] = value
    with pytest.raises(tpp.InputError) as caught:
        tpp.classify(table, rules, engine=engine)
    assert f"row 2, column {column}: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array(["600", "fast"]), "column tops_fp8: 'fast'; expected a number"),
        (np.array([Decimal("600"), Decimal("0.1000000000000000000001")]), "than a double carries"),
        (np.array([600, 2**60 + 1]), "than a double carries"),
    ],
)
def test_numbers_of_other_types(rules: tpp.Rulebook, values: Any, message: str) -> None:
    with pytest.raises(tpp.InputError, match=message):
        tpp.classify({"tops_fp8": values}, rules)
    if values.dtype != object:
        with pytest.raises(tpp.InputError, match=message):
            tpp.classify(pa.table({"tops_fp8": pa.array(values.tolist())}), rules)


def test_a_value_and_a_range_together(tmp_path: Path) -> None:
    text = "name,tops_fp8,die_area_mm2,die_area_mm2_low\nA,600,800,300\n"
    found = said(tmp_path, text)
    assert found.startswith("in.csv, row 1, column die_area_mm2: ")
    assert "expected a value or a range, not both" in found


def test_a_range_upside_down(tmp_path: Path) -> None:
    text = "name,tops_fp8,die_area_mm2_low,die_area_mm2_high\nA,600,600,300\n"
    assert "in.csv, row 1, column die_area_mm2: " in said(tmp_path, text)


def test_a_sparse_figure_without_its_ratio(tmp_path: Path) -> None:
    found = said(tmp_path, "name,tops_fp8_sparse\nA,3958\n")
    assert found == (
        "in.csv, row 1, column tops_fp8_sparse: 3958.0; expected its ratio in sparse_ratio_fp8"
    )


def test_duplicate_columns(tmp_path: Path, rules: tpp.Rulebook) -> None:
    assert said(tmp_path, "name,tops_fp8,tops_fp8\nA,1,2\n") == (
        "in.csv: column 'tops_fp8' stands there twice; expected each name once"
    )
    table = pa.table([[1.0], [2.0]], names=["tops_fp8", "tops_fp8"])
    with pytest.raises(tpp.TppError, match="'tops_fp8' stands there twice"):
        tpp.classify(table, rules)


def test_an_unknown_unit(tmp_path: Path) -> None:
    assert "column 'dram_gb_s [furlong]': unknown unit 'furlong'; expected one of" in said(
        tmp_path, "name,dram_gb_s [furlong]\nA,1\n"
    )
    (tmp_path / "map.toml").write_text('[columns.X]\nquantity = "dram_gb_s"\nunit = "furlong"\n')
    assert said(tmp_path, "X\n1\n", "--columns", str(tmp_path / "map.toml")).startswith(
        "map.toml:3: column 'X': unknown unit 'furlong'; expected one of"
    )


def test_an_unknown_format_of_numbers(tmp_path: Path) -> None:
    assert "unknown column 'tops_fp9'" in said(tmp_path, "name,tops_fp8,tops_fp9\nA,1,2\n")


def test_a_date_that_no_version_covers() -> None:
    with pytest.raises(tpp.TppError, match="no version of any rule covers 1999-12-31"):
        tpp.rulebook("1999-12-31")
    with pytest.raises(
        tpp.TppError, match=r"no version of us-3a090 covers 2022-10-20; it has 2022"
    ):
        tpp.rulebook("2022-10-20", rules=["us-3a090"])


def test_an_empty_file(tmp_path: Path) -> None:
    assert said(tmp_path, "") == "in.csv: an empty file; expected a header and rows"


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"tops_fp8": np.arange(10_000.0)}), path)
    path.write_bytes(path.read_bytes()[:-50])
    done = CliRunner().invoke(cli, ["classify", str(path)])
    assert done.exit_code == 2
    assert "in.parquet: not a whole Parquet file" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_rule_file_with_an_unknown_metric(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'id = "mine"\ntitle = "t"\njurisdiction = "X"\n[[version]]\neffective = 2026-01-01\n'
        'status = "in force"\nconfidence = "P"\ncitation = "c"\nurl = "u"\nscope = "circuit"\n'
        '[[version.paragraph]]\nid = "a"\nall = ["tpq >= 4800"]\n'
    )
    with pytest.raises(tpp.SpecError, match=r"mine\.toml:13: unknown metric 'tpq'"):
        tpp.rulebook("2026-02-01", files=[path])
    done = CliRunner().invoke(cli, ["classify", "--rule-file", str(path)])
    assert done.exit_code == 2
    assert "mine.toml:13: unknown metric 'tpq'" in done.stderr


def test_no_quantity_at_all(tmp_path: Path) -> None:
    assert "no column is a quantity; expected names such as tops_fp8" in said(
        tmp_path, "a,b\n1,2\n"
    )
