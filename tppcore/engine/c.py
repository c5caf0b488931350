"""The C engine: `libtppcore` through cffi, over shards of rows, without the GIL."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine import shards
from tppcore.engine.columns import Bitmaps, Column, Columns, Doubles
from tppcore.errors import InputError, TppError
from tppcore.program.binary import to_bytes
from tppcore.program.program import Program

try:
    from tppcore import _tppcore
except ImportError:  # built without a C compiler; the caller then chooses another engine
    _tppcore = None
_ffi: Any = getattr(_tppcore, "ffi", None)
_lib: Any = getattr(_tppcore, "lib", None)


def available() -> bool:
    """Whether the package was built with a C compiler."""
    return _lib is not None


class Opened:
    """A program as the C engine holds it; closed with this object.

    Raises TppError for a program that the engine refuses: see tpp_program_open in tppcore.h.
    """

    def __init__(self, program: Program) -> None:
        self.inputs = program.inputs
        self.paragraphs = len(program.paragraphs)
        self.metrics = len(program.metrics)
        data = to_bytes(program)
        handle, error = _ffi.new("tpp_program **"), _ffi.new("tpp_error *")
        _check(_lib.tpp_program_open(data, len(data), handle, error))
        self.pointer = _ffi.gc(handle[0], _lib.tpp_program_close)

    @property
    def kernel(self) -> str:
        """The instruction set in use: "avx2" or "portable"."""
        return _text(_lib.tpp_program_kernel(self.pointer))

    def use_kernel(self, name: str) -> None:
        """Forces a kernel, for tests. Raises TppError where there is no such."""
        _check(_lib.tpp_program_use_kernel(self.pointer, name.encode()))


def check_file(data: bytes) -> None:
    """Raises TppError for a program file that the engine refuses."""
    handle = _ffi.new("tpp_program **")
    _check(_lib.tpp_program_open(data, len(data), handle, _ffi.NULL))
    _lib.tpp_program_close(handle[0])


_KEPT = 32
_opened: OrderedDict[int, tuple[Program, Opened]] = OrderedDict()
_opening = threading.Lock()


def opened(program: Program) -> Opened:
    """The opened form of a program; the last few are kept.

    By identity: comparing programs node by node would cost more than one chip takes to classify.
    """
    with _opening:
        key = id(program)
        if key not in _opened:
            _opened[key] = program, Opened(program)
        _opened.move_to_end(key)
        if len(_opened) > _KEPT:
            _opened.popitem(last=False)
        return _opened[key][1]


def evaluate(
    program: Program, columns: Columns, *, threads: int | None = None, out: Bitmaps | None = None
) -> Bitmaps:
    """The verdicts of every paragraph in every row, in `out` where given: its memory is reused.

    Raises InputError for the first row, and in it the first input, whose number is no quantity.
    """
    handle = opened(program)
    table, kept = _table(handle, columns)
    if out is None:
        out = Bitmaps.empty(handle.paragraphs, columns.rows)
    out.check(handle.paragraphs, columns.rows)
    values, valid = out.values, out.valid
    value_rows, valid_rows = _rows(values, "uint64_t"), _rows(valid, "uint64_t")

    def work(begin: int, end: int) -> None:
        error = _ffi.new("tpp_error *")
        status = _lib.tpp_evaluate(handle.pointer, table, begin, end, value_rows, valid_rows, error)
        _check(status, error, handle)

    shards.run(columns.rows, threads, work)
    del kept
    return out


def metrics(
    program: Program, columns: Columns, *, threads: int | None = None
) -> tuple[Doubles, Doubles]:
    """Both ends of every metric, float64 (metrics, rows): NaN where it does not apply.

    Doubles for people to look at; verdicts never come from them. Raises as `evaluate`.
    """
    handle = opened(program)
    table, kept = _table(handle, columns)
    shape = (handle.metrics, columns.rows)
    low, high = np.empty(shape), np.empty(shape)
    low_rows, high_rows = _rows(low, "double"), _rows(high, "double")

    def work(begin: int, end: int) -> None:
        error = _ffi.new("tpp_error *")
        status = _lib.tpp_metrics(handle.pointer, table, begin, end, low_rows, high_rows, error)
        _check(status, error, handle)

    shards.run(columns.rows, threads, work)
    del kept
    return low, high


def shortest_decimal(value: float) -> Fraction:
    """The shortest decimal that reads back as a double, as the engine finds it; for tests.

    Raises TppError unless `value` is finite and not negative.
    """
    mantissa, exponent = _ffi.new("uint64_t *"), _ffi.new("int32_t *")
    _check(_lib.tpp_shortest_decimal(value, mantissa, exponent))
    return Fraction(mantissa[0]) * Fraction(10) ** int(exponent[0])


def _text(text: Any) -> str:
    return str(_ffi.string(text).decode())


def _check(status: int, error: Any = None, handle: Opened | None = None) -> None:
    if status == _lib.TPP_OK:
        return
    expected = _text(_lib.tpp_status_text(status))
    if status == _lib.TPP_ERROR_KERNEL:
        forced = os.environ.get("TPPCORE_KERNEL")
        expected += f"; TPPCORE_KERNEL is {forced!r}" if forced else ""
        raise TppError(f"C engine: {expected}; expected portable or avx2")
    if handle is None or status < _lib.TPP_ERROR_NOT_FINITE:
        raise TppError(f"C engine: {expected}")
    value = error.value
    if status == _lib.TPP_ERROR_NOT_BOOLEAN:
        value = int(value)
    raise InputError(handle.inputs[error.input].quantity, error.row, value, expected)


def _rows(array: NDArray[Any], kind: str) -> Any:
    """A pointer to each row of a C-contiguous matrix."""
    stride, first = array.strides[0], array.ctypes.data
    addresses = [_ffi.cast(f"{kind} *", first + stride * i) for i in range(len(array))]
    return _ffi.new(f"{kind} *[]", addresses)


_KINDS = {
    ("f", 8): "TPP_FLOAT64",
    ("f", 4): "TPP_FLOAT32",
    ("u", 1): "TPP_BOOLEAN",
    **{("i", size): f"TPP_INT{8 * size}" for size in (1, 2, 4, 8)},
    **{("u", size): f"TPP_UINT{8 * size}" for size in (2, 4, 8)},
}
"""By the kind and size of a NumPy type."""


def _table(handle: Opened, columns: Columns) -> tuple[Any, Sequence[NDArray[Any]]]:
    """The columns by input, and the arrays that must stay alive as long as they are used."""
    table = _ffi.new("tpp_column[]", len(handle.inputs))
    kept: list[NDArray[Any]] = []

    def pointer(array: NDArray[Any], shape: tuple[int, ...], name: str) -> Any:
        if array.shape != shape:
            raise ValueError(f"{name}: shape {array.shape}; expected {shape}")
        flags = array.flags
        if not (flags.c_contiguous and flags.aligned and array.dtype.isnative):
            array = np.require(array, array.dtype.newbyteorder("="), ["C", "A"])
        kept.append(array)
        return _ffi.cast("void *", array.__array_interface__["data"][0])

    for i, entry in enumerate(handle.inputs):
        column = columns.by_quantity.get(entry.quantity) if entry.given else None
        if column is None:
            continue
        for part in ("low", "high"):
            ends = getattr(column, part)
            if ends is not None:
                array = ends.astype(np.float64, copy=False)
                setattr(table[i], part, pointer(array, (columns.rows,), entry.quantity))
        if column.values is not None:
            _values(table[i], column, columns.rows, entry.quantity, pointer)
    return table, kept


def _values(entry: Any, column: Column, rows: int, name: str, pointer: Any) -> None:
    assert column.values is not None

    def bitmap(bits: NDArray[np.uint8], what: str) -> Any:
        expected = column.first_bit + rows
        if 8 * len(bits) < expected:
            raise ValueError(f"{name}: {8 * len(bits)} bits of {what}; expected {expected}")
        return pointer(bits, bits.shape, name)

    if column.scale is not None:
        entry.kind, entry.scale = _lib.TPP_DECIMAL128, column.scale
        entry.values = pointer(column.values, (rows, 2), name)
    else:
        dtype = column.values.dtype
        kind = _KINDS.get((dtype.kind, dtype.itemsize))
        if kind is None:
            raise TypeError(f"{name}: {column.values.dtype}; expected a float or an integer")
        if column.bits is not None:
            kind = "TPP_BIT"
        elif column.unsigned:
            kind = "TPP_UINT8"
        entry.kind = getattr(_lib, kind)
        if column.bits is None:
            entry.values = pointer(column.values, (rows,), name)
        else:
            entry.values = bitmap(column.values, "values")
    entry.first_bit = column.first_bit
    if column.present is not None:
        entry.present = bitmap(column.present, "validity")
