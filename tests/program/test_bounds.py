"""Epsilons are real bounds, and where there is none the doubles decide ties right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tppcore.program.bounds import (
    EPSILON_UNIT,
    MAX_BITS,
    TooWide,
    bounds,
    epsilon,
    power_of_two,
)
from tppcore.program.program import Node, Op

HOLDS: dict[str, Callable[[float | Fraction, float | Fraction], bool]] = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}

decimals = st.decimals("0.001", 10_000, places=3).map(Fraction)
doubles = st.floats(1e-6, 1e9) | decimals.map(float)


def decimal(value: float) -> Fraction:
    return Fraction(repr(value))


@st.composite
def formulas(draw: st.DrawFn) -> tuple[list[Node], list[float]]:
    """Nodes in order, and the inputs that they read."""
    inputs = draw(st.lists(doubles, min_size=1, max_size=4))
    nodes = [Node(Op.INPUT, i) for i in range(len(inputs))]
    nodes += [Node(Op.CONST, value=value) for value in draw(st.lists(decimals, max_size=2))]
    for _ in range(draw(st.integers(1, 8))):
        earlier = st.integers(max(0, len(nodes) - 4), len(nodes) - 1)
        op = draw(st.sampled_from([Op.ADD, Op.MUL, Op.DIV, Op.MAX]))
        nodes.append(Node(op, draw(earlier), draw(earlier)))
    return nodes, inputs


def evaluate(
    nodes: Sequence[Node], inputs: Sequence[float], kind: Callable[[float | Fraction], object]
) -> list:
    """Every node in one kind of number: float, or Fraction of the decimals."""
    found: list = []
    for node in nodes:
        match node.op:
            case Op.CONST:
                assert node.value is not None
                found.append(kind(node.value))
            case Op.INPUT:
                exact = kind is Fraction
                found.append(decimal(inputs[node.a]) if exact else inputs[node.a])
            case Op.ADD:
                found.append(found[node.a] + found[node.b])
            case Op.MUL:
                found.append(found[node.a] * found[node.b])
            case Op.DIV:
                found.append(found[node.a] / found[node.b])
            case Op.MAX:
                found.append(max(found[node.a], found[node.b]))
    return found


@settings(max_examples=300, deadline=None)
@given(formulas())
def test_doubles_are_within_the_bound(case: tuple[list[Node], list[float]]) -> None:
    nodes, inputs = case
    try:
        found = bounds(nodes)
    except TooWide:
        assume(False)
    for bound, double, exact in zip(
        found, evaluate(nodes, inputs, float), evaluate(nodes, inputs, Fraction), strict=True
    ):
        assert abs(Fraction(double) - exact) <= Fraction(EPSILON_UNIT) * bound.roundings * exact
        size = bound.size
        if (size.den_lsb, size.den_top) == (
            0,
            0,
        ):  # no quotient in it: an integer at its last digit
            whole = exact / Fraction(10) ** size.lsb
            assert whole.denominator == 1
            assert whole.numerator.bit_length() <= size.bits()


@settings(max_examples=300, deadline=None)
@given(formulas(), st.integers(1, 17), st.sampled_from(sorted(HOLDS)))
def test_outside_epsilon_the_doubles_are_right(
    case: tuple[list[Node], list[float]], digits: int, op: str
) -> None:
    """Thresholds next to the value itself: its own first digits."""
    nodes, inputs = case
    double, exact = evaluate(nodes, inputs, float)[-1], evaluate(nodes, inputs, Fraction)[-1]
    threshold = Fraction(f"{double:.{digits - 1}e}")
    try:
        bound = epsilon(bounds(nodes)[-1], threshold)
    except TooWide:
        assume(False)
    limit = float(threshold)
    if abs(double - limit) > bound * limit or bound == 0.0:
        assert HOLDS[op](double, limit) is HOLDS[op](exact, threshold)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 10**15 - 1),
    st.integers(-12, 6),
    st.sampled_from([-1, 0, 1, 2, 3, 4, 5, 6]),
    st.sampled_from(sorted(HOLDS)),
)
def test_without_a_filter_ties_are_right(mantissa: int, exponent: int, k: int, op: str) -> None:
    """The tie itself, a decimal step, and the neighbouring doubles to both sides."""
    threshold = Fraction(mantissa) * Fraction(10) ** exponent
    nodes = [Node(Op.INPUT, 0), Node(Op.CONST, value=Fraction(2) ** k), Node(Op.MUL, 0, 1)]
    bound = epsilon(bounds(nodes)[-1], threshold)
    tie = threshold / Fraction(2) ** k
    short = len(str(tie.numerator).rstrip("0")) <= 15 and tie.denominator == 1
    if short:
        assert bound == 0.0
    if bound:
        return
    near = float(tie)
    step = Fraction(10) ** (math.floor(math.log10(near)) - 14)
    candidates = [near, math.nextafter(near, 0), math.nextafter(near, math.inf)]
    candidates += [float(tie - step), float(tie + step)]
    for x in candidates:
        assume(x >= 1e-15)
        double, exact = math.ldexp(x, k), decimal(x) * Fraction(2) ** k
        assert HOLDS[op](double, float(threshold)) is HOLDS[op](exact, threshold), x


@pytest.mark.parametrize(
    ("scales", "threshold", "filtered"),
    [
        ([8], "4800", False),
        ([16, 8, 4], "4800", False),
        ([19], "4800", True),
        ([6], "4800", True),
        ([8, 6], "4800", True),
        ([8], "4800.1", False),
        ([1], "0.1234567890123456", True),
        ([64], "1600.00000001", True),
    ],
)
def test_what_needs_a_filter(scales: list[int], threshold: str, filtered: bool) -> None:
    """Maxima of inputs times powers of two against short decimals do not; other widths do."""
    nodes: list[Node] = []
    last = None
    for i, scale in enumerate(scales):
        nodes += [Node(Op.INPUT, i), Node(Op.CONST, value=Fraction(scale))]
        nodes.append(Node(Op.MUL, len(nodes) - 2, len(nodes) - 1))
        if last is not None:
            nodes.append(Node(Op.MAX, last, len(nodes) - 1))
        last = len(nodes) - 1
    assert (epsilon(bounds(nodes)[-1], Fraction(threshold)) > 0) is filtered


@pytest.mark.parametrize("op", [Op.ADD, Op.DIV])
def test_sums_and_ratios_need_a_filter(op: Op) -> None:
    nodes = [Node(Op.INPUT, 0), Node(Op.INPUT, 1), Node(op, 0, 1)]
    assert epsilon(bounds(nodes)[-1], Fraction("5.92")) >= 3 * 2.0**-53


@pytest.mark.parametrize(
    ("value", "k"),
    [("1", 0), ("2", 1), ("0.5", -1), ("1024", 10), ("0.125", -3), ("3", None), ("0", None),
     ("0.1", None), ("6", None)],
)  # fmt: skip
def test_power_of_two(value: str, k: int | None) -> None:
    assert power_of_two(Fraction(value)) == k


def product(factors: int) -> list[Node]:
    nodes = [Node(Op.INPUT, 0)]
    for _ in range(factors - 1):
        nodes.append(Node(Op.MUL, 0, len(nodes) - 1))
    return nodes


def test_formulas_over_1024_bits_are_refused() -> None:
    bounds(product(5))
    with pytest.raises(TooWide, match=rf"needs \d+ bits; expected at most {MAX_BITS}"):
        bounds(product(6))


def test_thresholds_over_1024_bits_are_refused() -> None:
    [bound] = bounds([Node(Op.INPUT, 0)])
    epsilon(bound, Fraction("5." + "9" * 100))
    with pytest.raises(TooWide, match="bits; expected at most"):
        epsilon(bound, Fraction("5." + "9" * 300))


def test_what_a_double_can_not_hold_is_refused() -> None:
    tiny = Node(Op.CONST, value=Fraction(1, 10**280))
    with pytest.raises(TooWide, match="a double can't hold the metric"):
        bounds([Node(Op.INPUT, 0), tiny, Node(Op.MUL, 0, 1)])
