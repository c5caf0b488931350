"""Chances are the shares of the weights of all designs, or those of a sample decided exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tests.spaces import reference, strategies
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import rulebook
from tppcore.spaces import chances as chances_module
from tppcore.spaces.chances import Chances
from tppcore.spaces.space import Space

QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LAW = rulebook("2026-02-01", "CN", rules=["us-3a090"])
TOPS_600 = "us-3a090/a.1"  # 4800 TPP of FP8 are 600 TOPS

RUMOUR = {"from": "500", "to": "700", "distribution": "triangular", "mode": "590"}


def shares(found: Chances) -> dict[str, tuple[Fraction, Fraction, Fraction]]:
    return {
        name: (each.certain.value, each.possible.value, each.excluded.value)
        for name, each in found.by_paragraph.items()
    }


@QUICK
@given(st.data())
def test_counted(data: st.DataObject) -> None:
    spec = data.draw(strategies.spaces())
    rules = data.draw(strategies.laws(spec)).rules
    found = Space(spec.axes, spec.quantities, constants=spec.constants).chances(rules)
    (counts,) = reference.census(spec, rules).values()
    total = counts.total()
    for p, (name, each) in enumerate(shares(found).items()):
        assert name == rules.paragraphs[p].id
        expected = tuple(
            Fraction(sum(n for key, n in counts.items() if key[p] is verdict), total)
            for verdict in (True, None, False)
        )
        assert each == expected
    assert found.samples is None
    assert found[name].certain.low is None


def test_steps() -> None:
    """A uniform range in steps counts every place alike, a triangular one by its density."""
    even = {"from": "500", "to": "700", "step": "50", "distribution": "uniform"}
    found = Space({"tops_fp8": even}, {"datacenter": True}).chances(LAW)
    assert shares(found)[TOPS_600] == (Fraction(3, 5), 0, Fraction(2, 5))
    # 500, 550, ..., 700 weigh 1, 2, 3, 2, 1.
    peak = {"from": "500", "to": "700", "step": "50", "distribution": "triangular"}
    found = Space({"tops_fp8": peak}, {"datacenter": True}).chances(LAW)
    assert shares(found)[TOPS_600] == (Fraction(6, 9), 0, Fraction(3, 9))
    # With the mode at 550: 1/2, 1, 3/4, 1/2, 1/4.
    found = Space({"tops_fp8": {**peak, "mode": "550"}}, {"datacenter": True}).chances(LAW)
    assert shares(found)[TOPS_600] == (Fraction(1, 2), 0, Fraction(1, 2))


def test_possible() -> None:
    axes = {"clock": {"values": ["1", "2", "3"], "weights": ["1", "2", "0"]}}
    quantities = {"tops_fp8_low": "clock * 250", "tops_fp8_high": "clock * 300"}
    found = Space(axes, quantities).chances(LAW)
    assert shares(found)[TOPS_600] == (0, Fraction(2, 3), Fraction(1, 3))
    data = json.loads(json.dumps(found.to_dict()))
    assert data["paragraphs"][TOPS_600]["possible"] == {"share": 2 / 3, "exact": "2/3"}
    assert (data["samples"], data["level"]) == (None, None)
    assert data["meta"]["rulebook"] == LAW.hash


def test_sampled() -> None:
    """P(tops >= 600) of the triangle is (700 - 600)^2 / ((700 - 500) (700 - 590)) = 5/11."""
    space = Space({"tops_fp8": RUMOUR}, {"datacenter": True})
    found = space.chances(LAW, samples=20_000, seed=1)
    share = found[TOPS_600].certain
    assert share.low < 5 / 11 < share.high
    assert share.high - share.low < 0.015
    assert shares(found) == shares(space.chances(LAW, samples=20_000, seed=1))
    assert shares(found) != shares(space.chances(LAW, samples=20_000, seed=2))
    narrow = space.chances(LAW, samples=20_000, seed=1, level=0.5)[TOPS_600].certain
    assert share.low < narrow.low < narrow.high < share.high
    assert sum(shares(found)[TOPS_600]) == 1
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["samples"], data["seed"], data["level"]) == (20_000, 1, 0.95)
    shown = {"share": float(share), "low": share.low, "high": share.high}
    assert data["paragraphs"][TOPS_600]["certain"] == shown


def test_intervals_hold_as_often_as_they_say() -> None:
    space = Space({"tops_fp8": RUMOUR}, {"datacenter": True})
    inside = 0
    for seed in range(200):
        share = space.chances(LAW, samples=400, seed=seed, level=0.9)[TOPS_600].certain
        inside += share.low <= 5 / 11 <= share.high
    assert 165 <= inside <= 195


def test_wilson() -> None:
    """15 of 50 at 95 %: 0.191036 to 0.437504 (by hand, z = 1.959964: (0.3 + 0.038415) / 1.076829
    and 1.959964 / 1.076829 * sqrt(0.0042 + 0.000384146))."""
    seen = chances_module._seen(15, 50, 0.95)
    assert seen.value == Fraction(3, 10)
    assert (seen.low, seen.high) == pytest.approx((0.191036, 0.437504), abs=1e-6)
    assert chances_module._seen(0, 50, 0.95).low == 0
    # z^2 / (n + z^2)
    assert chances_module._seen(0, 50, 0.95).high == pytest.approx(0.071348, abs=2e-6)
    assert chances_module._seen(50, 50, 0.95).high == 1


@pytest.mark.parametrize(
    ("axis", "share"),
    [
        ({"from": "500", "to": "700", "distribution": "uniform"}, 0.5),
        ({**RUMOUR, "mode": "500"}, 0.25),
        ({**RUMOUR, "mode": "700"}, 0.75),
        ({"from": "500", "to": "700", "distribution": "triangular"}, 0.5),
        ({"from": "600", "to": "600", "distribution": "triangular"}, 1),
        ({"from": "599", "to": "599", "distribution": "uniform"}, 0),
    ],
)
def test_continuous_shapes(axis: Mapping[str, Any], share: float) -> None:
    found = Space({"tops_fp8": axis}, {"datacenter": True}).chances(LAW, samples=20_000, seed=3)
    seen = found[TOPS_600].certain
    if seen.low is None:  # one place: counted
        assert seen.value == share
    else:
        assert seen.low <= share <= seen.high


def test_sampled_verdicts_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sampled design against the exact engine, ties at 5.92 among them."""
    axes = {
        "tops_fp8": RUMOUR,
        "die_area_mm2": {"from": "800", "to": "800", "distribution": "uniform"},
        "gpu": {"chips": ["H100", "H20"]},
        "factor": {"values": ["1", "1.6"], "weights": ["3", "1"]},
    }
    quantities = {"dram_gb_s": "gpu.dram_gb_s * factor", "datacenter": True}
    space = Space(axes, quantities)
    seen: list[tuple[Any, Any]] = []
    made = chances_module._Drawn.__init__

    def kept(self: Any, *given: Any) -> None:
        made(self, *given)
        seen.append((self, given))

    monkeypatch.setattr(chances_module._Drawn, "__init__", kept)
    rules = strategies.law("gate")
    found = space.chances(rules, samples=300, seed=5)
    drawn = seen[0][0]
    counts = np.zeros((len(rules.paragraphs), 3), int)
    for number, part in enumerate(drawn.design.parts):
        places = drawn.places(part, number)
        specs = {axis.name: axis for axis in drawn.design.plain_axes}
        for i in range(len(next(iter(places.values())))):
            stated = {
                name: specs[name].values[places[axis][i]] for name, axis in part.places.items()
            }
            chip = tpp.Chip(
                tops={"fp8": stated["tops_fp8"]},
                die_area_mm2=stated["die_area_mm2"],
                dram_gb_s=part.chip.quantities["dram_gb_s"].low * stated["factor"],
                datacenter=True,
            )
            chip.quantities = {**part.chip.quantities, **chip.quantities}
            verdicts = tpp.classify(chip, rules, engine="exact")
            for p, paragraph in enumerate(rules.paragraphs):
                counts[p, (True, None, False).index(verdicts[paragraph.id])] += 1
    assert counts.sum() == 300 * len(rules.paragraphs)
    expected = [tuple(Fraction(int(n), 300) for n in row) for row in counts]
    assert list(shares(found).values()) == expected


def test_systems() -> None:
    """Of a distribution over whole numbers of chips; half a chip is refused."""
    rules = rulebook("2026-11-22", "CN")
    count = {"from": "1", "to": "9", "step": "4", "distribution": "triangular"}
    made = Space({"gpu": {"chips": ["H20", "H100"]}, "n": count}, count="n")
    found = made.chances(rules)
    assert shares(found)["us-4a090/a"] == (Fraction(1, 2), 0, Fraction(1, 2))
    assert found.rules.paragraphs == made.census(rules).rules.paragraphs
    with pytest.raises(TppError, match="expected whole numbers"):
        Space(
            {
                "gpu": {"chips": ["H20"]},
                "n": {"from": "80", "to": "89", "distribution": "uniform"},
            },
            count="n",
        ).chances(rules)


def test_refused() -> None:
    space = Space({"tops_fp8": RUMOUR})
    with pytest.raises(TppError, match="level 1"):
        space.chances(LAW, level=1)
    with pytest.raises(TppError, match="0 samples"):
        space.chances(LAW, samples=0)
    with pytest.raises(UnknownName, match="no paragraph"):
        space.chances(LAW, samples=10)["us-3a090/z"]
    with pytest.raises(TppError, match="continuous"):
        space.census(LAW)
