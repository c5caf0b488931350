"""Which of many values nothing else beats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tppcore.engine.counting.ratios import Array, Number, Ratios
from tppcore.engine.counting.witnesses import Places

_LARGEST_DOUBLE = 10**308
_NEAR = 1e-12
"""Doubles of two ratios that differ by more than this part tell which one is larger."""


@dataclass(slots=True)
class Kept:
    """Of one group of axes: a code, the values of its goals there, the weight of the places that
    have them, and some of those."""

    code: int
    values: tuple[Number, ...]
    weight: int
    places: list[Places]


def ranks(ratios: Ratios) -> Array:
    """Whole numbers in the order of flat ratios, the same for equal ones: int64 (n,)."""
    tops, bottoms = ratios.top.values, ratios.bottom.values
    if bottoms.ndim == 0:
        if tops.dtype != object:
            return tops
        return np.unique(tops, return_inverse=True)[1].reshape(-1)
    if max(ratios.top.most, ratios.bottom.most) >= _LARGEST_DOUBLE:
        numbers = ratios.fractions()
        places = {value: i for i, value in enumerate(sorted(set(numbers)))}
        return np.array([places[value] for value in numbers], np.int64)
    with np.errstate(divide="ignore"):
        doubles = np.divide(tops.astype(float), bottoms.astype(float))
    order = np.argsort(doubles, kind="stable")
    ordered = doubles[order]
    clear = np.ones(len(ordered), bool)
    clear[1:] = ordered[1:] > ordered[:-1] * (1 + _NEAR)
    begins = np.append(np.flatnonzero(clear), len(ordered))
    found = np.empty(len(ordered), np.int64)
    found[order] = np.repeat(begins[:-1], np.diff(begins))
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        if end - begin > 1:
            members = order[begin:end]
            pairs = zip(tops[members].tolist(), bottoms[members].tolist(), strict=True)
            exact = [Fraction(t, b) if b else math.inf for t, b in pairs]
            place = {value: begin + i for i, value in enumerate(sorted(set(exact)))}
            found[members] = [place[value] for value in exact]
    return found


def front(ranked: Array) -> Iterator[Array]:
    """The columns of (goals, n) that no other beats, as large as can be; equal ones together."""
    left = np.arange(ranked.shape[1])
    if not len(ranked):
        yield left
        return
    while len(left):
        own = ranked[:, left]
        # What is first in the order of the goals is beaten by nothing.
        first = own[0] == own[0].max()
        for row in own[1:]:
            first &= row == row[first].max()
        winner = own[:, np.argmax(first)][:, None]
        yield left[first]
        left = left[(own > winner).any(axis=0)]


def unbeaten(found: Sequence[Kept], senses: Sequence[int], witnesses: int) -> list[Kept]:
    """Those that no other beats; equal ones become one."""
    by_values: dict[tuple[Number, ...], Kept] = {}
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
    ranked = np.empty((len(senses), len(kept)), np.int64)
    for i, sense in enumerate(senses):
        place = {value: j for j, value in enumerate(sorted({each.values[i] for each in kept}))}
        ranked[i] = [place[each.values[i]] * sense for each in kept]
    return [kept[int(members[0])] for members in front(ranked)]
