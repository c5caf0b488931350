"""Chips one by one: exact figures, ranges, and names as people type them."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine.exact import Interval
from tppcore.errors import InputError, TppError, UnknownName
from tppcore.rules.store import specs
from tppcore.sources.table import Table


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        "0.1",
        Decimal("0.1"),
        Fraction(1, 10),
        np.float64(0.1),
        np.float32(0.1),
        " 0.1 ",
        "1e-1",
    ],
)
def test_figures_are_the_decimals_that_they_show(value: Any) -> None:
    found = tpp.Chip(tops={"fp8": value}).quantities["tops_fp8"]
    assert found == Interval(Fraction(1, 10), Fraction(1, 10))


@pytest.mark.parametrize("value", [1979, 1979.0, np.int64(1979), np.uint8(200), 10**20])
def test_integers(value: Any) -> None:
    assert tpp.Chip(dram_gb_s=value).quantities["dram_gb_s"].low == int(value)


@pytest.mark.parametrize("value", [None, "", " ", float("nan"), "nan", (None, None)])
def test_missing(value: Any) -> None:
    assert not tpp.Chip(die_area_mm2=value).quantities


@pytest.mark.parametrize(
    ("sheet", "low", "high"),
    [
        ({"die_area_mm2": (300, 600)}, 300, 600),
        ({"die_area_mm2": [300, 600]}, 300, 600),
        ({"die_area_mm2": ("300", None)}, 300, math.inf),
        ({"die_area_mm2": (None, 600)}, 0, 600),
        ({"die_area_mm2_low": 300, "die_area_mm2_high": 600}, 300, 600),
        ({"die_area_mm2_high": 600, "die_area_mm2_low": None}, 0, 600),
        ({"die_area_mm2": (814, 814)}, 814, 814),
    ],
)
def test_ranges(sheet: dict[str, Any], low: int, high: float) -> None:
    found = tpp.Chip(**sheet).quantities["die_area_mm2"]
    assert (found.low, found.high) == (low, high)


def test_every_argument() -> None:
    chip = tpp.Chip(
        "X1",
        tops={"fp8": 100, "fp16": (40, 50)},
        tops_vector={"fp32": 10},
        tops_sparse={"int8": (200, 2)},
        output_bits={"fp8": 32},
        die_area_mm2=814,
        datacenter="yes",
        first_marketed="1970-01-02",
        item_kind="hbm",
    )
    assert {name: (float(v.low), float(v.high)) for name, v in chip.quantities.items()} == {
        "tops_fp8": (100, 100), "tops_fp16": (40, 50), "tops_fp32_vector": (10, 10),
        "tops_int8_sparse": (200, 200), "sparse_ratio_int8": (2, 2), "output_bits_fp8": (32, 32),
        "die_area_mm2": (814, 814), "datacenter": (1, 1), "first_marketed": (1, 1),
        "item_kind": (1, 1),
    }  # fmt: skip
    assert repr(chip).startswith("Chip('X1': tops_fp8=100, tops_fp16=(40, 50),")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tops": {"fp9": 1}}, "unknown quantity 'tops_fp9'; expected one of tops_fp64"),
        ({"die_area": 814}, "unknown quantity 'die_area'"),
        ({"units_tpp": 1}, "unknown quantity 'units_tpp'"),
        ({"tops": {"fp8": -1}}, "column tops_fp8: -1.0; expected 0 or a number from 1e-15"),
        ({"tops": {"fp8": 1e25}}, "expected 0 or a number from 1e-15 to 1e+24"),
        ({"tops": {"fp8": "1e-16"}}, "expected 0 or a number from 1e-15 to 1e+24"),
        ({"tops": {"fp8": "1e400"}}, "expected 0 or a number from 1e-15 to 1e+24"),
        ({"tops": {"fp8": "-1e400"}}, "expected 0 or a number from 1e-15 to 1e+24"),
        ({"tops": {"fp8": float("inf")}}, "column tops_fp8: inf; expected a finite number"),
        ({"tops": {"fp8": "fast"}}, "column tops_fp8: 'fast'; expected a number"),
        ({"tops": {"fp8": True}}, "column tops_fp8: True; expected a number"),
        ({"tops": {"fp8": 1j}}, "column tops_fp8: 1j; expected a number"),
        ({"die_area_mm2": 0}, "column die_area_mm2: 0; expected a number above 0"),
        ({"die_area_mm2": (600, 300)}, "expected a range whose low end is not above its high"),
        ({"die_area_mm2": (1, 2, 3)}, "expected a range (low, high)"),
        ({"die_area_mm2": 1, "die_area_mm2_low": 1}, "expected a value or a range, not both"),
        ({"die_area_mm2_low": 1, "die_area_mm2": 1}, "expected a value or a range, not both"),
        ({"tops_sparse": {"fp8": 3958}}, "column tops_fp8_sparse: '3958'; expected its ratio in"),
        ({"datacenter": "maybe"}, "column datacenter: 'maybe'; expected 1 or 0"),
        ({"datacenter": 2}, "column datacenter: 2; expected 1 or 0"),
        ({"first_marketed": "2026"}, "expected a date such as 2023-11-17"),
        ({"item_kind": "gpu"}, "column item_kind: 'gpu'; expected one of circuit"),
        ({"units": "[{"}, "expected a list of processing units as JSON"),
        ({"units": 5}, "column units: 5; expected a list of processing units"),
        ({"units": [5]}, "column units: 5; expected a processing unit with its fields"),
        ({"units": [{"counts": 5}]}, "column units.counts: 5; expected one of unit, count"),
        ({"units": [{"bits": 8, "count": 0}]}, "column units.count: 0; expected a number above 0"),
        ({"units": [{"format": "fp9"}]}, "column units.format: 'fp9'; expected one of fp64"),
    ],
)
def test_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TppError) as caught:
        tpp.Chip("x", **arguments)
    assert isinstance(caught.value, (InputError, UnknownName))
    assert message in str(caught.value)


def test_dense_makes_sparse_void() -> None:
    chip = tpp.Chip(tops={"fp8": 1979}, tops_sparse={"fp8": 9999})
    assert set(chip.quantities) == {"tops_fp8"}


class TestUnits:
    CPU: ClassVar = {"count": 64, "macs_per_clock": 1024, "clock_ghz": "3.5", "bits": 8}

    def test_sum(self) -> None:
        one = tpp.Chip(units=[self.CPU])
        assert tpp.metrics(one, "tpp")["tpp"] == pytest.approx(2 * 64 * 1024 * 3.5 / 1000 * 8)
        assert one.quantities["units_tpp"].low == Fraction("3670.016")
        two = tpp.Chip(units=[self.CPU, {**self.CPU, "bits": 16}])
        assert two.quantities["units_tpp"].low == 3 * one.quantities["units_tpp"].low

    def test_modes_of_one_unit_are_not_added(self) -> None:
        modes = [{**self.CPU, "unit": "matrix"}, {**self.CPU, "unit": "matrix", "bits": 4}]
        alone = tpp.Chip(units=[self.CPU]).quantities
        assert tpp.Chip(units=modes).quantities["units_tpp"] == alone["units_tpp"]

    def test_format_gives_the_bits(self) -> None:
        named = {**self.CPU, "format": "int8"}
        del named["bits"]
        assert tpp.Chip(units=[named]).quantities == tpp.Chip(units=[self.CPU]).quantities

    def test_what_is_not_given_is_bounded(self) -> None:
        found = tpp.Chip(units=[self.CPU]).quantities
        assert found["units_tpp_sustained"] == Interval(Fraction(0), Fraction("3670.016"))
        assert found["units_pp_2022"] == Interval(Fraction("3670.016"), math.inf)
        wide = {**self.CPU, "output_bits": 32, "clock_ghz_sustained": "1.75"}
        found = tpp.Chip(units=[wide]).quantities
        assert found["units_pp_2022"].low == 4 * Fraction("3670.016")
        assert found["units_tpp_sustained"].low == Fraction("3670.016") / 2

    @pytest.mark.parametrize("units", [None, "", "[]", []])
    def test_none(self, units: Any) -> None:
        assert not tpp.Chip(units=units).quantities


def test_columns() -> None:
    chips = [tpp.Chip(die_area_mm2=814), tpp.Chip(die_area_mm2=(None, 600), tops={"fp8": 1})]
    found = Table(chips, specs().vocabulary).columns
    area = found.by_quantity["die_area_mm2"]
    np.testing.assert_array_equal(area.values, [814, math.nan])
    np.testing.assert_array_equal(area.low, [math.nan, math.nan])
    np.testing.assert_array_equal(area.high, [math.nan, 600])
    assert found.by_quantity["tops_fp8"].low is None


def test_columns_refuse_more_digits_than_a_double_carries() -> None:
    chip = tpp.Chip(tops={"fp8": "0.12345678901234567890"})
    rules = tpp.rulebook("2026-02-01", rules="us-3a090")
    assert tpp.classify(chip, rules)["us-3a090/a.1"] is False
    pytest.importorskip("numba")
    with pytest.raises(InputError, match=r"row 1, column tops_fp8.*digits than a double carries"):
        tpp.classify([chip], rules, engine="jit")


def test_catalogue() -> None:
    every = tpp.chips()
    assert len(every) > 80
    ids = [chip.id for chip in every]
    assert len(set(ids)) == len(ids)
    assert all(chip.name and chip.info["sources"] for chip in every)
    some = tpp.chips(reversed(ids[:3]))
    assert [chip.id for chip in some] == ids[:3], "in the order of the catalogue"


def test_chip_by_name() -> None:
    chip = tpp.chip("h200")
    assert chip.took
    assert tpp.metrics(chip, "tpp")["tpp"] == 15832
    with pytest.raises(UnknownName, match="no chip or system is called"):
        tpp.chip("no such chip 123")


def test_system_is_no_chip() -> None:
    with pytest.raises(UnknownName, match=r"is the system .*, not a chip"):
        tpp.chip("GB200 NVL72")
