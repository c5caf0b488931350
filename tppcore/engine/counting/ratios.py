"""Arrays of exact rational numbers, and infinity.

A `Ratios` holds numerators and denominators, which broadcast against each other; infinity is 1/0.
Numbers are whole numbers of 64 bits where a bound says that they fit, else of Python, which are
right and slow. Everything is compared by cross-multiplication.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Number = Fraction | float
"""A fraction, or math.inf."""

_LARGEST = 2**63 - 1
MOST_BITS = 1 << 14
"""No formula makes numbers of more: it is refused before it takes time and memory."""


class TooLong(ValueError):
    """Numbers of more than MOST_BITS bits."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole numbers, int64 or object, none of a magnitude above `most`."""

    values: Array
    most: int

    @classmethod
    def of(cls, value: int) -> Whole:
        return cls(_array([value], ()), abs(value))

    def __mul__(self, other: Whole) -> Whole:
        if self.most == 1 and self.values.ndim == 0 and self.values[()] == 1:
            return other
        if other.most == 1 and other.values.ndim == 0 and other.values[()] == 1:
            return self
        most = self.most * other.most
        return Whole(_kept(_fit(self.values, most) * _fit(other.values, most)), most)

    def __add__(self, other: Whole) -> Whole:
        most = self.most + other.most
        return Whole(_kept(_fit(self.values, most) + _fit(other.values, most)), most)

    def __neg__(self) -> Whole:
        return Whole(_kept(-self.values), self.most)

    def where(self, mask: Array, other: Whole) -> Whole:
        """These where the mask holds, the others elsewhere."""
        most = max(self.most, other.most)
        return Whole(np.where(mask, _fit(self.values, most), _fit(other.values, most)), most)


def _kept(values: Any) -> Array:
    """What an operation gives as an array: of arrays without a dimension NumPy makes numbers."""
    if isinstance(values, int):
        array = np.empty((), object)
        array[()] = values
        return array
    return np.asarray(values)


def _fit(values: Array, most: int) -> Array:
    """The values in a type that holds results of that magnitude."""
    if most <= _LARGEST or values.dtype == object:
        return values
    if most.bit_length() > MOST_BITS:
        raise TooLong(f"a number of more than {MOST_BITS} bits")
    return values.astype(object)


def _array(values: Sequence[int], shape: tuple[int, ...]) -> Array:
    most = max(map(abs, values), default=0)
    if most.bit_length() > MOST_BITS:
        raise TooLong(f"a number of more than {MOST_BITS} bits")
    found = np.array(values, dtype=np.int64 if most <= _LARGEST else object)
    return found.reshape(shape)


