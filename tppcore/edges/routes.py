"""The ways to one value of a metric: formats, vector and sparse rates, further figures, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tppcore.rules.expression import quantities
from tppcore.rules.rulebook import Rulebook

COUNT = "ics_per_item"
COUNTS = (2, 3, 4, 8)
_FIRST = ("tops_fp8", "tops_fp16", "tops_fp32", "tops_fp64")


@dataclass(frozen=True, slots=True)
class Route:
    """`rates` are the peak rates that may be stated; `free` are quantities with a value of
    absence that are stated all the same; `count` is how many circuits share the figures."""

    name: str
    rates: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    count: int = 1

    def start(self, rules: Rulebook, metrics: Iterable[str]) -> dict[str, Fraction]:
        """What is settled before the search: all other rates are 0, and what needs no stating
        is not stated."""
        tested = set(metrics)
        known = {}
        for name, spec in rules.vocabulary.quantities.items():
            if spec.rate and name not in self.rates:
                known[name] = Fraction(0)
            elif spec.absent is not None and name not in tested and name not in self.free:
                known[name] = spec.absent
        known[COUNT] = Fraction(self.count)
        return known


def plain(rules: Rulebook, metrics: Sequence[str]) -> Iterator[Route]:
    """The ways of an ordinary sheet: one dense rate, if any metric reads rates at all."""
    read = _read(rules, metrics)
    specs = rules.vocabulary.quantities
    dense = [name for name in specs if specs[name].symbol == "tops" and name in read]
    if not dense:
        yield Route("")
    for name in sorted(dense, key=lambda name: _FIRST.index(name) if name in _FIRST else 9):
        yield Route(name, (name,))


def shared(rules: Rulebook, metrics: Sequence[str], counts: Iterable[int]) -> Iterator[Route]:
    """An ordinary sheet of several circuits, for quotients that one circuit does not reach."""
    first = next(plain(rules, metrics))
    for count in counts:
        yield Route(f"{first.name}, {count} circuits".lstrip(", "), first.rates, count=count)


def every(rules: Rulebook, metric: str, metrics: Sequence[str]) -> Iterator[Route]:
    """Every way to a metric; `metrics` are those that stand beside it."""
    read = _read(rules, [metric])
    specs = rules.vocabulary.quantities
    rates = [name for name in specs if specs[name].rate and name in read]
    first = next(plain(rules, metrics))
    if not rates:
        yield Route("", first.rates)
    for name in rates:
        if not specs[name].internal:
            yield Route(name, (name,))
    for name in read:
        spec = specs[name]
        if spec.absent is not None and spec.kind == "number" and name != COUNT:
            yield Route(name, first.rates, (name,))
    if COUNT in read:
        for rate in [name for name in rates if specs[name].symbol == "tops"] or [""]:
            for count in COUNTS:
                rated = (rate,) if rate else first.rates
                yield Route(f"{rate}, {count} circuits".lstrip(", "), rated, (), count)


def _read(rules: Rulebook, metrics: Iterable[str]) -> list[str]:
    found = frozenset[str]().union(*(quantities(rules.formulas.tree(name)) for name in metrics))
    return [name for name in rules.vocabulary.quantities if name in found]
