"""Design spaces: tables that are never materialised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.chips import Chip
from tppcore.sources.design.file import design, read
from tppcore.sources.design.space import Design, DesignError, row
from tppcore.spaces.census import Census, census
from tppcore.spaces.chances import Chances, chances
from tppcore.spaces.frontier import Frontier, Point, frontier
from tppcore.turning import Headroom, headroom


class Space:
    """A product of axes, with the quantities of each design as formulas over them."""

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
        """The space of a file. Raises SpecError with file, line and column."""
        made = cls.__new__(cls)
        made.design, texts = read(path)
        made.title, made.source = texts.get("title", ""), texts.get("source", "")
        return made

    @property
    def size(self) -> int:
        """The number of designs."""
        return self.design.size

    def census(self, rules: Rulebook, by: Sequence[str] = ()) -> Census:
        """Exact counts of the designs by verdict, without looking at each."""
        return census(self.design, rules, by)

    def best(
        self,
        rules: Rulebook,
        maximize: str | None = None,
        minimize: str | None = None,
        subject_to: Mapping[str, bool | None] | None = None,
        limit: int = 10,
    ) -> Point:
        """The allowed designs with the largest (or smallest) value of a metric or quantity.

        `subject_to`: verdicts by paragraph ({"us-3a090/a": False}; None is undetermined, which
        False does not admit), or comparisons ({"die_area_mm2 <= 860": True}). `limit`: how many of
        the designs are listed; `.ties` counts all. `.lines` are the thresholds of the conditions,
        the nearest first.

        Raises TppError if no design is allowed, or for an aim that is uncertain.
        """
        if (maximize is None) == (minimize is None):
            raise TppError("expected one of maximize and minimize")
        aims = {maximize: 1} if maximize is not None else {str(minimize): -1}
        found = frontier(self.design, rules, aims, subject_to or {}, limit)
        if not found.points:
            raise TppError("no design of this space meets the conditions")
        return found.points[0]

    def frontier(
        self,
        rules: Rulebook,
        aims: Sequence[str] | Mapping[str, str],
        subject_to: Mapping[str, bool | None] | None = None,
        limit: int = 1,
    ) -> Frontier:
        """The exact Pareto frontier of the allowed designs.

        `aims`: metrics or quantities to maximise, or {"tpp": "max", "die_area_mm2": "min"}. The
        rest is as for `best`. Empty if no design is allowed.
        """
        senses = {"max": 1, "min": -1}
        given = aims if isinstance(aims, Mapping) else dict.fromkeys(aims, "max")
        for name, sense in given.items():
            if sense not in senses:
                raise TppError(f"{name}: {sense!r}; expected max or min")
        return frontier(
            self.design, rules, {n: senses[s] for n, s in given.items()}, subject_to or {}, limit
        )

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
        before verdicts turn, as `tppcore.headroom`; what is an axis too moves in its step."""
        steps = {a.name: a.step for a in self.design.plain_axes if a.step is not None}
        if isinstance(design, int):
            chip = self[design]
            own = {name: step for name, step in steps.items() if name in chip.quantities}
            options["steps"] = {**own, **(options.get("steps") or {})}
            design = chip
        return headroom(design, rules, **options)

    def __getitem__(self, i: int) -> Chip:
        """Design i."""
        part, places = self._place(i)
        return Chip.of_row(f"design {i}", row(part, places))

    def _place(self, i: int) -> Any:
        rest, places = i, []
        for axis in reversed(self.design.plain_axes):
            rest, place = divmod(rest, axis.size)
            places.append(place)
        return self.design.parts[rest], places[::-1]
