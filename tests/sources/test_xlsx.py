"""Workbooks as people make them: units in headers, formulas, empty rows, cells of all kinds."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.files import Asked, File, read, shape, tables

Q = specs().vocabulary.quantities


def book(path: Path, *rows: list[Any], **sheets: list[list[Any]]) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for name, own in sheets.items():
        sheet = made.create_sheet(name)
        for row in own:
            sheet.append(row)
    made.save(path)
    return path


@pytest.mark.parametrize("header", ["tops_fp8 [PFLOPS]", "tops_fp8 (PFLOPS)", "tops_fp8(PFLOPS)"])
def test_units_in_the_header(tmp_path: Path, header: str) -> None:
    path = book(tmp_path / "a.xlsx", ["name", header, "die_area_mm2 [cm2]"], ["A", 1.979, 8.14])
    assert read(path).to_pylist() == [{"name": "A", "tops_fp8": 1979.0, "die_area_mm2": 814.0}]


def test_a_unit_that_is_none(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["name", "tops_fp8 (dense)"], ["A", 1979])
    with pytest.raises(TppError, match=r"column 'tops_fp8 \(dense\)'"):
        read(path)


def test_cells_of_all_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book(
        path,
        ["name", "tops_fp8", "die_area_mm2", "datacenter", "first_marketed", "share", None],
        ["number", 1979, 814.25, True, datetime.date(2023, 11, 17), 0.5, None],
        ["text", " 1979 ", "814.25", "yes", "2023-11-17", None, None],
        [None, None, None, None, None, None, None],
        ["none", None, "n/a", None, None, None, None],
    )
    rows = read(path).to_pylist()
    assert [list(row.values())[:5] for row in rows] == [
        ["number", 1979.0, 814.25, True, datetime.date(2023, 11, 17)],
        ["text", 1979.0, 814.25, True, datetime.date(2023, 11, 17)],
        ["none", None, None, None, None],
    ]
    assert rows[0]["share"] == "0.5"


def test_a_percentage_is_the_number_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook()
    made.active.append(["tops_fp8"])
    made.active.append([12.5])
    made.active["A2"].number_format = "0%"
    made.save(path)
    assert read(path).to_pylist() == [{"tops_fp8": 12.5}]


def test_errors_name_the_row_of_the_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [], ["name", "tops_fp8"], ["A", 1], [], ["B", "many"])
    with pytest.raises(InputError, match=r"a.xlsx, line \d, row 2, column tops_fp8: 'many'"):
        read(path)
    bad = book(tmp_path / "b.xlsx", ["name", "tops_fp8"], ["A", "#DIV/0!"])
    with pytest.raises(InputError, match="'#DIV/0!'; expected a number"):
        read(bad)


def test_sheets_by_name(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["tops_fp8"], [1], more=[["tops_fp8"], [2]])
    assert read(path).to_pylist() == [{"tops_fp8": 1.0}]
    assert read(path, sheet="more").to_pylist() == [{"tops_fp8": 2.0}]
    with pytest.raises(TppError, match="no sheet 'other'; expected 'Sheet' or 'more'"):
        read(path, sheet="other")


def cached(path: Path, formula: str, value: str) -> None:
    """Gives a formula the value that a spreadsheet program saves beside it."""
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for empty in ("<v></v>", "<v />", "<v/>"):
        sheet = sheet.replace(f"<f>{formula}</f>{empty}", f"<f>{formula}</f><v>{value}</v>")
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_formulas_have_the_values_that_were_saved(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["name", "tops_fp8"], ["A", 2], ["B", "=2*B2"])
    with pytest.raises(
        TppError, match=r"a.xlsx, line 3, column 2: the formula =2\*B2 has no value"
    ):
        read(path)
    cached(path, "2*B2", "4")
    assert read(path).to_pylist() == [
        {"name": "A", "tops_fp8": 2.0},
        {"name": "B", "tops_fp8": 4.0},
    ]


def test_a_row_of_nothing_but_a_formula_without_a_value(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["tops_fp8"], ["=1+1"], [3])
    with pytest.raises(TppError, match="line 2, column 1: the formula"):
        read(path)


def test_a_large_sheet_comes_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["id", "tops_fp8"])
    for i in range(40_000):
        sheet.append([i, 600.5])
    made.save(path)
    file = File(path)
    assert shape(file).schema.names == ["id", "tops_fp8"]
    found = list(tables(file, Asked(Q)))
    assert [each.num_rows for each in found] == [16384, 16384, 7232]
    assert found[2].column("id")[-1].as_py() == "39999"
    rest = list(tables(file, Asked(Q, first=39_998)))
    assert [each.column("id").to_pylist() for each in rest] == [["39998", "39999"]]
