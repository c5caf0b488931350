"""Rows on thresholds and next to them, in every kind of column: the C engine against the oracle.

A performance density stands exactly on 5.92, 3.2 or 1.6, or a unit of the last decimal or of the
last place beside it, where doubles can't tell.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest

from tppcore.engine import c, oracle
from tppcore.engine.columns import Column, Columns
from tppcore.engine.widen import widened
from tppcore.errors import InputError
from tppcore.program.compile import compile as compiled
from tppcore.rules.rulebook import Rulebook, rulebook

pytestmark = pytest.mark.skipif(not c.available(), reason="no C library")

ROWS = 150
RATES = {"tops_fp32": 32, "tops_fp16": 16, "tops_int8": 8, "tops_fp4": 4}
INTEGERS = ("int16", "int32", "int64", "uint16", "uint32", "uint64")


@lru_cache
def law() -> Rulebook:
    return rulebook("2026-02-01", "CN", rules=("us-3a090", "us-742.6-review", "us-9903.79.01"))


def check(columns: dict[str, Column], rows: int = ROWS) -> np.ndarray:
    """Compares all verdicts; returns those of 3A090.a."""
    columns = {"datacenter": Column(np.ones(rows, np.uint8)), **columns}
    table = Columns(rows, columns)
    found = c.evaluate(compiled(law(), columns), table)
    expected = oracle.evaluate(law(), table)
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_array_equal(found.values, expected.values)
    names = [paragraph.id for paragraph in law().paragraphs]
    words = found.values[names.index("us-3a090/a")]
    return np.unpackbits(words.view(np.uint8), bitorder="little")[:rows].astype(bool)


def ties(rng: np.random.Generator, digits: int) -> tuple[list[Fraction], list[Fraction]]:
    """Dies of some digits, and the INT8 TOPS that put each on a threshold."""
    mantissas = rng.integers(2 * 10 ** (digits - 1), 9 * 10 ** (digits - 1), ROWS)
    area = [Fraction(int(mantissa), 10 ** (digits - 3)) for mantissa in mantissas]
    limits = [Fraction(text) for text in ("5.92", "3.2", "1.6")]
    return [limits[rng.integers(3)] * mm2 / 8 for mm2 in area], area


def doubles(values: list[Fraction]) -> np.ndarray:
    return np.array([float(value) for value in values])


def decimals(values: list[Fraction], scale: int) -> Column:
    mantissas = [int(value * 10**scale) for value in values]
    halves = [(m % 2**64, m // 2**64) for m in mantissas]
    return Column(np.array(halves, np.uint64), scale=scale)


def beside(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A third of them one unit of the last place down, a third up."""
    zero, infinity = values.dtype.type(0), values.dtype.type(np.inf)
    moved = rng.integers(3, size=len(values))
    down, up = np.nextafter(values, zero), np.nextafter(values, infinity)
    return np.select([moved == 0, moved == 1], [down, up], values).astype(values.dtype)


@pytest.mark.parametrize("digits", [4, 8, 12, 13, 15])
@pytest.mark.parametrize("step", ["tie", "ulp"])
def test_doubles(digits: int, step: str) -> None:
    """13 digits of area are 15 of TOPS; beyond, the nearest doubles tie or stand just beside."""
    rng = np.random.default_rng(digits)
    tops, area = map(doubles, ties(rng, digits))
    if step == "ulp":
        tops, area = beside(tops, rng), beside(area, rng)
    found = check({"tops_int8": Column(tops), "die_area_mm2": Column(area)})
    assert 10 < np.count_nonzero(found) < ROWS
    if step == "tie" and digits <= 13:
        below = check({"tops_int8": Column(np.nextafter(tops, 0)), "die_area_mm2": Column(area)})
        assert np.count_nonzero(found & ~below) > 10


def test_seventeen_digits() -> None:
    rng = np.random.default_rng(17)
    area = rng.uniform(270, 900, ROWS)
    tops = np.array([float(Fraction("0.74") * Fraction(repr(float(mm2)))) for mm2 in area])
    assert sum(len(repr(float(mm2))) > 16 for mm2 in area) > ROWS // 2
    check({"tops_int8": Column(tops), "die_area_mm2": Column(area)})
    check({"tops_int8": Column(beside(tops, rng)), "die_area_mm2": Column(area)})


def test_formats_that_reach_the_same_value() -> None:
    """The largest of several rates is one of equals, or of ones an ulp apart."""
    rng = np.random.default_rng(2)
    tops, area = map(doubles, ties(rng, 7))
    columns = {name: Column(tops * 8 / bits) for name, bits in RATES.items()}
    check({**columns, "die_area_mm2": Column(area)})
    columns = {name: Column(beside(tops * 8 / bits, rng)) for name, bits in RATES.items()}
    check({**columns, "die_area_mm2": Column(area)})
    for name, bits in RATES.items():  # any one of them, and nothing or little in the others
        columns = {other: Column(rng.choice([0.0, 0.5, np.nan], ROWS)) for other in RATES}
        check({**columns, name: Column(tops * 8 / bits), "die_area_mm2": Column(area)})


