"""The metrics and tests of a program as columns of SQL queries, each of which reads the one before.

A test is TRUE where all values of its metric agree that it holds, FALSE where all agree that it
does not, and NULL otherwise.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tppcore.engine.structure import cone, is_unknown, tested
from tppcore.program.program import Op, Program, Test
from tppcore.sql.dialects import LONGEST
from tppcore.sql.spans import (
    ANYTHING,
    Ratios,
    Span,
    added,
    chosen,
    constant,
    divided,
    larger,
    multiplied,
    reached,
)
from tppcore.sql.terms import (
    FALSE,
    TRUE,
    Digits,
    Term,
    all_of,
    any_of,
    literal,
    name,
    whole_factor,
)

UNDETERMINED = "CAST(NULL AS BOOLEAN)"

_COMPUTED = re.compile(r" [*+] |^GREATEST|^LEAST|^CASE")


class Metrics:
    """`stages[k]`: the columns (name and SQL) that query k adds; `tests`: the column of a test."""

    def __init__(
        self, program: Program, source: Mapping[int, Span], taken: Iterable[str], digits: Digits
    ) -> None:
        self.program, self.source, self.digits = program, source, digits
        self.stages: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self.tests: dict[int, str] = {}
        self._taken = set(taken)
        self._stage_of: dict[int, int] = {}
        self._names = {node: metric for metric, node in reversed(program.metrics)}
        needed = cone(program, tested(program))
        used = self._uses(needed)
        tests_of: dict[int, list[int]] = defaultdict(list)
        for number, test in enumerate(program.tests):
            tests_of[test.node].append(number)
        spans: dict[int, Span] = {}
        for index in needed:
            span = self._span(index, spans)
            # What only goes into a larger maximum, or stands in the table, needs no column.
            if used[index] - {Op.MAX} and program.nodes[index].op >= Op.ADD:
                span = self._stored(index, span)
            spans[index] = span
            for number in tests_of[index]:
                self._test(number, span)

    @property
    def last(self) -> int:
        """The first query that has every test."""
        return max([1, *self.stages]) + 1

    def _uses(self, needed: list[int]) -> dict[int, set[Op | None]]:
        """What reads a node: operations, and tests (None)."""
        used: dict[int, set[Op | None]] = defaultdict(set)
        for test in self.program.tests:
            used[test.node].add(None)
        for index in needed:
            node = self.program.nodes[index]
            if node.op in (Op.ADD, Op.MUL, Op.DIV, Op.MAX, Op.SELECT):
                used[node.a].add(node.op)
                used[node.b].add(node.op)
        return used

    def _span(self, index: int, spans: Mapping[int, Span]) -> Span:
        node = self.program.nodes[index]
        match node.op:
            case Op.CONST:
                assert node.value is not None
                return constant(node.value)
            case Op.INPUT:
                unknown = is_unknown(self.program.inputs[node.a])
                return ANYTHING if unknown else self.source[node.a]
            case Op.NOT_APPLICABLE:
                return ANYTHING
            case Op.DIV:
                return divided(spans[node.a], spans[node.b], node.positive)
            case Op.SELECT:
                test = self.tests[node.test]
                return chosen(test, self._stage_of[node.test], spans[node.a], spans[node.b])
        operate: Callable[[Span, Span], Span] = {
            Op.ADD: added,
            Op.MUL: multiplied,
            Op.MAX: larger,
        }[node.op]
        return operate(spans[node.a], spans[node.b])

    def _stored(self, index: int, span: Span) -> Span:
        """The same span, its computed numerators and denominators as columns."""
        stored: dict[str, Term] = {}
        title = self._names.get(index, f"part {index}")
        alike = span.low == span.high

        def column(term: Term, end: str) -> Term:
            if not _COMPUTED.search(term.sql):
                return term
            if term.sql not in stored:
                self.digits.check(term.most, term.places)
                sql = self._add(span.stage, title if alike else f"{title} {end}", term.sql)
                above = TRUE if term.above == TRUE else None
                stored[term.sql] = Term(sql, term.most, term.places, above=above)
            return stored[term.sql]

        def columns(ratios: Ratios, end: str) -> Ratios:
            return tuple(
                replace(each, top=column(each.top, end), bottom=column(each.bottom, end))
                for each in ratios
            )

        low = columns(span.low, "low")
        high = None if span.high is None else columns(span.high, "high")
        return replace(span, low=low, high=high, stage=span.stage + bool(stored))

    def _test(self, number: int, span: Span) -> None:
        test = self.program.tests[number]
        sql = self._truth(test, span)
        if sql == UNDETERMINED and self.program.nodes[test.node].op == Op.NOT_APPLICABLE:
            title = "a gap in the text"
        else:
            title = f"{self._title(test.node)} {test.op} {_number(test)}"
        self.tests[number] = self._add(span.stage, title, sql)
        self._stage_of[number] = span.stage + 1

    def _title(self, index: int) -> str:
        node = self.program.nodes[index]
        if node.op == Op.INPUT:
            return self.program.inputs[node.a].quantity or "an unlisted rate"
        return self._names.get(index, f"part {index}")

    def _truth(self, test: Test, span: Span) -> str:
        if test.op in ("<", "<="):
            op = ">=" if test.op == "<" else ">"
            return f"NOT ({self._truth(replace(test, op=op), span)})"
        if test.threshold == 0 and test.op == ">=":
            return TRUE
        low = self._any_reached(span.low, test)
        high = FALSE if span.high is None else self._any_reached(span.high, test)
        if span.high is None:
            return UNDETERMINED if low == FALSE else f"CASE WHEN {low} THEN TRUE END"
        known = all_of(span.known)
        if low == high:
            if known == TRUE:
                return low
            if (simple := self._as_given(span.low, test)) is not None:
                return simple
            return f"CASE WHEN {low} THEN TRUE WHEN {known} THEN FALSE END"
        no = all_of([known, FALSE if high == TRUE else f"NOT ({high})"])
        if high == FALSE:
            no = known
        yes = "" if low == FALSE else f" WHEN {low} THEN TRUE"
        return f"CASE{yes} WHEN {no} THEN FALSE END"

    def _any_reached(self, ratios: Ratios, test: Test) -> str:
        return any_of(reached(each, test.op, test.threshold, self.digits) for each in ratios)

    def _as_given(self, ratios: Ratios, test: Test) -> str | None:
        """The comparison of a quantity as the table has it: NULL where it is missing."""
        if len(ratios) != 1 or ratios[0].top.given is None or ratios[0].gate:
            return None
        top = replace(ratios[0].top, sql=ratios[0].top.given)
        return reached(replace(ratios[0], top=top), test.op, test.threshold, self.digits)

    def _add(self, stage: int, title: str, sql: str) -> str:
        title = title if len(title.encode()) <= LONGEST - 6 else "part"
        unique, n = title, 1
        while unique in self._taken:
            n += 1
            unique = f"{title} ({n})"
        self._taken.add(unique)
        self.stages[stage].append((unique, sql))
        return name(unique)


def _number(test: Test) -> str:
    n = whole_factor([test.threshold])
    return literal(test.threshold * n) + (f"/{n}" if n > 1 else "")
