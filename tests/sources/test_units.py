"""Unit factors are exact, and so are the columns they are applied to."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.errors import TppError
from tppcore.sources.units import convert, scale


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("FLOP/s", "TOPS", Fraction(1, 10**12)),
        ("OP/s", "TOPS", Fraction(1, 10**12)),
        ("GFLOPS", "TOPS", Fraction(1, 1000)),
        ("TFLOPS", "TOPS", Fraction(1)),
        ("PFLOPS", "TOPS", Fraction(1000)),
        ("TOPS", "TOPS", Fraction(1)),
        ("byte/s", "GB/s", Fraction(1, 10**9)),
        ("MB/s", "GB/s", Fraction(1, 1000)),
        ("TB/s", "GB/s", Fraction(1000)),
        ("Gbit/s", "GB/s", Fraction(1, 8)),
        ("Tbit/s", "GB/s", Fraction(125)),
        ("GiB/s", "GB/s", Fraction(2**30, 10**9)),
        ("bytes", "GB", Fraction(1, 10**9)),
        ("GiB", "GB", Fraction(2**30, 10**9)),
        ("MiB", "GB", Fraction(2**20, 10**9)),
        ("TB", "GB", Fraction(1000)),
        ("mm^2", "mm2", Fraction(1)),
        ("cm2", "mm2", Fraction(100)),
        ("kW", "W", Fraction(1000)),
        ("transistors", "10^9", Fraction(1, 10**9)),
        ("millions", "10^9", Fraction(1, 1000)),
        ("billions", "10^9", Fraction(1)),
        ("GHz", "MHz", Fraction(1000)),
        ("GB/s", "Gbit/s", Fraction(8)),
    ],
)
def test_factor(unit: str, wanted: str, factor: Fraction) -> None:
    assert convert(unit, wanted) == factor


def test_unknown_unit_lists_what_is_known() -> None:
    with pytest.raises(TppError, match=r"unknown unit 'furlong'; expected one of .*GB/s.*byte/s"):
        convert("furlong", "GB/s")


def test_wrong_dimension_names_both() -> None:
    with pytest.raises(TppError, match=r"unit 'GB' measures bytes; expected one of bytes/s"):
        convert("GB", "GB/s")


@given(
    st.integers(0, 10**15 - 1),
    st.integers(-12, 6),
    st.sampled_from(["FLOP/s", "GFLOPS", "TFLOPS", "PFLOPS"]),
)
def test_scale_is_exact(digits: int, exponent: int, unit: str) -> None:
    x = float(Decimal(digits).scaleb(exponent))
    factor = convert(unit, "TOPS")
    out, bad = scale(np.array([x, np.nan]), factor)
    assert bad is None
    assert Fraction(Decimal(repr(float(out[0])))) == Fraction(Decimal(repr(x))) * factor
    assert np.isnan(out[1])


@given(st.floats(1e-3, 1e24))
def test_scale_is_exact_or_refused(x: float) -> None:
    factor = convert("GiB", "GB")
    out, bad = scale(np.array([x]), factor)
    exact = Fraction(Decimal(repr(x))) * factor
    assert (Fraction(Decimal(repr(float(out[0])))) == exact) == (bad is None)


def test_gib_of_a_memory_and_a_product_too_long_for_a_double() -> None:
    out, bad = scale(np.array([80.0]), convert("GiB", "GB"))
    assert (float(out[0]), bad) == (85.89934592, None)
    assert scale(np.array([1.0, 0.1234567890123]), convert("GiB", "GB"))[1] == 1
