"""What a system gets from its parts, in rational arithmetic: sums, the largest, and what some
circuit meets. The slow twin of `tppcore.engine.systems`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine import exact
from tppcore.engine.exact import Interval, Metrics, Number, Row
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.vocabulary import Formulas, item_metric

_NOTHING: Number = Fraction(0)

UNKNOWN_COUNT = Interval(Fraction(1), math.inf)
"""Of a part that is there: at least one."""


@dataclass(frozen=True, slots=True)
class Part:
    """An item by its quantities (None: nobody knows what it is), how often it is there, and whether
    it is a host processor."""

    row: Row | None
    count: Interval
    is_host: bool = False


def totals(parts: Sequence[Part], formulas: Formulas) -> dict[str, Interval]:
    """The aggregated quantities of a system, as exact bounds.

    `formulas` are those of circuits. Sums of the low ends are certain, sums of the high ends
    possible; the quantities and whether hosts count are those of `specs/quantities.toml`.
    """
    metrics = [None if part.row is None else Metrics(formulas, part.row) for part in parts]
    found = {}
    for spec in formulas.vocabulary.totals:
        name = item_metric(spec.name)
        low, high = Fraction(0), _NOTHING
        for part, values in zip(parts, metrics, strict=True):
            if part.is_host and not spec.with_hosts:
                continue
            one = exact.ANYTHING if values is None else values.metric(name)
            if spec.total == "sum":
                low += part.count.low * one.low
                high += _times(part.count.high, one.high)
            else:
                low, high = max(low, one.low), max(high, one.high)
        found[spec.name] = Interval(low, high)
    return found


def met(
    parts: Iterable[Part], circuit: Rulebook, formulas: Formulas | None = None
) -> list[bool | None]:
    """Whether some part meets each paragraph: true, false of all parts, or undetermined; under
    other formulas than those of the rulebook if given."""
    formulas = formulas or circuit.formulas
    decisions = exact.decisions(circuit)
    found: list[bool | None] = [False] * len(circuit.paragraphs)
    for part in parts:
        one = (
            [None] * len(found)
            if part.row is None
            else decisions.decide(Metrics(formulas, part.row))
        )
        found = [
            True if True in pair else None if None in pair else False
            for pair in zip(found, one, strict=True)
        ]
    return found


def _times(count: Number, value: Number) -> Number:
    # Nothing, however often, is nothing; inf * 0 would be no number.
    return Fraction(0) if value == 0 else count * value
