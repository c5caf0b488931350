"""Units of published tables, converted exactly: a factor is a fraction, never a double."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import TppError

_SI = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50}


def _known() -> dict[str, tuple[str, Fraction]]:
    """Every unit by name: its dimension, and its size in the base unit of that dimension."""
    units: dict[str, tuple[str, Fraction]] = {
        "op/s": ("operations/s", Fraction(1)),
        "op": ("operations", Fraction(1)),
        "byte": ("bytes", Fraction(1)),
        "bytes": ("bytes", Fraction(1)),
        "Byte": ("bytes", Fraction(1)),
        "byte/s": ("bytes/s", Fraction(1)),
        "bytes/s": ("bytes/s", Fraction(1)),
        "bit": ("bits", Fraction(1)),
        "bits": ("bits", Fraction(1)),
        "mm2": ("area", Fraction(1)),
        "mm^2": ("area", Fraction(1)),
        "mm²": ("area", Fraction(1)),
        "cm2": ("area", Fraction(100)),
        "cm^2": ("area", Fraction(100)),
        "cm²": ("area", Fraction(100)),
        "mW": ("power", Fraction(1, 1000)),
        "ft3": ("volume", Fraction(1)),
        "ft^3": ("volume", Fraction(1)),
        "1": ("number", Fraction(1)),
        "%": ("number", Fraction(1, 100)),
        "transistors": ("number", Fraction(1)),
        "thousands": ("number", Fraction(10**3)),
        "millions": ("number", Fraction(10**6)),
        "million": ("number", Fraction(10**6)),
        "billions": ("number", Fraction(10**9)),
        "billion": ("number", Fraction(10**9)),
        "10^6": ("number", Fraction(10**6)),
        "10^9": ("number", Fraction(10**9)),
    }
    for prefix, exponent in _SI.items():
        size = Fraction(10**exponent)
        for rate in ("FLOP/s", "FLOPS", "FLOPs", "OP/s", "OPS", "OPs"):
            units[prefix + rate] = ("operations/s", size)
        units[prefix + "B"] = ("bytes", size)
        units[prefix + "B/s"] = ("bytes/s", size)
        units[prefix + "bit/s"] = units[prefix + "bps"] = ("bytes/s", size / 8)
        units[prefix + "W"] = ("power", size)
        units[prefix + "Hz"] = ("frequency", size)
    for prefix, exponent in _BINARY.items():
        size = Fraction(2**exponent)
        units[prefix + "B"] = ("bytes", size)
        units[prefix + "B/s"] = ("bytes/s", size)
        units[prefix + "bit/s"] = ("bytes/s", size / 8)
    return units


UNITS = _known()


def convert(unit: str, wanted: str) -> Fraction:
    """The factor that turns a figure in `unit` into one in `wanted`.

    Raises `TppError` for a unit that is not known, with those that are, and for two units
    that do not measure the same thing.
    """
    unit = unit.strip()
    if unit == wanted:
        return Fraction(1)
    if wanted not in UNITS:
        raise TppError(f"unit {unit!r}: expected {wanted}, which has no other unit")
    dimension, target = UNITS[wanted]
    alike = sorted(name for name, (kind, _) in UNITS.items() if kind == dimension)
    if unit not in UNITS:
        raise TppError(f"unknown unit {unit!r}; expected one of {', '.join(alike)}")
    kind, size = UNITS[unit]
    if kind != dimension:
        raise TppError(
            f"unit {unit!r} measures {kind}; expected one of {dimension}: {', '.join(alike)}"
        )
    return size / target


def scale(values: NDArray[np.float64], factor: Fraction) -> tuple[NDArray[np.float64], int | None]:
    """`values` times `factor`, decimal for decimal; NaN stays NaN.

    A double means the shortest decimal that reads back as it. Where the product of that decimal
    and the factor is not such a decimal itself, no double carries it: returns the index of the
    first such value, else None. `values` is float64 (n,) and is left as it is.
    """
    if factor == 1:
        return values, None
    out = np.full(values.shape, np.nan)
    left = ~np.isnan(values)
    power_of_ten = _decimal(factor)
    if power_of_ten is not None:
        mantissa, exponent = power_of_ten
        # r / 10^k == x with |r| <= 1e15 makes r / 10^k the decimal that x means: decimals of up to
        # 15 digits have distinct doubles. r * mantissa is then an integer of at most 15 digits,
        # and one operation with an exact power of ten rounds it to the double that means it.
        for k in (0, 3, 6, 12, -3, -6):
            if not left.any():
                break
            x = values[left]
            with np.errstate(over="ignore", invalid="ignore"):
                r = np.rint(_shift(x, k))
                digits = r * float(mantissa)
                fits = (np.abs(r) <= 1e15) & (np.abs(digits) <= 1e15) & (_shift(r, -k) == x)
                fits &= np.abs(exponent - k) <= 22
            index = np.flatnonzero(left)[fits]
            out[index] = _shift(digits[fits], exponent - k)
            left[index] = False
    for i in np.flatnonzero(left):
        value = float(values[i])
        if not np.isfinite(value):
            out[i] = value
            continue
        exact = Fraction(Decimal(repr(value))) * factor
        out[i] = float(exact)
        if Fraction(Decimal(repr(float(out[i])))) != exact:
            return out, int(i)
    return out, None


def _decimal(factor: Fraction) -> tuple[int, int] | None:
    """(m, e) with `factor` = m * 10^e and m a double of few digits, or None."""
    exponent = 0
    while factor.denominator != 1:
        if exponent < -22:
            return None
        factor, exponent = factor * 10, exponent - 1
    mantissa = factor.numerator
    while mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    return (mantissa, exponent) if abs(mantissa) <= 10**15 else None


def _shift(x: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """x * 10^k in one rounding, |k| <= 22."""
    shifted: NDArray[np.float64] = x * 10.0**k if k >= 0 else x / 10.0**-k
    return shifted
