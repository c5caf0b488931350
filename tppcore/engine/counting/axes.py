"""Axes of a product of places, and forms evaluated over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from tppcore.engine.counting.forms import Form, Kind
from tppcore.engine.counting.ratios import Array, Ratios, Whole


class Axis:
    """Places with whole weights: `size` of them (at most so many, for an axis that is derived)."""

    def __init__(self, name: str, size: int, weights: Sequence[int] | None = None) -> None:
        self.name, self.size = name, size
        self._weights = weights

    @property
    def base(self) -> tuple[Axis, ...]:
        """The axes that it stands for."""
        return (self,)

    @cached_property
    def weights(self) -> Whole:
        """How much each place counts, shape (size,)."""
        if self._weights is None:
            return Whole(np.ones(self.size, np.int64), 1)
        return Ratios.of(self._weights).top

    @property
    def even(self) -> bool:
        """Whether each place counts once."""
        return self._weights is None

    @cached_property
    def total(self) -> int:
        """The sum of the weights."""
        return self.size if self._weights is None else sum(self._weights)

    def values(self, leaf: Form) -> Ratios:
        """The values of a leaf of this axis, shape (size,)."""
        assert leaf.leaf is not None
        return leaf.leaf

    def __repr__(self) -> str:
        return f"<{self.name}: {self.size}>"


class Derived(Axis):
    """All places of the axes of a form, by the value that it has there, in ascending order.

    Everything else must depend on those axes through this form alone. Values are told apart exactly
    and places with the same one are a single place with the sum of their weights.
    """

    def __init__(self, source: Form) -> None:
        self.source = source
        self.under = tuple(sorted(source.axes, key=lambda axis: axis.name))
        self.bound = math.prod(axis.size for axis in self.under)
        super().__init__("*".join(axis.name for axis in self.under), self.bound)
        self._found = False

    @property
    def base(self) -> tuple[Axis, ...]:
        return tuple(base for axis in self.under for base in axis.base)

    @property
    def even(self) -> bool:
        return False

    @cached_property
    def total(self) -> int:
        return math.prod(axis.total for axis in self.under)

    @cached_property
    def sorted(self) -> tuple[Ratios, Array, Array]:
        """The values; the places of the axes under it in the order of their values; and where in
        that order each value begins."""
        for axis in self.under:
            if isinstance(axis, Derived):
                axis.find()
        shape = tuple(axis.size for axis in self.under)
        found = evaluate([self.source], self.under)[0].reshaped(shape)
        if found.bottom.values.ndim or found.endless:
            keys = found.fractions()
            order = np.array(sorted(range(len(keys)), key=keys.__getitem__))
            ranked = [keys[i] for i in order.tolist()]
            starts = np.flatnonzero([True, *(a != b for a, b in pairwise(ranked))])
            values = Ratios.of([ranked[i] for i in starts.tolist()])
        else:
            tops = found.top.values
            order = np.argsort(tops, kind="stable")
            ordered = tops[order]
            fresh = np.ones(len(ordered), bool)
            fresh[1:] = ordered[1:] != ordered[:-1]
            starts = np.flatnonzero(fresh)
            values = Ratios(Whole(ordered[starts], found.top.most), found.bottom)
        return values, order, starts

    def find(self) -> None:
        """Computes the values: from now on `size` is how many there are."""
        if not self._found:
            self.size, self._found = len(self.sorted[2]), True

    @cached_property
    def weights(self) -> Whole:
        """The weights of the places under each value, added up."""
        _, order, starts = self.sorted
        if all(axis.even for axis in self.under):
            return Whole(np.diff(np.append(starts, len(order))), len(order))
        spread = product_weights(self.under)
        return Whole(np.add.reduceat(spread.values.reshape(-1)[order], starts), self.total)

    def values(self, leaf: Form) -> Ratios:
        return self.sorted[0]


class Linked(Derived):
    """A derived axis on the places under which some further roots depend, and on nothing else.

    `satellites` are the numbers of those roots. They are counted by the places of this axis, with
    the weights under it, so that the places have no weight of their own.
    """

    def __init__(self, source: Form, satellites: frozenset[int]) -> None:
        super().__init__(source)
        self.satellites = satellites

    @property
    def even(self) -> bool:
        return True

    @cached_property
    def weights(self) -> Whole:
        return Whole(np.ones(self.size, np.int64), 1)

    @property
    def place(self) -> Array:
        """The place of each point of the axes under it, int64 (points,)."""
        _, order, starts = self.sorted
        found = np.empty(len(order), np.int64)
        found[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
        return found


def product_weights(axes: Sequence[Axis]) -> Whole:
    """The weights of all places of a product of axes, with a dimension each."""
    total = math.prod(axis.total for axis in axes)
    found = Whole.of(1)
    for i, axis in enumerate(axes):
        shape = tuple(axis.size if j == i else 1 for j in range(len(axes)))
        found = found * Whole(axis.weights.values.reshape(shape), axis.weights.most)
    shape = tuple(axis.size for axis in axes)
    values = np.broadcast_to(found.values, shape)
    if found.most == 1:
        return Whole(values, 1)
    # A sum of all of them must fit as well.
    return Whole(values.astype(object) if total >= 2**63 else values, total)


Window = Mapping[Axis, slice]


def evaluate(
    forms: Iterable[Form], axes: Sequence[Axis], window: Window | None = None
) -> list[Ratios]:
    """Each form over the product of these axes, a dimension each (of size 1 where the form does not
    depend on it), or over a window of it."""
    dimension = {axis: i for i, axis in enumerate(axes)}

    def leaf(form: Form) -> Ratios:
        shape = [1] * len(axes)
        shape[dimension[form.axis]] = -1
        part = slice(None) if window is None else window.get(form.axis, slice(None))
        return _taken(form, lambda values: values[part].reshape(shape))

    return _evaluated(forms, leaf)


def evaluate_at(forms: Iterable[Form], places: Mapping[Axis, Array]) -> list[Ratios]:
    """Each form at some points, given by their places on each axis, shape (points,)."""
    return _evaluated(forms, lambda form: _taken(form, lambda v: v[places[form.axis]]))


def _taken(form: Form, take: Callable[[Array], Array]) -> Ratios:
    """Some values of a leaf."""
    values = form.axis.values(form)

    def some(whole: Whole) -> Whole:
        return whole if whole.values.ndim == 0 else Whole(take(whole.values), whole.most)

    return Ratios(some(values.top), some(values.bottom), values.endless)


def _evaluated(forms: Iterable[Form], leaf: Callable[[Form], Ratios]) -> list[Ratios]:
    evaluation = _Evaluation(leaf)
    return [evaluation.find(form) for form in forms]


class _Evaluation:
    """Forms where leaves have some values, each once. No closures: functions that know each other
    would keep the arrays until the next collection of garbage."""

    def __init__(self, leaf: Callable[[Form], Ratios]) -> None:
        self.leaf = leaf
        self.memo: dict[Form, Ratios] = {}

    def find(self, form: Form) -> Ratios:
        if form not in self.memo:
            self.memo[form] = self.compute(form)
        return self.memo[form]

    def compute(self, form: Form) -> Ratios:
        find = self.find
        match form.kind:
            case Kind.CONST:
                return Ratios.constant(form.value)
            case Kind.LEAF:
                return self.leaf(form)
            case Kind.SCALE:
                return Ratios.constant(form.coefs[0]) * find(form.args[0])
            case Kind.SUM:
                total = Ratios.constant(form.value)
                for coef, each in zip(form.coefs, form.args, strict=True):
                    part = find(each)
                    total = total + (part if coef == 1 else Ratios.constant(coef) * part)
                return total
            case Kind.PRODUCT:
                found = find(form.args[0])
                for each in form.args[1:]:
                    found = found * find(each)
                return found
            case Kind.QUOTIENT:
                return find(form.args[0]) / find(form.args[1])
            case Kind.SELECT:
                left, right, a, b = map(find, form.args)
                return a.where(left.holds(form.op, right), b)
            case Kind.MAX | Kind.MIN:
                found = find(form.args[0])
                for each in form.args[1:]:
                    other = find(each)
                    highest = form.kind is Kind.MAX
                    found = found.maximum(other) if highest else found.minimum(other)
                return found
