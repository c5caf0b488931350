"""The limiting test: the nearest threshold whose crossing would change the outcome."""

from __future__ import annotations

from fractions import Fraction

import pytest

import tppcore as tpp
from tppcore.sinks.limits import Limit, limit
from tppcore.sources.chips import Chip

RULES = tpp.rulebook("2026-02-01", "CN")


def found(**sheet: object) -> Limit | None:
    return limit(RULES, Chip(datacenter=True, **sheet).quantities)


@pytest.mark.parametrize(
    ("limited", "text"),
    [
        (Limit("tpp", Fraction(4800), Fraction(0)), "tpp at 4800 exactly"),
        (Limit("tpp", Fraction(4800), Fraction(1, 10)), "tpp above 4800 by 0.1"),
        (Limit("tpp", Fraction(4800), Fraction(-24)), "tpp below 4800 by 24"),
        (Limit("tpp", Fraction(4800), Fraction(25)), "tpp above 4800"),
        (Limit("tpp", Fraction(4800), Fraction(-1000)), "tpp below 4800"),
        (Limit("d", Fraction("5.92"), Fraction(1, 3000)), "d above 5.92 by 0.000333333"),
        (Limit("x", Fraction(10**20), Fraction(1)), "x above 1e+20 by 1"),
    ],
)
def test_text(limited: Limit, text: str) -> None:
    assert limited.text == text


@pytest.mark.parametrize(
    ("sheet", "metric", "threshold", "margin"),
    [
        ({"tops_fp8": 600, "die_area_mm2": 4000}, "tpp", 4800, 0),
        ({"tops_fp8": "599.875", "die_area_mm2": 4000}, "tpp", 4800, -1),
        ({"tops_fp8": 201, "die_area_mm2": 271}, "tpp", 1600, 8),
        ({"tops_fp8": 310, "die_area_mm2": 1550}, "performance_density", "1.6", 0),
        ({"tops_fp8": 10, "die_area_mm2": 800}, None, 0, 0),
    ],
)
def test_nearest(
    sheet: dict[str, object], metric: str | None, threshold: int | str, margin: int
) -> None:
    one = found(**sheet, dram_gb_s=5000, interconnect_gb_s=0)
    if metric is None:
        assert one is None or one.metric != "performance_density"
        return
    assert one == Limit(metric, Fraction(threshold), Fraction(margin))


def test_crossing_it_changes_the_outcome() -> None:
    """Just across the limiting threshold the outcome is another; just before it is the same."""
    sheet = {"die_area_mm2": 600, "dram_gb_s": 1000, "interconnect_gb_s": 0}
    for tops in (150, 260, 350, 599, 700, 2000):
        one = found(tops_fp8=tops, **sheet)
        assert one is not None
        if one.metric != "tpp":
            continue
        outcomes = {
            tpp.classify(Chip(datacenter=True, tops_fp8=rate, **sheet), RULES).outcome
            for rate in (tops, one.threshold / 8, one.threshold / 8 - 1, one.threshold / 8 + 1)
        }
        assert len(outcomes) > 1


def test_nothing_known_has_no_limit() -> None:
    assert limit(RULES, {}) is None


def test_without_outcomes_there_is_no_limit() -> None:
    rules = tpp.rulebook("2026-02-01", "CN", rules="us-3a090")
    assert limit(rules, Chip(tops_fp8=600).quantities) is None
