"""Answers hold in any cut of a table, say which columns they read, and travel between processes."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

import tppcore as tpp
from tests.frames.conftest import Edges
from tppcore.answers import Answers, named, outcome_words
from tppcore.errors import InputError, TppError


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_batches(size: int, edges: Edges, rules: tpp.Rulebook) -> None:
    answers = pickle.loads(pickle.dumps(Answers(rules)))
    found = pa.concat_tables(answers.each(edges.rows.to_batches(size)))
    assert found.column_names == ["id", *edges.expected]
    assert found.drop_columns("id").to_pydict() == edges.expected
    assert found.schema.equals(answers.schema(edges.rows.schema), check_metadata=True)


def test_outcome_words(edges: Edges, rules: tpp.Rulebook) -> None:
    """The dictionary is the same whatever the rows are: every outcome, the strongest first."""
    answers = Answers(rules, "outcome", keep=())
    for rows in (edges.rows, edges.rows.slice(0, 0)):
        for chunk in answers(rows).column("outcome").chunks:
            assert chunk.dictionary.to_pylist() == outcome_words(rules)
    words = outcome_words(rules)
    assert set(edges.expected["outcome"]) < set(words)
    assert words[0] == "licence, presumption of denial"
    assert words[-1].startswith("no 3A090/4A090")


def test_no_paragraph_has_an_outcome(edges: Edges) -> None:
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    assert [each[:13] for each in outcome_words(rules)] == ["not evaluated"]
    assert set(Answers(rules)(edges.rows)["outcome"].to_pylist()) == set(outcome_words(rules))


def test_columns_that_are_read(rules: tpp.Rulebook) -> None:
    empty = pa.table({"id": [1], "note": ["x"], "tops_fp8": [1.0], "die_area_mm2_low": [1.0]})
    assert Answers(rules, keep="id").read(empty.slice(0, 0)) == [
        "id", "tops_fp8", "die_area_mm2_low"
    ]  # fmt: skip
    assert Answers(rules).read(empty.slice(0, 0)) == empty.column_names
    with pytest.raises(TppError, match="unknown column 'tops_fp99'"):
        Answers(rules).read(pa.table({"tops_fp99": pa.nulls(0)}))
    with pytest.raises(TppError, match="no column 'x' to keep; found id, note"):
        Answers(rules, keep=["x"]).read(empty)
    with pytest.raises(TppError, match=r"column 'us-3a090/a' is named like a new one"):
        Answers(rules).read(empty.append_column("us-3a090/a", pa.array([True])))


def test_rows_of_errors(rules: tpp.Rulebook) -> None:
    batch = pa.table({"chip": ["a", "b"], "tops_fp8": [1.0, -1.0], "who": [None, "me"]})
    answers = Answers(rules)
    with pytest.raises(InputError, match=r"^row 12, column tops_fp8: -1\.0; expected") as caught:
        answers(batch, 10)
    with pytest.raises(InputError, match=r"^the row with chip b, who me, column tops_fp8: -1"):
        answers(batch, None)
    with pytest.raises(InputError, match=r"^column tops_fp8: -1"):
        Answers(rules, keep=())(batch, None)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.row == 11
    assert named(again, batch, ["tops_fp8"]).row is None
