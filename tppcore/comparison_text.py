"""A comparison as text: a table, then what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from tppcore.comparison import CheckedClaim, Comparison, ComparisonRow, OtherFigures
from tppcore.comparison_json import sources
from tppcore.comparison_measures import PER_CHIP, PER_WATT, Number
from tppcore.engine.exact import Interval
from tppcore.sinks.numbers import approx

_DIGITS = 4  # of a ratio
_ALL_DIGITS = 15  # of a whole number
_PER_CHIP = frozenset(each.metric for each in PER_CHIP)
_PER_WATT = frozenset(each.metric for each in PER_WATT)


def lines(each: Comparison) -> Iterator[str]:
    """The lines of `str(comparison)`."""
    yield " against ".join(each.names)
    for subject in each.subjects:
        if subject.took:
            yield f"  {subject.name} taken as {subject.took}"
    yield ""
    known = [row for row in each.rows if any(v is not None for v in row.values.values())]
    yield from _table(each, known)
    unknown = [row.title for row in each.rows if row not in known]
    if unknown:
        yield f"  not known of any: {', '.join(unknown)}"
    for note in dict.fromkeys(row.note for row in known if row.note.startswith("level")):
        yield f"  power, {note}"
    if each.claims:
        yield ""
        yield "  published totals that are not equal to the sums over the parts"
        for claim in each.differences:
            yield f"    {_claim(claim)}"
        equal = len(each.claims) - len(each.differences)
        yield f"    {equal} more {'is' if equal == 1 else 'are'} equal"
    if each.other_figures:
        yield ""
        yield "  with other figures"
        for other in each.other_figures:
            yield from _other(other)
    yield ""
    yield "  sources"
    for source in sources(each):
        marks = "; ".join(filter(None, (source["seen"], source["confidence"])))
        yield f"    {source['id']} ({marks}): {'; '.join(source['sources'])}"
    yield "  readings: " + ", ".join(f"{name}={value}" for name, value in each.readings.items())


def _table(each: Comparison, rows: Sequence[ComparisonRow]) -> Iterator[str]:
    ratio = ["ratio"] if len(each.names) == 2 else [f"/ {name}" for name in each.names[1:]]
    cells = [["", "unit", *each.names, *ratio]]
    part = ""
    for row in rows:
        now = "per chip" if row.metric in _PER_CHIP else "per watt"
        now = now if row.metric in _PER_CHIP | _PER_WATT else ""
        if now != part and now:
            cells.append([now])
        part = now
        title = ("  " if now else "") + row.title
        ratios = [_ratio(value) for value in row.ratios.values()]
        unit = "" if row.unit == "1" else row.unit
        cells.append([title, unit, *map(_number, row.values.values()), *ratios])
    widths = [max(len(line[i]) for line in cells if len(line) > i) for i in range(len(cells[0]))]
    for line in cells:
        left = [text.ljust(width) for text, width in zip(line[:2], widths, strict=False)]
        right = [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=False)]
        yield ("  " + "  ".join(left + right)).rstrip()


def _claim(each: CheckedClaim) -> str:
    claim, value = each.claim, each.computed
    scaled = Fraction(1, claim.scale)
    shown = Interval(value.low * scaled, value.high * scaled, value.applicable)
    unit = f" {claim.unit}" if claim.unit else ""
    return (
        f"{each.name}, {claim.metric}: {claim.printed}{unit} published, "
        f"{_number(shown)} from the parts: {each.relation}"
    )


def _other(other: OtherFigures) -> Iterator[str]:
    """The ratios that other figures change; what has none is only named."""
    yield (
        f"    {other.name} by {other.publisher} ({other.id}, not {other.instead_of}):"
        + ("" if other.changes else " the same")
    )
    for change in other.changes:
        if change.ratio is not None:
            value = f"{_number(change.value)} {change.unit}"
            yield f"      {change.title}: {value}, ratio {_ratio(change.ratio)}"
    notes = (each.note for each in other.changes if each.note.startswith("levels differ"))
    for note in dict.fromkeys(notes):
        yield f"      power, {note}"
    alone = [each.title for each in other.changes if each.value is not None and not each.ratio]
    if alone:
        yield f"      stated for one only: {', '.join(alone)}"
    without = [each.title for each in other.changes if each.value is None]
    if without:
        yield f"      not known: {', '.join(without)}"


def _ratio(value: Number) -> str:
    return _text(value, _DIGITS)


def _number(value: Number) -> str:
    return _text(value, _ALL_DIGITS if value and value.low.denominator == 1 else 6)


def _text(value: Number, digits: int) -> str:
    if value is None or not value.applicable:
        return "-"
    if value.known:
        return approx(value.low, digits)
    if value.high == math.inf:
        return f"{approx(value.low, digits)} or more"
    return f"{approx(value.low, digits)} to {approx(Fraction(value.high), digits)}"
