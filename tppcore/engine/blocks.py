"""Tables in blocks for the Numba engine; importing it imports Numba.

`drive` is the same for all programs and compiled once a machine: it reads a block, has its tests
evaluated in doubles, decides near rows again, and writes the verdicts of its paragraphs. What it
calls for the tests and the paragraphs is compiled for one program (`kernel`). Without that, every
row counts as near: right too, but some hundred times slower; worth it where a table is short.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import near, reading
from tppcore.engine.emit import Evaluation, Span, State, verdicts
from tppcore.engine.limbs import address_of, words_at
from tppcore.engine.lowlevel import cfunc, cgutils, intrinsic, ir, njit, part, types
from tppcore.engine.named import name_of, named, stamp
from tppcore.engine.reading import BAD, BLOCK, KNOWN
from tppcore.engine.structure import always_sure, tested
from tppcore.program.program import Program

WORDS = BLOCK // 64

_LANES = 16
"""Rows that are evaluated together: so many comparisons LLVM packs into bits well."""

DONE = -1

_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE = np.uint64(1)


# -- one program ----------------------------------------------------------------------------------


class _Emitter:
    """Emits loops over the rows of a block. Bits are words in memory, WORDS a row: two rows a
    test, where it is possible and where it is certain, then one a target, where it is near."""

    def __init__(self, program: Program, builder: Any, bits: Any) -> None:
        self.program, self.builder, self.bits = program, builder, bits
        self.word = ir.IntType(64)

    def at(self, base: Any, offset: Any, item: Any) -> Any:
        if isinstance(offset, int):
            offset = ir.Constant(self.word, offset)
        return self.builder.inttoptr(self.builder.add(base, offset), item.as_pointer())

    def load(self, base: Any, offset: Any, item: Any) -> Any:
        value = self.builder.load(self.at(base, offset, item))
        value.align = 8
        return value

    def evaluate(self, known: bool, pointers: Any) -> Any:
        """Writes the bits of a block; says whether `known` rows turned out not to be."""
        builder = self.builder
        bases = {
            (i, end): self.load(pointers, 16 * i + 8 * end, self.word)
            for i in range(len(self.program.inputs))
            for end in range(1 if known else 2)
        }
        few = ir.IntType(_LANES)
        trouble = cgutils.alloca_once_value(builder, ir.Constant(few, 0))
        bounds = (ir.Constant(self.word, each) for each in (0, BLOCK // _LANES, 1))
        with cgutils.for_range_slice(builder, *bounds, inc=True) as (step, _):
            offset = builder.mul(step, ir.Constant(self.word, 8 * _LANES))
            found = Evaluation(
                self.program,
                builder,
                _LANES,
                lambda index: self.source(index, known, bases, offset),
                assume=known,
            )
            self.store(found.states, builder.mul(step, ir.Constant(self.word, _LANES // 8)))
            if found.trouble is not None:
                more = builder.or_(builder.load(trouble), builder.bitcast(found.trouble, few))
                builder.store(more, trouble)
        return builder.icmp_unsigned("!=", builder.load(trouble), ir.Constant(few, 0))

    def source(self, index: int, known: bool, bases: dict[tuple[int, int], Any], at: Any) -> Span:
        vector = ir.VectorType(ir.DoubleType(), _LANES)
        entry = self.program.inputs[index]
        if known and not entry.given:
            value = ir.Constant(vector, [float(entry.default or 0)] * _LANES)
            return Span(value, value)
        low = self.load(bases[index, 0], at, vector)
        return Span(low, low if known else self.load(bases[index, 1], at, vector))

    def store(self, states: dict[int, State], offset: Any) -> None:
        builder, few = self.builder, ir.IntType(_LANES)
        near_of: dict[int, Any] = {}

        def put(row: int, mask: Any) -> None:
            place = builder.add(self.bits, ir.Constant(self.word, 8 * WORDS * row))
            builder.store(builder.bitcast(mask, few), self.at(place, offset, few)).align = 1

        for number, state in states.items():
            put(2 * number, state.possible)
            put(2 * number + 1, state.certain)
            if state.near is not None:
                node = self.program.tests[number].node
                other = near_of.get(node)
                near_of[node] = state.near if other is None else builder.or_(other, state.near)
        for target, node in enumerate(tested(self.program)):
            if node in near_of:
                put(2 * len(self.program.tests) + target, near_of[node])

    def conclude(self, known: bool, out: Any) -> None:
        """Writes the words of all paragraphs: values, then validity, WORDS each."""
        words = ir.VectorType(self.word, WORDS)
        sure: frozenset[int] = always_sure(self.program) if known else frozenset()

        def row(number: int) -> Any:
            return self.load(self.bits, 8 * WORDS * number, words)

        found = verdicts(
            self.program,
            self.builder,
            lambda test: row(2 * test),
            lambda test: row(2 * test + (test not in sure)),
            ir.Constant(words, [-1] * WORDS),
            sure,
        )
        for number, value in enumerate(value for pair in found for value in pair):
            self.builder.store(value, self.at(out, 8 * WORDS * number, words)).align = 8


@intrinsic(prefer_literal=True)
def _evaluate(_: Any, name: Any, known: Any, pointers: Any, bits: Any) -> Any:
    """Runs the tests of a block; true where `known` rows turned out not to be."""
    if not isinstance(name, types.StringLiteral):
        return None

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emitter = _Emitter(named(name.literal_value).program, builder, args[3])
        return emitter.evaluate(known.literal_value, args[2])

    return types.boolean(name, known, types.uintp, types.uintp), emit


@intrinsic(prefer_literal=True)
def _conclude(_: Any, name: Any, known: Any, bits: Any, out: Any) -> Any:
    """Combines the tests of a block."""
    if not isinstance(name, types.StringLiteral):
        return None

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emitter = _Emitter(named(name.literal_value).program, builder, args[2])
        emitter.conclude(known.literal_value, args[3])
        return context.get_dummy_value()

    return types.void(name, known, types.uintp, types.uintp), emit


def kernel(program: Program) -> Any:
    """A program compiled for blocks: a C function, f(what, a, b) with addresses.

    0 evaluates a block of known rows, from `pointers` into `bits`, and 1 one of any rows; it
    returns 1 if rows were not known after all. 2 and 3 conclude likewise, from `bits` into `out`.
    """
    name = name_of(program)

    @cfunc(types.uintp(types.uintp, types.uintp, types.uintp), cache=True, error_model="numpy")
    def run(what, a, b):
        trouble = False
        if what == 0:
            trouble = _evaluate(name, True, a, b)
        elif what == 1:
            _evaluate(name, False, a, b)
        elif what == 2:
            _conclude(name, True, a, b)
        else:
            _conclude(name, False, a, b)
        return np.uintp(trouble)

    return run


# -- all programs ---------------------------------------------------------------------------------


class Tables(NamedTuple):
    """A program as `drive` takes it."""

    flags: NDArray[np.int64]  # of the inputs
    defaults: NDArray[np.float64]
    plan: near.Plan
    covers: NDArray[np.int64]  # (paragraphs, 3): boxes [0, 1) are true ones, [1, 2) false ones
    boxes: NDArray[np.int64]  # (boxes + 1,): into literals
    literals: NDArray[np.int64]


def tables(program: Program) -> Tables:
    """A program as arrays. Raises ValueError for constants beyond 63 bits."""
    counts = [(len(each.true_boxes), len(each.false_boxes)) for each in program.paragraphs]
    ends = list(accumulate((n for pair in counts for n in pair), initial=0))
    boxes = [b for each in program.paragraphs for b in (*each.true_boxes, *each.false_boxes)]
    covers = [ends[2 * p : 2 * p + 3] for p in range(len(counts))]
    return Tables(
        reading.input_flags(program),
        reading.defaults(program),
        near.plan(program),
        np.array(covers, np.int64).reshape(-1, 3),
        np.array(list(accumulate(map(len, boxes), initial=0)), np.int64),
        np.array([literal for box in boxes for literal in box], np.int64),
    )


@intrinsic
def _call(_: Any, function: Any, what: Any, a: Any, b: Any) -> Any:
    """Calls a `kernel` by its address."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(types.uintp.bitwidth)
        pointer = ir.FunctionType(word, [word] * 3).as_pointer()
        return builder.call(builder.inttoptr(args[0], pointer), args[1:])

    return types.uintp(*(types.uintp,) * 4), emit


