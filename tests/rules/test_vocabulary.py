"""Readings change what they should, and formulas that can't be sound are refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import tppcore as tpp
from tppcore.errors import UnknownName
from tppcore.rules.expression import Const, FormulaError, Mul, Quantity
from tppcore.rules.store import specs
from tppcore.rules.vocabulary import Vocabulary

SHEET: dict[str, Any] = {
    "tops_tf32": 100,
    "tops_fp16": 150,
    "tops_fp16_vector": 20,
    "tops_fp6": 700,
    "die_area_mm2": 800,
    "compute_die_area_mm2": 500,
    "dram_gb_s": 2000,
    "dram_other_gb_s": 500,
    "interconnect_gb_s": 600,
    "host_gb_s": 128,
}


@pytest.mark.parametrize(
    ("metric", "default", "readings", "other"),
    [
        ("tpp", 4200, {"fp6": "left_out"}, 3200),
        ("tpp", 4200, {"fp6": "left_out", "tf32_width": "19"}, 2400),
        ("tpp", 4200, {"fp6": "left_out", "tf32_width": "left_out"}, 2400),
        ("tpp", 4200, {"vector_units": "added"}, 4520),
        ("tpp", 4200, {"vector_units": "left_out"}, 4200),
        ("tpp", 4200, {"unlisted_formats": "unknown"}, (4200, float("inf"))),
        ("performance_density", 5.25, {"chiplet_area": "compute_dies"}, 8.4),
        ("interconnect_bandwidth", 600, {"interconnect_direction": "one_way"}, 300),
        ("interconnect_bandwidth", 600, {"interconnect_host": "link_and_host"}, 728),
        ("total_dram_bandwidth", 2500, {"dram_kinds": "main_kind"}, 2000),
        ("peak_fp6", 700, {"fp6": "left_out"}, 0),
    ],
)
def test_readings(metric: str, default: float, readings: dict[str, str], other: object) -> None:
    chip = tpp.Chip(**SHEET)
    assert tpp.metrics(chip, [metric])[metric] == default
    assert tpp.metrics(chip, [metric], readings)[metric] == other


def test_planar_only_area() -> None:
    chip = tpp.Chip(**{**SHEET, "non_planar": False})
    assert tpp.metrics(chip, "performance_density")["performance_density"] is None
    readings = {"planar_only_area": "area_counts"}
    assert tpp.metrics(chip, "performance_density", readings)["performance_density"] == 5.25


def test_unit_clock() -> None:
    unit = {"count": 1, "macs_per_clock": 1000, "clock_ghz": 2, "clock_ghz_sustained": 1, "bits": 8}
    chip = tpp.Chip(units=[unit])
    assert tpp.metrics(chip, "tpp")["tpp"] == 32
    assert tpp.metrics(chip, "tpp", {"unit_clock": "sustained"})["tpp"] == 16


def test_every_reading_has_default_alternatives_and_source() -> None:
    vocabulary = specs().vocabulary
    assert len(vocabulary.readings) == 12
    for reading in vocabulary.readings.values():
        assert len(reading.alternatives) > 1
        assert reading.question
        assert reading.basis
        assert reading.source
    assert vocabulary.choose(None)["tf32_width"] == "32"
    assert vocabulary.choose({"tf32_width": 19})["tf32_width"] == "19"  # type: ignore[dict-item]


def test_choose_refuses() -> None:
    with pytest.raises(UnknownName, match="unknown reading 'x'"):
        specs().vocabulary.choose({"x": "32"})


def test_kinds() -> None:
    kind = specs().vocabulary.kind
    for name, expected in {
        "tpp": "number",
        "dram_gb_s": "number",
        "datacenter": "boolean",
        "first_marketed": "date",
        "item_kind": "category",
    }.items():
        found = kind(name)
        assert found is not None
        assert found.kind == expected
    assert kind("tpq") is None


def test_bit_lengths() -> None:
    assert {name: int(bits) for name, bits in specs().vocabulary.formats.items()} == {
        "fp64": 64, "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "int16": 16, "fp8": 8,
        "int8": 8, "fp6": 6, "fp4": 4, "int4": 4, "int1": 1,
    }  # fmt: skip


def small(**formulas: str) -> Vocabulary:
    quantity = {"meaning": "m", "source": "s"}
    return Vocabulary(
        {
            "formats": [{"name": "fp8", "bits": "8"}],
            "quantities": [
                {"name": "tops_{format}", "symbol": "tops", "per_format": True, **quantity},
                {"name": "a", **quantity},
                {"name": "area", "positive": True, **quantity},
                {"name": "flag", "kind": "boolean", **quantity},
            ],
            "metrics": [
                {"name": name, "unit": "1", "formula": formula, "source": "s"}
                for name, formula in formulas.items()
            ],
            "readings": [],
        }
    )


def test_metrics_stand_in_metrics() -> None:
    formulas = small(m="2 * a", n="m * a").formulas({})
    assert formulas.tree("n") == Mul(Mul(Const(Fraction(2)), Quantity("a")), Quantity("a"))
    assert formulas.tree("a") == Quantity("a"), "a quantity is its own metric"
    with pytest.raises(KeyError):
        formulas.tree("nothing")


@pytest.mark.parametrize(
    "formulas", [{"m": "m + a"}, {"m": "n + a", "n": "m"}, {"m": "max(n[f] for f in formats)"}]
)
def test_cycles_and_unknown_names_are_refused(formulas: dict[str, str]) -> None:
    with pytest.raises(FormulaError, match="expected"):
        small(**formulas).formulas({}).check()


@pytest.mark.parametrize(
    ("formula", "sound"),
    [
        ("a / area", True),
        ("a / area if flag else not_applicable", True),
        ("1 + a / area", True),
        ("a / (a + 1)", True),
        ("a / a", True),
        ("1 + a / a", False),
        ("max(a / a, 1)", False),
        ("2 * (a if flag else not_applicable)", False),
        ("area / (a / a)", False),
    ],
)
def test_what_may_not_apply_stands_at_the_end(formula: str, sound: bool) -> None:
    check = small(m=formula).formulas({}).check
    if sound:
        check()
    else:
        with pytest.raises(FormulaError, match="may not apply inside its formula"):
            check()


@pytest.mark.parametrize(
    ("formula", "positive"),
    [("area", True), ("a", False), ("0", False), ("2", True), ("a + area", True),
     ("max(a, 1)", True), ("a * area", False), ("area / 2", True), ("area if flag else 1", True),
     ("area if flag else a", False), ("not_applicable", False)],
)  # fmt: skip
def test_positive(formula: str, positive: bool) -> None:
    formulas = small(m=formula).formulas({})
    assert formulas.is_positive(formulas.tree("m")) is positive
