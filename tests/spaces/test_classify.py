"""Verdicts on all designs of a space: every engine against exact rows, and against a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine import c, jit, oracle
from tppcore.engine.columns import Bitmaps
from tppcore.rules.rulebook import Rulebook
from tppcore.spaces import classifying, lookup, panels
from tppcore.spaces.classifying import Source
from tppcore.spaces.space import Space

RULES = tpp.rulebook("2026-02-01", "CN")
GATE = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review"])
ENGINES = [name for name, each in (("c", c), ("jit", jit)) if each.available()]

TIES = {
    # 4800 = 16 x 300 and PD 5.92 = 4114.4 / 695 among them.
    "rate": ["100", "257.15", "299.9999999999", "300", "300.0000000001", "400"],
    "area": ["300", "695", "695.0000001", "810.8108108108108", "830"],
    "dram": ["1400", "4000", "4500", "5000"],
    "datacenter": [True, False],
}
SPACES: dict[str, dict[str, Any]] = {
    "ties": {
        "axes": TIES,
        "quantities": {"tops_fp16": "rate", "die_area_mm2": "area", "dram_gb_s": "dram"},
    },
    "thirds": {
        "axes": {"cores": {"from": "1", "to": "37", "step": "1"}, "by": ["1", "3", "7", "9"],
                 "area": ["300", "695", "810"]},
        "quantities": {"tops_fp16": "900 * cores / by / 9", "die_area_mm2": "area / by",
                       "dram_gb_s": "4500 * cores / by / 9", "datacenter": True},
    },
    "long decimals": {
        "axes": {"rate": ["299.99999999999999999", "300", "300.00000000000000000001",
                          "0.1234567890123456789", "1e-18"],
                 "more": ["1", "1.00000000000000000001", "16.000000000000001"],
                 "area": ["695", "694.99999999999999999999"]},
        "quantities": {"tops_fp16": "rate * more", "die_area_mm2": "area", "datacenter": False},
    },
    "ranges": {
        "axes": {"rate": ["100", "300", "400"], "slack": ["1", "1.05", "1.3333333333333333333"],
                 "area": ["300", "500", "695", "830"], "dram": ["1000", "4500"]},
        "quantities": {"tops_fp16_low": "rate", "tops_fp16_high": "rate * slack",
                       "die_area_mm2_low": "area / slack", "die_area_mm2_high": "area",
                       "dram_gb_s_low": "dram", "datacenter": True},
    },
    "missing": {
        "axes": {"rate": ["50", "100", "300"], "dram": ["1000", "4500", "5000"], "by": ["3", "7"]},
        "quantities": {"tops_fp8": "rate * 8 / by", "dram_gb_s": "dram"},
    },
    "choices": {
        "axes": {"cores": {"from": "10", "to": "90", "step": "10"}, "node": [True, False],
                 "planar": [True, False], "area": ["100", "695"]},
        "quantities": {"tops_fp16": "cores * 5 if node else cores * 3", "advanced_node": "node",
                       "non_planar": "planar", "die_area_mm2": "max(area, cores * 7)"},
    },
    "chips": {
        "axes": {"area": ["300", "695", "814"], "chip": {"chips": ["H100", "H20", "MI325X", "A30"]},
                 "cut": ["1", "0.9", "0.3333333333333333333333"]},
        "quantities": {"tops_fp8": "chip.tops_fp8 * cut", "dram_gb_s": "chip.dram_gb_s / 3 * cut"},
    },
    "systems": {
        "axes": {"chip": {"chips": ["H100", "H20", "A30"]}, "racks": [1, 3, 7, 2000],
                 "each": [1, 8, 72]},
        "count": "racks * each",
    },
    "one design": {"axes": {"rate": ["300"]}, "quantities": {"tops_fp16": "rate / 3"}},
    "chips alone": {"axes": {"chip": {"chips": "all"}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[Space, Bitmaps]]:
    """Every space with the verdicts of the exact engine on its designs one by one."""
    made = {}
    for name, each in SPACES.items():
        space = Space(**each)
        source = Source(space.design, RULES)
        rows = source.exact_rows(np.arange(space.size))
        made[name] = space, oracle.decide_rows(source.rules, rows, space.size)
    return made


def decided(space: Space, rules: Rulebook, engine: str, threads: int = 2) -> Bitmaps:
    source = Source(space.design, rules)
    out = Bitmaps.empty(len(source.rules.paragraphs), space.size)
    out.values[:], out.valid[:] = 0x5555, 0xAAAA
    source.decide(engine, threads, out)
    return out


def same(one: Bitmaps, two: Bitmaps) -> bool:
    return bool((one.values == two.values).all() and (one.valid == two.valid).all())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SPACES)
def test_engines_agree_with_exact_rows(
    name: str, engine: str, found: dict[str, tuple[Space, Bitmaps]]
) -> None:
    space, expected = found[name]
    assert same(decided(space, RULES, engine), expected)


@pytest.fixture
def in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quantity is computed as a whole, and windows and panels are a few designs."""
    monkeypatch.setattr(lookup, "WHOLE", 5)
    monkeypatch.setattr(lookup, "WINDOW", 4)
    monkeypatch.setattr(panels, "MOST", 3)


@pytest.mark.parametrize("engine", ENGINES[:1])
@pytest.mark.parametrize("name", SPACES)
@pytest.mark.usefixtures("in_windows")
def test_windows_agree_with_exact_rows(
    name: str, engine: str, found: dict[str, tuple[Space, Bitmaps]]
) -> None:
    space, expected = found[name]
    assert same(decided(space, RULES, engine), expected)


@pytest.mark.parametrize("name", ["ties", "thirds", "ranges", "systems", "chips"])
def test_the_exact_engine(name: str, found: dict[str, tuple[Space, Bitmaps]]) -> None:
    space, expected = found[name]
    assert same(decided(space, RULES, "exact"), expected)


