"""The exact engine over columns: the slow twin that every other engine is compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import LARGEST, MISSING, SMALLEST, Bitmaps, Column, Columns
from tppcore.engine.exact import Interval, Metrics, Row, decimal, decisions, point
from tppcore.engine.widen import decimals, widened_column
from tppcore.errors import InputError
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.vocabulary import QuantitySpec, Vocabulary

_SMALLEST, _LARGEST = Fraction(repr(SMALLEST)), Fraction(repr(LARGEST))
_EXPECTED = f"0 or a number from {SMALLEST:g} to {LARGEST:g}"


def evaluate(rules: Rulebook, columns: Columns) -> Bitmaps:
    """Verdicts of every paragraph and row. Raises InputError for numbers that are none."""
    return decide_rows(rules, rows(columns, rules.vocabulary), columns.rows)


def decide_rows(rules: Rulebook, each: Iterable[Row], count: int) -> Bitmaps:
    """Verdicts of `count` rows of intervals."""
    decider = decisions(rules)
    truth = np.zeros((2, len(rules.paragraphs), -(-count // 64) * 64), dtype=bool)
    for i, row in enumerate(each):
        for p, verdict in enumerate(decider.decide(Metrics(rules.formulas, row))):
            if verdict is not None:
                truth[:, p, i] = verdict, True
    packed = np.packbits(truth, axis=2, bitorder="little").view(np.uint64)
    return Bitmaps(count, packed[0], packed[1])


def rows(columns: Columns, vocabulary: Vocabulary) -> Iterator[Row]:
    """The rows of a table as intervals of fractions, checked."""
    readers = [
        (name, vocabulary.quantities[name], column, _reader(vocabulary.quantities[name], column))
        for name, column in columns.by_quantity.items()
    ]
    for i in range(columns.rows):
        row = {}
        for name, spec, column, read in readers:
            interval = _cell(spec, column, i, read)
            if interval is not None:
                row[name] = interval
        yield row


_Reader = Callable[[int], Fraction | None]


def _cell(spec: QuantitySpec, column: Column, i: int, read: _Reader) -> Interval | None:
    value, low, high = read(i), _end(spec, column.low, i), _end(spec, column.high, i)
    if value is not None:
        if low is not None or high is not None:
            raise InputError(spec.name, i, float(value), "a value or a range, not both")
        return point(value)
    if low is None and high is None:
        return None
    if high is not None and (low or Fraction(0)) > high:
        raise InputError(
            spec.name, i, float(low or 0), "a range whose low end is not above its high"
        )
    return Interval(low or Fraction(0), math.inf if high is None else high)


def _reader(spec: QuantitySpec, column: Column) -> _Reader:
    """What reads the value of a row."""
    if column.is_boolean:
        column = widened_column(column, spec.name)
    values = column.values
    if values is None or column.is_plain:
        return lambda i: _end(spec, values, i)
    nulls = column.nulls()
    if column.scale is not None:
        return lambda i: (
            None if nulls[i] else _checked(spec, next(decimals(column, range(i, i + 1))), i)
        )
    if values.dtype == np.float64:
        return lambda i: None if nulls[i] else _end(spec, values, i)
    if values.dtype.kind == "f":
        return lambda i: None if nulls[i] else _single(spec, values[i], i)
    return lambda i: None if nulls[i] else _checked(spec, Fraction(int(values[i])), i)


def _single(spec: QuantitySpec, value: np.floating[Any], i: int) -> Fraction | None:
    if np.isnan(value):
        return None
    if np.isinf(value):
        raise InputError(spec.name, i, float(value), _EXPECTED)
    return _checked(spec, Fraction(str(value)), i)


def _checked(spec: QuantitySpec, number: Fraction, i: int) -> Fraction:
    if number == 0 and spec.positive:
        raise InputError(spec.name, i, 0.0, "a number above 0")
    if number != 0 and not _SMALLEST <= number <= _LARGEST:
        raise InputError(spec.name, i, float(number), _EXPECTED)
    return number


def _end(spec: QuantitySpec, ends: NDArray[Any] | None, i: int) -> Fraction | None:
    if ends is None:
        return None
    if ends.dtype == np.uint8:
        if ends[i] == MISSING:
            return None
        if ends[i] > 1:
            raise InputError(spec.name, i, int(ends[i]), "0, 1 or missing")
        return Fraction(int(ends[i]))
    value = float(ends[i])
    if math.isnan(value):
        return None
    if value == 0:
        if spec.positive:
            raise InputError(spec.name, i, value, "a number above 0")
        return Fraction(0)
    if not SMALLEST <= value <= LARGEST:
        raise InputError(spec.name, i, value, _EXPECTED)
    return decimal(value)
