"""The programs of docs/spark.md on several processes, one of which is killed on the way."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import tppcore as tpp
from tests import strategies
from tests.spark.conftest import Cluster, Submitted, kill

pytestmark = pytest.mark.spark

ROOT = Path(__file__).parents[2]
RULES = tpp.rulebook("2026-02-01", "CN")
TASKS, ROWS = 12, 10_000


def program(name: str, folder: Path) -> Path:
    """A program of the page, as a file."""
    page = (ROOT / "docs" / "spark.md").read_text("utf-8")
    (text,) = re.findall(rf"^```python {name}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def lose_a_worker(cluster: Cluster, running: Submitted) -> None:
    """Kills the older of two workers with a task in its hands, when others are done.

    It is halted first: the program can't end without the task that it holds then.
    """
    for executor in (0, 1):
        running.wait_for(rf"Starting task \d+\.0 in stage .*executor {executor},")
    lost = next(each for each in cluster.workers if each.poll() is None)
    os.killpg(lost.pid, signal.SIGSTOP)
    running.wait_for(rf"Finished task \d+\.0 in stage .* \(\d+/{TASKS}\)")
    kill(lost)
    running.wait_for("Lost executor")
    running.wait_for(r"Starting task \d+\.1 in stage")


def chips() -> pa.Table:
    """Rows on and beside the lines of the law, with holes and ranges, of four vendors."""
    kinds = [each for each in strategies.KINDS if each != "extreme"]
    rows = -(-TASKS * ROWS // len(kinds))
    parts = [
        pa.table(strategies.plain(strategies.table(kind, rows, 5, missing=0.1, ranged=0.1)))
        for kind in kinds
    ]
    table = pa.concat_tables(parts, promote_options="default").slice(0, TASKS * ROWS)
    numbers = np.arange(len(table))
    table = table.append_column("id", pa.array(numbers))
    vendors = pa.array([f"vendor {i}" for i in range(4)])
    return table.append_column("vendor", vendors.take(pa.array(numbers % 4)))


def test_a_dataset(cluster: Cluster, tmp_path: Path) -> None:
    table = chips()
    for i in range(TASKS):
        vendor, part = f"vendor {i % 4}", table.slice(i * ROWS, ROWS)
        own = part.set_column(
            part.schema.get_field_index("vendor"), "vendor", pa.array([vendor] * ROWS)
        )
        folder = tmp_path / "chips" / f"vendor={vendor}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(own.drop_columns("vendor"), folder / f"{i}.parquet")
    expected = tpp.classify(table, RULES)
    cluster.grow(2)

    running = cluster.submit(
        program("classify_chips.py", tmp_path), tmp_path / "chips", tmp_path / "verdicts"
    )
    lose_a_worker(cluster, running)
    running.finish()

    written = ds.dataset(tmp_path / "verdicts", partitioning="hive").to_table().sort_by("id")
    assert written["id"].to_pylist() == list(range(TASKS * ROWS))
    assert written["outcome"].equals(pa.chunked_array([expected.outcome.dictionary_decode()]))
    for name in expected:
        assert written[name].combine_chunks().equals(expected[name]), name
    assert set(table.column_names) <= set(written.column_names)
    for name in ("tops_fp8", "die_area_mm2_low"):
        np.testing.assert_array_equal(written[name].to_numpy(), table[name].to_numpy())


def test_a_census(cluster: Cluster, tmp_path: Path) -> None:
    file = ROOT / "specs" / "spaces" / "reticle.toml"
    expected = tpp.Space.from_toml(file).census(RULES)
    cluster.grow(2)

    running = cluster.submit(
        program("count_designs.py", tmp_path), file, TASKS, tmp_path / "counts.json"
    )
    lose_a_worker(cluster, running)
    running.finish()
    found = json.loads((tmp_path / "counts.json").read_text("utf-8"))

    whole = expected.to_dict()
    assert found["total"] == expected.total > 10**8
    for key in ("paragraphs", "outcomes", "meta"):
        assert found[key] == whole[key], key
    assert sorted(map(str, found["combinations"])) == sorted(map(str, whole["combinations"]))
