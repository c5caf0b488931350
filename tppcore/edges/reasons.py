"""Why a row gets its verdict, in words."""

from __future__ import annotations

import datetime
import math
from fractions import Fraction

from tppcore.edges.cells import measure
from tppcore.edges.cuts import Cut
from tppcore.edges.making import Edge
from tppcore.engine.exact import Interval, holds
from tppcore.rules.condition import Compare, Unknown, leaves
from tppcore.rules.rulebook import Paragraph, Rulebook
from tppcore.sinks.numbers import approx

WORDS = {True: "true", False: "false", None: "undetermined"}
_HELD = {True: "holds", False: "does not hold", None: "is open"}


def reason(rules: Rulebook, edge: Edge, paragraph: Paragraph, verdict: bool | None) -> str:
    """The value against each threshold, the tests, the verdict of one paragraph, its citation."""
    parts = []
    for cut in edge.cuts:
        value = measure(rules, edge.cells, cut.metric)
        parts.append(f"{_value(rules, cut, value, edge)}: {_tests(cut, value, paragraph)}")
    gaps = [leaf.why for leaf in leaves(paragraph.condition) if isinstance(leaf, Unknown)]
    gap = f", the text leaves open: {'; '.join(dict.fromkeys(gaps))}" if gaps else ""
    ending = f"{paragraph.id} is {WORDS[verdict]}{gap if verdict is None else ''}"
    return f"{'; '.join(parts)}; {ending} ({paragraph.citation})"


def _value(rules: Rulebook, cut: Cut, value: Interval, edge: Edge) -> str:
    name, at = cut.metric, cut.threshold
    without = f" without {edge.changed}" if edge.changed and edge.changed not in edge.cells else ""
    if not value.applicable:
        changed = f" where {edge.changed} is {_plain(rules, edge)}" if edge.changed else ""
        return f"{name} does not apply{changed}"
    if cut.kind != "number":
        if not value.known:
            return f"{name} is not stated"
        return f"{name} is {_discrete(rules, cut, value.low)}"
    if value.known:
        if value.low == at:
            return f"{name} is exactly {approx(at, 18)}{without}"
        side = "above" if value.low > at else "below"
        away = approx(abs(value.low - at))
        return f"{name} is {approx(value.low)}, {away} {side} {approx(at, 18)}{without}"
    if value.high == math.inf:
        least = f"{approx(value.low)} or more" if value.low else "unknown"
        return f"{name} is {least}{without}"
    ends = f"{approx(value.low)} to {approx(Fraction(value.high))}"
    if value.high < at or value.low > at:
        place = f", all {'below' if value.high < at else 'above'} {approx(at, 18)}"
    elif at in (value.low, value.high):
        place = f", {'up to' if value.high == at else 'from'} {approx(at, 18)} itself"
    else:
        place = f", on both sides of {approx(at, 18)}"
    return f"{name} is {ends}{place}{without}"


def _plain(rules: Rulebook, edge: Edge) -> str:
    spec, cell = rules.vocabulary.quantities[edge.changed], edge.cells[edge.changed]
    if spec.kind == "boolean":
        return "true" if cell else "false"
    return approx(cell) if isinstance(cell, Fraction) else "a range"


def _discrete(rules: Rulebook, cut: Cut, value: Fraction) -> str:
    if cut.kind == "boolean":
        return "true" if value else "false"
    if cut.kind == "date":
        return (datetime.date(1970, 1, 1) + datetime.timedelta(int(value))).isoformat()
    return rules.vocabulary.quantities[cut.metric].words[int(value)]


def _tests(cut: Cut, value: Interval, paragraph: Paragraph) -> str:
    """Each test of the paragraph at this threshold, and whether it holds."""
    found: dict[str, list[bool | None]] = {}
    for leaf in leaves(paragraph.condition):
        if isinstance(leaf, Compare) and leaf.metric == cut.metric:
            own = leaf.threshold == cut.threshold
            if own if cut.kind != "category" else leaf.text.endswith(f" {cut.word}"):
                found.setdefault(leaf.text, []).append(_held(leaf, value))
    return ", ".join(f"{text} {_HELD[_both(held)]}" for text, held in found.items())


def _held(leaf: Compare, value: Interval) -> bool | None:
    if not value.applicable:
        return None
    sides = {holds(end, leaf.op, leaf.threshold) for end in (value.low, value.high)}
    return sides.pop() if len(sides) == 1 else None


def _both(held: list[bool | None]) -> bool | None:
    return False if False in held else None if None in held else True
