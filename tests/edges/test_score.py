"""Grades: perfect answers have no mismatch, and each mistake is called by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli import cli
from tppcore.edges.grading import EdgeScore, score_edges
from tppcore.edges.suite import EdgeSuite

A1, A2 = "us-3a090/a.1", "us-3a090/a.2"


def answers(suite: EdgeSuite, columns: dict[str, Any]) -> Any:
    return pa.table({"id": suite.table.column("id"), **columns})


def right(suite: EdgeSuite) -> Any:
    return suite.table.select(["id", *suite.paragraphs])


def graded(suite: EdgeSuite, table: Any, tmp_path: Path) -> EdgeScore:
    pacsv.write_csv(table, tmp_path / "answers.csv")
    return score_edges(tmp_path / "answers.csv", suite)


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["edges", *args])


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_the_suite_answers_itself(part: EdgeSuite, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"suite.{format}"
    part.write(path)
    done = run("score", str(path), "--suite", str(path))
    assert (done.exit_code, done.stderr) == (0, "")
    cells = part.table.num_rows * len(part.paragraphs)
    assert done.stdout == f"{cells:,} answers, 0 mismatches (0.00%)\n"


def reclassified(suite: EdgeSuite, rules: tpp.Rulebook, sheet: Any) -> Any:
    found = tpp.classify(sheet, rules).to_arrow()
    return answers(suite, {name: found.column(name) for name in suite.paragraphs})


def compared(suite: EdgeSuite, compare: Callable[[Any], Any]) -> Any:
    """Answers to a.1 alone, right but where TPP is a number, which is compared in another way."""
    found = tpp.metrics(suite.quantities, ["tpp"]).column("tpp").to_numpy()
    known = suite.table.column(A1).to_pylist()
    own = zip(found, compare(found), known, strict=True)
    return answers(suite, {A1: [k if np.isnan(x) else str(bool(w)) for x, w, k in own]})


def tie_below(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    return compared(suite, lambda tpp: tpp > 4800)


def rounding(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    return compared(suite, lambda tpp: np.round(tpp) >= 4800)


def single_precision(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    return compared(suite, lambda tpp: tpp.astype(np.float32) >= 4800)


def missing_false(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    table = right(suite)
    shut = {
        name: pc.if_else(pc.equal(table[name], "undetermined"), "false", table[name])
        for name in suite.paragraphs
    }
    return answers(suite, shut)


def missing_true(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    table = right(suite)
    open_ = {
        name: pc.if_else(pc.equal(table[name], "undetermined"), "yes", table[name])
        for name in suite.paragraphs
    }
    return answers(suite, open_)


def range_by_low(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    sheet = suite.quantities
    for name in [n for n in sheet.column_names if n.endswith("_low")]:
        base = name.removesuffix("_low")
        at = sheet.column_names.index(base)
        high = f"{base}_high"
        value = pc.coalesce(sheet[base], sheet[name])
        if base.startswith(("tops_", "dram")):
            bare = pc.and_(pc.is_null(value), pc.is_valid(sheet[high]))
            value = pc.if_else(bare, 0.0, value)
        sheet = sheet.set_column(at, base, value).drop_columns([name, high])
    return reclassified(suite, rules, sheet)


def circuits_ignored(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    return reclassified(suite, rules, suite.quantities.drop_columns(["ics_per_item"]))


def fp6_dropped(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    gone = [name for name in suite.quantities.column_names if "fp6_" in f"{name}_"]
    return reclassified(suite, rules, suite.quantities.drop_columns(gone))


def counted_twice(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    sheet = suite.quantities
    for at, name in enumerate(sheet.column_names):
        if name.startswith("tops_"):
            sheet = sheet.set_column(at, name, pc.multiply(sheet[name], 2.0))
    return reclassified(suite, rules, sheet)


def tf32_of_19_bits(suite: EdgeSuite, rules: tpp.Rulebook) -> Any:
    return reclassified(suite, rules.with_readings({"tf32_width": "19"}), suite.quantities)


MISTAKES = [
    (tie_below, "limit left out (>= read as >, <= as <)"),
    (rounding, "rounded to 0 decimals before comparison"),
    (single_precision, "computed in float32"),
    (missing_false, "missing read as false"),
    (missing_true, "missing read as true"),
    (range_by_low, "range read by its low end"),
    (circuits_ignored, "figures of several circuits taken for one"),
    (fp6_dropped, "format fp6 not read"),
    (counted_twice, "rate counted twice"),
    (tf32_of_19_bits, "other reading (tf32_width=19)"),
]


@pytest.mark.parametrize(("make", "name"), MISTAKES, ids=[make.__name__ for make, _ in MISTAKES])
def test_a_seeded_mistake_is_named(
    make: Callable[..., Any], name: str, suite: EdgeSuite, rules: tpp.Rulebook, tmp_path: Path
) -> None:
    found = graded(suite, make(suite, rules), tmp_path)
    assert found.mismatches > 0
    assert found.mismatches == sum(each.count for each in found.mistakes)
    assert found.mismatches == sum(wrong for _, wrong in found.paragraphs.values())
    assert found.mismatches == sum(wrong for _, wrong in found.kinds.values())
    first = found.mistakes[0]
    ties = {"limit left out (>= read as >, <= as <)", "tie read as below"}
    assert first.name == name or {first.name, name} <= ties
    assert first.count >= 0.95 * found.mismatches


def test_kinds_of_edges_tell_where_the_mismatches_are(
    suite: EdgeSuite, rules: tpp.Rulebook, tmp_path: Path
) -> None:
    found = graded(suite, single_precision(suite, rules), tmp_path)
    wrong = {kind for kind, (_, count) in found.kinds.items() if count}
    assert wrong == {"ulp below"}
    assert {paragraph for _, paragraph in found.crossed} == {A1}
    assert set(found.not_graded) == set(suite.paragraphs) - {A1}


def test_other_words_for_verdicts(suite: EdgeSuite, tmp_path: Path) -> None:
    words = {"true": ["1", "Yes", "T", "1.0"], "false": ["0", "no", "F"]}
    words["undetermined"] = ["", "null", "nan", "Unknown", "<NA>"]
    column = suite.table.column(A2).to_pylist()
    spoken = [words[word][i % len(words[word])] for i, word in enumerate(column)]
    assert graded(suite, answers(suite, {A2: spoken}), tmp_path).mismatches == 0


def test_typed_columns(suite: EdgeSuite, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    meaning = {"true": True, "false": False, "undetermined": None}
    column = [meaning[word] for word in suite.table.column(A2).to_pylist()]
    numbers = [None if each is None else float(each) for each in column]
    for cells in (pa.array(column), pa.array(numbers)):
        pq.write_table(answers(suite, {A2: cells}), tmp_path / "a.parquet")
        assert score_edges(tmp_path / "a.parquet", suite).mismatches == 0


def test_rows_in_another_order_and_rows_left_out(suite: EdgeSuite, tmp_path: Path) -> None:
    table = right(suite)
    backwards = table.take(list(range(table.num_rows))[::-1])
    assert graded(suite, backwards, tmp_path).mismatches == 0
    found = graded(suite, table.slice(2), tmp_path)
    assert [each.name for each in found.mistakes] == ["not answered"]
    assert found.mismatches == 2 * len(suite.paragraphs)


def test_answers_that_say_what_they_answer(tmp_path: Path) -> None:
    law = ["--as-of", "2026-02-01", "--rules", "us-is-informed-2025", "--limit", "40"]
    path = tmp_path / "mine.jsonl"
    assert run(*law, "-o", str(path)).exit_code == 0
    assert run("score", str(path)).exit_code == 0
    _, first, *rest = path.read_text().splitlines()
    assert len(rest) == 39
    bare = tmp_path / "bare.jsonl"
    bare.write_text("\n".join([first, *rest]))
    assert run("score", str(bare), *law).exit_code == 0
    turned = json.loads(first)
    mine = "us-is-informed-2025/interconnect"
    turned[mine] = "true" if turned[mine] != "true" else "false"
    bare.write_text("\n".join([json.dumps(turned), *rest]))
    done = run("score", str(bare), *law, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["mismatches"] == found["paragraphs"][mine]["mismatches"] == 1
    assert found["mistakes"][0]["examples"][0]["id"] == turned["id"]


BAD = [
    ("", "an empty file"),
    ("name,us-3a090/a.1\nx,1\n", "no column 'id'; expected the ids of the suite"),
    ("id,a.1\nx,1\n", "no column is a paragraph of the suite; expected some of us-3a090/note-2"),
    ("id,us-3a090/a.1\nx,1\n", "row 1, column id: 'x'; expected an id of the suite"),
    ("id,us-3a090/a.1\nID,maybe\n", "row 1, column us-3a090/a.1: 'maybe'; expected true, false or"),
    ("id,us-3a090/a.1\nID,1\nID,0\n", "row 2, column id: 'ID'; expected each id once (row 1 has"),
    ("id,us-3a090/a.1\nID\n", "line 2, row 1: 1 cells; expected 2"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_files(suite: EdgeSuite, tmp_path: Path, text: str, message: str) -> None:
    first = suite.table.column("id")[0].as_py()
    path = tmp_path / "bad.csv"
    path.write_text(text.replace("ID", first))
    with pytest.raises(tpp.TppError) as error:
        score_edges(path, suite)
    assert str(error.value).startswith(str(path))
    assert message.replace("ID", first) in str(error.value)


def test_bad_commands(tmp_path: Path) -> None:
    law = ["--as-of", "2026-02-01", "--rules", "us-foundry-presumption"]
    table = tmp_path / "a.csv"
    table.write_text("id,us-foundry-presumption/stands\n,1\n")
    for arguments, message in (
        (["score", str(tmp_path / "no.csv")], "no such file"),
        (["score", str(table), "--suite", str(table)], "not a suite"),
        (["score", str(table), *law], "row 1, column id: None; expected an id of the suite"),
        ([*law, "-o", str(tmp_path / "a.doc")], "unknown extension '.doc'"),
        ([*law, "-o", str(tmp_path / "no" / "a.csv")], "no such folder"),
        ([*law, "--format", "parquet"], "parquet is not for standard output"),
        ([*law, "--limit", "0"], "0 is not in the range"),
    ):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        assert message in done.stderr
    assert not (tmp_path / "a.doc").exists()


def test_standard_output_is_csv_or_json_lines() -> None:
    law = ["--as-of", "2026-02-01", "--rules", "us-foundry-presumption"]
    assert run(*law).stdout.startswith("# suite: 1\n")
    assert json.loads(run(*law, "--format", "jsonl").stdout.splitlines()[0])["meta"]["suite"] == 1