@part
def _settle(plan, pointers, words, last, bits, memory, ends, states):
    """Decides the near rows of a block, and writes over what doubles said of them."""
    tests, targets = len(plan.tests), len(plan.selects)
    for w in range(words):
        left = np.uint64(0)
        for target in range(targets):
            left |= bits[2 * tests + target, w]
        left &= last if w == words - 1 else _FULL
        row = 64 * w - 1
        while left:
            # To the next row that is near.
            row += 1
            while not left & _ONE:
                left >>= _ONE
                row += 1
            left >>= _ONE
            _settle_row(plan, pointers, row, bits, memory, ends, states)


@part
def _settle_row(plan, pointers, row, bits, memory, ends, states):
    tests, targets = len(plan.tests), len(plan.selects)
    w, shift = row // 64, np.uint64(row % 64)
    for i in range(len(ends)):
        for end in range(2):
            ends[i, end] = reading.doubles(pointers[i, end], BLOCK)[row]
    everything = False
    for target in range(targets):
        is_near = bits[2 * tests + target, w] >> shift & _ONE
        everything |= plan.selects[target] != 0 and is_near != 0
    for target in range(targets):
        if not everything and not bits[2 * tests + target, w] >> shift & _ONE:
            continue
        near.decide(plan, target, ends, memory, states)
        for index in range(plan.first_test[target], plan.first_test[target + 1]):
            test = plan.numbers[index]
            for kind in range(2):
                bit = np.uint64(states[test] >> kind & 1) << shift
                others = bits[2 * test + kind, w] & ~(_ONE << shift)
                bits[2 * test + kind, w] = others | bit


