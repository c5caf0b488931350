"""How many places of a product of axes have which combination of cuts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tppcore.engine.counting import fast
from tppcore.engine.counting.axes import Axis, Window, evaluate, product_weights
from tppcore.engine.counting.clusters import Cluster
from tppcore.engine.counting.forms import Form, under
from tppcore.engine.counting.lowering import Cut
from tppcore.engine.counting.ratios import Array, Ratios
from tppcore.engine.counting.runs import Solver
from tppcore.engine.shards import usable_cpus

CHUNK = 1 << 17
"""Places looked at in one go: their arrays fit the cache."""

MOST_CELLS = 1 << 24
"""Of a table of counts."""


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
    sizes = [len(cuts[i]) + 1 for i in cluster.members]
    shape = tuple(axis.size for axis in cluster.shared)
    codes = math.prod(sizes)
    if codes * math.prod(shape) > MOST_CELLS:
        raise TooMany(f"{codes * math.prod(shape)} counts")
    own = math.prod(axis.total for axis in (*cluster.outer, *filter(None, [cluster.inner])))
    counting = Counting(cluster, roots, cuts, sizes)
    counts = np.zeros((math.prod(shape), codes), np.int64 if own < 2**63 else object)
    windows = list(counting.windows())
    if len(windows) == 1:
        counting.count(windows[0], counts)
    else:
        with ThreadPoolExecutor(min(len(windows), usable_cpus())) as pool:
            shares = [windows[i :: pool._max_workers] for i in range(pool._max_workers)]

            def share(own_windows: list[Window]) -> Array:
                found = np.zeros_like(counts)
                for window in own_windows:
                    counting.count(window, found)
                return found

            for found in pool.map(share, shares):
                counts += found
    places = np.stack(np.unravel_index(np.arange(codes), sizes), axis=1).astype(np.int16)
    table = Table(cluster.shared, cluster.members, places, counts.reshape(*shape, codes))
    return table.compact()


class Counting:
    """One cluster, counted window by window over the axes that are enumerated."""

    def __init__(
        self,
        cluster: Cluster,
        roots: Sequence[Form],
        cuts: Sequence[Sequence[Cut]],
        sizes: Sequence[int],
    ) -> None:
        self.axes = (*cluster.shared, *cluster.outer)
        self.cluster, self.inner = cluster, cluster.inner
        self.forms = [(roots[i], cuts[i]) for i in cluster.members]
        self.strides = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
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
    order = np.argsort(ends, axis=0, kind="stable")
    at = np.take_along_axis(ends, order, axis=0)
    codes = np.empty((len(steps) + 1, len(base)), np.int64)
    codes[0] = base
    if len(steps):
        np.cumsum(steps[order], axis=0, out=codes[1:])
        codes[1:] += base
    bounds = np.empty((len(steps) + 2, len(base)), np.int64)
    bounds[0], bounds[-1], bounds[1:-1] = 0, len(prefix) - 1, at
    lengths = np.diff(prefix[bounds], axis=0)
    if weights is not None:
        if into.dtype == object:
            lengths = lengths.astype(object)
        lengths = lengths * weights
    flat = into.reshape(-1)
    place = codes if cells is None else codes + cells * into.shape[1]
    some = lengths != 0
    np.add.at(flat, place[some], lengths[some])


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
    if _joint(tables, axis) > MOST_CELLS * 8:
        raise TooMany(f"{_joint(tables, axis)} counts")
    joint = tables[0]
    for other in tables[1:]:
        joint = joined(joint, other)
    i = joint.axes.index(axis)
    total = int(joint.counts.max(initial=0)) * axis.size * axis.weights.most
    counts = joint.counts if total < 2**63 else joint.counts.astype(object)
    weights = axis.weights.values.reshape(tuple(-1 if j == i else 1 for j in range(counts.ndim)))
    rest = (*joint.axes[:i], *joint.axes[i + 1 :])
    return Table(rest, joint.members, joint.places, (counts * weights).sum(axis=i)).compact()


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
    places = np.concatenate(
        [
            np.repeat(one.places, len(other.places), axis=0),
            np.tile(other.places, (len(one.places), 1)),
        ],
        axis=1,
    )
    flat = counts.reshape(*counts.shape[:-2], -1)
    return Table(axes, (*one.members, *other.members), places, flat).compact()
