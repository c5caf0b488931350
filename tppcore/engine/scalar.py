"""One row at a time, inside a user's own @njit function; importing it imports Numba.

A row is decided in doubles as if all it needs were known. Where that is not so, or a comparison
is near, the row is evaluated again over intervals and its near tests are decided exactly.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tppcore.engine import near, reading
from tppcore.engine.columns import LARGEST, SMALLEST
from tppcore.engine.emit import Evaluation, Span, Terms, verdicts
from tppcore.engine.limbs import bytes_at, doubles_at
from tppcore.engine.lowlevel import (
    NumbaTypeError,
    carray,
    cgutils,
    intrinsic,
    ir,
    njit,
    part,
    types,
)
from tppcore.engine.named import Named, name_of, named
from tppcore.engine.reading import CLOSED, DEFAULT, OPEN_UNLISTED, POSITIVE, USED
from tppcore.engine.structure import always_sure, tested
from tppcore.program.program import Program

_LANES = 4
"""Numbers that are checked together."""

_LARGEST_INTEGER = 2**53
"""Up to here every integer is a double."""

UNDETERMINED, REFUSED = -1, -2
"""Verdicts beside 1 and 0. There are no exceptions: Numba loses those raised inside `prange`."""


class _Checks:
    """What the numbers of a row may be, by input."""

    def __init__(self, known: Named) -> None:
        self.flags = reading.input_flags(known.program)
        self.defaults = reading.defaults(known.program)
        is_boolean = np.array([i in known.booleans for i in range(len(self.flags))], np.bool_)
        self.least = np.where(is_boolean, 1.0, SMALLEST)
        self.most = np.where(is_boolean, 1.0, LARGEST)

    def has(self, index: int, flag: int) -> bool:
        return bool(self.flags[index] & flag)

    def is_zero_if_missing(self, index: int) -> bool:
        """A peak rate, in a row that states any."""
        rate = self.has(index, CLOSED) and not self.has(index, OPEN_UNLISTED)
        return rate and not self.has(index, DEFAULT)

    def needed(self, index: int) -> bool:
        """Whether a row without it is not known."""
        filled = self.has(index, DEFAULT) or self.is_zero_if_missing(index)
        return self.has(index, USED) and not filled


def _is_row(values: Any) -> bool:
    """Whether the numbers come as one array."""
    only = values[0] if len(values) == 1 else None
    return isinstance(only, types.Array) and only.ndim == 1 and only.dtype == types.float64


def _check_types(known: Named, values: Any) -> None:
    if _is_row(values):
        return
    if len(values) != len(known.order):
        raise NumbaTypeError(f"{len(values)} numbers; expected {len(known.order)}, one a quantity")
    for place, given in enumerate(values):
        if given != types.float64 and not isinstance(given, types.Boolean | types.Integer):
            quantity = known.program.inputs[known.order[place]].quantity
            raise NumbaTypeError(
                f"{quantity}: {given}; expected float64, an integer or a boolean (a float32 stands "
                "for another decimal than the double of its value)"
            )


def _arguments(known: Named, context: Any, builder: Any, given: Any, values: Any) -> dict[int, Any]:
    """The arguments of a classifier as doubles, by input, in their order."""
    if not _is_row(given):
        return {
            index: _as_double(builder, each, builder.extract_value(values, place))
            for place, (index, each) in enumerate(zip(known.order, given, strict=True))
        }
    array = context.make_array(given[0])(context, builder, builder.extract_value(values, 0))
    step = cgutils.unpack_tuple(builder, array.strides, 1)[0]
    if given[0].layout == "C":
        step = ir.Constant(step.type, 8)
    found = {}
    for place, index in enumerate(known.order):
        base = builder.ptrtoint(array.data, step.type)
        at = builder.add(base, builder.mul(step, ir.Constant(step.type, place)))
        found[index] = builder.load(builder.inttoptr(at, ir.DoubleType().as_pointer()))
    return found


def _as_double(builder: Any, given: Any, value: Any) -> Any:
    """A number as a double. An integer that none holds becomes infinite, which no check passes."""
    double = ir.DoubleType()
    if isinstance(given, types.Boolean):
        return builder.uitofp(value, double)
    if not isinstance(given, types.Integer):
        return value
    number = (builder.sitofp if given.signed else builder.uitofp)(value, double)
    if given.bitwidth <= 53:
        return number
    compare = builder.icmp_signed if given.signed else builder.icmp_unsigned
    fits = compare("<=", value, ir.Constant(value.type, _LARGEST_INTEGER))
    return builder.select(fits, number, ir.Constant(double, float("inf")))


class _Row:
    """Emits one row as if everything needed were known; `trouble` says whether it is not, or a
    test is near."""

    def __init__(self, known: Named, builder: Any, numbers: dict[int, Any]) -> None:
        self.known, self.builder, self.checks = known, builder, _Checks(known)
        self.filled: dict[int, Any] = {}
        self.groups: list[tuple[Sequence[int], Any]] = []  # inputs and their vector
        self.bad: Any = None
        self.rated: Any = None
        places = list(numbers)
        for start in range(0, len(places), _LANES):
            self.check(places[start : start + _LANES], numbers)
        found = Evaluation(known.program, builder, 1, self.source, assume=True, pack=self.greatest)
        self.states = found.states
        for group, x in self.groups:
            if found.zeros & set(group):
                some = builder.fcmp_ordered("!=", x, self.constant(group, lambda _: 0.0))
                some = builder.and_(some, self.mask(group, found.zeros.__contains__))
                self.bad = self.either(self.bad, some)
        trouble = self.any_of(self.bad)
        if any(each & CLOSED and each & USED for each in self.checks.flags):
            trouble = builder.or_(trouble, builder.not_(self.any_of(self.rated)))
        for mask in (found.trouble, *(state.near for state in found.states.values())):
            trouble = trouble if mask is None else builder.or_(trouble, mask)
        self.trouble = trouble

    def constant(self, inputs: Sequence[int], of: Callable[[int], float]) -> Any:
        vector = ir.VectorType(ir.DoubleType(), _LANES)
        return ir.Constant(vector, [of(i) for i in inputs] + [1.0] * (_LANES - len(inputs)))

    def mask(self, inputs: Sequence[int], of: Callable[[int], bool]) -> Any:
        bit = ir.IntType(1)
        bits = [bool(of(i)) for i in inputs] + [False] * (_LANES - len(inputs))
        return ir.Constant(ir.VectorType(bit, _LANES), [ir.Constant(bit, int(b)) for b in bits])

    def any_of(self, bits: Any) -> Any:
        if bits is None:
            return ir.Constant(ir.IntType(1), 0)
        few = self.builder.bitcast(bits, ir.IntType(_LANES))
        return self.builder.icmp_unsigned("!=", few, ir.Constant(few.type, 0))

    def either(self, a: Any, b: Any) -> Any:
        return b if a is None else self.builder.or_(a, b)

    def check(self, inputs: Sequence[int], numbers: dict[int, Any]) -> None:
        """Checks some numbers at once and fills in what is missing."""
        builder, checks = self.builder, self.checks
        x = self.constant(inputs, lambda _: 1.0)
        for lane, index in enumerate(inputs):
            x = builder.insert_element(x, numbers[index], ir.Constant(ir.IntType(32), lane))
        missing = builder.fcmp_unordered("uno", x, x)
        least = self.constant(inputs, lambda i: float(checks.least[i]))
        most = self.constant(inputs, lambda i: float(checks.most[i]))
        wrong = builder.or_(builder.fcmp_ordered("<", x, least), builder.fcmp_ordered(">", x, most))
        if not all(checks.has(i, POSITIVE) for i in inputs):
            zero = builder.fcmp_ordered("==", x, self.constant(inputs, lambda _: 0.0))
            allowed = self.mask(inputs, lambda i: not checks.has(i, POSITIVE))
            wrong = builder.and_(wrong, builder.not_(builder.and_(zero, allowed)))
        self.bad = self.either(self.bad, wrong)
        if any(map(checks.needed, inputs)):
            unknown = builder.and_(missing, self.mask(inputs, checks.needed))
            self.bad = self.either(self.bad, unknown)
        if any(checks.has(i, CLOSED) for i in inputs):
            rates = self.mask(inputs, lambda i: checks.has(i, CLOSED))
            self.rated = self.either(self.rated, builder.and_(builder.not_(missing), rates))
        default = self.constant(inputs, lambda i: float(checks.defaults[i]))
        x = builder.select(missing, default, x)
        self.groups.append((inputs, x))
        for lane, index in enumerate(inputs):
            self.filled[index] = builder.extract_element(x, ir.Constant(ir.IntType(32), lane))

    def greatest(self, terms: Terms) -> Any:
        """The greatest of several inputs times factors."""
        builder = self.builder
        top = None
        for inputs, x in self.groups:
            if not terms.keys() & set(inputs):
                continue
            factors = [terms.get(i, 0.0) for i in inputs] + [0.0] * (_LANES - len(inputs))
            product = builder.fmul(x, ir.Constant(x.type, factors))
            top = product if top is None else self.larger(top, product)
        places = [ir.Constant(ir.IntType(32), i) for i in range(_LANES)]
        lanes = [builder.extract_element(top, place) for place in places]
        while len(lanes) > 1:
            lanes = [self.larger(a, b) for a, b in zip(lanes[::2], lanes[1::2], strict=True)]
        return lanes[0]

    def larger(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def source(self, index: int) -> Span:
        value = self.filled.get(index)
        if value is None:
            value = ir.Constant(ir.DoubleType(), float(self.checks.defaults[index]))
        return Span(value, value)


def _answers(program: Program, builder: Any, bits: list[tuple[Any, Any]]) -> Any:
    """Verdicts as a tuple of int8."""
    answer = ir.IntType(8)
    open_ = ir.Constant(answer, UNDETERMINED)
    return cgutils.pack_array(
        builder,
        [builder.select(valid, builder.zext(value, answer), open_) for value, valid in bits],
    )


@intrinsic(prefer_literal=True)
def _quick(_: Any, name: Any, values: Any) -> Any:
    """(settled, verdicts) of a row."""
    if not isinstance(name, types.StringLiteral):
        return None
    known = named(name.literal_value)
    answers = types.UniTuple(types.int8, len(known.program.paragraphs))

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        program = known.program
        row = _Row(known, builder, _arguments(known, context, builder, values, args[1]))
        sure = always_sure(program)
        bits = verdicts(
            program,
            builder,
            lambda test: row.states[test].possible,
            lambda test: row.states[test].certain,
            ir.Constant(ir.IntType(1), 1),
            sure,
        )
        settled = builder.zext(builder.not_(row.trouble), ir.IntType(8))
        return context.make_tuple(
            builder, signature.return_type, [settled, _answers(program, builder, bits)]
        )

    return types.Tuple((types.uint8, answers))(name, values), emit


@intrinsic(prefer_literal=True)
def _fits(_: Any, name: Any, values: Any) -> Any:
    """Whether an array has one number a quantity; other arguments are counted when compiled."""
    if not isinstance(name, types.StringLiteral):
        return None
    known = named(name.literal_value)
    _check_types(known, values)
    count = len(known.order)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not _is_row(values):
            return ir.Constant(ir.IntType(1), 1)
        row = builder.extract_value(args[1], 0)
        array = context.make_array(values[0])(context, builder, row)
        length = cgutils.unpack_tuple(builder, array.shape, 1)[0]
        return builder.icmp_signed("==", length, ir.Constant(length.type, count))

    return types.boolean(name, values), emit


@intrinsic(prefer_literal=True)
def _spread(_: Any, name: Any, values: Any, ends: Any) -> Any:
    """Writes the numbers of a row to both its ends, NaN where the table has no such column."""
    if not isinstance(name, types.StringLiteral):
        return None
    known = named(name.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = _arguments(known, context, builder, values, args[1])
        double, word = ir.DoubleType(), ir.IntType(64)
        for index in range(len(known.program.inputs)):
            number = numbers.get(index, ir.Constant(double, float("nan")))
            for end in range(2):
                place = builder.add(args[2], ir.Constant(word, 16 * index + 8 * end))
                builder.store(number, builder.inttoptr(place, double.as_pointer()))
        return context.get_dummy_value()

    return types.void(name, values, types.uintp), emit


@intrinsic(prefer_literal=True)
def _evaluate(_: Any, name: Any, ends: Any, bits: Any) -> Any:
    """Writes the tests of a row of intervals, as `near.second_look` takes them."""
    if not isinstance(name, types.StringLiteral):
        return None

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        program = named(name.literal_value).program
        double, word, byte = ir.DoubleType(), ir.IntType(64), ir.IntType(8)

        def end(offset: int) -> Any:
            place = builder.add(args[1], ir.Constant(word, offset))
            return builder.load(builder.inttoptr(place, double.as_pointer()))

        def put(place: int, bit: Any) -> None:
            address = builder.add(args[2], ir.Constant(word, place))
            pointer = builder.inttoptr(address, byte.as_pointer())
            builder.store(builder.zext(bit, byte), pointer)

        found = Evaluation(
            program, builder, 1, lambda index: Span(end(16 * index), end(16 * index + 8))
        )
        near_of: dict[int, Any] = {}
        for number, state in found.states.items():
            put(2 * number, state.possible)
            put(2 * number + 1, state.certain)
            if state.near is not None:
                node = program.tests[number].node
                other = near_of.get(node)
                near_of[node] = state.near if other is None else builder.or_(other, state.near)
        for target, node in enumerate(tested(program)):
            if node in near_of:
                put(2 * len(program.tests) + target, near_of[node])
        return context.get_dummy_value()

    return types.void(name, types.uintp, types.uintp), emit


@intrinsic(prefer_literal=True)
def _conclude(_: Any, name: Any, bits: Any) -> Any:
    """The verdicts of a row from its tests."""
    if not isinstance(name, types.StringLiteral):
        return None
    program = named(name.literal_value).program

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word, byte = ir.IntType(64), ir.IntType(8)

        def bit(place: int) -> Any:
            address = builder.add(args[1], ir.Constant(word, place))
            value = builder.load(builder.inttoptr(address, byte.as_pointer()))
            return builder.trunc(value, ir.IntType(1))

        found = verdicts(
            program,
            builder,
            lambda test: bit(2 * test),
            lambda test: bit(2 * test + 1),
            ir.Constant(ir.IntType(1), 1),
            frozenset(),
        )
        return _answers(program, builder, found)

    return types.UniTuple(types.int8, len(program.paragraphs))(name, types.uintp), emit


@intrinsic(prefer_literal=True)
def _refuse(_: Any, name: Any) -> Any:
    """The verdicts of a row with a number that is no quantity."""
    if not isinstance(name, types.StringLiteral):
        return None
    count = len(named(name.literal_value).program.paragraphs)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.pack_array(builder, [ir.Constant(ir.IntType(8), REFUSED)] * count)

    return types.UniTuple(types.int8, count)(name), emit


@intrinsic(prefer_literal=True)
def _room(_: Any, size: Any) -> Any:
    """The address of some bytes on the stack."""
    if not isinstance(size, types.IntegerLiteral):
        return None

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # Not Numba's own alloca_once, which would fill it with zeros in every call.
        with builder.goto_entry_block():
            place = builder.alloca(ir.ArrayType(ir.DoubleType(), size.literal_value // 8 + 1))
        return builder.ptrtoint(place, ir.IntType(types.uintp.bitwidth))

    return types.uintp(size), emit


@part
def _fill(ends, flags, defaults, least, most):
    """Gives missing numbers of a row their meaning; false if a number is no quantity."""
    rated = False
    for i in range(len(ends)):
        x = ends[i, 0]
        if (x < least[i] or x > most[i]) and (x != 0.0 or flags[i] & POSITIVE):
            return False
        rated |= flags[i] & CLOSED != 0 and x == x
    for i in range(len(ends)):
        if ends[i, 0] == ends[i, 0]:
            continue
        ends[i, 0] = ends[i, 1] = 0.0
        if flags[i] & DEFAULT:
            ends[i, 0] = ends[i, 1] = defaults[i]
        elif not flags[i] & CLOSED or flags[i] & OPEN_UNLISTED or not rated:
            ends[i, 1] = np.inf
    return True


def classifier(program: Program, order: Sequence[int], booleans: frozenset[int]) -> Any:
    """decide(*numbers), or decide(row) of an array, for compiled code: the verdicts of a row as a
    tuple of int8, 1, 0, UNDETERMINED or, for all paragraphs, REFUSED.

    `order`: the input of each number; `booleans`: inputs that are 0 or 1.
    """
    name = name_of(program, order, booleans)
    checks = _Checks(named(name))
    flags, defaults, least, most = checks.flags, checks.defaults, checks.least, checks.most
    plan = near.plan(program)
    inputs, tests = len(program.inputs), len(program.tests)
    places, ends_size = 2 * tests + len(tested(program)), 16 * inputs

    @njit(cache=True, nogil=True, error_model="numpy")
    def decide(*numbers):
        if not _fits(name, numbers):
            return _refuse(name)
        settled, found = _quick(name, numbers)
        if settled:
            return found
        ends_at, bits_at = _room(ends_size), _room(places)
        ends, bits = carray(doubles_at(ends_at), (inputs, 2)), carray(bytes_at(bits_at), places)
        _spread(name, numbers, ends_at)
        if not _fill(ends, flags, defaults, least, most):
            return _refuse(name)
        bits[:] = 0
        _evaluate(name, ends_at, bits_at)
        if bits[2 * tests :].any():
            near.second_look(plan, ends, bits)
        return _conclude(name, bits_at)

    return decide
