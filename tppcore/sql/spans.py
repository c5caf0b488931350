"""The ends of metrics as SQL: sums, products, quotients, maxima and choices of spans.

The bounds are those of the exact engine. A quotient stays a numerator over a denominator, so that a
comparison multiplies both sides; a maximum of quotients stays a list of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from tppcore.sql.terms import (
    FALSE,
    NOTHING,
    ONE,
    TRUE,
    UNIT,
    Digits,
    Term,
    all_of,
    any_of,
    greatest,
    least,
    only_if,
    positive,
    product,
    scaled,
    total,
    whole_factor,
)

Known = tuple[str, ...]
"""Conditions in SQL, never NULL, that hold together."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """factor * top / bottom where all of `gate` hold, and 0 elsewhere; `bottom` is above 0."""

    top: Term
    bottom: Term = UNIT
    factor: Fraction = ONE
    gate: Known = ()


Ratios = tuple[Ratio, ...]
"""Their maximum; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Span:
    """The low end of a metric, and the high end, which is infinite unless all of `known` hold.

    `high` is None where it is infinite in every row. `stage`: the first query that has all that is
    read here. A metric that does not apply can be anything.
    """

    low: Ratios
    high: Ratios | None
    known: Known = ()
    stage: int = 1


ANYTHING = Span((), None)


def constant(value: Fraction) -> Span:
    """A constant."""
    if value == 0:
        return Span((), ())
    ratio = Ratio(UNIT, factor=value)
    return Span((ratio,), (ratio,))


def larger(a: Span, b: Span) -> Span:
    """max(a, b)."""
    high = None if a.high is None or b.high is None else merged((*a.high, *b.high))
    return Span(merged((*a.low, *b.low)), high, _both(a.known, b.known), max(a.stage, b.stage))


def added(a: Span, b: Span) -> Span:
    """a + b."""
    high = None if a.high is None or b.high is None else _sums(a.high, b.high)
    return Span(_sums(a.low, b.low), high, _both(a.known, b.known), max(a.stage, b.stage))


def multiplied(a: Span, b: Span) -> Span:
    """a * b, where 0 times infinity is 0."""
    low, stage = _products(a.low, b.low), max(a.stage, b.stage)
    finite = [(*one.known, _is_zero(one.high)) for one in (a, b) if one.high is not None]
    finite = [each for each in finite if FALSE not in each]
    if a.high is not None and b.high is not None:
        both = _both(a.known, b.known)
        finite = [each for each in finite if not set(both) <= set(each)]
        high = _products(a.high, b.high)
        known = (any_of(map(all_of, [both, *finite])),) if finite else both
        return Span(low, high, known, stage)
    if not finite:
        return Span(low, None, stage=stage)
    return Span(low, (), (any_of(map(all_of, finite)),), stage)


def divided(a: Span, b: Span, always_positive: bool) -> Span:
    """a / b; nothing is known where b may be 0, unless 0 is but the open end of (0, x]."""
    stage = max(a.stage, b.stage)
    low: Ratios = ()
    least_bottom = single(b.low)
    above = least_bottom.top.above_zero
    if b.high is not None:
        gate = b.known if always_positive else (*b.known, above)
        bottom = single(b.high)
        low = tuple(_over(each, bottom, _both(gate, (bottom.top.above_zero,))) for each in a.low)
    if a.high is None:
        return Span(merged(low), None, stage=stage)
    known = any_of([above, _is_zero(a.high)]) if always_positive else above
    high = tuple(_over(each, least_bottom) for each in a.high) if above != FALSE else ()
    return Span(merged(low), merged(high), _both(a.known, (known,)), stage)


def chosen(test: str, stage: int, a: Span, b: Span) -> Span:
    """a where the test is true, b where it is false, the hull of both where it is open."""
    yes, no = f"{test} IS TRUE", f"{test} IS FALSE"
    low = (*_gated(a.low, yes), *_gated(b.low, no))
    if a.low and b.low:
        one, other = _alike(single(a.low), single(b.low))
        low += _gated((replace(one, top=least(one.top, other.top)),), f"{test} IS NULL")
    stage = max(stage, a.stage, b.stage)
    if a.high is None and b.high is None:
        return Span(merged(low), None, stage=stage)
    high = (
        *_gated(a.high or (), f"{test} IS NOT FALSE"),
        *_gated(b.high or (), f"{test} IS NOT TRUE"),
    )
    known = [
        any_of([side, condition])
        for side, span in ((no, a), (yes, b))
        for condition in (span.known if span.high is not None else (FALSE,))
    ]
    return Span(merged(low), merged(high), tuple(known), stage)


