"""Rule files written by a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tppcore.rules.rulebook import Rulebook, rulebook

HEAD = """id = "own"
title = "Own rule"
[[version]]
effective = 2020-01-01
status = "in force"
confidence = "P"
citation = "Own Act s. 1"
url = "https://example.org"
scope = "circuit"
"""


@pytest.fixture
def own_file(tmp_path: Path) -> Callable[..., Path]:
    """`own_file(a='"tpp >= 4800"')`: a rule file `own.toml` with one paragraph each."""

    def write(**paragraphs: str) -> Path:
        path = tmp_path / "own.toml"
        parts = [
            f'[[version.paragraph]]\nid = "{name}"\n'
            + (condition if condition.startswith(("all =", "any =")) else f"all = [{condition}]")
            for name, condition in paragraphs.items()
        ]
        path.write_text(HEAD + "\n".join(parts) + "\n", "utf-8")
        return path

    return write


@pytest.fixture
def own(own_file: Callable[..., Path]) -> Callable[..., Rulebook]:
    """`own('"tpp >= 4800"', destination="CN")`: a rulebook of the one paragraph own/a."""

    def make(condition: str, **options: str) -> Rulebook:
        return rulebook("2026-01-01", rules=["own"], files=[own_file(a=condition)], **options)

    return make
