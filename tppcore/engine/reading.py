"""Columns as blocks of doubles for the Numba engine; importing it imports Numba.

A block is read as two vectors an input, its low and high ends, or one where all rows are known:
the column itself if there is nothing to fill in, else a copy in scratch memory. Every number is
checked on the way.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Columns
from tppcore.engine.limbs import address_of, bytes_at, doubles_at, words_at
from tppcore.engine.lowlevel import carray, part
from tppcore.engine.structure import cone, tested
from tppcore.program.program import Op, Program

BLOCK = 512
"""Rows of a block: its vectors stay in the L1 and L2 caches."""

BAD, KNOWN, UNCERTAIN = -1, 0, 1  # the state of a block

VALUES, FLAGS, LOW, HIGH = range(4)  # the columns of an input, in `addresses`

POSITIVE, CLOSED, OPEN_UNLISTED, DEFAULT, USED, GIVEN = 1, 2, 4, 8, 16, 32  # flags of an input

_USUAL = np.uint64(974 << 52)  # the bits of 2^-49


def input_flags(program: Program) -> NDArray[np.int64]:
    """The flags of every input: what a missing value means, and whether a test depends on it."""
    needed = cone(program, tested(program))
    used = {program.nodes[i].a for i in needed if program.nodes[i].op == Op.INPUT}
    return np.array(
        [
            POSITIVE * each.positive
            | CLOSED * each.closed_list
            | OPEN_UNLISTED * each.open_unlisted
            | DEFAULT * (each.default is not None)
            | USED * (index in used)
            | GIVEN * each.given
            | GIVEN * each.given
            for index, each in enumerate(program.inputs)
        ],
        np.int64,
    )


def defaults(program: Program) -> NDArray[np.float64]:
    """What a missing value of every input is, where that has a meaning. A default has few digits,
    so that the double says it all."""
    return np.array([float(each.default or 0) for each in program.inputs], np.float64)


def addresses(program: Program, columns: Columns) -> tuple[NDArray[np.uintp], list[NDArray[Any]]]:
    """Where the columns of each input are, and the arrays that must stay alive meanwhile."""
    found = np.zeros((len(program.inputs), 4), np.uintp)
    kept: list[NDArray[Any]] = []
    for index, each in enumerate(program.inputs):
        column = columns.by_quantity.get(each.quantity) if each.given else None
        parts = (column.values, column.low, column.high) if column else ()
        for kind, values in zip((VALUES, LOW, HIGH), parts, strict=False):
            if values is None:
                continue
            if values.shape != (columns.rows,):
                raise ValueError(
                    f"{each.quantity}: shape {values.shape}; expected ({columns.rows},)"
                )
            is_flags = kind == VALUES and values.dtype == np.uint8
            kept.append(np.require(values, np.uint8 if is_flags else np.float64, ["C", "A"]))
            found[index, FLAGS if is_flags else kind] = kept[-1].ctypes.data
    return found, kept


@part
def doubles(address, count):
    return carray(doubles_at(np.uintp(address)), count)


@part
def _all_usual(address):
    """True only if 2^-49 <= x < 2^79 for all of a block: what a spec sheet holds, zeros and blanks
    aside. The bits of such doubles, less those of 2^-49, are below 2^59; every other double, read
    as an unsigned integer, then has one of the upper five bits set."""
    bits = carray(words_at(np.uintp(address)), BLOCK)
    found = np.uint64(0)
    for i in range(BLOCK):
        found |= bits[i] - _USUAL
    return found >> np.uint64(59) == 0


@part
def _valid(values, positive):
    valid = True
    for i in range(BLOCK):
        x = values[i]
        inside = (x >= 1e-15) & (x <= 1e24)
        valid &= inside | (x != x) | ((x == 0.0) & (not positive))
    return valid


@part
def _copy(address, first, count, out):
    """One block of doubles; rows past `count` hold 1, which no check minds."""
    if address:
        values = doubles(address + np.uintp(8 * first), count)
        for i in range(count):
            out[i] = values[i]
    else:
        for i in range(count):
            out[i] = np.nan
    for i in range(count, BLOCK):
        out[i] = 1.0


@part
def _copy_flags(address, first, count, out):
    """The same of booleans; false if one is neither 0, 1 nor missing."""
    flags = carray(bytes_at(address + np.uintp(first)), count)
    most = np.uint8(0)
    for i in range(count):
        most = max(most, flags[i])
    if most <= 1:
        for i in range(count):
            out[i] = flags[i]
    valid = True
    if most > 1:
        for i in range(count):
            valid &= (flags[i] <= 1) | (flags[i] == 255)
            out[i] = np.nan if flags[i] == 255 else float(flags[i])
    for i in range(count, BLOCK):
        out[i] = 1.0
    return valid


@part
def _read_range(low_address, high_address, first, count, positive, low, high, end):
    """Puts the ranges of a block into the ends of its values; false if one is none."""
    for i in range(BLOCK):
        high[i] = low[i]
    _copy(low_address, first, count, end)
    valid = _valid(end, positive)
    for i in range(count):
        if end[i] == end[i]:
            valid &= high[i] != high[i]
            low[i], high[i] = end[i], np.inf
    _copy(high_address, first, count, end)
    valid &= _valid(end, positive)
    for i in range(count):
        if end[i] == end[i]:
            valid &= (high[i] != high[i]) | (high[i] == np.inf)
            low[i] = low[i] if low[i] == low[i] else 0.0
            valid &= low[i] <= end[i]
            high[i] = end[i]
    return valid


@part
def _rated(addresses, flags, first, count, rated):
    """Which rows of a block state any peak rate; mostly one rate is there in all of them."""
    for i in range(BLOCK):
        rated[i] = 0
    for index in range(len(flags)):
        if not flags[index] & CLOSED:
            continue
        for kind in (VALUES, LOW, HIGH):
            if addresses[index, kind]:
                values = doubles(addresses[index, kind] + np.uintp(8 * first), count)
                missing = False
                for i in range(count):
                    there = values[i] == values[i]
                    rated[i] |= there
                    missing |= not there
                if not missing:
                    return


@part
def _fill(flags, default, rated, low, high, ranged):
    """Gives missing values of a block their meaning; true if a row is not known then."""
    uncertain = False
    if not ranged:
        for i in range(BLOCK):
            high[i] = low[i]
    if flags & DEFAULT:
        for i in range(BLOCK):
            missing = low[i] != low[i]
            high[i] = default if missing else high[i]
            low[i] = default if missing else low[i]
    elif flags & CLOSED and not flags & OPEN_UNLISTED:
        for i in range(BLOCK):
            missing = low[i] != low[i]
            high[i] = (0.0 if rated[i] else np.inf) if missing else high[i]
            low[i] = 0.0 if missing else low[i]
    else:
        for i in range(BLOCK):
            missing = low[i] != low[i]
            high[i] = np.inf if missing else high[i]
            low[i] = 0.0 if missing else low[i]
    for i in range(BLOCK):
        uncertain |= low[i] != high[i]
    return uncertain


@part
def prepare(addresses, flags, defaults, scratch, pointers):
    """Fills in the inputs that the table does not have, once for all blocks."""
    for index in range(len(flags)):
        low, high = scratch[2 * index], scratch[2 * index + 1]
        pointers[index, 0], pointers[index, 1] = address_of(low), address_of(high)
        for i in range(BLOCK):
            low[i] = defaults[index]
            high[i] = defaults[index] if flags[index] & DEFAULT else np.inf


@part
def read(addresses, flags, defaults, first, count, scratch, rated, pointers):
    """The state of a block, and in `pointers` (inputs, 2) where the ends of its inputs are.

    `scratch`: float64 (2 * inputs + 1, BLOCK); `rated`: uint8 (BLOCK,); as `prepare` left them.
    """
    state = KNOWN
    rates_read = False
    for index in range(len(flags)):
        low, high = scratch[2 * index], scratch[2 * index + 1]
        values, booleans = addresses[index, VALUES], addresses[index, FLAGS]
        ends = addresses[index, LOW] | addresses[index, HIGH]
        if not (values | booleans | ends):
            if flags[index] & (CLOSED | OPEN_UNLISTED | DEFAULT) != CLOSED:
                # The same in all rows, which the compiled tests know of inputs that are not given.
                if flags[index] & (USED | GIVEN | DEFAULT) == USED | GIVEN:
                    state = UNCERTAIN
                continue
        elif values and not ends and count == BLOCK:
            at = values + np.uintp(8 * first)
            if _all_usual(at):
                pointers[index, 0] = pointers[index, 1] = at
                continue
        positive = flags[index] & POSITIVE != 0
        valid = True
        if booleans:
            valid = _copy_flags(booleans, first, count, low)
        else:
            _copy(values, first, count, low)
        valid &= _valid(low, positive)
        if ends:
            valid &= _read_range(
                addresses[index, LOW], addresses[index, HIGH], first, count, positive,
                low, high, scratch[2 * len(flags)],
            )  # fmt: skip
        if not valid:
            return BAD
        missing = False
        for i in range(count):
            missing |= low[i] != low[i]
        pointers[index, 0] = pointers[index, 1] = address_of(low)
        if not (missing or ends):
            continue
        if flags[index] & CLOSED and not rates_read:
            _rated(addresses, flags, first, count, rated)
            rates_read = True
        if _fill(flags[index], defaults[index], rated, low, high, ends != 0):
            pointers[index, 1] = address_of(high)
            if flags[index] & USED:
                state = UNCERTAIN
    return state
