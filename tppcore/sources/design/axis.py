"""The axes of a design space: lists and ranges of decimals, booleans, chips, and their weights."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tppcore.errors import UnknownName

MOST_PLACES = 1_000_000
"""On one axis, and on all axes of a space together."""

_DECIMAL = re.compile(r"\d{1,40}(\.\d{1,40})?(e-?\d{1,2})?$", re.IGNORECASE)
_RANGE, _LIST, _CHIPS = {"from", "to", "step"}, {"values", "weights"}, {"chips"}
_SHAPES = ("uniform", "triangular")
EXPECTED = (
    'a list of decimals, {from="0.5", to="3.0", step="0.005"}, {values=[...], weights=[...]} or '
    '{chips=["H100", ...]}'
)


class AxisError(ValueError):
    """An axis that can't be used; `item` is the text at fault, where it is a text."""

    def __init__(self, message: str, item: object = None) -> None:
        self.item = item if isinstance(item, str) else None
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """One axis: its values in order, or the chips that it goes through (by id).

    `weights` are positive or 0, None where all places count alike. `step` is the distance of the
    values of a range. An axis without a step but with a `shape` is continuous between its two
    values: it can only be sampled.
    """

    name: str
    values: tuple[Fraction, ...] = ()
    chips: tuple[str, ...] = ()
    weights: tuple[Fraction, ...] | None = None
    step: Fraction | None = None
    boolean: bool = False
    continuous: bool = False
    shape: str | None = None
    mode: Fraction | None = None

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.chips or self.values)


def decimal(value: object) -> Fraction:
    """The decimal that a number or text shows. Raises AxisError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal, Fraction)):
        raise AxisError(f'{value!r}; expected a decimal such as "0.5"', value)
    if isinstance(value, Fraction):
        found = value
    else:
        text = repr(value) if isinstance(value, float) else str(value).strip()
        if not _DECIMAL.match(text.lower().replace("e+", "e")):
            raise AxisError(
                f"{text[:50]!r}; expected a decimal of at most 40 digits, not negative", value
            )
        found = Fraction(text)
    if found < 0:
        raise AxisError(f"{value!r}; expected a number that is not negative", value)
    return found


def axis(name: str, given: Any) -> AxisSpec:
    """An axis as written. Raises AxisError, and UnknownName for a chip that does not exist."""
    if isinstance(given, AxisSpec):
        return given
    if isinstance(given, Mapping):
        keys = set(given)
        if keys <= _CHIPS and keys:
            return _chips(name, given["chips"])
        if keys <= _LIST and "values" in keys:
            return _listed(name, given["values"], given.get("weights"))
        if {"from", "to"} <= keys <= _RANGE | {"distribution", "mode"}:
            return _range(name, given)
        unknown = keys - _RANGE - _LIST - _CHIPS - {"distribution", "mode"}
        names = ", ".join(map(repr, sorted(map(str, unknown or keys))))
        raise AxisError(
            f"axis {name!r} has {names}; expected {EXPECTED}",
            min(map(str, unknown), default=None),
        )
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise AxisError(f"axis {name!r} is {given!r}; expected {EXPECTED}", given)
    return _listed(name, list(given), None)


def _listed(name: str, values: Sequence[Any], weights: Sequence[Any] | None) -> AxisSpec:
    if not isinstance(values, (list, tuple)) or not len(values):
        raise AxisError(f"axis {name!r} is empty; expected {EXPECTED}")
    _check_size(name, len(values))
    boolean = all(isinstance(each, bool) for each in values)
    found = tuple(Fraction(each) if boolean else decimal(_plain(each)) for each in values)
    if len(set(found)) < len(found):
        again = Counter(found).most_common(1)[0][0]
        twice = values[len(found) - 1 - found[::-1].index(again)]
        raise AxisError(f"axis {name!r} has {twice!r} twice; expected each value once", twice)
    if weights is not None:
        if not isinstance(weights, (list, tuple)) or len(weights) != len(values):
            raise AxisError(f"axis {name!r}: expected {len(values)} weights, one a value")
        own = tuple(decimal(_plain(each)) for each in weights)
        if not any(own):
            raise AxisError(f"axis {name!r}: all weights are 0; expected one above 0")
        return AxisSpec(name, found, weights=own, boolean=boolean)
    return AxisSpec(name, found, boolean=boolean)


def _plain(value: Any) -> Any:
    """A scalar of NumPy as one of Python."""
    return value.item() if type(value).__module__ == "numpy" and not value.shape else value


def _check_size(name: str, places: int) -> None:
    if places > MOST_PLACES:
        raise AxisError(f"axis {name!r} has {places:,} places; expected at most {MOST_PLACES:,}")


def _range(name: str, given: Mapping[str, Any]) -> AxisSpec:
    first, last = decimal(_plain(given["from"])), decimal(_plain(given["to"]))
    if last < first:
        raise AxisError(
            f"axis {name!r} goes from {given['from']} to {given['to']}; expected it to ascend",
            given["to"],
        )
    shape = given.get("distribution")
    if shape is not None and shape not in _SHAPES:
        raise AxisError(
            f"unknown distribution {shape!r}; expected one of {', '.join(_SHAPES)}", shape
        )
    mode = None
    if "mode" in given:
        mode = decimal(_plain(given["mode"]))
        if shape != "triangular" or not first <= mode <= last:
            raise AxisError(
                f"axis {name!r}: mode {given['mode']}; expected one within the range, of a "
                "triangular distribution",
                given["mode"],
            )
    if shape == "triangular" and mode is None:
        mode = (first + last) / 2
    if "step" not in given:
        if first == last:
            return AxisSpec(name, (first,))
        if shape is None:
            raise AxisError(f"axis {name!r} has no step; expected one, or a distribution")
        return AxisSpec(name, (first, last), continuous=True, shape=shape, mode=mode)
    step = decimal(_plain(given["step"]))
    if step == 0:
        raise AxisError(f"axis {name!r} has the step 0; expected one above 0", given["step"])
    count = int((last - first) / step) + 1
    _check_size(name, count)
    unit = math.lcm(first.denominator, step.denominator)
    begin, stride = int(first * unit), int(step * unit)
    values = tuple(Fraction(begin + i * stride, unit) for i in range(count))
    weights = None
    if shape == "triangular":
        assert mode is not None
        weights = _triangle(values, first, last, mode, step)
    return AxisSpec(name, values, weights=weights, step=step, shape=shape, mode=mode)


def _triangle(
    values: Sequence[Fraction], first: Fraction, last: Fraction, mode: Fraction, step: Fraction
) -> tuple[Fraction, ...]:
    """The density of a triangle that is 0 one step outside the range, at each value."""
    low, high = first - step, last + step
    return tuple(
        (v - low) / (mode - low) if v <= mode else (high - v) / (high - mode) for v in values
    )


def _chips(name: str, given: Any) -> AxisSpec:
    from tppcore.sources.chips import catalogue, chip

    if given == "all":
        return AxisSpec(name, chips=tuple(catalogue()[0]))
    if not isinstance(given, (list, tuple)) or not given:
        raise AxisError(f'axis {name!r}: expected the names of chips, or "all"', given)
    found = []
    for each in given:
        try:
            identity = chip(str(each)).id
        except UnknownName as error:
            raise AxisError(str(error), each) from None
        assert identity is not None
        found.append(identity)
    if len(set(found)) < len(found):
        raise AxisError(f"axis {name!r} has a chip twice; expected each once")
    return AxisSpec(name, chips=tuple(found))
