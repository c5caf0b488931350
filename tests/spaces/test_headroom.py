"""Headroom of designs: their quantities move in the steps of their axes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine.exact import Interval
from tppcore.errors import TppError
from tppcore.rules.rulebook import rulebook
from tppcore.spaces.space import Space

LAW = rulebook("2026-02-01", "CN", rules=["us-3a090"])
AXES: dict[str, Any] = {
    "tops_fp8": {"from": "550", "to": "620", "step": "3"},
    "die_area_mm2": ["700", "814.5"],
    "datacenter": [True, False],
}


@pytest.fixture(scope="module")
def space() -> Space:
    return Space(AXES, {"dram_gb_s": "tops_fp8 / 3"})


def test_step_of_the_axis(space: Space) -> None:
    """From 595 in threes: 598 is below 600, 601 is beyond."""
    i = space.index(tops_fp8=595, die_area_mm2=700, datacenter=True)
    found = space.headroom(i, LAW)
    assert found.steps["tops_fp8"] == 3
    assert found.steps["die_area_mm2"] == 1
    (line,) = (
        each
        for each in found["tops_fp8"]
        if each.paragraph == "us-3a090/a.1" and each.direction == "grow"
    )
    assert (line.at, line.at_step, line.steps_count) == (600, 601, 2)
    assert space.headroom(i, LAW, steps={"tops_fp8": "0.5"}).steps["tops_fp8"] == Fraction(1, 2)
    assert space.headroom(np.int64(i), LAW).lines == found.lines


def test_each_step_to_a_line(space: Space) -> None:
    """At the step that is told the verdict is another one, and at every step before it is not."""
    told = 0
    for i in (0, space.size - 1, space.index(tops_fp8=595, die_area_mm2=814.5, datacenter=False)):
        chip = space[i]
        for line in space.headroom(i, LAW).lines:
            if line.at_step is None or line.steps_count > 60:
                continue
            told += 1
            sign = 1 if line.at_step > line.value else -1
            for k in range(1, line.steps_count + 1):
                moved = tpp.Chip("moved")
                value = line.value + sign * k * line.step
                moved.quantities = {**chip.quantities, line.quantity: Interval(value, value)}
                now = tpp.classify(moved, LAW, engine="exact")[line.paragraph]
                assert now is (line.becomes_at_step if k == line.steps_count else line.now)
    assert told > 5


def test_what_is_no_decimal(space: Space) -> None:
    """595 / 3 moves in a power of ten, about a thousandth of it."""
    i = space.index(tops_fp8=595, die_area_mm2=700, datacenter=True)
    assert space.headroom(i, LAW).steps["dram_gb_s"] == Fraction(1, 10)
    small = Space({"a": ["1", "2"]}, {"tops_fp8": "a / 3"})
    assert small.headroom(0, LAW).steps["tops_fp8"] == Fraction(1, 10_000)


def test_a_chip(space: Space) -> None:
    """What is an axis of the space moves in its step in a chip too."""
    found = space.headroom(tpp.chip("H100"), LAW)
    assert found.steps["tops_fp8"] == 3
    assert found.name == tpp.headroom(tpp.chip("H100"), LAW).name


def test_an_axis_that_a_formula_is_about() -> None:
    """The step of an axis is not that of a quantity which a formula makes of it."""
    space = Space(
        {"tops_fp8": {"from": "1", "to": "9", "step": "2"}}, {"tops_fp16": "tops_fp8 / 4"}
    )
    assert space.headroom(0, LAW).steps == {"tops_fp8": 2, "tops_fp16": Fraction(1, 100)}


def test_refused(space: Space) -> None:
    with pytest.raises(IndexError):
        space.headroom(space.size, LAW)
    systems = Space({"gpu": {"chips": ["H20"]}, "n": ["8", "4"]}, count="n")
    with pytest.raises(TppError, match="designs of this space are systems"):
        systems.headroom(0, LAW)
    loose = Space({"tops_fp8": {"from": "1", "to": "2", "distribution": "uniform"}})
    with pytest.raises(TppError, match="continuous"):
        loose.headroom(0, LAW)
