"""Verdicts and metrics as other libraries take them through the Arrow PyCapsule interface."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from typing import Any

import duckdb
import nanoarrow as na
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tppcore as tpp
from tests import strategies
from tppcore.sources import arrow_giving
from tppcore.sources.arrow_results import ArrowColumn, ArrowTable
from tppcore.verdicts import Verdicts

RULES = tpp.rulebook("2026-02-01", "CN")
A1 = "us-3a090/a.1"


def made(rows: int) -> Verdicts:
    columns = strategies.table("round", rows, 7, missing=0.2)
    return tpp.classify(strategies.plain(columns), RULES)


def foreign(rows: int = 100) -> Any:
    """A table of a library that tppcore does not know."""
    columns = strategies.table("round", rows, 7, missing=0.2)
    table = pa.table(
        {name: pa.array(v, from_pandas=True) for name, v in strategies.plain(columns).items()}
    )
    return na.ArrayStream(table)


def lists(verdicts: Verdicts) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in verdicts.to_numpy().items()}


@pytest.fixture(params=["with C", "without C"])
def giver(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Without the C library it is pyarrow that gives."""
    if request.param == "without C":
        monkeypatch.setattr(arrow_giving, "available", lambda: False)
    elif not arrow_giving.available():
        pytest.skip("built without C")
    return str(request.param)


@pytest.mark.parametrize("rows", [0, 1, 64, 1000])
def test_every_library_takes_verdicts(giver: str, rows: int) -> None:
    verdicts = made(rows)
    expected = lists(verdicts)
    taken = pa.table(verdicts)
    taken.validate(full=True)
    assert taken.to_pydict() == expected
    assert taken.schema.equals(verdicts.to_arrow().schema, check_metadata=True)
    assert pa.schema(verdicts).equals(taken.schema, check_metadata=True)
    assert pl.DataFrame(verdicts).to_dict(as_series=False) == expected
    assert pd.DataFrame.from_arrow(verdicts).shape == (rows, len(expected))
    batches = na.ArrayStream(verdicts).read_all()
    assert len(batches) == rows
    assert [child.to_pylist() for child in batches.iter_children()] == [*expected.values()]
    [count] = duckdb.sql(f'select count(*) from taken where "{A1}"').fetchall()[0]
    assert count == expected[A1].count(True)


def test_nothing_is_copied() -> None:
    verdicts = made(1000)
    for i, column in enumerate(pa.table(verdicts).columns):
        valid, values = column.chunk(0).buffers()
        assert values.address == verdicts.bitmaps.values[i].ctypes.data
        assert valid.address == verdicts.bitmaps.valid[i].ctypes.data


def test_a_requested_schema_is_accepted() -> None:
    verdicts = made(10)
    asked = pa.schema([("x", pa.int8())]).__arrow_c_schema__()
    reader = pa.RecordBatchReader._import_from_c_capsule(verdicts.__arrow_c_stream__(asked))
    assert reader.read_all().to_pydict() == lists(verdicts)


def test_columns_of_an_unknown_library(giver: str) -> None:
    verdicts, expected = tpp.classify(foreign(), RULES), lists(made(100))
    column = verdicts[A1]
    assert isinstance(column, ArrowColumn)
    assert len(column) == 100
    assert "100 verdicts" in repr(column)
    assert column.to_pylist() == column.to_numpy().tolist() == expected[A1]
    for taken in (pa.array(column), pl.Series(column), column.to_pyarrow()):
        assert taken.to_pylist() if isinstance(taken, pa.Array) else taken.to_list() == expected[A1]
    assert na.Array(column).to_pylist() == expected[A1]
    assert na.Schema(column).type == na.Type.BOOL
    words = verdicts.outcome
    assert words.to_pylist() == made(100).outcome.tolist()
    assert pa.array(words).to_pylist() == pl.Series(words).to_list() == words.to_pylist()
    assert pa.array(words).type == pa.dictionary(pa.int32(), pa.string())


