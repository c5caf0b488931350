"""Rulebooks, and what holds them, go to other processes and come back the same."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

import tppcore as tpp
from tppcore.answers import Answers
from tppcore.errors import SpecError, TppError
from tppcore.rules import store
from tppcore.rules.rulebook import Rulebook

LAW = tpp.rulebook("2026-02-01", "CN")
TABLE = {"tops_fp8": [1979.0, 514.3, None], "die_area_mm2": [814, 695, 100], "datacenter": [1] * 3}
SPACE = tpp.Space({"tops_fp8": {"from": "100", "to": "2000", "step": "1"}, "die_area_mm2": ["814"]})
SYSTEMS = tpp.Space({"chips": {"chips": ["H20", "H100"]}, "n": ["1", "8", "64"]}, count="n")

RULEBOOKS = {
    "law": LAW,
    "without a destination": tpp.rulebook("2026-02-01"),
    "readings": LAW.with_readings({"unlisted_formats": "unknown"}),
    "amended": tpp.amended(LAW, {"us-3a090": [("4800", "2400")]}),
}


def same(found: Rulebook, rules: Rulebook) -> None:
    assert found.stated == rules.stated
    assert found.paragraphs == rules.paragraphs
    for each in ("H200", "GB200 NVL72"):
        thing = tpp.chip(each) if each == "H200" else tpp.system(each)
        assert tpp.classify(thing, found).outcome == tpp.classify(thing, rules).outcome
    assert tpp.classify(TABLE, found).counts() == tpp.classify(TABLE, rules).counts()


@pytest.mark.parametrize("rules", RULEBOOKS.values(), ids=RULEBOOKS)
def test_rulebooks(rules: Rulebook) -> None:
    tpp.classify(TABLE, rules)  # what was made of it stays behind
    tpp.classify(tpp.system("GB200 NVL72"), rules)
    same(pickle.loads(pickle.dumps(rules)), rules)
    same(copy.deepcopy(rules), rules)


def test_own_rules(own_file: Callable[..., Path]) -> None:
    """The file need not be there where the rulebook arrives."""
    path = own_file(a='"tpp >= 4800"')
    rules = tpp.rulebook("2026-02-01", rules=["own", "us-3a090"], files=[path])
    pickled = pickle.dumps(rules)
    path.unlink()
    found = pickle.loads(pickled)
    same(found, rules)
    moved = tpp.amended(found, {"own": [("4800", "20000")]})
    assert tpp.classify(tpp.chip("H200"), found)["own/a"] is True
    assert tpp.classify(tpp.chip("H200"), moved)["own/a"] is False


def test_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rulebook is not read with the metrics of other specs."""
    pickled = pickle.dumps(LAW)
    other = store.Specs({**store.specs().data, "hash": "another"})
    monkeypatch.setattr(store, "specs", lambda: other)
    with pytest.raises(TppError, match="expected the same version of tppcore on every machine"):
        pickle.loads(pickled)


@pytest.mark.parametrize("space", [SPACE, SYSTEMS], ids=["chips", "systems"])
def test_spaces_and_censuses(space: tpp.Space) -> None:
    expected = space.census(LAW)
    shards = [pickle.loads(pickle.dumps(space.shard(i, 2))) for i in range(2)]
    parts = [pickle.loads(pickle.dumps(each.census(LAW))) for each in shards]
    found = sum(parts[1:], parts[0])
    assert found.counts() == expected.counts()
    assert found.outcome_counts() == expected.outcome_counts()
    assert found.to_dict()["meta"] == expected.to_dict()["meta"]


def test_a_process_that_starts_afresh() -> None:
    answers, rows = Answers(LAW), pa.table(TABLE)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found, census = pool.submit(answers, rows), pool.submit(SPACE.census, LAW)
        assert found.result().equals(answers(rows), check_metadata=True)
        assert (census.result() + SPACE.census(LAW)).total == 2 * SPACE.size


def test_errors() -> None:
    for error in (
        tpp.InputError("tops_fp8", 3, -1.0, "a number", "chips.csv"),
        SpecError("own.toml", 4, "no such metric", 7),
        tpp.UnknownName("no chip 'X'"),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert (str(again), vars(again)) == (str(error), vars(error))
