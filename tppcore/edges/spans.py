"""Targets of the search: the values that a metric, or a part of its formula, may take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine.columns import LARGEST, SMALLEST
from tppcore.engine.exact import decimal
from tppcore.rules.vocabulary import QuantitySpec

_SMALLEST, _LARGEST = decimal(SMALLEST), decimal(LARGEST)


@dataclass(frozen=True, slots=True)
class Span:
    """All values from `low` to `high` (None: no end); an open end is not one of them."""

    low: Fraction
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    @property
    def is_narrow(self) -> bool:
        """Whether it is a number, or close around one."""
        return self.high is not None and self.high * 99 <= self.low * 100

    def holds(self, value: Fraction) -> bool:
        above = value > self.low or (value == self.low and not self.low_open)
        if self.high is None:
            return above
        return above and (value < self.high or (value == self.high and not self.high_open))

    def middle(self) -> Fraction:
        """A value well inside."""
        if self.high is None:
            return self.low * Fraction(5, 4) or Fraction(100)
        return (self.low + self.high) / 2

    def times(self, factor: Fraction) -> Span:
        """The values x with x / factor here; `factor` is above 0."""
        high = None if self.high is None else self.high * factor
        return Span(self.low * factor, high, self.low_open, self.high_open)

    def less(self, part: Fraction) -> Span | None:
        """The values x with x + part here, none of them below 0."""
        if self.high is not None and self.high < part:
            return None
        high = None if self.high is None else self.high - part
        low = self.low - part
        return Span(max(low, Fraction(0)), high, self.low_open and low >= 0, self.high_open)

    def under(self, top: Fraction) -> Span | None:
        """The values x with top / x here; `top` is above 0."""
        if self.high == 0:
            return None
        low = Fraction(0) if self.high is None else top / self.high
        high = None if self.low == 0 else top / self.low
        return Span(low, high, self.high_open or self.high is None, self.low_open)


def exactly(value: Fraction) -> Span:
    return Span(value, value)


def is_written(value: Fraction, spec: QuantitySpec) -> bool:
    """Whether a cell can hold a number: a shortest decimal of a double, and a valid quantity."""
    match spec.kind:
        case "boolean":
            return value in (0, 1)
        case "category":
            return value.denominator == 1 and 0 <= value < len(spec.words)
        case "date":
            return value.denominator == 1
    if value == 0:
        return not spec.positive
    return _SMALLEST <= value <= _LARGEST and decimal(float(value)) == value


def written(span: Span, spec: QuantitySpec, most: int) -> Iterator[Fraction]:
    """Up to `most` numbers of a span that a cell can hold: near its middle, shortest first."""
    if span.is_point:
        if is_written(span.low, spec):
            yield span.low
        return
    if spec.kind in ("boolean", "category"):
        codes = range(2) if spec.kind == "boolean" else range(len(spec.words))
        yield from (Fraction(code) for code in codes if span.holds(Fraction(code)))
        return
    seen: set[Fraction] = set()
    for value in _decimals(span, 1 if spec.kind == "date" else None, most):
        if value not in seen and is_written(value, spec):
            seen.add(value)
            yield value
            if len(seen) == most:
                return


def _decimals(span: Span, unit: int | None, most: int) -> Iterator[Fraction]:
    """Multiples of 1000, 100, 10 ... in a span, those near its middle first."""
    middle = span.middle()
    width = (middle * 2 if span.high is None else span.high) - span.low
    largest = math.floor(math.log10(width)) if width else 0
    for power in range(0, -1, -1) if unit else range(largest, largest - 8, -1):
        step = Fraction(10) ** power
        nearest = round(middle / step) * step
        for away in range(most):
            fits = [each for each in (nearest - away * step, nearest + away * step) if each >= 0]
            inside = [each for each in fits if span.holds(each)]
            yield from inside
            if not inside and away:
                break
