"""The best designs of a space, their frontier, and chances, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tppcore.rules.rulebook import Rulebook
from tppcore.rules.store import specs
from tppcore.sinks.numbers import approx
from tppcore.space_text import aligned
from tppcore.spaces.chances import Chances, Share
from tppcore.spaces.conditions import Line
from tppcore.spaces.frontier import Frontier, Point
from tppcore.spaces.space import Space
from tppcore.verdicts import metadata_of

NOTHING = "no design of this space meets the conditions"
_DIGITS = 12
_LEAST = Fraction(1, 1_000_000)
_WORDS = {True: "true", False: "false", None: "undetermined"}


def data(
    space: Space, rules: Rulebook, found: Frontier, subject_to: Mapping[str, bool | None]
) -> dict[str, Any]:
    """A frontier (or the best, a frontier of one point) for JSON."""
    return {
        "meta": metadata_of(rules),
        "designs": space.size,
        "aims": {name: _sense(sense) for name, sense in found.aims.items()},
        "subject_to": {name: _WORDS[verdict] for name, verdict in subject_to.items()},
        "points": found.to_dict(),
    }


def _sense(sense: int) -> str:
    return "max" if sense > 0 else "min"


def best_text(
    space: Space, rules: Rulebook, found: Frontier, subject_to: Mapping[str, bool | None]
) -> str:
    """The best value, how many designs have it, some of them, and the lines nearest to one."""
    (point,) = found
    lines = [*_heading(space, rules, subject_to), ""]
    for name, value in point.values.items():
        word = "largest" if found.aims[name] > 0 else "smallest"
        lines.append(f"{word} {name}: {approx(value, _DIGITS)}")
    lines += [_ties(space, point), "", *_designs(space, point)]
    if point.lines:
        lines += ["", f"lines nearest to design {point.indices[0]:,}"]
        lines += [f"  {_line(each)}" for each in point.lines]
    return "\n".join(lines)


def frontier_text(
    space: Space, rules: Rulebook, found: Frontier, subject_to: Mapping[str, bool | None]
) -> str:
    """The points of a frontier, a row each, with one of the designs that are there."""
    lines = [*_heading(space, rules, subject_to), ""]
    if not len(found):
        return "\n".join([*lines, NOTHING])
    axes = [axis.name for axis in space.design.axes]
    aims = [f"{_sense(sense)} {name}" for name, sense in found.aims.items()]
    heads = [*aims, "designs", "one is", *axes]
    rows = [
        [
            *(approx(value, _DIGITS) for value in point.values.values()),
            f"{point.ties:,}",
            f"{point.indices[0]:,}",
            *(_shown(point.at[0][name]) for name in axes),
        ]
        for point in found
    ]
    points = "1 point" if len(found) == 1 else f"{len(found):,} points"
    return "\n".join([*lines, points, *aligned(heads, rows)])


def chances_text(found: Chances, space: Space) -> str:
    """The share of the weight by paragraph."""
    rules, total = found.rules, space.size
    is_weighted = _is_weighted(space)
    how = f"counted over {total:,} designs{', by weight' if is_weighted else ''}"
    if found.samples is not None:
        how = (
            f"{found.samples:,} designs drawn at random, seed {found.seed}, each decided exactly; "
            f"intervals of {found.level:.4g} confidence (Wilson)"
        )
    heads = ["paragraph", "certain", "possible", "excluded"]
    rows = [
        [name, *map(_share, (each.certain, each.possible, each.excluded))]
        for name, each in found.by_paragraph.items()
    ]
    return "\n".join([_law(rules), how, "", *aligned(heads, rows, left=1)])


def _share(share: Share) -> str:
    text = f"{float(share):.4%}"
    if share.low is None or share.high is None:
        # Nothing and everything are said of nothing else.
        if 0 < share.value < _LEAST:
            return f"< {float(_LEAST):.4%}"
        return f"> {float(1 - _LEAST):.4%}" if 1 - _LEAST < share.value < 1 else text
    return f"{text} ({share.low:.4%} to {share.high:.4%})"


def _law(rules: Rulebook) -> str:
    where = rules.destination or "not given"
    return f"{rules.as_of}, destination {where}, rulebook {rules.hash}"


def _heading(space: Space, rules: Rulebook, subject_to: Mapping[str, bool | None]) -> Sequence[str]:
    lines = [space.title] if space.title else []
    lines += [f"{space.size:,} designs, {_law(rules)}"]
    if subject_to:
        asked = "; ".join(
            name if verdict and "/" not in name else f"{name} is {_WORDS[verdict]}"
            for name, verdict in subject_to.items()
        )
        lines.append(f"where {asked}")
    return lines


def _is_weighted(space: Space) -> bool:
    return any(axis.weights is not None for axis in space.design.axes)


def _ties(space: Space, point: Point) -> str:
    if _is_weighted(space):
        return f"designs of the weight {point.ties:,} have it"
    return f"{point.ties:,} designs have it" if point.ties != 1 else "one design has it"


def _designs(space: Space, point: Point) -> list[str]:
    """Some designs: their numbers, places and what they state."""
    axes = [axis.name for axis in space.design.axes]
    shown = [each["quantities"] for each in Frontier({}, [point]).to_dict()[0]["designs"]]
    names = [name for name in dict.fromkeys(n for each in shown for n in each) if name not in axes]
    rows = [
        [
            f"{index:,}",
            *(_shown(at[name]) for name in axes),
            *(_figure(name, stated.get(name)) for name in names),
        ]
        for index, at, stated in zip(point.indices, point.at, shown, strict=True)
    ]
    return aligned(["design", *axes, *names], rows)


def _figure(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"{_figure(name, value['low'])}..{_figure(name, value['high'])}"
    if specs().vocabulary.quantities[name].kind == "boolean":
        return _shown(value == "1")
    return approx(Fraction(value), _DIGITS)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else approx(Fraction(value), _DIGITS)


def _line(line: Line) -> str:
    away = approx(abs(line.margin), _DIGITS)
    line_at = approx(line.threshold, _DIGITS)
    side = "above" if line.margin > 0 else "below"
    where = f"{side} {line_at} by {away}" if line.margin else f"at {line_at}"
    whose = "" if line.condition.startswith(line.metric) else f" ({line.condition})"
    return f"{line.metric} {approx(line.value, _DIGITS)}: {where}{whose}"
