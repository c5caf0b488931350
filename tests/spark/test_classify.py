"""`tppcore.spark.classify`: types, nulls, names and errors, in a session of one process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tppcore as tpp
from tests.frames.conftest import Edges
from tests.frames.conftest import edges as edges
from tests.frames.conftest import rules as rules
from tests.spark.conftest import DOES_NOT_MATTER
from tppcore.errors import TppError
from tppcore.spark import classify

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings(DOES_NOT_MATTER)]


@pytest.fixture
def frame(spark: Any, edges: Edges, tmp_path: Path) -> Any:
    """The edges in three partitions, in their order."""
    import pyarrow.parquet as pq

    pq.write_table(edges.rows, tmp_path / "edges.parquet")
    return (
        spark.read.parquet(str(tmp_path / "edges.parquet"))
        .repartition(3)
        .sortWithinPartitions("id")
    )


def plain(found: Any) -> dict[str, list[Any]]:
    rows = sorted(found.collect(), key=lambda row: row["id"])
    return {name: [row[name] for row in rows] for name in found.columns}


def test_edges(frame: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    found = classify(frame, rules)
    assert found.columns == [*frame.columns, *edges.expected]
    assert plain(found) == {**plain(frame), **edges.expected}
    types = dict(found.dtypes)
    assert {types[name] for name in edges.expected if name != "outcome"} == {"boolean"}
    assert types["outcome"] == "string"
    assert found.schema[: len(frame.columns)] == frame.schema


def test_keep(frame: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    found = classify(frame, rules, "outcome", keep="id")
    assert plain(found) == {
        "id": list(range(len(edges.rows))), "outcome": edges.expected["outcome"]
    }  # fmt: skip
    counts = {row["outcome"]: row["count"] for row in found.groupBy("outcome").count().collect()}
    assert counts == tpp.classify(edges.rows, rules).outcome_counts()
    with pytest.raises(TppError, match="no column 'x' to keep"):
        classify(frame, rules, keep=["x"])


def test_two_laws_side_by_side(frame: Any, rules: tpp.Rulebook) -> None:
    """Names with dots, slashes and backticks; a rulebook that was amended."""
    amended = tpp.amended(rules, {"us-3a090": [("4800", "2400")]})
    named = frame.withColumnRenamed("id", "the.id `of` it")
    once = classify(named, rules, keep=["the.id `of` it", *frame.columns[1:]])
    renamed = once.withColumnsRenamed({p.id: f"before {p.id}" for p in rules.paragraphs})
    found = classify(renamed.withColumnRenamed("outcome", "before"), amended)
    rows = found.select("`before us-3a090/a.1`", "`us-3a090/a.1`").distinct().collect()
    assert (False, True) in {tuple(row) for row in rows}
    assert (True, False) not in {tuple(row) for row in rows}


def test_decimals_integers_and_nulls(spark: Any) -> None:
    """8 * 514.3 / 695 is 5.92, which doubles make 5.919999999999999."""
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090/a.2"])
    values = "(1, 514.3BD, 695, true), (2, 514.299BD, 695, true), (3, NULL, 695, NULL)"
    frame = spark.sql(
        "SELECT id, CAST(tops AS DECIMAL(30, 12)) AS tops_fp8, CAST(area AS SMALLINT) AS "
        f"die_area_mm2, flag AS datacenter FROM VALUES {values} AS t(id, tops, area, flag)"
    )
    assert plain(classify(frame, rules, keep=["id"]))["us-3a090/a.2"] == [True, False, None]


def test_nothing(frame: Any, spark: Any, rules: tpp.Rulebook) -> None:
    assert classify(frame.where("id < 0"), rules).collect() == []
    names = spark.createDataFrame([("a",), ("b",)], "name string")
    found = classify(names, rules, keep=[]).collect()
    assert [row["us-3a090/a"] for row in found] == [None, None]


def test_what_is_read(frame: Any, rules: tpp.Rulebook, capsys: Any) -> None:
    classify(frame.selectExpr("*", "id * 2 AS twice"), rules, keep=["id"]).explain()
    assert "twice" not in capsys.readouterr().out
    classify(frame.selectExpr("*", "id * 2 AS twice"), rules).explain()
    assert "twice" in capsys.readouterr().out


def test_errors(spark: Any, rules: tpp.Rulebook) -> None:
    frame = spark.createDataFrame([("x", 1.0), ("y", -1.0)], "chip string, tops_fp8 double")
    with pytest.raises(
        Exception, match=r"InputError: the row with chip y, column tops_fp8: -1\.0; "
    ):
        classify(frame, rules).collect()
    with pytest.raises(TppError, match="unknown column 'tops_fp99'"):
        classify(frame.withColumnRenamed("tops_fp8", "tops_fp99"), rules)
    with pytest.raises(TppError, match=re.escape("'us-3a090/a' is named like a new one")):
        classify(classify(frame, rules), rules, keep=["us-3a090/a"])
