"""A suite sat as an exam: its sheet, with all that it takes to answer it in other ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore import api
from tppcore.edges import naive
from tppcore.edges.answers import FALSE, TRUE, UNDETERMINED, Verdicts
from tppcore.edges.naive import Numbers
from tppcore.engine.columns import MISSING, Column
from tppcore.engine.exact import Decisions
from tppcore.engine.widen import widened
from tppcore.rules.condition import Compare
from tppcore.rules.rulebook import Rulebook
from tppcore.sources.table import Table

Places = NDArray[np.int64]
"""(rows, 2): the first and the last place that a metric reaches among its thresholds."""

Spans = Mapping[str, tuple[int, int]]
"""The same for one row, by metric."""

Rule = Callable[[int, Spans], bool | None]
"""The verdict of a paragraph, by its number, where the metrics of a row lie at these places."""


class Exam:
    """A suite's sheet, and everything that the habits need of it."""

    def __init__(self, rules: Rulebook, sheet: Any) -> None:
        self.rules, self.sheet, self.rows = rules, sheet, sheet.num_rows
        self.decisions = Decisions(paragraph.condition for paragraph in rules.paragraphs)
        self.specs = rules.vocabulary.quantities

    def classify(self, sheet: Any, rules: Rulebook | None = None) -> Verdicts:
        """Verdicts of another sheet, or under other readings."""
        found = api.classify(sheet, rules or self.rules).to_numpy()
        return np.array(
            [np.ma.filled(each.astype(np.int8), UNDETERMINED) for each in found.values()]
        )

    @cached_property
    def places(self) -> dict[str, Places]:
        """Where the metrics lie: exactly, as verdicts on each threshold alone."""
        pattern = self.rules.paragraphs[0]
        probes = [
            replace(pattern, id=f"{metric} {n}", condition=Compare(metric, op, threshold, ""))
            for metric, places in self.decisions.places.items()
            for n, (threshold, op) in enumerate(
                (threshold, op) for threshold in places.thresholds for op in (">=", ">")
            )
        ]
        answers = self.classify(self.sheet, replace(self.rules, paragraphs=tuple(probes)))
        found, begin = {}, 0
        for metric, places in self.decisions.places.items():
            own = answers[begin : begin + 2 * len(places.thresholds)]
            begin += len(own)
            ends = ((own == TRUE).sum(axis=0), (own != FALSE).sum(axis=0))
            found[metric] = np.stack(ends, axis=1).astype(np.int64)
        return found

    def decide(
        self,
        places: Mapping[str, Places],
        rule: Rule | None = None,
    ) -> Verdicts:
        """Verdicts from places; `rule(paragraph, places of one row)` decides, else the exact
        engine. Rows that lie alike are decided once."""
        stacked = np.concatenate([places[metric] for metric in self.decisions.places], axis=1)
        alike, row_of = np.unique(stacked, axis=0, return_inverse=True)
        found = np.empty((len(self.rules.paragraphs), len(alike)), np.int8)
        for i, key in enumerate(alike.tolist()):
            ends = zip(key[::2], key[1::2], strict=True)
            spans = dict(zip(self.decisions.places, ends, strict=True))
            for p, decider in enumerate(self.decisions.deciders):
                verdict = rule(p, spans) if rule else decider.decide(spans)
                found[p, i] = UNDETERMINED if verdict is None else int(verdict)
        return np.ascontiguousarray(found[:, row_of.reshape(-1)])

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The sheet as an engine takes it, in doubles and booleans."""
        return widened(Table(self.sheet, self.rules.vocabulary).columns).by_quantity

    @cached_property
    def doubles(self) -> dict[str, NDArray[np.float64]]:
        """Every quantity as doubles (rows,), NaN where missing or a range."""
        found = {}
        columns = self.columns
        for name in self.specs:
            column = columns.get(name)
            if column is None or column.values is None:
                found[name] = np.full(self.rows, np.nan)
            elif column.values.dtype == np.uint8:
                found[name] = np.where(column.values == MISSING, np.nan, column.values)
            else:
                found[name] = column.values.astype(np.float64)
        return found

    @cached_property
    def ranged(self) -> dict[str, NDArray[np.bool_]]:
        """Where a quantity is a range."""
        found = {}
        for name, column in self.columns.items():
            if column.low is not None and column.high is not None:
                found[name] = ~np.isnan(column.low) | ~np.isnan(column.high)
        return found

    def filled(self, *, zero: bool) -> dict[str, NDArray[np.float64]]:
        """The same with what absence means, or with 0 for all that is missing (`zero`)."""
        any_rate = np.zeros(self.rows, bool)
        for name, values in self.doubles.items():
            if self.specs[name].rate:
                any_rate |= ~np.isnan(values) | self.ranged.get(name, np.False_)
        found = {}
        for name, values in self.doubles.items():
            spec = self.specs[name]
            missing = np.isnan(values) & ~self.ranged.get(name, np.False_)
            if spec.absent is not None:
                values = np.where(missing, float(spec.absent), values)
            elif spec.rate and not self.rules.formulas.open_unlisted:
                values = np.where(missing & (any_rate | zero), 0.0, values)
            elif zero:
                values = np.where(missing, 0.0, values)
            found[name] = values
        return found

    def computed(self, kind: type[np.floating[Any]], *, zero: bool = False) -> dict[str, Numbers]:
        """The metrics in doubles or floats (rows,), NaN where they have no value; `zero` as for
        `filled`."""
        columns = {name: values.astype(kind) for name, values in self.filled(zero=zero).items()}
        return {
            metric: np.broadcast_to(
                naive.evaluate(self.rules.formulas.tree(metric), columns, kind), self.rows
            )
            for metric in self.decisions.places
        }

    def places_of(self, values: Mapping[str, Numbers]) -> dict[str, Places]:
        """Where computed metrics lie; those without a value, and those not given, exactly."""
        found = dict(self.places)
        for metric, numbers in values.items():
            kind = numbers.dtype.type
            thresholds = self.decisions.places[metric].thresholds
            limits = np.array([kind(float(each)) for each in thresholds])
            below = np.searchsorted(limits, numbers, "left")
            reached = np.searchsorted(limits, numbers, "right")
            place = np.stack([below + reached] * 2, axis=1)
            found[metric] = np.where(np.isnan(numbers)[:, None], found[metric], place)
        return found
