"""The best places of a product of axes: those that no other allowed place beats.

Axes that share no form are independent, so each group of axes is reduced on its own: for every code
(which cuts hold) only the values that no other value of the same code beats can be part of a best
place. Along the inner axis only the ends of runs count. What is left of the groups is few, and is
combined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tppcore.engine.counting.axes import Axis, Window, evaluate_at
from tppcore.engine.counting.clusters import MOST_CELLS, Cluster
from tppcore.engine.counting.forms import Form, Forms, Kind
from tppcore.engine.counting.fronts import Kept, front, ranks, unbeaten
from tppcore.engine.counting.lowering import Lowered
from tppcore.engine.counting.ratios import Array, Number, Ratios
from tppcore.engine.counting.runs import direction
from tppcore.engine.counting.tally import Counting, Table, TooMany, in_order, joined
from tppcore.engine.counting.verdicts import MOST_POINTS, Plan, plan, verdicts_of
from tppcore.engine.counting.witnesses import Places
from tppcore.engine.shards import usable_cpus

Allowed = Callable[[Array], Array]
"""Which rows of verdicts, int8 (n, paragraphs), are allowed: bool (n,)."""


@dataclass(frozen=True, slots=True)
class Best:
    """Values of the goals that nothing allowed beats, the weight of all places that have them, and
    some of those places."""

    values: tuple[Fraction, ...]
    weight: int
    places: tuple[Places, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """Root number `root` (None: a constant), as large (1) or as small (-1) as can be."""

    root: int | None
    sense: int


def best(
    forms: Forms,
    lowered: Lowered,
    goals: Sequence[Goal],
    allowed: Allowed,
    axes: Sequence[Axis],
    witnesses: int,
) -> list[Best]:
    """All values of the goals (in the units of their roots) that nothing allowed beats, each with
    up to so many places of the product of all `axes`. Raises TooMany."""
    found = plan(forms, lowered, (), link=False)
    groups = _groups(found, goals)
    points = sum(group.points for group in groups)
    if points > MOST_POINTS:
        raise TooMany(f"{points:,} places would have to be looked at")
    reduced = [_Group(group, found, goals, witnesses).reduced() for group in groups]
    if math.prod(map(len, reduced)) > MOST_CELLS:
        raise TooMany("too many combinations of lines")
    joint = Table((), (), np.zeros((1, 0), np.int16), np.array([1]))
    for group, kept in zip(groups, reduced, strict=True):
        places = np.array(list(kept), np.int16).reshape(len(kept), len(group.members))
        joint = joined(joint, Table((), group.members, places, np.ones(len(kept), np.int64)))
    fine = joint.places[allowed(verdicts_of(lowered, joint))]
    return [
        Best(each.values, each.weight * found.others(axes), each.places)
        for each in _combined(groups, joint, fine, reduced, goals, found, witnesses)
    ]


def _groups(found: Plan, goals: Sequence[Goal]) -> list[Cluster]:
    """The clusters of a plan made one where they share axes, solvable along their inner axes with
    all goals on them pulling the same way."""
    joined_axes: list[set[Axis]] = []
    for each in found.clusters:
        axes = set(each.axes)
        meeting = [own for own in joined_axes if own & axes]
        joined_axes = [own for own in joined_axes if not own & axes]
        joined_axes.append(axes.union(*meeting))
    groups = []
    for axes in joined_axes:
        members = [i for i, root in enumerate(found.roots) if root.axes and root.axes <= axes]
        ordered = sorted(axes, key=lambda axis: axis.name)
        solvable = [
            axis
            for axis in ordered
            if all(direction(found.roots[i], axis) is not None for i in members)
            and len(_pulls(found.roots, goals, axis)) < 2
            and all(_strict(found.roots[g.root], axis) for g in goals if g.root in members)
        ]
        inner = max(solvable, key=lambda axis: axis.size, default=None)
        outer = tuple(axis for axis in ordered if axis is not inner)
        groups.append(Cluster(tuple(members), (), outer, inner))
    return groups


def _pulls(roots: Sequence[Form], goals: Sequence[Goal], axis: Axis) -> set[int]:
    """The ends of an axis to which goals pull: 1 its last place, -1 its first."""
    pulls = set()
    for goal in goals:
        way = None if goal.root is None else direction(roots[goal.root], axis)
        if way:
            pulls.add(way * goal.sense)
    return pulls


def _strict(form: Form | None, axis: Axis) -> bool:
    """Whether a form that can be solved along an axis has another value at each place of it."""
    if form is None or axis not in form.axes:
        return True
    match form.kind:
        case Kind.LEAF:
            return True
        case Kind.SCALE | Kind.SUM | Kind.PRODUCT | Kind.QUOTIENT:
            rest = [each for each in form.args if axis not in each.axes]
            firm = form.kind is Kind.SUM or all(each.low > 0 for each in rest)
            return firm and all(_strict(each, axis) for each in form.args)
        case _:
            return False


class _Group:
    """One group of axes, reduced to what can be best under each code."""

    def __init__(
        self, cluster: Cluster, found: Plan, goals: Sequence[Goal], witnesses: int
    ) -> None:
        self.witnesses = witnesses
        self.goals = [goal for goal in goals if goal.root in cluster.members]
        self.forms = [found.roots[goal.root] for goal in self.goals if goal.root is not None]
        self.counting = Counting(cluster, found.roots, found.cuts)
        self.pull, self.pulled = 1, False
        if cluster.inner is not None:
            pulls = _pulls(found.roots, self.goals, cluster.inner)
            self.pull, self.pulled = next(iter(pulls), 1), bool(pulls)
        axes = (*cluster.outer, *filter(None, [cluster.inner]))
        self.is_wide = math.prod(axis.total for axis in axes) >= 2**63

    def reduced(self) -> dict[tuple[int, ...], list[Kept]]:
        """By code (the place of each member among its cuts), what no other place of it beats."""
        found: dict[int, list[Kept]] = {}
        with ThreadPoolExecutor(usable_cpus()) as pool:
            for window in pool.map(self.candidates, self.counting.windows()):
                for each in window:
                    found.setdefault(each.code, []).append(each)
        senses = [goal.sense for goal in self.goals]
        return {
            tuple(int(i) for i in np.unravel_index(code, self.counting.sizes)): unbeaten(
                kept, senses, self.witnesses
            )
            for code, kept in found.items()
        }

    def candidates(self, window: Window) -> list[Kept]:
        """The ends of runs in a window that nothing else of their code in it beats."""
        counting, inner = self.counting, self.counting.inner
        codes, points, begins, ends = _runs(counting, window)
        if self.pulled:
            begins, ends = self.pulled_to(begins, ends)
        weights = counting.prefix[ends] - counting.prefix[begins]
        if self.is_wide:
            weights = weights.astype(object)
        at: dict[Axis, Array] = {}
        shape = counting.shape(window)
        unraveled = np.unravel_index(points, shape) if shape else ()
        for axis, index in zip(counting.axes, unraveled, strict=True):
            at[axis] = index + (window[axis].start if axis in window else 0)
            if not axis.even:
                weights = weights.astype(object) * axis.weights.values[at[axis]]
        # What weighs nothing is not there, as in a census.
        there = np.flatnonzero(weights)
        codes, weights, begins, ends = (each[there] for each in (codes, weights, begins, ends))
        at = {axis: index[there] for axis, index in at.items()}
        if not len(codes):
            return []
        looked = at if inner is None else {**at, inner: begins}
        values = evaluate_at(self.forms, looked)
        ranked = [
            ranks(each.reshaped((len(codes),))) * goal.sense
            for each, goal in zip(values, self.goals, strict=True)
        ]

        def places(i: int) -> Places:
            found = {axis: range(int(each[i]), int(each[i]) + 1) for axis, each in at.items()}
            return found if inner is None else {**found, inner: range(int(begins[i]), int(ends[i]))}

        order = np.argsort(codes, kind="stable")
        borders = np.flatnonzero(np.diff(codes[order])) + 1
        made = []
        for own in np.split(order, borders):
            stacked = np.stack([r[own] for r in ranked]) if ranked else np.zeros((0, len(own)))
            for members in front(stacked):
                rows = own[members]
                first = int(rows[0])
                some = rows[: self.witnesses].tolist()
                made.append(
                    Kept(
                        int(codes[first]),
                        tuple(_one(each, first) for each in values),
                        int(weights[rows].sum()),
                        [places(i) for i in some],
                    )
                )
        return made

    def pulled_to(self, begins: Array, ends: Array) -> tuple[Array, Array]:
        """The place in each run that the goals pull to: the last that weighs anything, or the
        first. An empty run where none does."""
        inner = self.counting.inner
        assert inner is not None
        every = np.arange(inner.size)
        some = np.ones(inner.size, bool) if inner.even else inner.weights.values > 0
        if self.pull > 0:
            at = np.maximum.accumulate(np.where(some, every, -1))[ends - 1]
        else:
            at = np.minimum.accumulate(np.where(some, every, inner.size)[::-1])[::-1][begins]
        is_in = (begins <= at) & (at < ends)
        begins = np.where(is_in, at, begins)
        return begins, begins + is_in


def _one(ratios: Ratios, i: int) -> Number:
    """Element i of flat ratios (or the only one)."""

    def pick(values: Array) -> int:
        return int(values if values.ndim == 0 else values.reshape(-1)[i if values.size > 1 else 0])

    bottom = pick(ratios.bottom.values)
    return Fraction(pick(ratios.top.values), bottom) if bottom else math.inf


def _runs(counting: Counting, window: Window) -> tuple[Array, Array, Array, Array]:
    """The runs in a window: codes, points, and where along the inner axis they begin and end."""
    base, ends, steps = counting.crossings(window)
    at, codes = in_order(base, ends, steps)
    bounds = np.empty((len(steps) + 2, len(base)), np.int64)
    bounds[0], bounds[-1], bounds[1:-1] = 0, len(counting.prefix) - 1, at
    run, points = np.nonzero(np.diff(bounds, axis=0) > 0)
    return codes[run, points], points, bounds[run, points], bounds[run + 1, points]


def _combined(
    groups: Sequence[Cluster],
    joint: Table,
    fine: Array,
    reduced: Sequence[dict[tuple[int, ...], list[Kept]]],
    goals: Sequence[Goal],
    found: Plan,
    witnesses: int,
) -> list[Best]:
    columns = [[joint.members.index(m) for m in group.members] for group in groups]
    owned = [[goal for goal in goals if goal.root in group.members] for group in groups]
    whole: list[Kept] = []
    for row in fine.tolist():
        partial = [Kept(0, (), 1, [{}])]
        flat: list[Goal] = []
        for own, choice, mine in zip(columns, reduced, owned, strict=True):
            flat += mine
            partial = [
                Kept(
                    0,
                    (*one.values, *other.values),
                    one.weight * other.weight,
                    [{**a, **b} for a in one.places for b in other.places][:witnesses],
                )
                for one in partial
                for other in choice[tuple(row[i] for i in own)]
            ]
            partial = unbeaten(partial, [goal.sense for goal in flat], witnesses)
        whole += partial
    flat = [goal for mine in owned for goal in mine]
    whole = unbeaten(whole, [goal.sense for goal in flat], witnesses)
    where = {goal: i for i, goal in enumerate(flat)}
    made = []
    for each in whole:
        values = tuple(
            Fraction(1)
            if goal.root is None
            else Fraction(each.values[where[goal]]) * found.coefs[goal.root]
            for goal in goals
        )
        made.append(Best(values, each.weight, tuple(each.places)))
    return made
