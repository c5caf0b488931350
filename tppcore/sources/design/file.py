"""Space files: TOML with [axes], [constants], [quantities] and perhaps [system]."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tppcore.errors import SpecError
from tppcore.rules.store import specs
from tppcore.rules.tomlfile import TomlFile
from tppcore.sources.design.axis import MOST_PLACES, AxisError, axis, decimal
from tppcore.sources.design.space import (
    Design,
    DesignError,
    checked_formulas,
    formula_of,
)

_TABLES = ("axes", "constants", "quantities", "system")
_TEXTS = ("title", "source")


def design(data: Mapping[str, Any]) -> Design:
    """A design space from what a file holds. Raises DesignError."""
    for key, value in data.items():
        if key not in (*_TABLES, *_TEXTS):
            expected = ", ".join((*_TEXTS, *_TABLES))
            raise DesignError((key,), f"unknown key {key!r}; expected {expected}", key)
        if key in _TABLES and not isinstance(value, Mapping):
            raise DesignError((key,), f"{key!r} is no table; expected [{key}]", key)
    axes = []
    for name, given in data.get("axes", {}).items():
        _check_name(("axes", name), name, has_values=True)
        try:
            axes.append(axis(name, given))
        except AxisError as error:
            raise DesignError(("axes", name), str(error), error.item) from None
    if not axes:
        raise DesignError(("axes",), "no axes; expected at least one")
    if sum(1 for each in axes if each.chips) > 1:
        raise DesignError(("axes",), "two axes of chips; expected at most one")
    places = sum(each.size for each in axes)
    if places > MOST_PLACES:
        raise DesignError(
            ("axes",), f"{places:,} places on all axes; expected at most {MOST_PLACES:,}"
        )
    # The chips vary slowest: a design space is one of plain axes for each chip.
    axes.sort(key=lambda each: not each.chips)
    constants = {}
    for name, value in data.get("constants", {}).items():
        _check_name(("constants", name), name)
        if name in data["axes"]:
            raise DesignError(
                ("constants", name), f"{name!r} is an axis too; expected one of both", name
            )
        try:
            constants[name] = decimal(value)
        except AxisError as error:
            raise DesignError(("constants", name), f"{name}: {error}", error.item) from None
    formulas = checked_formulas(data.get("quantities", {}))
    made = Design(tuple(axes), constants, formulas, _count(data, axes))
    parts = made.parts
    if not any(part.ranges for part in parts) and made.count is None:
        raise DesignError(("quantities",), "no quantity; expected formulas over the axes")
    return made


def _check_name(key: tuple[str, ...], name: str, has_values: bool = False) -> None:
    quantity = specs().vocabulary.quantities.get(name)
    taken = keyword.iskeyword(name) or name in ("max", "min")
    if not (name.isidentifier() and name.isascii()) or taken:
        raise DesignError(key, f"{name!r}; expected a name of letters, digits and _", name)
    if quantity is not None and (quantity.internal or not has_values):
        raise DesignError(key, f"{name!r} is a quantity; expected another name", name)


def _count(data: Mapping[str, Any], axes: list[Any]) -> Any:
    system = data.get("system")
    if system is None:
        return None
    if set(system) != {"count"}:
        raise DesignError(("system",), 'expected count = "...": how many of the chip a system has')
    if not any(each.chips for each in axes):
        raise DesignError(("system",), "systems without chips; expected an axis of chips")
    return formula_of(("system", "count"), system["count"])


def read(path: str | Path, text: str | None = None) -> tuple[Design, dict[str, str]]:
    """The design space of a file, and its title and source.

    Raises SpecError with file, line and column.
    """
    file = TomlFile(Path(path), text, parse_float=Decimal)
    try:
        made = design(file.data)
    except DesignError as error:
        line = file.line(error.key, error.item)
        raise SpecError(path, line, str(error), _column(file, line, error)) from None
    return made, {key: str(file.data[key]) for key in _TEXTS if key in file.data}


def _column(file: TomlFile, line: int, error: DesignError) -> int:
    """Where on its line the text at fault stands, from 1."""
    text = file.text.splitlines()[line - 1] if file.text else ""
    for sought in (error.item, error.key[-1]):
        if sought and sought in text:
            return text.index(sought) + error.at * (sought is error.item) + 1
    return len(text) - len(text.lstrip()) + 1
