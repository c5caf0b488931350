"""Two-word numbers are Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proof import wide
from tests.proof.wide import TooWide, Whole, constant

HALF = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 2**32 - 1) | st.sampled_from([2**32 - 1, 2**32, 2**64 - 1])
NUMBER = SMALL | HALF | st.integers(0, 2**127 - 1)


def value(number: Whole, row: int = 0) -> int:
    high = 0 if number.high is None else int(number.high[row if len(number.high) > 1 else 0])
    return high << 64 | int(number.low[row if len(number.low) > 1 else 0])


@given(NUMBER, NUMBER)
def test_plus_and_compare(a: int, b: int) -> None:
    one, other = constant(a), constant(b)
    total = one.plus(other)
    assert value(total) == a + b
    assert total.bound == a + b
    at_least, more = one.compare(other)
    assert (bool(at_least.all()), bool(more.all())) == (a >= b, a > b)
    assert bool(one.is_zero().all()) == (a == 0)


@given(NUMBER, NUMBER)
def test_times(a: int, b: int) -> None:
    if a * b >= 2**128:
        with pytest.raises(TooWide):
            constant(a).times(constant(b))
    else:
        assert value(constant(a).times(constant(b))) == a * b


@given(HALF, st.integers(1, 2**63), st.integers(0, 2**20))
def test_where_a_bound_is_above_the_number(a: int, room: int, b: int) -> None:
    """A column is as wide as its largest number, and the others are smaller."""
    wide_one = constant(a + room).where(np.array([False, True]), constant(a))
    assert [value(wide_one.times(constant(b)), row) for row in (0, 1)] == [a * b, (a + room) * b]
    assert [value(wide_one.plus(constant(b)), row) for row in (0, 1)] == [a + b, a + room + b]


def test_column() -> None:
    column = wide.column(np.array([3, 0, 2**63 - 1]))
    assert column.bound == 2**63 - 1
    assert [value(column, row) for row in range(3)] == [3, 0, 2**63 - 1]
    with pytest.raises(AssertionError):
        wide.column(np.array([-1]))
