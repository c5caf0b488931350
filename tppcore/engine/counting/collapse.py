"""Axes that count only through one number become one axis.

If everything depends on cores and clock through cores * clock alone, the values of that product,
each with how many pairs have it, are all there is to know about both. Products of many axes are
collapsed in groups up to a limit and then meet in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from tppcore.engine.counting.axes import Axis, Derived
from tppcore.engine.counting.forms import FLAT, Form, Forms, Kind, under


def collapsed(forms: Forms, roots: Sequence[Form], kept: frozenset[Axis], limit: int) -> list[Form]:
    """The roots over derived axes, each made of at most `limit` places; `kept` axes stay."""
    found, kept = list(roots), frozenset(kept)
    while (
        step := _whole(forms, found, kept, limit) or _group(forms, found, kept, limit)
    ) is not None:
        found = step
    return found


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
            return forms.replaced(roots, {form: forms.derived(Derived(form), form)})
    return None


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
            if not each.axes or each.axes & kept or form.args.count(each) > 1:
                continue
            above = frozenset(parents[each])
            alike = all(up is not None and up.kind is form.kind for up in above)
            if alike and (form.kind is not Kind.SUM or len(above) == 1):
                groups.setdefault(above, []).append(each)
        for above, members in groups.items():
            pair = sorted(members, key=lambda each: size(each.axes))[:2]
            if len(pair) < 2 or size(pair[0].axes | pair[1].axes) > limit:
                continue
            if _private(roots, pair):
                return _joined(forms, roots, form, [up for up in above if up is not None], pair)
    return None


def _joined(
    forms: Forms, roots: Sequence[Form], form: Form, above: Sequence[Form], pair: Sequence[Form]
) -> list[Form]:
    """The roots with a pair of operands of `form`, and of the others `above`, as one axis."""
    one, two = pair
    match form.kind:
        case Kind.SUM:
            coefs = dict(zip(form.args, form.coefs, strict=True))
            source = forms.sum(*(forms.scale(coefs[each], each) for each in pair))
        case Kind.PRODUCT:
            source = forms.product(one, two)
        case Kind.MAX:
            source = forms.maximum(one, two)
        case _:
            source = forms.minimum(one, two)
    coef, source = forms.unscaled(source)
    leaf = forms.scale(coef, forms.derived(Derived(source), source))

    def joined(each: Form, args: tuple[Form, ...]) -> Form:
        if each not in above:
            return forms.rebuilt(each, args)
        rest = [i for i, arg in enumerate(each.args) if arg not in pair]
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
