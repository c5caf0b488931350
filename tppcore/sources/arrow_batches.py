"""Tables that come through the Arrow C interfaces, as batches of arrays where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import unpacked
from tppcore.errors import TppError
from tppcore.sources.arrow_abi import Array, Schema, Stream, Taken, fields, pointers, pulled


@dataclass(frozen=True, slots=True)
class Field:
    """The type of a column: a format string of the C data interface, and what it is made of."""

    name: str
    format: str
    children: tuple[Field, ...] = ()
    dictionary: Field | None = None

    @classmethod
    def at(cls, address: int) -> Field:
        schema = Schema.from_address(address)
        return cls(
            (schema.name or b"").decode(),
            (schema.format or b"").decode(),
            tuple(cls.at(each) for each in pointers(schema.children, schema.n_children)),
            cls.at(schema.dictionary) if schema.dictionary else None,
        )


class _Memory:
    """What NumPy makes an array of; that refers to this, and this to the owner."""

    __slots__ = ("__array_interface__", "owner")
    __array_interface__: dict[str, Any]
    owner: object


class Buffers:
    """One array: rows [offset, offset + length) of its buffers, which `owner` keeps alive."""

    __slots__ = (
        "_children",
        "_dictionary",
        "buffers",
        "field",
        "length",
        "nulls",
        "offset",
        "owner",
    )

    def __init__(
        self, address: int, field: Field, owner: object, begin: int = 0, length: int | None = None
    ) -> None:
        """`begin`, `length`: the rows of it that are meant; all if left out."""
        own, nulls, offset, buffers, children, at, child, dictionary, _, _ = fields(address)
        self.field, self.owner = field, owner
        self.length = own - begin if length is None else length
        self.offset = offset + begin
        self.buffers = pointers(at, buffers)
        has_bitmap = buffers > 0 and self.buffers[0] != 0 and field.format[:2] != "+u"
        self.nulls = has_bitmap and nulls != 0
        self._children = pointers(child, children)
        self._dictionary = dictionary

    @property
    def children(self) -> list[Buffers]:
        """The arrays that this one is made of, whole: they know nothing of its offset."""
        return [
            Buffers(address, field, self.owner)
            for address, field in zip(self._children, self.field.children, strict=True)
        ]

    def child(self, i: int) -> Buffers:
        """A column of a batch: as many rows, from the same one on."""
        field = self.field.children[i]
        return Buffers(self._children[i], field, self.owner, self.offset, self.length)

    @property
    def dictionary(self) -> Buffers:
        """The values that indices stand for."""
        assert self.field.dictionary is not None
        return Buffers(self._dictionary, self.field.dictionary, self.owner)

    def view(self, buffer: int, dtype: Any, first: int, count: int) -> NDArray[Any]:
        """Elements of a buffer as NumPy sees them, without a copy; they can't be written."""
        dtype = np.dtype(dtype)
        if count == 0:
            return np.empty(0, dtype)
        memory = _Memory()
        memory.owner = self.owner
        memory.__array_interface__ = {
            "version": 3,
            "data": (self.buffers[buffer] + first * dtype.itemsize, True),
            "shape": (count,),
            "typestr": dtype.str,
        }
        return np.asarray(memory)

    def values(self, dtype: Any, width: int = 1) -> NDArray[Any]:
        """The rows of a fixed width: `width` elements each."""
        found = self.view(1, dtype, width * self.offset, width * self.length)
        return found if width == 1 else found.reshape(-1, width)

    def bitmap(self, buffer: int) -> NDArray[np.uint8]:
        """The bytes of a bitmap that have the rows; row 0 is bit `offset % 8` of the first."""
        first, last = self.offset // 8, -(-(self.offset + self.length) // 8)
        return self.view(buffer, np.uint8, first, last - first if self.length else 0)

    def bits(self, buffer: int) -> NDArray[np.bool_]:
        """The same, a byte a row."""
        return unpacked(self.bitmap(buffer), self.offset % 8, self.length)

    def present(self) -> NDArray[np.bool_]:
        """Which rows are not null, by the bitmap of the array itself."""
        return self.bits(0) if self.nulls else np.ones(self.length, np.bool_)


def batches(source: Any) -> tuple[Field, list[Buffers]]:
    """The columns of a table, the children of one field, and its batches.

    Raises TppError for what is no table, and for a stream that breaks off.
    """
    if hasattr(source, "__arrow_c_stream__"):
        field, arrays = _streamed(source.__arrow_c_stream__())
    elif hasattr(source, "__arrow_c_array__"):
        one = taken(source)
        field, arrays = one.field, [one]
    else:
        raise TppError(
            f"can't read a {type(source).__name__} as a table; expected an object with "
            "__arrow_c_stream__ or __arrow_c_array__"
        )
    return field, arrays


def taken(values: Any) -> Buffers:
    """What an object offers as one array."""
    schema_capsule, array_capsule = values.__arrow_c_array__()
    schema, array = Taken.of(schema_capsule, Schema), Taken.of(array_capsule, Array)
    return Buffers(array.address, Field.at(schema.address), array)


def _streamed(capsule: object) -> tuple[Field, list[Buffers]]:
    stream = Taken.of(capsule, Stream)
    schema = pulled(stream, Schema)
    field, arrays = Field.at(schema.address), []
    while (array := pulled(stream, Array)).struct.release:
        arrays.append(Buffers(array.address, field, array))
    return field, arrays