def single(ratios: Ratios) -> Ratio:
    """A maximum of ratios as one ratio without a gate."""
    found = Ratio(NOTHING)
    for each in map(_open, ratios):
        one, other = _alike(found, each)
        found = replace(one, top=greatest([(ONE, one.top), (ONE, other.top)]))
        found = each if one.top.most == 0 else found
    return found


def merged(ratios: Iterable[Ratio]) -> Ratios:
    """The maximum of ratios, with one numerator for those that share denominator and gate."""
    groups: dict[tuple[Term, Known], list[tuple[Fraction, Term]]] = {}
    for each in ratios:
        if FALSE in each.gate:
            continue
        parts = each.top.greatest or ((ONE, each.top),)
        found = groups.setdefault((each.bottom, each.gate), [])
        found += [(each.factor * factor, term) for factor, term in parts]
    return tuple(_maximum(parts, bottom, gate) for (bottom, gate), parts in groups.items())


def reached(ratio: Ratio, op: str, threshold: Fraction, digits: Digits) -> str:
    """That a ratio is at a threshold or above (>=, or >), multiplied by the denominator."""
    limit = threshold / ratio.factor
    n = whole_factor([limit])
    left, right = scaled(Fraction(n), ratio.top), scaled(limit * n, ratio.bottom)
    digits.check(max(left.most, right.most), max(left.places, right.places))
    return all_of([*ratio.gate, f"{left.sql} {op} {right.sql}"])


def _maximum(parts: list[tuple[Fraction, Term]], bottom: Term, gate: Known) -> Ratio:
    factors = {factor for factor, _ in parts}
    common = factors.pop() if len(factors) == 1 else ONE / whole_factor(factors)
    return Ratio(greatest((factor / common, term) for factor, term in parts), bottom, common, gate)


def _both(a: Known, b: Known) -> Known:
    return tuple(dict.fromkeys(each for each in (*a, *b) if each != TRUE))


def _gated(ratios: Ratios, condition: str) -> Ratios:
    return tuple(replace(each, gate=_both(each.gate, (condition,))) for each in ratios)


def _open(ratio: Ratio) -> Ratio:
    return replace(ratio, top=only_if(all_of(ratio.gate), ratio.top), gate=())


def _is_zero(ratios: Ratios) -> str:
    """That all of these are 0."""
    tops = [
        FALSE
        if each.top.above == TRUE and not each.gate
        else any_of([f"{each.top.sql} = 0", *(f"NOT ({gate})" for gate in each.gate)])
        for each in ratios
    ]
    return all_of(tops)


def _alike(a: Ratio, b: Ratio) -> tuple[Ratio, Ratio]:
    """Two open ratios over one denominator, with one factor."""
    n = whole_factor([a.factor, b.factor])
    tops = [scaled(each.factor * n, each.top) for each in (a, b)]
    bottom = a.bottom
    if a.bottom != b.bottom:
        tops = [product(tops[0], b.bottom), product(tops[1], a.bottom)]
        bottom = product(a.bottom, b.bottom)
    return Ratio(tops[0], bottom, ONE / n), Ratio(tops[1], bottom, ONE / n)


def _sums(a: Ratios, b: Ratios) -> Ratios:
    if not a or not b:
        return a or b
    pairs = [_alike(one, other) for one in map(_open, a) for other in map(_open, b)]
    return merged(replace(one, top=total(one.top, other.top)) for one, other in pairs)


def _products(a: Ratios, b: Ratios) -> Ratios:
    return merged(
        Ratio(
            product(one.top, other.top),
            product(one.bottom, other.bottom),
            one.factor * other.factor,
            _both(one.gate, other.gate),
        )
        for one in a
        for other in b
    )


def _over(a: Ratio, b: Ratio, gate: Known = ()) -> Ratio:
    """a / b, where b is above 0."""
    return Ratio(
        product(a.top, b.bottom),
        product(a.bottom, positive(b.top)),
        a.factor / b.factor,
        _both(a.gate, gate),
    )
