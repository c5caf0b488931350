"""The limiting test of a row: the nearest threshold whose crossing would change the outcome."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine.exact import Decisions, Interval, Metrics, Row
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.numbers import approx
from tppcore.sinks.outcome import Ladder

HAIR = Fraction(1, 200)
"""Closer than this (relative), the margin is told."""

Spans = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Limit:
    """`metric` stands `margin` away from `threshold` (signed, value minus threshold)."""

    metric: str
    threshold: Fraction
    margin: Fraction

    @property
    def text(self) -> str:
        """In words; for a tie or a hair's breadth with the margin."""
        side = "at" if self.margin == 0 else "above" if self.margin > 0 else "below"
        text = f"{self.metric} {side} {approx(self.threshold, 15)}"
        if self.margin == 0:
            return f"{text} exactly"
        if abs(self.margin) <= HAIR * self.threshold:
            return f"{text} by {approx(abs(self.margin))}"
        return text


class Limits:
    """Finds limiting tests among the paragraphs of a rulebook that have an outcome."""

    def __init__(self, rules: Rulebook) -> None:
        self.ladder = Ladder(rules)
        self.paragraphs = [rules.paragraphs[i] for i in self.ladder.members]
        self.count = len(rules.paragraphs)
        self.formulas = rules.formulas
        self.decisions = Decisions(p.condition for p in self.paragraphs)
        kinds = {name: rules.vocabulary.kind(name) for name in self.decisions.places}
        self.numeric = [name for name, kind in kinds.items() if kind and kind.kind == "number"]
        self._crossings: dict[tuple[tuple[int, int], ...], list[tuple[str, int]]] = {}

    def find(self, row: Row) -> Limit | None:
        """None where no metric of the row is known, or no crossing changes anything."""
        metrics = Metrics(self.formulas, row)
        spans = self.decisions.spans(metrics)
        best: tuple[Fraction, Limit] | None = None
        for metric, i in self.crossings(spans):
            threshold = self.decisions.places[metric].thresholds[i]
            margin = _facing(metrics.metric(metric), threshold) - threshold
            distance = abs(margin) / threshold if threshold else abs(margin)
            if best is None or distance < best[0]:
                best = distance, Limit(metric, threshold, margin)
        return best[1] if best else None

    def crossings(self, spans: Spans) -> list[tuple[str, int]]:
        """The thresholds (metric, index) whose crossing alone changes the outcome."""
        key = tuple(spans.values())
        if key not in self._crossings:
            now = self.code(spans)
            # No test decides an outcome that is not decided.
            self._crossings[key] = (
                []
                if self.ladder.is_open(now)
                else [
                    (metric, i)
                    for metric in self.numeric
                    if spans[metric][0] == spans[metric][1]
                    for i in range(len(self.decisions.places[metric].thresholds))
                    if any(
                        self.code({**spans, metric: (place, place)}) != now
                        for place in _across(spans[metric][0], i)
                    )
                ]
            )
        return self._crossings[key]

    def code(self, spans: Spans) -> int:
        verdicts: list[bool | None] = [False] * self.count
        for i, decider in zip(self.ladder.members, self.decisions.deciders, strict=True):
            verdicts[i] = decider.decide(spans)
        return self.ladder.code(verdicts)


def _facing(value: Interval, threshold: Fraction) -> Fraction:
    """The end of a range that is nearest to a threshold outside of it."""
    return value.low if value.low >= threshold else Fraction(value.high)


def _across(place: int, i: int) -> tuple[int, ...]:
    """The places to which a value at `place` comes when it just reaches or passes threshold i."""
    at = 2 * i + 1
    return (at, at + 1) if place < at else (at, at - 1) if place > at else (at - 1, at + 1)


_limits: weakref.WeakKeyDictionary[Rulebook, Limits] = weakref.WeakKeyDictionary()


def limits(rules: Rulebook) -> Limits:
    """The limits of a rulebook, made once."""
    if rules not in _limits:
        _limits[rules] = Limits(rules)
    return _limits[rules]


def limit(rules: Rulebook, row: Row) -> Limit | None:
    """The limiting test of one row, exactly."""
    return limits(rules).find(row)
