"""The numbers of designs: of given places, drawn at random, and shares of a space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import TppError, UnknownName
from tppcore.sources.design.axis import AxisError, AxisSpec, decimal
from tppcore.sources.design.space import Design
from tppcore.spaces.grid import Grid

_WORD = 2**63
_DIGITS = 200


def values(axis: AxisSpec) -> tuple[Any, ...]:
    """What an axis goes through: ids of chips, booleans, whole numbers, else decimals (fractions
    where there are some that are no decimals)."""
    if axis.chips:
        return axis.chips
    if axis.boolean:
        return tuple(bool(each) for each in axis.values)
    if all(each.denominator == 1 for each in axis.values):
        return tuple(int(each) for each in axis.values)
    with localcontext(prec=_DIGITS):
        found = tuple(Decimal(e.numerator) / Decimal(e.denominator) for e in axis.values)
    if all(map(_same, found, axis.values)):
        return found
    return axis.values


def _same(one: Decimal, other: Fraction) -> bool:
    return Fraction(one) == other


def number(design: Design, places: Mapping[str, Any]) -> int:
    """The number of the design at these values of the axes; an axis with one value may be left out.
    Raises UnknownName, TppError."""
    names = [axis.name for axis in design.axes]
    for name in places:
        if name not in names:
            raise UnknownName(f"no axis {name!r}; expected one of {', '.join(names)}")
    found = []
    for axis in design.axes:
        if axis.name not in places and axis.size > 1:
            raise TppError(f"no value of axis {axis.name!r}; expected one of each axis")
        found.append(_place(axis, places[axis.name]) if axis.name in places else 0)
    return Grid([axis.size for axis in design.axes]).number(found)


def _place(axis: AxisSpec, given: Any) -> int:
    if axis.chips:
        from tppcore.sources.chips import chip

        sought: Any = given if given in axis.chips else chip(str(given)).id
        own: tuple[Any, ...] = axis.chips
    else:
        try:
            plain = given.item() if type(given).__module__ == "numpy" else given
            sought = Fraction(plain) if isinstance(plain, bool) else decimal(plain)
        except AxisError as error:
            raise TppError(f"axis {axis.name!r}: {error}") from None
        own = axis.values
    if sought not in own:
        near = own if axis.chips else sorted(axis.values, key=lambda each: abs(each - sought))
        shown = ", ".join(map(_shown, near[:4]))
        raise TppError(
            f"axis {axis.name!r} has no {given!r}; expected one of its values, such as {shown}"
        )
    return own.index(sought)


def _shown(value: Any) -> str:
    if not isinstance(value, Fraction):
        return str(value)
    nearest = float(value)
    return str(value) if Fraction(repr(nearest)) != value else f"{nearest:g}"


def numbers(given: Any, size: int) -> NDArray[Any]:
    """A sequence of numbers below `size` as an array, int64 or (where `size` does not fit) object.
    Raises IndexError, TypeError."""
    if size >= _WORD:
        found = np.empty(len(given), object)
        found[:] = [int(each) for each in given]
    else:
        found = np.asarray(given)
        if len(found) and found.dtype.kind not in "iu":
            raise TypeError(f"numbers of designs: {found.dtype}; expected integers")
        found = found.astype(np.int64)
    if len(found) and not 0 <= found.min() <= found.max() < size:
        raise IndexError(f"designs {found.min()} to {found.max()} of {size}")
    return found


def drawn(size: int, count: int, seed: int | None) -> NDArray[Any]:
    """Numbers below `size`, each as likely as any other, in the order in which they were drawn;
    each at most once where there are enough. int64, or object where they don't fit."""
    if count < 0:
        raise TppError(f"a sample of {count}; expected 0 or more")
    rng = np.random.default_rng(seed)
    if size < _WORD:
        if count > size:
            return rng.integers(0, size, count)
        return rng.choice(size, count, replace=False)
    # As many bits as the largest has; numbers beyond, and those that were there, are drawn again.
    length, found = size.bit_length(), dict[int, None]()
    while len(found) < count:
        one = int.from_bytes(rng.bytes(-(-length // 8)), "little") >> (-length % 8)
        if one < size:
            found[one] = None
    made = np.empty(count, object)
    made[:] = list(found)
    return made


def share(design: Design, i: int, n: int) -> Design:
    """Share i of n: an equal part (to one place) of the places of one axis, the first that has
    enough of them, or of several. Raises TppError."""
    if n < 1 or not 0 <= i < n:
        raise TppError(f"share {i} of {n}; expected 0 to n - 1, of 1 or more")
    cut = _cut(design.axes, n)
    if cut is None:
        sizes = ", ".join(f"{axis.name} {axis.size:,}" for axis in design.axes)
        raise TppError(
            f"{n:,} shares; expected at most as many as an axis without weights has places, or a "
            f"product of such numbers ({sizes})"
        )
    axes = list(design.axes)
    for at, parts in cut:
        i, own = divmod(i, parts)
        axes[at] = _slice(axes[at], own, parts)
    return replace(design, axes=tuple(axes))


def _cut(axes: tuple[AxisSpec, ...], n: int, first: int = 0) -> list[tuple[int, int]] | None:
    """Which axes to cut in how many parts each, so that there are n."""
    if n == 1:
        return []
    fit = [(at, axis) for at, axis in enumerate(axes) if at >= first and _is_divisible(axis)]
    for at, axis in fit:
        if axis.size >= n:
            return [(at, n)]
    for at, axis in fit:
        for parts in range(min(axis.size, n), 1, -1):
            if n % parts == 0 and (rest := _cut(axes, n // parts, at + 1)) is not None:
                return [(at, parts), *rest]
    return None


def _is_divisible(axis: AxisSpec) -> bool:
    # Weights of a part would be taken as shares of its own sum.
    return axis.weights is None and not axis.continuous


def _slice(axis: AxisSpec, i: int, n: int) -> AxisSpec:
    places = slice(axis.size * i // n, axis.size * (i + 1) // n)
    return replace(axis, values=axis.values[places], chips=axis.chips[places])
