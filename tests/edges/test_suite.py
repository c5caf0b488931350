"""The suite: it stands on the edges, it is right, and it is the same every time."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tppcore as tpp
from tppcore.edges.balance import balanced
from tppcore.edges.making import KINDS
from tppcore.edges.suite import EdgeSuite, edge_suite
from tppcore.engine import exact
from tppcore.engine.choose import available
from tppcore.rules.condition import Compare, leaves
from tppcore.sources import files
from tppcore.sources.table import Table

OWN = """id = "xx-edges"
title = "Every kind of test"
jurisdiction = "XX"

[[version]]
effective = 2025-01-01
status = "in force"
confidence = "M"
citation = "Directive 7"
url = "https://example.org"
scope = "circuit"

[[version.paragraph]]
id = "new"
all = ["first_marketed > 2026-01-01", "hbm", "item_kind == fpld"]

[[version.paragraph]]
id = "vector"
all = ["app >= 0.0128", 'unknown("which year")']
"""


def rows(suite: EdgeSuite) -> list[dict[str, object]]:
    found: list[dict[str, object]] = suite.table.to_pylist()
    return found


def words(verdicts: tpp.Verdicts) -> dict[str, list[str]]:
    text = {True: "true", False: "false", None: "undetermined"}
    columns = verdicts.to_arrow()
    return {name: [text[v] for v in columns.column(name).to_pylist()] for name in verdicts}


def test_every_kind_of_edge_is_there(suite: EdgeSuite) -> None:
    assert set(suite.table.column("kind").to_pylist()) == set(KINDS)


def test_every_test_of_every_paragraph_has_a_tie(rules: tpp.Rulebook, suite: EdgeSuite) -> None:
    tied = {
        (paragraph, test)
        for row in rows(suite)
        if row["kind"] in ("on", "yes", "word")
        for paragraph in str(row["paragraph"]).split()
        for test in str(row["test"]).split("; ")
    }
    for paragraph in rules.paragraphs:
        for leaf in leaves(paragraph.condition):
            assert isinstance(leaf, Compare)
            assert (paragraph.id, leaf.text) in tied
    assert suite.about["not_reached"] == []


def test_rows_stand_where_their_kind_says(rules: tpp.Rulebook, suite: EdgeSuite) -> None:
    chips = Table(suite.quantities, rules.vocabulary)
    for i, row in enumerate(rows(suite)):
        metric, _, threshold = str(row["id"]).partition("/")[0].partition("@")
        kind, side = str(row["kind"]).partition(" ")[::2]
        if kind not in ("on", "unit", "ulp") or i % 7:
            continue
        value = exact.Metrics(rules.formulas, chips.chip(i).quantities).metric(metric)
        away = value.low - Fraction(threshold)
        assert value.known
        assert {"": away == 0, "below": away < 0, "above": away > 0}[side]
        assert abs(away) <= Fraction(threshold) * (
            Fraction(1, 10**15) if kind == "ulp" else Fraction(1, 100)
        )


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("engine", ["c", "jit"])
def test_other_engines_agree_on_the_written_file(
    rules: tpp.Rulebook,
    suite: EdgeSuite,
    part: EdgeSuite,
    tmp_path: Path,
    format: str,
    engine: str,
) -> None:
    if not available(engine):
        pytest.skip(f"no engine {engine}")
    path = tmp_path / f"suite.{format}"
    (suite if format == "parquet" else part).write(path)
    table = files.read(path)
    found = words(tpp.classify(table, rules, engine=engine))
    for name in suite.paragraphs:
        assert found[name] == table.column(name).to_pylist()


def test_the_test_that_a_row_is_about_decides(suite: EdgeSuite) -> None:
    """Crossing the threshold turns the verdict of the paragraph in most ordinary contexts."""
    a1 = [row for row in rows(suite) if row["paragraph"] == "us-3a090/a.1"]
    verdicts = {kind: {str(r["us-3a090/a.1"]) for r in a1 if r["kind"] == kind} for kind in KINDS}
    assert verdicts["on"] == verdicts["ulp above"] == verdicts["range from"] == {"true"}
    assert verdicts["ulp below"] == verdicts["unit below"] == {"false"}
    assert verdicts["range across"] == verdicts["range up to"] == {"undetermined"}
    assert verdicts["missing"] >= {"undetermined"}


def test_every_format_and_count_reaches_the_line(suite: EdgeSuite) -> None:
    ties = [r for r in rows(suite) if str(r["id"]).startswith("tpp@4800/on/")]
    reached = {str(row["route"]) for row in ties}
    for name in tpp.rulebook("2026-02-01").vocabulary.formats:
        assert {f"tops_{name}", f"tops_{name}_vector", f"tops_{name}_sparse"} <= reached
        assert f"tops_{name}, 4 circuits" in reached
    assert any(route.startswith("tops_fp64 beside") for route in reached)


def test_corners_have_two_ties_at_once(suite: EdgeSuite) -> None:
    begins = "performance_density@5.92+tpp@1600"
    reasons = [str(row["reason"]) for row in rows(suite) if str(row["id"]).startswith(begins)]
    assert len(reasons) >= 9
    exactly = ("performance_density is exactly 5.92", "tpp is exactly 1600")
    assert any(all(text in reason for text in exactly) for reason in reasons)


def test_some_ties_are_missed_by_doubles(suite: EdgeSuite) -> None:
    missed = Counter()
    for row in rows(suite):
        if str(row["id"]).startswith("performance_density@5.92/on/"):
            tops, area = row["tops_fp8"], row["die_area_mm2"]
            if isinstance(tops, float) and isinstance(area, float) and row["kind"] == "on":
                naive = 8 * tops / area
                missed[(naive > 5.92) - (naive < 5.92)] += 1
    assert missed[-1] >= 3
    assert missed[0] >= 1


def test_reasons_say_test_value_and_citation(suite: EdgeSuite) -> None:
    by_kind = {}
    for row in rows(suite):
        if row["paragraph"] == "us-3a090/a.1":
            by_kind.setdefault(row["kind"], str(row["reason"]))
    assert by_kind["on"].startswith(
        "tpp is exactly 4800: tpp >= 4800 holds; us-3a090/a.1 is true (88 FR 73458"
    )
    assert "tpp is unknown without tops_fp8: tpp >= 4800 is open" in by_kind["missing"]
    assert "on both sides of 4800" in by_kind["range across"]


def test_numbers_are_shortest_decimals(suite: EdgeSuite, tmp_path: Path) -> None:
    suite.write(tmp_path / "suite.csv")
    lines = (tmp_path / "suite.csv").read_text().splitlines()
    cells = csv.DictReader(line for line in lines if not line.startswith("#"))
    for read, row in zip(cells, rows(suite), strict=True):
        for name in suite.quantities.column_names:
            if isinstance(row[name], float):
                assert Fraction(read[name]) == Fraction(repr(row[name]))


def test_ids_are_unique(suite: EdgeSuite) -> None:
    ids = suite.table.column("id").to_pylist()
    assert len(set(ids)) == len(ids)


def test_ids_stay() -> None:
    days = ("2026-01-20", "2026-03-01")
    found = [edge_suite(tpp.rulebook(day, rules=["us-hbm-exception"])) for day in days]
    assert found[0].table.column("id") == found[1].table.column("id")
    assert found[0].about["rulebook"] != found[1].about["rulebook"]


def test_a_limit_leaves_nothing_out(rules: tpp.Rulebook, suite: EdgeSuite, part: EdgeSuite) -> None:
    assert part.table.num_rows == part.about["rows"] == part.about["limit"] == 60
    kinds = Counter(part.table.column("kind").to_pylist())
    assert len(kinds) >= len(KINDS) - 1
    assert max(kinds.values()) <= 9
    paragraphs = {p for each in part.table.column("paragraph").to_pylist() for p in each.split()}
    assert paragraphs == set(suite.paragraphs)
    whole = suite.table.column("id").to_pylist()
    picked = part.table.column("id").to_pylist()
    assert picked == [name for name in whole if name in set(picked)]
    with pytest.raises(tpp.TppError, match="expected 1 or more"):
        balanced([], 0)


def test_the_same_bytes_on_every_run(tmp_path: Path) -> None:
    law = ["--as-of", "2026-02-01", "--rules", "us-hbm-exception", "us-foundry-presumption"]
    for format in ("csv", "parquet", "jsonl"):
        texts = set()
        for seed in ("1", "2"):
            path = tmp_path / f"{seed}.{format}"
            command = [sys.executable, "-P", "-m", "tppcore.cli", "edges", *law, "-o", str(path)]
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            subprocess.run(command, check=True, env=environment)
            texts.add(path.read_bytes())
        assert len(texts) == 1


def test_metadata_says_what_it_was_made_from(suite: EdgeSuite, tmp_path: Path) -> None:
    suite.write(tmp_path / "suite.parquet")
    about = json.loads(pq.read_schema(tmp_path / "suite.parquet").metadata[b"tppcore"])
    assert about == suite.about
    assert about["suite"] == 1
    assert about["tppcore"] == tpp.__version__
    assert about["as_of"] == "2026-02-01"
    assert about["rules"][0] == "us-3a090/note-2"
    assert about["readings"]["tf32_width"] == "32"


def test_dates_words_booleans_gaps_and_unreachable_thresholds(tmp_path: Path) -> None:
    (tmp_path / "xx-edges.toml").write_text(OWN)
    rules = tpp.rulebook("2026-02-01", rules=["xx-edges"], files=[tmp_path / "xx-edges.toml"])
    suite = edge_suite(rules)
    found = rows(suite)
    kinds = {(str(r["id"]).partition("/")[0], str(r["kind"])): r for r in found}
    assert str(kinds["first_marketed@20454", "on"]["first_marketed"]) == "2026-01-01"
    assert str(kinds["first_marketed@20454", "unit above"]["first_marketed"]) == "2026-01-02"
    assert kinds["first_marketed@20454", "unit above"]["xx-edges/new"] == "true"
    assert kinds["item_kind@fpld", "word"]["item_kind"] == "fpld"
    assert kinds["item_kind@fpld", "other word"]["item_kind"] != "fpld"
    assert kinds["hbm", "missing"]["xx-edges/new"] == "undetermined"
    assert "first_marketed is 2026-01-01" in str(kinds["first_marketed@20454", "on"]["reason"])
    # 0.3 and 0.9 times a decimal are never 0.0128, but doubles come as near as they can.
    assert any("app >= 0.0128: no figures reach" in note for note in suite.about["not_reached"])
    assert kinds["app@0.0128", "ulp below"]["xx-edges/vector"] == "false"
    assert kinds["app@0.0128", "ulp above"]["xx-edges/vector"] == "undetermined"
    assert "the text leaves open: which year" in str(kinds["app@0.0128", "ulp above"]["reason"])
