"""Forms that are counted together: those whose axes lie within the axes of one of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tppcore.engine.counting.axes import Axis, Derived, Linked
from tppcore.engine.counting.collapse import size
from tppcore.engine.counting.forms import Form
from tppcore.engine.counting.lowering import Cut
from tppcore.engine.counting.runs import direction

MOST_CELLS = 1 << 24
"""Of a table of counts."""

_WORTH = 4
"""How many times longer a shared axis must be than any other, for limits along it: counts at each
of its places cost more than their sum."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """`members` are numbers of roots over the same axes.

    `shared` axes are those of other clusters too (or asked for); `outer` ones are its own. All are
    enumerated, but for the `inner` one: along it, which is neither, limits are found. If other
    clusters have it too it `is_shared`.
    """

    members: tuple[int, ...]
    shared: tuple[Axis, ...]
    outer: tuple[Axis, ...]
    inner: Axis | None
    is_shared: bool = False

    @property
    def points(self) -> int:
        """How many places are looked at: all but those along the inner axis."""
        return size((*self.shared, *self.outer))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """All axes."""
        return (*self.shared, *self.outer, *(() if self.inner is None else (self.inner,)))


def clusters(
    roots: Sequence[Form], cuts: Sequence[Sequence[Cut]], kept: Collection[Axis]
) -> list[Cluster]:
    """The roots that depend on axes, in clusters; satellites of linked axes are left out."""
    apart = {i for axis in linked(roots) for i in axis.satellites}
    groups: list[tuple[frozenset[Axis], list[int]]] = []
    for i in sorted(range(len(roots)), key=lambda i: -size(roots[i].axes)):
        if roots[i].axes and i not in apart:
            home = next((each for each in groups if roots[i].axes <= each[0]), None)
            if home is None:
                groups.append((roots[i].axes, [i]))
            else:
                home[1].append(i)
    found = []
    for own, members in groups:
        others = frozenset(kept).union(*(axes for axes, _ in groups if axes is not own))
        others = others.union(axis for axis in own if isinstance(axis, Linked))
        # By name, for the same order in every run.
        shared = sorted(own & others, key=_name)
        private = sorted(own - others, key=_name)
        forms = [roots[i] for i in members]
        codes = math.prod(len(cuts[i]) + 1 for i in members)
        inner = _longest(private, forms)
        along = _longest(shared, forms) if size(shared) * codes <= MOST_CELLS else None
        if along is not None and (inner is None or along.size > _WORTH * inner.size):
            inner = along
        found.append(
            Cluster(
                tuple(sorted(members)),
                tuple(axis for axis in shared if axis is not inner),
                tuple(axis for axis in private if axis is not inner),
                inner,
                inner in shared,
            )
        )
    return found


def _longest(axes: Sequence[Axis], forms: Sequence[Form]) -> Axis | None:
    """The longest axis along which all forms can be solved."""
    solvable = [axis for axis in axes if all(direction(f, axis) is not None for f in forms)]
    return max(solvable, key=lambda axis: axis.size, default=None)


def _name(axis: Axis) -> str:
    return axis.name


def linked(roots: Sequence[Form]) -> list[Linked]:
    """The linked axes of the roots."""
    axes = {axis for root in roots for axis in root.axes if isinstance(axis, Linked)}
    return sorted(axes, key=_name)


def settle(roots: Sequence[Form]) -> None:
    """Computes the values of the derived axes under the roots, so that sizes are right."""
    for root in roots:
        for axis in root.axes:
            if isinstance(axis, Derived):
                axis.find()
