"""Small limits, so that small spaces are counted in every way that large ones are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tppcore.engine.counting import clusters, tally, verdicts

WAYS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "small groups": {"LIMITS": (1, 4, 12)},
    "nothing collapsed": {"LIMITS": (1,)},
    "chunks": {"LIMITS": (1,), "CHUNK": 2},
    "small chunks and groups": {"LIMITS": (4,), "CHUNK": 1},
    "linked and shared": {"LIMITS": (32,), "LINK": True},
    "linked and shared, in chunks": {"LIMITS": (16,), "CHUNK": 3, "LINK": True},
}
"""Limits under which a space is counted. LINK: with linked axes, and limits along shared ones,
wherever there can be any."""


@contextmanager
def counted(way: str) -> Iterator[None]:
    limits = WAYS[way]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "LIMITS", limits.get("LIMITS", verdicts.LIMITS))
        patch.setattr(tally, "CHUNK", limits.get("CHUNK", tally.CHUNK))
        # One core would do without threads.
        patch.setattr(tally, "usable_cpus", lambda: 3)
        if "LINK" in limits:
            patch.setattr(verdicts, "CHEAP", -1)
            patch.setattr(clusters, "_WORTH", 0)
            patch.setattr(verdicts.Plan, "cost", property(_preferred))
        yield


_COST = verdicts.Plan.cost.fget


def _preferred(plan: verdicts.Plan) -> int:
    """The cost of a plan, far less for one with linked axes."""
    assert _COST is not None
    return int(_COST(plan)) - (10**15 if clusters.linked(plan.roots) else 0)


@pytest.fixture
def counting() -> Callable[[str], AbstractContextManager[None]]:
    return counted
