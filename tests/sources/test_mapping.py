"""Somebody else's columns become quantities, or the mapping says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tppcore.errors import InputError, SpecError, TppError
from tppcore.rules.store import specs
from tppcore.sources.files import read
from tppcore.sources.mapping import load

Q = specs().vocabulary.quantities

MAP = """
[key]
columns = ["Chip"]
[columns."FP8 (FLOP/s)"]
quantity = "tops_fp8"
unit = "FLOP/s"
[columns."FP16 sparse"]
quantity = "tops_fp16"
unit = "PFLOPS"
ratio = "2"
[columns."Segment"]
quantity = "datacenter"
values = {Server = true, Desktop = false, 3 = true}
[columns."Area"]
quantity = ["die_area_mm2_low"]
unit = "cm2"
"""


def convert(tmp_path: Path, mapping: str, table: str) -> list[dict[str, Any]]:
    (tmp_path / "map.toml").write_text(mapping)
    (tmp_path / "a.csv").write_text(table)
    rules = load(str(tmp_path / "map.toml"), Q)
    found: list[dict[str, Any]] = read(tmp_path / "a.csv", rules).to_pylist()
    return found


def test_units_ratio_values_and_key(tmp_path: Path) -> None:
    found = convert(
        tmp_path,
        MAP,
        "Chip,Other,FP8 (FLOP/s),FP16 sparse,Segment,Area,dram_gb\n"
        "A,x,1.979e15,1.979,Server,8.14,141\n"
        "B,y,,,Tablet,,\n"
        "C,z,1,0.5,3.0,1,\n",
    )
    assert found == [
        {
            "Chip": "A",
            "tops_fp8": 1979.0,
            "tops_fp16_sparse": 1979.0,
            "sparse_ratio_fp16": 2.0,
            "datacenter": True,
            "die_area_mm2_low": 814.0,
            "dram_gb": 141.0,
        },
        dict.fromkeys(found[0]) | {"Chip": "B"},
        {
            "Chip": "C",
            "tops_fp8": 1e-12,
            "tops_fp16_sparse": 500.0,
            "sparse_ratio_fp16": 2.0,
            "datacenter": True,
            "die_area_mm2_low": 100.0,
            "dram_gb": None,
        },
    ]


def test_one_column_for_two_quantities_and_a_limit(tmp_path: Path) -> None:
    mapping = """
    [columns."Tensor"]
    quantity = ["tops_fp8", "tops_fp16"]
    [columns."nm"]
    quantity = "datacenter"
    at_most = "16"
    """
    assert convert(tmp_path, mapping, "Tensor,nm\n312,7\n125,22\n,\n") == [
        {"tops_fp8": 312.0, "tops_fp16": 312.0, "datacenter": True},
        {"tops_fp8": 125.0, "tops_fp16": 125.0, "datacenter": False},
        {"tops_fp8": None, "tops_fp16": None, "datacenter": None},
    ]


def test_a_column_that_the_file_lacks_is_unknown(tmp_path: Path) -> None:
    assert convert(tmp_path, MAP, "Chip,Segment\nA,Desktop\n") == [
        {"Chip": "A", "datacenter": False}
    ]


def test_a_missing_key_column_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        TppError, match=r"a\.csv: no column 'Chip', a key of the mapping; found 'Nm'"
    ):
        convert(tmp_path, MAP, "Nm,Segment\nA,Desktop\n")


def test_two_columns_for_one_quantity(tmp_path: Path) -> None:
    with pytest.raises(
        TppError, match=r"columns 'FP8 \(FLOP/s\)' and 'tops_fp8' both state tops_fp8"
    ):
        convert(tmp_path, MAP, "Chip,FP8 (FLOP/s),tops_fp8\nA,1,1\n")


def test_a_bad_cell_names_their_column(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"row 1, column FP8 \(FLOP/s\): 'fast'; expected a number"
    ):
        convert(tmp_path, MAP, "Chip,FP8 (FLOP/s)\nA,fast\n")


def test_a_product_that_no_double_carries_is_refused(tmp_path: Path) -> None:
    mapping = '[columns.M]\nquantity = "dram_gb"\nunit = "GiB"\n'
    with pytest.raises(
        InputError, match=r"row 2, column M: .*stays a double when GiB is converted"
    ):
        convert(tmp_path, mapping, "M\n80\n0.1234567890123\n")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            "[columns.A]\nquantity = 'tops_fp9'",
            "map.toml:2: .*unknown quantity 'tops_fp9'; did you mean",
        ),
        (
            "[columns.A]\nquantity = 'tops_fp8'\nunit = 'furlong'",
            "map.toml:3: .*unknown unit 'furlong'",
        ),
        ("[columns.A]\nquantity = 'tops_fp8'\nunit = 'GB'", "map.toml:3: .*'GB' measures bytes"),
        ("[columns.A]\nunit = 'GB'", "map.toml:1: .*expected quantity"),
        (
            "[columns.A]\nquantity = 'dram_gb'\nratio = '2'",
            "map.toml:3: .*tops_<format> beside ratio",
        ),
        ("[columns.A]\nquantity = 'tops_fp8'\nratio = 'two'", "map.toml:3: .*expected a number"),
        ("[columns.A]\nquantity = 'tops_fp8'\nfactor = 2", "map.toml:3: .*unknown key 'factor'"),
        ("[colums.A]\nquantity = 'tops_fp8'", "map.toml:1: unknown table 'colums'"),
        ("[columns.A\n", "map.toml:1:11: not TOML"),
        ("[columns.A]\nquantity = ['tops_fp8', 'dram_gb']", "map.toml:2: .*same kind and unit"),
    ],
)
def test_message(tmp_path: Path, mapping: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        convert(tmp_path, mapping, "A\n1\n")


def test_an_unknown_name_lists_those_that_ship() -> None:
    with pytest.raises(TppError, match=r"unknown mapping 'mine'; expected .*epoch-ml-hardware"):
        load("mine", Q)
