"""Some of the places that a best value is found at, on the axes as they were given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tppcore.engine.counting.axes import Axis, Derived

Places = dict[Axis, range]
"""Places on axes, derived ones among them: every combination of them is meant."""


def originals(places: Places, axes: Sequence[Axis]) -> Iterator[dict[Axis, int]]:
    """All places on `axes` that these stand for, one at a time: of derived axes those with the same
    value, of axes that nothing depends on each. Places that weigh nothing are left out."""
    used = {base for axis in places for base in axis.base}
    free = {axis: range(axis.size) for axis in axes if axis not in used}
    return _combinations([*places.items(), *free.items()])


def _combinations(given: Sequence[tuple[Axis, range]]) -> Iterator[dict[Axis, int]]:
    if not given:
        yield {}
        return
    (axis, places), rest = given[0], given[1:]
    for place in places:
        for one in _under(axis, place):
            for others in _combinations(rest):
                yield {**one, **others}


def _under(axis: Axis, place: int) -> Iterator[dict[Axis, int]]:
    """The places that one place on an axis stands for."""
    if not axis.even and not axis.weights.values[place]:
        return
    if not isinstance(axis, Derived):
        yield {axis: place}
        return
    _, order, starts = axis.sorted
    shape = tuple(each.size for each in axis.under)
    end = starts[place + 1] if place + 1 < len(starts) else len(order)
    for flat in range(int(starts[place]), int(end)):
        below = np.unravel_index(int(order[flat]), shape)
        own = [(each, range(int(i), int(i) + 1)) for each, i in zip(axis.under, below, strict=True)]
        yield from _combinations(own)
