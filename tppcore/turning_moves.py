"""One quantity of a row moved at a time: where each paragraph turns, and to which verdict.

Between two neighbouring values at which some metric meets a threshold (`engine.along`), no verdict
changes. So the exact engine decides at each of those values and once between neighbours, and a walk
outward from where the row stands meets every turn, with the verdict that holds there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

from tppcore.engine import exact
from tppcore.engine.along import Along, between
from tppcore.engine.exact import Metrics, Row, point
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.limits import Spans

GROW, SHRINK, FLIP = "grow", "shrink", "flip"


@dataclass(frozen=True, slots=True)
class Turn:
    """The first turn of one paragraph along one quantity, in one direction.

    The quantity is `value` and the verdict `now`. The verdict `becomes` another one at the value
    `at` itself if `reached`, otherwise only beyond it. In steps, `at_step` is the first value of
    `value` +- k x `step` with another verdict, `becomes_at_step`, and `steps_count` that k (from
    1); None where no step meets one. `direction` is "grow", "shrink", or "flip" to the other value
    of a boolean or another word (by its code) of a category.
    """

    quantity: str
    paragraph: str
    value: Fraction
    now: bool | None
    direction: str
    at: Fraction
    reached: bool
    becomes: bool | None
    step: Fraction
    steps_count: int | None
    at_step: Fraction | None
    becomes_at_step: bool | None

    @property
    def distance(self) -> Fraction:
        """From `value` to `at`; 0 on a line that any step beyond turns."""
        return abs(self.at - self.value)

    @property
    def relative(self) -> Fraction | None:
        """The distance as a part of the value; None where that is 0, or no amount."""
        return self.distance / self.value if self.value and self.direction != FLIP else None


@dataclass(frozen=True, slots=True)
class _Cell:
    """Values whose metrics lie alike, hence with the same verdicts: strictly between `low`
    and `high` (None: no end), or the one value that both are."""

    low: Fraction
    high: Fraction | None
    spans: Spans

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    def holds(self, value: Fraction) -> bool:
        if self.is_point:
            return value == self.low
        return value > self.low and (self.high is None or value < self.high)

    def above(self, value: Fraction) -> _Cell:
        """A cell above a value, in distances from it."""
        far = None if self.high is None else self.high - value
        return _Cell(self.low - value, far, self.spans)

    def below(self, value: Fraction) -> _Cell:
        """A cell below a value, in distances from it."""
        assert self.high is not None
        return _Cell(value - self.high, value - self.low, self.spans)

    def count(self, step: Fraction) -> int | None:
        """The smallest k for which k steps lead into a cell of distances."""
        if self.is_point:
            steps = self.low / step
            return int(steps) if steps.denominator == 1 else None
        whole = self.low // step + 1
        return whole if self.high is None or whole * step < self.high else None


class Moves:
    """The quantities of one row, and the paragraphs `chosen` (by index) that may turn."""

    def __init__(self, row: Row, rules: Rulebook, chosen: Sequence[int]) -> None:
        self.row, self.rules, self.chosen = row, rules, chosen
        self.decisions = exact.decisions(rules)
        self.along = Along(rules.formulas, row)
        self.spans = self.decisions.spans(self.along.metrics)
        self.decided = [each.decide(self.spans) for each in self.decisions.deciders]
        self.tested = {i: frozenset(self.decisions.deciders[i].metrics) for i in chosen}
        tested = frozenset().union(*self.tested.values())
        self.metrics = [metric for metric in self.decisions.places if metric in tested]

    def turns(self, quantity: str, step: Fraction) -> Iterator[Turn]:
        """The first turn of each paragraph in each direction, nearest first."""
        metrics = [each for each in self.metrics if quantity in self.along.reads(each)]
        members = [i for i in self.chosen if not self.tested[i].isdisjoint(metrics)]
        for direction, sign, cells in self.ways(quantity, metrics):
            turns = (self.first(quantity, step, direction, sign, cells, i) for i in members)
            found = [turn for turn in turns if turn]
            yield from sorted(found, key=lambda turn: (turn.distance, not turn.reached))

    def ways(
        self, quantity: str, metrics: Sequence[str]
    ) -> Iterator[tuple[str, int, Sequence[_Cell]]]:
        """Every direction with its sign, and the cells of distances that lie there."""
        spec, value = self.rules.vocabulary.quantities[quantity], self.row[quantity].low
        if spec.kind in ("boolean", "category"):
            for code in map(Fraction, range(2 if spec.kind == "boolean" else len(spec.words))):
                if code != value:
                    away, spans = abs(code - value), self.moved(quantity, code, metrics)
                    yield FLIP, 1 if code > value else -1, [_Cell(away, away, spans)]
            return
        cells = list(self.cells(quantity, metrics))
        here = next(i for i, cell in enumerate(cells) if cell.holds(value))
        yield GROW, 1, [cell.above(value) for cell in cells[here + 1 :]]
        yield SHRINK, -1, [cell.below(value) for cell in reversed(cells[:here])]

    def cells(self, quantity: str, metrics: Sequence[str]) -> Iterator[_Cell]:
        """All values that a quantity can have, from below."""
        cuts: set[Fraction] = set()
        for metric in metrics:
            thresholds = self.decisions.places[metric].thresholds
            cuts |= self.along.cuts(quantity, metric, thresholds)
        starts = [Fraction(0), *sorted(cuts)]
        for low, high in zip(starts, [*starts[1:], None], strict=True):
            if low or not self.rules.vocabulary.quantities[quantity].positive:
                yield _Cell(low, low, self.moved(quantity, low, metrics))
            yield _Cell(low, high, self.moved(quantity, between(low, high), metrics))

    def moved(self, quantity: str, value: Fraction, metrics: Sequence[str]) -> Spans:
        """Where the metrics lie with another value of a quantity, which `metrics` read."""
        found = Metrics(self.rules.formulas, {**self.row, quantity: point(value)})
        places = self.decisions.places
        return {**self.spans, **{each: places[each].span(found.metric(each)) for each in metrics}}

    def first(
        self,
        quantity: str,
        step: Fraction,
        direction: str,
        sign: int,
        cells: Sequence[_Cell],
        i: int,
    ) -> Turn | None:
        """The first turn of paragraph i on its way through cells; None if there is none."""
        now, value = self.decided[i], self.row[quantity].low
        # One after the other: to decide what is open takes the exact engine its time.
        verdicts = ((cell, self.decisions.deciders[i].decide(cell.spans)) for cell in cells)
        turned = ((cell, verdict) for cell, verdict in verdicts if verdict is not now)
        if (found := next(turned, None)) is None:
            return None
        cell, becomes = found
        stepped = ((each.count(step), verdict) for each, verdict in chain([found], turned))
        nowhere: tuple[int | None, bool | None] = None, None
        count, then = next((each for each in stepped if each[0] is not None), nowhere)
        return Turn(
            quantity,
            self.rules.paragraphs[i].id,
            value,
            now,
            direction,
            value + sign * cell.low,
            cell.is_point,
            becomes,
            step,
            count,
            None if count is None else value + sign * count * step,
            then,
        )
