"""How many designs have which verdicts, without looking at each.

forms --collapse--> fewer axes --clusters--> tables of counts --contract--> outcomes
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tppcore.engine.counting.axes import Axis, Derived, evaluate_at, product_weights
from tppcore.engine.counting.clusters import MOST_CELLS, Cluster, clusters, linked, settle
from tppcore.engine.counting.collapse import collapsed
from tppcore.engine.counting.forms import Form, Forms
from tppcore.engine.counting.lowering import Cut, Lowered, Side
from tppcore.engine.counting.ratios import Array, Ratios
from tppcore.engine.counting.tally import (
    Table,
    TooMany,
    contracted,
    joined,
    satellites,
    tabulate,
)

LIMITS = (1 << 14, 1 << 17, 1 << 20, 1 << 22, 1 << 24)
"""How many places may be made one axis: the first limit whose plan is cheap is taken."""

CHEAP = 1 << 20
"""Places to look at, of a plan that is not worth a better one."""

MOST_POINTS = 1 << 33
"""Places that a census looks at, at most."""

FALSE, TRUE, UNDETERMINED = 0, 1, 2
_DIGITS = 39  # of base 3 in an int64


@dataclass(frozen=True, slots=True)
class Plan:
    """Roots over derived axes, with their cuts, in clusters."""

    roots: tuple[Form, ...]
    cuts: tuple[tuple[Cut, ...], ...]
    clusters: tuple[Cluster, ...]
    coefs: tuple[Fraction, ...]
    """What each root is multiplied with to give the form that it stands for."""

    @property
    def cost(self) -> int:
        """Places to look at: those of derived axes (sorted) and those that are enumerated."""
        axes = {axis for root in self.roots for axis in root.axes}
        made = sum(each.bound for axis in axes for each in _derived(axis))
        return made + sum(each.points * (8 if each.is_shared else 4) for each in self.clusters)

    def others(self, axes: Sequence[Axis]) -> int:
        """The weight of those of the axes on which no root depends."""
        used = {base for root in self.roots for axis in root.axes for base in axis.base}
        return math.prod(axis.total for axis in axes if axis not in used)

    def said(self) -> list[str]:
        """What is looked at, in words."""
        lines = []
        for axis in linked(self.roots):
            lines.append(f"every place of {axis.name} ({axis.bound:,}), made one axis")
        for each in self.clusters:
            parts = []
            if each.inner is not None:
                parts.append(f"limits along {each.inner.name} ({each.inner.size:,})")
            looked = (*each.shared, *each.outer)
            if looked:
                names = " x ".join(f"{axis.name} ({axis.size:,})" for axis in looked)
                parts.append(f"every place of {names}")
            lines.append("; ".join(parts))
        return lines


def _derived(axis: Axis) -> list[Derived]:
    if not isinstance(axis, Derived):
        return []
    return [axis, *(each for below in axis.under for each in _derived(below))]


def plan(forms: Forms, lowered: Lowered, kept: Sequence[Axis], *, link: bool = True) -> Plan:
    """The cheapest way to count; without linked axes unless `link`. Raises TooMany where there is
    none within MOST_POINTS."""
    best: Plan | None = None
    forms = forms.scratch()
    ways = [(limit, False) for limit in LIMITS] + [(limit, True) for limit in LIMITS if link]
    for limit, linking in ways:
        if best is not None and (best.cost <= CHEAP or limit > best.cost):
            continue
        reduced = collapsed(forms, lowered.roots, kept, limit, link=linking)
        found = _plan(reduced, lowered.cuts, kept)
        if linking and not _linked_and_fits(found):
            continue
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    if best.cost > MOST_POINTS:
        raise TooMany(f"{best.cost:,} places would have to be looked at")
    settle(best.roots)
    # Sizes are known now, and so is which of the axes is the longest.
    return replace(best, clusters=tuple(clusters(best.roots, best.cuts, kept)))


def _linked_and_fits(found: Plan) -> bool:
    """Whether there are linked axes, with tables of their satellites that are not too large."""
    axes = linked(found.roots)
    cells = [
        axis.bound * math.prod(len(found.cuts[i]) + 1 for i in axis.satellites) for axis in axes
    ]
    return bool(axes) and max(cells) <= MOST_CELLS


def _plan(roots: Sequence[Form], cuts: Sequence[Sequence[Cut]], kept: Sequence[Axis]) -> Plan:
    bases, scaled, coefs = [], [], []
    for root, own in zip(roots, cuts, strict=True):
        coef, base = Forms.unscaled(root)
        bases.append(base)
        coefs.append(coef)
        scaled.append(tuple((t / coef, strict) for t, strict in own))
    return Plan(tuple(bases), tuple(scaled), tuple(clusters(bases, scaled, kept)), tuple(coefs))


def tables(found: Plan, kept: Sequence[Axis]) -> list[Table]:
    """The counts by place of every root, over kept axes alone; weights of kept axes left out."""
    each = [tabulate(cluster, found.roots, found.cuts) for cluster in found.clusters]
    each += [satellites(axis, found.roots, found.cuts) for axis in linked(found.roots)]
    return contracted(each, kept)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Distinct combinations of verdicts, shape (n, paragraphs), and how many designs have each:
    shape (*sizes of the kept axes, n), of Python's numbers where 64 bits don't do."""

    verdicts: Array
    counts: Array


