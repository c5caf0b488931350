"""Somebody else's column names and units become quantities.

A mapping is a small TOML file:

    [key]
    columns = ["Hardware name"]                 # carried to the output; a missing one is an error

    [columns."FP16 with sparsity (FLOP/s)"]
    quantity = ["tops_fp16", "tops_bf16"]       # or one name, also `die_area_mm2_low`
    unit = "FLOP/s"                             # left out: the quantity's own unit
    ratio = "2"                                 # the figure counts on sparsity of this ratio

    [columns."Process size (nm)"]
    quantity = "advanced_node"
    at_most = "16"                              # true up to this number, false above

    [columns."Segment"]
    quantity = "datacenter"
    values = {Server = true, Desktop = false}   # text or numbers; any other cell is unknown

A column that the mapping names and the table lacks is unknown. Columns that are already called by
the name of a quantity are understood with every mapping and without one, and so is a unit in
brackets after such a name: `tops_fp8 [PFLOPS]` or `tops_fp8 (PFLOPS)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tppcore.errors import SpecError, TppError, UnknownName
from tppcore.rules.store import specs
from tppcore.rules.tomlfile import TomlFile
from tppcore.rules.vocabulary import nearest
from tppcore.sources import cells
from tppcore.sources.columns import Quantities, quantity_of
from tppcore.sources.processing_units import COLUMN
from tppcore.sources.units import convert, scale

_BRACKETS = re.compile(r"(\w+)\s*(?:\[([^\]]+)\]|\(([^)]+)\))")
_WORDS = {"quantity", "unit", "ratio", "at_most", "values"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What one column of a file means."""

    quantities: tuple[str, ...]
    unit: str | None = None
    ratio: Fraction | None = None
    at_most: float | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A mapping file: the key columns, and a `Rule` for each column it knows."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Step:
    """One column of the file on its way: the name it has there, its rule, its factor."""

    column: str
    rule: Rule | None  # None: carried as it is
    kind: str = ""
    words: tuple[str, ...] = ()
    factor: Fraction = Fraction(1)

    @property
    def outputs(self) -> list[str]:
        """The names of the columns that it gives."""
        return [self.column] if self.rule is None else _outputs(self.rule)

    @property
    def is_plain(self) -> bool:
        """Whether the column states quantities as they are."""
        rule = self.rule
        return rule is not None and (
            rule.ratio is None and rule.at_most is None and not rule.values and self.factor == 1
        )


Plan = tuple[Step, ...]


def load(name: str, quantities: Quantities) -> ColumnMap:
    """The mapping of a file, or one that ships with tppcore, by its name (`epoch-ml-hardware`)."""
    if name.endswith(".toml") or "/" in name:
        return _parse(TomlFile(Path(name)), quantities)
    shipped = _shipped()
    if name not in shipped:
        raise UnknownName(
            f"unknown mapping {name!r}; expected a file NAME.toml or one of "
            f"{', '.join(sorted(shipped)) or 'none that is shipped'}"
        )
    return _parse(TomlFile(Path(f"{name}.toml"), shipped[name]), quantities)


def misspelt(name: str, quantities: Quantities) -> str | None:
    """The quantity that a column of another name may have meant, as a question."""
    near = get_close_matches(name.lower(), list(quantities), 1, cutoff=0.85)
    return f"did you mean {near[0]}" if near else None


