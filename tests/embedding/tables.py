"""Tables for the examples: the catalogue, rows on every threshold, and rows one ulp beside them."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import tppcore as tpp

Cell = float | str | None
"""A number, a word of a category, or nothing."""

Row = Mapping[str, Cell]


def rows(rules: tpp.Rulebook, edges: int, seed: int = 0) -> list[Row]:
    """All chips, `edges` rows of the suite of the rulebook, and as many with one number nudged."""
    on_edges = tpp.edge_suite(rules, edges).quantities.to_pylist()
    randomness = random.Random(seed)
    return [*map(_chip, tpp.chips()), *on_edges, *(_nudged(row, randomness) for row in on_edges)]


def _chip(chip: tpp.Chip) -> Row:
    """The figures of a chip; of a range both ends, an open one as none."""
    vocabulary = tpp.rulebook().vocabulary.quantities
    cells: dict[str, Cell] = {}
    for name, found in chip.quantities.items():
        if vocabulary[name].internal:
            continue
        words, positive = vocabulary[name].words, vocabulary[name].positive
        if found.low == found.high:
            cells[name] = words[int(found.low)] if words else float(found.low)
        else:
            cells[f"{name}_low"] = None if positive and not found.low else float(found.low)
            cells[f"{name}_high"] = None if math.isinf(found.high) else float(found.high)
    return cells


def _nudged(row: Row, randomness: random.Random) -> Row:
    numbers = [
        name
        for name, cell in row.items()
        if isinstance(cell, float) and 1e-3 < cell < 1e6 and not name.endswith(("_low", "_high"))
    ]
    if not numbers:
        return row
    name = randomness.choice(numbers)
    towards = randomness.choice([0.0, math.inf])
    return {**row, name: math.nextafter(float(row[name] or 0.0), towards)}


def write(path: Path, table: Sequence[Row]) -> None:
    """As CSV: numbers in the shortest form that reads back as them, flags as 0 and 1."""
    names = _names(table)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["row", *names])
        for number, row in enumerate(table):
            writer.writerow([f"r{number}", *(_text(row.get(name)) for name in names)])


def columns(rules: tpp.Rulebook, table: Sequence[Row]) -> dict[str, object]:
    """The same as `classify` takes it."""
    quantities = rules.vocabulary.quantities
    found: dict[str, object] = {}
    for name in _names(table):
        cells = [row.get(name) for row in table]
        if name in quantities and quantities[name].words:
            found[name] = np.array(cells, object)
        else:
            found[name] = np.array([math.nan if cell is None else cell for cell in cells], float)
    return found


def _names(table: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in table for name in row))


def _text(cell: Cell) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return str(int(cell)) if isinstance(cell, bool) else repr(float(cell))
