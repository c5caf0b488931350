"""Forms that are counted together: those whose axes lie within the axes of one of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tppcore.engine.counting.axes import Axis, Derived
from tppcore.engine.counting.collapse import size
from tppcore.engine.counting.forms import Form
from tppcore.engine.counting.runs import direction


@dataclass(frozen=True, slots=True)
class Cluster:
    """`members` are numbers of roots over the same axes.

    `shared` axes are those of other clusters too (or asked for); `outer` ones are its own, and are
    enumerated as the shared ones are; along `inner`, one of its own, runs are found.
    """

    members: tuple[int, ...]
    shared: tuple[Axis, ...]
    outer: tuple[Axis, ...]
    inner: Axis | None

    @property
    def points(self) -> int:
        """How many places are looked at: all but those along the inner axis."""
        return size((*self.shared, *self.outer))


def clusters(roots: Sequence[Form], kept: Collection[Axis]) -> list[Cluster]:
    """The roots that depend on axes, in clusters."""
    groups: list[tuple[frozenset[Axis], list[int]]] = []
    for i in sorted(range(len(roots)), key=lambda i: -size(roots[i].axes)):
        if roots[i].axes:
            home = next((each for each in groups if roots[i].axes <= each[0]), None)
            if home is None:
                groups.append((roots[i].axes, [i]))
            else:
                home[1].append(i)
    found = []
    for own, members in groups:
        others = frozenset(kept).union(*(axes for axes, _ in groups if axes is not own))
        # By name, for the same order in every run.
        shared = sorted(own & others, key=_name)
        private = sorted(own - others, key=_name)
        forms = [roots[i] for i in members]
        solvable = [axis for axis in private if all(direction(f, axis) is not None for f in forms)]
        inner = max(solvable, key=lambda axis: axis.size, default=None)
        outer = tuple(axis for axis in private if axis is not inner)
        found.append(Cluster(tuple(sorted(members)), tuple(shared), outer, inner))
    return found


def _name(axis: Axis) -> str:
    return axis.name


def settle(roots: Sequence[Form]) -> None:
    """Computes the values of the derived axes under the roots, so that sizes are right."""
    for root in roots:
        for axis in root.axes:
            if isinstance(axis, Derived):
                axis.find()
