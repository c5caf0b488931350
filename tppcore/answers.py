"""Batches of rows in, the same rows with their verdicts out: what streams, files and other engines
(Polars, DuckDB, Spark) are answered with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from tppcore.api import classify
from tppcore.errors import InputError, TppError
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import Ladder
from tppcore.sources.columns import key_columns
from tppcore.verdicts import Verdicts, metadata_of

Much = Literal["columns", "outcome"]
MUCH = ("columns", "outcome")
OUTCOME = "outcome"


class Answers:
    """How batches are answered: the columns that are kept of them, then their verdicts.

    `rules`: from `tppcore.rulebook`. `verdicts`: "columns", a boolean column a paragraph (null
    where undetermined) and the outcome in words, or "outcome", that one alone. `keep`: the names
    of the columns that are kept; those that are no quantities if left out. `engine`, `threads`: as
    in `tppcore.classify`.
    """

    def __init__(
        self,
        rules: Rulebook,
        verdicts: Much = "columns",
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> None:
        if verdicts not in MUCH:
            raise TppError(f"verdicts: {verdicts!r}; expected {' or '.join(MUCH)}")
        self.rules, self.verdicts = rules, verdicts
        self.keep = None if keep is None else tuple(keep)
        self.engine, self.threads = engine, threads

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of verdicts."""
        paragraphs = (
            () if self.verdicts == "outcome" else tuple(each.id for each in self.rules.paragraphs)
        )
        return (*paragraphs, OUTCOME)

    def schema(self, given: Any) -> Any:
        """The schema (pyarrow) of the answers to batches of schema `given`, with how they came
        about in its metadata. Raises TppError for a column that is not there."""
        import pyarrow as pa

        kept = [given.field(name) for name in self.kept(given.names)]
        verdicts = [
            pa.field(name, _outcome_type() if name == OUTCOME else pa.bool_())
            for name in self.names
        ]
        metadata = {f"tppcore.{key}": value for key, value in metadata_of(self.rules).items()}
        return pa.schema([*kept, *verdicts], metadata)

    def kept(self, names: Sequence[str]) -> list[str]:
        """Which of the columns of these names are kept."""
        if self.keep is None:
            kept = key_columns(names, self.rules.vocabulary.quantities)
        else:
            kept = list(self.keep)
        for name in kept:
            if name not in names:
                raise TppError(f"no column {name!r} to keep; found {', '.join(names)}")
            if name in self.names:
                raise TppError(f"column {name!r} is named like a column of verdicts")
        return kept

    def __call__(self, batch: Any, first: int = 0) -> Any:
        """The answer to one batch, a RecordBatch or Table of pyarrow, as a pyarrow Table.

        `first` is the row at which it begins, for errors. Raises InputError as `classify`.
        """
        import pyarrow as pa

        try:
            found = classify(batch, self.rules, engine=self.engine, threads=self.threads)
        except InputError as error:
            raise moved(error, first) from None
        columns = {name: batch.column(name) for name in self.kept(batch.schema.names)}
        columns |= verdict_columns(found) if self.verdicts == "columns" else outcome_column(found)
        return pa.table(columns).cast(self.schema(batch.schema))

    def each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The answers to batches, one after the other."""
        first = 0
        for batch in batches:
            yield self(batch, first)
            first += batch.num_rows


def moved(error: InputError, first: int) -> InputError:
    """The error of a row of a batch that begins at row `first`."""
    row = None if error.row is None else error.row + first
    return InputError(error.column, row, error.value, error.expected, error.file)


def verdict_columns(found: Verdicts) -> dict[str, Any]:
    """An Arrow column a paragraph, over the memory of the verdicts, and the outcome in words."""
    table = found.to_arrow()
    return {**{name: table.column(name) for name in table.column_names}, **outcome_column(found)}


def outcome_column(found: Verdicts) -> dict[str, Any]:
    """The outcome in words, an Arrow dictionary that is the same for all verdicts of a rulebook."""
    import pyarrow as pa

    ladder = Ladder(found.rules)
    words = list(dict.fromkeys(ladder.texts))
    places = [words.index(text) for text in ladder.texts]
    codes = pa.array(ladder.codes(found.bitmaps, places).astype(np.int16))
    return {OUTCOME: pa.DictionaryArray.from_arrays(codes, pa.array(words))}


def _outcome_type() -> Any:
    import pyarrow as pa

    return pa.dictionary(pa.int16(), pa.string())
