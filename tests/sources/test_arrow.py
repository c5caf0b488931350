"""Arrow tables however they lie: in chunks, slices, with offsets, nulls and dictionaries."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import nanoarrow as na
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.engine import oracle
from tppcore.engine.choose import available
from tppcore.engine.columns import Columns
from tppcore.engine.widen import widened
from tppcore.errors import InputError, TppError
from tppcore.rules.store import specs
from tppcore.sources import arrow, arrow_cells
from tppcore.sources.table import Table

RULES = tpp.rulebook("2026-02-01", "CN")
ENGINES = [name for name in ("c", "jit", "exact") if available(name)]

NUMBERS = [
    *(pa.float64(), pa.float32(), pa.float16(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.decimal128(20, 2), pa.decimal128(5, -2), pa.decimal256(40, 3)),
    *(pa.decimal32(7, 1), pa.decimal64(9, 2)),
    *(pa.string(), pa.large_string(), pa.string_view()),
    *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint16(), pa.float64())),
    *(pa.run_end_encoded(pa.int16(), pa.float64()), pa.null()),
]
BOOLEANS = [
    *(pa.bool_(), pa.int8(), pa.uint8(), pa.float32(), pa.string(), pa.null()),
    *(pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.bool_())),
    pa.run_end_encoded(pa.int32(), pa.bool_()),
]
DATES = [pa.date32(), pa.date64(), pa.timestamp("us"), pa.timestamp("s", "UTC"), pa.string()]
WORDS = [pa.string(), pa.string_view(), pa.dictionary(pa.int8(), pa.large_string())]


def columns(table: Any) -> Columns:
    return Table(table, specs().vocabulary).columns


def in_type(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Whole numbers, booleans, dates or words as an Arrow array of any type."""
    if pa.types.is_null(kind):
        return pa.nulls(len(values))
    if pa.types.is_dictionary(kind):
        known = [*dict.fromkeys(each for each in values if each is not None), *values[:1]]
        codes = [None if each is None else known.index(each) for each in values]
        held = in_type([*known, None], kind.value_type)
        return pa.DictionaryArray.from_arrays(pa.array(codes, kind.index_type), held)
    if pa.types.is_run_end_encoded(kind):
        return pa.compute.run_end_encode(in_type(values, kind.value_type), kind.run_end_type)
    if str(kind) in ("string", "large_string", "string_view"):
        return pa.array([None if each is None else text(each) for each in values], kind)
    if pa.types.is_decimal(kind):
        return pa.array([None if each is None else Decimal(each) for each in values], kind)
    if not pa.types.is_boolean(kind) and any(isinstance(each, bool) for each in values):
        values = [None if each is None else int(each) for each in values]
    if pa.types.is_temporal(kind):
        return pa.array(values, pa.date32()).cast(kind)
    if pa.types.is_float16(kind):
        values = [None if each is None else np.float16(each) for each in values]
    return pa.array(values, kind)


def text(value: Any) -> str:
    """As people write it: with a blank before numbers, and `y` for true."""
    if isinstance(value, bool):
        return "y" if value else "0"
    return f" {value}" if isinstance(value, int) else str(value)


def as_plain(values: list[Any], kind: pa.DataType) -> list[Any]:
    return [None] * len(values) if pa.types.is_null(kind) else values


@st.composite
def tables(draw: Any) -> tuple[pa.Table, dict[str, list[Any]]]:
    """A table in chunks and slices, and the same rows as lists."""
    rows = draw(st.integers(0, 90))

    def rows_of(each: Any, missing: Any) -> list[Any]:
        return draw(st.lists(st.one_of(missing, each), min_size=rows, max_size=rows))

    # On the lines of 3A090 (600 x 8 = 4,800; 100 x 16 = 1,600) and beside them; all fit in 8 bits.
    rates = st.sampled_from([100, 99, 101, 75, 0, 37, 127])
    areas = st.sampled_from([100, 50, 10, 127])
    plain = {
        "tops_fp8": rows_of(rates, st.none()),
        "tops_fp16": rows_of(rates, st.none()),
        "die_area_mm2": rows_of(areas, st.none()),
        "datacenter": rows_of(st.booleans(), st.none()),
        "first_marketed": rows_of(
            st.sampled_from([datetime.date(2026, 1, 1), datetime.date(2001, 12, 31)]), st.none()
        ),
        "item_kind": rows_of(st.sampled_from(["circuit", "hbm"]), st.none()),
    }
    kinds = {
        **dict.fromkeys(("tops_fp8", "tops_fp16", "die_area_mm2"), NUMBERS),
        "datacenter": BOOLEANS,
        "first_marketed": DATES,
        "item_kind": WORDS,
    }
    kept = {}
    arrays = {}
    for name, values in plain.items():
        kind = draw(st.sampled_from(kinds[name]))
        if pa.types.is_decimal(kind) and kind.scale < 0:
            values = [None if each is None else 100 for each in values]
        padding = draw(st.integers(0, 9))  # so that slices begin anywhere in a byte
        array = in_type([*values[:1] * padding, *values], kind)
        arrays[name] = array.slice(min(padding, len(array) - rows))
        kept[name] = as_plain(values, kind)
    table = pa.table(arrays)
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=5)))
    pieces = [table.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, rows], strict=True)]
    return pa.concat_tables(pieces), kept


