"""Designs block by block as Arrow tables, with their verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.answers import verdict_columns
from tppcore.engine.choose import choose
from tppcore.engine.columns import Bitmaps
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.design.space import Design
from tppcore.spaces.classifying import Source, source
from tppcore.spaces.designs import Designs
from tppcore.verdicts import Verdicts


def blocks(
    design: Design,
    begin: int,
    end: int,
    size: int,
    rules: Rulebook | None = None,
    engine: str | None = None,
    threads: int | None = None,
) -> Iterator[Any]:
    """Designs [begin, end) as pyarrow tables; see `tppcore.spaces.space.Space.blocks`."""
    import pyarrow as pa

    shown = Designs(design)
    chosen = choose(engine)
    asked = None if rules is None else source(design, rules)
    for first, last in shown.pieces(begin, end, size):
        columns = arrow(shown.table(first, last))
        if asked is not None:
            columns |= verdicts(asked, decided(asked, first, last, chosen, threads))
        yield pa.table(columns)


def some(design: Design, numbers: NDArray[Any], rules: Rulebook | None = None) -> Any:
    """Designs by number, (n,), as a pyarrow table, with their numbers."""
    import pyarrow as pa

    whole = numbers.dtype != object
    named = numbers if whole else np.array([str(each) for each in numbers], dtype=object)
    shown = Designs(design).columns(numbers)
    columns = arrow({"design": named, **shown})
    if rules is not None:
        asked = source(design, rules)
        columns |= verdicts(asked, asked.decide_some(numbers))
    return pa.table(columns)


def decided(asked: Source, first: int, last: int, engine: str, threads: int | None) -> Bitmaps:
    """The verdicts on designs [first, last)."""
    before = first % 64
    out = Bitmaps.empty(len(asked.program.paragraphs), last - first + before)
    asked.decide(engine, threads, out, first - before)
    return out if not before else _without(out, before)


def _without(out: Bitmaps, before: int) -> Bitmaps:
    """The verdicts but the first ones."""
    rows = out.rows - before
    found = []
    for words in (out.values, out.valid):
        flags = np.unpackbits(
            np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little"
        )[:, before : before + rows]
        room = np.zeros((len(flags), -(-rows // 64) * 64), np.uint8)
        room[:, :rows] = flags
        found.append(np.packbits(room, axis=1, bitorder="little").view(np.uint64))
    return Bitmaps(rows, *found)


def arrow(columns: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Columns as Arrow arrays, NaN as null."""
    import pyarrow as pa

    found = {}
    for name, values in columns.items():
        kind = pa.string() if values.dtype == object else None
        found[name] = pa.array(values, kind, from_pandas=True)
    return found


def verdicts(asked: Source, bitmaps: Bitmaps) -> dict[str, Any]:
    """A boolean column a paragraph, and the outcome in words."""
    return verdict_columns(Verdicts(asked.rules, _Rows(), bitmaps, ""))


class _Rows:
    """A table of which nothing is asked but what kind it is."""

    kind, index = "pyarrow", None

    def chip(self, i: int) -> Any:
        raise AssertionError("rows of a block are not explained")

    def answer(self, columns: dict[str, Any]) -> dict[str, Any]:
        return columns
