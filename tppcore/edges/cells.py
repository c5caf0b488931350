"""The quantities of one row, before it is a row of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from tppcore.edges.solver import Known
from tppcore.engine.exact import Interval, Metrics, point
from tppcore.rules.rulebook import Rulebook


class Range(NamedTuple):
    """A figure between two ends; None is an open end."""

    low: Fraction | None
    high: Fraction | None


Cells = Mapping[str, Fraction | Range]
"""What a row states, by quantity."""


def row(cells: Cells) -> dict[str, Interval]:
    """The same as the exact engine takes it."""
    return {
        name: point(cell)
        if isinstance(cell, Fraction)
        else Interval(cell.low or Fraction(0), math.inf if cell.high is None else cell.high)
        for name, cell in cells.items()
    }


def measure(rules: Rulebook, cells: Cells, metric: str) -> Interval:
    """The bounds of a metric in a row."""
    return Metrics(rules.formulas, row(cells)).metric(metric)


def stated(rules: Rulebook, known: Known) -> dict[str, Fraction | Range]:
    """What a sheet has to state for these values: not what its absence says as well."""
    specs = rules.vocabulary.quantities
    states_rate = any(specs[name].rate and each for name, each in known.items())
    closed = states_rate and not rules.formulas.open_unlisted
    return {
        name: known[name]
        for name, spec in specs.items()
        if name in known
        and not spec.internal
        and known[name] != spec.absent
        and not (spec.rate and closed and not known[name])
    }
