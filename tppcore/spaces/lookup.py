"""A quantity of a design space over the axes that it depends on, as doubles for an engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import MISSING
from tppcore.engine.counting.axes import evaluate
from tppcore.engine.counting.lowering import Range
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources.design.doubles import doubles, surely_exact
from tppcore.sources.design.space import Part

Array = NDArray[Any]

WHOLE = 1 << 20
"""Elements up to which a quantity is computed at once."""

WINDOW = 1 << 18
"""Elements that are computed at a time of a quantity with more."""

RUN = 512
"""Designs that a quantity which depends on an inner axis should have in one piece."""

MOST_RUN = 1 << 13


def inner_axes(sizes: Sequence[int]) -> int:
    """The first of the last axes that make a run: of some hundred designs, or few thousand."""
    first, run = len(sizes), 1
    while first > 0 and run < RUN and (run * sizes[first - 1] <= MOST_RUN or run < RUN // 16):
        first -= 1
        run *= sizes[first]
    return first


class Lookup:
    """The values of one quantity; a range where it is one, or where no double is the value.

    The axes are those of the space, its chips first if it has any. `sizes` are how many elements
    there are along each, 1 where the quantity does not depend on it; one that depends on an inner
    axis (from `first_inner` on) has elements for all of those, as far as that is not too long.
    `whole` are the arrays, C-contiguous
    of shape `sizes`: (values,), or (values, low, high) where it is `ranged`, with NaN in the one or
    the others, as an engine takes them; None where they are too long to have at once. `inexact`:
    some ends of ranges are not those of the design.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        given: Sequence[Range | None],
        spec: QuantitySpec,
        sizes: Sequence[int],
        first_inner: int,
    ) -> None:
        self._parts, self._given, self._spec = parts, given, spec
        self._all = tuple(sizes)
        self._chips = len(sizes) - len(parts[0].axes)  # axes of chips: one or none
        self.sizes = self._own(first_inner)
        while first_inner < len(sizes) and math.prod(self.sizes) > WHOLE:
            first_inner += 1
            self.sizes = self._own(first_inner)
        self.whole: list[Array] | None = None
        self.cut, self.step = 0, 0
        if math.prod(self.sizes) <= WHOLE:
            found, self.inexact = self._computed([slice(None)] * len(sizes))
            self.ranged = len(found) > 1
            self.whole = [np.ascontiguousarray(each) for each in self._typed(found)]
        else:
            self._plan_windows()
            exact = all(self._is_exact(part, each) for part, each in zip(parts, given, strict=True))
            single = all(each is None or each.low is each.high for each in given)
            self.inexact, self.ranged = not exact, not (exact and single)

    @property
    def axes(self) -> tuple[int, ...]:
        """The numbers of the axes along which there are elements."""
        return tuple(d for d, size in enumerate(self.sizes) if size > 1)

    @property
    def is_boolean(self) -> bool:
        """Whether the values are booleans, uint8."""
        return self._spec.kind == "boolean" and not self.ranged

    def _own(self, first_inner: int) -> tuple[int, ...]:
        own = {
            self._chips + i
            for part, each in zip(self._parts, self._given, strict=True)
            if each is not None
            for i, axis in enumerate(part.axes)
            if axis in each.low.axes or axis in each.high.axes
        }
        if self._chips:
            own.add(0)
        if any(d >= first_inner for d in own):
            own.update(range(first_inner, len(self._all)))
        return tuple(size if d in own else 1 for d, size in enumerate(self._all))

    def _is_exact(self, part: Part, each: Range | None) -> bool:
        if each is None:
            return True
        first = {axis: slice(0, 1) for axis in part.axes}
        return all(map(surely_exact, evaluate([each.low, each.high], part.axes, first)))

    def _plan_windows(self) -> None:
        """Windows go over all of the axes after `cut`, and `step` places of that one."""
        cut, inner = len(self.sizes) - 1, 1
        while cut > 0 and inner * self.sizes[cut] <= WINDOW:
            inner *= self.sizes[cut]
            cut -= 1
        self.cut, self.step = cut, max(1, WINDOW // inner)

    def window(self, places: Sequence[int], begin: int, end: int) -> list[Array]:
        """The arrays at places of the axes before `cut`, and places [begin, end) of that one."""
        chosen = [slice(place, place + 1) for place in places[: self.cut]]
        chosen.append(slice(begin, end))
        rest = len(self.sizes) - len(chosen)
        return self._typed(self._computed([*chosen, *[slice(None)] * rest])[0])

    def _computed(self, window: Sequence[slice]) -> tuple[list[Array], bool]:
        """The arrays in a window, and whether some ends in them are not those of the design."""
        shape = tuple(
            len(range(*each.indices(whole))) if own > 1 else 1
            for each, own, whole in zip(window, self.sizes, self._all, strict=True)
        )
        chosen = range(len(self._parts))[window[0]] if self._chips else range(1)
        found = [self._of_part(i, window[self._chips :]) for i in chosen]
        inexact = any(each[1] for each in found)
        most = max(len(each[0]) for each in found)
        arrays = []
        for k in range(most):
            rows = [
                np.broadcast_to(each[0][k] if k < len(each[0]) else np.nan, shape[self._chips :])
                for each in found
            ]
            arrays.append(np.stack(rows) if self._chips else rows[0])
        return arrays, inexact

    def _of_part(self, number: int, window: Sequence[slice]) -> tuple[list[Array], bool]:
        part, given = self._parts[number], self._given[number]
        if given is None:
            return [np.array(np.nan)], False
        places = dict(zip(part.axes, window, strict=True))
        low, high = evaluate([given.low, given.high], part.axes, places)
        below, also = doubles(low, thorough=False)
        is_value = given.low is given.high
        beyond, above = (below, also) if is_value else doubles(high, thorough=False)
        inexact = also is not below or above is not beyond
        if is_value and not inexact:
            return [below], False
        known = (below == also) & (beyond == above) & (below == above)
        lowest = known | (below == 0) if self._spec.positive else known
        return [
            np.where(known, below, np.nan),
            np.where(lowest, np.nan, below),
            np.where(known | np.isinf(above), np.nan, above),
        ], inexact

    def _typed(self, arrays: list[Array]) -> list[Array]:
        if not self.is_boolean:
            return arrays
        (values,) = arrays
        missing = np.isnan(values)
        return [np.where(missing, MISSING, np.where(missing, 0, values)).astype(np.uint8)]

    def reader(self) -> Reader:
        """What reads it panel by panel; of its own for every thread."""
        return Reader(self)


class Reader:
    """Reads a quantity panel by panel (see `tppcore.spaces.panels`)."""

    def __init__(self, lookup: Lookup) -> None:
        self._of = lookup
        self._arrays: list[Array] = lookup.whole or []
        self._at: Any = None
        self._first = self._stop = 0

    def key(self, places: Sequence[int], chosen: slice) -> Any:
        """What panels with the same values have alike."""
        sizes = self._of.sizes
        own = tuple([place for place, size in zip(places, sizes, strict=False) if size > 1])
        return (own, chosen.start, chosen.stop) if sizes[len(places)] > 1 else own

    def arrays(self, places: Sequence[int], chosen: slice) -> list[Array]:
        """The values at places of the outer axes and some places of the next: of that dimension and
        those of the inner axes, of size 1 where it does not depend on them."""
        sizes, split = self._of.sizes, len(places)
        at: list[Any] = [p if size > 1 else 0 for p, size in zip(places, sizes, strict=False)]
        if sizes[split] == 1:
            chosen = slice(None)
        if self._of.whole is None:
            cut = self._of.cut
            self._look(at, places, chosen)
            at[:cut] = [0] * min(cut, split)
            if cut < split:
                at[cut] -= self._first
            else:
                chosen = slice(chosen.start - self._first, chosen.stop - self._first)
        place = (*at, chosen)
        return [values[place] for values in self._arrays]

    def _look(self, at: Sequence[int], places: Sequence[int], chosen: slice) -> None:
        """Makes the arrays those of a window that holds the places."""
        of = self._of
        if of.cut < len(at):
            begin, end = at[of.cut], at[of.cut] + 1
        else:
            begin, end = chosen.start, chosen.stop
        before = at[: of.cut]
        if before != self._at or not self._first <= begin <= end <= self._stop:
            self._first = begin
            self._stop = min(max(end, begin + of.step), of.sizes[of.cut])
            self._at = before
            self._arrays = of.window(places, begin, self._stop)
