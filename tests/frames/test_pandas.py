"""`df.tpp` in pandas: a frame's own index and columns, and verdicts as pandas people have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import tppcore as tpp
import tppcore.pandas
from tests.frames.conftest import Edges
from tppcore.answers import outcome_words
from tppcore.errors import InputError, TppError, UnknownName

A = "us-3a090/a"


def plain(frame: Any) -> dict[str, list[Any]]:
    """The columns of verdicts as lists of True, False, None and words."""
    return {
        name: [None if each is pd.NA else each for each in column] for name, column in frame.items()
    }


@pytest.fixture
def frame(edges: Edges) -> Any:
    """Under an index with repeats, in an order of its own."""
    frame = edges.rows.to_pandas()
    return frame.set_index(pd.Index(np.arange(len(frame)) // 2, name="half")).iloc[::-1]


@pytest.fixture
def backwards(edges: Edges) -> dict[str, list[Any]]:
    return edges.take(list(range(len(edges.rows)))[::-1])


def test_edges(frame: Any, backwards: Any, rules: tpp.Rulebook) -> None:
    before = frame.copy()
    found = frame.tpp.classify(rules)
    assert list(found.columns) == [*frame.columns, *backwards]
    pd.testing.assert_frame_equal(found[list(frame.columns)], before)
    assert plain(found[list(backwards)]) == backwards
    assert set(map(str, found[list(backwards)[:-1]].dtypes)) == {"boolean"}
    assert found["outcome"].cat.categories.tolist() == outcome_words(rules)
    pd.testing.assert_series_equal(frame.tpp.outcome(rules), found["outcome"])


def test_keep(frame: Any, backwards: Any, rules: tpp.Rulebook) -> None:
    assert list(frame.tpp.classify(rules, "outcome", keep="id")) == ["id", "outcome"]
    found = frame.tpp.classify(rules, keep=[])
    assert plain(found) == backwards
    assert found.index.equals(frame.index)
    with pytest.raises(TppError, match="no column 'x' to keep"):
        frame.tpp.classify(rules, keep=["x"])
    twice = frame.tpp.classify(rules)
    with pytest.raises(TppError, match="is named like a new one"):
        twice.tpp.classify(rules)
    assert plain(twice.tpp.classify(rules, keep=["id"]))["outcome"] == backwards["outcome"]


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_types(backend: Any, edges: Edges, rules: tpp.Rulebook) -> None:
    frame = edges.rows.to_pandas().convert_dtypes(dtype_backend=backend)
    frame["item_kind"] = frame["item_kind"].astype("category")
    assert plain(frame.tpp.classify(rules, keep=[])) == edges.expected


def test_columns_that_arrow_has_no_word_for(rules: tpp.Rulebook) -> None:
    """They are no quantities, and stay as they are."""
    strange = [1, "x", object()]
    frame = pd.DataFrame({"tops_fp8": [1979.0, np.nan, 0.1], "strange": strange, 5: [1, 2, 3]})
    found = frame.tpp.classify(rules)
    assert found["strange"].tolist() == strange
    assert list(found.columns[:3]) == ["tops_fp8", "strange", 5]
    assert found["us-3a090/a.1"].isna().tolist() == [False, True, False]


def test_empty(edges: Edges, rules: tpp.Rulebook) -> None:
    whole = edges.rows.to_pandas()
    found = whole.iloc[:0].tpp.classify(rules)
    assert found.dtypes.equals(whole.tpp.classify(rules).dtypes)
    assert len(found) == 0


@pytest.mark.parametrize("index", [range(3), pd.MultiIndex.from_tuples([(1, 2), (1, 3), (2, 2)])])
def test_no_quantities(index: Any, rules: tpp.Rulebook) -> None:
    for frame in (pd.DataFrame(index=index), pd.DataFrame({"name": list("abc")}, index=index)):
        found = frame.tpp.classify(rules)
        assert found[A].isna().tolist() == [True] * 3
        assert found.index.equals(frame.index)
        assert frame.tpp.metrics(["tpp"], keep=[])["tpp_low"].tolist() == [0.0] * 3


def test_pieces_are_of_one_kind(edges: Edges, rules: tpp.Rulebook) -> None:
    """Frames classified one by one are put together without losing their types."""
    whole = edges.rows.to_pandas()
    pieces = [whole.iloc[i : i + 40].tpp.classify(rules) for i in range(0, len(whole), 40)]
    pd.testing.assert_frame_equal(pd.concat(pieces), whole.tpp.classify(rules))


def test_group_by(edges: Edges, rules: tpp.Rulebook) -> None:
    found = edges.rows.to_pandas().tpp.classify(rules)
    counts = found.groupby("outcome", observed=True).size().to_dict()
    assert counts == tpp.classify(edges.rows, rules).outcome_counts()


def test_counts(edges: Edges, rules: tpp.Rulebook) -> None:
    found = edges.rows.to_pandas().tpp.counts(rules)
    assert found.to_dict("index") == tpp.classify(edges.rows, rules).counts()


def test_metrics(frame: Any) -> None:
    expected = tpp.metrics(frame, ["tpp", "performance_density"])
    found = frame.tpp.metrics(["tpp", "performance_density"], keep="id")
    assert list(found.columns) == ["id", *expected.columns]
    pd.testing.assert_frame_equal(found[list(expected.columns)], expected)
    assert found.index.equals(frame.index)
    assert list(frame.tpp.metrics(["tpp"]).columns[: len(frame.columns)]) == list(frame.columns)
    with pytest.raises(UnknownName, match="unknown metric 'tp'"):
        frame.tpp.metrics(["tp"])
    with pytest.raises(TppError, match="'tpp' is named like a new one"):
        frame.assign(tpp=1).tpp.metrics(["tpp"])


def test_errors(rules: tpp.Rulebook) -> None:
    frame = pd.DataFrame({"tops_fp8": [1.0, 2.0, -1.0]}, index=["x", "y", "z"])
    with pytest.raises(InputError, match=r"^row 3, column tops_fp8: -1\.0; expected"):
        frame.tpp.classify(rules)
    with pytest.raises(TppError, match="unknown column 'tops_fp99'"):
        frame.rename(columns={"tops_fp8": "tops_fp99"}).tpp.classify(rules)
    with pytest.raises(TppError, match="expected columns or outcome"):
        frame.tpp.classify(rules, "all")


def test_it_is_the_accessor_of_this_module() -> None:
    assert type(pd.DataFrame({"tops_fp8": [1.0]}).tpp) is tppcore.pandas.PandasFrame
