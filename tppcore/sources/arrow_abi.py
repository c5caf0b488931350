"""Taking what the Arrow C data and stream interfaces offer: their structs, and the PyCapsules.

https://arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html, and
CDataInterface/PyCapsuleInterface.html. A struct that is taken is moved to memory of our own, and
released once: when the last object that refers to it goes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import c_char, c_char_p, c_int, c_int64, c_void_p, py_object
from functools import cache
from struct import Struct
from typing import Any

from tppcore.errors import TppError


class Schema(ctypes.Structure):
    """ArrowSchema."""

    capsule = b"arrow_schema"
    _fields_ = (
        ("format", c_char_p),
        ("name", c_char_p),
        ("metadata", c_void_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


class Array(ctypes.Structure):
    """ArrowArray."""

    capsule = b"arrow_array"
    _fields_ = (
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


class Stream(ctypes.Structure):
    """ArrowArrayStream."""

    capsule = b"arrow_array_stream"
    _fields_ = (
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    )


_ARRAY = Struct("@5q5P")
_Bytes = c_char * _ARRAY.size

_Kind = type[Schema] | type[Array] | type[Stream]
_Release = ctypes.CFUNCTYPE(None, c_void_p)
_Pull = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)
_Message = ctypes.CFUNCTYPE(c_char_p, c_void_p)


def python_api(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """A function of Python's own C API; those of ctypes.pythonapi are shared by all who use it."""
    found: Callable[..., Any] = ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))
    return found


_is_valid = python_api("PyCapsule_IsValid", c_int, py_object, c_char_p)
_pointer = python_api("PyCapsule_GetPointer", c_void_p, py_object, c_char_p)


class Taken:
    """A struct in memory of our own, which is released with this object."""

    __slots__ = ("address", "struct")

    def __init__(self, kind: _Kind) -> None:
        self.struct: Any = kind()
        self.address = ctypes.addressof(self.struct)

    @classmethod
    def of(cls, capsule: object, kind: _Kind) -> Taken:
        """What a capsule holds. Raises TppError if that was taken already, or is something else."""
        name = kind.capsule.decode()
        if not _is_valid(capsule, kind.capsule):
            raise TppError(f"can't read {capsule!r}; expected a capsule of the name {name}")
        given = kind.from_address(_pointer(capsule, kind.capsule))
        if not given.release:
            raise TppError(f"the capsule {name} was used before; expected one that was not")
        taken = cls(kind)
        ctypes.memmove(taken.address, ctypes.addressof(given), ctypes.sizeof(kind))
        given.release = None
        return taken

    def __del__(self) -> None:
        if release := self.struct.release:
            _Release(release)(self.address)
            self.struct.release = None


def pulled(stream: Taken, kind: type[Schema] | type[Array]) -> Taken:
    """The schema of a stream, or its next array: one that is released already at the end.

    Raises TppError with what the stream says of its error.
    """
    into = Taken(kind)
    pull = stream.struct.get_schema if kind is Schema else stream.struct.get_next
    status = _Pull(pull)(stream.address, into.address)
    if status:
        last = stream.struct.get_last_error
        text = _Message(last)(stream.address) if last else None
        reason = text.decode(errors="replace") if text else os.strerror(status)
        raise TppError(f"can't read this table: {reason}; expected a stream without errors")
    return into


def fields(address: int) -> tuple[int, ...]:
    """What an ArrowArray holds, in order: to read all at once is many times faster than each."""
    return _ARRAY.unpack(_Bytes.from_address(address))


@cache
def _several(count: int) -> tuple[Any, Struct]:
    return c_char * (8 * count), Struct(f"@{count}P")


def pointers(address: int, count: int) -> tuple[int, ...]:
    """So many addresses that stand at an address; 0 for NULL."""
    if not count:
        return ()
    memory, layout = _several(count)
    return layout.unpack(memory.from_address(address))