def outcomes(
    lowered: Lowered, counted: Sequence[Table], kept: Sequence[Axis], others: int
) -> Outcomes:
    """The combinations of verdicts that occur; `others` is the weight of what no table counts."""
    combinations = math.prod(len(table.places) for table in counted)
    cells = math.prod(axis.size for axis in kept)
    if combinations * cells > MOST_CELLS:
        raise TooMany(f"{combinations * cells:,} combinations of lines")
    joint = Table((), (), np.zeros((1, 0), np.int16), np.array([1]))
    for table in counted:
        joint = joined(joint, table)
    source = [joint.axes.index(axis) for axis in kept if axis in joint.axes]
    counts = joint.counts.transpose(*source, len(joint.axes))
    shape = tuple(axis.size for axis in kept)
    present = (axis.size if axis in joint.axes else 1 for axis in kept)
    counts = np.broadcast_to(counts.reshape(*present, -1), (*shape, counts.shape[-1]))
    weights = product_weights(kept)
    if int(counts.max(initial=0)) * counts.shape[-1] * weights.most * others >= 2**63:
        counts = counts.astype(object)
    verdicts = verdicts_of(lowered, joint)
    rows, inverse = _distinct(verdicts)
    total = np.zeros((len(rows), *shape), counts.dtype)
    np.add.at(total, inverse, np.moveaxis(counts, -1, 0))
    total = np.moveaxis(total, 0, -1) * weights.values.astype(counts.dtype)[..., None] * others
    used = (total != 0).reshape(-1, len(rows)).any(axis=0)
    return Outcomes(verdicts[rows][used], total[..., used])


def verdicts_of(lowered: Lowered, table: Table) -> Array:
    """The verdict of each paragraph under each code, int8 (codes, paragraphs)."""
    column = {root: i for i, root in enumerate(table.members)}

    def touched(side: Side) -> Array:
        if side is None:
            return np.ones(len(table.places), bool)
        found = np.zeros(len(table.places), bool)
        for box in side:
            inside = np.ones(len(table.places), bool)
            for each in box:
                inside &= (table.places[:, column[each.root]] > each.cut) == each.above
            found |= inside
        return found

    made = np.full((len(table.places), len(lowered.true_sides)), UNDETERMINED, np.int8)
    for p, sides in enumerate(zip(lowered.true_sides, lowered.false_sides, strict=True)):
        true, false = map(touched, sides)
        made[:, p] = np.where(~false, TRUE, np.where(~true, FALSE, UNDETERMINED))
    return made


def verdicts_at(lowered: Lowered, places: Mapping[Axis, Array]) -> Array:
    """The verdict of each paragraph at some points by their places on each axis, (points,): int8
    (points, paragraphs)."""
    points = len(next(iter(places.values()))) if places else 1
    held = np.zeros((points, len(lowered.roots)), np.int16)
    for i, root in enumerate(evaluate_at(lowered.roots, places)):
        for threshold, strict in lowered.cuts[i]:
            held[:, i] += root.holds(">" if strict else ">=", Ratios.constant(threshold))
    members = tuple(range(len(lowered.roots)))
    return verdicts_of(lowered, Table((), members, held, np.ones(points, np.int64)))


def _distinct(verdicts: Array) -> tuple[Array, Array]:
    """The first row of every kind, and the kind of every row."""
    kind = np.zeros(len(verdicts), np.int64)
    first = np.zeros(min(1, len(verdicts)), np.int64)
    for begin in range(0, verdicts.shape[1], _DIGITS):
        part = verdicts[:, begin : begin + _DIGITS].astype(np.int64)
        packed = part @ (3 ** np.arange(part.shape[1], dtype=np.int64))
        own = np.unique(packed, return_inverse=True)[1].reshape(-1)
        joint = kind * (int(own.max(initial=0)) + 1) + own
        _, first, kind = np.unique(joint, return_index=True, return_inverse=True)
        kind = kind.reshape(-1)
    return first, kind
