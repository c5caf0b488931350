"""Verdicts come back in kind, add up, and are Arrow's own bitmaps."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tppcore as tpp
from tests import strategies
from tppcore.errors import UnknownName
from tppcore.verdicts import Verdicts, metadata_of

RULES = tpp.rulebook("2026-02-01", "CN")
A1 = "us-3a090/a.1"
TOPS = [1979.0, None, 0.1]
EXPECTED = [True, None, False]
ROWS = {"tops_fp8": TOPS, "die_area_mm2": [814.0, None, 100.0], "datacenter": [True, True, None]}


def chips() -> list[tpp.Chip]:
    return [tpp.Chip(**{name: ROWS[name][i] for name in ROWS}) for i in range(3)]


def arrow() -> pa.Table:
    return pa.table(ROWS)


def long(rows: int) -> Verdicts:
    columns = strategies.table("round", rows, 7, missing=0.2)
    return tpp.classify(strategies.plain(columns), RULES)


def test_one_chip() -> None:
    for chip, expected in zip(chips(), EXPECTED, strict=True):
        verdicts = tpp.classify(chip, RULES)
        assert verdicts[A1] is expected
        assert isinstance(verdicts.outcome, str)
        assert len(verdicts) == 1


def test_list_of_chips() -> None:
    verdicts = tpp.classify(chips(), RULES)
    assert verdicts[A1] == EXPECTED
    assert len(verdicts.outcome) == 3


def test_dict() -> None:
    found = tpp.classify(ROWS, RULES)[A1]
    assert isinstance(found, np.ma.MaskedArray)
    assert found.tolist() == EXPECTED
    assert found.dtype == bool


def test_pyarrow() -> None:
    verdicts = tpp.classify(arrow(), RULES)
    assert isinstance(verdicts[A1], pa.BooleanArray)
    assert verdicts[A1].to_pylist() == EXPECTED
    verdicts[A1].validate(full=True)
    assert isinstance(verdicts.outcome, pa.DictionaryArray)


def test_duckdb() -> None:
    relation = duckdb.from_arrow(arrow())
    assert tpp.classify(relation, RULES)[A1].to_pylist() == EXPECTED


def test_pandas_keeps_the_index() -> None:
    frame = pd.DataFrame(ROWS, index=["x", "y", "z"])
    verdicts = tpp.classify(frame, RULES)
    found = verdicts[A1]
    assert isinstance(found, pd.Series)
    assert found.dtype == "boolean"
    assert found.index.tolist() == ["x", "y", "z"]
    assert found.isna().tolist() == [False, True, False]
    assert found.name == A1
    assert verdicts.outcome.index.tolist() == ["x", "y", "z"]
    assert frame.assign(a1=found)["a1"].fillna(False).tolist() == [True, False, False]


def test_polars() -> None:
    verdicts = tpp.classify(pl.DataFrame(ROWS), RULES)
    assert isinstance(verdicts[A1], pl.Series)
    assert verdicts[A1].to_list() == EXPECTED
    assert verdicts[A1].name == A1
    assert len(verdicts.outcome.to_list()) == 3


@pytest.mark.parametrize(
    "table",
    [chips(), ROWS, arrow(), pd.DataFrame(ROWS), pl.DataFrame(ROWS)],
    ids=["chips", "dict", "pyarrow", "pandas", "polars"],
)
def test_outcomes_are_the_same_in_every_kind(table: Any) -> None:
    verdicts = tpp.classify(table, RULES)
    found = verdicts.outcome
    texts = found.to_pylist() if isinstance(found, pa.DictionaryArray) else list(found)
    assert texts == [tpp.classify(chip, RULES).outcome for chip in chips()]
    assert sum(verdicts.outcome_counts().values()) == 3


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 200])
def test_counts_and_bits_beyond_the_rows(rows: int) -> None:
    verdicts = long(rows)
    bitmaps = verdicts.bitmaps
    assert bitmaps.values.shape == (len(RULES.paragraphs), -(-rows // 64))
    assert not (bitmaps.values & ~bitmaps.valid).any(), "no value where there is no verdict"
    for words in (bitmaps.values, bitmaps.valid):
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        assert not bits[:, rows:].any(), "bits beyond the rows are 0"
    arrays, counts = verdicts.to_numpy(), verdicts.counts()
    for name in verdicts:
        assert sum(counts[name].values()) == rows
        assert counts[name]["true"] == int(arrays[name].filled(False).sum())
        assert counts[name]["undetermined"] == int(np.ma.getmaskarray(arrays[name]).sum())
    assert sum(verdicts.outcome_counts().values()) == rows


@pytest.mark.parametrize("rows", [1, 64, 100])
def test_to_arrow_is_to_numpy_without_a_copy(rows: int) -> None:
    verdicts = long(rows)
    table, arrays = verdicts.to_arrow(), verdicts.to_numpy()
    assert table.column_names == list(verdicts.paragraphs)
    table.validate(full=True)
    for i, name in enumerate(verdicts):
        column = table.column(name).chunk(0)
        assert column.to_pylist() == arrays[name].tolist()
        valid, values = column.buffers()
        assert values.address == verdicts.bitmaps.values[i].ctypes.data
        assert valid.address == verdicts.bitmaps.valid[i].ctypes.data


def test_arrow_outlives_the_verdicts() -> None:
    table = long(1000).to_arrow()
    expected = long(1000).to_numpy()[A1].tolist()
    junk = [np.ones(100_000) for _ in range(20)]
    assert table.column(A1).to_pylist() == expected
    del junk


def test_metadata() -> None:
    metadata = tpp.classify(ROWS, RULES).to_arrow().schema.metadata
    assert metadata[b"tppcore.rulebook"].decode() == RULES.hash
    assert metadata[b"tppcore.as_of"] == b"2026-02-01"
    assert metadata[b"tppcore.destination"] == b"CN"
    assert b"tf32_width=32" in metadata[b"tppcore.readings"]
    assert metadata_of(tpp.rulebook("2026-02-01"))["destination"] == ""


def test_it_is_a_mapping_of_ids() -> None:
    verdicts = tpp.classify(ROWS, RULES)
    assert list(verdicts) == list(verdicts.paragraphs) == [p.id for p in RULES.paragraphs]
    assert A1 in verdicts
    assert "us-3a090/zz" not in verdicts
    with pytest.raises(UnknownName, match="no paragraph 'us-3a090/zz'"):
        verdicts["us-3a090/zz"]
    assert repr(verdicts).startswith("<Verdicts: 3 rows, ")


@pytest.mark.parametrize("i", [0, 2, -1, -3])
def test_explain_a_row(i: int) -> None:
    for table in (ROWS, chips(), arrow()):
        explained = tpp.classify(table, RULES).explain(i)
        assert {e.paragraph.id: e.verdict for e in explained.paragraphs}[A1] is EXPECTED[i]


@pytest.mark.parametrize("i", [3, -4])
def test_explain_a_row_that_is_not_there(i: int) -> None:
    with pytest.raises(IndexError):
        tpp.classify(ROWS, RULES).explain(i)
