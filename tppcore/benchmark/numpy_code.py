"""What a user would write in NumPy: whole columns, or blocks that stay in the caches."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.benchmark.jobs import Table
from tppcore.benchmark.straight import COMPARISONS, Step, Straight, evaluate
from tppcore.engine import shards

Bools = NDArray[np.bool_]

BLOCK = 131072
"""Rows a block: large enough to hide NumPy's microsecond a call, small enough for the caches (the
fastest of 4,096 to 262,144)."""

_UFUNCS: dict[str, np.ufunc] = {
    "+": np.add,
    "*": np.multiply,
    "/": np.divide,
    "max": np.maximum,
    ">=": np.greater_equal,
    ">": np.greater,
    "<": np.less,
    "<=": np.less_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "*": operator.mul,
    "/": operator.truediv,
    "max": np.maximum,
    ">=": operator.ge,
    ">": operator.gt,
    "<": operator.lt,
    "<=": operator.le,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
}


def obvious(code: Straight, table: Table) -> list[Any]:
    """Every operation over all rows, each with a fresh array; one thread."""
    rows = len(next(iter(table.values())))

    def operation(step: Step, args: list[Any]) -> Any:
        match step.op:
            case "input":
                return table[step.name]
            case "flag":
                return table[step.name].view(np.bool_)
            case "number":
                return step.value
            case "true" | "false":
                return np.full(rows, step.op == "true")
            case ">=" | ">" | "<" | "<=":
                return _OPERATORS[step.op](args[0], step.value)
        return _OPERATORS[step.op](*args)

    return evaluate(code, operation)


class Blocks:
    """NumPy's best idiom: blocks that stay in the L2 cache, nothing allocated, every part computed
    once and in place, a share of the rows for each thread (ufuncs release the GIL).

    `out`: bool (paragraphs, rows), a byte each, as NumPy likes them. `block`: rows at a time.
    """

    def __init__(self, code: Straight, out: Bools, threads: int, block: int = BLOCK) -> None:
        self.out, self.threads, self.block = out, threads, block
        # Arrays by number: inputs, numbers, outputs, then scratch as it is needed.
        self.names = [step.name for step in code.steps if step.op in ("input", "flag")]
        constant = ("number", "true", "false")
        numbers = [step for step in code.steps if step.op in constant]
        self.constants = [s.value if s.op == "number" else s.op == "true" for s in numbers]
        self.constants += [step.value for step in code.steps if step.op in COMPARISONS]
        self.calls: list[tuple[np.ufunc, tuple[int, ...], int]] = []
        self.copies: list[tuple[int, int]] = []
        self.scratch: list[type] = []
        self._lower(code)

    def _lower(self, code: Straight) -> None:
        """Calls of ufuncs on numbered arrays, with as little scratch as their lives allow."""
        constants = iter(range(len(self.names), len(self.names) + len(self.constants)))
        given, last = iter(range(len(self.names))), code.last_uses()
        outputs = len(self.names) + len(self.constants)
        first = outputs + len(self.out)
        free: dict[type, list[int]] = {np.float64: [], np.bool_: []}
        place: list[int] = []
        thresholds = outputs - sum(step.op in COMPARISONS for step in code.steps)
        for index, step in enumerate(code.steps):
            if step.op in ("input", "flag"):
                place.append(next(given))
                continue
            if step.op in ("number", "true", "false"):
                place.append(next(constants))
                continue
            args = [place[arg] for arg in step.args]
            for arg in set(step.args):
                if last[arg] == index and place[arg] >= first:
                    free[self.scratch[place[arg] - first]].append(place[arg])
            if step.op in COMPARISONS:
                args.append(thresholds)
                thresholds += 1
            kind = np.bool_ if step.is_boolean else np.float64
            if index in code.results:
                place.append(outputs + code.results.index(index))
            elif free[kind]:
                place.append(free[kind].pop())
            else:
                place.append(first + len(self.scratch))
                self.scratch.append(kind)
            self.calls.append((_UFUNCS[step.op], tuple(args), place[-1]))
        for number, result in enumerate(code.results):
            if place[result] != outputs + number:
                self.copies.append((outputs + number, place[result]))

    def __call__(self, table: Table) -> Bools:
        shards.run(self.out.shape[1], self.threads, lambda a, b: self._share(table, a, b))
        return self.out

    def _share(self, table: Table, begin: int, end: int) -> None:
        scratch: list[NDArray[Any]] = [
            np.empty(min(self.block, end - begin), kind) for kind in self.scratch
        ]
        given = [
            values.view(np.bool_) if values.dtype == np.uint8 else values
            for values in (table[name] for name in self.names)
        ]
        for first in range(begin, end, self.block):
            last = min(first + self.block, end)
            arrays: list[Any] = [values[first:last] for values in given]
            arrays += self.constants
            arrays += [row[first:last] for row in self.out]
            arrays += [row[: last - first] for row in scratch]
            for ufunc, args, target in self.calls:
                ufunc(*[arrays[arg] for arg in args], out=arrays[target])
            for target, source in self.copies:
                arrays[target][...] = arrays[source]
