"""The Numba interpreter behind `engine.jit`: importing it imports Numba and compiles nothing yet.

It walks over a table in blocks that stay in the L1 cache. For each block it runs the steps of a
program (see `engine.jit.flatten`) over scratch vectors: a vector is definite as long as all of
its rows are known, and only otherwise gets a second one for the upper ends. Tests become words of
64 rows, paragraphs ands and ors of such words. Every loop is branch-free over whole blocks, which
LLVM vectorises; no fastmath and no contraction, so sums and products are those of C.

Rows where a comparison is nearer than its error bound are marked in `near`; the caller decides
them again. The kernel is compiled once for all programs and cached on disk.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator,unreachable,attr-defined"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

BLOCK = 256
WORDS = BLOCK // 64
STEP = 6  # op, out, a, b, extra, flag
TEST, STORE = 8, 9  # steps beyond program.Op

POSITIVE, CLOSED, OPEN_UNLISTED, DEFAULT = 1, 2, 4, 8  # flags of an input
STRICT, BELOW = 1, 2  # flags of a test

_CONST, _INPUT, _ADD, _MUL, _DIV, _MAX, _SELECT = range(7)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_NONE = np.uint64(0)
_ONE = np.uint64(1)

jitted: Any = njit(nogil=True, cache=True, error_model="numpy")


def _pointer_to(item: Any) -> Any:
    """A uintp as a pointer: columns come by address, so one compiled kernel serves any number."""

    pointer: Any = types.CPointer(item)  # type: ignore[no-untyped-call]

    def at(_: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return pointer(types.uintp), codegen

    return intrinsic(at)


_doubles_at = _pointer_to(types.float64)
_bytes_at = _pointer_to(types.uint8)


@jitted
def _read_values(addresses, index, rows, first, count, out):
    """Copies one block of values, NaN where missing; false if a boolean is none."""
    if addresses[index, 0]:
        values = carray(_doubles_at(addresses[index, 0]), rows)[first : first + count]
        for i in range(count):
            out[i] = values[i]
    elif addresses[index, 1]:
        flags = carray(_bytes_at(addresses[index, 1]), rows)[first : first + count]
        valid = True
        for i in range(count):
            flag = flags[i]
            valid &= (flag <= 1) | (flag == 255)
            out[i] = np.nan if flag == 255 else float(flag)
        return valid
    else:
        for i in range(count):
            out[i] = np.nan
    return True


@jitted
def _read_end(address, rows, first, count, out):
    if address:
        values = carray(_doubles_at(address), rows)[first : first + count]
        for i in range(count):
            out[i] = values[i]
    else:
        for i in range(count):
            out[i] = np.nan


@jitted
def _valid(values, count, positive):
    valid = True
    for i in range(count):
        x = values[i]
        valid &= ((x >= 1e-15) & (x <= 1e24)) | (x != x) | ((x == 0.0) & (not positive))
    return valid


@jitted
def _rated(addresses, flags, rows, first, count, rated):
    """Which rows of a block state any peak rate; mostly the first rate does in all of them."""
    for i in range(count):
        rated[i] = 0
    for index in range(len(flags)):
        if not flags[index] & CLOSED:
            continue
        for part in (0, 2, 3):
            if addresses[index, part]:
                values = carray(_doubles_at(addresses[index, part]), rows)[first : first + count]
                everywhere = True
                for i in range(count):
                    everywhere &= values[i] == values[i]
                if everywhere:
                    for i in range(count):
                        rated[i] = 1
                    return
                for i in range(count):
                    rated[i] |= values[i] == values[i]


@jitted
def _load(addresses, index, flags, default, rows, first, count, low, high, end, rated):
    """One input of a block: 0 definite, 1 with uncertain rows, -1 with an invalid number."""
    positive = flags & POSITIVE != 0
    valid = _read_values(addresses, index, rows, first, count, low)
    valid &= _valid(low, count, positive)
    ranged = addresses[index, 2] != 0 or addresses[index, 3] != 0
    uncertain = False
    if ranged:
        for i in range(count):
            high[i] = low[i]
        _read_end(addresses[index, 2], rows, first, count, end)
        valid &= _valid(end, count, positive)
        for i in range(count):
            if end[i] == end[i]:
                valid &= high[i] != high[i]
                low[i], high[i] = end[i], np.inf
                uncertain = True
        _read_end(addresses[index, 3], rows, first, count, end)
        valid &= _valid(end, count, positive)
        for i in range(count):
            if end[i] == end[i]:
                valid &= (high[i] != high[i]) | (high[i] == np.inf)
                low[i] = low[i] if low[i] == low[i] else 0.0
                valid &= low[i] <= end[i]
                high[i] = end[i]
                uncertain = True
    if not valid:
        return -1
    missing = False
    for i in range(count):
        missing |= low[i] != low[i]
    if missing:
        if flags & DEFAULT:
            for i in range(count):
                if low[i] != low[i]:
                    low[i] = default
                    high[i] = default
        else:
            zero = flags & CLOSED and not flags & OPEN_UNLISTED
            for i in range(count):
                known = low[i] == low[i]
                none = zero and rated[i]
                uncertain |= not (known or none)
                if not ranged:
                    high[i] = low[i]
                if not known:
                    low[i] = 0.0
                    high[i] = 0.0 if none else np.inf
    return 1 if uncertain else 0


@jitted
def _compare(values, threshold, strict, out):
    """The bits of values > threshold (strict) or values >= threshold."""
    for w in range(WORDS):
        bits = _NONE
        if strict:
            for i in range(64):
                bits |= np.uint64(values[64 * w + i] > threshold) << np.uint64(i)
        else:
            for i in range(64):
                bits |= np.uint64(values[64 * w + i] >= threshold) << np.uint64(i)
        out[w] = bits


@jitted
def _mark(values, least, most, near):
    """Adds the rows with least <= value <= most; they are rare, so one cheap look comes first."""
    hit = False
    for i in range(BLOCK):
        hit |= (values[i] >= least) & (values[i] <= most)
    if hit:
        for i in range(BLOCK):
            if least <= values[i] <= most:
                near[i // 64] |= _ONE << np.uint64(i % 64)


@jitted
def _outside_zero(values):
    outside = True
    for i in range(BLOCK):
        outside &= values[i] != 0.0
    return outside


@jitted
def _touched(boxes, literals, start, stop, possible, certain, out):
    """Rows that touch any of boxes[start:stop], as words."""
    for w in range(WORDS):
        out[w] = _NONE
    for box in range(start, stop):
        a, b, c, d = _FULL, _FULL, _FULL, _FULL
        for index in range(boxes[box], boxes[box + 1]):
            test = literals[index] >> 1
            if literals[index] & 1:
                a &= ~certain[test, 0]
                b &= ~certain[test, 1]
                c &= ~certain[test, 2]
                d &= ~certain[test, 3]
            else:
                a &= possible[test, 0]
                b &= possible[test, 1]
                c &= possible[test, 2]
                d &= possible[test, 3]
        out[0] |= a
        out[1] |= b
        out[2] |= c
        out[3] |= d


@jitted
def run(
    start,  # rows [start, stop); start is a multiple of 64
    stop,
    rows,
    steps,  # int64 (steps, STEP)
    constants,  # float64 (steps,): of CONST and, as default, of INPUT
    slots,
    thresholds,  # float64 (tests, 3): threshold, and the ends of where it is near (NaN: nowhere)
    flags,  # int64 (inputs,)
    addresses,  # uintp (inputs, 4): float64 values, uint8 values, low, high
    covers,  # int64 (paragraphs, 3): boxes [0, 1) are true ones, [1, 2) false ones
    boxes,  # int64 (boxes + 1,): into literals
    literals,
    values,  # uint64 (paragraphs, words)
    valid,
    near,  # uint64 (words,)
    lows,  # float64 (metrics, rows) or (0, 0)
    highs,
):
    """Runs a program over some rows; -1, or the first row of a block with an invalid number."""
    scratch = np.ones((2 * slots + 1, BLOCK))
    wide = np.zeros(slots, np.bool_)
    absent = np.zeros(slots, np.bool_)
    gone = np.zeros((slots, WORDS), np.uint64)
    possible = np.zeros((len(thresholds), WORDS), np.uint64)
    certain = np.zeros((len(thresholds), WORDS), np.uint64)
    close = np.zeros(WORDS, np.uint64)
    true = np.zeros(WORDS, np.uint64)
    false = np.zeros(WORDS, np.uint64)
    rated = np.zeros(BLOCK, np.uint8)
    spare = scratch[2 * slots]

    for first in range(start, stop, BLOCK):
        count = min(BLOCK, stop - first)
        uncertain = False
        for w in range(WORDS):
            close[w] = _NONE
        _rated(addresses, flags, rows, first, count, rated)

        for s in range(len(steps)):
            op, out = steps[s, 0], steps[s, 1]
            a, b, extra, flag = steps[s, 2], steps[s, 3], steps[s, 4], steps[s, 5]
            low, high = scratch[2 * out], scratch[2 * out + 1]
            a_low, b_low = scratch[2 * a], scratch[2 * b]
            a_high = scratch[2 * a + 1] if wide[a] else a_low
            b_high = scratch[2 * b + 1] if wide[b] else b_low

            if op == TEST:
                threshold, least, most = thresholds[extra]
                strict, below = flag & STRICT != 0, flag & BELOW != 0
                if least == least:
                    _mark(a_low, least, most, close)
                    if wide[a]:
                        _mark(a_high, least, most, close)
                uncertain |= wide[a]
                _compare(a_low, threshold, strict, true)
                if wide[a]:
                    _compare(a_high, threshold, strict, false)
                for w in range(WORDS):
                    at_low = true[w]
                    at_high = false[w] if wide[a] else at_low
                    if below:
                        at_low, at_high = ~at_high, ~at_low
                    if absent[a]:
                        at_low &= ~gone[a, w]
                        at_high |= gone[a, w]
                    certain[extra, w], possible[extra, w] = at_low, at_high
                continue

            if op == STORE:
                low, high = lows[extra, first:stop], highs[extra, first:stop]
                for i in range(count):
                    low[i], high[i] = a_low[i], a_high[i]
                if absent[a]:
                    for i in range(count):
                        if gone[a, i // 64] >> np.uint64(i % 64) & _ONE:
                            low[i] = high[i] = np.nan
                continue

            if op == _CONST:
                for i in range(BLOCK):
                    low[i] = constants[s]
                wide[out] = absent[out] = False
                continue

            if op == _INPUT:
                state = _load(
                    addresses, extra, flags[extra], constants[s], rows, first, count,
                    low, high, spare, rated,
                )  # fmt: skip
                if state < 0:
                    return first
                wide[out], absent[out] = state == 1, False
                continue

            wide[out] = wide[a] | wide[b]
            absent[out] = op == _SELECT and (absent[a] | absent[b])

            if op == _ADD:
                for i in range(BLOCK):
                    low[i] = a_low[i] + b_low[i]
                if wide[out]:
                    for i in range(BLOCK):
                        high[i] = a_high[i] + b_high[i]

            elif op == _MUL:
                for i in range(BLOCK):
                    low[i] = a_low[i] * b_low[i]
                if wide[out]:
                    for i in range(BLOCK):
                        x = a_high[i] * b_high[i]
                        high[i] = x if x == x else 0.0  # 0 * inf = 0

            elif op == _MAX:
                for i in range(BLOCK):
                    low[i] = a_low[i] if a_low[i] >= b_low[i] else b_low[i]
                if wide[out]:
                    for i in range(BLOCK):
                        high[i] = a_high[i] if a_high[i] >= b_high[i] else b_high[i]

            elif op == _DIV:
                plain = not wide[out] and (flag or _outside_zero(b_low))
                if plain:
                    for i in range(BLOCK):
                        low[i] = a_low[i] / b_low[i]
                elif flag:  # a denominator of 0 is the open end of (0, x]
                    for i in range(BLOCK):
                        low[i] = a_low[i] / b_high[i]
                        x = a_high[i] / b_low[i]
                        high[i] = x if x == x else 0.0
                else:
                    for w in range(WORDS):
                        gone[out, w] = _NONE
                    wide[out] = absent[out] = True
                    for i in range(BLOCK):
                        zero = b_low[i] == 0.0
                        low[i] = 0.0 if zero else a_low[i] / b_high[i]
                        high[i] = np.inf if zero else a_high[i] / b_low[i]
                        if b_high[i] == 0.0:
                            gone[out, i // 64] |= _ONE << np.uint64(i % 64)

            elif op == _SELECT:
                for w in range(WORDS):
                    may, must = possible[extra, w], certain[extra, w]
                    wide[out] |= may != must
                    if absent[out]:
                        gone[out, w] = (gone[a, w] & may) if absent[a] else _NONE
                        gone[out, w] |= (gone[b, w] & ~must) if absent[b] else _NONE
                for i in range(BLOCK):
                    shift = np.uint64(i % 64)
                    may = possible[extra, i // 64] >> shift & _ONE
                    must = certain[extra, i // 64] >> shift & _ONE
                    least = min(a_low[i], b_low[i])
                    most = max(a_high[i], b_high[i])
                    low[i] = a_low[i] if must else (least if may else b_low[i])
                    high[i] = a_high[i] if must else (most if may else b_high[i])

            else:  # NOT_APPLICABLE
                for i in range(BLOCK):
                    low[i] = 0.0
                    high[i] = np.inf
                for w in range(WORDS):
                    gone[out, w] = _FULL
                wide[out] = absent[out] = True

        base = first // 64
        words = (count + 63) // 64
        last = _FULL if count % 64 == 0 else (_ONE << np.uint64(count % 64)) - _ONE
        for w in range(words):
            near[base + w] = close[w] if w < words - 1 else close[w] & last
        for p in range(len(covers)):
            _touched(boxes, literals, covers[p, 0], covers[p, 1], possible, certain, true)
            if uncertain:
                _touched(boxes, literals, covers[p, 1], covers[p, 2], possible, certain, false)
            for w in range(words):
                mask = last if w == words - 1 else _FULL
                if uncertain:
                    values[p, base + w] = true[w] & ~false[w] & mask
                    valid[p, base + w] = (true[w] ^ false[w]) & mask
                else:
                    values[p, base + w] = true[w] & mask
                    valid[p, base + w] = mask
    return -1
