"""The Numba engine: for machines without a C compiler. Same verdicts as the others, bit for bit.

A program becomes flat arrays once (`flatten`), which the kernel interprets over small blocks, in
doubles. Rows where a comparison comes nearer than its error bound are decided again in whole
numbers by `engine.rows`, because Numba has no integers wider than 64 bits: a tenth to a few
microseconds a row, in NumPy. Where most rows tie (tables of round numbers), that second
look is what the engine spends its time on; the C engine does it 10 times faster and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.util import find_spec
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import rows as exact
from tppcore.engine import shards
from tppcore.engine.columns import LARGEST, MISSING, SMALLEST, Bitmaps, Columns, Doubles, Words
from tppcore.engine.widen import widened
from tppcore.errors import InputError
from tppcore.program.program import Input, Op, Program, Test

_BATCH = 1 << 16  # near rows decided together: enough to hide NumPy's overhead, a few MB


def available() -> bool:
    """Whether Numba is installed."""
    return find_spec("numba") is not None


def evaluate(
    program: Program, columns: Columns, *, threads: int | None = None, out: Bitmaps | None = None
) -> Bitmaps:
    """The verdicts of every paragraph in every row, in `out` where given.

    Raises InputError for the first row, and in it the first input, whose number is no quantity.
    """
    columns = widened(columns)
    flat = flatten(program, False)
    shape = (len(program.paragraphs), -(-columns.rows // 64))
    if out is not None:
        out.check(len(program.paragraphs), columns.rows)
        out.values[:], out.valid[:] = 0, 0
    found = out or Bitmaps(columns.rows, np.zeros(shape, np.uint64), np.zeros(shape, np.uint64))
    values, valid = found.values, found.valid
    near = np.zeros(shape[1], np.uint64)
    nothing = np.zeros((0, 0))
    _run(program, flat, columns, threads, values, valid, near, nothing, nothing)
    _decide(program, columns, near, values, valid)
    return found


def metrics(
    program: Program, columns: Columns, *, threads: int | None = None
) -> tuple[Doubles, Doubles]:
    """Both ends of every metric, float64 (metrics, rows): NaN where it does not apply.

    Doubles for people to look at; verdicts never come from them. Raises as `evaluate`.
    """
    flat = flatten(program, True)
    shape = (len(program.metrics), columns.rows)
    low, high = np.empty(shape), np.empty(shape)
    none = np.zeros((0, 0), np.uint64)
    near = np.zeros(-(-columns.rows // 64), np.uint64)
    _run(program, flat, columns, threads, none, none, near, low, high)
    return low, high


@dataclass(frozen=True, slots=True)
class Flat:
    """A program as arrays; see the parameters of `kernel.run`."""

    steps: NDArray[np.int64]
    constants: Doubles
    slots: int
    thresholds: Doubles
    flags: NDArray[np.int64]
    covers: NDArray[np.int64]
    boxes: NDArray[np.int64]
    literals: NDArray[np.int64]


@lru_cache(maxsize=32)
def flatten(program: Program, metrics: bool) -> Flat:
    """A program as steps over few scratch slots: either its tests, or its metrics.

    Tests and stores follow directly on the node they read, so that a slot is free again after
    the last use of its node and the scratch vectors stay in the L1 cache.
    """
    from tppcore.engine import kernel

    after = _followers(program, metrics)
    needed = _needed(program, metrics)
    last = {source: index for index in needed for source in (index, *_sources(program, index))}
    slot_of: dict[int, int] = {}
    free: list[int] = []
    slots = 0
    steps: list[tuple[int, ...]] = []
    constants: list[float] = []
    for index in needed:
        node = program.nodes[index]
        if free:
            slot_of[index] = free.pop()
        else:
            slot_of[index], slots = slots, slots + 1
        a, b = slot_of.get(node.a, 0), slot_of.get(node.b, 0)
        extra, constant = node.test, float(node.value or 0)
        if node.op == Op.INPUT:
            a, b, extra = 0, 0, node.a
            constant = float(program.inputs[extra].default or 0)
        steps.append((node.op, slot_of[index], a, b, extra, node.positive))
        constants.append(constant)
        for op, number, flag in after.get(index, ()):
            steps.append((op, 0, slot_of[index], 0, number, flag))
            constants.append(0.0)
        # Only now: a step never writes where it reads.
        free += [
            slot_of[done] for done in {index, *_sources(program, index)} if last[done] == index
        ]
    paragraphs = () if metrics else program.paragraphs
    covers = [(len(each.true_boxes), len(each.false_boxes)) for each in paragraphs]
    ends = list(accumulate((n for pair in covers for n in pair), initial=0))
    boxes = [box for each in paragraphs for box in (*each.true_boxes, *each.false_boxes)]
    return Flat(
        np.array(steps, np.int64).reshape(-1, kernel.STEP),
        np.array(constants, np.float64),
        max(slots, 1),
        np.array([_threshold(test) for test in program.tests], np.float64).reshape(-1, 3),
        np.array([_input_flags(kernel, each) for each in program.inputs], np.int64),
        np.array([ends[2 * p : 2 * p + 3] for p in range(len(paragraphs))], np.int64).reshape(
            -1, 3
        ),
        np.array(list(accumulate(map(len, boxes), initial=0)), np.int64),
        np.array([literal for box in boxes for literal in box], np.int64),
    )


def _sources(program: Program, index: int) -> tuple[int, ...]:
    node = program.nodes[index]
    return (node.a, node.b) if Op.ADD <= node.op <= Op.SELECT else ()


def _needed(program: Program, metrics: bool) -> list[int]:
    """The nodes that matter, in order; inputs always do, because their numbers are checked."""
    if metrics:
        needed = {node for _, node in program.metrics}
    else:
        needed = {test.node for test in program.tests}
    needed |= {index for index, node in enumerate(program.nodes) if node.op == Op.INPUT}
    for index in range(len(program.nodes) - 1, -1, -1):
        if index in needed:
            needed.update(_sources(program, index))
            if program.nodes[index].op == Op.SELECT:
                needed.add(program.tests[program.nodes[index].test].node)
    return sorted(needed)


def _followers(program: Program, metrics: bool) -> dict[int, list[tuple[int, int, int]]]:
    """What is done with a node once it is there: (step, test or metric, flags)."""
    from tppcore.engine import kernel

    after: dict[int, list[tuple[int, int, int]]] = {}
    for number, test in enumerate(program.tests):
        strict = kernel.STRICT if test.op in (">", "<=") else 0
        below = kernel.BELOW if test.op in ("<", "<=") else 0
        after.setdefault(test.node, []).append((kernel.TEST, number, strict | below))
    if metrics:
        for number, (_, node) in enumerate(program.metrics):
            after.setdefault(node, []).append((kernel.STORE, number, 0))
    return after


def _threshold(test: Test) -> tuple[float, float, float]:
    """The threshold, and the doubles between which it is near, rounded outwards."""
    value = float(test.threshold)
    if test.epsilon == 0.0:
        return value, np.nan, np.nan
    epsilon = Fraction(test.epsilon)
    least, most = float(test.threshold * (1 - epsilon)), float(test.threshold * (1 + epsilon))
    return value, float(np.nextafter(least, -np.inf)), float(np.nextafter(most, np.inf))


def _input_flags(kernel: Any, each: Input) -> int:
    return int(
        kernel.POSITIVE * each.positive
        | kernel.CLOSED * each.closed_list
        | kernel.OPEN_UNLISTED * each.open_unlisted
        | kernel.DEFAULT * (each.default is not None)
    )


def _addresses(program: Program, columns: Columns) -> tuple[NDArray[np.uintp], list[NDArray[Any]]]:
    """Where the columns of each input are, and the arrays that must stay alive meanwhile."""
    addresses = np.zeros((len(program.inputs), 4), np.uintp)
    kept: list[NDArray[Any]] = []
    for index, each in enumerate(program.inputs):
        column = columns.by_quantity.get(each.quantity) if each.given else None
        parts = (column.values, column.low, column.high) if column else ()
        for kind, part in zip((0, 2, 3), parts, strict=False):
            if part is None:
                continue
            if part.shape != (columns.rows,):
                raise ValueError(f"{each.quantity}: shape {part.shape}; expected ({columns.rows},)")
            is_flags = kind == 0 and part.dtype == np.uint8
            kept.append(np.require(part, np.uint8 if is_flags else np.float64, ["C", "A"]))
            addresses[index, 1 if is_flags else kind] = kept[-1].ctypes.data
    return addresses, kept


def _run(
    program: Program,
    flat: Flat,
    columns: Columns,
    threads: int | None,
    values: Words,
    valid: Words,
    near: Words,
    low: Doubles,
    high: Doubles,
) -> None:
    from tppcore.engine import kernel

    addresses, kept = _addresses(program, columns)

    def work(start: int, stop: int) -> None:
        row = kernel.run(
            start, stop, columns.rows, flat.steps, flat.constants, flat.slots, flat.thresholds,
            flat.flags, addresses, flat.covers, flat.boxes, flat.literals,
            values, valid, near, low, high,
        )  # fmt: skip
        if row >= 0:
            raise _refusal(program, columns, row, kernel.BLOCK)

    shards.run(columns.rows, threads, work)
    del kept


def _decide(program: Program, columns: Columns, near: Words, values: Words, valid: Words) -> None:
    """Decides the marked rows exactly, and writes their bits over."""
    words = np.flatnonzero(near)
    for start in range(0, len(words), _BATCH // 64):
        block = words[start : start + _BATCH // 64]
        bits = np.unpackbits(near[block].astype("<u8").view(np.uint8), bitorder="little")
        rows = (block[:, None] * 64 + np.arange(64)).ravel()[bits == 1]
        decided = exact.verdicts(program, *exact.decide(program, columns, rows))
        for words_of, verdict in zip((values, valid), decided, strict=True):
            spread = np.zeros((len(words_of), 64 * len(block)), np.uint8)
            spread[:, bits == 1] = verdict
            packed = np.packbits(spread, axis=1, bitorder="little").view("<u8")
            words_of[:, block] = (words_of[:, block] & ~near[block]) | packed


def _refusal(program: Program, columns: Columns, first: int, count: int) -> InputError:
    """The first row of a block that can't be used, and why."""
    last = min(first + count, columns.rows)
    found: list[tuple[int, int, InputError]] = []
    for index, each in enumerate(program.inputs):
        column = columns.by_quantity.get(each.quantity) if each.given else None
        if column is None:
            continue
        for row in range(first, last):
            numbers = [
                np.nan if part is None else part[row]
                for part in (column.values, column.low, column.high)
            ]
            boolean = column.values is not None and column.values.dtype == np.uint8
            problem = _problem(each, numbers, boolean)
            if problem is not None:
                found.append((row, index, InputError(each.quantity, row, *problem)))
                break
    return min(found, key=lambda item: item[:2])[2]


def _problem(each: Input, numbers: Sequence[Any], boolean: bool) -> tuple[object, str] | None:
    value, low, high = (number.item() if hasattr(number, "item") else number for number in numbers)
    if boolean:
        if value not in (0, 1, MISSING):
            return value, "0, 1 or missing"
        value = np.nan if value == MISSING else float(value)
    for number in (value, low, high):
        if number == 0 and each.positive:
            return number, "a number above 0"
        if number == number and number != 0 and not SMALLEST <= number <= LARGEST:
            return number, f"0 or a number from {SMALLEST:g} to {LARGEST:g}"
    if value == value and (low == low or high == high):
        return value, "a value or a range, not both"
    if low > high:
        return low, "a range whose low end is not above its high"
    return None
