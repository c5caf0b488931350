"""The shortest decimal of a double, in Numba, against Python's own."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

numba = pytest.importorskip("numba")
found = pytest.importorskip("tppcore.engine.shortest")

SMALLEST, LARGEST = math.log(1e-15), math.log(1e24)


@numba.njit
def in_doubles_first(value):  # type: ignore[no-untyped-def]
    return found.shortest(value)


@numba.njit
def in_whole_numbers(value):  # type: ignore[no-untyped-def]
    return found._general(value)


def check(values: NDArray[np.float64]) -> None:
    for value in values.tolist():
        for find in (in_doubles_first, in_whole_numbers):
            mantissa, exponent = find(value)
            assert Fraction(mantissa) * Fraction(10) ** exponent == Fraction(repr(value)), value


def test_zero() -> None:
    assert in_doubles_first(0.0) == in_doubles_first(-0.0) == (0, 0)


@pytest.mark.parametrize("digits", [1, 2, 3, 6, 9, 12, 14, 15, 16, 17])
def test_decimals_of_every_length(digits: int) -> None:
    values = np.exp(np.random.default_rng(digits).uniform(SMALLEST, LARGEST, 1000))
    check(np.array([float(f"{value:.{digits - 1}e}") for value in values]))


def test_any_double() -> None:
    check(np.exp(np.random.default_rng(0).uniform(SMALLEST, LARGEST, 3000)))


def test_whole_numbers_beyond_15_digits() -> None:
    rng = np.random.default_rng(1)
    check(rng.integers(10**15, 2**53, 500).astype(np.float64))
    check(rng.integers(2**53, 10**18, 500).astype(np.float64))
    check(rng.integers(10**15, 2**52, 500) + 0.5)


def test_around_powers() -> None:
    """Below a power of two doubles are closer than above; near a power of ten digits may be one
    more or less."""
    twos = 2.0 ** np.arange(-49, 80)
    tens = np.array([float(f"1e{k}") for k in range(-14, 24)])
    for powers in (twos, tens):
        for value in (powers, np.nextafter(powers, 0), np.nextafter(powers, math.inf)):
            check(value)
