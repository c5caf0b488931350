"""Axes as written: which values they have, and how much each counts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.spaces.reference import places
from tppcore.sources.design.axis import AxisError, axis
from tppcore.spaces.space import Space


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["1", 2, 0.1, Decimal("0.30"), Fraction(1, 3)], ["1", "2", "0.1", "0.3", "1/3"]),
        (("3", "1"), ["3", "1"]),
        (range(3), ["0", "1", "2"]),
        (np.array([0.1, 0.7]), ["0.1", "0.7"]),
        (np.arange(2), ["0", "1"]),
        ([False, True], ["0", "1"]),
        ({"from": "0.1", "to": "0.3", "step": "0.1"}, ["0.1", "0.2", "0.3"]),
        ({"from": 0.1, "to": 0.35, "step": 0.1}, ["0.1", "0.2", "0.3"]),
        ({"from": "5", "to": "5", "step": "7"}, ["5"]),
        ({"from": "1e-3", "to": "1.1e-3", "step": "1E-4"}, ["0.001", "0.0011"]),
        ({"values": ["2", "1"], "weights": ["0", "1"]}, ["2", "1"]),
    ],
    ids=str,
)
def test_values(given: Any, expected: list[str]) -> None:
    found = axis("a", given)
    assert found.values == tuple(map(Fraction, expected))
    assert found.size == len(expected)


def test_a_step_of_a_tenth_never_misses_its_end() -> None:
    """3.0 is 600 steps of 0.005 from 0; in doubles it is beyond or below."""
    found = axis("a", {"from": "0", "to": "3.0", "step": "0.005"})
    assert found.size == 601
    assert found.values[-1] == 3
    assert places({"from": "0", "to": "3.0", "step": "0.005"}) == list(found.values)


def test_a_triangle() -> None:
    given = {"from": "1", "to": "5", "step": "1", "distribution": "triangular", "mode": "2"}
    found = axis("a", given)
    assert found.weights == tuple(Fraction(x) for x in ("1/2", "1", "3/4", "1/2", "1/4"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, True], "a decimal"),
        (["1", "1e0"], "twice"),
        ([float("nan")], "a decimal"),
        ([-0.5], "not negative"),
        ([None], "a decimal"),
        ([], "empty"),
        (np.array([[1.0]]), "a decimal"),
        ("12", "expected a list"),
        (b"12", "expected a list"),
        (7, "expected a list"),
        ({}, "expected a list"),
        ({"from": "1", "to": "2"}, "no step"),
        ({"values": "12"}, "empty"),
        ({"from": "0", "to": "1000000", "step": "1"}, "1,000,001 places"),
    ],
    ids=str,
)
def test_refused(given: Any, message: str) -> None:
    with pytest.raises(AxisError, match=message):
        axis("a", given)


def test_designs_are_numbered_with_the_last_axis_fastest() -> None:
    space = Space({"a": ["1", "2"], "b": ["3", "4", "5"]}, {"tops_fp8": "a * 10 + b"})
    rates = [space[i].quantities["tops_fp8"].low for i in range(space.size)]
    assert rates == [13, 14, 15, 23, 24, 25]
