"""Decimals m * 10^-k as whole numbers m, and the floats that stand for them.

A double stands for m * 10^-k if that is the shortest decimal that reads back as it. For m up to
10^15 the double nearest to m * 10^-k always does so, as decimals of 15 digits are unique. So it
does wherever the doubles around lie closer together than 10^-k: only one multiple of 10^-k then
reads back as it, and all shorter decimals are such multiples. A float32 has 6 digits and a
spacing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Wholes = NDArray[np.int64]


def doubles(whole: Wholes, scale: int) -> NDArray[np.float64]:
    """The doubles nearest to whole * 10^-scale."""
    result = _quotient(whole, scale, np.float64)
    for row, text in _long(whole, scale, result, 2**53):
        result[row] = float(text)
    return result


def singles(whole: Wholes, scale: int) -> NDArray[np.float32]:
    """The float32s nearest to whole * 10^-scale."""
    result = _quotient(whole, scale, np.float32)
    for row, text in _long(whole, scale, result, 2**24):
        result[row] = np.float32(text)
    return result


def _long(whole: Wholes, scale: int, result: NDArray[Any], most: int) -> Iterator[tuple[int, str]]:
    """What is no float before it is divided: without zeros at its end it may be one, and goes
    into `result`; the others come as text."""
    rest = np.flatnonzero(whole > most)
    for zeros in (5, 3):
        if len(rest) and scale >= zeros:
            shorter, cut = np.divmod(whole[rest], 10**zeros)
            fits = (cut == 0) & (shorter <= most)
            result[rest[fits]] = _quotient(shorter[fits], scale - zeros, result.dtype.type)
            rest = rest[~fits]
    for row, number in zip(rest.tolist(), whole[rest].tolist(), strict=True):
        yield row, f"{number}e{-scale}"


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
