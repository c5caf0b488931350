"""Files of every format become the same table, and what is wrong with one is said in one line."""

from __future__ import annotations

import datetime
import io
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.files import batches, read

Q = specs().vocabulary.quantities
Save = Callable[[str, str | bytes], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(path: Path | str, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(path, quantities=Q, **options).to_pylist()
    return found


H200 = {"name": "H200", "tops_fp8": 1979.0, "die_area_mm2": 814.0, "datacenter": True}
RUMOUR = {"name": "X", "tops_fp8": None, "die_area_mm2": None, "datacenter": None}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "# a note, with commas;\n#another\n"])
def test_csv(save: Save, separator: str, start: str) -> None:
    lines = ["name,tops_fp8,die_area_mm2,datacenter", "H200,1979,814,y", "X,,NA,-"]
    text = start + "\n".join(lines).replace(",", separator) + "\n"
    if start.startswith("#"):
        text = start + "\n".join(lines).replace(",", separator)
    assert rows(save("a.csv", text)) == [H200, RUMOUR]


def test_csv_quotes_newlines_blank_lines_and_other_columns(save: Save) -> None:
    text = 'name,note,tops_fp8\n"A, B","two\nlines",1\n\nNA,007,2\n'
    assert rows(save("a.csv", text)) == [
        {"name": "A, B", "note": "two\nlines", "tops_fp8": 1.0},
        {"name": "NA", "note": "007", "tops_fp8": 2.0},
    ]


@pytest.mark.parametrize("text", ["600", " 600 ", "6e2", "6.0E+2", "+600", "600.", "0.6e3"])
def test_a_number_in_its_spellings(save: Save, text: str) -> None:
    assert rows(save("a.csv", f"name,tops_fp8\nA,{text}\n"))[0]["tops_fp8"] == 600.0


@pytest.mark.parametrize("text", ["", "NA", "N/A", "null", "-", " n/a ", "NaN", "#N/A"])
def test_missing_in_its_spellings(save: Save, text: str) -> None:
    found = rows(
        save("a.csv", f"name,tops_fp8,datacenter,first_marketed\nA,{text},{text},{text}\n")
    )
    assert found == [{"name": "A", "tops_fp8": None, "datacenter": None, "first_marketed": None}]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", False), ("1", True), ("n", False), ("Y", True), ("No", False), ("TRUE", True)],
)
def test_a_truth_value_in_its_spellings(save: Save, text: str, value: bool) -> None:
    assert rows(save("a.csv", f"name,datacenter\nA,{text}\n"))[0]["datacenter"] is value


def test_dates_and_words(save: Save) -> None:
    found = rows(save("a.csv", "first_marketed,item_kind\n2023-11-17,hbm\n"))
    assert found == [{"first_marketed": datetime.date(2023, 11, 17), "item_kind": "hbm"}]


def test_a_unit_in_the_header(save: Save) -> None:
    found = rows(save("a.csv", "name,tops_fp8 [PFLOPS],dram_gb [GiB]\nA,1.979,80\n"))
    assert found == [{"name": "A", "tops_fp8": 1979.0, "dram_gb": 85.89934592}]


@given(
    st.one_of(
        st.floats(0, 1e24, allow_nan=False).map(repr),
        st.decimals(0, 10**6, places=25).map(lambda d: format(d, "f")),
        st.decimals(0, 10**6, places=10).map(str),
    )
)
def test_csv_carries_a_number_exactly_or_refuses_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "exact.csv"
    path.write_text(f"name,tops_fp8\nA,{text}\n")
    carried = Decimal(repr(float(text))) == Decimal(text)
    if carried:
        assert Decimal(repr(rows(path)[0]["tops_fp8"])) == Decimal(text)
    else:
        with pytest.raises(InputError, match="no more digits than a double carries"):
            rows(path)


