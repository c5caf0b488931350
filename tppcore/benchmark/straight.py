"""A rulebook as straight-line code for table libraries: every shared part is computed once.

This is what a careful user would write by hand: doubles, two truth values, no exact ties. The
benchmarks give it to NumPy and others; the engines of this package don't use it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeVar

from tppcore.program.specialise import COMPARE, specialise
from tppcore.rules.condition import All, AnyOf, Compare, Condition, Constant, Not
from tppcore.rules.expression import Add, Const, Div, Expr, Max, Mul, Quantity
from tppcore.rules.rulebook import Rulebook

ARITHMETIC = ("+", "*", "/", "max")
BOOLEAN = ("and", "or", "not")

COMPARISONS = (">=", ">", "<", "<=")
_OPPOSITE = {"<": ">=", "<=": ">", ">=": "<", ">": "<="}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on earlier steps `args`.

    `op`: "input" (the column `name`), "flag" (a column of booleans), "number" (`value`), one of
    ARITHMETIC, one of COMPARISONS (of a step with `value`), one of BOOLEAN, "true" or "false".
    """

    op: str
    args: tuple[int, ...] = ()
    name: str = ""
    value: float = 0.0

    @property
    def is_boolean(self) -> bool:
        return self.op in ("flag", "true", "false", *COMPARISONS, *BOOLEAN)


@dataclass(frozen=True, slots=True)
class Straight:
    """Steps in order, and the step of each paragraph."""

    steps: tuple[Step, ...]
    results: tuple[int, ...]

    def last_uses(self) -> dict[int, int]:
        """The last step that reads each step; results count as read at the end."""
        last = {arg: index for index, step in enumerate(self.steps) for arg in step.args}
        return last | dict.fromkeys(self.results, len(self.steps))


def straight(rules: Rulebook, given: Iterable[str]) -> Straight:
    """The straight-line form of all paragraphs for a table with the columns `given`.

    Raises ValueError where these don't decide every paragraph, or a formula has a choice in it.
    """
    builder = _Builder(rules, frozenset(given))
    results = tuple(builder.condition(each.condition) for each in rules.paragraphs)
    return _used(_opposite(list(builder.steps), results), results)


class _Builder:
    def __init__(self, rules: Rulebook, given: frozenset[str]) -> None:
        self.rules, self.given = rules, given
        self.steps: dict[Step, int] = {}

    def step(self, op: str, *args: int, name: str = "", value: float = 0.0) -> int:
        return self.steps.setdefault(Step(op, args, name, value), len(self.steps))

    def expr(self, expr: Expr) -> int:
        match expr:
            case Const(number):
                return self.step("number", value=float(number))
            case Quantity(name) if name in self.given:
                return self.step("input", name=name)
            case Add(a, b):
                return self.step("+", self.expr(a), self.expr(b))
            case Mul(a, b):
                return self.step("*", self.expr(a), self.expr(b))
            case Div(a, b):
                return self.step("/", self.expr(a), self.expr(b))
            case Max(args):
                return reduce(lambda a, b: self.step("max", a, b), map(self.expr, args))
        raise ValueError(f"{expr}: not decided by {', '.join(sorted(self.given))}")

    def condition(self, condition: Condition) -> int:
        match condition:
            case Constant(value):
                return self.step("true" if value else "false")
            case Compare(metric, op, threshold):
                return self.compare(metric, op, float(threshold))
            case Not(item):
                return self.negation(self.condition(item))
            case All(items):
                return self.together("and", items)
            case AnyOf(items):
                return self.together("or", items)
        raise ValueError(f"{condition}: a gap in the text")

    def compare(self, metric: str, op: str, threshold: float) -> int:
        tree = specialise(self.rules.formulas, metric, self.given)
        if isinstance(tree, Const):
            known = COMPARE[op](tree.value, tree.value.from_float(threshold))
            return self.step("true" if known else "false")
        spec = self.rules.vocabulary.quantities.get(metric)
        if spec is not None and spec.kind == "boolean" and metric in self.given:
            return self.step("flag", name=metric)
        if op in ("<", "<="):  # shared with >= and >, where these are asked for too
            return self.negation(self.compare(metric, _OPPOSITE[op], threshold))
        return self.step(op, self.expr(tree), value=threshold)

    def negation(self, item: int) -> int:
        step = list(self.steps)[item]
        if step.op in ("true", "false"):
            return self.step("false" if step.op == "true" else "true")
        return step.args[0] if step.op == "not" else self.step("not", item)

    def together(self, op: str, items: Iterable[Condition]) -> int:
        neutral, deciding = ("true", "false") if op == "and" else ("false", "true")
        found: dict[int, None] = {}
        for item in items:
            # What decides comes first: the rest may ask for columns that the table lacks.
            index = self.condition(item)
            if list(self.steps)[index].op == deciding:
                return index
            if list(self.steps)[index].op != neutral:
                found[index] = None
        if not found:
            return self.step(neutral)
        return reduce(lambda a, b: self.step(op, a, b), found)


def _opposite(steps: list[Step], results: tuple[int, ...]) -> list[Step]:
    """With `<` for the negation of a `>=` that nothing else reads."""
    reads = Counter([*results, *(arg for step in steps for arg in step.args)])
    for index, step in enumerate(steps):
        if step.op == "not" and reads[step.args[0]] == 1:
            negated = steps[step.args[0]]
            if negated.op in COMPARISONS:
                steps[index] = replace(negated, op=_OPPOSITE[negated.op])
    return steps


def _used(steps: list[Step], results: tuple[int, ...]) -> Straight:
    """Without the steps that nothing reads."""
    used = set(results)
    for index in range(len(steps) - 1, -1, -1):
        if index in used:
            used.update(steps[index].args)
    number = {old: new for new, old in enumerate(sorted(used))}
    kept = (
        replace(step, args=tuple(number[arg] for arg in step.args))
        for index, step in enumerate(steps)
        if index in used
    )
    return Straight(tuple(kept), tuple(number[result] for result in results))


def evaluate(code: Straight, operations: Callable[[Step, list[T]], T]) -> list[T]:
    """Every step through `operations(step, values of its args)`; what no later step reads is
    dropped on the way. The values of the paragraphs."""
    values: dict[int, T] = {}
    last = code.last_uses()
    for index, step in enumerate(code.steps):
        values[index] = operations(step, [values[arg] for arg in step.args])
        for arg in set(step.args):
            if last[arg] == index:
                del values[arg]
    return [values[result] for result in code.results]
