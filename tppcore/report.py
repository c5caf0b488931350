"""Verdicts for people: the table that `tppcore classify` writes, and how it looks on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from tppcore import api
from tppcore.errors import TppError
from tppcore.rules.condition import All, AnyOf, Compare, Condition, Not

if TYPE_CHECKING:
    from rich.console import Console

HEADLINE = ("tpp", "performance_density", "total_dram_bandwidth")
"""The metrics that every report shows."""

UNDETERMINED = "undetermined"
_SHOWN = 1000  # rows of a table on a terminal


@dataclass(frozen=True, slots=True)
class Report:
    """`table` (pyarrow): key columns, metrics, one column a paragraph, `outcome`,
    `limiting_test` and `margin`; `about`: how it came about."""

    table: Any
    keys: tuple[str, ...]
    paragraphs: tuple[str, ...]
    about: Mapping[str, Any]


def about(rules: api.Rulebook, engine: str | None = None) -> dict[str, Any]:
    """What every output says of itself: version, rulebook, date, destination, readings."""
    from tppcore import __version__

    return {
        "tppcore": __version__,
        "rulebook": rules.hash,
        "as_of": rules.as_of.isoformat(),
        "destination": rules.destination or "",
        "readings": dict(rules.readings),
        **({"engine": engine} if engine else {}),
    }


def tested_metrics(rules: api.Rulebook) -> tuple[str, ...]:
    """The metrics of the headline, and those that some paragraph of the rulebook tests."""
    tested: set[str] = set()

    def collect(condition: Condition) -> None:
        match condition:
            case Compare(metric):
                tested.add(metric)
            case All(items) | AnyOf(items):
                for item in items:
                    collect(item)
            case Not(item):
                collect(item)

    for paragraph in rules.paragraphs:
        collect(paragraph.condition)
    return tuple(
        name
        for name, spec in rules.vocabulary.metrics.items()
        if name in HEADLINE or (name in tested and not spec.internal)
    )


def classify(
    table: Any,
    keys: Sequence[str],
    rules: api.Rulebook,
    *,
    engine: str | None = None,
    threads: int | None = None,
) -> Report:
    """Verdicts on a table (pyarrow) beside its key columns, its metrics and what decides it.

    A metric that is not one number is null, and has the columns NAME_low and NAME_high if some
    row of the table has bounds for it. Raises `InputError`.
    """
    import pyarrow as pa

    from tppcore.limiting import limiting

    def verdicts(probes: api.Rulebook) -> Mapping[str, Any]:
        return api.classify(table, probes, engine=engine, threads=threads).to_numpy()

    found = api.classify(table, rules, engine=engine, threads=threads)
    names = tested_metrics(rules)
    bounds = api.bounds(table, names, rules)
    limits = limiting(
        rules,
        table.num_rows,
        verdicts,
        lambda wanted: {name: low for name, (low, _) in api.bounds(table, wanted, rules).items()},
    )
    columns: dict[str, Any] = {}
    for name, (low, high) in bounds.items():
        columns |= _metric(name, low, high)
    answers = found.to_arrow()
    paragraphs = tuple(each.id for each in rules.paragraphs)
    columns |= {name: answers.column(name) for name in paragraphs}
    columns["outcome"] = outcomes(found)
    columns["limiting_test"] = pa.array([each or None for each in limits.tests], pa.string())
    columns["margin"] = pa.array(limits.margins, from_pandas=True)
    kept = tuple(key for key in keys if key not in columns)
    whole = pa.table({**{key: table.column(key) for key in kept}, **columns})
    return Report(whole, kept, paragraphs, about(rules, engine))