def plan(
    names: Sequence[str], quantities: Quantities, mapping: ColumnMap | None, file: str
) -> Plan:
    """What becomes of every column of a file. Raises `TppError` if that is not one thing each."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TppError(f"{file}: column {twice[0]!r} stands there twice; expected each name once")
    key = mapping.key if mapping else ()
    for name in key:
        if name not in names:
            found = ", ".join(map(repr, names[:12])) + (" ..." if len(names) > 12 else "")
            raise TppError(f"{file}: no column {name!r}, a key of the mapping; found {found}")
    steps: list[Step] = []
    taken: dict[str, str] = {}
    for name in names:
        rule = mapping.columns.get(name) if mapping else None
        if rule is None:
            in_brackets = _BRACKETS.fullmatch(name)
            bare = in_brackets[1] if in_brackets else name
            if quantity_of(bare, quantities):
                unit = (in_brackets[2] or in_brackets[3]) if in_brackets else None
                rule = Rule((bare,), unit=unit)
        if rule is None:
            if mapping is None or name in key or name == COLUMN:
                steps.append(Step(name, None))
            continue
        if name in key:
            steps.append(Step(name, None))
        for quantity in _outputs(rule):
            if quantity in taken:
                raise TppError(
                    f"{file}: columns {taken[quantity]!r} and {name!r} both state {quantity}; "
                    "expected one"
                )
            taken[quantity] = name
        spec = quantity_of(rule.quantities[0], quantities)
        assert spec is not None
        try:
            factor = convert(rule.unit, spec.unit) if rule.unit else Fraction(1)
        except TppError as error:
            raise TppError(f"{file}: column {name!r}: {error}") from None
        steps.append(Step(name, rule, spec.kind, spec.words, factor))
    return tuple(steps)


def apply(
    steps: Plan,
    table: Any,
    first: int = 0,
    file: Callable[[int], str | None] = lambda row: None,
    *,
    as_stored: bool = False,
) -> Any:
    """`table` (pyarrow) with its quantities as float64, bool, date32 and string columns.

    `first` is the row of the file at which the table begins, `file` names a row's place. With
    `as_stored` columns that are no text and state a quantity as it is called are left as they are:
    `classify` reads them itself, without a pass over them.
    """
    out: dict[str, Any] = {}
    for step in steps:
        array = table.column(step.column)
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
        stored = as_stored and step.is_plain and not cells.is_text(array.type)
        if step.rule is None or stored:
            out.update(dict.fromkeys(step.outputs, array))
            continue
        place = cells.Place(step.column, first, file)
        values = _convert(step, step.rule, array, place)
        for quantity in step.rule.quantities:
            if step.rule.ratio is None:
                out[quantity] = values
            else:
                ratio = pa.array(np.full(len(values), float(step.rule.ratio)))
                out[f"{quantity}_sparse"] = values
                out[_ratio_of(quantity)] = pc.if_else(pc.is_valid(values), ratio, None)
    return pa.table(out)


def _convert(step: Step, rule: Rule, array: Any, place: cells.Place) -> Any:
    if rule.values:
        array = _replace(pc.cast(array, pa.string()), rule.values)
    if rule.at_most is not None:
        return pc.less_equal(cells.numbers(array, place), rule.at_most)
    if step.kind == "boolean":
        return cells.booleans(array, place)
    if step.kind == "date":
        return cells.dates(array, place)
    if step.kind == "category":
        return cells.words(array, place, step.words)
    values = cells.numbers(array, place)
    if step.factor == 1:
        return values
    scaled, bad = scale(values.to_numpy(zero_copy_only=False), step.factor)
    if bad is not None:
        raise place.error(
            bad, values[bad].as_py(), f"a figure that stays a double when {rule.unit} is converted"
        )
    return pa.array(scaled, from_pandas=True)


def _replace(text: Any, values: Mapping[str, str]) -> Any:
    """The meaning of each cell; "7", "7.0" and 7 are one cell, and one without meaning is null."""
    by_number: dict[float | None, str] = {
        number: value for each, value in values.items() if (number := _number(each)) is not None
    }
    coded = pc.dictionary_encode(pc.utf8_trim_whitespace(text))
    meaning = [
        values.get(each, by_number.get(_number(each))) for each in coded.dictionary.to_pylist()
    ]
    return pc.take(pa.array(meaning, pa.string()), coded.indices)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _outputs(rule: Rule) -> list[str]:
    if rule.ratio is None:
        return list(rule.quantities)
    return [n for each in rule.quantities for n in (f"{each}_sparse", _ratio_of(each))]


def _ratio_of(quantity: str) -> str:
    return quantity.replace("tops_", "sparse_ratio_", 1)


def _parse(file: TomlFile, quantities: Quantities) -> ColumnMap:
    strange = set(file.data) - {"key", "columns"}
    if strange:
        name = min(strange)
        raise file.fail((name,), f"unknown table {name!r}; expected key and columns")
    key = file.data.get("key", {}).get("columns", [])
    columns = file.data.get("columns", {})
    if not isinstance(key, list) or not all(isinstance(each, str) for each in key):
        raise file.fail(("key", "columns"), "expected a list of column names")
    return ColumnMap(
        file.path.stem,
        tuple(key),
        {name: _rule(file, name, entry, quantities) for name, entry in columns.items()},
    )


def _rule(file: TomlFile, column: str, entry: Any, quantities: Quantities) -> Rule:
    def fail(word: str, message: str) -> SpecError:
        return file.fail(("columns", column, word), f"column {column!r}: {message}")

    if not isinstance(entry, dict) or "quantity" not in entry:
        raise fail("", "expected quantity = ...")
    for word in sorted(set(entry) - _WORDS):
        raise fail(word, f"unknown key {word!r}; expected {', '.join(sorted(_WORDS))}")
    names = entry["quantity"]
    rule = Rule(
        tuple([names] if isinstance(names, str) else names),
        entry.get("unit"),
        values={text: _text(value) for text, value in entry.get("values", {}).items()},
    )
    for name in rule.quantities:
        spec = quantity_of(name, quantities)
        if spec is None:
            raise fail("quantity", f"unknown quantity {name!r}; {nearest(name, quantities)}")
        if "ratio" in entry and not (spec.rate and name == f"tops_{spec.format}"):
            raise fail("ratio", f"expected a quantity tops_<format> beside ratio, not {name!r}")
        first = quantity_of(rule.quantities[0], quantities)
        if first and (spec.kind, spec.unit, spec.words) != (first.kind, first.unit, first.words):
            raise fail("quantity", f"{name} is not of the same kind and unit as {first.name}")
        if "at_most" in entry and spec.kind != "boolean":
            raise fail("at_most", f"expected a true-or-false quantity beside at_most, not {name!r}")
        try:
            if rule.unit:
                convert(rule.unit, spec.unit)
        except TppError as error:
            raise fail("unit", str(error)) from None
    try:
        ratio = Fraction(entry["ratio"]) if "ratio" in entry else None
        at_most = float(entry["at_most"]) if "at_most" in entry else None
    except (ValueError, TypeError, ZeroDivisionError):
        raise fail("ratio" if "ratio" in entry else "at_most", "expected a number") from None
    if ratio is not None and ratio <= 0:
        raise fail("ratio", "expected a positive number")
    return replace(rule, ratio=ratio, at_most=at_most)


def _text(value: Any) -> str:
    return {True: "1", False: "0"}[value] if isinstance(value, bool) else str(value)


def _shipped() -> Mapping[str, str]:
    """The text of the mappings that come with tppcore, by name."""
    shipped: Mapping[str, str] = specs().data["mappings"]
    return shipped
