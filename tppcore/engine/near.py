"""The second look of the Numba engine: rows near a threshold, decided in whole numbers.

An interpreter of rational arithmetic over intervals, the same for all programs. A number is
top / bottom * 10^exponent; what was a decimal stays one, and comparisons cross-multiply: nothing
is rounded. Some hundred nanoseconds a row. Importing it imports Numba.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.limbs import (
    ONE,
    ZERO,
    add,
    address_of,
    assign,
    bits_of,
    compare,
    copy,
    double_of,
    multiply,
    multiply_power_of_ten,
    words_at,
)
from tppcore.engine.lowlevel import njit, part
from tppcore.engine.named import stamp
from tppcore.engine.shortest import shortest
from tppcore.engine.structure import cone, tested
from tppcore.program.bounds import bounds
from tppcore.program.decimals import decimal_parts
from tppcore.program.program import Node, Op, Program

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]

POSSIBLE, CERTAIN = 1, 2  # the state of a test

_STRICT, _BELOW = 1, 2  # flags of a test
_POINT, _OPEN, _ABSENT = 1, 2, 4  # flags of a node: low is high, high is infinite
_LESS = 1.0 - 2.0**-30

_CONST, _INPUT, _ADD, _MUL, _DIV, _MAX, _SELECT, _NOT_APPLICABLE = range(8)


class Plan(NamedTuple):
    """How to decide each target of a program: a node that tests look at."""

    width: int  # of the widest number, its length included
    nodes: Integers  # (nodes, 7): op, a, b, test, positive, mantissa and exponent of a constant
    tests: Integers  # (tests, 4): node, flags, mantissa and exponent of the threshold
    constants: Doubles  # (nodes,): constants, as near as doubles get
    limits: Doubles  # (tests,): thresholds, likewise
    cones: Integers  # the nodes of each target, in order
    first_node: Integers  # (targets + 1,): into `cones`
    numbers: Integers  # the tests of each target
    first_test: Integers  # (targets + 1,): into `numbers`
    selects: Integers  # (targets,): 1 if a choice between formulas depends on it


def plan(program: Program) -> Plan:
    """The second look at a program. Raises ValueError for constants beyond 63 bits."""
    targets = tested(program)
    constants = [_parts(node.value) for node in program.nodes]
    thresholds = [_parts(test.threshold) for test in program.tests]
    chosen = {program.tests[node.test].node for node in program.nodes if node.op == Op.SELECT}
    nodes = [
        (node.op, node.a, node.b, node.test, node.positive, *constant)
        for node, constant in zip(program.nodes, constants, strict=True)
    ]
    tests = [
        (test.node, _kind(test.op), *threshold)
        for test, threshold in zip(program.tests, thresholds, strict=True)
    ]
    of_target = [[n for n, test in enumerate(program.tests) if test.node == t] for t in targets]
    return Plan(
        _width(program),
        np.array(nodes, np.int64).reshape(-1, 7),
        np.array(tests, np.int64).reshape(-1, 4),
        np.array([float(node.value or 0) for node in program.nodes]),
        np.array([float(test.threshold) for test in program.tests]),
        *_joined([cone(program, [target]) for target in targets]),
        *_joined(of_target),
        np.array([target in chosen for target in targets], np.int64),
    )


def _width(program: Program) -> int:
    """Limbs that are enough for every number: ends of nodes, and the two sides of a comparison or
    a sum, which multiply tops with bottoms and make up for the difference of exponents. One more
    for the length, and two for limbs that turn out to be 0."""
    sizes = [bound.size for bound in bounds(program.nodes)]
    limits = [Node(Op.CONST, value=test.threshold) for test in program.tests]
    pairs = [
        (sizes[test.node], limit.size)
        for test, limit in zip(program.tests, bounds(limits), strict=True)
    ]
    pairs += [
        (sizes[node.a], sizes[node.b])
        for node in program.nodes
        if node.op in (Op.ADD, Op.MAX, Op.SELECT)
    ]
    together = [a.plus(b) for a, b in pairs]
    return max((size.bits() for size in (*sizes, *together)), default=0) // 64 + 4


def _parts(value: Fraction | None) -> tuple[int, int]:
    mantissa, exponent = decimal_parts(value or Fraction(0))
    if mantissa >= 2**63:
        raise ValueError(f"{value}: more digits than the engine holds")
    return mantissa, exponent


def _kind(op: str) -> int:
    return _STRICT * (op in (">", "<=")) | _BELOW * (op in ("<", "<="))


def _joined(lists: Sequence[Sequence[int]]) -> tuple[Integers, Integers]:
    flat = [each for some in lists for each in some]
    ends = list(accumulate(map(len, lists), initial=0))
    return np.array(flat, np.int64), np.array(ends, np.int64)


# -- numbers --------------------------------------------------------------------------------------
# A number is named by the place of its top in memory `m`; its bottom follows after `width` limbs.
# Before the top stand its exponent and, at first, a double close to it, which decides most
# comparisons: a few thousand operations at most lie between the two.


@part
def _is_zero(m, a):
    return m[a] == ZERO


@part
def _about(m, a):
    return double_of(m[a - 2])


@part
def _assign(m, width, out, mantissa, exponent, about):
    assign(m, out, mantissa)
    assign(m, out + width, ONE)
    m[out - 1] = np.uint64(exponent)
    m[out - 2] = bits_of(about)


@part
def _copy(m, width, out, a):
    copy(m, out, a)
    copy(m, out + width, a + width)
    m[out - 1], m[out - 2] = m[a - 1], m[a - 2]


@part
def _cross(m, width, a, b):
    """The whole numbers at 0 and `width` are to each other as a to b."""
    multiply(m, 0, a, b + width)
    multiply(m, width, b, a + width)
    shift = np.int64(m[a - 1]) - np.int64(m[b - 1])
    multiply_power_of_ten(m, 0, shift)
    multiply_power_of_ten(m, width, -shift)


@part
def _compare(m, width, a, b):
    """-1, 0 or 1."""
    x, y = _about(m, a), _about(m, b)
    if x < y * _LESS or y < x * _LESS:
        return -1 if x < y else 1
    if _is_zero(m, a) or _is_zero(m, b):
        return np.int64(_is_zero(m, b)) - np.int64(_is_zero(m, a))
    _cross(m, width, a, b)
    return compare(m, 0, width)


@part
def _combine(m, width, op, out, a, b):
    """out = a op b, for ends of nodes."""
    x, y = _about(m, a), _about(m, b)
    exponent_a, exponent_b = np.int64(m[a - 1]), np.int64(m[b - 1])
    if op == _MAX:
        _copy(m, width, out, a if _compare(m, width, a, b) >= 0 else b)
    elif op == _ADD:
        if _is_zero(m, a) or _is_zero(m, b):
            _copy(m, width, out, b if _is_zero(m, a) else a)
            return
        _cross(m, width, a, b)
        add(m, out, 0, width)
        multiply(m, out + width, a + width, b + width)
        m[out - 1], m[out - 2] = np.uint64(min(exponent_a, exponent_b)), bits_of(x + y)
    else:
        turned = op == _DIV
        multiply(m, out, a, b + width if turned else b)
        multiply(m, out + width, a + width, b if turned else b + width)
        m[out - 1] = np.uint64(exponent_a - exponent_b if turned else exponent_a + exponent_b)
        m[out - 2] = bits_of(x / y if turned else x * y)


# -- nodes ----------------------------------------------------------------------------------------
# A node is named by its low end, before which its flags stand; a high end of its own follows.


@part
def _low(width, n):
    return 2 * width + 3 + n * (4 * width + 5)


@part
def _flags(m, low):
    return np.int64(m[low - 3])


@part
def _high(m, width, low):
    return low if _flags(m, low) & _POINT else low + 2 * width + 2


@part
def _is_none(m, width, low):
    """Whether a node is 0 at most."""
    return not _flags(m, low) & _OPEN and _is_zero(m, _high(m, width, low))


@part
def _set_zero(m, width, low, flags):
    _assign(m, width, low, ZERO, 0, 0.0)
    m[low - 3] = np.uint64(flags)


@part
def _load(m, width, out, low, high):
    mantissa, exponent = shortest(low)
    _assign(m, width, out, mantissa, exponent, low)
    m[out - 3] = np.uint64(_OPEN if high == np.inf else _POINT if low >= high else 0)
    if low < high < np.inf:
        mantissa, exponent = shortest(high)
        _assign(m, width, out + 2 * width + 2, mantissa, exponent, high)


@part
def _grow(m, width, op, out, a, b):
    """An operation that grows with both operands."""
    if op == _MUL and (_is_none(m, width, a) or _is_none(m, width, b)):
        _set_zero(m, width, out, _POINT)
        return
    both, either = _flags(m, a) & _flags(m, b), _flags(m, a) | _flags(m, b)
    flags = (both & _POINT) | (either & _OPEN)
    m[out - 3] = np.uint64(flags)
    _combine(m, width, op, out, a, b)
    if not flags:
        _combine(m, width, op, out + 2 * width + 2, _high(m, width, a), _high(m, width, b))


@part
def _divide(m, width, out, a, b, positive):
    zero = _is_zero(m, b)
    if zero and (not positive or _is_none(m, width, b)):
        _set_zero(m, width, out, _OPEN | (_ABSENT if _is_none(m, width, b) else 0))
        return
    flags = _flags(m, a) & _flags(m, b) & _POINT
    if not flags and (_flags(m, a) & _OPEN or (zero and not _is_none(m, width, a))):
        flags = _OPEN
    if _flags(m, b) & _OPEN:
        _set_zero(m, width, out, flags)
    else:
        _combine(m, width, _DIV, out, a, _high(m, width, b))
        m[out - 3] = np.uint64(flags)
    if not flags:
        high = out + 2 * width + 2
        if _is_none(m, width, a):
            _assign(m, width, high, ZERO, 0, 0.0)
        else:
            _combine(m, width, _DIV, high, _high(m, width, a), b)


@part
def _choose(m, width, out, a, b, state):
    """`a` where the test holds, `b` where it does not, the hull of both where that is open."""
    if state != POSSIBLE:
        for i in range(-3, 4 * width + 2):
            m[out + i] = m[(a if state else b) + i]
        return
    flags = (_flags(m, a) | _flags(m, b)) & (_OPEN | _ABSENT)
    if flags & _ABSENT:
        _set_zero(m, width, out, _OPEN | _ABSENT)
        return
    m[out - 3] = np.uint64(flags)
    _copy(m, width, out, b if _compare(m, width, a, b) >= 0 else a)
    if not flags:
        high_a, high_b = _high(m, width, a), _high(m, width, b)
        _combine(m, width, _MAX, out + 2 * width + 2, high_a, high_b)


@part
def _state(m, width, plan, test):
    """The state of a test, POSSIBLE | CERTAIN, once its node is there."""
    n, kind, mantissa, exponent = plan.tests[test]
    low, threshold = _low(width, n), _low(width, len(plan.nodes))
    flags = _flags(m, low)
    if flags & _ABSENT:
        return POSSIBLE
    _assign(m, width, threshold, np.uint64(mantissa), exponent, plan.limits[test])
    least = 1 if kind & _STRICT else 0
    at_low = at_high = _compare(m, width, low, threshold) >= least
    if flags & _OPEN:
        at_high = True
    elif not flags & _POINT:
        at_high = _compare(m, width, low + 2 * width + 2, threshold) >= least
    if kind & _BELOW:
        at_low, at_high = not at_high, not at_low
    return (POSSIBLE if at_high else 0) | (CERTAIN if at_low else 0)


@part
def room(plan):
    """Memory for one row at a time."""
    width = plan.width
    return np.empty(_low(width, len(plan.nodes)) + 2 * width, np.uint64)


@part
def decide(plan, target, ends, memory, states):
    """Writes states[test] for every test of a target. `memory`: from `room`.

    `ends`: float64 (inputs, 2), high is low where an input is known, and inf where it is open.
    """
    m, width = words_at(address_of(memory)), plan.width
    for index in range(plan.first_node[target], plan.first_node[target + 1]):
        n = plan.cones[index]
        op, i, j, test, positive, mantissa, exponent = plan.nodes[n]
        out, a, b = _low(width, n), _low(width, i), _low(width, j)
        if op == _INPUT:
            _load(m, width, out, ends[i, 0], ends[i, 1])
        elif op == _CONST:
            _assign(m, width, out, np.uint64(mantissa), exponent, plan.constants[n])
            m[out - 3] = np.uint64(_POINT)
        elif op == _DIV:
            _divide(m, width, out, a, b, positive != 0)
        elif op == _SELECT:
            _choose(m, width, out, a, b, _state(m, width, plan, test))
        elif op == _NOT_APPLICABLE:
            _set_zero(m, width, out, _OPEN | _ABSENT)
        else:
            _grow(m, width, op, out, a, b)
    for index in range(plan.first_test[target], plan.first_test[target + 1]):
        test = plan.numbers[index]
        states[test] = _state(m, width, plan, test)


def _second_look() -> Any:
    # Numba keeps this function by its own file and what it closes over: see `named.stamp`.
    sources = stamp()

    @njit(cache=True, nogil=True, error_model="numpy")
    def second_look(plan, ends, bits):
        """Decides the near targets of one row, and writes over what doubles said of their tests.

        `bits`: uint8, 2 a test, whether it is possible and certain, then 1 a target: is it near.
        """
        tests, targets = len(plan.tests), len(plan.selects)
        near = bits[2 * tests :]
        memory, states = room(plan), np.empty(tests, np.uint8)
        everything = sources == 0
        for target in range(targets):
            everything |= plan.selects[target] != 0 and near[target] != 0
        for target in range(targets):
            if near[target] or everything:
                decide(plan, target, ends, memory, states)
                for index in range(plan.first_test[target], plan.first_test[target + 1]):
                    test = plan.numbers[index]
                    bits[2 * test] = states[test] & POSSIBLE
                    bits[2 * test + 1] = states[test] >> 1

    return second_look


second_look: Any = _second_look()
