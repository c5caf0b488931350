"""The compiled form of a rulebook: what every engine runs, and all that it needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction


class Op(IntEnum):
    """The operations of a metric. The values are part of the binary format."""

    CONST = 0
    INPUT = 1
    ADD = 2
    MUL = 3
    DIV = 4
    MAX = 5
    SELECT = 6
    NOT_APPLICABLE = 7


@dataclass(frozen=True, slots=True)
class Input:
    """One quantity, as the engines read it.

    A missing value is `default` where there is one; a missing peak rate (`closed_list`) is 0 in a
    row that states any rate, unless `open_unlisted`; every other missing value is in [0, inf),
    or (0, inf) if `positive`. `given` is false where the table has no such column.
    """

    quantity: str
    positive: bool = False
    closed_list: bool = False
    open_unlisted: bool = False
    default: Fraction | None = None
    given: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; `a` and `b` are earlier nodes (for INPUT, `a` is an input).

    SELECT is `a` where `test` holds, otherwise `b`. DIV with `positive` has a denominator that is
    provably not 0; without it, a denominator of 0 makes the metric not applicable.
    """

    op: Op
    a: int = 0
    b: int = 0
    test: int = 0
    value: Fraction | None = None
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """`node` `op` `threshold`, with `op` one of >=, >, <, <=.

    `epsilon` bounds the relative error of the double evaluation of `node` and `threshold`
    together: a double v with |v - t| > epsilon * t is on the right side of t. 0.0: the
    comparison in doubles is exact as it stands. `epsilon32` is the same where any input is a
    float32 that was widened.
    """

    __test__ = False  # not a pytest class

    node: int
    op: str
    threshold: Fraction
    epsilon: float
    epsilon32: float = 0.4


Box = tuple[int, ...]
"""Literals that hold together; a literal is `test << 1 | negated`."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as two covers by boxes over threshold cells: where it is true, where false.

    A row is certainly true if and only if it touches no false box: a row is the product of its
    metrics' intervals, so it touches a box exactly if every literal is possible in it.
    """

    id: str
    true_boxes: tuple[Box, ...]
    false_boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs, metrics in topological order, tests, paragraphs, and the metrics to report."""

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    tests: tuple[Test, ...]
    paragraphs: tuple[Paragraph, ...]
    metrics: tuple[tuple[str, int], ...]
