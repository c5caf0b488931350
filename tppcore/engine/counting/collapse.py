"""Axes that count only through one number become one axis.

If everything depends on cores and clock through cores * clock alone, the values of that product,
each with how many pairs have it, are all there is to know about both. Products of many axes are
collapsed in groups up to a limit and then meet in the middle. Axes that some lesser forms depend on
as well (the stacks of a die area, which also give a bandwidth) can still become one axis for all
the others, linked to those lesser forms.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import combinations

from tppcore.engine.counting.axes import Axis, Derived, Linked
from tppcore.engine.counting.forms import FLAT, Form, Forms, Kind, under

FEW = 1 << 14
"""Places under a derived axis whose values are found while planning."""


def collapsed(
    forms: Forms, roots: Sequence[Form], kept: Collection[Axis], limit: int, *, link: bool = False
) -> list[Form]:
    """The roots over derived axes, each made of at most `limit` places; `kept` axes stay. With
    `link`, linked axes are made as well."""
    found, kept = list(roots), frozenset(kept)
    while link and (linked := _linked(forms, found, kept, limit)) is not None:
        found, axis = linked
        kept = kept.union([axis], axis.under)
    while (
        step := _whole(forms, found, kept, limit) or _group(forms, found, kept, limit)
    ) is not None:
        found = step
    return found


def _derived(source: Form) -> Derived:
    """A form as an axis: its values are found at once if they are few, for then its true size is
    known to what is planned next."""
    axis = Derived(source)
    if axis.bound <= FEW:
        axis.find()
    return axis


def size(axes: Collection[Axis]) -> int:
    """The number of places of a product of axes."""
    return math.prod(axis.size for axis in axes)


def ascends(axis: Axis, leaf: Form) -> bool:
    """Whether the values of a leaf ascend strictly along its axis."""
    if isinstance(axis, Derived):
        return True
    values = axis.values(leaf)
    if values.endless or values.bottom.values.ndim:
        return False
    tops = values.top.values
    return bool((tops[1:] > tops[:-1]).all())


def _private(roots: Sequence[Form], group: Collection[Form]) -> bool:
    """Whether the axes of some forms are met through these forms alone."""
    inside = frozenset().union(*(form.axes for form in group))
    seen, pending = set(group), [root for root in roots if root not in group]
    while pending:
        form = pending.pop()
        if form in seen or not form.axes & inside:
            continue
        if form.kind is Kind.LEAF:
            return False
        seen.add(form)
        pending += form.args
    return True


def _whole(
    forms: Forms, roots: Sequence[Form], kept: frozenset[Axis], limit: int
) -> list[Form] | None:
    """The roots with one form replaced by an axis of its own, or None if there is none to replace.

    The forms nearest to the roots are tried first: they collapse the most."""
    for form in reversed(list(under(roots))):
        if form.kind in (Kind.CONST, Kind.SCALE) or form.axes & kept:
            continue
        if form.kind is Kind.LEAF and ascends(form.axis, form):
            continue
        if size(form.axes) <= limit and _private(roots, [form]):
            return forms.replaced(roots, {form: forms.collapsed(form, _derived)})
    return None


def _linked(
    forms: Forms, roots: Sequence[Form], kept: frozenset[Axis], limit: int
) -> tuple[list[Form], Linked] | None:
    """The roots with operands of a flat operation made one linked axis, and that axis, or None."""
    for form in reversed(list(under(roots))):
        if form.kind not in FLAT:
            continue
        group = [each for each in form.args if each.axes and form.args.count(each) == 1]
        elsewhere = [_met(root, form) for root in roots]
        main = [form in under([root]) for root in roots]
        satellites = frozenset[int]()
        while group:
            axes = frozenset().union(*(each.axes for each in group))
            satellites = frozenset(
                i
                for i, root in enumerate(roots)
                if elsewhere[i] and root.axes <= axes and not main[i]
            )
            others = frozenset().union(
                *(met for i, met in enumerate(elsewhere) if i not in satellites),
                *(each.axes for each in form.args if each not in group),
            )
            inside = [each for each in group if not each.axes & (others | kept)]
            if inside == group:
                break
            group = inside
        if len(group) < 2 or not satellites or size(axes) > limit:
            continue
        source, coef = _source(forms, form, group)
        axis = Linked(source, satellites)
        leaf = forms.scale(coef, forms.derived(axis, source))
        return _rewritten(forms, roots, [form], group, leaf), axis
    return None


def _met(root: Form, but: Form) -> frozenset[Axis]:
    """The axes that a root meets other than through one form."""
    seen, pending, found = {but}, [root], set[Axis]()
    while pending:
        form = pending.pop()
        if form not in seen:
            seen.add(form)
            pending += form.args
            if form.kind is Kind.LEAF:
                found |= form.axes
    return frozenset(found)


def _group(
    forms: Forms, roots: Sequence[Form], kept: frozenset[Axis], limit: int
) -> list[Form] | None:
    """The roots with two operands of a flat operation made one, or None."""
    nodes = under(roots)
    parents: dict[Form, set[Form | None]] = {form: set() for form in nodes}
    for root in roots:
        parents[root].add(None)
    for form in nodes:
        for each in form.args:
            parents[each].add(form)
    for form in nodes:
        if form.kind not in FLAT or len(form.args) < 2:
            continue
        groups: dict[frozenset[Form | None], list[Form]] = {}
        for each in form.args:
            if not each.axes or each.axes & kept:
                continue
            above = frozenset(parents[each])
            alike = all(
                up is not None and up.kind is form.kind and up.args.count(each) == 1 for up in above
            )
            if alike and (form.kind is not Kind.SUM or len(above) == 1):
                groups.setdefault(above, []).append(each)
        for above, members in groups.items():
            pairs = [
                (size(one.axes | other.axes), one, other) for one, other in combinations(members, 2)
            ]
            # The largest that is not too large: few long axes leave the least to enumerate.
            for _, *pair in sorted(
                (each for each in pairs if each[0] <= limit), key=lambda each: -each[0]
            ):
                if not _private(roots, pair):
                    continue
                source, coef = _source(forms, form, pair)
                leaf = forms.scale(coef, forms.collapsed(source, _derived))
                flat = [up for up in above if up is not None]
                return _rewritten(forms, roots, flat, pair, leaf)
    return None


def _source(forms: Forms, form: Form, group: Sequence[Form]) -> tuple[Form, Fraction]:
    """Some operands of a flat operation as one form, and a factor that stands before it."""
    match form.kind:
        case Kind.SUM:
            coefs = dict(zip(form.args, form.coefs, strict=True))
            made = forms.sum(*(forms.scale(coefs[each], each) for each in group))
        case Kind.PRODUCT:
            made = forms.product(*group)
        case Kind.MAX:
            made = forms.maximum(*group)
        case _:
            made = forms.minimum(*group)
    coef, source = forms.unscaled(made)
    return source, coef


def _rewritten(
    forms: Forms, roots: Sequence[Form], above: Sequence[Form], group: Sequence[Form], leaf: Form
) -> list[Form]:
    """The roots with a leaf in the place of some operands of the flat operations `above`."""

    def joined(each: Form, args: tuple[Form, ...]) -> Form:
        if each not in above:
            return forms.rebuilt(each, args)
        rest = [i for i, arg in enumerate(each.args) if arg not in group]
        match each.kind:
            case Kind.SUM:
                terms = [forms.scale(each.coefs[i], args[i]) for i in rest]
                return forms.sum(forms.constant(each.value), leaf, *terms)
            case Kind.PRODUCT:
                return forms.product(leaf, *(args[i] for i in rest))
            case Kind.MAX:
                return forms.maximum(leaf, *(args[i] for i in rest))
            case _:
                return forms.minimum(leaf, *(args[i] for i in rest))

    return forms.rewritten(roots, joined)
