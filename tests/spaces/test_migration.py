"""Designs counted under two laws at once, against their rows classified under each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tppcore as tpp
from tests.spaces.conftest import WAYS, counted
from tppcore.errors import TppError, UnknownName
from tppcore.migration import migrate
from tppcore.rules.amendment import amended
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.spaces.space import Space

AXES: dict[str, Any] = {
    "cores": {"from": "10", "to": "100", "step": "10"},
    "clock": ["1.2", "1.7"],
    "stacks": ["2", "5", "8"],
    "datacenter": [True, False],
}
QUANTITIES = {
    "tops_fp8": "cores * clock * 4",
    "die_area_mm2": "cores * 6.5 + stacks * 16",
    "dram_gb_s": "stacks * 800",
    "interconnect_gb_s": "stacks * 100",
}

DATES = (rulebook("2023-11-16", "CN"), rulebook("2023-11-17", "CN"))
LAW = rulebook("2026-02-01", "CN")
AMENDED = amended(LAW, {"us-3a090": [("tpp >= 4800", "tpp >= 2400")]})


@pytest.fixture(scope="module")
def space() -> Space:
    return Space(AXES, QUANTITIES)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("laws", [DATES, (LAW, AMENDED)], ids=["dates", "amended"])
@pytest.mark.parametrize("paragraph", [None, "us-3a090/controlled", "us-3a090/a"])
def test_against_rows(
    space: Space, way: str, laws: tuple[Rulebook, Rulebook], paragraph: str | None
) -> None:
    rows = migrate(space.table(), *laws, paragraph=paragraph)
    with counted(way):
        found = migrate(space, *laws, paragraph=paragraph)
    assert found.counts == rows.counts
    assert list(found.counts) == list(rows.counts)
    assert (found.total, found.changed, found.matrix) == (rows.total, rows.changed, rows.matrix)
    assert (found.what, found.changed_rows, found.notes) == ("designs", None, rows.notes)
    assert found.changed


def test_weights() -> None:
    """What is counted is the weight."""
    weighted = {"values": ["20", "60", "100"], "weights": ["1", "0", "2.5"]}
    space = Space({**AXES, "cores": weighted}, QUANTITIES)
    one_by_one: Counter[tuple[str, str]] = Counter()
    outcomes = [tpp.classify(space.table(), rules).outcome for rules in DATES]
    for i, pair in enumerate(zip(*(map(str, each) for each in outcomes), strict=True)):
        one_by_one[pair] += (2, 0, 5)[i // (space.size // 3)]
    assert migrate(space, *DATES).counts == +one_by_one


def test_chips() -> None:
    space = Space({"gpu": {"chips": ["H100", "H20", "A30", "L40S"]}, "dram_gb_s": ["900", "4000"]})
    found = migrate(space, *DATES)
    rows = migrate([space[i] for i in range(space.size)], *DATES)
    assert found.counts == rows.counts


def test_systems() -> None:
    space = Space({"gpu": {"chips": ["H20", "H100"]}, "n": ["1", "8", "72"]}, count="n")
    laws = (rulebook("2026-11-22", "CN"), rulebook("2023-11-16", "CN"))
    systems = [space[i] for i in range(space.size)]
    for paragraph in (None, "us-4a090/a", "us-3a090/a"):
        found = migrate(space, *laws, paragraph=paragraph)
        assert found.counts == migrate(systems, *laws, paragraph=paragraph).counts


def test_one_side_without_outcomes(space: Space) -> None:
    """As of a table: a note, and an error only where neither side has one."""
    bare = rulebook("2026-02-01", "CN", rules=["us-3a090"])
    for laws in ((bare, LAW), (LAW, bare)):
        found, rows = migrate(space, *laws), migrate(space.table(), *laws)
        assert found.counts == rows.counts
        assert found.notes == rows.notes
        assert "has an outcome" in found.notes[0]
    with pytest.raises(TppError, match="no paragraph of either rulebook has an outcome"):
        migrate(space, bare, bare)


def test_a_paragraph_that_does_not_stand(space: Space) -> None:
    found = migrate(space, *DATES, paragraph="us-3a090/b.1")
    assert found.counts == migrate(space.table(), *DATES, paragraph="us-3a090/b.1").counts
    assert "does not stand on 2023-11-16" in found.notes[0]
    with pytest.raises(UnknownName):
        migrate(space, *DATES, paragraph="us-3a090/zz")


def test_no_rows(space: Space) -> None:
    found = migrate(space, *DATES)
    with pytest.raises(TppError, match="designs were only counted"):
        found.table()
    assert "rows" not in found.to_dict()
    assert f"{found.changed:,} of {found.total:,} designs change" in str(found)


def test_many_designs() -> None:
    """Every design of the published sweep, counted under both and classified under each."""
    path = Path(__file__).parents[2] / "specs" / "spaces" / "isca-2025.toml"
    space = Space.from_toml(path)
    found = migrate(space, LAW, AMENDED, paragraph="us-3a090/controlled")
    columns = [space.classify(rules)["us-3a090/controlled"] for rules in (LAW, AMENDED)]
    before, after = (column.filled(False).astype(bool) for column in columns)
    words = {(True, True): int((before & after).sum()), (False, True): int((~before & after).sum())}
    assert found.counts["true", "true"] == words[True, True]
    assert found.counts.get(("false", "true"), 0) == words[False, True]
    assert found.total == space.size
