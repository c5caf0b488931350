"""Whole numbers of any width for Numba, in uint64 memory; importing it imports Numba.

A number is named by its place: the memory holds its length in limbs there, then the limbs, the
lowest first. The highest limb in use is not 0, so zero has length 0; what lies beyond the length
means nothing. The caller leaves enough room: `near.plan` knows how wide a program's numbers get.
Memory is a pointer, which is cheaper to hand on than an array.

Numba has no 128-bit integers but LLVM has, so the product of two limbs is one instruction.
"""

# Numba types these functions, from their arguments.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"
from __future__ import annotations

from typing import Any

import numpy as np

from tppcore.engine.lowlevel import cgutils, intrinsic, ir, part, types

ZERO, ONE = np.uint64(0), np.uint64(1)

POWERS = np.array([10**k for k in range(20)], np.uint64)
"""The powers of ten of one limb."""


@intrinsic
def multiply_add(context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """(low, high) limbs of a * b + c + d, which always fits."""
    pair = types.UniTuple(types.uint64, 2)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limb, twice = ir.IntType(64), ir.IntType(128)
        x, y, z, w = (builder.zext(each, twice) for each in args)
        total = builder.add(builder.add(builder.mul(x, y), z), w)
        high = builder.lshr(total, ir.Constant(twice, 64))
        return cgutils.pack_array(builder, [builder.trunc(each, limb) for each in (total, high)])

    return pair(*(types.uint64,) * 4), emit


def _reinterpreted(source: Any, target: Any) -> Any:
    def change(_: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], context.get_value_type(target))

        return target(source), emit

    return intrinsic(change)


bits_of, double_of = (
    _reinterpreted(types.float64, types.uint64),
    _reinterpreted(types.uint64, types.float64),
)


def pointer_to(item: Any) -> Any:
    """An intrinsic: a uintp as a pointer."""
    pointer = types.CPointer(item)

    def change(_: Any, address: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return pointer(types.uintp), emit

    return intrinsic(change)


@intrinsic
def address_of(_: Any, array: Any) -> Any:
    """Where the elements of a C-contiguous array begin."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, ir.IntType(types.uintp.bitwidth))

    return types.uintp(array), emit


words_at, doubles_at, bytes_at = map(pointer_to, (types.uint64, types.float64, types.uint8))


@part
def assign(m, out, value):
    """out = value, one limb."""
    m[out] = np.uint64(value != ZERO)
    m[out + 1] = value


@part
def copy(m, out, a):
    m[out], m[out + 1] = m[a], m[a + 1]  # mostly all there is
    for i in range(2, np.int64(m[a]) + 1):
        m[out + i] = m[a + i]


@part
def compare(m, a, b):
    """-1, 0 or 1."""
    if m[a] != m[b]:
        return -1 if m[a] < m[b] else 1
    for i in range(np.int64(m[a]), 0, -1):
        if m[a + i] != m[b + i]:
            return -1 if m[a + i] < m[b + i] else 1
    return 0


@part
def add(m, out, a, b):
    """out = a + b."""
    n, k = np.int64(m[a]), np.int64(m[b])
    if n < k:
        a, b, n, k = b, a, k, n
    carry = ZERO
    for i in range(1, n + 1):
        m[out + i], carry = multiply_add(m[a + i], ONE, m[b + i] if i <= k else ZERO, carry)
    if carry:
        n += 1
        m[out + n] = carry
    m[out] = np.uint64(n)


@part
def multiply(m, out, a, b):
    """out = a * b; is neither."""
    n, k = np.int64(m[a]), np.int64(m[b])
    if k == 1 and m[b + 1] == ONE:
        copy(m, out, a)
        return
    if n == 1 and k == 1:
        m[out + 1], m[out + 2] = multiply_add(m[a + 1], m[b + 1], ZERO, ZERO)
        m[out] = ONE + np.uint64(m[out + 2] != ZERO)
        return
    if n == 0 or k == 0:
        m[out] = ZERO
        return
    for i in range(1, n + 1):
        m[out + i] = ZERO
    for j in range(1, k + 1):
        carry = ZERO
        for i in range(1, n + 1):
            at = out + i + j - 1
            m[at], carry = multiply_add(m[a + i], m[b + j], m[at], carry)
        m[out + n + j] = carry
    m[out] = np.uint64(n + k - (1 if m[out + n + k] == ZERO else 0))


@part
def multiply_power_of_ten(m, a, power):
    """a *= 10^power, or nothing where power <= 0."""
    n = np.int64(m[a])
    while power > 0 and n:
        step = min(power, 19)
        carry = ZERO
        for i in range(1, n + 1):
            m[a + i], carry = multiply_add(m[a + i], POWERS[step], carry, ZERO)
        if carry:
            n += 1
            m[a + n] = carry
        power -= step
    m[a] = np.uint64(n)
