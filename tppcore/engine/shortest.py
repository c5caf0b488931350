"""The decimal that a person wrote, of a double, for Numba; importing it imports Numba.

The shortest decimal that reads back as the double, and of those the closest to it: Contract 1 of
the design. Doubles are those of quantities, 0 or in [1e-15, 1e24].
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

import numpy as np

from tppcore.engine.limbs import POWERS, ZERO, bits_of, multiply_add
from tppcore.engine.lowlevel import part

_UNIQUE = 1e15
_UNIT = 2.0**-52
_EXACT = np.array([10.0**k for k in range(23)])  # the powers of ten that are doubles
_WIDE = np.array([[10**k % 2**64, 10**k >> 64] for k in range(38)], np.uint64)  # two limbs
_FRACTION, _IMPLICIT = 52, 1 << 52
_LEAST, _MOST = 15, 17  # digits: the decimals of fewer are those of 15 that end in zeros


@part
def shortest(value):
    """(mantissa, exponent) with value = mantissa * 10^exponent; zero is (0, 0).

    With r = rint(x * 10^k): if r / 10^k == x in doubles and r <= 10^15, then r * 10^-k reads back
    as x (mantissa and power are exact, so the division rounds once, as reading does); as decimals
    of up to 15 digits are unique, it is the shortest.
    """
    if value == 0.0:
        return ZERO, 0
    for k in range(23):
        scaled = value * _EXACT[k]
        if not scaled <= _UNIQUE:
            break
        whole = np.rint(scaled)
        # A double is at most half a unit of the last place off; the quotient then says for sure.
        if abs(whole - scaled) <= scaled * _UNIT and whole / _EXACT[k] == value:
            return np.uint64(np.int64(whole)), -k
    for k in range(1, 23):
        scaled = value / _EXACT[k]
        if scaled <= _UNIQUE:
            whole = np.rint(scaled)
            if whole * _EXACT[k] == value:
                return np.uint64(np.int64(whole)), k
            break
    return _general(value)


@part
def _general(value):
    """The same for any double: candidates of 15 digits, then 16, then 17, in whole numbers.

    value = f * 2^e with f < 2^53. A decimal reads back as the value if it is no further from it
    than half the way to the next double: 2^(e-1), and 2^(e-2) below a power of two; just at half
    way it does where f is even.
    """
    bits = bits_of(value)
    f = (bits & np.uint64(_IMPLICIT - 1)) | np.uint64(_IMPLICIT)
    e = np.int64(bits >> np.uint64(_FRACTION)) - 1075
    even = f & np.uint64(1) == ZERO
    uneven = f == np.uint64(_IMPLICIT)
    size = np.log10(value)
    point = np.int64(np.floor(size)) + 1  # digits before the point, or one off near powers of ten
    unsure = 1 if abs(size - np.rint(size)) < 1e-9 else 0
    for digits in range(_LEAST - unsure, _MOST + 1 + unsure):
        k = digits - point
        if k >= 0 and e < 0:
            found = _fractional(f, -e, k, even, uneven)
        else:  # where e >= 0, k = 0 gives the whole number at the latest
            found = _integral(
                f, max(e, 0), POWERS[-k] << np.uint64(-e if e < 0 else 0), even, uneven
            )
        if found:
            while found % np.uint64(10) == ZERO:
                found //= np.uint64(10)
                k -= 1
            return found, -k
    return ZERO, 0  # never: 17 digits always do


@part
def _fractional(f, shift, k, even, uneven):
    """The decimal d * 10^-k closest to f * 2^-shift, 0 if it does not read back; k in [0, 37].

    f * 10^k = d * 2^shift + rest, so a step of one in d is 2^shift and half a gap 10^k / 2.
    """
    lower, upper = _WIDE[k, 0], _WIDE[k, 1]
    p0, carry = multiply_add(f, lower, ZERO, ZERO)
    p1, p2 = multiply_add(f, upper, carry, ZERO)
    d = _shifted_right(p0, p1, p2, shift)
    r0, r1 = _low_bits(p0, p1, shift)
    s0, s1 = _power_of_two(shift)
    t0, t1 = _difference(s0, s1, r0, r1)
    below = _reaches(r0, r1, lower, upper, 4 if uneven else 2, even)
    above = _reaches(t0, t1, lower, upper, 2, even)
    return _choose(d, below, above, _order(r0, r1, t0, t1))


@part
def _integral(f, e, step, even, uneven):
    """The multiple d of `step` closest to f * 2^e, 0 if it does not read back.

    f * 2^e = d * step + rest, and half a gap is 2^e / 2.
    """
    v0, v1 = multiply_add(f, np.uint64(1) << np.uint64(e), ZERO, ZERO)
    d = ZERO
    rest = ZERO
    for i in range(79, -1, -1):  # quantities are below 2^80
        limb = v1 if i >= 64 else v0
        rest = rest << np.uint64(1) | limb >> np.uint64(i % 64) & np.uint64(1)
        d <<= np.uint64(1)
        if rest >= step:
            rest -= step
            d |= np.uint64(1)
    gap = np.uint64(1) << np.uint64(e)
    below = _reaches(rest, ZERO, gap, ZERO, 4 if uneven else 2, even)
    above = _reaches(step - rest, ZERO, gap, ZERO, 2, even)
    return _choose(d, below, above, _order(rest, ZERO, step - rest, ZERO))


@part
def _choose(d, below, above, order):
    """d or d + 1, whichever reads back and is closer; to even d where both are as close."""
    if below and above:
        return d if order < 0 or (order == 0 and d & np.uint64(1) == ZERO) else d + np.uint64(1)
    if below:
        return d
    return d + np.uint64(1) if above else ZERO


@part
def _order(a0, a1, b0, b1):
    if a1 != b1:
        return -1 if a1 < b1 else 1
    return -1 if a0 < b0 else 1 if a0 > b0 else 0


@part
def _reaches(a0, a1, b0, b1, factor, ends):
    """Whether factor * a < b, or <= where `ends`."""
    a0, carry = multiply_add(a0, np.uint64(factor), ZERO, ZERO)
    a1, over = multiply_add(a1, np.uint64(factor), carry, ZERO)
    order = 1 if over else _order(a0, a1, b0, b1)
    return order < 0 or (ends and order == 0)


@part
def _shifted_right(p0, p1, p2, shift):
    """The lowest limb of p >> shift, 0 < shift < 128."""
    if shift >= 64:
        p0, p1, shift = p1, p2, shift - 64
    if shift == 0:
        return p0
    return p0 >> np.uint64(shift) | p1 << np.uint64(64 - shift)


@part
def _low_bits(p0, p1, shift):
    if shift < 64:
        return p0 & ((np.uint64(1) << np.uint64(shift)) - np.uint64(1)), ZERO
    return p0, p1 & ((np.uint64(1) << np.uint64(shift - 64)) - np.uint64(1))


@part
def _power_of_two(shift):
    if shift < 64:
        return np.uint64(1) << np.uint64(shift), ZERO
    return ZERO, np.uint64(1) << np.uint64(shift - 64)


@part
def _difference(a0, a1, b0, b1):
    return a0 - b0, a1 - b1 - np.uint64(a0 < b0)
