"""The main job at a small size: the same table for the same seed, and verdicts that add up."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tppcore as tpp
from tppcore import demo


def test_the_main_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "BATCH", 1000)
    monkeypatch.setattr(sys, "argv", ["demo", "--rows", "2500", "--out", str(tmp_path)])
    demo.main()
    said = capsys.readouterr().out
    assert "H200 SXM5" in said
    assert "2,500 generated configurations" in said
    assert "peak memory" in said
    table = pq.read_table(tmp_path / "configurations.parquet")
    verdicts = pq.read_table(tmp_path / "verdicts.parquet")
    assert table.num_rows == verdicts.num_rows == 2500
    whole = tpp.classify(table, tpp.rulebook(destination="CN"))
    assert verdicts.drop_columns("outcome").equals(whole.to_arrow())
    assert verdicts["outcome"].to_pylist() == whole.outcome.to_pylist()
    for count in whole.outcome_counts().values():
        assert f"{count:,}  " in said


def test_the_same_seed_gives_the_same_table() -> None:
    one, two, other = (next(demo.configurations(1000, seed)) for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)
