"""What the tests of facts share: our exact figure for a chip, and the shipped catalogue as text."""

import csv
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

import tppcore as tpp

SPECS = Path(__file__).parents[2] / "specs"


@cache
def table(name):
    with (SPECS / name).open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture
def chip_rows():
    return table("chips.csv")


@pytest.fixture
def system_rows():
    return table("systems.csv")


@cache
def book(as_of, readings, rules=None):
    return tpp.rulebook(as_of=as_of, destination="CN", rules=rules, readings=dict(readings) or None)


@pytest.fixture
def bounds():
    """`bounds(chip, metric, **readings)`: the metric as exact fractions (low, high)."""

    def bounds(chip, metric, **readings):
        rule = "us-is-informed-2025" if metric == "total_dram_bandwidth" else "us-3a090"
        rules = book("2026-02-01", tuple(sorted(readings.items())), rule)
        figure = tpp.explain(chip, rules).to_dict()["metrics"][metric]
        ranged = "low" in figure or "high" in figure
        ends = (figure.get("low"), figure.get("high")) if ranged else (figure, figure)
        return tuple(Fraction(end["exact"]) if end else None for end in ends)

    return bounds


@pytest.fixture
def exact(bounds):
    """`exact(chip, metric, **readings)`: the metric as one exact fraction."""

    def exact(chip, metric, **readings):
        low, high = bounds(chip, metric, **readings)
        assert low == high
        return low

    return exact


@pytest.fixture
def verdict():
    """`verdict(chip, paragraph, as_of, **readings)`: True, False or None, for destination CN."""

    def verdict(chip, paragraph, as_of="2026-02-01", **readings):
        rule = paragraph.partition("/")[0]
        return tpp.classify(chip, book(as_of, tuple(sorted(readings.items())), rule))[paragraph]

    return verdict
