"""What people's tools do wrong, each as the answers it would give to a suite.

A habit departs from the exact engine in one thing alone. Some change the sheet before it is
classified (a range becomes its middle), some the place of a metric among its thresholds (a tie
becomes below), some the arithmetic, some how tests combine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.edges.answers import FALSE, TRUE, UNDETERMINED, Verdicts
from tppcore.edges.exam import Exam, Places, Rule, Spans
from tppcore.edges.routes import COUNT
from tppcore.engine.exact import holds
from tppcore.errors import TppError
from tppcore.rules.condition import All, AnyOf, Compare, Condition, Constant, Not, Unknown
from tppcore.rules.expression import quantities
from tppcore.rules.rulebook import Rulebook


@dataclass(frozen=True)
class Habit:
    """A mistake, in the words of a report, the answers that it leads to, (paragraphs, rows), and
    the rows of whose figures it makes something else, or else turns some verdict."""

    name: str
    answers: Verdicts
    rows: NDArray[np.bool_]


def all_habits(rules: Rulebook, sheet: Any) -> Iterator[Habit]:
    """The known mistakes on a sheet (pyarrow); those that its rulebook knows nothing of are left
    out."""
    exam = Exam(rules, sheet)
    truth = exam.classify(sheet)
    for name, answers, *rows in chain(
        _ties(exam),
        _arithmetic(exam),
        _missing(exam, truth),
        _ranges(exam),
        _rates(exam),
        _readings(exam),
    ):
        departs = answers != truth
        if departs.any():
            yield Habit(name, answers, rows[0] if rows else departs.any(axis=0))


Found = tuple[str, Verdicts] | tuple[str, Verdicts, NDArray[np.bool_]]
"""The parts of a habit."""


def _ties(exam: Exam) -> Iterator[Found]:
    def moved(step: int) -> dict[str, Places]:
        return {m: places + step * (places % 2) for m, places in exam.places.items()}

    numeric = {m for m in exam.places if _is_number(exam.rules, m)}

    def only(places: dict[str, Places]) -> dict[str, Places]:
        return {m: places[m] if m in numeric else each for m, each in exam.places.items()}

    yield "tie read as below", exam.decide(only(moved(-1)))
    yield "tie read as above", exam.decide(only(moved(1)))
    for name, ops in (
        ("limit left out (>= read as >, <= as <)", {">=": ">", "<=": "<"}),
        ("limit included (> read as >=, < as <=)", {">": ">=", "<": "<="}),
    ):
        changed = tuple(
            replace(each, condition=_with_ops(each.condition, ops, numeric))
            for each in exam.rules.paragraphs
        )
        yield name, exam.classify(exam.sheet, replace(exam.rules, paragraphs=changed))


def _with_ops(condition: Condition, ops: Mapping[str, str], numeric: set[str]) -> Condition:
    match condition:
        case Compare(metric, op) if metric in numeric:
            return replace(condition, op=ops.get(op, op))
        case All(items):
            return All(tuple(_with_ops(each, ops, numeric) for each in items))
        case AnyOf(items):
            return AnyOf(tuple(_with_ops(each, ops, numeric) for each in items))
        case Not(item):
            return Not(_with_ops(item, ops, numeric))
        case _:
            return condition


def _is_number(rules: Rulebook, metric: str) -> bool:
    kind = rules.vocabulary.kind(metric)
    return kind is not None and kind.kind == "number"


def _arithmetic(exam: Exam) -> Iterator[Found]:
    for kind, words in ((np.float32, "float32"), (np.float64, "doubles")):
        values = exam.computed(kind)
        yield f"computed in {words}", exam.decide(exam.places_of(values))
    for digits in (2, 1, 0, 3):
        rounded = {m: np.round(each, digits) for m, each in values.items()}
        words = f"rounded to {digits} decimals before comparison"
        yield words, exam.decide(exam.places_of(rounded))
        for metric in values:
            if _is_number(exam.rules, metric):
                own = exam.places_of({metric: rounded[metric]})
                yield f"{metric} {words}", exam.decide(own)


def _missing(exam: Exam, truth: Verdicts) -> Iterator[Found]:
    conditions = [paragraph.condition for paragraph in exam.rules.paragraphs]
    thresholds = {m: places.thresholds for m, places in exam.decisions.places.items()}

    def two_valued(held: bool | None) -> Rule:
        def rule(p: int, spans: Spans) -> bool | None:
            return _logic(conditions[p], spans, thresholds, held)

        return rule

    yield "missing read as false", np.where(truth == UNDETERMINED, FALSE, truth).astype(np.int8)
    yield "missing read as true", np.where(truth == UNDETERMINED, TRUE, truth).astype(np.int8)
    yield "missing read as false", exam.decide(exam.places, two_valued(False))
    yield "missing read as true", exam.decide(exam.places, two_valued(True))
    zero = exam.places_of(exam.computed(np.float64, zero=True))
    yield "missing read as 0", exam.decide(zero)
    yield "missing read as 0", exam.decide(zero, two_valued(False))
    yield "tests decided one by one", exam.decide(exam.places, two_valued(None))


def _logic(
    condition: Condition,
    spans: Spans,
    thresholds: Mapping[str, list[Fraction]],
    held: bool | None,
) -> bool | None:
    """Test by test, where an open test counts as `held` (None: Kleene's three values)."""
    match condition:
        case Compare(metric, op, threshold):
            at = 2 * thresholds[metric].index(threshold) + 1
            sides = {holds(Fraction(end), op, Fraction(at)) for end in spans[metric]}
            return sides.pop() if len(sides) == 1 else held
        case Unknown():
            return held
        case Constant(value):
            return value
        case Not(item):
            inner = _logic(item, spans, thresholds, held)
            return None if inner is None else not inner
        case All(items) | AnyOf(items):
            parts = {_logic(each, spans, thresholds, held) for each in items}
            stop = isinstance(condition, AnyOf)
            return stop if stop in parts else None if None in parts else not stop
        case _:
            raise AssertionError(f"{condition} has not been expanded")


def _ranges(exam: Exam) -> Iterator[Found]:
    names = exam.sheet.column_names
    based = sorted({name.rpartition("_")[0] for name in names if name.endswith(("_low", "_high"))})
    based = [name for name in based if name in exam.specs]
    if not based:
        return
    touched = np.zeros(exam.rows, bool)
    for each in exam.ranged.values():
        touched |= each
    for side in ("low end", "middle", "high end", None):
        name = f"range read by its {side}" if side else "range not read"
        answers = exam.classify(_without_ranges(exam, based, side))
        yield name, answers, touched
        yield name, _closed(answers, touched), touched


def _closed(answers: Verdicts, touched: NDArray[np.bool_]) -> Verdicts:
    """What a habit leaves open in the rows that it touches, as false."""
    return np.where((answers == UNDETERMINED) & touched, FALSE, answers).astype(np.int8)


def _without_ranges(exam: Exam, based: list[str], side: str | None) -> Any:
    import pyarrow as pa

    sheet = exam.sheet
    for name in based:
        ends = []
        for end in ("low", "high"):
            column = f"{name}_{end}"
            if column in sheet.column_names:
                ends.append(np.array(sheet.column(column).to_pylist(), np.float64))
                sheet = sheet.drop_columns([column])
            else:
                ends.append(np.full(exam.rows, np.nan))
        low, high = ends
        if side is None:
            continue
        open_low = 0.0 if not exam.specs[name].positive else np.nan
        low, high = (
            np.where(np.isnan(low), np.where(np.isnan(high), np.nan, open_low), low),
            high,
        )
        value = {"low end": low, "middle": (low + high) / 2, "high end": high}[side]
        if name in sheet.column_names:
            own = np.array(sheet.column(name).to_pylist(), np.float64)
            value = np.where(np.isnan(own), value, own)
            sheet = sheet.drop_columns([name])
        sheet = sheet.append_column(name, pa.array(value, from_pandas=True))
    return sheet


def _rates(exam: Exam) -> Iterator[Found]:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = set(exam.sheet.column_names)
    read = frozenset[str]().union(
        *(quantities(exam.rules.formulas.tree(m)) for m in exam.decisions.places)
    )

    def without(words: str, dropped: set[str]) -> Iterator[Found]:
        gone = {f"{name}{end}" for name in dropped for end in ("", "_low", "_high")} & names
        if not gone:
            return
        answers = _try(exam, exam.sheet.drop_columns(sorted(gone)))
        if answers is not None:
            touched = np.zeros(exam.rows, bool)
            for column in gone:
                touched |= np.asarray(pc.is_valid(exam.sheet.column(column)))
            yield words, answers, touched
            yield words, _closed(answers, touched), touched

    rates = [name for name, spec in exam.specs.items() if spec.rate and name in read]
    symbols = {"tops_vector": "vector rates", "tops_sparse": "sparse rates"}
    for symbol, words in symbols.items():
        dropped = {name for name in rates if exam.specs[name].symbol == symbol}
        if dropped:
            yield from without(f"{words} not read", dropped)
    for format in exam.rules.vocabulary.formats:
        dropped = {name for name in rates if exam.specs[name].format == format}
        if dropped:
            yield from without(f"format {format} not read", dropped)
    for factor, words in ((2.0, "rate counted twice"), (0.5, "rate halved")):
        sheet = exam.sheet
        for name in rates:
            for column in (name, f"{name}_low", f"{name}_high"):
                if column in names:
                    place = sheet.column_names.index(column)
                    sheet = sheet.set_column(place, column, pc.multiply(sheet[column], factor))
        counted = _try(exam, sheet)
        if counted is not None:
            yield words, counted
    sheet = exam.sheet
    for name in rates:
        if exam.specs[name].symbol == "tops_sparse":
            ratio = f"sparse_ratio_{exam.specs[name].format}"
            if ratio in names:
                place = sheet.column_names.index(ratio)
                ones = pa.array(np.ones(exam.rows))
                kept = pc.if_else(pc.is_valid(sheet[ratio]), ones, None)
                sheet = sheet.set_column(place, ratio, kept)
    sparse = _try(exam, sheet)
    if sparse is not None:
        yield "sparse rate taken as dense", sparse
    narrow = _try(exam, _narrowest(exam))
    if narrow is not None:
        yield "narrowest format taken", narrow
    if COUNT in names:
        alone = exam.classify(exam.sheet.drop_columns([COUNT]))
        yield "figures of several circuits taken for one", alone


def _narrowest(exam: Exam) -> Any:
    """The sheet with no dense rate beside that of the fewest bits."""
    import pyarrow as pa

    sheet = exam.sheet
    seen = np.zeros(exam.rows, bool)
    for format in sorted(
        exam.rules.vocabulary.formats, key=exam.rules.vocabulary.formats.__getitem__
    ):
        if (name := f"tops_{format}") in sheet.column_names:
            values = exam.doubles[name]
            kept = pa.array(np.where(seen, np.nan, values), from_pandas=True)
            sheet = sheet.set_column(sheet.column_names.index(name), name, kept)
            seen |= ~np.isnan(values)
    return sheet


def _try(exam: Exam, sheet: Any) -> Verdicts | None:
    """Verdicts, or None where the sheet has no columns left or numbers that are none."""
    try:
        return exam.classify(sheet)
    except TppError:
        return None


def _readings(exam: Exam) -> Iterator[Found]:
    for name, reading in exam.rules.vocabulary.readings.items():
        for alternative in reading.alternatives:
            if alternative.name != exam.rules.readings[name]:
                other = exam.rules.with_readings({name: alternative.name})
                try:
                    yield (
                        f"other reading ({name}={alternative.name})",
                        exam.classify(exam.sheet, other),
                    )
                except TppError:
                    continue
