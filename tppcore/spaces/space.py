"""Design spaces: tables that are never materialised."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sources.chips import Chip
from tppcore.sources.design.file import design, read
from tppcore.sources.design.space import Design, DesignError
from tppcore.spaces.blocks import blocks
from tppcore.spaces.census import Census, census
from tppcore.spaces.chances import Chances, chances
from tppcore.spaces.classifying import check_places, classify
from tppcore.spaces.designs import Designs
from tppcore.spaces.frontier import Frontier, Point, frontier
from tppcore.spaces.numbering import drawn, number, numbers, share, values
from tppcore.spaces.single import single, steps
from tppcore.turning import Headroom, headroom
from tppcore.verdicts import Verdicts


class Space:
    """A product of axes, with the quantities of each design as exact formulas over them.

    Parameters
    ----------
    axes: by name, in order: a list of decimals or booleans; {"from": .., "to": .., "step": ..},
        with "distribution" (uniform, triangular) and "mode" if need be; {"values": [..],
        "weights": [..]}; or {"chips": [..]}, of which there is one at most and which varies
        slowest. An axis of the name of a quantity is that quantity.
    quantities: formulas by quantity, in its unit (`specs/quantities.toml`), or by NAME_low and
        NAME_high: text of + * /, max, min, decimals, names and `a if x >= y else b`.
    constants: decimals by name.
    count: how many of its chip a design has, if designs are systems; quantities are then those of
        systems.

    Raises TppError for what can't be used. Designs are numbered from 0 with the last axis fastest.
    Values are fractions: a float stands for the shortest decimal that reads back as it.
    """

    def __init__(
        self,
        axes: Mapping[str, Any],
        quantities: Mapping[str, Any] | None = None,
        *,
        constants: Mapping[str, Any] | None = None,
        count: str | None = None,
        title: str = "",
    ) -> None:
        data: dict[str, Any] = {
            "axes": axes,
            "quantities": quantities or {},
            "constants": constants or {},
        }
        if count is not None:
            data["system"] = {"count": count}
        try:
            self.design: Design = design(data)
        except DesignError as error:
            raise TppError(f"{'.'.join(error.key)}: {error}") from None
        self.title, self.source = title, ""

    @classmethod
    def from_toml(cls, path: str | Path) -> Space:
        """The space of a file with [axes], [quantities] and perhaps [constants] and [system]
        (docs/spaces.md). Raises SpecError with file, line and column."""
        made = cls.__new__(cls)
        made.design, texts = read(path)
        made.title, made.source = texts.get("title", ""), texts.get("source", "")
        return made

    @property
    def size(self) -> int:
        """The number of designs."""
        return self.design.size

    def census(self, rules: Rulebook, by: Sequence[str] = ()) -> Census:
        """Exact counts of the designs by verdict, without looking at each.

        `by`: axes at each place of which designs are counted (`Census.cells`, `Census.table`). A
        design counts as often as its weights say, in the smallest whole numbers of their ratio.
        Raises UnknownName for an axis, TppError for a space with continuous axes or one that takes
        too much.
        """
        return census(self.design, rules, by)

    def best(
        self,
        maximize: str | None = None,
        *,
        minimize: str | None = None,
        subject_to: Mapping[str, bool | None] | None = None,
        rules: Rulebook | None = None,
        limit: int = 10,
    ) -> Point:
        """The allowed designs with the largest (or smallest) value of a metric or quantity.

        `subject_to`: verdicts by paragraph ({"us-3a090/a": False}; None is undetermined, which
        False does not admit), or comparisons ({"die_area_mm2 <= 860": True}). `rules`: today's if
        left out. `limit`: how many of the designs are listed at most; `.ties` counts all. `.lines`
        are the thresholds of the conditions, the nearest first. A design whose weight is 0 is no
        design, as in a census.

        Raises TppError if no design is allowed, or for an aim that is uncertain.
        """
        if (maximize is None) == (minimize is None):
            raise TppError("expected one of maximize and minimize")
        aims = {maximize: 1} if maximize is not None else {str(minimize): -1}
        found = frontier(self.design, rules or rulebook(), aims, subject_to or {}, limit)
        if not found.points:
            raise TppError("no design of this space meets the conditions")
        return found.points[0]

    def frontier(
        self,
        aims: Sequence[str] | Mapping[str, str],
        *,
        subject_to: Mapping[str, bool | None] | None = None,
        rules: Rulebook | None = None,
        limit: int = 1,
    ) -> Frontier:
        """The exact Pareto frontier of the allowed designs.

        `aims`: metrics or quantities to maximise, or {"tpp": "max", "die_area_mm2": "min"}. The
        rest is as for `best`. Empty if no design is allowed.
        """
        senses = {"max": 1, "min": -1}
        given = aims
        if not isinstance(given, Mapping):
            names = [given] if isinstance(given, str) else list(given)
            if len(set(names)) < len(names):
                raise TppError(f"aims {', '.join(names)}: expected each once")
            given = dict.fromkeys(names, "max")
        for name, sense in given.items():
            if sense not in senses:
                raise TppError(f"{name}: {sense!r}; expected max or min")
        chosen = {name: senses[sense] for name, sense in given.items()}
        return frontier(self.design, rules or rulebook(), chosen, subject_to or {}, limit)

    def chances(
        self, rules: Rulebook, samples: int = 100_000, seed: int = 0, level: float = 0.95
    ) -> Chances:
        """By paragraph, the share of the weight that is certainly true, possible, and excluded.

        Exact where all axes have places (lists with weights, ranges with a step and a
        distribution). With continuous axes a sample of `samples` designs, drawn with `seed`, each
        decided exactly; shares then have a confidence interval of `level`.
        """
        return chances(self.design, rules, samples, seed, level)

    def headroom(self, design: Chip | int, rules: Rulebook, **options: Any) -> Headroom:
        """How far each quantity of a design (by its number) or of a chip can grow or must shrink
        before verdicts turn, as `tppcore.headroom`; what is an axis too moves in its step, and what
        is no decimal in a power of ten, about a thousandth of it."""
        chip: Any = self[operator.index(design)] if hasattr(design, "__index__") else design
        if isinstance(chip, Chip):
            options["steps"] = {**steps(self.design, chip), **(options.get("steps") or {})}
        elif chip is not design:
            raise TppError("designs of this space are systems; expected a space of chips")
        return headroom(chip, rules, **options)

    def __getitem__(self, i: int) -> Any:
        """Design i, a Chip, or a System in a space of systems; from the end if negative. Raises
        IndexError."""
        check_places(self.design)
        if not -self.size <= i < self.size:
            raise IndexError(f"design {i} of {self.size}")
        return single(self.design, int(i) % self.size)

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return True

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The values of every axis: ids of chips, booleans, int, or Decimal. The chips come first
        and vary slowest, the last axis varies fastest."""
        check_places(self.design)
        return {axis.name: values(axis) for axis in self.design.axes}

    def index(self, **places: Any) -> int:
        """The number of a design by the values of all axes (one that has a single value may be left
        out). Raises UnknownName for an axis, TppError for a value that it does not have."""
        check_places(self.design)
        return number(self.design, places)

    def classify(
        self,
        rules: Rulebook,
        *,
        engine: str | None = None,
        threads: int | None = None,
        out: Verdicts | None = None,
    ) -> Verdicts:
        """The verdicts on all designs in the order of their numbers, as `tppcore.classify`."""
        room = None if out is None else out.bitmaps
        asked, bitmaps, chosen = classify(self.design, rules, engine, threads, room)
        return Verdicts(asked, _Answered(self), bitmaps, chosen)

    def table(self, begin: Any = 0, end: int | None = None) -> dict[str, NDArray[Any]]:
        """Designs [begin, end), or those of a sequence of numbers: axes and quantities.

        Columns (n,) by name: float64 where all numbers are the decimals that doubles show (NaN
        where missing), bool, datetime64, or text; a quantity with other numbers is two columns,
        NAME_numerator and NAME_denominator, int64 or (beyond 64 bits) text; of a range NAME_low and
        NAME_high. Raises IndexError.
        """
        check_places(self.design)
        if isinstance(begin, (int, np.integer)):
            first, last = int(begin), self.size if end is None else int(end)
            if not 0 <= first <= last <= self.size:
                raise IndexError(f"designs {first} to {last} of {self.size}")
            return self._designs.table(first, last)
        return self._designs.columns(numbers(begin, self.size))

    def sample(self, n: int, seed: int | None = None) -> dict[str, NDArray[Any]]:
        """n designs drawn at random, as `table`: each is as likely as any other, whatever weights
        the axes have, and is drawn once unless n is more than there are."""
        check_places(self.design)
        return self._designs.columns(drawn(self.size, n, seed))

    def blocks(
        self,
        size: int = 1 << 16,
        rules: Rulebook | None = None,
        *,
        begin: int = 0,
        end: int | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> Iterator[Any]:
        """Designs [begin, end) as pyarrow tables of at most `size`, as `table`; with `rules` their
        verdicts and outcome too. Null is missing, or undetermined."""
        check_places(self.design)
        last = self.size if end is None else end
        if not 0 <= begin <= last <= self.size:
            raise IndexError(f"designs {begin} to {last} of {self.size}")
        if size < 1:
            raise TppError(f"blocks of {size} designs; expected 1 or more")
        return blocks(self.design, begin, last, size, rules, engine, threads)

    def shard(self, i: int, n: int) -> Space:
        """Share i (from 0) of n, a space of its own; their censuses add up to that of this one.

        The first axis with at least n places is cut (its shares differ by one place at most), or
        several axes where n is a product of numbers of places. Shares of the outermost axis are
        runs of numbers, the others are not. Axes with weights are never cut. Raises TppError where
        n is no such number.
        """
        made = Space.__new__(Space)
        made.design = share(self.design, i, n)
        made.title, made.source = self.title, self.source
        return made

    @cached_property
    def _designs(self) -> Designs:
        return Designs(self.design)

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name} {axis.size:,}" for axis in self.design.axes)
        return f"<Space: {self.size:,} designs, {axes}>"


class _Answered:
    """A space in the place of a table that verdicts are about."""

    kind, index = "dict", None

    def __init__(self, space: Space) -> None:
        self._space = space

    def chip(self, i: int) -> Any:
        """Design i."""
        return self._space[i]

    def answer(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Columns (n,) as they are."""
        return columns
