"""Small limits, so that small spaces are counted in every way that large ones are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tppcore.engine.counting import tally, verdicts

WAYS = {
    "as shipped": {},
    "small groups": {"LIMITS": (1, 4, 12)},
    "nothing collapsed": {"LIMITS": (1,)},
    "chunks": {"LIMITS": (1,), "CHUNK": 2},
    "small chunks and groups": {"LIMITS": (4,), "CHUNK": 1},
}
"""Limits under which a space is counted."""


@contextmanager
def counted(way: str) -> Iterator[None]:
    limits = WAYS[way]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "LIMITS", limits.get("LIMITS", verdicts.LIMITS))
        patch.setattr(tally, "CHUNK", limits.get("CHUNK", tally.CHUNK))
        # One core would do without threads.
        patch.setattr(tally, "usable_cpus", lambda: 3)
        yield


@pytest.fixture
def counting() -> Callable[[str], AbstractContextManager[None]]:
    return counted
