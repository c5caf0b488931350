"""The formula language: what it has, what it refuses, and that it never runs anything."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    FormulaError,
    Max,
    Mul,
    NotApplicable,
    Quantity,
    Scope,
    not_monotone,
    parse,
    quantities,
)

NAMES = ("a", "b", "flag")
FORMATS = {"fp16": Fraction(16), "fp8": Fraction(8)}


def indexed(symbol: str, format: str) -> Expr:
    if symbol != "tops":
        raise KeyError(symbol)
    return Quantity(f"tops_{format}")


def named(name: str) -> Expr:
    if name not in NAMES:
        raise KeyError(name)
    return Quantity(name)


SCOPE = Scope(tuple(FORMATS), FORMATS, named, indexed, lambda name: name == "flag")
A, B, FLAG = Quantity("a"), Quantity("b"), Quantity("flag")


def const(text: str) -> Const:
    return Const(Fraction(text))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("0.9", const("0.9")),
        ("1e3", const("1000")),
        ("not_applicable", NotApplicable()),
        ("a + b * 2", Add(A, Mul(B, const("2")))),
        ("(a + b) / 2", Div(Add(A, B), const("2"))),
        ("a / b / 2", Div(Div(A, B), const("2"))),
        ("max(a, b, 1)", Max((A, B, const("1")))),
        ("a if flag else b", Choice(FLAG, ">=", Fraction(1), A, B)),
        ("a if b < 0.5 else 1", Choice(B, "<", Fraction("0.5"), A, const("1"))),
        (
            "max(bits[f] * tops[f] for f in formats)",
            Max(
                (
                    Mul(const("16"), Quantity("tops_fp16")),
                    Mul(const("8"), Quantity("tops_fp8")),
                )
            ),
        ),
    ],
)
def test_trees(text: str, tree: Expr) -> None:
    assert parse(text, SCOPE) == tree


def test_format_binds_the_index() -> None:
    assert parse("bits[f] * tops[f]", SCOPE, "fp8") == Mul(const("8"), Quantity("tops_fp8"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "__import__('os')",
        "a.__class__",
        "a.real",
        "a ** 2",
        "2 ** 999999999",
        "-a",
        "a - b",
        "a // b",
        "a % b",
        "a @ b",
        "a and b",
        "[a]",
        "(a, b)",
        "{a: b}",
        "(lambda: 1)()",
        "(a := 1)",
        "f'{a}'",
        "'text'",
        "b'x'",
        "True",
        "None",
        "...",
        "1j",
        "0x10",
        "eval('1')",
        "min(a, b)",
        "max()",
        "max(a, key=b)",
        "max(*a)",
        "max(tops[f] for f in a)",
        "max(tops[f] for f in formats if a)",
        "max(a for f in formats for f in formats)",
        "[a for f in formats]",
        "tops[f]",
        "bits[f]",
        "tops['fp8']",
        "max(sparse[f] for f in formats)",
        "a if b else 1",
        "a if not flag else b",
        "a if flag and flag else b",
        "a if b >= a else 1",
        "a if 1 <= b <= 2 else 1",
        "a if b == 1 else 2",
        "c",
        "a; b",
        "a\nb",
        "a b",
        "",
        "(" * 5000 + "a" + ")" * 5000,
        "+".join(["a"] * 300),
        "+".join(["a"] * 100_000),
        "max(" * 80 + "a" + ")" * 80 + " if " * 40,
    ],
    ids=lambda text: repr(text[:32]),
)
def test_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="expected"):
        parse(text, SCOPE)


@given(st.text("ab01.+*/()[]f '_\"max,iflseo-", max_size=40))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    with suppress(FormulaError):
        parse(text, SCOPE)


def test_quantities() -> None:
    assert quantities(parse("a if flag else max(b, tops[f]) / 2", SCOPE, "fp8")) == {
        "a", "b", "flag", "tops_fp8",
    }  # fmt: skip
    assert not quantities(parse("not_applicable", SCOPE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a + b", set()),
        ("a / b", set()),
        ("a * a + max(a, b)", set()),
        ("1 / (1 / a)", set()),
        ("a / (a + b)", {"a"}),
        ("a + 1 / a", {"a"}),
        ("a if flag else b", {"flag"}),
        ("a if a >= 1 else 0", {"a"}),
    ],
)
def test_not_monotone(text: str, found: set[str]) -> None:
    assert not_monotone(parse(text, SCOPE)) == found
