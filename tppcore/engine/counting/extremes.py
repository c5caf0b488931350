"""The best places of a product of axes: those that no other allowed place beats.

Axes that share no form are independent, so each group of axes is reduced on its own: for every code
(which cuts hold) only the values that no other value of the same code beats can be part of a best
place. Along the inner axis only the ends of runs count. What is left of the groups is few, and is
combined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tppcore.engine.counting.axes import Axis, Derived, Window, evaluate_at
from tppcore.engine.counting.clusters import MOST_CELLS, Cluster
from tppcore.engine.counting.forms import Form, Forms, Kind
from tppcore.engine.counting.lowering import Lowered
from tppcore.engine.counting.ratios import Array, Number, Ratios
from tppcore.engine.counting.runs import direction
from tppcore.engine.counting.tally import Counting, Table, TooMany, in_order, joined
from tppcore.engine.counting.verdicts import MOST_POINTS, Plan, plan, verdicts_of
from tppcore.engine.shards import usable_cpus

Allowed = Callable[[Array], Array]
"""Which rows of verdicts, int8 (n, paragraphs), are allowed: bool (n,)."""

Places = dict[Axis, int]

_NEAR = 1e-12
"""Doubles of two ratios that differ by more than this part tell which one is larger."""


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


@dataclass(slots=True)
class _Kept:
    """Of one group of axes: a code, the values of its goals there, the weight of the places that
    have them, and some of those."""

    code: int
    values: tuple[Number, ...]
    weight: int
    places: list[Places]


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

    def reduced(self) -> dict[tuple[int, ...], list[_Kept]]:
        """By code (the place of each member among its cuts), what no other place of it beats."""
        found: dict[int, list[_Kept]] = {}
        with ThreadPoolExecutor(usable_cpus()) as pool:
            for window in pool.map(self.candidates, self.counting.windows()):
                for each in window:
                    found.setdefault(each.code, []).append(each)
        senses = [goal.sense for goal in self.goals]
        return {
            tuple(int(i) for i in np.unravel_index(code, self.counting.sizes)): _unbeaten(
                kept, senses, self.witnesses
            )
            for code, kept in found.items()
        }

    def candidates(self, window: Window) -> list[_Kept]:
        """The ends of runs in a window that nothing else of their code in it beats."""
        counting = self.counting
        codes, points, begins, ends = _runs(counting, window)
        places = ends - 1 if self.pull > 0 else begins
        at: dict[Axis, Array] = {}
        shape = counting.shape(window)
        unraveled = np.unravel_index(points, shape) if shape else ()
        for axis, index in zip(counting.axes, unraveled, strict=True):
            at[axis] = index + (window[axis].start if axis in window else 0)
        prefix = counting.prefix
        weights = (
            prefix[places + 1] - prefix[places] if self.pulled else prefix[ends] - prefix[begins]
        )
        for axis, index in at.items():
            if not axis.even:
                weights = weights.astype(object) * axis.weights.values[index]
        if counting.inner is not None:
            at[counting.inner] = places
        values = evaluate_at(self.forms, at)
        ranks = [
            _ranks(each.reshaped((len(codes),))) * goal.sense
            for each, goal in zip(values, self.goals, strict=True)
        ]
        order = np.argsort(codes, kind="stable")
        borders = np.flatnonzero(np.diff(codes[order])) + 1
        made = []
        for own in np.split(order, borders):
            stacked = np.stack([r[own] for r in ranks]) if ranks else np.zeros((0, len(own)))
            for members in _front(stacked):
                rows = own[members]
                first = int(rows[0])
                some = rows[: self.witnesses].tolist()
                made.append(
                    _Kept(
                        int(codes[first]),
                        tuple(_one(each, first) for each in values),
                        int(weights[rows].sum()),
                        [{axis: int(index[i]) for axis, index in at.items()} for i in some],
                    )
                )
        return made


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


def _ranks(ratios: Ratios) -> Array:
    """Whole numbers in the order of flat ratios, the same for equal ones: int64 (n,)."""
    tops, bottoms = ratios.top.values, ratios.bottom.values
    if bottoms.ndim == 0:
        if tops.dtype != object:
            return tops
        return np.unique(tops, return_inverse=True)[1].reshape(-1)
    with np.errstate(divide="ignore"):
        doubles = np.divide(tops.astype(float), bottoms.astype(float))
    order = np.argsort(doubles, kind="stable")
    ordered = doubles[order]
    clear = np.ones(len(ordered), bool)
    clear[1:] = ordered[1:] > ordered[:-1] * (1 + _NEAR)
    begins = np.append(np.flatnonzero(clear), len(ordered))
    ranks = np.empty(len(ordered), np.int64)
    ranks[order] = np.repeat(begins[:-1], np.diff(begins))
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        if end - begin > 1:
            members = order[begin:end]
            pairs = zip(tops[members].tolist(), bottoms[members].tolist(), strict=True)
            exact = [Fraction(t, b) if b else math.inf for t, b in pairs]
            place = {value: begin + i for i, value in enumerate(sorted(set(exact)))}
            ranks[members] = [place[value] for value in exact]
    return ranks


def _front(ranks: Array) -> Iterator[Array]:
    """The columns that no other beats, ranks (goals, n) as large as can be: equal ones together."""
    left = np.arange(ranks.shape[1])
    if not len(ranks):
        yield left
        return
    while len(left):
        own = ranks[:, left]
        # What is first in the order of the goals is beaten by nothing.
        first = own[0] == own[0].max()
        for row in own[1:]:
            first &= row == row[first].max()
        winner = own[:, np.argmax(first)][:, None]
        yield left[first]
        left = left[(own > winner).any(axis=0)]


def _unbeaten(found: Sequence[_Kept], senses: Sequence[int], witnesses: int) -> list[_Kept]:
    """Those that no other beats; equal ones become one."""
    by_values: dict[tuple[Number, ...], _Kept] = {}
    for each in found:
        if each.values in by_values:
            into = by_values[each.values]
            into.weight += each.weight
            into.places = (into.places + each.places)[:witnesses]
        else:
            by_values[each.values] = each
    kept = list(by_values.values())
    if not senses or len(kept) < 2:
        return kept
    ranks = np.empty((len(senses), len(kept)), np.int64)
    for i, sense in enumerate(senses):
        place = {value: j for j, value in enumerate(sorted({each.values[i] for each in kept}))}
        ranks[i] = [place[each.values[i]] * sense for each in kept]
    return [kept[int(members[0])] for members in _front(ranks)]


def _combined(
    groups: Sequence[Cluster],
    joint: Table,
    fine: Array,
    reduced: Sequence[dict[tuple[int, ...], list[_Kept]]],
    goals: Sequence[Goal],
    found: Plan,
    witnesses: int,
) -> list[Best]:
    columns = [[joint.members.index(m) for m in group.members] for group in groups]
    owned = [[goal for goal in goals if goal.root in group.members] for group in groups]
    whole: list[_Kept] = []
    for row in fine.tolist():
        partial = [_Kept(0, (), 1, [{}])]
        flat: list[Goal] = []
        for own, choice, mine in zip(columns, reduced, owned, strict=True):
            flat += mine
            partial = [
                _Kept(
                    0,
                    (*one.values, *other.values),
                    one.weight * other.weight,
                    [{**a, **b} for a in one.places for b in other.places][:witnesses],
                )
                for one in partial
                for other in choice[tuple(row[i] for i in own)]
            ]
            partial = _unbeaten(partial, [goal.sense for goal in flat], witnesses)
        whole += partial
    flat = [goal for mine in owned for goal in mine]
    whole = _unbeaten(whole, [goal.sense for goal in flat], witnesses)
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


def original(places: Places, axes: Sequence[Axis]) -> dict[Axis, int]:
    """Places on the axes that derived ones stand for (one of those with the same value), and place
    0 of axes that nothing depends on."""
    found: dict[Axis, int] = dict.fromkeys(axes, 0)

    def put(axis: Axis, place: int) -> None:
        if not isinstance(axis, Derived):
            found[axis] = place
            return
        _, order, starts = axis.sorted
        shape = tuple(each.size for each in axis.under)
        for below, index in zip(
            axis.under, np.unravel_index(int(order[starts[place]]), shape), strict=True
        ):
            put(below, int(index))

    for axis, place in places.items():
        put(axis, place)
    return found