@pytest.mark.parametrize("name", SPACES)
def test_the_census_counts_the_same(name: str, found: dict[str, tuple[Space, Bitmaps]]) -> None:
    space, expected = found[name]
    census = space.census(RULES)
    values = np.bitwise_count(expected.values).sum(axis=1)
    valid = np.bitwise_count(expected.valid).sum(axis=1)
    counts = list(census.counts().values())
    assert [each["true"] for each in counts] == values.tolist()
    assert [each["undetermined"] for each in counts] == (space.size - valid).tolist()


LARGE = Space(
    {
        "cores": {"from": "1", "to": "61", "step": "1"},
        "clock": {"from": "0.5", "to": "2.5", "step": "0.1"},
        "area": {"from": "100", "to": "900", "step": "25"},
        "by": ["1", "3"],
        "dram": ["1000", "4500"],
        "datacenter": [True, False],
    },
    {
        "tops_fp16": "cores * clock * 4",
        "die_area_mm2": "area + cores / by",
        "dram_gb_s": "dram",
    },
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_large_space_is_a_table(engine: str, threads: int) -> None:
    """Of some hundred thousand designs, against their columns in memory where these are exact."""
    verdicts = LARGE.classify(GATE, engine=engine, threads=threads)
    assert len(verdicts) == LARGE.size == 61 * 21 * 33 * 2 * 2 * 2
    table = LARGE.table(0, LARGE.size)
    single = table["by"] == 1
    columns = {
        "tops_fp16": table["tops_fp16"],
        "die_area_mm2": table["area"] + table["cores"],
        "dram_gb_s": table["dram"],
        "datacenter": table["datacenter"],
    }
    expected = tpp.classify({k: v[single] for k, v in columns.items()}, GATE, engine=engine)
    for paragraph in verdicts:
        ours, theirs = verdicts[paragraph][single], expected[paragraph]
        assert (ours.filled(False) == theirs.filled(False)).all()
        assert (ours.mask == theirs.mask).all()


def test_panels_and_tiles_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = decided(LARGE, RULES, ENGINES[0])
    monkeypatch.setattr(lookup, "WHOLE", 1 << 10)
    monkeypatch.setattr(lookup, "WINDOW", 1 << 12)
    monkeypatch.setattr(panels, "MOST", 1 << 11)
    assert same(decided(LARGE, RULES, ENGINES[0]), tiles)


@pytest.mark.parametrize("engine", ENGINES[:1])
def test_designs_from_any_on(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread begins anywhere, also where a slice of the last panel is short."""
    expected = decided(LARGE, GATE, engine)
    for whole in (lookup.WHOLE, 5):
        monkeypatch.setattr(lookup, "WHOLE", whole)
        for begin in range(0, LARGE.size - 5000, 64 * 197):
            source = Source(LARGE.design, GATE)
            out = Bitmaps.empty(len(source.rules.paragraphs), 4999)
            source.decide(engine, 2, out, begin)
            part = expected.part(begin, begin + 4992)
            assert (out.values[:, :-1] == part.values).all()
            assert (out.valid[:, :-1] == part.valid).all()


def test_ties_are_not_turned() -> None:
    """4800 exactly, and next to it in digits that no double has."""
    space = Space({"more": ["0", "1e-30"]}, {"tops_fp16": "900 / 3", "tops_fp8": "600 + more"})
    assert space.classify(GATE)["us-3a090/a.1"].tolist() == [True, True]
    space = Space({"less": ["0", "1"]}, {"tops_fp16": "300 * (less + 2.99999999999999999999) / 3"})
    assert space.classify(GATE)["us-3a090/a.1"].tolist() == [False, True]


def test_public_ways_in() -> None:
    space = Space(TIES, {"tops_fp16": "rate", "die_area_mm2": "area", "dram_gb_s": "dram"})
    verdicts = tpp.classify(space, GATE)
    assert len(verdicts) == space.size == 240
    again = tpp.classify(space, GATE, engine="exact", out=verdicts)
    assert again.bitmaps is verdicts.bitmaps
    assert (again["us-3a090/a.1"] == space.classify(GATE, threads=1)["us-3a090/a.1"]).all()
    assert verdicts.explain(7).outcome == verdicts.outcome[7]
    assert sum(verdicts.outcome_counts().values()) == 240
    with pytest.raises(ValueError, match="expected 240 rows"):
        tpp.classify(
            space, GATE, out=tpp.classify(Space({"rate": ["1"]}, {"tops_fp16": "rate"}), GATE)
        )
    with pytest.raises(tpp.TppError, match="sums"):
        tpp.classify(space, GATE, sums=["aggregate_tpp"])


def test_verdicts_on_systems_explain_themselves() -> None:
    space = Space(**SPACES["systems"])
    verdicts = space.classify(RULES)
    assert verdicts.explain(0).outcome == verdicts.outcome[0]


def test_what_can_not_be_enumerated() -> None:
    axis = {"from": "1", "to": "10000", "step": "1"}
    space = Space(dict.fromkeys("abcd", axis), {"tops_fp16": "a * b + c + d"})
    with pytest.raises(tpp.TppError, match=r"10,000,000,000,000,000 designs .* census"):
        space.classify(GATE)
    spread = Space(
        {"rate": {"from": "1", "to": "2", "distribution": "uniform"}}, {"tops_fp16": "rate"}
    )
    with pytest.raises(tpp.TppError, match="rate is continuous"):
        spread.classify(GATE)


def test_sources_are_kept() -> None:
    space = Space(TIES, {"tops_fp16": "rate"})
    assert classifying.source(space.design, GATE) is classifying.source(space.design, GATE)
