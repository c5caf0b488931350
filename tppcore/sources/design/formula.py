"""Formulas of a design space: parsed, never run, and exact.

    2 * cores * 4096 * clock_ghz / 1000
    max(fixed, cores * 3.2) if clock_ghz >= 1.5 else chip.die_area_mm2

+ * /, max, min, decimals, names, brackets, and `a if x >= y else b` with one of >= > < <= (or the
name of an axis of booleans). There is no subtraction and no power: quantities are never negative.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction

from tppcore.engine.counting.forms import Forms
from tppcore.engine.counting.lowering import Range

MAX_LENGTH, MAX_DEPTH = 4000, 100
_NUMBER = re.compile(r"\d{1,40}(\.\d{1,40})?(e-?\d{1,2})?$", re.IGNORECASE)
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.LtE: "<=",
}
_EXPECTED = "a decimal, a name, + * /, max(...), min(...), or a if x >= y else b"


class FormulaError(ValueError):
    """A formula that the language does not have; `at` is where in its text, from 0."""

    def __init__(self, message: str, at: int = 0) -> None:
        self.at = at
        super().__init__(message)


class Formula:
    """One formula, checked. Raises FormulaError."""

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > MAX_LENGTH:
            raise FormulaError(f"{len(text)} characters; expected at most {MAX_LENGTH}")
        if "\n" in text or not text.isascii():
            raise FormulaError("expected one line of plain letters, digits and + * / ( )")
        try:
            self._root = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            at = (getattr(error, "offset", None) or 1) - 1
            raise FormulaError(f"not a formula: {text!r}; expected {_EXPECTED}", at) from None
        self._indent = len(text) - len(text.lstrip())
        self.names: dict[str, int] = {}
        self._check()

    def _fail(self, node: ast.AST, expected: str) -> FormulaError:
        segment = ast.get_source_segment(self.text.strip(), node) or self.text
        return FormulaError(f"{segment!r}; expected {expected}", self._at(node))

    def _at(self, node: ast.AST) -> int:
        return self._indent + getattr(node, "col_offset", 0)

    def _check(self) -> None:
        pending: list[tuple[ast.AST, int]] = [(self._root, 1)]
        while pending:
            node, depth = pending.pop()
            if depth > MAX_DEPTH:
                raise FormulaError(
                    f"nested too deep; expected at most {MAX_DEPTH} operations in each other"
                )
            for child in self._children(node):
                pending.append((child, depth + 1))

    def _children(self, node: ast.AST) -> list[ast.expr]:
        match node:
            case ast.Constant():
                self._number(node)
                return []
            case ast.Name(id=name):
                self.names.setdefault(name, self._at(node))
                return []
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                self.names.setdefault(f"{owner}.{name}", self._at(node))
                return []
            case ast.BinOp(left=a, op=ast.Add() | ast.Mult() | ast.Div(), right=b):
                return [a, b]
            case ast.BinOp(op=ast.Sub()) | ast.UnaryOp(op=ast.USub()):
                raise self._fail(node, "no subtraction: quantities are never negative")
            case ast.Call(func=ast.Name(id="max" | "min"), args=args, keywords=[]) if args:
                return list(args)
            case ast.IfExp(test=ast.Name() as test, body=a, orelse=b):
                return [test, a, b]
            case ast.IfExp(
                test=ast.Compare(left=x, ops=[op], comparators=[y]), body=a, orelse=b
            ) if type(op) in _COMPARISONS:
                return [x, y, a, b]
        raise self._fail(node, _EXPECTED)

    def _number(self, node: ast.Constant) -> Fraction:
        # From the source text: Python would give the nearest double of 0.9, not 0.9.
        segment = ast.get_source_segment(self.text.strip(), node) or ""
        if segment in ("True", "False"):
            return Fraction(segment == "True")
        if not _NUMBER.match(segment):
            raise self._fail(node, "a decimal of at most 40 digits, such as 0.9")
        return Fraction(segment)

    def range(self, forms: Forms, named: Callable[[str], Range | None]) -> Range | None:
        """The values over axes. `named` says what a name stands for; None is missing, and makes
        what is computed from it missing. KeyError for a name that stands for nothing."""

        def find(node: ast.expr) -> Range | None:
            match node:
                case ast.Constant():
                    value = forms.constant(self._number(node))
                    return Range(value, value)
                case ast.Name(id=name):
                    return named(name)
                case ast.Attribute(value=ast.Name(id=owner), attr=name):
                    return named(f"{owner}.{name}")
                case ast.IfExp(test=test, body=body, orelse=orelse):
                    return _choice(
                        forms, *self._condition(test, forms, find), find(body), find(orelse)
                    )
                case ast.BinOp(left=left, op=op, right=right):
                    a, b = find(left), find(right)
                    return None if a is None or b is None else _binary(forms, op, a, b)
                case ast.Call(func=ast.Name(id=name), args=args):
                    found = [each for arg in args if (each := find(arg)) is not None]
                    if len(found) < len(args):
                        return None
                    pick = forms.maximum if name == "max" else forms.minimum
                    return Range(pick(*(r.low for r in found)), pick(*(r.high for r in found)))
            raise AssertionError("checked when it was made")

        return find(self._root)

    def _condition(
        self, test: ast.expr, forms: Forms, find: Callable[[ast.expr], Range | None]
    ) -> tuple[Range | None, str, Range | None]:
        if isinstance(test, ast.Compare):
            return find(test.left), _COMPARISONS[type(test.ops[0])], find(test.comparators[0])
        return find(test), ">=", Range(forms.one, forms.one)


def _binary(forms: Forms, op: ast.operator, a: Range, b: Range) -> Range:
    match op:
        case ast.Add():
            return Range(forms.sum(a.low, b.low), forms.sum(a.high, b.high))
        case ast.Mult():
            return Range(forms.product(a.low, b.low), forms.product(a.high, b.high))
        case _:
            if b.low.low == 0:
                raise ZeroDivisionError
            return Range(forms.quotient(a.low, b.high), forms.quotient(a.high, b.low))


def _choice(
    forms: Forms, x: Range | None, op: str, y: Range | None, a: Range | None, b: Range | None
) -> Range | None:
    if x is None or y is None or a is None or b is None:
        return None
    if x.low is not x.high or y.low is not y.high:
        return Range(forms.minimum(a.low, b.low), forms.maximum(a.high, b.high))
    return Range(
        forms.select(x.low, op, y.low, a.low, b.low), forms.select(x.low, op, y.low, a.high, b.high)
    )
