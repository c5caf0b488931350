"""Headroom: how far each quantity of a chip can grow or shrink before a verdict turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tppcore.engine.exact import Interval
from tppcore.errors import TppError, UnknownName
from tppcore.rules.condition import Compare, leaves
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sinks.limits import Limit, limit
from tppcore.sinks.outcome import Ladder
from tppcore.sources.chips import Chip
from tppcore.sources.decimals import exact
from tppcore.turning_moves import Moves, Turn


@dataclass(frozen=True, slots=True)
class Margin:
    """A metric and a threshold that `paragraphs` test it against."""

    metric: str
    threshold: Fraction
    value: Interval
    paragraphs: tuple[str, ...]

    @property
    def margin(self) -> Interval:
        """Value less threshold, so below 0 under the line."""
        low, high = self.value.low - self.threshold, self.value.high - self.threshold
        return Interval(low, high, self.value.applicable)


@dataclass(frozen=True)
class Headroom:
    """What `headroom` finds. `to_dict` is the JSON form, `str` the text.

    `quantities` and `steps` are those that were moved, by name; `ranges` are stated as ranges and
    stay so. `lines` are by quantity, then direction, then nearest first; `headroom[quantity]` gives
    those of one.
    """

    name: str
    took: str | None
    rules: Rulebook
    outcome: str
    limit: Limit | None
    metrics: Mapping[str, Interval]
    verdicts: Mapping[str, bool | None]
    margins: tuple[Margin, ...]
    quantities: Mapping[str, Fraction]
    steps: Mapping[str, Fraction]
    ranges: tuple[str, ...]
    lines: tuple[Turn, ...]

    def __getitem__(self, quantity: str) -> tuple[Turn, ...]:
        """The lines of a quantity. Raises UnknownName, a KeyError too, if it was not moved."""
        if quantity not in self.quantities:
            raise QuantityNotMoved(
                f"no quantity {quantity!r} was moved; expected one of {', '.join(self.quantities)}"
            )
        return tuple(line for line in self.lines if line.quantity == quantity)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON. Numbers are {"exact": "7916/407", "approx": "19.4496"}; a range has
        "low" and "high" (null: unbounded); a metric that does not apply is null."""
        from tppcore.turning_json import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        from tppcore.turning_text import lines

        return "\n".join(lines(self))


class QuantityNotMoved(UnknownName, KeyError):
    """A quantity that this headroom has no lines for."""

    __str__ = Exception.__str__


def headroom(
    chip: Chip,
    rules: Rulebook,
    *,
    steps: Mapping[str, Any] | None = None,
    paragraphs: Sequence[str] | None = None,
    quantities: Sequence[str] | None = None,
) -> Headroom:
    """How far each known quantity of a chip can grow or shrink, all else as it is, before the
    verdict of each paragraph turns: exactly, as a number and in steps.

    Parameters
    ----------
    chip: a Chip, of the catalogue or of figures. What it states as a range stays a range, and what
        it does not state stays missing, so verdicts are true, false or undetermined as always.
    rules: from `rulebook`.
    steps: the step of a quantity by name. By default it is one unit of the last decimal place of
        its figure, at most 1: the largest of 1, 0.1, 0.01 ... of which the value is a multiple
        (296 -> 1, 1457.6 -> 0.1).
    paragraphs: ids of those that count; all of the rulebook if left out.
    quantities: names of those to move; all that the chip states with a known value if left out.

    Raises
    ------
    UnknownName: no such quantity or paragraph. TppError: no chip, a quantity that is not known, a
    step that is no number above 0, or a formula that is no quotient of linear functions of a
    quantity.
    """
    if not isinstance(chip, Chip):
        raise TppError(f"{chip!r}: expected a chip (tpp.chip, tpp.Chip)")
    row = chip.quantities
    chosen: Sequence[int] = range(len(rules.paragraphs))
    if paragraphs is not None:
        wanted = {rules[identity].id for identity in paragraphs}
        chosen = [i for i in chosen if rules.paragraphs[i].id in wanted]
    specs = rules.vocabulary.quantities
    names = _movable(row, specs, quantities)
    given = _steps(steps or {}, specs)
    moved = {name: row[name].low for name in names}
    widths = {
        name: given[name] if name in given and specs[name].kind == "number" else _step(name, value)
        for name, value in moved.items()
    }
    moves = Moves(row, rules, chosen)
    ladder = Ladder(rules)
    return Headroom(
        chip.name or chip.id or "chip",
        chip.took,
        rules,
        ladder.text(ladder.code(moves.decided)),
        limit(rules, row),
        {metric: moves.along.metrics.metric(metric) for metric in moves.metrics},
        {rules.paragraphs[i].id: moves.decided[i] for i in chosen},
        tuple(_margins(moves, rules, chosen)),
        moved,
        widths,
        tuple(name for name, value in row.items() if not value.known and not specs[name].internal),
        tuple(turn for name in names for turn in moves.turns(name, widths[name])),
    )


def _movable(
    row: Mapping[str, Interval],
    specs: Mapping[str, QuantitySpec],
    names: Sequence[str] | None,
) -> list[str]:
    known = [name for name in row if row[name].known and not specs[name].internal]
    for name in names or ():
        if name not in specs or specs[name].internal:
            raise UnknownName(f"unknown quantity {name!r}; expected one of {', '.join(known)}")
        if name not in known:
            state = "is a range" if name in row else "is not stated"
            raise TppError(f"{name} {state}; expected a known one: {', '.join(known)}")
    return known if names is None else list(dict.fromkeys(names))


def _steps(steps: Mapping[str, Any], specs: Mapping[str, QuantitySpec]) -> dict[str, Fraction]:
    found = {}
    for name, given in steps.items():
        if name not in specs:
            raise UnknownName(f"steps: unknown quantity {name!r}; expected those of the chip")
        step = exact(given, name)
        if step is None or step <= 0:
            raise TppError(f"steps: {name}: {given!r}; expected a number above 0")
        found[name] = step
    return found


def _step(name: str, value: Fraction) -> Fraction:
    """One unit of the last decimal place, at most 1."""
    rest, places = value.denominator, {2: 0, 5: 0}
    for prime in places:
        while rest % prime == 0:
            rest //= prime
            places[prime] += 1
    if rest != 1:
        raise TppError(f"{name}: {value} is no decimal; expected its step in `steps`")
    return Fraction(1, 10 ** max(places.values()))


def _margins(moves: Moves, rules: Rulebook, chosen: Sequence[int]) -> Iterator[Margin]:
    testing: dict[tuple[str, Fraction], dict[str, None]] = {}
    for i in chosen:
        for leaf in leaves(rules.paragraphs[i].condition):
            if isinstance(leaf, Compare):
                found = testing.setdefault((leaf.metric, leaf.threshold), {})
                found[rules.paragraphs[i].id] = None
    for metric in moves.metrics:
        kind = rules.vocabulary.kind(metric)
        if kind is not None and kind.kind == "number":
            value = moves.along.metrics.metric(metric)
            for threshold in moves.decisions.places[metric].thresholds:
                if (metric, threshold) in testing:
                    yield Margin(metric, threshold, value, tuple(testing[metric, threshold]))
