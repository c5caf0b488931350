"""`df.tpp`: verdicts and metrics beside the columns of a pandas data frame.

    import tppcore.pandas

registers it. Every frame that comes back has the frame's own index and columns, then the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

import tppcore as tpp
from tppcore.answers import Answers, Much, check_kept
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.store import specs
from tppcore.sources.columns import key_columns
from tppcore.sources.table import Table


@pd.api.extensions.register_dataframe_accessor("tpp")
class PandasFrame:
    """The `tpp` of a data frame."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def classify(
        self,
        rules: Rulebook,
        verdicts: Much = "columns",
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
        threads: int | None = None,
    ) -> Any:
        """The frame with a nullable boolean column a paragraph (missing where undetermined) and the
        outcome, a category.

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
        names = list(self._frame.columns)
        answers = Answers(
            rules, verdicts, keep=names if keep is None else keep, engine=engine, threads=threads
        )
        return self._beside(answers.kept(names), self._columns(answers))

    def outcome(self, rules: Rulebook, *, engine: str | None = None) -> Any:
        """The highest outcome of each row, a Series of categories with the strongest first."""
        return self._columns(Answers(rules, "outcome", engine=engine))["outcome"]

    def counts(self, rules: Rulebook, *, engine: str | None = None) -> Any:
        """How many rows are true, false and undetermined, a row a paragraph."""
        found = tpp.classify(self._stating(), rules, engine=engine)
        return pd.DataFrame.from_dict(found.counts(), orient="index").rename_axis("paragraph")

    def metrics(
        self,
        names: Sequence[str] | None = None,
        readings: Mapping[str, str] | None = None,
        *,
        keep: Sequence[str] | None = None,
        engine: str | None = None,
    ) -> Any:
        """The frame with metrics as doubles to look at, as `tppcore.metrics` names them; `keep` as
        for `classify`. Raises UnknownName for a metric, and as `classify`."""
        found = tpp.metrics(self._stating(), names, readings, engine=engine)
        own = list(self._frame.columns)
        kept = check_kept(own if keep is None else keep, own, list(found.columns))
        return self._beside(kept, found)

    def _stating(self) -> Any:
        """The columns that state quantities: Arrow has no word for what others may hold."""
        quantities = specs().vocabulary.quantities
        names = [name for name in self._frame.columns if isinstance(name, str)]
        others = key_columns(names, quantities)
        _ = Table(dict.fromkeys(others, ()), specs().vocabulary).columns  # refuses slips of the pen
        stating = [name for name in names if name not in others]
        if stating:
            return self._frame[stating]
        # Of no column at all nobody could say how many rows it has.
        return pd.DataFrame({"": [None] * len(self._frame)}, index=self._frame.index)

    def _columns(self, answers: Answers) -> Any:
        import pyarrow as pa

        columns = answers.columns(answers.found(self._stating()))
        booleans = {pa.bool_(): pd.BooleanDtype()}.get
        return pa.table(columns).to_pandas(types_mapper=booleans).set_axis(self._frame.index)

    def _beside(self, kept: Sequence[str], new: Any) -> Any:
        return pd.concat([self._frame[list(kept)], new], axis=1)
