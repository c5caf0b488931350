"""Formulas cut down to the columns that a table has.

A peak rate that the table does not list is 0 in every row that states any rate, and unknown in a
row that states none. A maximum or a sum that also holds a listed rate is unbounded in such a row
anyway, so there the unlisted rate drops out; where nothing but unlisted rates is left, the symbol
UNLISTED stands for one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tppcore.program.decimals import is_decimal
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
from tppcore.rules.vocabulary import Formulas

UNLISTED = ""
"""The name of a rate that the table does not list."""

_ZERO, _ONE = Const(Fraction(0)), Const(Fraction(1))

COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression; `unbounded` if it is at least one listed rate (times something positive),
    hence unbounded in a row that states no rate."""

    expr: Expr
    unbounded: bool = False


def specialise(formulas: Formulas, name: str, given: frozenset[str]) -> Expr:
    """The tree of a metric over the columns `given`, with constants folded.

    Its bounds in every row are those of the full formula.
    """
    return _Specialiser(formulas, given).part(formulas.tree(name)).expr


class _Specialiser:
    def __init__(self, formulas: Formulas, given: frozenset[str]) -> None:
        self.quantities = formulas.vocabulary.quantities
        self.open_unlisted, self.given = formulas.open_unlisted, given
        self.positive = formulas.is_positive

    def part(self, expr: Expr) -> _Part:
        match expr:
            case Quantity(name):
                return self.quantity(name)
            case Add(a, b):
                return self.add(self.part(a), self.part(b))
            case Mul(a, b):
                return self.mul(self.part(a), self.part(b))
            case Div(a, b):
                return self.div(self.part(a), self.part(b))
            case Max(args):
                return self.max([self.part(argument) for argument in args])
            case Choice(subject, op, threshold, a, b):
                on = self.part(subject).expr
                if isinstance(on, Const):
                    return self.part(a if COMPARE[op](on.value, threshold) else b)
                return _Part(Choice(on, op, threshold, self.part(a).expr, self.part(b).expr))
            case Const() | NotApplicable():
                return _Part(expr)

    def quantity(self, name: str) -> _Part:
        spec = self.quantities[name]
        if name in self.given:
            return _Part(Quantity(name), spec.rate)
        if spec.absent is not None:
            return _Part(Const(spec.absent))
        if spec.rate:
            return _Part(Quantity(name), True) if self.open_unlisted else _Part(Quantity(UNLISTED))
        return _Part(Quantity(name))

    def add(self, a: _Part, b: _Part) -> _Part:
        for one, other in ((a, b), (b, a)):
            if one.expr == _ZERO or (one.expr == Quantity(UNLISTED) and other.unbounded):
                return other
        return _Part(Add(a.expr, b.expr), a.unbounded or b.unbounded)

    def mul(self, a: _Part, b: _Part) -> _Part:
        for one, other in ((a, b), (b, a)):
            if one.expr == _ONE:
                return other
            if one.expr == _ZERO:
                return _Part(_ZERO)
            if one.expr == Quantity(UNLISTED) and self.positive(other.expr):
                return one
        unbounded = (a.unbounded and self.positive(b.expr)) or (
            b.unbounded and self.positive(a.expr)
        )
        return _Part(Mul(a.expr, b.expr), unbounded)

    def div(self, a: _Part, b: _Part) -> _Part:
        if a.expr == Quantity(UNLISTED) and self.positive(b.expr):
            return a
        if isinstance(b.expr, Const) and b.expr.value > 0:
            inverse = 1 / b.expr.value
            if is_decimal(inverse):
                return self.mul(a, _Part(Const(inverse)))
        return _Part(Div(a.expr, b.expr), a.unbounded and self.positive(b.expr))

    def max(self, parts: list[_Part]) -> _Part:
        flat: dict[Expr, bool] = {}
        for part in parts:
            args = part.expr.args if isinstance(part.expr, Max) else (part.expr,)
            for argument in args:
                flat[argument] = flat.get(argument, False) or part.unbounded
        unbounded = any(flat.values())
        constants = [each.value for each in flat if isinstance(each, Const)]
        kept: list[Expr] = [each for each in flat if not isinstance(each, Const)]
        if unbounded:
            kept = [each for each in kept if each != Quantity(UNLISTED)]
        if constants and (max(constants) > 0 or not kept):
            kept.append(Const(max(constants)))
        return _Part(kept[0] if len(kept) == 1 else Max(tuple(kept)), unbounded)