@part
def _touched(tables, bits, start, stop, w):
    """The rows that touch any of boxes[start:stop]."""
    found = np.uint64(0)
    for box in range(start, stop):
        inside = _FULL
        for index in range(tables.boxes[box], tables.boxes[box + 1]):
            literal = tables.literals[index]
            test = literal >> 1
            inside &= ~bits[2 * test + 1, w] if literal & 1 else bits[2 * test, w]
        found |= inside
    return found


@part
def _combine(tables, bits, words, out):
    """What a kernel does to conclude, for any program."""
    for p in range(len(tables.covers)):
        first, middle, last = tables.covers[p]
        for w in range(words):
            true = _touched(tables, bits, first, middle, w)
            valid = true ^ _touched(tables, bits, middle, last, w)
            out[2 * p, w], out[2 * p + 1, w] = true & valid, valid


def _drive() -> Any:
    # Numba keeps this function by its own file and what it closes over: see `named.stamp`.
    sources = stamp()

    @njit(cache=True, nogil=True, error_model="numpy")
    def drive(rows, addresses, tables, kernel, word, values, valid):
        """The verdicts of some rows, from `word` on in the bitmaps whose addresses are `values`
        and `valid`, one a paragraph.

        `kernel`: the address of one, or 0. It returns DONE, or the first row of a block with a
        number that is no quantity.
        """
        if sources < 0:
            return 0
        flags, plan = tables.flags, tables.plan
        inputs, tests, targets = len(flags), len(plan.tests), len(plan.selects)
        scratch = np.empty((2 * inputs + 1, BLOCK))
        rated = np.empty(BLOCK, np.uint8)
        pointers = np.empty((inputs, 2), np.uintp)
        bits = np.zeros((2 * tests + targets, WORDS), np.uint64)
        out = np.empty((2 * len(values), WORDS), np.uint64)
        memory = near.room(plan)
        ends, states = np.empty((inputs, 2)), np.empty(tests, np.uint8)
        at, to = address_of(bits), address_of(out)
        reading.prepare(addresses, flags, tables.defaults, scratch, pointers)
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            words = (count + 63) // 64
            last = _FULL >> np.uint64(64 * words - count)
            state = reading.read(
                addresses, flags, tables.defaults, first, count, scratch, rated, pointers
            )
            if state == BAD:
                return first
            known = state == KNOWN
            if kernel:
                known = known and not _call(kernel, 0, address_of(pointers), at)
                if not known:
                    _call(kernel, 1, address_of(pointers), at)
            else:
                bits[2 * tests :, :] = _FULL
            _settle(plan, pointers, words, last, bits, memory, ends, states)
            if kernel:
                _call(kernel, 2 if known else 3, at, to)
            else:
                _combine(tables, bits, words, out)
            for p in range(len(values)):
                to_values, to_valid = words_at(values[p]), words_at(valid[p])
                for w in range(words):
                    mask = last if w == words - 1 else _FULL
                    to_values[word + first // 64 + w] = out[2 * p, w] & mask
                    to_valid[word + first // 64 + w] = out[2 * p + 1, w] & mask
        return DONE

    return drive


drive: Any = _drive()
