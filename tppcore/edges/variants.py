"""The rows around a tie: small steps, missing figures and ranges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from tppcore.edges.cells import Cells, Range, measure
from tppcore.edges.cuts import Cut
from tppcore.edges.spans import is_written
from tppcore.engine.exact import decimal
from tppcore.rules.expression import (
    Choice,
    Div,
    Expr,
    NotApplicable,
    Quantity,
    not_monotone,
    quantities,
)
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.vocabulary import QuantitySpec

Variant = tuple[str, str, Cells]
"""Kind of edge, the quantity that was changed, and the row."""

PLACES = 2
"""A step is one unit of the last decimal, but at most of the second one."""


class Variants:
    """Changes of rows that stand on a threshold."""

    def __init__(self, rules: Rulebook) -> None:
        self.rules, self.specs = rules, rules.vocabulary.quantities
        trees = [rules.formulas.tree(name) for name in rules.metrics_used]
        # Engines refuse a range wherever some metric of the rulebook turns around in it.
        self.turning = frozenset[str]().union(*map(not_monotone, trees))

    def read(self, metric: str, cells: Cells) -> list[str]:
        """The quantities of a row that a metric reads."""
        found = quantities(self.rules.formulas.tree(metric))
        return [name for name in cells if name in found]

    def moving(self, cut: Cut, cells: Cells) -> list[str]:
        """The measured quantities of a row that move its metric; counts and ratios do not step."""
        return [
            name
            for name in self.read(cut.metric, cells)
            if self.specs[name].kind == "number" and self.specs[name].unit not in ("1", "bit")
        ] or [name for name in self.read(cut.metric, cells) if name == cut.metric]

    def steps(self, cut: Cut, cells: Cells, names: list[str]) -> Iterator[Variant]:
        """One unit of the last decimal and one ulp to each side."""
        for name in names:
            at = cells[name]
            assert isinstance(at, Fraction)
            for word, values in (
                ("unit", _units(at, self.specs[name])),
                ("ulp", _ulps(at, self.specs[name])),
            ):
                for each in values:
                    stepped = {**cells, name: each}
                    there = measure(self.rules, stepped, cut.metric)
                    if there.known and there.low != cut.threshold:
                        side = "above" if there.low > cut.threshold else "below"
                        yield f"{word} {side}", name, stepped

    def missing(self, cut: Cut, cells: Cells) -> Iterator[Variant]:
        """Without one of the quantities that the metric reads; without a use of it at all."""
        for name in self.read(cut.metric, cells):
            rest = {each: cell for each, cell in cells.items() if each != name}
            rates = any(self.specs[each].rate for each in rest)
            unlisted = self.specs[name].rate and rates and not self.rules.formulas.open_unlisted
            if name.endswith("_sparse"):
                # The ratio alone says nothing, and a sparse rate without it is refused.
                rest.pop(f"sparse_ratio_{self.specs[name].format}", None)
            elif self.specs[name].symbol == "sparse_ratio":
                continue
            yield "unlisted format" if unlisted else "missing", name, rest
        for name, away in _inapplicable(self.rules.formulas.tree(cut.metric)):
            other = {**cells, name: away}
            if not is_written(away, self.specs[name]):
                continue
            if not measure(self.rules, other, cut.metric).applicable:
                yield "not applicable", name, other

    def ranges(self, cut: Cut, cells: Cells, names: list[str]) -> Iterator[Variant]:
        """A figure that is only known to lie on one side, on both, or up to the threshold."""
        for name in names:
            spec, at = self.specs[name], cells[name]
            if spec.kind != "number" or name in self.turning or not isinstance(at, Fraction):
                continue
            least, most = _about(at, Fraction(9, 10), spec), _about(at, Fraction(11, 10), spec)
            units = _units(at, spec)
            if least is None or most is None or len(units) < 2 or not least < units[0]:
                continue
            ends = {
                "across": Range(least, most),
                "lower": Range(least, at),
                "upper": Range(at, most),
                "under": Range(least, units[0]),
                "over": Range(units[1], most),
                "from": Range(at, None),
                "to": Range(None, at),
            }
            above = measure(self.rules, {**cells, name: units[1]}, cut.metric)
            rising = above.low > cut.threshold
            for shape, kind in (_RISING if rising else _FALLING).items():
                yield kind, name, {**cells, name: ends[shape]}


_RISING = {
    "across": "range across",
    "lower": "range up to",
    "upper": "range from",
    "under": "range below",
    "over": "range above",
    "from": "range at least",
    "to": "range at most",
}
_FALLING = {
    "across": "range across",
    "lower": "range from",
    "upper": "range up to",
    "under": "range above",
    "over": "range below",
    "from": "range at most",
    "to": "range at least",
}


def _units(at: Fraction, spec: QuantitySpec) -> list[Fraction]:
    """One unit of the last decimal less and more."""
    if spec.kind == "date":
        return [at - 1, at + 1]
    places = PLACES
    while (at * 10**places).denominator != 1:
        places += 1
    unit = Fraction(1, 10**places)
    while unit < at:
        if is_written(at - unit, spec) and is_written(at + unit, spec):
            return [at - unit, at + unit]
        unit *= 10
    return []


def _ulps(at: Fraction, spec: QuantitySpec) -> list[Fraction]:
    """The neighbouring doubles, as the decimals that they stand for."""
    if spec.kind != "number" or at == 0:
        return []
    near = [math.nextafter(float(at), end) for end in (0.0, math.inf)]
    return [each for each in map(decimal, near) if is_written(each, spec)]


def _about(at: Fraction, factor: Fraction, spec: QuantitySpec) -> Fraction | None:
    """A round number near at * factor, of three digits."""
    if at == 0:
        return None
    wanted = at * factor
    step = Fraction(10) ** (math.floor(math.log10(wanted)) - 2)
    value = round(wanted / step) * step
    return value if value != at and is_written(value, spec) else None


def _inapplicable(tree: Expr) -> Iterator[tuple[str, Fraction]]:
    """Values of single quantities with which a metric does not exist."""
    match tree:
        case Choice(Quantity(name), _, threshold, a, b):
            if isinstance(a, NotApplicable):
                yield name, threshold
            if isinstance(b, NotApplicable):
                yield name, threshold - 1
            for part in (a, b):
                yield from _inapplicable(part)
        case Div(_, Quantity(name)):
            yield name, Fraction(0)