def test_a_large_csv_names_the_row_of_its_cell(save: Save) -> None:
    count = 700_000  # several blocks
    lines = ["name,tops_fp8,die_area_mm2"] + ["chip,1979,814.25"] * count
    assert read(save("a.csv", "\n".join(lines)), quantities=Q).num_rows == count
    lines[600_000] = "chip,1979,about 800"
    with pytest.raises(
        InputError, match=r"line 600001, row 600000, column die_area_mm2: 'about 800'"
    ):
        read(save("a.csv", "\n".join(lines)), quantities=Q)


def test_parquet_types_mean_their_own_decimals(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [7, 8],
            "tops_fp8": pa.array([3.3, None], pa.float32()),
            "tops_fp16": pa.array([1979, None], pa.int32()),
            "die_area_mm2": pa.array([Decimal("814.50"), None], pa.decimal128(10, 2)),
            "dram_gb": pa.array(["141", None]).dictionary_encode(),
            "datacenter": pa.array([1, None], pa.int8()),
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    first, second = rows(path)
    assert first == {
        "id": 7,
        "tops_fp8": 3.3,
        "tops_fp16": 1979.0,
        "die_area_mm2": 814.5,
        "dram_gb": 141.0,
        "datacenter": True,
    }
    assert set(second.values()) == {8, None}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([Decimal("1.00000000000000000001")], pa.decimal128(30, 20)),
        pa.array([2**60 + 1], pa.int64()),
        pa.array(["1.00000000000000000001"]),
    ],
)
def test_parquet_refuses_digits_that_a_double_loses(tmp_path: Path, column: Any) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"tops_fp8": column}), path)
    with pytest.raises(InputError, match=r"a\.parquet, row 1, column tops_fp8: .*than a double"):
        rows(path)


def test_arrow_file_stream_and_feather(tmp_path: Path) -> None:
    table = pa.table({"name": ["A"], "tops_fp8": [1.5]})
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as file:
        file.write_table(table)
    with pa.ipc.new_stream(str(tmp_path / "b.arrow"), table.schema) as stream:
        stream.write_table(table)
    pyarrow.feather.write_feather(table, str(tmp_path / "c.feather"))
    for name in ("a.arrow", "b.arrow", "c.feather"):
        assert rows(tmp_path / name) == [{"name": "A", "tops_fp8": 1.5}]


def test_json_lines(save: Save) -> None:
    lines = [
        {"meta": {"tppcore": "0"}},
        {"name": "A", "tops_fp8": 1979, "datacenter": True},
        {"name": "B", "die_area_mm2": 814.5, "units": [{"count": 64, "macs": 1024}]},
    ]
    path = save("a.jsonl", "\n".join(map(json.dumps, lines)))
    first, second = rows(path)
    assert (first["tops_fp8"], first["datacenter"], first["units"]) == (1979.0, True, None)
    assert (second["die_area_mm2"], second["units"]) == (814.5, [{"count": 64.0, "macs": 1024.0}])


def test_json_numbers_are_carried_or_refused(save: Save) -> None:
    with pytest.raises(
        InputError, match=r"line 2, row 2, column tops_fp8: '0\.1000000000000000000001'"
    ):
        rows(save("a.jsonl", '{"tops_fp8": 0.1}\n{"tops_fp8": 0.1000000000000000000001}\n'))


def test_xlsx(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["name", "tops_fp8", "datacenter", "first_marketed"],
        ["A", 1979, True, datetime.datetime(2023, 11, 17)],
        [None, None, None, None],
        ["B", " 0.1 ", "no", None],
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert rows(tmp_path / "a.xlsx") == [
        {
            "name": "A",
            "tops_fp8": 1979.0,
            "datacenter": True,
            "first_marketed": datetime.date(2023, 11, 17),
        },
        {"name": "B", "tops_fp8": 0.1, "datacenter": False, "first_marketed": None},
    ]
    sheet["B4"] = "many"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=r"a\.xlsx, line 4, row 2, column tops_fp8: 'many'"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "arrow", "xlsx"])
