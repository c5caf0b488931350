"""Giving columns to whoever speaks the Arrow PyCapsule interface, without a copy.

The structs are described here, once for each answer, and handed out by `_arrow_giving.c`, which
holds what they point to until the consumer has released every one of them.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tppcore.sources.arrow_abi import Array, Schema, Stream, python_api

if TYPE_CHECKING:
    from tppcore.sources.arrow_results import ArrowColumn

try:
    from tppcore import _tppcore
except ImportError:  # built without a C compiler
    _tppcore = None
_ffi: Any = getattr(_tppcore, "ffi", None)
_lib: Any = getattr(_tppcore, "lib", None)

_NULLABLE = 2  # ARROW_FLAG_NULLABLE

_new_capsule = python_api(
    "PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
)


def available() -> bool:
    """Whether the package was built with a C compiler; without, pyarrow has to give."""
    return _lib is not None


class Offer:
    """Structs that describe columns, and all that they point to.

    Of one column they are its own, of several those of a table: a struct of that many rows.
    """

    def __init__(
        self,
        columns: Sequence[tuple[str, ArrowColumn]],
        rows: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._kept: list[Any] = []
        if rows is None:
            [(name, column)] = columns
            self._schema, self._array = self._schema_of(name, column), self._array_of(column)
            return
        self._schema = self._struct(b"+s", b"", 0)
        self._schema.metadata = self._keep("char[]", _metadata(metadata or {}))
        self._array = self._rows(rows, 0, [None])
        for struct, described in (
            (self._schema, [self._schema_of(name, column) for name, column in columns]),
            (self._array, [self._array_of(column) for _, column in columns]),
        ):
            struct.n_children = len(described)
            kind = "Schema" if struct is self._schema else "Array"
            struct.children = self._keep(f"struct Arrow{kind} *[]", described)

    def schema(self) -> Any:
        """A new capsule `arrow_schema`."""
        return self._capsule(_lib.arrow_give_schema(self._schema, self._holder()), Schema, 0)

    def array(self) -> Any:
        """A new capsule `arrow_array`."""
        return self._capsule(_lib.arrow_give_array(self._array, self._holder()), Array, 1)

    def stream(self) -> Any:
        """A new capsule `arrow_array_stream`: one batch."""
        given = _lib.arrow_give_stream(self._schema, self._array, self._holder())
        return self._capsule(given, Stream, 2)

    def _holder(self) -> Any:
        return _ffi.cast("void *", id(self))

    @staticmethod
    def _capsule(given: Any, kind: Any, number: int) -> Any:
        if given == _ffi.NULL:
            raise MemoryError
        address, destructor = (
            int(_ffi.cast("uintptr_t", each)) for each in (given, _lib.arrow_destructor(number))
        )
        # A capsule keeps the address of its name, not the name: that of the class stays.
        return _new_capsule(address, kind.capsule, destructor)

    def _keep(self, kind: str, value: Any) -> Any:
        self._kept.append(_ffi.new(kind, value))
        return self._kept[-1]

    def _struct(self, format: bytes, name: bytes, flags: int) -> Any:
        struct = self._keep("struct ArrowSchema *", None)
        struct.format, struct.name = self._keep("char[]", format), self._keep("char[]", name)
        struct.flags = flags
        return struct

    def _schema_of(self, name: str, column: ArrowColumn) -> Any:
        struct = self._struct(column.format.encode(), name.encode(), _NULLABLE)
        if column.dictionary is not None:
            struct.dictionary = self._schema_of("", column.dictionary)
        return struct

    def _array_of(self, column: ArrowColumn) -> Any:
        struct = self._rows(len(column), column.nulls, column.buffers)
        if column.dictionary is not None:
            struct.dictionary = self._array_of(column.dictionary)
        return struct

    def _rows(self, rows: int, nulls: int, buffers: Sequence[Any]) -> Any:
        struct = self._keep("struct ArrowArray *", None)
        struct.length, struct.null_count, struct.n_buffers = rows, nulls, len(buffers)
        self._kept.append(buffers)
        addresses = [0 if each is None else each.ctypes.data for each in buffers]
        struct.buffers = self._keep(
            "void *[]", [_ffi.cast("void *", address) for address in addresses]
        )
        return struct


def _metadata(pairs: Mapping[str, str]) -> bytes:
    """Key-value pairs as the C data interface has them, lengths in this machine's byte order."""
    texts = [text.encode() for pair in pairs.items() for text in pair]
    sized = [len(text).to_bytes(4, sys.byteorder) + text for text in texts]
    return b"".join([len(pairs).to_bytes(4, sys.byteorder), *sized])
