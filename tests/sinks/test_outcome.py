"""The highest outcome of a row: never more certain than the verdicts are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.engine.columns import Bitmaps
from tppcore.sinks.outcome import NOT_EVALUATED, Ladder

RULES = tpp.rulebook("2026-02-01", "CN")
LADDER = Ladder(RULES)
WORDS = LADDER.words
NAMES = [paragraph.id for paragraph in RULES.paragraphs]


def row(**verdicts: bool | None) -> list[bool | None]:
    """Verdicts of every paragraph: false but for those of an outcome (d, c, n, ...)."""
    wanted = {"denial": 0, "case": 1, "nac": 2}
    found: list[bool | None] = [False] * len(NAMES)
    for name, verdict in verdicts.items():
        found[LADDER.ranks[wanted[name]][0]] = verdict
    return found


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        (row(), WORDS[-1]),
        (row(denial=True), WORDS[0]),
        (row(denial=True, case=True, nac=None), WORDS[0]),
        (row(case=True), WORDS[1]),
        (row(case=True, nac=None), WORDS[1]),
        (row(denial=None), f"undetermined: up to {WORDS[0]}; at least no requirement found"),
        (row(denial=None, case=True), f"undetermined: up to {WORDS[0]}; at least {WORDS[1]}"),
        (row(denial=None, case=None, nac=True),
         f"undetermined: up to {WORDS[0]}; at least {WORDS[2]}"),
        (row(case=None, nac=True), f"undetermined: up to {WORDS[1]}; at least {WORDS[2]}"),
    ],
)  # fmt: skip
def test_text(verdicts: list[bool | None], text: str) -> None:
    assert LADDER.text(LADDER.code(verdicts)) == text


def test_words() -> None:
    assert WORDS[0] == "licence, presumption of denial"
    assert WORDS[-1].startswith("no 3A090/4A090 licence requirement found (other controls")
    assert not any(word in text for word in ("free", "clear") for text in LADDER.texts)


def test_nothing_evaluated() -> None:
    ladder = Ladder(tpp.rulebook("2026-02-01", "CN", rules="us-3a090"))
    assert ladder.text(ladder.code([True] * 9)) == NOT_EVALUATED


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([True, False, None]), min_size=len(NAMES), max_size=len(NAMES)),
        min_size=1,
        max_size=70,
    )
)
def test_codes_of_bitmaps_are_those_of_rows(rows: list[list[bool | None]]) -> None:
    table = np.zeros((2, len(NAMES), -(-len(rows) // 64) * 64), bool)
    for i, verdicts in enumerate(rows):
        table[0, :, i] = [bool(verdict) for verdict in verdicts]
        table[1, :, i] = [verdict is not None for verdict in verdicts]
    words = np.packbits(table, axis=2, bitorder="little").view(np.uint64)
    codes = LADDER.codes(Bitmaps(len(rows), words[0], words[1]))
    assert codes.dtype == np.uint8
    assert codes.tolist() == [LADDER.code(verdicts) for verdicts in rows]
    assert all(LADDER.texts[code] == LADDER.text(code) for code in codes)
