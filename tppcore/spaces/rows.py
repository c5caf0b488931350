"""Single designs of a part as exact rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray

from tppcore.engine.counting.axes import Axis, evaluate_at
from tppcore.engine.counting.lowering import Range
from tppcore.engine.counting.ratios import Number
from tppcore.engine.exact import Interval
from tppcore.sources.design.space import Part


def rows(
    part: Part, given: Mapping[str, Range], places: Mapping[Axis, NDArray[Any]], count: int
) -> Iterator[dict[str, Interval]]:
    """The quantities `given` of designs of a part by their places on each axis, (count,)."""
    forms = [form for each in given.values() for form in (each.low, each.high)]
    values: list[list[Number]] = []
    for ratios in evaluate_at(forms, places):
        numbers = ratios.fractions()
        values.append(numbers if len(numbers) == count and ratios.shape else numbers * count)
    for i in range(count):
        found = {}
        for k, name in enumerate(given):
            found[name] = Interval(Fraction(values[2 * k][i]), values[2 * k + 1][i])
        yield found
