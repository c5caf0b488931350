"""Decimals m * 10^-k as whole numbers m, and the floats that stand for them.

A double stands for m * 10^-k if that is the shortest decimal that reads back as it. For m up to
10^15 the double nearest to m * 10^-k always does so, as decimals of 15 digits are unique. So it
does wherever the doubles around lie closer together than 10^-k: only one multiple of 10^-k then
reads back as it, and all shorter decimals are such multiples. A float32 has 6 digits and a
spacing of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Wholes = NDArray[np.int64]

FINE = 9
"""Digits after the point of numbers that many-digit columns hold beside those of 17 digits."""


def doubles(whole: Wholes, scale: int) -> NDArray[np.float64]:
    """The doubles nearest to whole * 10^-scale."""
    result = _quotient(whole, scale, np.float64)
    rest = np.flatnonzero(whole > 2**53)
    if len(rest) and scale > FINE:
        grain = 10 ** (scale - FINE)
        coarse = whole[rest] % grain == 0
        result[rest[coarse]] = _quotient(whole[rest[coarse]] // grain, FINE, np.float64)
        rest = rest[~coarse]
    result[rest] = [float(f"{m}e{-scale}") for m in whole[rest].tolist()]
    return result


def singles(whole: Wholes, scale: int) -> NDArray[np.float32]:
    """The float32s nearest to whole * 10^-scale."""
    result = _quotient(whole, scale, np.float32)
    rest = np.flatnonzero(whole > 2**24)
    result[rest] = [np.float32(f"{m}e{-scale}") for m in whole[rest].tolist()]
    return result


def _quotient(whole: Wholes, scale: int, kind: type[np.floating[Any]]) -> NDArray[Any]:
    """One rounding: both operands are floats as they stand, where `whole` is not too long."""
    assert -10 <= scale <= (22 if kind is np.float64 else 10), scale
    power = kind(10.0 ** abs(scale))
    result: NDArray[Any] = whole.astype(kind)
    return result / power if scale >= 0 else result * power


def written(values: NDArray[np.floating[Any]], scale: int) -> Wholes:
    """The shortest decimals of floats, as whole numbers times 10^-scale.

    Python and NumPy write them. ValueError where one has more digits after its point.
    """
    texts = values.astype("U32") if values.dtype == np.float32 else map(repr, values.tolist())
    return np.array([_whole(str(text), scale) for text in texts], np.int64)


def _whole(text: str, scale: int) -> int:
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    zeros = scale - len(fraction) + int(exponent or 0)
    if zeros < 0:
        raise ValueError(f"{text}: expected at most {scale} digits after the point")
    return int(whole + fraction) * int(10**zeros)
