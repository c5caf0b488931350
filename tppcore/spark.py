"""Verdicts of a data frame in Spark: the Arrow batches of each partition are answered by the worker
that holds it, which needs tppcore in the same version and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from tppcore.answers import OUTCOME, Answers, Much
from tppcore.rules.rulebook import Rulebook


def classify(
    frame: Any,
    rules: Rulebook,
    verdicts: Much = "columns",
    *,
    keep: Sequence[str] | None = None,
    engine: str | None = None,
    threads: int | None = 1,
) -> Any:
    """The rows of a Spark data frame with their verdicts, a data frame; lazy, as Spark is.

    Parameters
    ----------
    frame: a pyspark DataFrame, of Spark Connect too.
    rules: from `tppcore.rulebook`.
    verdicts: "columns", a boolean column a paragraph (null where undetermined) and the outcome, a
        string, or "outcome", that one alone.
    keep: which columns of the frame stand before them; all if left out. Columns that are neither
        kept nor quantities are not read.
    engine: as for `tppcore.classify`.
    threads: of a task; Spark runs a task on each core of its own accord.

    Raises
    ------
    TppError: columns that can't be used or kept. A number that can't be used fails the job, with an
    InputError in Spark's message that names the row by its values in the kept columns that are no
    quantities, as batches don't know their place.
    """
    from pyspark.sql.types import BooleanType, StringType, StructField, StructType

    answers = Answers(
        rules,
        verdicts,
        keep=frame.columns if keep is None else keep,
        engine=engine,
        threads=threads,
    )
    # No rows: Spark answers that without a job.
    read = answers.read(frame.limit(0).toArrow())
    given = [frame.schema[name] for name in answers.kept(frame.columns)]
    new = [
        StructField(name, StringType() if name == OUTCOME else BooleanType())
        for name in answers.names
    ]
    # mapInArrow does not find columns with a dot in their name.
    asked = frame.select([f"`{name.replace('`', '``')}`" for name in read])
    numbered = asked.toDF(*map(str, range(len(read))))
    return numbered.mapInArrow(_Answerer(answers, read), StructType([*given, *new]))


class _Answerer:
    """Answers the batches of a partition, in whatever process it arrives."""

    def __init__(self, answers: Answers, names: Sequence[str]) -> None:
        self._pickled, self._names = pickle.dumps(answers), list(names)

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        answers = _answers(self._pickled)
        for batch in batches:
            found = answers(batch.rename_columns(self._names), None)
            place = found.schema.get_field_index(OUTCOME)
            # Spark has no dictionaries.
            words = found.column(place).cast(pa.string())
            yield from found.set_column(place, OUTCOME, words).to_batches()


@lru_cache(maxsize=8)
def _answers(pickled: bytes) -> Answers:
    """The same for all tasks of a process, so that the law is compiled once there."""
    found: Answers = pickle.loads(pickled)
    return found
