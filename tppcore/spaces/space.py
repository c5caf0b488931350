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
