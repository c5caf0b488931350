"""Polars, lazily, on its streaming engine. It allocates its outputs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from tppcore.benchmark.jobs import Job, Table
from tppcore.benchmark.rounds import Contender
from tppcore.benchmark.straight import ARITHMETIC, COMPARISONS, Step, straight

_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "*": operator.mul,
    "/": operator.truediv,
    "max": lambda a, b: pl.max_horizontal(a, b),
    ">=": operator.ge,
    ">": operator.gt,
    "<": operator.lt,
    "<=": operator.le,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
}


def make(job: Job, table: Table) -> Contender:
    """Metrics as columns first, then all paragraphs in one `select`."""
    code = straight(job.rules, job.columns)
    frame = pl.DataFrame(
        {n: v.view(np.bool_) if v.dtype == np.uint8 else v for n, v in table.items()}
    )
    tested = {step.args[0] for step in code.steps if step.op in COMPARISONS}
    metrics = {i for i in tested if code.steps[i].op in ARITHMETIC}
    lazy, values = frame.lazy(), list[Any]()
    for index, step in enumerate(code.steps):
        value = _value(step, [values[arg] for arg in step.args])
        if index in metrics:
            lazy = lazy.with_columns(value.alias(f"metric_{index}"))
            value = pl.col(f"metric_{index}")
        values.append(value)
    chosen = {
        each.id: values[i] for each, i in zip(job.rules.paragraphs, code.results, strict=True)
    }
    lazy = lazy.select(**{name: _column(value) for name, value in chosen.items()})
    return lambda: lazy.collect(engine="streaming")


def _value(step: Step, args: list[Any]) -> Any:
    match step.op:
        case "input" | "flag":
            return pl.col(step.name)
        case "number":
            return step.value
        case "true" | "false":
            return step.op == "true"
        case ">=" | ">" | "<" | "<=":
            return _OPERATORS[step.op](args[0], step.value)
    return _OPERATORS[step.op](*args)


def _column(value: Any) -> Any:
    return pl.repeat(value, pl.len(), dtype=pl.Boolean) if isinstance(value, bool) else value


def rows(answer: Any) -> np.ndarray:
    """The answer as booleans (paragraphs, rows)."""
    return np.array([column.to_numpy() for column in answer.get_columns()])
