"""Verdict columns: what `classify` answers, in the caller's own kind of column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Bitmaps
from tppcore.engine.parts import Sums
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.counts import Counts
from tppcore.sinks.ends import answer
from tppcore.sinks.outcome import Ladder
from tppcore.sources.arrow_results import ArrowColumn, ArrowTable, like

if TYPE_CHECKING:
    from tppcore.explanation import Explanation
    from tppcore.system_explanation import SystemExplanation


class Answered(Protocol):
    """The table that verdicts are about: a `Table`, systems, or whatever stands for one."""

    @property
    def kind(self) -> str: ...

    @property
    def index(self) -> Any: ...

    def chip(self, i: int) -> Any: ...

    def answer(self, columns: dict[str, Any]) -> Any: ...


class Verdicts:
    """One verdict (true, false or undetermined) for each paragraph and row.

    `v[id]` is True, False or None for one chip, a list of them for a list of chips, a masked
    array for a dict of arrays, and a column of the caller's own library for tables of pyarrow,
    pandas, Polars and DuckDB (there pyarrow's); for others that speak Arrow an `ArrowColumn`. Null
    is undetermined. The verdicts speak the Arrow PyCapsule interface themselves.
    """

    def __init__(
        self,
        rules: Rulebook,
        table: Answered,
        bitmaps: Bitmaps,
        engine: str,
        summed: Sums | None = None,
        asked: tuple[str, ...] = (),
    ) -> None:
        self.rules, self.bitmaps, self.engine = rules, bitmaps, engine
        self.summed, self._asked = summed, asked
        self._table = table
        self._index = {paragraph.id: i for i, paragraph in enumerate(rules.paragraphs)}

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The ids of the paragraphs, in the order of the rulebook."""
        return tuple(self._index)

    def __len__(self) -> int:
        return self.bitmaps.rows

    @property
    def sums(self) -> Any:
        """What `classify` was asked to add up over the parts of systems, in columns as `metrics`
        gives them: doubles to look at."""
        if self.summed is None:
            return self._table.answer({})
        return answer(self._table, self._asked, self.summed.low, self.summed.high)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __contains__(self, identity: object) -> bool:
        return identity in self._index

    def __getitem__(self, identity: str) -> Any:
        """The verdicts of one paragraph. Raises UnknownName (a KeyError) for one not held."""
        if identity not in self._index:
            self.rules[identity]  # says why it is not there
        values, valid = self._bits(self._index[identity])
        match self._table.kind:
            case "chip":
                return bool(values[0]) if valid[0] else None
            case "chips":
                return [
                    bool(value) if known else None
                    for value, known in zip(values, valid, strict=True)
                ]
            case "dict":
                return np.ma.MaskedArray(values, mask=~valid)
            case "pandas":
                import pandas as pd

                index = self._table.index
                return pd.Series(pd.arrays.BooleanArray(values, ~valid), index=index, name=identity)
            case kind:
                return like(kind, self._column(self._index[identity]), identity)

    def _bits(self, i: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        rows = self.bitmaps.rows
        values = np.unpackbits(self.bitmaps.values[i].view(np.uint8), count=rows, bitorder="little")
        valid = np.unpackbits(self.bitmaps.valid[i].view(np.uint8), count=rows, bitorder="little")
        return values.view(bool), valid.view(bool)

    def _column(self, i: int) -> ArrowColumn:
        # The bitmaps are Arrow's own layout.
        bitmaps = self.bitmaps
        return ArrowColumn.booleans(bitmaps.values[i], bitmaps.valid[i], bitmaps.rows)

    @property
    def _arrow(self) -> ArrowTable:
        columns = {identity: self._column(i) for identity, i in self._index.items()}
        metadata = {f"tppcore.{key}": value for key, value in metadata_of(self.rules).items()}
        return ArrowTable(columns, self.bitmaps.rows, metadata)

    def to_arrow(self) -> Any:
        """A pyarrow table with one boolean column a paragraph, without copying the verdicts.

        Its metadata names the rulebook's hash, date, destination and readings.
        """
        return self._arrow.to_pyarrow()

    def __arrow_c_schema__(self) -> Any:
        """A capsule of the schema of `to_arrow`."""
        return self._arrow.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """What `to_arrow` gives for any library with Arrow in it, without pyarrow and without
        copying the verdicts: `polars.DataFrame(v)`. A requested schema changes nothing."""
        return self._arrow.__arrow_c_stream__()

    def to_numpy(self) -> dict[str, Any]:
        """Masked boolean arrays (n,) by paragraph, masked where undetermined."""
        found = {}
        for identity, i in self._index.items():
            values, valid = self._bits(i)
            found[identity] = np.ma.MaskedArray(values, mask=~valid)
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows are true, false and undetermined, by paragraph."""
        return self._counted.by_paragraph

    @property
    def outcome(self) -> Any:
        """The highest outcome of each row in words: text for one chip, otherwise one a row.

        Where a stronger outcome is undetermined the text says so.
        """
        ladder = Ladder(self.rules)
        codes, texts = ladder.codes(self.bitmaps), ladder.texts
        match self._table.kind:
            case "chip":
                return texts[codes[0]]
            case "chips":
                return [texts[code] for code in codes]
            case "dict":
                return np.array(texts, dtype=object)[codes]
            case "pandas":
                import pandas as pd

                named = pd.Categorical.from_codes(codes.astype(np.int64), _distinct(texts))
                return pd.Series(named, index=self._table.index, name="outcome")
            case kind:
                used, dense = np.unique(codes, return_inverse=True)
                words = ArrowColumn.words(dense, [texts[code] for code in used])
                return like(kind, words, "outcome")

    def outcome_counts(self) -> dict[str, int]:
        """How many rows have each highest outcome, the strongest first."""
        return self._counted.by_outcome

    @property
    def _counted(self) -> Counts:
        counts = Counts(self.rules)
        counts.add(self.bitmaps)
        return counts

    def explain(self, i: int = 0) -> Explanation | SystemExplanation:
        """Row i (from 0) explained: every paragraph, every test. Raises IndexError."""
        from tppcore.explanation import explain

        if not -len(self) <= i < len(self):
            raise IndexError(f"row {i} of {len(self)}")
        return explain(self._table.chip(i % len(self)), self.rules)

    def __repr__(self) -> str:
        return (
            f"<Verdicts: {len(self)} rows, {len(self._index)} paragraphs, {self.rules.as_of}, "
            f"{self.rules.destination or 'no destination'}, engine {self.engine}"
            f"{', amended law' if self.rules.amended else ''}>"
        )


def _distinct(texts: list[str]) -> list[str]:
    """Texts made distinct, as a categorical wants them; codes that can't occur repeat a text."""
    seen: dict[str, int] = {}
    out = []
    for text in texts:
        seen[text] = seen.get(text, 0) + 1
        out.append(text if seen[text] == 1 else f"{text}{' ' * seen[text]}")
    return out


def metadata_of(rules: Rulebook) -> dict[str, str]:
    """What every output says of how it was made."""
    from tppcore.version import __version__

    readings = "; ".join(f"{name}={value}" for name, value in rules.readings.items())
    return {"version": __version__, **rules.stated, "readings": readings}
