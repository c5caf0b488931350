"""Verdicts on every design of a space, in the order of their numbers, as if it were a table.

axes --lookups--> tiles of columns --engine--> words of the verdicts
                                               |
                  exact arithmetic <-- designs that doubles leave open
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import oracle, shards
from tppcore.deciding import into
from tppcore.engine.choose import choose
from tppcore.engine.columns import Bitmaps, Column
from tppcore.engine.counting.axes import Axis
from tppcore.engine.counting.lowering import lower
from tppcore.engine.exact import Interval
from tppcore.engine.parts import bits
from tppcore.errors import TppError
from tppcore.program.program import Program
from tppcore.rules.expression import not_monotone
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.design.space import Design, Part
from tppcore.spaces.grid import Grid
from tppcore.spaces.laws import lowering, program_for, ranges, rules_for
from tppcore.spaces.lookup import Lookup, inner_axes
from tppcore.spaces.panels import Panels
from tppcore.spaces.rows import rows
from tppcore.spaces.settling import Settling, suspects

_EXACTLY = 1 << 10
_LARGEST = 1 << 40


class Source:
    """A design space under a rulebook, ready to be decided by an engine."""

    def __init__(self, design: Design, rules: Rulebook) -> None:
        self.design, self.rules = design, rules_for(design, rules)
        self.given = [ranges(part, rules) for part in design.parts]
        names = {name for each in self.given for name in each}
        self.program: Program = program_for(self.rules, names)
        self._check_ranges()
        self.grid = Grid([axis.size for axis in design.axes])
        first_inner = inner_axes(self.grid.sizes)
        vocabulary = self.rules.vocabulary
        self.lookups = {
            each.quantity: Lookup(
                design.parts,
                [given.get(each.quantity) for given in self.given],
                vocabulary.quantities[each.quantity],
                self.grid.sizes,
                first_inner,
            )
            for each in self.program.inputs
            if each.given
        }
        inexact = {name for name, each in self.lookups.items() if each.inexact}
        self.suspects = suspects(self.program, inexact)
        self._settling = [
            self._settle(part, each) for part, each in zip(design.parts, self.given, strict=True)
        ]

    def _check_ranges(self) -> None:
        """Ranges need metrics that are monotone in the quantity, as in a table."""
        ranged = {
            name
            for given in self.given
            for name, each in given.items()
            if each.low is not each.high
        }
        for name in self.rules.metrics_used if ranged else ():
            if refused := ranged & not_monotone(self.rules.formulas.tree(name)):
                raise TppError(
                    f"{', '.join(sorted(refused))}: {name} is not monotone in it; expected values, "
                    "not ranges"
                )

    def _settle(self, part: Part, given: Mapping[str, Any]) -> Settling:
        return Settling(lambda: lower([lowering(part, self.program, given)]))

    def decide(self, engine: str, threads: int | None, out: Bitmaps) -> None:
        """Writes the verdicts of every paragraph on every design into `out`."""
        if engine == "exact":
            self._exactly(out)
            return
        run = self._in_c(out) if engine == "c" else None
        if run is None:
            run = Panels(self.program, self.lookups, self.grid.sizes, engine, out).run

        def work(begin: int, end: int) -> None:
            run(begin, end)
            if len(self.suspects):
                self._settle_open(begin, end, out)

        shards.run(out.rows, threads, work)

    def _in_c(self, out: Bitmaps) -> Callable[[int, int], None] | None:
        """What the C engine does from tables over the axes of each quantity; None where some are
        too long."""
        from tppcore.engine.c_designs import Spread, TooMany, decider

        spread = {}
        for name, lookup in self.lookups.items():
            if lookup.whole is None:
                return None
            spread[name] = Spread(Column(*lookup.whole), lookup.axes)
        try:
            return decider(self.program, spread, self.grid.sizes, out)
        except TooMany:
            return None

    def _settle_open(self, begin: int, end: int, out: Bitmaps) -> None:
        """Decides again what the engine left open, where doubles may be why."""
        words = slice(begin // 64, -(-end // 64))
        valid = np.bitwise_and.reduce(out.valid[self.suspects, words], axis=0)
        left = np.flatnonzero(~bits(valid[None], end - begin)[0]) + begin
        for part, some, places in self._by_part(left):
            out.put(some, self._settling[part].decide(places, len(some)))

    def _by_part(
        self, numbers: NDArray[Any]
    ) -> Iterator[tuple[int, NDArray[Any], dict[Axis, NDArray[Any]]]]:
        """Designs chip by chip: the number of the chip, their numbers, their places on its axes."""
        places = self.grid.places(numbers)
        if self.design.chip_axis is None:
            yield 0, numbers, dict(zip(self.design.parts[0].axes, places, strict=True))
            return
        for p in np.unique(places[0]).tolist():
            own = places[0] == p
            at = [each[own] for each in places[1:]]
            yield p, numbers[own], dict(zip(self.design.parts[p].axes, at, strict=True))

    def exact_rows(self, numbers: NDArray[Any]) -> Iterator[dict[str, Interval]]:
        """The quantities of designs in fractions; chip by chip, in the order of `numbers` where
        those ascend."""
        for p, some, places in self._by_part(numbers):
            yield from rows(self.design.parts[p], self.given[p], places, len(some))

    def _exactly(self, out: Bitmaps) -> None:
        begins = range(0, self.grid.size, _EXACTLY)
        each = chain.from_iterable(
            self.exact_rows(np.arange(begin, min(begin + _EXACTLY, self.grid.size)))
            for begin in begins
        )
        into(out, oracle.decide_rows(self.rules, each, out.rows))


_kept: dict[tuple[int, str], tuple[Design, Source]] = {}
_keeping = threading.Lock()


def source(design: Design, rules: Rulebook) -> Source:
    """A space under a rulebook; the last ones are kept. Raises TppError."""
    key = id(design), rules.hash
    with _keeping:
        found = _kept.get(key)
    if found is None or found[0] is not design:
        found = design, Source(design, rules)
        with _keeping:
            while len(_kept) > 3:
                del _kept[next(iter(_kept))]
            _kept[key] = found
    return found[1]


def classify(
    design: Design,
    rules: Rulebook,
    engine: str | None,
    threads: int | None,
    out: Bitmaps | None,
) -> tuple[Rulebook, Bitmaps, str]:
    """The rulebook as the designs are asked, the verdicts on all of them, and the engine."""
    chosen = choose(engine)
    if design.size > _LARGEST:
        raise TppError(
            f"{design.size:,} designs are too many to write the verdicts of each; expected at most "
            f"{_LARGEST:,}, or a census"
        )
    made = source(design, rules)
    paragraphs = len(made.rules.paragraphs)
    if out is None:
        try:
            out = Bitmaps.empty(paragraphs, design.size)
        except MemoryError:
            raise TppError(
                f"no memory for the verdicts on {design.size:,} designs; expected shards or a census"
            ) from None
    out.check(paragraphs, design.size)
    made.decide(chosen, threads, out)
    return made.rules, out, chosen
