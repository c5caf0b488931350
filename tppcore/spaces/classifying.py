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

from tppcore.deciding import into
from tppcore.engine import oracle, shards
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
        self._making = threading.Lock()
        self._made: dict[str, Callable[[int, Bitmaps], None]] = {}
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

    def decide(self, engine: str, threads: int | None, out: Bitmaps, first: int = 0) -> None:
        """Writes the verdicts of every paragraph on designs `first`, a multiple of 64, and on into
        `out`, as many as it is for."""
        if engine == "exact":
            self._exactly(first, out)
            return
        run = self._runs(engine)

        def work(begin: int, end: int) -> None:
            part = out.part(begin, end)
            run(first + begin, part)
            if len(self.suspects):
                self._settle_open(first + begin, part)

        shards.run(out.rows, threads, work)

    def _runs(self, engine: str) -> Callable[[int, Bitmaps], None]:
        """What decides designs in the order of their numbers; made once an engine."""
        with self._making:
            if engine not in self._made:
                run = self._in_c() if engine == "c" else None
                if run is None:
                    run = Panels(self.program, self.lookups, self.grid.sizes, engine).decide
                self._made[engine] = run
            return self._made[engine]

    def _in_c(self) -> Callable[[int, Bitmaps], None] | None:
        """What the C engine does from the values of each quantity over its axes; None where some of
        them are too many."""
        from tppcore.engine.c_designs import Spread, TooMany, decider

        spread = {}
        for name, lookup in self.lookups.items():
            if lookup.whole is None:
                return None
            arrays: list[Any] = lookup.whole
            spread[name] = Spread(Column(*arrays), lookup.axes)
        run = decider(self.program, spread, self.grid.sizes)
        try:
            run(0, Bitmaps.empty(len(self.program.paragraphs), 0))
        except TooMany:
            return None
        return run

    def decide_some(self, numbers: NDArray[Any]) -> Bitmaps:
        """The verdicts on designs by number, (n,), by exact arithmetic."""
        out = Bitmaps.empty(len(self.program.paragraphs), len(numbers))
        out.values[:], out.valid[:] = 0, 0
        for part, chosen, places in self._by_part(numbers):
            out.put(chosen, self._settling[part].decide(places, len(chosen)))
        return out

    def _settle_open(self, first: int, out: Bitmaps) -> None:
        """Decides again what the engine left open, where doubles may be why."""
        valid = np.bitwise_and.reduce(out.valid[self.suspects], axis=0)
        left = np.flatnonzero(~bits(valid[None], out.rows)[0])
        for part, chosen, places in self._by_part(left + first):
            some = left[chosen]
            out.put(some, self._settling[part].decide(places, len(some)))

    def _by_part(
        self, numbers: NDArray[Any]
    ) -> Iterator[tuple[int, NDArray[np.int64], dict[Axis, NDArray[Any]]]]:
        """Designs chip by chip: the number of the chip, which of them have it, and their places on
        its axes."""
        places = self.grid.places(numbers)
        if self.design.chip_axis is None:
            every = np.arange(len(numbers))
            yield 0, every, dict(zip(self.design.parts[0].axes, places, strict=True))
            return
        for p in np.unique(places[0]).tolist():
            own = np.flatnonzero(places[0] == p)
            at = [each[own] for each in places[1:]]
            yield p, own, dict(zip(self.design.parts[p].axes, at, strict=True))

    def exact_rows(self, numbers: NDArray[Any]) -> Iterator[dict[str, Interval]]:
        """The quantities of designs, by ascending numbers, in fractions."""
        for p, some, places in self._by_part(numbers):
            yield from rows(self.design.parts[p], self.given[p], places, len(some))

    def _exactly(self, first: int, out: Bitmaps) -> None:
        begins = range(first, first + out.rows, _EXACTLY)
        each = chain.from_iterable(
            self.exact_rows(np.arange(begin, min(begin + _EXACTLY, first + out.rows)))
            for begin in begins
        )
        into(out, oracle.decide_rows(self.rules, each, out.rows))


def check_places(design: Design) -> None:
    """Raises TppError for a space with an axis that has no places."""
    for axis in design.axes:
        if axis.continuous:
            raise TppError(
                f"axis {axis.name} is continuous; expected a step, or the chances of its verdicts"
            )


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
    check_places(design)
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
                f"no memory for verdicts on {design.size:,} designs; expected shares, or a census"
            ) from None
    out.check(paragraphs, design.size)
    made.decide(chosen, threads, out)
    return made.rules, out, chosen