@dataclass(frozen=True, slots=True)
class Ratios:
    """`top` / `bottom`, with bottom > 0, or top 1 and bottom 0 (infinity, only if `endless`)."""

    top: Whole
    bottom: Whole
    endless: bool = False

    @classmethod
    def of(cls, values: Sequence[Number], shape: tuple[int, ...] | None = None) -> Ratios:
        """The numbers in an array of this shape (flat if left out), over one denominator."""
        finite = [Fraction(value) for value in values if value != math.inf]
        unit = math.lcm(*(each.denominator for each in finite))
        endless = len(finite) < len(values)
        tops = [1 if v == math.inf else int(Fraction(v) * unit) for v in values]
        form = (len(tops),) if shape is None else shape
        top = Whole(_array(tops, form), max(map(abs, tops), default=0))
        if not endless:
            return cls(top, Whole.of(unit))
        bottoms = _array([0 if v == math.inf else unit for v in values], form)
        return cls(top, Whole(bottoms, unit), True)

    @classmethod
    def whole(cls, values: Sequence[int | float]) -> Ratios:
        """Whole numbers, or math.inf, flat."""
        endless = math.inf in values
        tops = [1 if value == math.inf else int(value) for value in values]
        top = Whole(_array(tops, (len(tops),)), max(map(abs, tops), default=0))
        if not endless:
            return cls(top, Whole.of(1))
        bottoms = [0 if value == math.inf else 1 for value in values]
        return cls(top, Whole(_array(bottoms, (len(tops),)), 1), True)

    @classmethod
    def constant(cls, value: Number) -> Ratios:
        return cls.of([value], ())

    @property
    def shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(self.top.values.shape, self.bottom.values.shape)

    def _alike(self, other: Ratios) -> tuple[Ratios, Ratios]:
        """Both over the same denominator where each has a single one."""
        if self.bottom is other.bottom or self.endless or other.endless:
            return self, other
        if self.bottom.values.ndim or other.bottom.values.ndim:
            return self, other
        unit = Whole.of(math.lcm(self.bottom.most, other.bottom.most))

        def over(each: Ratios) -> Ratios:
            return Ratios(each.top * Whole.of(unit.most // each.bottom.most), unit)

        return over(self), over(other)

    def __mul__(self, other: Ratios) -> Ratios:
        found = Ratios(self.top * other.top, self.bottom * other.bottom)
        if not (self.endless or other.endless):
            return found
        # Nothing, however often, is nothing: 0 times infinity is 0.
        return found._settled(found.top.values == 0, Whole.of(0))

    def __add__(self, other: Ratios) -> Ratios:
        one, two = self._alike(other)
        if one.bottom is two.bottom and not self.endless:
            return Ratios(one.top + two.top, one.bottom)
        top = self.top * other.bottom + other.top * self.bottom
        found = Ratios(top, self.bottom * other.bottom)
        if not (self.endless or other.endless):
            return found
        return found._settled(None, Whole.of(0))

    def _settled(self, zero: Array | None, value: Whole) -> Ratios:
        """Infinity as 1/0 everywhere; `value` where `zero` holds."""
        top, bottom, one = self.top, self.bottom, Whole.of(1)
        if zero is not None:
            top, bottom = value.where(zero, top), one.where(zero, bottom)
        return Ratios(one.where(bottom.values == 0, top), bottom, True)

    def __truediv__(self, other: Ratios) -> Ratios:
        """The quotient; where the divisor is 0 it is infinity, where it is infinity 0."""
        found = Ratios(self.top * other.bottom, self.bottom * other.top)
        if bool(np.all(other.top.values != 0)) and not (self.endless or other.endless):
            return found
        nothing = (self.top.values == 0) | (other.bottom.values == 0)
        return found._settled(nothing, Whole.of(0))

    def __sub__(self, other: Ratios) -> Ratios:
        """The difference, of either sign, of numbers that are not infinite."""
        return self + Ratios(-other.top, other.bottom)

    def holds(self, op: str, other: Ratios) -> Array:
        """Where `self op other`, op one of >=, >, <, <=. Infinity equals itself."""
        left, right = (self.top * other.bottom).values, (other.top * self.bottom).values
        if op == ">=":
            return np.asarray(left >= right, dtype=bool)
        if op == ">":
            return np.asarray(left > right, dtype=bool)
        return ~self.holds(">" if op == "<=" else ">=", other)

    def where(self, mask: Array, other: Ratios) -> Ratios:
        """These where the mask holds, the others elsewhere."""
        one, two = self._alike(other)
        if one.bottom is two.bottom:
            return Ratios(one.top.where(mask, two.top), one.bottom, self.endless)
        return Ratios(
            self.top.where(mask, other.top),
            self.bottom.where(mask, other.bottom),
            self.endless or other.endless,
        )

    def maximum(self, other: Ratios) -> Ratios:
        return self.where(self.holds(">=", other), other)

    def minimum(self, other: Ratios) -> Ratios:
        return self.where(self.holds("<=", other), other)

    def reshaped(self, shape: tuple[int, ...]) -> Ratios:
        """Broadcast to a shape and flat."""

        def flat(part: Whole) -> Whole:
            return Whole(np.broadcast_to(part.values, shape).reshape(-1), part.most)

        bottom = self.bottom if self.bottom.values.ndim == 0 else flat(self.bottom)
        return Ratios(flat(self.top), bottom, self.endless)

    def fractions(self) -> list[Number]:
        """Flat, as Python's numbers."""
        shape = self.shape
        tops = np.broadcast_to(self.top.values, shape).reshape(-1).tolist()
        bottoms = np.broadcast_to(self.bottom.values, shape).reshape(-1).tolist()
        return [Fraction(t, b) if b else math.inf for t, b in zip(tops, bottoms, strict=True)]


def floor(ratios: Ratios) -> Whole:
    """The whole numbers at or below finite ratios."""
    return Whole(_kept(ratios.top.values // ratios.bottom.values), ratios.top.most + 1)


def ceil(ratios: Ratios) -> Whole:
    """The whole numbers at or above finite ratios."""
    return -floor(Ratios(-ratios.top, ratios.bottom))