def test_floats_of_32_bits() -> None:
    """A float is its own decimal: 514.3 and not 514.29998779296875."""
    rng = np.random.default_rng(3)
    tops, area = (doubles(values).astype(np.float32) for values in ties(rng, 4))
    exact = check({"tops_int8": Column(tops), "die_area_mm2": Column(area)})
    wide = tops.astype(np.float64) * 8 / area.astype(np.float64) >= 5.92
    assert np.count_nonzero(exact & ~wide) > 3
    check({"tops_int8": Column(beside(tops, rng)), "die_area_mm2": Column(beside(area, rng))})
    check({"tops_int8": Column(tops.astype(str).astype(np.float64)), "die_area_mm2": Column(area)})
    others = {name: Column((8 * tops / bits).astype(np.float32)) for name, bits in RATES.items()}
    check({**others, "die_area_mm2": Column(area)})


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers(kind: str) -> None:
    rng = np.random.default_rng(4)
    area = rng.integers(4, 40, ROWS) * 25
    tops = rng.choice([592, 320, 160], ROWS) * area // 800 + rng.integers(-1, 2, ROWS)
    check({"tops_int8": Column(tops.astype(kind)), "die_area_mm2": Column(area.astype(kind))})
    check({"tops_int8": Column(tops.astype(kind)), "die_area_mm2": Column(area / 1)})


@pytest.mark.parametrize("scale", [5, 9, 15, 20, 34])
def test_decimals(scale: int) -> None:
    rng = np.random.default_rng(scale)
    tops, area = ties(rng, 6)
    check({"tops_int8": decimals(tops, scale), "die_area_mm2": decimals(area, scale)})
    unit = Fraction(1, 10 ** min(scale, 9))
    moved = [value + int(rng.integers(-1, 2)) * unit for value in tops]
    check({"tops_int8": decimals(moved, scale), "die_area_mm2": decimals(area, scale)})


def test_nulls() -> None:
    rng = np.random.default_rng(5)
    tops, area = map(doubles, ties(rng, 6))

    def nulls(values: np.ndarray) -> Column:
        bits = rng.integers(0, 256, ROWS // 8 + 2).astype(np.uint8)
        return Column(values, present=bits, first_bit=int(rng.integers(8)))

    for kind in ("float64", "float32"):
        for _ in range(4):
            columns = {"tops_int8": tops, "tops_fp16": tops / 2, "die_area_mm2": area}
            check({name: nulls(values.astype(kind)) for name, values in columns.items()})


def test_ranges() -> None:
    """Each end of a density comes from one end of the area and the other of a rate."""
    rng = np.random.default_rng(6)
    tops, area = map(doubles, ties(rng, 6))
    nothing = np.full(ROWS, np.nan)

    def some(values: np.ndarray) -> np.ndarray:
        return np.where(rng.random(ROWS) < 0.3, np.nan, values)

    def ranged(values: np.ndarray) -> Column:
        low, high = some(values), some(values * rng.choice([1, 1.5], ROWS))
        return Column(np.where(np.isnan(low) & np.isnan(high), values, np.nan), low, high)

    for _ in range(4):
        check({"tops_int8": Column(tops), "die_area_mm2": ranged(area)})
        check({"tops_int8": ranged(tops), "die_area_mm2": Column(area)})
        check({"tops_int8": ranged(tops), "die_area_mm2": ranged(area)})
        check(
            {
                "tops_int8": Column(tops),
                "tops_fp16": Column(nothing, tops / rng.choice([2, 4], ROWS), some(tops)),
                "die_area_mm2": ranged(area),
                "non_planar": Column(rng.choice([0, 1, 255], ROWS).astype(np.uint8)),
            }
        )


@pytest.mark.parametrize(
    ("values", "scale", "row", "number", "expected"),
    [
        (np.array([1, 2**53, 2**53 + 1]), None, 2, 2.0**53, "digits"),
        (np.array([10**18, 2**62 + 1], np.uint64), None, 1, 2.0**62, "digits"),
        (np.array([-3, 5]), None, 0, -3.0, "0 or"),
        (np.array([[15 * 10**17, 0], [10**18 + 1, 0]], np.uint64), 18, 1, 1.0, "digits"),
        (np.array([[15, 0], [2**64 - 1, 2**64 - 1]], np.uint64), 1, 1, -0.1, "0 or"),
        (np.array([1, 1e-20], np.float32), None, 1, float(np.float32(1e-20)), "0 or"),
    ],
)
def test_refusals(
    values: np.ndarray, scale: int | None, row: int, number: float, expected: str
) -> None:
    """What is no double's shortest decimal is refused and never rounded, and so wherever columns
    are widened to doubles."""
    columns = {"dram_gb_s": Column(values, scale=scale)}
    table = Columns(len(values), columns)
    with pytest.raises(InputError, match=expected) as caught:
        c.evaluate(compiled(law(), columns), table)
    assert (caught.value.row, caught.value.value) == (row, number)
    if expected == "digits":
        with pytest.raises(InputError) as widening:
            widened(table)
        assert widening.value.row == row


def test_integers_and_decimals_that_are_of_doubles() -> None:
    numbers = np.array([2**53, 10**18, 10**19, 0], np.uint64)
    check({"dram_gb_s": Column(numbers)}, rows=4)
    for value, scale in ((10**37, 33), (17 * 10**30, 30), (12345678901234567, 5)):
        halves = np.array([[value % 2**64, value // 2**64]], np.uint64)
        check({"dram_gb_s": Column(halves, scale=scale)}, rows=1)
