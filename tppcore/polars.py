"""`df.tpp` and `lf.tpp`: verdicts and metrics beside the columns of Polars frames.

    import tppcore.polars

registers them. Every frame that comes back has the frame's own columns, then the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
from polars import DataFrame, LazyFrame

import tppcore as tpp
from tppcore.answers import OUTCOME, Answers, Much, check_kept, named, outcome_words
from tppcore.errors import InputError
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.store import specs
from tppcore.sources.columns import key_columns


@pl.api.register_dataframe_namespace("tpp")
class PolarsFrame:
    """The `tpp` of a DataFrame."""

    def __init__(self, frame: DataFrame) -> None:
        self._frame = frame

    def classify(
        self,
        rules: Rulebook,
        verdicts: Much = "columns",
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> DataFrame:
        """The frame with a boolean column a paragraph (null where undetermined) and the outcome, an
        Enum with the strongest first.

        Parameters
        ----------
        rules: from `tppcore.rulebook`.
        verdicts: "columns", or "outcome": that column alone.
        keep: which of the frame's own columns stand before them; all if left out.
        engine, threads: as for `tppcore.classify`.

        Raises
        ------
        InputError: a number that can't be used, with its row (from 1) and column. TppError: columns
        that can't be used, or kept.
        """
        answers = _answers(self._frame.columns, rules, verdicts, keep, engine, threads)
        return _answered(self._frame.select(answers.read(self._frame.clear())), answers, 0)

    def outcome(self, rules: Rulebook, *, engine: str | None = None) -> pl.Series:
        """The highest outcome of each row, a Series of an Enum with the strongest first."""
        return self.classify(rules, "outcome", keep=(), engine=engine)[OUTCOME]

    def counts(self, rules: Rulebook, *, engine: str | None = None) -> DataFrame:
        """How many rows are true, false and undetermined, a row a paragraph."""
        found = tpp.classify(self._frame, rules, engine=engine).counts()
        return DataFrame([{"paragraph": name, **each} for name, each in found.items()])

    def metrics(
        self,
        names: Sequence[str] | None = None,
        readings: Mapping[str, str] | None = None,
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
    ) -> DataFrame:
        """The frame with metrics as doubles to look at, as `tppcore.metrics` names them; `keep` as
        for `classify`. Raises UnknownName for a metric, and as `classify`."""
        found: DataFrame = tpp.metrics(self._frame, names, readings, engine=engine)
        own = self._frame.columns
        kept = check_kept(own if keep is None else keep, own, found.columns)
        return DataFrame([self._frame[name] for name in kept] + found.get_columns())


@pl.api.register_lazyframe_namespace("tpp")
class PolarsLazyFrame:
    """The `tpp` of a LazyFrame: its schema is known before anything is read, and rows are answered
    batch by batch, in no more memory than a batch takes."""

    def __init__(self, frame: LazyFrame) -> None:
        self._frame = frame

    def classify(
        self,
        rules: Rulebook,
        verdicts: Much = "columns",
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> LazyFrame:
        """As for a DataFrame. Columns that are neither kept nor quantities are not read, and
        filters on kept columns are applied before.

        TppError for columns is raised here. InputError is raised by what collects; it names the row
        by its values in the kept columns that are no quantities, as batches don't know their place.
        """
        schema = self._frame.collect_schema()
        answers = _answers(schema.names(), rules, verdicts, keep, engine, threads)
        read = answers.read(DataFrame(schema=schema))
        given = {name: schema[name] for name in answers.kept(schema.names())}
        new = {name: pl.Boolean() for name in answers.names} | {OUTCOME: _outcomes(rules)}
        return self._mapped(read, lambda batch: _answered(batch, answers), given | new)

    def metrics(
        self,
        names: Sequence[str],
        readings: Mapping[str, str] | None = None,
        *,
        keep: Sequence[str] | None = None,
    ) -> LazyFrame:
        """The frame with metrics as doubles to look at: NAME, which is NaN where it is uncertain or
        does not apply, NAME_low and NAME_high, whether or not some row is uncertain."""
        schema = self._frame.collect_schema()
        own, asked = schema.names(), [names] if isinstance(names, str) else list(names)
        tpp.metrics(DataFrame(schema=schema), asked, readings)  # what can't be used, at once
        new = [each for name in asked for each in (name, f"{name}_low", f"{name}_high")]
        kept = check_kept(own if keep is None else keep, own, new)
        others = key_columns(own, specs().vocabulary.quantities)
        read = [name for name in own if name in kept or name not in others] or own[:1]

        def measured(batch: DataFrame) -> DataFrame:
            try:
                found: DataFrame = tpp.metrics(batch, asked, readings)
            except InputError as error:
                raise named(error, batch, kept) from None
            ends = [
                pl.col(each if each in found.columns else name).alias(each)
                for name in asked
                for each in (name, f"{name}_low", f"{name}_high")
            ]
            return DataFrame([batch[name] for name in kept] + found.select(ends).get_columns())

        given = {name: schema[name] for name in kept}
        return self._mapped(read, measured, given | dict.fromkeys(new, pl.Float64()))

    def _mapped(
        self,
        read: Sequence[str],
        answered: Callable[[DataFrame], DataFrame],
        schema: Mapping[str, Any],
    ) -> LazyFrame:
        # A row's answer depends on that row alone: it may be asked of any batch, and of the rows
        # that a filter leaves.
        return self._frame.select(read).map_batches(
            answered, schema=dict(schema), streamable=True, predicate_pushdown=True
        )


def _answers(
    names: Sequence[str],
    rules: Rulebook,
    verdicts: Much,
    keep: Sequence[str] | None,
    engine: str | None,
    threads: int | None,
) -> Answers:
    kept = names if keep is None else keep
    return Answers(rules, verdicts, keep=kept, engine=engine, threads=threads)


def _outcomes(rules: Rulebook) -> pl.Enum:
    return pl.Enum(outcome_words(rules))


def _answered(batch: DataFrame, answers: Answers, first: int | None = None) -> DataFrame:
    """The kept columns of a batch as they are, and its verdicts over their own memory."""
    columns = answers.columns(answers.found(batch, first))
    places = pl.Series(columns.pop(OUTCOME).indices)
    words = pl.Series(OUTCOME, outcome_words(answers.rules), _outcomes(answers.rules))
    kept = [batch[name] for name in answers.kept(batch.columns)]
    new = [pl.Series(name, column) for name, column in columns.items()]
    return DataFrame([*kept, *new, words.gather(places)])
