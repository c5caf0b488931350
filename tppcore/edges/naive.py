"""What everyday code computes: metrics in doubles or floats, in the order of the formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    Max,
    Mul,
    NotApplicable,
    Quantity,
)

Numbers = NDArray[np.floating[Any]]

_COMPARE = {">=": np.greater_equal, ">": np.greater, "<": np.less, "<=": np.less_equal}


def evaluate(expr: Expr, columns: Mapping[str, Numbers], kind: type[np.floating[Any]]) -> Numbers:
    """A formula over columns (n,) of one width, NaN where it has no value.

    What is 0 stays 0 beside what is missing: an unclaimed rate needs no ratio.
    """
    with np.errstate(all="ignore"):
        return _evaluate(expr, columns, kind)


def _evaluate(expr: Expr, columns: Mapping[str, Numbers], kind: type[np.floating[Any]]) -> Numbers:
    match expr:
        case Const(value):
            return np.asarray(kind(float(value)))
        case Quantity(name):
            return columns[name]
        case NotApplicable():
            return np.asarray(kind("nan"))
        case Add(a, b):
            return np.asarray(_evaluate(a, columns, kind) + _evaluate(b, columns, kind))
        case Mul(a, b):
            one, two = _evaluate(a, columns, kind), _evaluate(b, columns, kind)
            return np.where((one == 0) | (two == 0), kind(0), one * two)
        case Div(a, b):
            one, two = _evaluate(a, columns, kind), _evaluate(b, columns, kind)
            return np.where((one == 0) & np.isnan(two), kind(0), one / two)
        case Max(args):
            top = _evaluate(args[0], columns, kind)
            for each in args[1:]:
                top = np.maximum(top, _evaluate(each, columns, kind))
            return top
        case Choice(subject, op, threshold, a, b):
            on = _evaluate(subject, columns, kind)
            one, two = _evaluate(a, columns, kind), _evaluate(b, columns, kind)
            chosen = np.where(_COMPARE[op](on, kind(float(threshold))), one, two)
            return np.where(np.isnan(on), kind("nan"), chosen)
