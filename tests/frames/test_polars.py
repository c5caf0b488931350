"""`df.tpp` and `lf.tpp` in Polars: the same answers eagerly, lazily and as a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import tppcore as tpp
import tppcore.polars
from tests import strategies
from tests.frames.conftest import Edges
from tppcore.answers import outcome_words
from tppcore.errors import InputError, TppError, UnknownName

A = "us-3a090/a"


@pytest.fixture
def frame(edges: Edges) -> pl.DataFrame:
    return pl.from_arrow(edges.rows)


@pytest.fixture
def file(frame: pl.DataFrame, tmp_path: Path) -> Path:
    """Many times the edges, in many row groups."""
    path = tmp_path / "edges.parquet"
    pl.concat([frame.with_columns(round=pl.lit(i)) for i in range(50)]).write_parquet(
        path, row_group_size=701
    )
    return path


def verdicts(found: pl.DataFrame, edges: Edges) -> dict[str, list[Any]]:
    return found.select(list(edges.expected)).to_dict(as_series=False)


def test_edges(frame: pl.DataFrame, edges: Edges, rules: tpp.Rulebook) -> None:
    found = frame.tpp.classify(rules)
    assert found.columns == [*frame.columns, *edges.expected]
    assert_frame_equal(found.select(frame.columns), frame)
    assert verdicts(found, edges) == edges.expected
    assert found.schema["outcome"] == pl.Enum(outcome_words(rules))
    assert frame.tpp.outcome(rules).equals(found["outcome"])
    assert frame.tpp.classify(rules, "outcome", keep="id").columns == ["id", "outcome"]


def test_chunks_and_types(frame: pl.DataFrame, edges: Edges, rules: tpp.Rulebook) -> None:
    chunked = pl.concat([frame[:10], frame[10:11], frame[11:]], rechunk=False)
    assert chunked.n_chunks() == 3
    for kind in (pl.Categorical, pl.Enum(chunked["item_kind"].drop_nulls().unique())):
        made = chunked.with_columns(pl.col("item_kind").cast(kind))
        assert verdicts(made.tpp.classify(rules), edges) == edges.expected
        assert verdicts(made.lazy().tpp.classify(rules).collect(), edges) == edges.expected


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_lazy(engine: Any, file: Path, edges: Edges, rules: tpp.Rulebook) -> None:
    lazy = pl.scan_parquet(file).tpp.classify(rules, keep=["round", "id"])
    found = lazy.collect(engine=engine)
    assert found.schema == lazy.collect_schema()
    for part in found.sort("round", maintain_order=True).partition_by("round"):
        assert part["id"].to_list() == list(range(len(edges.rows)))
        assert verdicts(part, edges) == edges.expected
    counts = lazy.group_by("outcome").len().collect(engine=engine)
    expected = tpp.classify(edges.rows, rules).outcome_counts()
    assert dict(counts.iter_rows()) == {name: 50 * count for name, count in expected.items()}


def test_sink(file: Path, edges: Edges, rules: tpp.Rulebook, tmp_path: Path) -> None:
    lazy = pl.scan_parquet(file).tpp.classify(rules)
    lazy.sink_parquet(tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet")
    assert found.columns == lazy.collect_schema().names()
    assert verdicts(found[-len(edges.rows) :], edges) == edges.expected
    assert found["id"].equals(pl.read_parquet(file)["id"])


def test_nothing_runs_for_the_schema(frame: pl.DataFrame, rules: tpp.Rulebook) -> None:
    ran = []

    def noting(batch: pl.DataFrame) -> pl.DataFrame:
        ran.append(len(batch))
        return batch

    lazy = frame.lazy().map_batches(noting, schema=frame.schema, streamable=True)
    found = lazy.tpp.classify(rules)
    assert found.collect_schema() == frame.tpp.classify(rules).schema
    assert found.filter(pl.col(A)).select("id").collect_schema() == {"id": pl.Int64}
    assert not ran
    assert found.select(pl.len()).collect().item() == sum(ran) == len(frame)


def test_what_is_read(file: Path, rules: tpp.Rulebook) -> None:
    """Columns that are neither kept nor quantities are not; filters on kept ones come first."""
    lazy = pl.scan_parquet(file).tpp.classify(rules, keep=["id"])
    width = len(pl.read_parquet_schema(file))
    assert f"PROJECT {width - 1}/{width} COLUMNS" in lazy.explain()
    plan = lazy.filter(pl.col("id") == 3, pl.col(A)).explain()
    after, _, before = plan.partition("OPAQUE_PYTHON")
    assert A in after
    assert '"id"' in before.partition("SELECTION")[2]
    found = lazy.filter(pl.col("id") < 9, pl.col(A)).collect()
    assert_frame_equal(found, lazy.collect().filter(pl.col("id") < 9, pl.col(A)))


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_random_rows(engine: Any, rules: tpp.Rulebook) -> None:
    """Many batches, by many threads, in order."""
    columns = strategies.table("step", 300_000, 3, missing=0.1, ranged=0.1)
    table = strategies.plain(columns)
    expected = tpp.classify(table, rules)
    frame = pl.DataFrame(table).with_row_index("row")
    found = frame.lazy().tpp.classify(rules, keep=["row"]).collect(engine=engine)
    assert found["row"].equals(frame["row"])
    for name in expected:
        known = ~np.ma.getmaskarray(expected[name])
        assert np.array_equal(found[name].is_not_null().to_numpy(), known)
        assert np.array_equal(found[name].fill_null(False).to_numpy(), expected[name].filled(False))


def test_empty(frame: pl.DataFrame, rules: tpp.Rulebook) -> None:
    schema = frame.tpp.classify(rules).schema
    assert frame.clear().tpp.classify(rules).schema == schema
    assert frame.clear().lazy().tpp.classify(rules).collect().schema == schema
    assert frame.lazy().filter(pl.col("id") < 0).tpp.classify(rules).collect().is_empty()


def test_no_quantities(rules: tpp.Rulebook) -> None:
    frame = pl.DataFrame({"name": ["a", "b", "c"]})
    expected = frame.tpp.classify(rules, keep=[])
    assert expected[A].to_list() == [None] * 3
    assert_frame_equal(frame.lazy().tpp.classify(rules, keep=[]).collect(), expected)
    assert frame.lazy().tpp.metrics("tpp", keep=[]).collect()["tpp_low"].to_list() == [0.0] * 3


def test_metrics(frame: pl.DataFrame) -> None:
    names = ["tpp", "performance_density"]
    expected = tpp.metrics(frame, names)
    found = frame.tpp.metrics(names, keep="id")
    assert_frame_equal(found, pl.concat([frame.select("id"), expected], how="horizontal"))
    lazy = frame.lazy().tpp.metrics(names, keep=["id"])
    three = [each for name in names for each in (name, f"{name}_low", f"{name}_high")]
    assert lazy.collect_schema() == {"id": pl.Int64, **dict.fromkeys(three, pl.Float64)}
    assert_frame_equal(lazy.collect().select(found.columns), found)
    certain = frame.lazy().filter(pl.col("tops_fp8_low").is_null(), pl.col("tops_fp8") > 0)
    ends = certain.tpp.metrics("tpp").collect()
    assert ends["tpp"].equals(ends["tpp_low"])
    assert len(ends)
    with pytest.raises(UnknownName, match="unknown metric 'tp'"):
        frame.lazy().tpp.metrics("tp")


def test_counts(frame: pl.DataFrame, edges: Edges, rules: tpp.Rulebook) -> None:
    found = {row.pop("paragraph"): row for row in frame.tpp.counts(rules).iter_rows(named=True)}
    assert found == tpp.classify(edges.rows, rules).counts()


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_errors(engine: Any, rules: tpp.Rulebook) -> None:
    frame = pl.DataFrame({"chip": ["a", "b", "c"], "tops_fp8": [1.0, 2.0, -1.0]})
    with pytest.raises(InputError, match=r"^row 3, column tops_fp8: -1\.0; expected"):
        frame.tpp.classify(rules)
    lazy = frame.lazy().tpp.classify(rules)
    with pytest.raises(InputError, match=r"^the row with chip c, column tops_fp8: -1\.0; expected"):
        lazy.collect(engine=engine)
    with pytest.raises(InputError, match=r"^the row with chip c, column tops_fp8: -1"):
        frame.lazy().tpp.metrics("tpp").collect(engine=engine)
    assert lazy.filter(pl.col("chip") < "c").collect(engine=engine)["chip"].to_list() == ["a", "b"]


def test_errors_before_anything_runs(frame: pl.DataFrame, rules: tpp.Rulebook) -> None:
    lazy = frame.lazy()
    with pytest.raises(TppError, match="unknown column 'tops_fp99'"):
        lazy.rename({"tops_fp8": "tops_fp99"}).tpp.classify(rules)
    with pytest.raises(TppError, match="no column 'x' to keep"):
        lazy.tpp.classify(rules, keep=["x"])
    with pytest.raises(TppError, match="is named like a new one"):
        lazy.tpp.classify(rules).tpp.classify(rules)
    again = lazy.tpp.classify(rules).tpp.classify(rules, keep=["id"]).collect()
    assert_frame_equal(again, frame.tpp.classify(rules, keep=["id"]))


def test_it_is_the_namespace_of_this_module() -> None:
    assert type(pl.DataFrame({"tops_fp8": [1.0]}).tpp) is tppcore.polars.PolarsFrame
