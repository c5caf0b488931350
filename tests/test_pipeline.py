"""Work made ahead: the same items in order, a bounded number of them, and no thread left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tppcore.pipeline import THREAD, ahead


def threads() -> int:
    """How many work ahead; other tests of this process may leave threads that end meanwhile."""
    return sum(each.name == THREAD for each in threading.enumerate())


def test_the_same_in_order() -> None:
    assert list(ahead(range(1000), 3)) == list(range(1000))
    assert list(ahead(ahead(iter("abc")))) == list("abc")
    assert list(ahead([])) == []
    assert not threads()


def test_what_is_made_ahead_is_bounded() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    with closing(ahead(items(), 2)) as each:
        assert next(each) == 0
        deadline = time.monotonic() + 10
        while len(made) < 4 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        assert len(made) == 4  # the one in use, two that wait, one in the maker's hand
    assert len(made) == 4


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    each = ahead(items())
    assert next(each) == 1
    with pytest.raises(KeyError, match="two"):
        next(each)
    assert list(each) == []


def test_closing_ends_what_is_within() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.append(threading.current_thread())

    with closing(ahead(ahead(items()))) as each:
        assert next(each) == 0
        assert threads() == 2
    assert not threads()
    assert len(closed) == 1


def test_leaving_a_loop_with_an_error_ends_it() -> None:
    def use() -> None:
        with closing(ahead(iter(range(10**9)))) as each:
            for _ in each:
                raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        use()
    assert not threads()
