"""Designs as columns for people and files: axes and quantities, never rounded.

A number is a double where it is the decimal that the double shows, in every design of the space;
otherwise it is two columns, NAME_numerator and NAME_denominator.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.counting.axes import evaluate, evaluate_at
from tppcore.engine.counting.forms import Form
from tppcore.engine.counting.ratios import Ratios
from tppcore.rules.store import specs
from tppcore.sources.design.doubles import doubles, surely_exact
from tppcore.sources.design.space import Design, Part
from tppcore.spaces.grid import Grid

Array = NDArray[Any]

_LOOKED_AT = 1 << 20
"""Places that are looked at to see whether doubles do: a quantity over more is written as fractions
unless its bounds say that they do."""

_WORD = 2**63 - 1
_ENDS = ("_numerator", "_denominator")


@dataclass(frozen=True, slots=True)
class Shown:
    """A column: a form in each part of the space that has one. `kind` is number, boolean, date or
    category (see `specs/quantities.toml`); `style` of a number is double, whole (fractions of
    64-bit numbers) or text."""

    name: str
    forms: tuple[Form | None, ...]
    kind: str = "number"
    words: tuple[str, ...] = ()
    style: str = "double"


class Designs:
    """The axes and quantities of a space, design by design."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.grid = Grid([axis.size for axis in design.axes])

    @cached_property
    def shown(self) -> tuple[Shown, ...]:
        """The columns: axes, quantities in the order of the space, the count of systems."""
        design, parts = self.design, self.design.parts
        vocabulary = specs().vocabulary.quantities
        found = []
        for axis in design.plain_axes:
            kind = "boolean" if axis.boolean else "number"
            spec = vocabulary.get(axis.name)
            kind, words = (spec.kind, spec.words) if spec is not None else (kind, ())
            found.append(
                self._styled(axis.name, [part.leaf(axis.name) for part in parts], kind, words)
            )
        names = {axis.name for axis in design.axes}
        for name in dict.fromkeys(name for part in parts for name in part.ranges):
            if name in names:
                continue
            spec = vocabulary[name]
            ranges = [part.ranges.get(name) for part in parts]
            single = [None if r is None or r.low is not r.high else r.low for r in ranges]
            if any(single):
                found.append(self._styled(name, single, spec.kind, spec.words))
            for end in ("low", "high"):
                forms = [None if r is None or r.low is r.high else getattr(r, end) for r in ranges]
                if any(forms):
                    found.append(self._styled(f"{name}_{end}", forms))
        if design.count is not None:
            name = "count" if "count" not in names else "chips_in_system"
            counts = [part.count.low if part.count else None for part in parts]
            found.append(self._styled(name, counts))
        return tuple(found)

    def _styled(
        self,
        name: str,
        forms: Sequence[Form | None],
        kind: str = "number",
        words: Sequence[str] = (),
    ) -> Shown:
        style = "double"
        for part, form in zip(self.design.parts, forms, strict=True):
            if form is not None and kind == "number":
                style = max(style, _style(part, form), key=("double", "whole", "text").index)
        return Shown(name, tuple(forms), kind, tuple(words), style)

    def columns(self, numbers: Array) -> dict[str, Array]:
        """The designs with these numbers, (n,): columns (n,) of float64 (NaN where missing, or
        where a range is open), bool, text or datetime64."""
        places = self.grid.places(numbers)
        axis = self.design.chip_axis
        found: dict[str, Array] = {}
        chips = np.zeros(len(numbers), np.int64)
        if axis is not None:
            chips, places = places[0], places[1:]
            found[axis.name] = np.array(axis.chips, dtype=object)[chips]
        of_parts = []
        for p in np.unique(chips).tolist():
            own = np.flatnonzero(chips == p)
            part = self.design.parts[p]
            at = dict(zip(part.axes, (each[own] for each in places), strict=True))
            forms = [each.forms[p] for each in self.shown]
            there = iter(evaluate_at([form for form in forms if form is not None], at))
            of_parts.append((own, [None if form is None else next(there) for form in forms]))
        for k, each in enumerate(self.shown):
            found |= _column(each, [(own, ratios[k]) for own, ratios in of_parts], len(numbers))
        return found

    def table(self, begin: int, end: int) -> dict[str, Array]:
        """Designs [begin, end), as `columns`."""
        kind = np.int64 if end < _WORD else object
        return self.columns(np.arange(begin, end, dtype=kind))

    def pieces(self, begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
        """[begin, end) in pieces of at most that size."""
        for first in range(begin, end, size):
            yield first, min(first + size, end)


def _style(part: Part, form: Form) -> str:
    first = {axis: slice(0, 1) for axis in part.axes}
    ratios = evaluate([form], part.axes, first)[0]
    if surely_exact(ratios):
        return "double"
    if math.prod(axis.size for axis in form.axes) <= _LOOKED_AT:
        ratios = evaluate([form], part.axes)[0]
        below, above = doubles(ratios)
        if below is above:
            return "double"
    return "whole" if max(ratios.top.most, ratios.bottom.most) <= _WORD else "text"


def _column(
    shown: Shown, parts: Sequence[tuple[Array, Ratios | None]], count: int
) -> dict[str, Array]:
    """One column, or the two of a fraction."""
    if shown.style != "double":
        return _fraction(shown, parts, count)
    values = np.full(count, np.nan)
    for own, ratios in parts:
        if ratios is not None:
            values[own] = doubles(ratios)[0]
    missing = np.isnan(values)
    match shown.kind:
        case "boolean" if not missing.any():
            return {shown.name: values.astype(np.bool_)}
        case "date":
            days = np.where(missing, 0, values).astype("datetime64[D]")
            return {shown.name: np.where(missing, np.datetime64("NaT"), days)}
        case "category":
            words = np.array([*shown.words, None], dtype=object)
            return {shown.name: words[np.where(missing, len(shown.words), values).astype(np.int64)]}
        case _:
            return {shown.name: np.where(np.isinf(values), np.nan, values)}


def _fraction(
    shown: Shown, parts: Sequence[tuple[Array, Ratios | None]], count: int
) -> dict[str, Array]:
    """In lowest terms; 0 / 0 where missing, 1 / 0 where a range is open."""
    both = np.zeros((2, count), np.int64 if shown.style == "whole" else object)
    for own, ratios in parts:
        if ratios is None:
            continue
        tops, bottoms = (
            np.broadcast_to(each.values, ratios.shape).astype(both.dtype)
            for each in (ratios.top, ratios.bottom)
        )
        common = np.gcd(tops, bottoms)
        both[0, own], both[1, own] = tops // common, bottoms // common
    if shown.style == "text":
        both = np.array([[str(each) for each in row] for row in both], dtype=object).reshape(
            2, count
        )
    return {shown.name + end: row for end, row in zip(_ENDS, both, strict=True)}
