"""The straight-line form of a rulebook says what the engines say, on chips where nothing ties."""

from __future__ import annotations

import numpy as np
import pytest

import tppcore as tpp
from tppcore.benchmark import numpy_code
from tppcore.benchmark.jobs import JOBS, Job, random_table
from tppcore.benchmark.straight import Straight, straight


@pytest.fixture(params=JOBS, scope="module")
def job(request: pytest.FixtureRequest) -> Job:
    return JOBS[request.param]


def test_whole_columns(job: Job) -> None:
    table = random_table(job.columns, 3001)
    found = numpy_code.obvious(straight(job.rules, job.columns), table)
    verdicts = tpp.classify(table, job.rules)
    for paragraph, column in zip(job.rules.paragraphs, found, strict=True):
        expected = verdicts[paragraph.id]
        assert not np.ma.getmaskarray(expected).any()
        assert np.array_equal(column, np.asarray(expected)), paragraph.id
    assert 0 < np.mean(found[0]) < 1


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("block", [64, 1000, 1 << 17])
def test_blocks(job: Job, threads: int, block: int) -> None:
    """In place, with arrays shared among steps, blocks that end anywhere, and several threads."""
    code, rows = straight(job.rules, job.columns), 40_000 if block > 64 else 3001
    table = random_table(job.columns, rows)
    out = np.ones((len(code.results), rows), np.bool_)
    numpy_code.Blocks(code, out, threads, block)(table)
    assert np.array_equal(out, np.array(numpy_code.obvious(code, table)))


def test_what_is_shared_is_computed_once(job: Job) -> None:
    code = straight(job.rules, job.columns)
    assert len(set(code.steps)) == len(code.steps)
    read = set(code.results) | {arg for step in code.steps for arg in step.args}
    assert read == set(range(len(code.steps)))
    for index, step in enumerate(code.steps):
        assert all(arg < index for arg in step.args)


def test_a_table_that_leaves_something_open_is_refused() -> None:
    rules = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
    with pytest.raises(ValueError, match="die_area_mm2"):
        straight(rules, ["tops_fp8", "datacenter"])


def test_a_gap_in_the_text_is_refused() -> None:
    rules = tpp.rulebook("2026-02-01", rules=["us-742.6-review"])  # no destination
    with pytest.raises(ValueError, match="gap"):
        straight(rules, JOBS["gate"].columns)


def test_last_uses() -> None:
    code: Straight = straight(JOBS["gate"].rules, JOBS["gate"].columns)
    last = code.last_uses()
    for result in code.results:
        assert last[result] == len(code.steps)
    for index in set(range(len(code.steps))) - set(code.results):
        assert index in code.steps[last[index]].args
