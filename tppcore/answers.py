"""Batches of rows in, the same rows with their verdicts out: what streams, files and other engines
(Polars, DuckDB, Spark) are answered with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tppcore.api import classify
from tppcore.errors import InputError, TppError
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.store import specs
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

    It can be pickled, for processes that have the same version of tppcore.
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
        self.keep = None if keep is None else (keep,) if isinstance(keep, str) else tuple(keep)
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
        kept = self.keep
        if kept is None:
            kept = tuple(key_columns(names, self.rules.vocabulary.quantities))
        return check_kept(kept, names, self.names)

    def read(self, empty: Any) -> list[str]:
        """The names of the columns that answers are made of, in the order of a table: those that
        are kept and those that state quantities.

        `empty`: a table of these columns without rows, as for `classify`. Raises TppError for
        columns that can't be used, before any row is read.
        """
        import pyarrow as pa

        table = pa.table(empty)
        try:
            classify(table, self.rules, engine=self.engine)
        except InputError as error:
            raise InputError(error.column, None, error.value, error.expected) from None
        names = table.column_names
        others = key_columns(names, self.rules.vocabulary.quantities)
        kept = self.kept(names)
        # Of no column at all nobody could say how many rows it has.
        return [name for name in names if name in kept or name not in others] or names[:1]

    def __call__(self, batch: Any, first: int | None = 0) -> Any:
        """The answer to one batch, a RecordBatch or Table of pyarrow, as a pyarrow Table.

        `first` is the row at which it begins, for errors; None if nobody knows. Raises InputError
        as `classify`.
        """
        import pyarrow as pa

        found = self.found(batch, first)
        columns = {name: batch.column(name) for name in self.kept(batch.schema.names)}
        columns |= self.columns(found)
        return pa.Table.from_arrays(list(columns.values()), schema=self.schema(batch.schema))

    def columns(self, found: Verdicts) -> dict[str, Any]:
        """The Arrow columns of verdicts by name."""
        return verdict_columns(found) if self.verdicts == "columns" else outcome_column(found)

    def found(self, batch: Any, first: int | None = 0) -> Verdicts:
        """The verdicts on one batch; arguments and errors as for calls."""
        try:
            return classify(batch, self.rules, engine=self.engine, threads=self.threads)
        except InputError as error:
            if first is not None:
                raise error.after(first) from None
            import pyarrow as pa

            raise named(error, batch, self.kept(pa.table(batch).column_names)) from None

    def each(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The answers to batches, one after the other."""
        first = 0
        for batch in batches:
            yield self(batch, first)
            first += batch.num_rows


def check_kept(keep: Sequence[str], names: Sequence[str], new: Sequence[str]) -> list[str]:
    """The columns to keep of those of these names. Raises TppError for one that is not there, or
    named like a new one."""
    kept = [keep] if isinstance(keep, str) else list(keep)
    for name in kept:
        if name not in names:
            raise TppError(f"no column {name!r} to keep; found {', '.join(map(str, names))}")
        if name in new:
            raise TppError(
                f"column {name!r} is named like a new one; expected another name, or a keep "
                "without it"
            )
    return kept


def named(error: InputError, batch: Any, kept: Sequence[str]) -> InputError:
    """The error of a row of a batch whose place in the whole is not known: it names the row by its
    values in those of the kept columns that are no quantities."""
    import pyarrow as pa

    keys = key_columns(kept, specs().vocabulary.quantities)[:_NAMED]
    place = error.file
    if error.row is not None and keys:
        row = pa.table(batch).select(keys).slice(error.row, 1).to_pylist()[0]
        place = f"the row with {', '.join(f'{name} {value}' for name, value in row.items())}"
    return InputError(error.column, None, error.value, error.expected, place)


_NAMED = 3
"""How many columns name a row."""


def verdict_columns(found: Verdicts) -> dict[str, Any]:
    """An Arrow column a paragraph, over the memory of the verdicts, and the outcome in words."""
    table = found.to_arrow()
    return {**{name: table.column(name) for name in table.column_names}, **outcome_column(found)}


def outcome_column(found: Verdicts) -> dict[str, Any]:
    """The outcome in words, an Arrow dictionary that is the same for all verdicts of a rulebook."""
    import pyarrow as pa

    ladder, words, places = _outcomes(found.rules)
    codes = pa.array(places.take(ladder.codes(found.bitmaps)))
    return {OUTCOME: pa.DictionaryArray.from_arrays(codes, pa.array(words))}


def outcome_words(rules: Rulebook) -> list[str]:
    """The outcomes that rows can have under a rulebook, the strongest first."""
    return _outcomes(rules)[1]


def _outcomes(rules: Rulebook) -> tuple[Ladder, list[str], NDArray[np.int16]]:
    """How outcomes are numbered and named, and the place in the names of every number."""
    if OUTCOME not in rules.derived:
        ladder = Ladder(rules)
        words = list(dict.fromkeys(ladder.text(code) for code in ladder.reachable))
        places = np.zeros(len(ladder.texts), np.int16)
        for code in ladder.reachable:
            places[code] = words.index(ladder.text(code))
        rules.derived[OUTCOME] = ladder, words, places
    made: tuple[Ladder, list[str], NDArray[np.int16]] = rules.derived[OUTCOME]
    return made


def _outcome_type() -> Any:
    import pyarrow as pa

    return pa.dictionary(pa.int16(), pa.string())
