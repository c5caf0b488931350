"""The limiting test of every row of a table, as `tppcore.sinks.limits` finds it for one.

Which side of each threshold a row is on comes from the engine, as a verdict on that comparison
alone, hence exactly. Rows that are alike in this respect share the thresholds whose crossing would
change their outcome, and there are few kinds of rows; which of those is nearest is then a matter
of doubles. The cost is one classification and a few passes over the metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.rules.condition import Compare
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.limits import HAIR, Limit, limits

Doubles = NDArray[np.float64]
Places = NDArray[np.int64]

_DOUBTFUL = 1e-5
"""Nearer than this part of the threshold, the difference of two doubles lacks digits to show."""


@dataclass(frozen=True, slots=True)
class Limiting:
    """`tests`: object (n,), the limiting test in words, None where there is none. `margins`:
    float64 (n,), metric less threshold for a tie (0) or a hair's breadth, else NaN."""

    tests: NDArray[np.object_]
    margins: Doubles


def limiting(
    rules: Rulebook,
    rows: int,
    verdicts: Callable[[Rulebook], Mapping[str, Any]],
    ends: Callable[[Sequence[str]], Mapping[str, tuple[Doubles, Doubles]]],
    exactly: Callable[[int], Limit | None],
) -> Limiting:
    """The limiting test of each of `rows` rows.

    `verdicts` classifies the rows under a rulebook (masked boolean arrays by paragraph), `ends`
    gives both ends of metrics (float64), `exactly` decides one row in rational arithmetic.
    """
    found = limits(rules)
    places = found.decisions.places
    tests = np.full(rows, None, dtype=object)
    margins = np.full(rows, np.nan)
    if not places or not rows:
        return Limiting(tests, margins)
    thresholds = {metric: each.thresholds for metric, each in places.items()}
    probed = verdicts(_probes(rules, thresholds))
    spans = {
        metric: _span([probed[_probe(metric, cut)] for cut in range(2 * len(each))])
        for metric, each in thresholds.items()
    }
    kind = np.zeros(rows, np.int64)
    for low, high in spans.values():
        # There are few kinds of rows: numbered anew at each metric they stay small.
        width = int(high.max()) + 1
        kind = np.unique((kind * width + low) * width + high, return_inverse=True)[1]
    doubles = ends(found.numeric)
    order = np.argsort(kind, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(kind[order])) + 1):
        one = members[0]
        span = {m: (int(low[one]), int(high[one])) for m, (low, high) in spans.items()}
        nearest = np.full(len(members), np.inf)
        chosen = np.full(len(members), -1)
        crossings = found.crossings(span)
        margin = np.full(len(members), np.nan)
        for i, (metric, index) in enumerate(crossings):
            side, at = _side(span[metric][0], index), float(thresholds[metric][index])
            # The engine knows the side; the double of the metric may be off by a rounding.
            facing = doubles[metric][side < 0][members]
            away = np.maximum((facing - at) * side, 0.0) * side
            distance = np.abs(away) / (at or 1.0)
            # Of two that doubles can't tell apart the first is taken, as of two that are equal.
            closer = distance < nearest * (1 - 1e-12)
            nearest[closer], chosen[closer], margin[closer] = distance[closer], i, away[closer]
        for i, (metric, index) in enumerate(crossings):
            here = chosen == i
            side, threshold = _side(span[metric][0], index), thresholds[metric][index]
            tests[members[here]] = Limit(metric, threshold, side * (threshold + 1)).text
            hair = here & (nearest <= float(HAIR))
            margins[members[hair]] = margin[hair] + 0.0
            for j in np.flatnonzero(hair) if side else ():
                row = int(members[j])
                limit = exactly(row) if nearest[j] < _DOUBTFUL else None
                limit = limit or Limit(metric, threshold, _shown(float(margin[j]), threshold))
                tests[row], margins[row] = limit.text, float(limit.margin)
    return Limiting(tests, margins)


def _shown(margin: float, threshold: Fraction) -> Fraction:
    """A margin without the digits that the difference of two doubles has lost."""
    digits = 12 - math.ceil(math.log10(threshold)) if threshold else 12
    return Fraction(repr(round(margin, digits)))


def _probes(rules: Rulebook, thresholds: Mapping[str, Sequence[Fraction]]) -> Rulebook:
    """A rulebook with a paragraph for each cut: 2 i is "threshold i reached", 2 i + 1 "passed"."""
    pattern = rules.paragraphs[0]
    return replace(
        rules,
        paragraphs=tuple(
            replace(
                pattern,
                id=_probe(metric, cut),
                condition=Compare(metric, ">" if cut % 2 else ">=", each[cut // 2], ""),
            )
            for metric, each in thresholds.items()
            for cut in range(2 * len(each))
        ),
    )


def _side(place: int, index: int) -> int:
    """Where a place lies: 1 above threshold `index`, 0 on it, -1 below."""
    at = 2 * index + 1
    return (place > at) - (place < at)


def _probe(metric: str, cut: int) -> str:
    return f"{metric}/{cut}"


def _span(cuts: Sequence[Any]) -> tuple[Places, Places]:
    """The lowest and highest place of each row: the cuts it certainly and possibly is beyond."""
    low: Places = np.add.reduce([np.ma.filled(cut, False) for cut in cuts], 0, np.int64)
    high: Places = np.add.reduce([np.ma.filled(cut, True) for cut in cuts], 0, np.int64)
    return low, high
