"""Whatever is tabular gives the same columns, with missing values, ranges and exact decimals."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.engine.widen import widened, widened_column
from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources.table import Table

NAN = float("nan")
RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
TOPS = [1979.0, None, 0.1]
DATA = [True, None, False]


def columns(table: Any) -> Columns:
    return Table(table, specs().vocabulary).columns


def column(table: Any, name: str = "tops_fp8") -> Column:
    return widened_column(columns(table).by_quantity[name], name)


def arrow() -> pa.Table:
    return pa.table({"name": ["a", "b", "c"], "tops_fp8": TOPS, "datacenter": DATA})


def structured() -> np.ndarray:
    rows = [("a", 1979.0, 1), ("b", NAN, MISSING), ("c", 0.1, 0)]
    kind = [("name", "U1"), ("tops_fp8", "f8"), ("datacenter", "f4")]
    return np.array([(n, t, NAN if d == MISSING else d) for n, t, d in rows], kind)


TABLES: dict[str, Callable[[], Any]] = {
    "lists": lambda: {"name": ["a", "b", "c"], "tops_fp8": TOPS, "datacenter": DATA},
    "arrays": lambda: {
        "tops_fp8": np.array([1979.0, NAN, 0.1]),
        "datacenter": np.array([1.0, NAN, 0.0]),
    },
    "masked": lambda: {
        "tops_fp8": np.ma.MaskedArray([1979.0, 7.0, 0.1], [False, True, False]),
        "datacenter": np.ma.MaskedArray([True, True, False], [False, True, False]),
    },
    "masked integers": lambda: {
        "tops_fp8": np.ma.MaskedArray([1979, 7, 0.1], [False, True, False]),
        "datacenter": np.ma.MaskedArray(np.array([1, 1, 0], np.int8), [False, True, False]),
    },
    "text": lambda: {"tops_fp8": ["1979", "", "0.1"], "datacenter": ["y", "", "No"]},
    "structured": structured,
    "pyarrow": arrow,
    "pyarrow in chunks": lambda: pa.concat_tables([arrow().slice(0, 1), arrow().slice(1)]),
    "record batch": lambda: arrow().to_batches()[0],
    "pandas": lambda: arrow().to_pandas(),
    "pandas of Arrow": lambda: arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.from_arrow(arrow()),
    "duckdb": lambda: duckdb.sql(
        "select * from (values ('a', 1979::double, true), ('b', null, null), ('c', 0.1, false))"
        " as t(name, tops_fp8, datacenter)"
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_of_table(kind: str) -> None:
    found = widened(columns(TABLES[kind]()))
    assert found.rows == 3
    assert set(found.by_quantity) == {"tops_fp8", "datacenter"}
    values = found.by_quantity["tops_fp8"].values
    assert values is not None
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, [1979.0, NAN, 0.1])
    flags = found.by_quantity["datacenter"].values
    assert flags is not None
    assert flags.dtype == np.uint8
    assert flags.tolist() == [1, MISSING, 0]


@pytest.mark.parametrize("kind", TABLES)
def test_every_kind_is_answered(kind: str) -> None:
    verdicts = tpp.classify(TABLES[kind](), RULES)
    assert verdicts.counts()["us-3a090/a.1"] == {"true": 1, "false": 1, "undetermined": 1}


def test_float64_is_not_copied() -> None:
    values = np.arange(1.0, 100.0)
    assert column({"tops_fp8": values}).values is values


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int8, np.uint8, np.int64, np.uint64])
def test_other_widths_mean_their_own_decimals(kind: type) -> None:
    values = np.array([1, 2, 100], kind)
    assert column({"tops_fp8": values}).values.tolist() == [1.0, 2.0, 100.0]
    assert column(pa.table({"tops_fp8": values})).values.tolist() == [1.0, 2.0, 100.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(2.0**-40, 2.0**70, width=32), min_size=1, max_size=20))
def test_float32_is_its_shortest_decimal(values: list[float]) -> None:
    narrow = np.array(values, np.float32)
    expected = [float(str(each)) for each in narrow]
    assert column({"tops_fp8": narrow}).values.tolist() == expected
    assert column(pa.table({"tops_fp8": narrow})).values.tolist() == expected


def test_float32_that_is_not_a_number() -> None:
    assert np.isnan(column({"tops_fp8": np.array([NAN], np.float32)}).values).all()


@pytest.mark.parametrize("wrap", [dict, pa.table], ids=["dict", "arrow"])
def test_integers_beyond_two_to_the_53(wrap: Callable[[dict[str, Any]], Any]) -> None:
    kept = [2**53, 10**18, 10**15 + 1]
    assert column(wrap({"tops_fp8": np.array(kept)})).values.tolist() == [float(k) for k in kept]
    for lost in (2**53 + 1, 10**18 + 1):
        with pytest.raises(InputError, match=r"row 2, column tops_fp8.*digits than a double"):
            column(wrap({"tops_fp8": np.array([1, lost])}))


def test_decimals_and_text_are_exact_or_refused() -> None:
    decimals = pa.array(["4800.10", "0.1"], pa.string()).cast(pa.decimal128(20, 10))
    assert column(pa.table({"tops_fp8": decimals})).values.tolist() == [4800.1, 0.1]
    assert column({"tops_fp8": [Fraction(1, 8), "0.1"]}).values.tolist() == [0.125, 0.1]
    for table in ({"tops_fp8": ["0.12345678901234567890"]}, {"tops_fp8": [Fraction(1, 3)]}):
        with pytest.raises(InputError, match="digits than a double carries"):
            column(table)


def test_dates_and_words() -> None:
    days = [20454.0, NAN]
    date = datetime.date(2026, 1, 1)
    for values in (
        [date, None],
        ["2026-01-01", ""],
        np.array(["2026-01-01", "NaT"], "M8[ns]"),
        np.array([date, NAN], object),
    ):
        found = column({"first_marketed": values}, "first_marketed").values
        np.testing.assert_array_equal(found, days)
    table = pa.table({"first_marketed": [date, None], "item_kind": ["hbm", None]})
    np.testing.assert_array_equal(column(table, "first_marketed").values, days)
    np.testing.assert_array_equal(column(table, "item_kind").values, [1.0, NAN])
    np.testing.assert_array_equal(
        column({"item_kind": ["cpu", None]}, "item_kind").values, [3.0, NAN]
    )


def test_ranges() -> None:
    found = column({"die_area_mm2": [814, None], "die_area_mm2_low": [None, "300"]}, "die_area_mm2")
    np.testing.assert_array_equal(found.values, [814.0, NAN])
    np.testing.assert_array_equal(found.low, [NAN, 300.0])
    np.testing.assert_array_equal(found.high, [NAN, NAN])
    found = column({"die_area_mm2_high": [600.0]}, "die_area_mm2")
    assert found.values is None
    assert found.high.tolist() == [600.0]


def test_range_of_a_boolean_is_refused() -> None:
    with pytest.raises(TppError, match="column 'datacenter_low': a boolean has no range"):
        columns({"datacenter_low": [0]})


class TestSparse:
    def test_with_its_ratio(self) -> None:
        table = {"tops_fp8_sparse": [3958.0], "sparse_ratio_fp8": [2.0]}
        assert tpp.metrics(table, "tpp")["tpp"].tolist() == [15832.0]

    def test_the_dense_figure_counts(self) -> None:
        table = {"tops_fp8": [1979.0, None], "tops_fp8_sparse": [5000.0, 3958.0],
                 "sparse_ratio_fp8": [None, 2.0]}  # fmt: skip
        assert tpp.metrics(table, "tpp")["tpp"].tolist() == [15832.0, 15832.0]

    def test_dense_range_counts(self) -> None:
        table = {"tops_fp8_low": [1000.0], "tops_fp8_sparse": [3958.0]}
        assert tpp.metrics(table, "tpp")["tpp_low"].tolist() == [8000.0]

    @pytest.mark.parametrize("ratio", [{}, {"sparse_ratio_fp8": [2.0, None]}])
    def test_without_its_ratio(self, ratio: dict[str, Any]) -> None:
        with pytest.raises(InputError, match=r"row 2, column tops_fp8_sparse: 3958.0; expected"):
            columns({"tops_fp8": [1.0, None], "tops_fp8_sparse": [None, 3958.0], **ratio})


class TestUnits:
    UNITS: ClassVar = [{"count": 528, "macs_per_clock": 1024, "clock_ghz": 1.83, "format": "fp8"}]

    def test_list_of_structs(self) -> None:
        expected = 2 * 528 * 1024 * 1.83 / 1000 * 8
        for table in (
            {"units": [self.UNITS, None]},
            pa.table({"units": [self.UNITS, None]}),
            {
                "units": [
                    '[{"count": 528, "macs_per_clock": 1024, "clock_ghz": 1.83, "bits": 8}]',
                    "",
                ]
            },
        ):
            found = np.asarray(tpp.metrics(table, "tpp")["tpp"])
            assert found[0] == pytest.approx(expected)
            assert np.isnan(found[1])

    def test_ragged(self) -> None:
        found = tpp.metrics({"name": ["a", "b"], "units": [self.UNITS, self.UNITS * 2]}, "tpp")
        assert found["tpp"][1] == pytest.approx(2 * found["tpp"][0])

    def test_as_many_as_the_other_columns(self) -> None:
        with pytest.raises(TppError, match="column 'units' has 1 rows; expected 2"):
            columns({"tops_fp8": [1.0, 2.0], "units": [self.UNITS]})

    def test_row_of_an_error(self) -> None:
        with pytest.raises(InputError, match=r"row 2, column units.clock_ghz: 0"):
            columns({"units": [None, [{**self.UNITS[0], "clock_ghz": 0}]]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"tops_xyz": [1.0]}, "unknown column 'tops_xyz'; expected one of the formats fp64"),
        ({"sparse_ratio_fp9": [2.0]}, "unknown column 'sparse_ratio_fp9'"),
        ({"tops_fp8": [1.0, 2.0], "dram_gb_s": [1.0]}, "'dram_gb_s' has 1 rows; expected 2"),
        ({"name": ["a"], "tops_fp8": [1.0, 2.0]}, "'tops_fp8' has 2 rows; expected 1"),
        ({"tops_fp8": [1.0, 2.0], "name": ["a"]}, "'name' has 1 rows; expected 2"),
        ({"tops_fp8": [[1.0], [2.0]]}, "column tops_fp8: '2 dimensions'; expected one dimension"),
        ({"tops_fp8": 1979.0}, "column tops_fp8: '0 dimensions'; expected one dimension"),
        ({"tops_fp8": [1.0, "many"]}, "row 2, column tops_fp8: 'many'; expected a number"),
        ({"tops_fp8": [True]}, "row 1, column tops_fp8: True; expected a number"),
        ({"tops_fp8": ["1e400"]}, "row 1, column tops_fp8"),
        ({"tops_fp8": [10**400]}, "row 1, column tops_fp8"),
        ({"tops_fp8": ["inf"]}, "expected a finite number"),
        ({"datacenter": [1, 2]}, "row 2, column datacenter"),
        ({"datacenter": [1.0, 0.5]}, "row 2, column datacenter"),
        ({"datacenter": ["maybe"]}, "row 1, column datacenter: 'maybe'; expected 1 or 0, y or n"),
        ({"first_marketed": ["soon"]}, "column first_marketed: 'soon'; expected a date such as"),
        ({"item_kind": ["gpu"]}, "column item_kind: 'gpu'; expected one of circuit, hbm"),
        (pa.table([[1.0], [2.0]], names=["tops_fp8"] * 2), "'tops_fp8' stands there twice"),
        (pd.DataFrame([[1.0, 2.0]], columns=["tops_fp8"] * 2), "expected each column name once"),
        (pd.DataFrame({"tops_fp8": ["a", 2]}), "one type a column"),
        (pa.table({"tops_fp8": [[1.0]]}), "row 1, column tops_fp8"),
        ([1, 2], "can't read a list as a table; expected a chip, a list of chips, a dict"),
        (None, "can't read a NoneType as a table"),
        ("file.csv", "can't read a str as a table"),
    ],
)
def test_refused(table: Any, message: str) -> None:
    with pytest.raises(TppError) as caught:
        columns(table)
    assert message in str(caught.value)


@pytest.mark.parametrize("engine", ["exact", None])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"tops_fp8": [1.0, -1.0]}, "row 2, column tops_fp8: -1.0; expected 0 or a number from"),
        ({"tops_fp8": [np.inf]}, "row 1, column tops_fp8: inf"),
        ({"tops_fp8": [1e-16]}, "row 1, column tops_fp8: 1e-16"),
        ({"tops_fp8": [2e24]}, "row 1, column tops_fp8: 2e+24"),
        ({"tops_fp8": [1.0], "die_area_mm2": [0.0]}, "column die_area_mm2: 0.0; expected a number"),
        ({"tops_fp8": [1.0], "tops_fp8_low": [1.0]}, "column tops_fp8: 1.0; expected a value or a"),
        ({"tops_fp8_low": [3.0], "tops_fp8_high": [1.0]}, "expected a range whose low end is not"),
    ],
)
def test_numbers_refused_by_the_engines(engine: str | None, table: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        tpp.classify(table, RULES, engine=engine)
    assert message in str(caught.value)


def test_other_things_beside_the_columns_of_a_dict_are_ignored() -> None:
    found = columns({"title": "a sheet", "seed": 5, "tops_fp8": [1.0, 2.0]})
    assert found.rows == 2
    assert set(found.by_quantity) == {"tops_fp8"}


@pytest.mark.parametrize("table", [{"tops_fp8": np.array([])}, {"name": []}, {}])
def test_no_rows(table: Any) -> None:
    assert columns(table).rows == 0
    assert not any(sum(each.values()) for each in tpp.classify(table, RULES).counts().values())


def test_only_key_columns() -> None:
    counts = tpp.classify({"name": ["a", "b"]}, RULES).counts()
    assert counts["us-3a090/a.1"] == {"true": 0, "false": 0, "undetermined": 2}
