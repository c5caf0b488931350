"""The jobs decide everything, and their chips are the same for one seed."""

from __future__ import annotations

import numpy as np
import pytest

import tppcore as tpp
from tppcore.benchmark.jobs import JOBS, columns_of, random_table


@pytest.mark.parametrize("name", JOBS)
def test_eight_columns_of_doubles_then_booleans(name: str) -> None:
    table = random_table(JOBS[name].columns, 100)
    kinds = [values.dtype for values in table.values()]
    assert kinds[:8] == [np.float64] * 8
    assert set(kinds[8:]) == {np.dtype(np.uint8)}
    assert [each.quantity for each in JOBS[name].program.inputs if each.given] != []
    assert columns_of(table).rows == 100


@pytest.mark.parametrize("name", JOBS)
def test_every_paragraph_is_decided(name: str) -> None:
    job = JOBS[name]
    counts = tpp.classify(random_table(job.columns, 2000), job.rules).counts()
    assert all(each["undetermined"] == 0 for each in counts.values())
    both = [each for each in counts.values() if each["true"] and each["false"]]
    assert len(both) > len(counts) / 2


def test_the_same_seed_gives_the_same_chips() -> None:
    columns = JOBS["gate"].columns
    one, two, other = (random_table(columns, 50, seed) for seed in (1, 1, 2))
    for name in columns[:8]:
        assert np.array_equal(one[name], two[name])
        assert not np.array_equal(one[name], other[name])
        assert np.array_equal(random_table(columns, 10, 1)[name], one[name][:10])
