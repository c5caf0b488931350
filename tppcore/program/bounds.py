"""How far a double evaluation can be from the truth, and how wide its exact counterpart gets.

All quantities and constants are non-negative and formulas only add, multiply, divide and take
maxima, so every operation keeps relative errors: with u = 2^-53, reading a decimal as a double
costs a factor 1 + d, |d| <= u, and so does every rounded operation. After n roundings the double
v and the true value x satisfy |v - x| <= ((1 + u)^n - 1) x < 1.01 n u x for n < 10^13. With the
rounding of the threshold itself, n + 1 roundings separate v from t: outside a relative distance
of EPSILON_UNIT (n + 1) the double comparison is the true one. Quantities lie in [1e-15, 1e24], so
nothing underflows within the exponent bounds checked here.

No filter is needed where a test compares a maximum of single inputs times powers of two with a
decimal t, if t / 2^k has at most 15 significant digits for every factor 2^k. Scaling by 2^k is
exact, so the test is that of the input x with t / 2^k. If the decimal d of x is >= t / 2^k then
x >= fl(t / 2^k), as rounding is monotone. If d < t / 2^k then x <= fl(t / 2^k), and they are not
equal: d is the shortest decimal that reads back as x, so it would have at most 15 digits too, and
two decimals of at most 15 digits never read back as one double.

A float32 input counts one more rounding, by u32 = 2^-24, in every product that it enters. The same
lemma holds for it where t / 2^k has at most 6 digits and is itself a float32, so that the widened
input and the double t compare as the float32s do.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tppcore.program.decimals import decimal_parts
from tppcore.program.program import Node, Op

EPSILON_UNIT = 1.02 * 2.0**-53
EPSILON_UNIT_32 = 1.02 * 2.0**-24
SHORT_DIGITS, SHORT_DIGITS_32 = 15, 6
LARGEST_SINGLE = 1e38
MAX_BITS = 1024
LARGEST_EXPONENT = 290

_INPUT_LSB, _INPUT_MAX = -31, 24
"""A quantity has at most 17 digits, the last at 10^-31 or above, and is at most 10^24."""

BITS_PER_DIGIT = 3.3219281


class TooWide(ValueError):
    """A formula whose exact evaluation would need more than MAX_BITS bits."""


@dataclass(frozen=True, slots=True)
class _Size:
    """Decimal exponents: last digit and magnitude of numerator and denominator."""

    lsb: int
    top: int
    den_lsb: int = 0
    den_top: int = 0

    def times(self, other: _Size) -> _Size:
        return _Size(
            self.lsb + other.lsb,
            self.top + other.top,
            self.den_lsb + other.den_lsb,
            self.den_top + other.den_top,
        )

    def over(self, other: _Size) -> _Size:
        return self.times(_Size(other.den_lsb, other.den_top, other.lsb, other.top))

    def plus(self, other: _Size) -> _Size:
        one, two = self.lsb + other.den_lsb, other.lsb + self.den_lsb
        return _Size(
            min(one, two),
            max(self.top + other.den_top, other.top + self.den_top) + 1,
            self.den_lsb + other.den_lsb,
            self.den_top + other.den_top,
        )

    def bits(self) -> int:
        return int(max(self.top - self.lsb, self.den_top - self.den_lsb) * BITS_PER_DIGIT) + 8


@dataclass(frozen=True, slots=True)
class Bound:
    """Roundings of the double evaluation; inputs multiplied with each other at most; `scales` are
    the exponents k if it is a maximum of inputs times 2^k, None otherwise; `size` of the exact
    value."""

    roundings: int
    inputs: int
    scales: frozenset[int] | None
    size: _Size


def bounds(nodes: Sequence[Node]) -> list[Bound]:
    """The bound of every node, in order. Raises TooWide."""
    found: list[Bound] = []
    for node in nodes:
        bound = _bound(node, nodes, found)
        _check_width(bound.size.bits())
        if bound.size.top > LARGEST_EXPONENT or bound.size.lsb < -LARGEST_EXPONENT:
            raise TooWide("a double can't hold the metric; expected fewer factors")
        found.append(bound)
    return found


def _check_width(bits: int) -> None:
    if bits > MAX_BITS:
        raise TooWide(f"exact evaluation needs {bits} bits; expected at most {MAX_BITS}")


def _bound(node: Node, nodes: Sequence[Node], found: list[Bound]) -> Bound:
    match node.op:
        case Op.CONST:
            value = node.value or Fraction(0)
            roundings = 0 if Fraction(float(value)) == value else 1
            return Bound(roundings, 0, None, _decimal_size(value))
        case Op.INPUT:
            return Bound(1, 1, frozenset([0]), _Size(_INPUT_LSB, _INPUT_MAX))
        case Op.NOT_APPLICABLE:
            return Bound(0, 0, frozenset(), _Size(0, 0))
    a, b = found[node.a], found[node.b]
    most = max(a.inputs, b.inputs)
    match node.op:
        case Op.ADD:
            return Bound(max(a.roundings, b.roundings) + 1, most, None, a.size.plus(b.size))
        case Op.MUL if (k := _power(nodes[node.a])) is not None:
            return _scaled(b, k, a.size.times(b.size))
        case Op.MUL if (k := _power(nodes[node.b])) is not None:
            return _scaled(a, k, a.size.times(b.size))
        case Op.MUL | Op.DIV:
            size = a.size.times(b.size) if node.op == Op.MUL else a.size.over(b.size)
            return Bound(a.roundings + b.roundings + 1, a.inputs + b.inputs, None, size)
        case _:
            scales = None if a.scales is None or b.scales is None else a.scales | b.scales
            one, two = a.size, b.size
            size = _Size(
                min(one.lsb, two.lsb),
                max(one.top, two.top),
                min(one.den_lsb, two.den_lsb),
                max(one.den_top, two.den_top),
            )
            return Bound(max(a.roundings, b.roundings), most, scales, size)


def _power(node: Node) -> int | None:
    """k if a node is the constant 2^k."""
    return power_of_two(node.value) if node.op == Op.CONST and node.value else None


def _scaled(bound: Bound, k: int, size: _Size) -> Bound:
    """A node times 2^k: that rounds nothing."""
    scales = None if bound.scales is None else frozenset(each + k for each in bound.scales)
    return Bound(bound.roundings, bound.inputs, scales, size)


def power_of_two(value: Fraction) -> int | None:
    """k if value is 2^k, else None."""
    top, bottom = value.numerator, value.denominator
    if top <= 0 or top & (top - 1) or bottom & (bottom - 1):
        return None
    return top.bit_length() - bottom.bit_length()


def epsilon(bound: Bound, threshold: Fraction) -> float:
    """The relative distance within which a double comparison with `threshold` proves nothing.

    Raises TooWide.
    """
    size = _decimal_size(threshold)
    _check_width(bound.size.over(size).bits() + size.bits())
    scaled = _thresholds(bound, threshold)
    if scaled is not None and all(_significant_digits(t) <= SHORT_DIGITS for t in scaled):
        return 0.0
    return _epsilon(bound, threshold)


def epsilon32(bound: Bound, threshold: Fraction) -> float:
    """The same where inputs may be float32, widened to doubles. Raises TooWide."""
    plain = epsilon(bound, threshold)
    scaled = _thresholds(bound, threshold)
    if plain == 0.0 and scaled is not None and all(map(_is_short_single, scaled)):
        return 0.0
    return _epsilon(bound, threshold) + EPSILON_UNIT_32 * bound.inputs


def _epsilon(bound: Bound, threshold: Fraction) -> float:
    exact_threshold = Fraction(float(threshold)) == threshold
    return EPSILON_UNIT * (bound.roundings + (0 if exact_threshold else 1) + 1)


def _thresholds(bound: Bound, threshold: Fraction) -> list[Fraction] | None:
    """What the single inputs of a maximum are compared with; None if it is no such maximum."""
    if bound.scales is None:
        return None
    return [threshold / Fraction(2) ** k for k in bound.scales]


def _is_short_single(value: Fraction) -> bool:
    if _significant_digits(value) > SHORT_DIGITS_32 or value > LARGEST_SINGLE:
        return False
    single: float = struct.unpack("f", struct.pack("f", float(value)))[0]
    return Fraction(single) == value


def _decimal_size(value: Fraction) -> _Size:
    mantissa, exponent = decimal_parts(value)
    return _Size(min(exponent, 0), exponent + len(str(mantissa)))


def _significant_digits(value: Fraction) -> int:
    return len(str(decimal_parts(value)[0]))
