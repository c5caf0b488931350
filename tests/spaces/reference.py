"""Design spaces by brute force: every design by itself, in fractions, and the exact engine on it.

This reads formulas on its own (with Python's parser, and fractions for every number), so that it
shares with the package only the exact engine, which the law's verdicts are defined by.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import tppcore as tpp
from tppcore.engine.exact import Interval, Metrics, decisions
from tppcore.rules.rulebook import Rulebook

Number = Fraction | float
Verdicts = tuple[bool | None, ...]


@dataclass(frozen=True)
class Spec:
    """A space as it is written: what `Space(**vars)` takes."""

    axes: Mapping[str, Any]
    quantities: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return math.prod(len(places(given)) for given in self.axes.values())


def places(given: Any) -> list[Any]:
    """The values of an axis as fractions, or the names of chips."""
    if isinstance(given, Mapping):
        if "chips" in given:
            return list(given["chips"])
        if "from" in given:
            first, last, step = (Fraction(str(given[key])) for key in ("from", "to", "step"))
            return [first + i * step for i in range(int((last - first) // step) + 1)]
        given = given["values"]
    return [number(each) for each in given]


def weights(given: Any) -> list[int]:
    """The weights of an axis in the smallest whole numbers."""
    if not (isinstance(given, Mapping) and "weights" in given):
        return [1] * len(places(given))
    own = [number(each) for each in given["weights"]]
    unit = math.lcm(*(each.denominator for each in own))
    whole = [int(each * unit) for each in own]
    return [each // math.gcd(*whole) for each in whole]


def number(value: Any) -> Fraction:
    return Fraction(value) if isinstance(value, bool) else Fraction(str(value))


def times(a: Number, b: Number) -> Number:
    return Fraction(0) if a == 0 or b == 0 else a * b


def over(a: Number, b: Number) -> Number:
    if a == 0 or b == math.inf:
        return Fraction(0)
    return math.inf if b == 0 or a == math.inf else a / b


COMPARE = {
    ast.GtE: lambda a, b: a >= b,
    ast.Gt: lambda a, b: a > b,
    ast.LtE: lambda a, b: a <= b,
    ast.Lt: lambda a, b: a < b,
}


class Design:
    """One design: what its names stand for."""

    def __init__(self, spec: Spec, here: Mapping[str, Any]) -> None:
        self.spec, self.here = spec, here
        self.chip: Mapping[str, Interval] = {}
        self.chip_axis = ""
        for name, value in here.items():
            if isinstance(value, str):
                self.chip_axis, self.chip = name, tpp.chip(value).quantities

    def quantity(self, name: str) -> Interval | None:
        formulas = self.spec.quantities
        if name in formulas:
            return self.formula(formulas[name])
        if f"{name}_low" in formulas or f"{name}_high" in formulas:
            ends = [self.formula(formulas.get(f"{name}_{end}")) for end in ("low", "high")]
            low = Fraction(0) if ends[0] is None else ends[0].low
            return Interval(low, math.inf if ends[1] is None else ends[1].high)
        if name in self.here:
            return Interval(self.here[name], self.here[name])
        return self.chip.get(name)

    def formula(self, text: Any) -> Interval | None:
        if text is None:
            return None
        if isinstance(text, bool):
            text = int(text)
        return self.value(ast.parse(str(text), mode="eval").body, str(text))

    def named(self, name: str) -> Interval | None:
        if name in self.here:
            return Interval(self.here[name], self.here[name])
        if name in self.spec.constants:
            return Interval(*[number(self.spec.constants[name])] * 2)
        return self.quantity(name)

    def value(self, node: ast.expr, text: str) -> Interval | None:
        match node:
            case ast.Constant(value=bool() as value):
                return Interval(Fraction(value), Fraction(value))
            case ast.Constant():
                found = Fraction(text[node.col_offset : node.end_col_offset])
                return Interval(found, found)
            case ast.Name(id=name):
                return self.named(name)
            case ast.Attribute(attr=name):
                return self.chip.get(name)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                x, op, y = test, ast.GtE, ast.Constant(1)
                if isinstance(test, ast.Compare):
                    x, op, y = test.left, type(test.ops[0]), test.comparators[0]
                left = self.value(x, text)
                right = Interval(Fraction(1), Fraction(1)) if x is test else self.value(y, text)
                a, b = self.value(body, text), self.value(orelse, text)
                if left is None or right is None or a is None or b is None:
                    return None
                if not (left.known and right.known):
                    return Interval(min(a.low, b.low), max(a.high, b.high))
                return a if COMPARE[op](left.low, right.low) else b
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.value(left, text), self.value(right, text)
                if a is None or b is None:
                    return None
                match op:
                    case ast.Add():
                        return Interval(a.low + b.low, a.high + b.high)
                    case ast.Mult():
                        return Interval(times(a.low, b.low), times(a.high, b.high))
                return Interval(over(a.low, b.high), over(a.high, b.low))
            case ast.Call(func=ast.Name(id=name), args=args):
                found = [self.value(each, text) for each in args]
                if None in found:
                    return None
                pick = max if name == "max" else min
                return Interval(pick(f.low for f in found), pick(f.high for f in found))
        raise AssertionError(ast.dump(node))

    def row(self) -> dict[str, Interval]:
        names = {_base(name) for name in self.spec.quantities}
        names |= {name for name in self.here if name in _quantities()}
        names |= set(self.chip)
        found = {name: self.quantity(name) for name in names}
        return {name: each for name, each in found.items() if each is not None}


def _quantities() -> Mapping[str, Any]:
    from tppcore.rules.store import specs

    return specs().vocabulary.quantities


def _base(key: str) -> str:
    if key not in _quantities() and key.endswith(("_low", "_high")):
        return key.rpartition("_")[0]
    return key


def designs(spec: Spec) -> Iterator[tuple[dict[str, Any], int, dict[str, Interval]]]:
    """Values by axis, weight and quantities of every design, the last axis fastest; an axis of
    chips is the slowest."""
    names = sorted(spec.axes, key=lambda n: not (isinstance(spec.axes[n], Mapping) and "chips" in spec.axes[n]))
    each = [list(zip(places(spec.axes[n]), weights(spec.axes[n]), strict=True)) for n in names]
    for here in itertools.product(*each):
        at = {name: value for name, (value, _) in zip(names, here, strict=True)}
        yield at, math.prod(weight for _, weight in here), Design(spec, at).row()


def census(
    spec: Spec, rules: Rulebook, by: Sequence[str] = ()
) -> dict[tuple[Any, ...], Counter[Verdicts]]:
    """The weight of each combination of verdicts at each place of some axes."""
    decider = decisions(rules)
    found: dict[tuple[Any, ...], Counter[Verdicts]] = {}
    known: dict[tuple[Any, ...], Verdicts] = {}
    for at, weight, row in designs(spec):
        key = tuple((name, each.low, each.high) for name, each in sorted(row.items()))
        if key not in known:
            known[key] = tuple(decider.decide(Metrics(rules.formulas, row)))
        cell = found.setdefault(tuple(at[name] for name in by), Counter())
        cell[known[key]] += weight
    return found
