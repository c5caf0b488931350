"""How many places of a product of axes have which combination of cuts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tppcore.engine.counting import fast
from tppcore.engine.counting.axes import Axis, Linked, Window, evaluate, product_weights
from tppcore.engine.counting.clusters import MOST_CELLS, Cluster
from tppcore.engine.counting.forms import Form, under
from tppcore.engine.counting.lowering import Cut
from tppcore.engine.counting.ratios import Array, Ratios
from tppcore.engine.counting.runs import Solver
from tppcore.engine.shards import usable_cpus

CHUNK = 1 << 17
"""Places looked at in one go: their arrays fit the cache."""


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by place on some axes and by code: shape (*sizes of the axes, codes).

    `places` (codes, members): the place of each member among its cuts, under each code.
    """

    axes: tuple[Axis, ...]
    members: tuple[int, ...]
    places: Array
    counts: Array

    def compact(self) -> Table:
        """Without the codes that do not occur."""
        used = (self.counts != 0).reshape(-1, len(self.places)).any(axis=0)
        return Table(self.axes, self.members, self.places[used], self.counts[..., used])


class TooMany(ValueError):
    """A table of more than MOST_CELLS counts."""


def tabulate(cluster: Cluster, roots: Sequence[Form], cuts: Sequence[Sequence[Cut]]) -> Table:
    """The counts of a cluster over its shared axes; their own weights are not counted in."""
    counting = Counting(cluster, roots, cuts)
    axes = cluster.shared
    own = [*cluster.outer]
    if cluster.inner is not None and cluster.is_shared:
        axes = (*axes, cluster.inner)
    elif cluster.inner is not None:
        own.append(cluster.inner)
    shape = (*(axis.size for axis in axes), counting.codes)
    if math.prod(shape) > MOST_CELLS:
        raise TooMany(f"{math.prod(shape):,} counts")
    exact = np.int64 if math.prod(axis.total for axis in own) < 2**63 else object
    windows = list(counting.windows())
    workers = min(len(windows), usable_cpus())

    def share(first: int) -> Array:
        found = np.zeros((math.prod(shape[:-1]), counting.codes), exact)
        for window in windows[first::workers]:
            counting.count(window, found)
        return found

    if workers == 1:
        counts = share(0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            counts = np.add.reduce(list(pool.map(share, range(workers))))
    counts = counts.reshape(shape)
    if cluster.is_shared:
        # What was added is how counts change from place to place along the inner axis.
        np.cumsum(counts, axis=-2, out=counts)
    return Table(axes, cluster.members, counting.places(), counts).compact()


def satellites(axis: Linked, roots: Sequence[Form], cuts: Sequence[Sequence[Cut]]) -> Table:
    """The counts of the satellites of a linked axis by its places, with the weights under it."""
    cluster = Cluster(tuple(sorted(axis.satellites)), (), axis.under, None)
    counting = Counting(cluster, roots, cuts)
    base, _, _ = counting.crossings({})
    weights = product_weights(axis.under)
    counts = np.zeros((axis.size, counting.codes), np.int64 if axis.total < 2**63 else object)
    np.add.at(counts, (axis.place, base), weights.values.reshape(-1))
    return Table((axis,), cluster.members, counting.places(), counts).compact()


class Counting:
    """One cluster, counted window by window over the axes that are enumerated."""

    def __init__(
        self,
        cluster: Cluster,
        roots: Sequence[Form],
        cuts: Sequence[Sequence[Cut]],
    ) -> None:
        self.axes = (*cluster.shared, *cluster.outer)
        self.cluster, self.inner = cluster, cluster.inner
        self.forms = [(roots[i], cuts[i]) for i in cluster.members]
        self.sizes = [len(cuts[i]) + 1 for i in cluster.members]
        self.codes = math.prod(self.sizes)
        self.strides = [math.prod(self.sizes[i + 1 :]) for i in range(len(self.sizes))]
        if self.inner is None:
            self.prefix = np.array([0, 1])
        else:
            weights = self.inner.weights
            most = self.inner.total
            exact = np.int64 if most < 2**63 else object
            self.prefix = np.zeros(self.inner.size + 1, exact)
            np.cumsum(weights.values, out=self.prefix[1:])
        outer = product_weights(cluster.outer)
        self.weights = None if all(axis.even for axis in cluster.outer) else outer.values

    def places(self) -> Array:
        """The place of each member among its cuts, under each code: int16 (codes, members)."""
        found = np.unravel_index(np.arange(self.codes), self.sizes)
        return np.stack(found, axis=1).astype(np.int16)

    def windows(self) -> Iterator[Window]:
        """Windows of at most CHUNK places, as long as the last axes allow."""
        sizes = [axis.size for axis in self.axes]
        split = len(sizes)
        while split and math.prod(sizes[split - 1 :]) <= CHUNK:
            split -= 1
        if not split:
            yield {}
            return
        step = max(1, CHUNK // math.prod(sizes[split:]))
        for leading in np.ndindex(*sizes[: split - 1]):
            fixed = {self.axes[i]: slice(place, place + 1) for i, place in enumerate(leading)}
            for begin in range(0, sizes[split - 1], step):
                yield {**fixed, self.axes[split - 1]: slice(begin, begin + step)}

    def shape(self, window: Window) -> tuple[int, ...]:
        """The sizes of a window."""
        return tuple(len(range(*self._part(axis, window))) for axis in self.axes)

    @staticmethod
    def _part(axis: Axis, window: Window) -> tuple[int, int, int]:
        return window.get(axis, slice(None)).indices(axis.size)

    def crossings(self, window: Window) -> tuple[Array, Array, Array]:
        """The codes at place 0 of the inner axis, int64 (points,); the places where they change,
        int32 (cuts, points); and by how much, int64 (cuts,)."""
        axes, inner, shape = self.axes, self.inner, self.shape(window)
        fixed = [f for f in under(f for f, _ in self.forms) if inner not in f.axes]
        values = dict(zip(fixed, evaluate(fixed, axes, window), strict=True))
        base = np.zeros(shape, np.int64)
        ends: list[Array] = []
        steps: list[int] = []
        for (form, cuts), stride in zip(self.forms, self.strides, strict=True):
            for op, strict in ((">=", False), (">", True)):
                thresholds = [t for t, is_strict in cuts if is_strict is strict]
                if not thresholds:
                    continue
                at = Ratios.of(thresholds, (len(thresholds), *(1 for _ in axes)))
                if inner is None or inner not in form.axes:
                    held = values[form].holds(op, at)
                    base += held.sum(axis=0).reshape(held.shape[1:]) * stride
                    continue
                solved = Solver(inner, values.__getitem__).solve(form, op, at)
                ends += list(np.broadcast_to(solved.at, (len(thresholds), *shape)))
                steps += [stride if solved.up else -stride] * len(thresholds)
                if not solved.up:
                    base += stride * len(thresholds)
        found = np.array(ends, np.int32).reshape(len(ends), base.size)
        return base.reshape(-1), found, np.array(steps, np.int64)

    def count(self, window: Window, into: Array) -> None:
        """Adds the places of a window to the counts (shared places, codes)."""
        axes, shape = self.axes, self.shape(window)
        base, ends, steps = self.crossings(window)
        shared = len(self.cluster.shared)
        parts = [self._part(axis, window) for axis in axes]
        cells, weights = None, None
        if shared:
            cell = np.zeros((1,) * len(axes), np.int64)
            for i, (axis, part) in enumerate(zip(axes[:shared], parts, strict=False)):
                places = np.arange(*part, dtype=np.int64)
                cell = cell * axis.size + places.reshape(
                    tuple(-1 if j == i else 1 for j in range(len(axes)))
                )
            cells = np.broadcast_to(cell, shape).reshape(-1)
        if self.weights is not None:
            sliced = self.weights[tuple(slice(*part) for part in parts[shared:])]
            weights = np.broadcast_to(sliced, shape).reshape(-1)
        if self.cluster.is_shared:
            add_changes(cells, base, ends, steps, len(self.prefix) - 1, weights, into)
            return
        given = (cells, base, ends, steps, self.prefix, weights, into)
        if not fast.add_runs(*given):
            add_runs(*given)


def add_runs(
    cells: Array | None,
    base: Array,
    ends: Array,
    steps: Array,
    prefix: Array,
    weights: Array | None,
    into: Array,
) -> None:
    """Adds runs along an axis to counts; the readable twin of tpp_add_runs.

    Point i (n of them) has code base[i] at place 0 of the axis; at place ends[k, i] the code
    changes by steps[k]. The places from a to b count prefix[b] - prefix[a], times weights[i] (1 if
    left out), and are added to into[cells[i], code] (cell 0 if left out).
    """
    at, codes = in_order(base, ends, steps)
    bounds = np.empty((len(steps) + 2, len(base)), np.int64)
    bounds[0], bounds[-1], bounds[1:-1] = 0, len(prefix) - 1, at
    lengths = np.diff(prefix[bounds], axis=0)
    if weights is not None:
        if into.dtype == object:
            lengths = lengths.astype(object)
        lengths = lengths * weights
    place = codes if cells is None else codes + cells * into.shape[1]
    some = lengths != 0
    np.add.at(into.reshape(-1), place[some], lengths[some])


def in_order(base: Array, ends: Array, steps: Array) -> tuple[Array, Array]:
    """The places where the codes of points change, ascending, (cuts, points), and the codes
    before, between and after them, (cuts + 1, points)."""
    order = np.argsort(ends, axis=0, kind="stable")
    codes = np.empty((len(steps) + 1, len(base)), np.int64)
    codes[0] = base
    if len(steps):
        np.cumsum(steps[order], axis=0, out=codes[1:])
        codes[1:] += base
    return np.take_along_axis(ends, order, axis=0), codes


def add_changes(
    cells: Array | None,
    base: Array,
    ends: Array,
    steps: Array,
    places: int,
    weights: Array | None,
    into: Array,
) -> None:
    """As `add_runs`, with counts at each place of the axis: into[cells[i] * places + z, code] is
    changed by how much more points have that code at place z than at the place before."""
    at, codes = in_order(base, ends, steps)
    first = np.zeros(len(base), np.int64) if cells is None else cells * places
    flat = into.reshape(-1)

    def change(where: Array, code: Array, sign: int) -> None:
        inside = where < places
        cell = ((first + where) * into.shape[1] + code)[inside]
        if weights is None:
            added = np.bincount(cell.reshape(-1), minlength=len(flat))
            np.add(flat, added * sign, out=flat, casting="unsafe")
        else:
            spread = np.broadcast_to(weights, where.shape)[inside]
            np.add.at(flat, cell, spread * sign)

    change(np.zeros_like(base), base, 1)
    change(at, codes[1:], 1)
    change(at, codes[:-1], -1)


def contracted(tables: Sequence[Table], kept: Collection[Axis]) -> list[Table]:
    """Tables without the axes that they share, but for those that are kept."""
    found = list(tables)
    while shared := {axis for table in found for axis in table.axes} - set(kept):
        # The axis whose tables make the smallest product first.
        axis = min(shared, key=lambda each: (_joint(found, each), each.name))
        together = [table for table in found if axis in table.axes]
        found = [table for table in found if axis not in table.axes]
        found.append(_without(together, axis))
    return found


def _joint(tables: Sequence[Table], axis: Axis) -> int:
    together = [table for table in tables if axis in table.axes]
    axes = {each for table in together for each in table.axes}
    return math.prod(each.size for each in axes) * math.prod(len(t.places) for t in together)


def _without(tables: Sequence[Table], axis: Axis) -> Table:
    """The joint table of some tables, summed over an axis with its weights."""
    if len(tables) == 2 and set(tables[0].axes) & set(tables[1].axes) == {axis}:
        return _summed(tables[0], tables[1], axis)
    if _joint(tables, axis) > MOST_CELLS * 8:
        raise TooMany(f"{_joint(tables, axis):,} counts")
    joint = tables[0]
    for other in tables[1:]:
        joint = joined(joint, other)
    i = joint.axes.index(axis)
    total = int(joint.counts.max(initial=0)) * axis.size * axis.weights.most
    counts = joint.counts if total < 2**63 else joint.counts.astype(object)
    weights = axis.weights.values.reshape(tuple(-1 if j == i else 1 for j in range(counts.ndim)))
    rest = (*joint.axes[:i], *joint.axes[i + 1 :])
    return Table(rest, joint.members, joint.places, (counts * weights).sum(axis=i)).compact()


def _summed(one: Table, other: Table, axis: Axis) -> Table:
    """The same of two tables that share nothing else, as a product of matrices."""

    def matrix(table: Table) -> tuple[Array, tuple[Axis, ...]]:
        rest = tuple(each for each in table.axes if each is not axis)
        moved = np.moveaxis(table.counts, table.axes.index(axis), -2)
        return moved.reshape(-1, axis.size, len(table.places)), rest

    (a, before), (b, after) = matrix(one), matrix(other)
    cells = len(a) * len(b) * a.shape[2] * b.shape[2]
    if cells > MOST_CELLS:
        raise TooMany(f"{cells:,} counts")
    most = int(a.max(initial=0)) * int(b.max(initial=0)) * axis.size * axis.weights.most
    if most >= 2**63:
        a = a.astype(object)
    weighted = a * axis.weights.values[:, None]
    # (cells, codes) of either, with the codes last.
    left = weighted.transpose(0, 2, 1).reshape(-1, axis.size)
    right = b.transpose(1, 0, 2).reshape(axis.size, -1)
    product = (left @ right).reshape(len(a), a.shape[2], len(b), b.shape[2])
    counts = product.transpose(0, 2, 1, 3).reshape(
        *(each.size for each in (*before, *after)), a.shape[2] * b.shape[2]
    )
    return Table(
        (*before, *after), (*one.members, *other.members), _pairs(one, other), counts
    ).compact()


def _pairs(one: Table, other: Table) -> Array:
    """The places of both, for every pair of codes."""
    return np.concatenate(
        [
            np.repeat(one.places, len(other.places), axis=0),
            np.tile(other.places, (len(one.places), 1)),
        ],
        axis=1,
    )


def joined(one: Table, other: Table) -> Table:
    """Both at once: every pair of codes, over the axes of either."""
    axes = (*one.axes, *(axis for axis in other.axes if axis not in one.axes))

    def spread(table: Table, before: bool) -> Array:
        sizes = [axis.size if axis in table.axes else 1 for axis in axes]
        source = [table.axes.index(axis) for axis in axes if axis in table.axes]
        counts = table.counts.transpose(*source, len(table.axes))
        codes = (len(table.places), 1) if before else (1, len(table.places))
        return counts.reshape(*sizes, *codes)

    a, b = spread(one, True), spread(other, False)
    most = int(one.counts.max(initial=0)) * int(other.counts.max(initial=0))
    if most * math.prod(axis.size for axis in axes) >= 2**63:
        a = a.astype(object)
    counts = a * b
    flat = counts.reshape(*counts.shape[:-2], -1)
    return Table(axes, (*one.members, *other.members), _pairs(one, other), flat).compact()
