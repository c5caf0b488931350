"""Where the compute of a company is: the shares of 15 CFR 748.15."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from tppcore.engine.exact import Interval, point
from tppcore.shipments.places import UNITED_STATES

Ends = tuple[int, int | None]
"""An amount of at least and at most so much; None has no end."""

_Sum = tuple[int, int, int]
"""Lows, highs as far as they have an end, and how many have none."""


def shares(located: Mapping[int, Ends], aia: Collection[int]) -> dict[str, Interval]:
    """share_aia, share_largest_other and share_us, from the amount at each place.

    `aia`: the places of Supp. 5 to part 740 (a). What is at no known place (-1) may be anywhere.
    The bounds are sound: each amount is taken independently within its own.
    """
    anywhere = _sum([located[-1]]) if -1 in located else (0, 0, 0)
    known = {place: ends for place, ends in located.items() if place >= 0}
    whole = _sum(known.values())

    def share(places: Collection[int]) -> tuple[Fraction, Fraction]:
        inside = _sum(known[place] for place in places if place in known)
        rest = (whole[0] - inside[0], whole[1] - inside[1], whole[2] - inside[2])
        return (
            _part(inside[0], _high(rest, anywhere)),
            _part(_high(inside, anywhere), rest[0]),
        )

    others = [share([place]) for place in known if place not in aia]
    if anywhere != (0, 0, 0):
        others.append(share([]))
    nothing = Fraction(0)
    largest = (
        max((low for low, _ in others), default=nothing),
        max((high for _, high in others), default=nothing),
    )
    return {
        "share_aia": _interval(*share(aia)),
        "share_largest_other": _interval(*largest),
        "share_us": _interval(*share([UNITED_STATES])),
    }


def _sum(amounts: Iterable[Ends]) -> _Sum:
    listed = list(amounts)
    highs = [high for _, high in listed if high is not None]
    return sum(low for low, _ in listed), sum(highs), len(listed) - len(highs)


def _high(*sums: _Sum) -> int | None:
    return None if any(each[2] for each in sums) else sum(each[1] for each in sums)


def _part(part: int | None, rest: int | None) -> Fraction:
    """part / (part + rest), where at most one of them is the upper end of its amount: without an
    end (None) it is all of the whole."""
    if part == 0 or rest is None:
        return Fraction(0)
    return Fraction(1) if part is None else Fraction(part, part + rest)


def _interval(low: Fraction, high: Fraction) -> Interval:
    return point(low) if low == high else Interval(low, high)
