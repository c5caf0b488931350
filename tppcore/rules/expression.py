"""Formulas of metrics: parsed from text into trees over quantities, never run as Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Const:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Quantity:
    name: str


@dataclass(frozen=True, slots=True)
class Add:
    a: Expr
    b: Expr


@dataclass(frozen=True, slots=True)
class Mul:
    a: Expr
    b: Expr


@dataclass(frozen=True, slots=True)
class Div:
    a: Expr
    b: Expr


@dataclass(frozen=True, slots=True)
class Max:
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`a` where `subject op threshold` holds, otherwise `b`; a boolean is the comparison >= 1."""

    subject: Expr
    op: str
    threshold: Fraction
    a: Expr
    b: Expr


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The metric does not exist for this row."""


Expr = Const | Quantity | Add | Mul | Div | Max | Choice | NotApplicable


class FormulaError(ValueError):
    """A formula that the language does not have; the message says what was expected."""


@dataclass(frozen=True)
class Scope:
    """What the names of a formula stand for.

    `name(n)` gives a quantity or metric, `indexed(symbol, format)` the one of a format; both
    raise KeyError for what does not exist. `formats` are those that count under the readings.
    """

    formats: Sequence[str]
    bits: Mapping[str, Fraction]
    name: Callable[[str], Expr]
    indexed: Callable[[str, str], Expr]
    is_boolean: Callable[[str], bool]


_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.LtE: "<=",
}


MAX_DEPTH = 100


def parse(text: str, scope: Scope, format: str | None = None) -> Expr:
    """The tree of a formula.

    `format` binds the index `f` outside of `for f in formats` (metrics defined per format).
    Raises FormulaError.
    """
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f"not a formula: {text!r}; expected + * / max and names") from error
    if _depth(body) > MAX_DEPTH:
        raise FormulaError(
            f"nested too deep; expected at most {MAX_DEPTH} operations in each other"
        )
    return _Parser(text.strip(), scope).expr(body, format)


def _depth(node: ast.AST) -> int:
    depth, level = 0, [node]
    while level:
        depth, level = depth + 1, [child for each in level for child in ast.iter_child_nodes(each)]
    return depth


class _Parser:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope

    def fail(self, node: ast.AST, expected: str) -> FormulaError:
        return FormulaError(f"{ast.get_source_segment(self.text, node)!r}; expected {expected}")

    def number(self, node: ast.expr) -> Fraction:
        # From the source text: ast would give the nearest double of 0.9, not 0.9.
        segment = ast.get_source_segment(self.text, node) or ""
        try:
            return Fraction(segment)
        except ValueError:
            raise self.fail(node, "a decimal") from None

    def expr(self, node: ast.expr, f: str | None) -> Expr:
        match node:
            case ast.Constant():
                return Const(self.number(node))
            case ast.Name(id="not_applicable"):
                return NotApplicable()
            case ast.Name(id=name):
                return self.named(node, name)
            case ast.Subscript(value=ast.Name(id=symbol), slice=ast.Name(id="f")) if f:
                if symbol == "bits":
                    return Const(self.scope.bits[f])
                try:
                    return self.scope.indexed(symbol, f)
                except KeyError:
                    raise self.fail(node, "a quantity or metric that exists per format") from None
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return Add(self.expr(left, f), self.expr(right, f))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return Mul(self.expr(left, f), self.expr(right, f))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return Div(self.expr(left, f), self.expr(right, f))
            case ast.Call(func=ast.Name(id="max"), args=args, keywords=[]) if args:
                return self.maximum(args, f)
            case ast.IfExp(test=test, body=a, orelse=b):
                subject, op, threshold = self.condition(test, f)
                return Choice(subject, op, threshold, self.expr(a, f), self.expr(b, f))
        raise self.fail(node, "a decimal, a name, + * /, max(...), a if condition else b")

    def named(self, node: ast.expr, name: str) -> Expr:
        try:
            return self.scope.name(name)
        except KeyError:
            raise self.fail(node, "the name of a quantity or metric") from None

    def maximum(self, args: list[ast.expr], f: str | None) -> Expr:
        match args:
            case [ast.GeneratorExp(elt=body, generators=[ast.comprehension() as each])]:
                if ast.unparse(each).strip() != "for f in formats":
                    raise self.fail(args[0], "max(... for f in formats)")
                return Max(
                    tuple(self.expr(body, each_format) for each_format in self.scope.formats)
                )
        return Max(tuple(self.expr(argument, f) for argument in args))

    def condition(self, node: ast.expr, f: str | None) -> tuple[Expr, str, Fraction]:
        match node:
            case ast.Name(id=name) if self.scope.is_boolean(name):
                return self.named(node, name), ">=", Fraction(1)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return self.expr(left, f), _COMPARISONS[type(op)], self.number(right)
        raise self.fail(node, "a boolean quantity, or a comparison with a decimal")


def quantities(expr: Expr) -> frozenset[str]:
    """The names of the quantities that a formula reads."""
    match expr:
        case Quantity(name):
            return frozenset([name])
        case Add(a, b) | Mul(a, b) | Div(a, b):
            return quantities(a) | quantities(b)
        case Max(args):
            return frozenset().union(*map(quantities, args))
        case Choice(subject, _, _, a, b):
            return quantities(subject) | quantities(a) | quantities(b)
        case _:
            return frozenset()


def not_monotone(expr: Expr) -> frozenset[str]:
    """The quantities in which a formula is not provably monotone.

    Sums, products and maxima of non-negative terms keep a direction, a denominator turns it; a
    quantity that is met in both directions, or that decides a numeric choice, has none.
    """
    up, down, neither = _directions(expr)
    return neither | (up & down)


def _directions(expr: Expr) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    empty: frozenset[str] = frozenset()
    match expr:
        case Quantity(name):
            return frozenset([name]), empty, empty
        case Add(a, b) | Mul(a, b):
            parts = [_directions(a), _directions(b)]
        case Div(a, b):
            up, down, neither = _directions(b)
            parts = [_directions(a), (down, up, neither)]
        case Max(args):
            parts = [_directions(argument) for argument in args]
        case Choice(subject, _, _, a, b):
            parts = [_directions(a), _directions(b), (empty, empty, quantities(subject))]
        case _:
            return empty, empty, empty
    return (
        empty.union(*(part[0] for part in parts)),
        empty.union(*(part[1] for part in parts)),
        empty.union(*(part[2] for part in parts)),
    )
