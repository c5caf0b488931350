"""Headroom as text: the nearest thresholds, then what each quantity turns first."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tppcore.explanation_text import WORDS, heading_lines, value_text
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sinks.numbers import approx
from tppcore.turning import Headroom, Margin
from tppcore.turning_moves import FLIP, GROW, Turn

_EPOCH = datetime.date(1970, 1, 1)
_NAMED = 3
"""So many paragraphs that turn at once are named, the others counted."""


def lines(each: Headroom) -> Iterator[str]:
    specs = each.rules.vocabulary.quantities
    yield from heading_lines(each, each.took, each.limit.text if each.limit else None)
    yield ""
    for metric, margins in itertools.groupby(each.margins, key=lambda margin: margin.metric):
        yield _margin_line(metric, list(margins))
    yield ""
    still = []
    for name, value in each.quantities.items():
        found = each[name]
        if not found:
            still.append(name)
            continue
        spec = specs[name]
        step = f", step {approx(each.steps[name], 15)}" if spec.kind == "number" else ""
        yield f"  {name} {_shown(spec, value)}{step}"
        for _, way in itertools.groupby(found, key=lambda turn: _way(turn)):
            yield f"      {_turn_text(spec, list(way))}"
    if still:
        yield f"  nothing turns with {', '.join(still)}"
    if each.ranges:
        yield f"  ranges, not moved: {', '.join(each.ranges)}"


def _margin_line(metric: str, margins: Sequence[Margin]) -> str:
    value = margins[0].value
    start = f"  {metric} {value_text(value)}"
    if not value.applicable or value.high == math.inf:
        return start
    below = [each for each in margins if each.margin.high < 0]
    above = [each for each in margins if each.margin.low > 0]
    open_at = [each for each in margins if each.margin.low <= 0 <= each.margin.high]
    told = [
        f"{'at' if value.known else 'on both sides of'} {approx(each.threshold, 15)}"
        for each in open_at
    ]
    if below:
        away = approx(-Fraction(below[0].margin.high))
        told.append(f"below {approx(below[0].threshold, 15)} by {away}")
    if above:
        away = approx(above[-1].margin.low)
        told.append(f"above {approx(above[-1].threshold, 15)} by {away}")
    return f"{start}: {', '.join(told)}"


def _way(turn: Turn) -> tuple[str, Fraction | None]:
    return turn.direction, turn.at if turn.direction == FLIP else None


def _turn_text(spec: QuantitySpec, turns: Sequence[Turn]) -> str:
    """What turns first, and how many later."""
    first = turns[0]
    near = [each for each in turns if (each.at, each.reached) == (first.at, first.reached)]
    named = [f"{each.paragraph} {WORDS[each.becomes]}" for each in near[:_NAMED]]
    if len(near) > _NAMED:
        named.append(f"{len(near) - _NAMED} more")
    later = len(turns) - len(near)
    if later:
        after = turns[len(near)]
        word = "from" if after.reached else "beyond" if after.direction == GROW else "below"
        named.append(f"{later} later, {word} {_shown(spec, after.at)}")
    return f"{_motion(spec, first)}: {', '.join(named)}"


def _motion(spec: QuantitySpec, turn: Turn) -> str:
    at = _shown(spec, turn.at)
    if turn.direction == FLIP:
        return f"if {at}"
    verb, beyond, sign = (
        ("grows", "beyond", "+") if turn.direction == GROW else ("shrinks", "below", "-")
    )
    text = f"{verb} {'to' if turn.reached else beyond} {at}"
    if spec.kind != "number":
        return text
    part = "" if turn.relative is None else f", {approx(turn.relative * 100, 3)} %"
    text += f" ({sign}{approx(turn.distance)}{part}"
    if turn.at_step is None:
        text += "; no step does"
    elif not turn.reached or turn.at_step != turn.at:
        text += f"; in steps {approx(turn.at_step, 15)}"
    return f"{text})"


def _shown(spec: QuantitySpec, value: Fraction) -> str:
    match spec.kind:
        case "boolean":
            return "yes" if value else "no"
        case "category":
            return spec.words[int(value)]
        case "date":
            return (_EPOCH + datetime.timedelta(int(value))).isoformat()
        case _:
            return approx(value, 8)