def test_standard_input_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from tppcore.sinks.files import write

    path = tmp_path / f"a.{kind}"
    write(pa.table({"name": ["A", "B"], "tops_fp8": [1.5, None]}), path, {"tppcore": "0"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert rows("-") == [{"name": "A", "tops_fp8": 1.5}, {"name": "B", "tops_fp8": None}]


def test_a_header_without_rows_is_an_empty_table(save: Save) -> None:
    table = read(save("a.csv", "name,tops_fp8\n"), quantities=Q)
    assert (table.num_rows, table.schema.names) == (0, ["name", "tops_fp8"])


def test_batches_are_the_table(save: Save) -> None:
    path = save("a.csv", "name,tops_fp8\n" + "A,1979.125\n" * 900_000)
    sizes = [table.num_rows for table in batches(path, quantities=Q)]
    assert len(sizes) > 1
    assert sum(sizes) == 900_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "an empty file; expected a header and rows"),
        ("a.csv", "\n\n", "an empty file"),
        ("a.xlsx", "PK", "not a whole xlsx workbook"),
        ("a.parquet", "PAR1....PAR1", "not a whole Parquet file"),
        ("a.arrow", "ARROW1..", "not a whole Arrow file"),
        ("a.foo", "x", r"unknown extension '\.foo'; expected one of \.csv"),
        ("a.csv", "name,tops_fp8,tops_fp8\nA,1,2\n", "column 'tops_fp8' stands there twice"),
        ("a.jsonl", '{"a": 1, "a": 2}', "line 1: column 'a' stands there twice"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "line 2: expected an object"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2: not JSON"),
        ("a.csv", "name,tops_fp8\nA,1\nB\n", "line 3, row 2: 1 cells; expected 2"),
        (
            "a.csv",
            b"name,tops_fp8\nA,1\nB\xff,2\n",
            "line 3, row 2, column name: expected text in UTF-8",
        ),
        ("a.csv", "a\x00b", "not text in UTF-8"),
        ("a.csv", "tops_fp8\nabc\n", "line 2, row 1, column tops_fp8: 'abc'; expected a number$"),
        ("a.csv", 'tops_fp8\n"1,979"\n', "without separators of thousands, such as 1979"),
        ("a.csv", 'tops_fp8\n"19,5"\n', r"with a decimal point, such as 19\.5"),
        (
            "a.csv",
            "die_area_mm2\n300-600\n",
            "a range stands in die_area_mm2_low and die_area_mm2_high",
        ),
        (
            "a.csv",
            "die_area_mm2\n<600\n",
            "a bound stands in die_area_mm2_low or die_area_mm2_high",
        ),
        ("a.csv", "die_area_mm2\n600 mm2\n", "the unit stands in the header or in a mapping"),
        ("a.csv", "tops_fp8\ninf\n", "'inf'; expected a finite number"),
        ("a.csv", "tops_fp8\n1e400\n", "'1e400'; expected a finite number"),
        ("a.csv", "tops_fp8\n1e-400\n", "no more digits than a double carries"),
        ("a.csv", "datacenter\nmaybe\n", "column datacenter: 'maybe'; expected 1 or 0, y or n"),
        ("a.csv", "first_marketed\n17.11.2023\n", "expected a date such as 2023-11-17"),
        ("a.csv", "item_kind\ngpu\n", "column item_kind: 'gpu'; expected one of circuit, hbm"),
        ("a.csv", "dram_gb [GB/s]\n1\n", "unit 'GB/s' measures bytes/s; expected one of bytes"),
    ],
)
def test_message(save: Save, name: str, content: str | bytes, message: str) -> None:
    path = save(name, content)
    with pytest.raises(TppError, match=message) as caught:
        rows(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(TppError, match="no such file"):
        rows(tmp_path / "none.csv")
    with pytest.raises(TppError, match="a folder; expected a file"):
        rows(tmp_path)


def test_a_truncated_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"tops_fp8": [float(i) for i in range(10_000)]}), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TppError, match=r"a\.parquet: not a whole Parquet file"):
        rows(path)
