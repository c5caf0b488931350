"""Design spaces and their censuses in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import Ladder
from tppcore.sources.design.axis import AxisSpec
from tppcore.spaces.census import Census
from tppcore.spaces.classifying import source
from tppcore.spaces.grid import Grid
from tppcore.spaces.numbering import drawn, values
from tppcore.spaces.space import Space

_SAMPLED = 5
_SHOWN = 8


def described(space: Space, rules: Rulebook) -> dict[str, Any]:
    """What a space is, as data for JSON: axes, quantities and what each depends on, and the outcome
    of some designs, drawn at random and always the same."""
    design = space.design
    found: dict[str, Any] = {
        "title": space.title,
        "source": space.source,
        "designs": space.size,
        "as_of": rules.as_of.isoformat(),
        "destination": rules.destination or "",
        "axes": {axis.name: _axis(axis) for axis in design.axes},
        "quantities": _quantities(space),
    }
    if any(axis.continuous for axis in design.axes):
        return found
    numbers = drawn(space.size, min(_SAMPLED, space.size), 0)
    found["examples"] = [_example(space, rules, number) for number in sorted(numbers.tolist())]
    return found


def _axis(axis: AxisSpec) -> dict[str, Any]:
    if axis.continuous:
        return {"from": float(axis.values[0]), "to": float(axis.values[-1]), "shape": axis.shape}
    made: dict[str, Any] = {"places": axis.size}
    if axis.step is not None:
        made |= {
            "from": float(axis.values[0]),
            "to": float(axis.values[-1]),
            "step": float(axis.step),
        }
    else:
        made["values"] = [_plain(each) for each in values(axis)]
    if axis.weights is not None:
        made["weighted"] = axis.shape or True
    return made


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, bool, int)) else float(value)


def _quantities(space: Space) -> dict[str, list[str]]:
    """By quantity, the axes that it depends on."""
    names = [axis.name for axis in space.design.plain_axes]
    found: dict[str, set[str]] = {}
    for part in space.design.parts:
        by_axis = {axis: name for name, axis in part.places.items()}
        for name, each in part.ranges.items():
            on = {by_axis[axis] for axis in each.low.axes | each.high.axes}
            if space.design.chip_axis is not None:
                on.add(space.design.chip_axis.name)
            found.setdefault(name, set()).update(on)
    order = {axis.name: i for i, axis in enumerate(space.design.axes)}
    made = {name: sorted(on, key=order.__getitem__) for name, on in found.items()}
    return {name: on for name, on in made.items() if on != [name] or name not in names}


def _example(space: Space, rules: Rulebook, number: int) -> dict[str, Any]:
    places = Grid([axis.size for axis in space.design.axes]).place(number)
    at = {
        axis.name: _plain(values(axis)[place])
        for axis, place in zip(space.design.axes, places, strict=True)
    }
    asked = source(space.design, rules)
    one = asked.decide_some(np.array([number], np.int64 if number < 2**63 else object))
    ladder = Ladder(asked.rules)
    return {"design": number, "at": at, "outcome": ladder.text(int(ladder.codes(one)[0]))}


def description_text(found: Mapping[str, Any]) -> str:
    """A description for a terminal."""
    lines = [found["title"]] if found["title"] else []
    lines.append(f"{found['designs']:,} designs; the last axis varies fastest")
    lines += ["", "axes"]
    width = max(map(len, found["axes"]))
    lines += [f"  {name.ljust(width)}  {_axis_text(each)}" for name, each in found["axes"].items()]
    if found["quantities"]:
        lines += ["", "quantities"]
        width = max(map(len, found["quantities"]))
        lines += [
            f"  {name.ljust(width)}  {', '.join(on) or 'the same in all'}"
            for name, on in found["quantities"].items()
        ]
    if "examples" in found:
        where = found["destination"] or "not given"
        lines += ["", f"some designs under the law of {found['as_of']}, destination {where}"]
        for each in found["examples"]:
            at = ", ".join(f"{name} {_number(value)}" for name, value in each["at"].items())
            lines.append(f"  {each['design']:,}: {at}")
            lines.append(f"      {each['outcome']}")
    return "\n".join(lines)


def _axis_text(axis: Mapping[str, Any]) -> str:
    if "shape" in axis:
        return f"{_number(axis['from'])} to {_number(axis['to'])}, {axis['shape']}"
    weighted = ", weighted" if "weighted" in axis else ""
    if "step" in axis:
        ends = f"{_number(axis['from'])} to {_number(axis['to'])} by {_number(axis['step'])}"
        return f"{axis['places']:,} places: {ends}{weighted}"
    listed = [_number(each) for each in axis["values"][:_SHOWN]]
    more = ["..."] if axis["places"] > _SHOWN else []
    return f"{axis['places']:,} places: {', '.join([*listed, *more])}{weighted}"


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def census_text(census: Census) -> str:
    """A census for a terminal: outcomes, paragraphs, and how it was counted; by axes a table of the
    outcomes."""
    rules = census.rules
    lines = [
        f"{census.total:,} designs, {rules.as_of}, destination {rules.destination or 'not given'}, "
        f"rulebook {rules.hash}",
        "",
        *_counted(census.outcome_counts(), census.total),
        "",
    ]
    counts = census.counts()
    width = max(map(len, ("paragraph", *counts)), default=0)
    most = max(len(f"{census.total:,}"), len("undetermined"))
    heads = ("true", "false", "undetermined")
    lines.append("  ".join(["paragraph".ljust(width), *(head.rjust(most) for head in heads)]))
    lines += [
        "  ".join([name.ljust(width), *(f"{each[head]:,}".rjust(most) for head in heads)])
        for name, each in counts.items()
    ]
    if census.by:
        lines += ["", *_by(census)]
    lines += ["", f"{len(census.outcomes):,} combinations of verdicts"]
    lines += [f"enumerated: {each}" for each in census.method]
    return "\n".join(lines)


def _counted(counts: Mapping[str, int], total: int) -> list[str]:
    width = max((len(f"{count:,}") for count in counts.values()), default=0)
    return [
        f"{count:,}".rjust(width) + f"  {float(Fraction(count, total or 1)):7.2%}  {text}"
        for text, count in counts.items()
    ]


def _by(census: Census) -> list[str]:
    """The outcomes at each place, a row a place."""
    cells = census.to_dict()["cells"]
    outcomes = list(census.outcome_counts())
    lines = [f"({i + 1}) {text}" for i, text in enumerate(outcomes)]
    heads = [*census.by, *(f"({i + 1})" for i in range(len(outcomes)))]
    rows = [
        [
            *(_number(cell["at"][name]) for name in census.by),
            *(f"{cell['outcomes'].get(text, 0):,}" for text in outcomes),
        ]
        for cell in cells
    ]
    return [*lines, *aligned(heads, rows)]


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 0) -> list[str]:
    """A table, all columns but the first `left` to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (heads, *rows)
    ]
