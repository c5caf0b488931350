"""Rows of a ledger: what counts, what doesn't and why, from every kind of source."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tppcore as tpp
from tppcore.shipments import fields, sums
from tppcore.shipments.ledger import Ledger, ledger

H100 = 15832
GOOD: dict[str, Any] = {
    "date": "2025-03-01",
    "product": "H100",
    "units": 10,
    "destination": "IN",
    "consignee": "Acme",
}


def of(*changes: dict[str, Any], **options: Any) -> Ledger:
    """The ledger of a good row and of one more for each change to it."""
    rows = [GOOD, *({**GOOD, **each} for each in changes)]
    names = dict.fromkeys(name for row in rows for name in row)
    table = {name: [row.get(name) for row in rows] for name in names}
    if len({type(cell) for cell in table["units"]} - {type(None)}) > 1:
        table["units"] = [None if cell is None else str(cell) for cell in table["units"]]
    return ledger(table, "2026-02-01", **options)


def refused(found: Ledger) -> list[tuple[int, str]]:
    return [(each["row"], each["reason"]) for each in found.not_counted().to_pylist()]


def used(found: Ledger, limit: str = "lpp") -> tuple[Any, Any]:
    [group] = found[limit].groups
    return group.used.low / H100, group.used.high / H100


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("date", None, "date missing"),
        ("date", " ", "date missing"),
        ("date", "2025-3-1", "date '2025-3-1'; expected YYYY-MM-DD"),
        ("date", "2025-02-30", "date '2025-02-30'; expected YYYY-MM-DD"),
        ("date", "01/03/2025", "date '01/03/2025'; expected YYYY-MM-DD"),
        ("date", "20250301", "date '20250301'; expected YYYY-MM-DD"),
        ("date", "2026-02-02", "dated after 2026-02-01"),
        ("destination", None, "destination missing"),
        (
            "destination",
            "ZZ",
            "unknown destination 'ZZ'; expected a country code of two letters such as CN",
        ),
    ],
)
def test_a_row_that_counts_nowhere(column: str, cell: Any, reason: str) -> None:
    found = of({column: cell})
    assert refused(found) == [(2, reason)]
    assert used(found)[0] == 10
    assert used(found, "country-allocation") == (10, 10)
    # Its consignee is known: it may belong to that limit, wherever it went.
    assert used(found)[1] == (20 if column == "destination" else 10)


@pytest.mark.parametrize(
    "units", [None, "", "0", "-5", "2.5", "many", "1,000", "0x10", "1e30", "nan"]
)
def test_units_that_are_no_whole_number(units: str | None) -> None:
    found = of({"units": units})
    shown = "missing" if units in (None, "", "nan") else f"{units}; expected a whole number"
    [(row, reason)] = refused(found)
    assert (row, reason[: len(shown) + 6]) == (2, f"units {shown}")
    assert used(found) == (10, float("inf"))
    assert found["lpp"].groups[0].within is None


@pytest.mark.parametrize("units", ["12", " 12 ", "12.0", "+12", "1.2e1", 12])
def test_units_that_are_one(units: Any) -> None:
    assert used(of({"units": units})) == (22, 22)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([1, None, -2, 0], ["units missing", "units -2; ", "units 0; "]),
        ([1.0, None, 2.5, -1.0], ["units missing", "units 2.5; ", "units -1"]),
        (pa.array([1, None, 2**64 - 1, 2], pa.uint64()), ["units missing", "units 18446744073709"]),
        (pa.array([1, 2, 3, 0], pa.uint8()), ["units 0; "]),
        (pa.nulls(4), ["units missing"] * 4),
        (pa.array(["1.0", None, "2.5", "4"]).cast(pa.float32()), ["units missing", "units 2.5"]),
    ],
)
def test_kinds_of_units(column: Any, reason: list[str]) -> None:
    table = {name: [cell] * 4 for name, cell in GOOD.items()} | {"units": column}
    reasons = [each for _, each in refused(ledger(table, "2026-02-01"))]
    assert [each[: len(start)] for each, start in zip(reasons, reason, strict=True)] == reason


def test_a_product_that_nobody_knows() -> None:
    found = of({"product": "H2000"}, {"product": ""}, {"product": "cable", "consignee": "Other"})
    reasons = dict(refused(found))
    assert reasons[2].startswith("unknown product: no chip or system is called 'H2000'; nearest: ")
    assert "h200-sxm" in reasons[2]
    assert reasons[3] == "product missing"
    assert reasons[4] == "unknown product: no chip or system is called 'cable'"
    ends = {g.key["consignee"]: (g.used.low / H100, g.used.high) for g in found["lpp"].groups}
    assert ends == {"Acme": (10, float("inf")), "Other": (0, float("inf"))}
    assert not {g.key["product"] for g in found["within-half"].groups}


def test_a_product_of_unknown_tpp() -> None:
    chip = tpp.Chip("Riddle", die_area_mm2=800)
    found = of({"product": "riddle"}, chips=[chip])
    assert refused(found) == [(2, "TPP of Riddle unknown")]
    assert used(found) == (10, float("inf"))


def test_a_missing_consignee_counts_where_none_is_asked_for() -> None:
    found = of({"consignee": " "}, {"consignee": None, "product": "H20"})
    reason = "consignee missing: counted only in limits that ask for none"
    assert found.not_counted().to_pylist() == [{"row": 2, "reason": reason, "partly": True}]
    assert used(found) == (10, 10)
    assert used(found, "country-allocation") == (20, 20)
    assert found["lpp"].left_out["consignee not said"] == 1
    assert len(found.refused) == 0


def test_several_reasons_and_the_order_of_rows() -> None:
    found = of({"date": "", "units": ""}, {}, {"destination": "Nowhere", "product": "cable"})
    [(first, one), (second, two)] = refused(found)
    assert (first, one) == (2, "date missing; units missing")
    assert second == 4
    assert two.split("; ")[0] == "unknown destination 'Nowhere'"
    assert two.split("; ")[-1] == "unknown product: no chip or system is called 'cable'"
    assert len(found.refused) == 2


def test_names_of_countries() -> None:
    for name in ("in", " IN ", "India", "INDIA"):
        assert used(of({"destination": name}), "country-allocation") == (20, 20)
    found = of(
        {"destination": "Hong Kong", "product": "H20"}, {"destination": "hk", "product": "H20"}
    )
    assert found["within-half"].groups[0].used.low == 20 * 2368


def test_namibia_is_no_missing_cell() -> None:
    [_, group] = of({"destination": "NA", "units": 5})["country-allocation"].groups
    assert group.key == {"country": "NA"}
    assert refused(of({"destination": "N/A"})) == [(2, "destination missing")]


def test_the_day_of_the_ledger_counts() -> None:
    assert of({"date": "2026-02-01"}, limit="lpp")["lpp"].counted == 2


def test_own_chips_stand_before_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "chips.csv"
    path.write_text("id,name,tops_fp8,datacenter\nx1,H100,1000,y\nx2,,2000,y\n")
    found = of({"product": "X1"}, {"product": "x2", "units": 1}, chips=path)
    assert found["lpp"].groups[0].used.low == 20 * 8000 + 16000
    assert [each.id for each in found.products] == ["x1", "x2"]
    path.write_text("part,tops_fp8\nx1,1000\n")
    with pytest.raises(tpp.TppError, match=r"chips.csv: no column id or name; expected one"):
        of(chips=path)
    path.write_text("id,tops_fp8\nx1,1000\nX1,1000\n")
    with pytest.raises(tpp.TppError, match=r"chip 'X1' stands there twice"):
        of(chips=path)


TABLE = pa.table(
    {
        "note": ["a", "b", "c"],
        "Consignee": ["Acme", "acme", "Beta"],
        "DATE": ["2025-03-01", "2025-03-02T10:00:00", "2025-03-03"],
        "product": ["H100", "h100 sxm", "H100"],
        "units": [1, 2, 4],
        "destination": ["IN", "BR", "IN"],
    }
)


@pytest.mark.parametrize("format", ["csv", "parquet", "arrow", "json", "jsonl", "xlsx"])
def test_files(tmp_path: Path, format: str) -> None:
    from tppcore.sinks import files

    path = tmp_path / f"ledger.{format}"
    files.write(TABLE, path, {})
    found = ledger(path, "2026-02-01")
    assert (found.file, found.rows, len(found.refused)) == (str(path), 3, 0)
    assert [g.used.low / H100 for g in found["lpp"].groups] == [4, 3]
    assert ledger(path, "2026-02-01", format=format).rows == 3


def test_tables() -> None:
    days = TABLE.set_column(2, "date", pa.array([datetime.date(2025, 3, i) for i in (1, 2, 3)]))
    words = [
        column.dictionary_encode() if pa.types.is_string(column.type) else column
        for column in TABLE.columns
    ]
    for table in (
        TABLE,
        TABLE.to_pydict(),
        TABLE.to_pandas(),
        pl.from_arrow(TABLE),
        days,
        days.to_pandas().assign(date=lambda frame: pd.to_datetime(frame["date"])),
        pa.table(words, names=TABLE.column_names),
        pa.concat_tables([pa.table(words, names=TABLE.column_names)[i : i + 1] for i in range(3)]),
    ):
        found = ledger(table, "2026-02-01")
        assert found.file is None
        assert [g.used.low / H100 for g in found["lpp"].groups] == [4, 3]


def test_dates_of_arrow() -> None:
    kinds = [pa.date32(), pa.date64(), pa.timestamp("ns"), pa.timestamp("us", "UTC")]
    days = pa.array([datetime.date(2025, 3, 1), None, datetime.date(2026, 2, 2)], pa.date32())
    for kind in kinds:
        table = {name: [cell] * 3 for name, cell in GOOD.items()} | {"date": days.cast(kind)}
        assert refused(ledger(table, "2026-02-01")) == [
            (2, "date missing"),
            (3, "dated after 2026-02-01"),
        ]
    far = pa.array([0, 10**7, -(10**7)], pa.int32()).cast(pa.date32())
    table = {name: [cell] * 3 for name, cell in GOOD.items()} | {"date": far}
    reason = "date outside the years 1 to 9999"
    assert refused(ledger(table, "2026-02-01")) == [(2, reason), (3, reason)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.csv", r"none.csv: no such file"),
        ("none.parquet", r"none.parquet: no such file"),
        (
            TABLE.drop_columns(["units", "DATE"]),
            r"the table: no column date, units; expected date, ",
        ),
        ({"date": []}, r"no column product, units, destination, consignee; expected date"),
        (TABLE.append_column("date", TABLE["DATE"]), r"column 'date' stands there twice"),
        (5, r"a int is no ledger; expected a path"),
        ({**TABLE.to_pydict(), "product": [[1], [2], [3]]}, r"column product: cells of type list"),
        ({**TABLE.to_pydict(), "units": [1, "a", 2]}, r"the table: "),
        ({**TABLE.to_pydict(), "units": [1]}, r"the table: "),
    ],
)
def test_what_is_no_ledger(source: Any, message: str) -> None:
    with pytest.raises(tpp.TppError, match=message):
        ledger(source, "2026-02-01")


def test_a_file_without_a_column_is_named(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        path = tmp_path / name
        table = TABLE.drop_columns(["product"])
        pq.write_table(table, path) if name.endswith("parquet") else table.to_pandas().to_csv(path)
        with pytest.raises(
            tpp.TppError, match=rf"{name}: no column product; expected date, product"
        ):
            ledger(path, "2026-02-01")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(tpp.TppError, match=r"a.parquet: not a whole Parquet file"):
        ledger(path, "2026-02-01")


def test_no_rows() -> None:
    found = ledger(TABLE.slice(0, 0), "2026-02-01")
    assert (found.rows, [len(each.groups) for each in found.accounts]) == (0, [0] * 7)
    assert str(found).splitlines()[1] == "0 rows: 0 counted, 0 not counted"


def test_many_rows_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """50,000 rows in small batches and small sums, against NumPy."""
    from tppcore.shipments import rows

    monkeypatch.setattr(rows, "_ROWS", 1 << 12)
    monkeypatch.setattr(sums, "_PENDING", 1 << 13)
    random, count = np.random.default_rng(0), 50_000
    units, consignee = random.integers(1, 1000, count), random.integers(0, 500, count)
    days = np.datetime64("2025-01-01") + random.integers(0, 730, count)
    table = pa.table(
        {
            "date": days,
            "product": random.choice(["H100", "h100", "NVIDIA H100"], count),
            "units": units,
            "destination": random.choice(["IN", "BR", "MX"], count),
            "consignee": [f"C{i}" for i in consignee],
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=10_000)
    seen: list[int] = []
    found = ledger(path, "2026-12-31", advance=seen.append)
    assert (sum(seen), max(seen)) == (count, 1 << 12)
    expected: dict[tuple[str, int], int] = {}
    for name, day, number in zip(consignee, days, units, strict=True):
        key = (f"C{name}", int(str(day)[:4]))
        expected[key] = expected.get(key, 0) + int(number)
    assert {tuple(g.key.values()): g.used.low / H100 for g in found["lpp"].groups} == expected
    assert found["lpp"].counted == count


def test_a_text_is_looked_at_once() -> None:
    asked: list[str] = []

    def meaning(text: str) -> int:
        asked.append(text)
        return len(text)

    field = fields.Field(meaning, fields.Reasons())
    for _ in range(3):
        assert field(pa.array(["a", " bb ", None, "a", "n/a"])).tolist() == [1, 2, 0, 1, 0]
    assert asked == ["a", "bb", "", ""]
