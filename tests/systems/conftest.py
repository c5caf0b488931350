"""Rules on systems written by a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import tppcore as tpp


@pytest.fixture
def limit(own_file: Callable[..., Path]) -> Callable[[str, str], tpp.Rulebook]:
    """`limit("aggregate_tpp", "2.4")`: a rulebook on systems of own/at (>=) and own/over (>)."""

    def make(metric: str, threshold: str) -> tpp.Rulebook:
        tests = {"at": f'"{metric} >= {threshold}"', "over": f'"{metric} > {threshold}"'}
        path = own_file(**tests)
        path.write_text(path.read_text("utf-8").replace('"circuit"', '"system"'), "utf-8")
        return tpp.rulebook("2026-01-01", rules=["own"], files=[path])

    return make