class Foreign:
    """A table that is of no library that is known, by the stream of another."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._stream.__arrow_c_stream__()


@pytest.fixture(params=[1, 40, arrow.FEW], ids=["each chunk", "some together", "all together"])
def few(request: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """From how many rows on a chunk is read by itself."""
    monkeypatch.setattr(arrow, "FEW", request.param)
    return int(request.param)


@pytest.mark.parametrize("few", [1, 40, arrow.FEW])
@settings(max_examples=25, deadline=None)
@given(made=tables())
def test_means_what_its_rows_mean(few: int, made: tuple[pa.Table, dict[str, list[Any]]]) -> None:
    table, plain = made
    given_few, arrow.FEW = arrow.FEW, few
    try:
        expected = oracle.evaluate(RULES, columns(plain))
        for engine in ENGINES:
            found = tpp.classify(table, RULES, engine=engine)
            np.testing.assert_array_equal(found.bitmaps.values, expected.values)
            np.testing.assert_array_equal(found.bitmaps.valid, expected.valid)
        mine, other = widened(columns(Foreign(table))), widened(columns(plain))
        assert mine.rows == other.rows
        for name, column in other.by_quantity.items():
            np.testing.assert_array_equal(mine.by_quantity[name].values, column.values)
    finally:
        arrow.FEW = given_few


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [63, 64, 1000, 9001])
def test_chunks_of_every_length(few: int, rows: int, threads: int) -> None:
    """Verdicts of chunks that begin anywhere in a word, into fresh and into used memory."""
    rng = np.random.default_rng(rows)
    plain = {
        "tops_fp8": rng.choice([600.0, 599.9, 200.0, 602.36], rows),
        "die_area_mm2": rng.choice([814.0, np.nan, 300.0], rows),
        "datacenter": rng.random(rows) < 0.5,
    }
    whole = pa.table({name: pa.array(values, from_pandas=True) for name, values in plain.items()})
    cuts = [0, *sorted(rng.integers(0, rows, 12).tolist()), rows]
    table = pa.concat_tables([whole.slice(a, b - a) for a, b in pairwise(cuts)])
    expected = tpp.classify(plain, RULES)
    for engine in ENGINES[:2]:
        found = tpp.classify(table, RULES, engine=engine, threads=threads)
        again = tpp.classify(table, RULES, engine=engine, threads=threads, out=found)
        for each in (found, again):
            np.testing.assert_array_equal(each.bitmaps.values, expected.bitmaps.values)
            np.testing.assert_array_equal(each.bitmaps.valid, expected.bitmaps.valid)
    low = tpp.metrics(table, "tpp").column("tpp").to_numpy()
    np.testing.assert_array_equal(low, tpp.metrics(plain, "tpp")["tpp"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("row", [0, 69, 70, 99, 140, 199])
def test_an_error_names_the_row_of_the_whole_table(few: int, engine: str, row: int) -> None:
    values = np.full(200, 600.0)
    values[row] = -1.0
    values[row + 1 :] = 1e30
    table = pa.table({"tops_fp8": values, "tops_fp16": np.ones(200)})
    chunks = pa.concat_tables([table.slice(0, 70), table.slice(70, 33), table.slice(103)])
    with pytest.raises(InputError, match=f"row {row + 1}, column tops_fp8: -1.0"):
        tpp.classify(chunks, RULES, engine=engine, threads=2)


def test_an_error_of_a_cell_names_the_row_of_the_whole_table(few: int) -> None:
    table = pa.table({"tops_fp8": ["1"] * 90 + ["x"]})
    chunks = pa.concat_tables([table.slice(0, 50), table.slice(50)])
    with pytest.raises(InputError, match="row 91, column tops_fp8: 'x'; expected a number"):
        tpp.classify(chunks, RULES)
    codes = pa.table({"tops_fp8": pa.array(["1", None, "2", "x", "y"]).dictionary_encode()})
    with pytest.raises(InputError, match="row 4, column tops_fp8: 'x'"):
        tpp.classify(codes, RULES)


def test_what_a_dictionary_holds_and_no_row_uses_is_not_looked_at() -> None:
    codes = pa.array([0, None, 2], pa.int8())
    for held in (["5", "x", "7"], [5.0, -1.0, 7.0], [Decimal("5"), None, Decimal("7")]):
        table = pa.table({"tops_fp8": pa.DictionaryArray.from_arrays(codes, pa.array(held))})
        found = widened(columns(table)).by_quantity["tops_fp8"].values
        np.testing.assert_array_equal(found, [5.0, np.nan, 7.0])


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        *((pa.float64(), "f8"), (pa.float32(), "f4"), (pa.decimal128(10, 2), "u8")),
        *((pa.int8(), "i1"), (pa.int16(), "i2"), (pa.int32(), "i4"), (pa.int64(), "i8")),
        *((pa.uint8(), "u1"), (pa.uint16(), "u2"), (pa.uint32(), "u4"), (pa.uint64(), "u8")),
        (pa.bool_(), "u1"),
    ],
    ids=str,
)
@pytest.mark.parametrize("begin", [0, 3, 11])
@pytest.mark.parametrize("nulls", [False, True])
def test_nothing_is_copied(
    monkeypatch: pytest.MonkeyPatch, kind: pa.DataType, dtype: str, begin: int, nulls: bool
) -> None:
    monkeypatch.setattr(arrow, "FEW", 1)
    name = "datacenter" if pa.types.is_boolean(kind) else "tops_fp8"
    values = [True, None if nulls else False] if name == "datacenter" else [1, None if nulls else 2]
    array = in_type(values * 20, kind)
    chunked = pa.chunked_array([array.slice(begin, 15), array.slice(begin + 2)])
    read = Table(pa.table({name: chunked}), specs().vocabulary)
    for piece, chunk in zip(read.pieces, chunked.chunks, strict=True):
        column = piece.by_quantity[name]
        validity, data = chunk.buffers()
        assert column.values is not None
        assert column.values.dtype == np.dtype(dtype)
        bits = kind.bit_width * chunk.offset // 8
        assert column.values.ctypes.data == data.address + bits
        assert not column.values.flags.writeable
        assert (column.present is None) == (validity is None)
        if column.present is not None:
            assert column.present.ctypes.data == validity.address + chunk.offset // 8
            assert column.first_bit == chunk.offset % 8


def test_rows_that_are_null_as_a_whole(few: int) -> None:
    """A struct may have nulls of its own: nothing is known of such a row."""
    made = pa.StructArray.from_arrays(
        [pa.array([600.0, 600.0, 1.0]), pa.array([True, True, False])],
        ["tops_fp8", "datacenter"],
        mask=pa.array([False, True, False]),
    )
    for batch in (made, made.slice(0, 3), pa.concat_arrays([made, made]).slice(3)):
        found = widened(columns(Foreign(pa.chunked_array([batch])))).by_quantity
        np.testing.assert_array_equal(found["tops_fp8"].values, [600.0, np.nan, 1.0])
        assert found["datacenter"].values.tolist() == [1, 255, 0]
    sliced = columns(Foreign(pa.chunked_array([made.slice(2)])))
    assert sliced.rows == 1
    assert sliced.by_quantity["tops_fp8"].values.tolist() == [1.0]


def test_one_batch_and_no_rows(few: int) -> None:
    table = pa.table({"tops_fp8": [600.0, None], "name": ["a", "b"]})

    class Batch:
        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            return table.to_batches()[0].__arrow_c_array__()

    assert tpp.classify(Batch(), RULES).counts() == tpp.classify(table, RULES).counts()
    for empty in (table.slice(2), table.schema.empty_table(), Foreign(table.slice(2))):
        assert len(tpp.classify(empty, RULES)) == 0
        assert columns(empty).rows == 0


def test_processing_units(few: int) -> None:
    units = [{"count": 528, "macs_per_clock": 1024, "clock_ghz": 1.83, "format": "fp8"}]
    table = pa.table({"units": [units, None, units * 2], "name": list("abc")})
    chunks = pa.concat_tables([table.slice(1, 1), table.slice(0, 1), table.slice(2)])
    for form in (pa.list_, pa.large_list):
        kind = form(chunks.schema.field("units").type.value_type)
        found = tpp.metrics(Foreign(chunks.set_column(0, "units", chunks[0].cast(kind))), "tpp")
        one = 2 * 528 * 1024 * 1.83 / 1000 * 8
        np.testing.assert_allclose(found["tpp"].to_numpy(), [np.nan, one, 2 * one])


TEXT = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "NA", "nan", "NaN", "-", "1979", " 1979 ", "0.1", "+5", "1e3", "1E-3", ".5", "5.",
         "1e400", "1e-400", "inf", "-inf", "1,979", "1.5,2", "0.12345678901234567890", "0x10",
         "1_000", "y", "No", "TRUE", "maybe", "1.0", "2", "2026-01-01", "2026-02-30", "26-01-01",
         "20260101", "hbm", " hbm", "gpu", "3 TB", "<5", "1 - 2", "4800.10", "9007199254740993",
         "100000000000000000000000", "Infinity"]
    ),
    st.floats(1e-15, 1e24).map(repr),
    st.decimals("0", "1e10", places=9).map(str),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(TEXT, max_size=6),
    st.sampled_from(["tops_fp8", "datacenter", "first_marketed", "item_kind"]),
    st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]),
    st.integers(0, 3),
)
def test_text_means_the_same_with_pyarrow_and_without(
    cells: list[str | None], name: str, kind: pa.DataType, begin: int
) -> None:
    """`sources.cells` reads whole columns of files, `sources.cell_text` cell by cell."""
    table = pa.table({name: pa.array(cells, kind).slice(min(begin, len(cells)))})

    def read(least: int) -> Any:
        given_least, arrow_cells._WITH_PYARROW = arrow_cells._WITH_PYARROW, least
        try:
            return widened(columns(table)).by_quantity[name].values.tolist()
        except TppError as error:
            return str(error)
        finally:
            arrow_cells._WITH_PYARROW = given_least

    assert repr(read(0)) == repr(read(1 << 30))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("tops_fp8", pa.array([None, True]), "row 2, column tops_fp8: True; expected a number"),
        ("tops_fp8", pa.array([datetime.date(2026, 1, 1)]), "a number, not date32[day]"),
        ("tops_fp8", pa.array([b"x"]), "column tops_fp8: b'x'; expected a number, not binary"),
        ("tops_fp8", pa.array([[1.0]]), "tops_fp8: [1.0]; expected a number, not list"),
        ("datacenter", pa.array([0, 2]), "row 2, column datacenter: '2'; expected 1 or 0, y or n"),
        ("datacenter", pa.array([0.5]), "row 1, column datacenter: '0.5'; expected 1 or 0, y or n"),
        ("datacenter", pa.array([datetime.date(2026, 1, 1)]), "expected true or false, not date32"),
        ("first_marketed", pa.array([1.5]), "1.5; expected a date such as 2023-11-17, not double"),
        ("first_marketed", pa.array([0], pa.timestamp("s", "Asia/Tokyo")), "in Asia/Tokyo"),
        ("item_kind", pa.array([1]), "row 1, column item_kind: 1; expected one of circuit, hbm"),
        ("tops_fp8", pa.array([Decimal("1.00000000000000000001")]), "digits than a double"),
        ("tops_fp8", pa.array([Decimal("1e-30")], pa.decimal256(60, 40)), "0 or a number from"),
    ],
)  # fmt: skip
def test_refused(name: str, values: pa.Array, message: str) -> None:
    for table in (pa.table({name: values}), Foreign(pa.table({name: values}))):
        with pytest.raises(InputError) as caught:
            tpp.classify(table, RULES)
        assert message in str(caught.value)


class TestStreams:
    def test_that_breaks_off(self) -> None:
        schema = pa.schema([("tops_fp8", pa.float64())])

        def batches() -> Iterator[pa.RecordBatch]:
            yield pa.record_batch([pa.array([1.0])], schema=schema)
            raise RuntimeError("the disk is on fire")

        reader = pa.RecordBatchReader.from_batches(schema, batches())
        with pytest.raises(TppError, match=r"can't read this table: .*the disk is on fire"):
            tpp.classify(reader, RULES)

    def test_read_once(self) -> None:
        table = pa.table({"tops_fp8": [600.0, 1.0]})
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(1))
        verdicts = tpp.classify(reader, RULES)
        assert verdicts["us-3a090/a.1"].to_pylist() == [True, False]
        assert verdicts.explain(1).to_dict()

    def test_capsules_that_were_used(self) -> None:
        table = pa.table({"tops_fp8": [600.0]})
        capsule = table.__arrow_c_stream__()
        pair = table.to_batches()[0].__arrow_c_array__()

        class Stale:
            def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
                return capsule

        class StaleBatch:
            def __arrow_c_array__(self, requested_schema: object = None) -> Any:
                return pair

        for stale in (Stale(), StaleBatch()):
            assert len(tpp.classify(stale, RULES)) == 1
            with pytest.raises(TppError, match="was used before; expected one that was not"):
                tpp.classify(stale, RULES)

    @pytest.mark.parametrize("wrong", [None, 5, "schema"])
    def test_no_such_capsule(self, wrong: Any) -> None:
        given = pa.schema([]).__arrow_c_schema__() if wrong == "schema" else wrong

        class Wrong:
            def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
                return given

        with pytest.raises(TppError, match="expected a capsule of the name arrow_array_stream"):
            tpp.classify(Wrong(), RULES)

    def test_only_a_schema(self) -> None:
        with pytest.raises(TppError, match="can't read a Schema as a table; expected a chip"):
            tpp.classify(pa.schema([("tops_fp8", pa.float64())]), RULES)

    @pytest.mark.parametrize("values", [pa.array([1.0]), pl.Series("tops_fp8", [1.0])])
    def test_a_column_is_no_table(self, values: Any) -> None:
        with pytest.raises(TppError, match="can't read a single column as a table"):
            tpp.classify(values, RULES)


@pytest.mark.parametrize("make", [pl.from_arrow, lambda table: na.ArrayStream(table)])
def test_other_libraries(make: Callable[[pa.Table], Any]) -> None:
    plain = {
        "tops_fp8": [600.0, None, 602.36, 1.0],
        "die_area_mm2": ["814", "", " 814", None],
        "datacenter": [True, None, True, False],
        "item_kind": ["circuit", None, "hbm", "circuit"],
    }
    expected = tpp.classify(plain, RULES).counts()
    assert tpp.classify(make(pa.table(plain)), RULES).counts() == expected
    frame = pl.from_arrow(pa.table(plain)).with_columns(pl.col("item_kind").cast(pl.Categorical))
    assert tpp.classify(frame, RULES).counts() == expected
    enum = frame.with_columns(pl.col("item_kind").cast(pl.Enum(["hbm", "x", "circuit"])))
    assert tpp.classify(enum, RULES).counts() == expected


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
import nanoarrow as na, polars as pl, tppcore as tpp
rules = tpp.rulebook("2026-02-01", "CN")
frame = pl.DataFrame({
    "tops_fp8": [600.0, None, 602.36], "datacenter": [True, None, False],
    "die_area_mm2": ["814", " - ", "814.5 "], "first_marketed": ["2026-01-01", None, ""],
    "item_kind": pl.Series(["circuit", None, "hbm"], dtype=pl.Categorical),
    "units": [None, None, [{"count": 1, "macs_per_clock": 1, "clock_ghz": 1.5, "format": "fp8"}]],
})
frame = pl.concat([frame] * 50 + [frame[1:]], rechunk=False)
stream = na.ArrayStream(frame)
v, w = tpp.classify(frame, rules), tpp.classify(stream, rules)
a1 = "us-3a090/a.1"
assert v[a1].to_list() == w[a1].to_pylist() == pl.Series(w[a1]).to_list()
assert v.outcome.to_list() == w.outcome.to_pylist() == na.Array(w.outcome).to_pylist()
assert pl.DataFrame(v)[a1].to_list() == pl.DataFrame(w)[a1].to_list() == v[a1].to_list()
found = tpp.metrics(na.ArrayStream(frame), ["tpp"])
assert pl.DataFrame(found)["tpp"].to_list()[0] == 4800.0 == tpp.metrics(frame, ["tpp"])["tpp"][0]
try:
    tpp.classify(pl.DataFrame({"tops_fp8": ["1", "many"] * 5000}), rules)
except tpp.InputError as error:
    print(error)
print(v.counts()[a1])
"""


def test_without_pyarrow() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", WITHOUT_PYARROW],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    error, counts = done.stdout.splitlines()
    assert error == "row 2, column tops_fp8: 'many'; expected a number"
    assert counts == "{'true': 101, 'false': 0, 'undetermined': 51}"