def test_metrics_of_an_unknown_library(giver: str) -> None:
    columns = strategies.table("round", 100, 7, missing=0.2)
    expected = tpp.metrics(strategies.plain(columns), ["tpp", "performance_density"])
    found = tpp.metrics(foreign(), ["tpp", "performance_density"])
    assert isinstance(found, ArrowTable)
    assert found.column_names == list(expected)
    assert found.num_rows == 100
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name].to_numpy(), values)
        np.testing.assert_array_equal(pl.DataFrame(found)[name].to_numpy(), values)
        np.testing.assert_array_equal(pa.table(found)[name].to_numpy(), values)
    with pytest.raises(KeyError):
        found["nope"]


class TestLifetime:
    """A weak reference to the memory of the bitmaps tells when that goes."""

    @pytest.fixture(autouse=True)
    def only_with_c(self) -> None:
        if not arrow_giving.available():
            pytest.skip("built without C")

    @staticmethod
    def watched(rows: int = 1000) -> tuple[Verdicts, weakref.ref[Any]]:
        verdicts = made(rows)
        memory = verdicts.bitmaps.values
        while isinstance(memory.base, np.ndarray):
            memory = memory.base
        return verdicts, weakref.ref(memory)

    def test_as_long_as_anything_sees_it(self) -> None:
        verdicts, memory = self.watched()
        expected = lists(verdicts)
        table = pa.table(verdicts)
        del verdicts
        gc.collect()
        assert memory() is not None
        column = table.column(A1)
        del table
        gc.collect()
        assert column.to_pylist() == expected[A1]
        del column
        gc.collect()
        assert memory() is None

    @pytest.mark.parametrize("kind", ["stream", "schema"])
    def test_a_capsule_that_nobody_takes(self, kind: str) -> None:
        verdicts, memory = self.watched()
        capsules = [getattr(verdicts, f"__arrow_c_{kind}__")() for _ in range(3)]
        capsules += verdicts_column(verdicts).__arrow_c_array__()
        del verdicts
        gc.collect()
        assert memory() is not None
        del capsules
        gc.collect()
        assert memory() is None

    def test_children_that_move_out(self) -> None:
        """Polars and nanoarrow take columns out of a batch and drop the rest."""
        verdicts, memory = self.watched()
        expected = lists(verdicts)
        one = pl.DataFrame(verdicts)[A1]
        other = list(na.ArrayStream(verdicts).read_all().iter_children())[1]
        del verdicts
        gc.collect()
        assert one.to_list() == other.to_pylist() == expected[A1]
        del one, other
        gc.collect()
        assert memory() is None

    def test_while_an_exception_is_on_its_way(self) -> None:
        """Letting go of a table or a capsule because of an error leaves that error as it is."""
        verdicts, memory = self.watched()
        for _ in range(100):
            with pytest.raises(KeyError, match="nope"):
                pa.table(verdicts).column("nope")
            with pytest.raises(TypeError, match="no len"):
                len(verdicts.__arrow_c_stream__())
            with pytest.raises(ValueError, match="names"):
                pa.table(verdicts, names=["x"])
        del verdicts
        gc.collect()
        assert memory() is None

    def test_nothing_is_left_after_many(self) -> None:
        verdicts, memory = self.watched(10)
        before = sys.getrefcount(memory())
        for _ in range(300):
            pa.table(verdicts)
            verdicts.__arrow_c_stream__()
        gc.collect()
        after = sys.getrefcount(memory())
        assert after == before

    def test_at_the_end_of_the_process(self) -> None:
        code = (
            "import tppcore as tpp, polars as pl, pyarrow as pa, atexit\n"
            "v = tpp.classify({'tops_fp8': [600.0]}, tpp.rulebook('2026-02-01', 'CN'))\n"
            "kept = [pl.DataFrame(v), pa.table(v), v.__arrow_c_stream__()]\n"
            "atexit.register(lambda: kept[0].shape)\n"
            "print(kept[1].num_rows)\n"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-W", "error", "-c", code], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def verdicts_column(verdicts: Verdicts) -> ArrowColumn:
    return verdicts._column(0)
