"""Cells of Arrow arrays that the engines don't take: text, dates, odd decimals, lists."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Context, Decimal
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import InputError, TppError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources.arrow_batches import Buffers
from tppcore.sources.cell_text import DATE, TRUTHS, Texts, parsed

__all__ = ["NUMBERS", "TEXTS", "TRUTHS", "coded", "objects", "parsed", "read", "texts"]

NUMBERS: dict[str, Any] = {
    "c": np.int8,
    "C": np.uint8,
    "s": np.int16,
    "S": np.uint16,
    "i": np.int32,
    "I": np.uint32,
    "l": np.int64,
    "L": np.uint64,
    "f": np.float32,
    "g": np.float64,
}
"""Formats of the C data interface that the engines take as numbers."""

TEXTS = ("u", "U", "vu")

_NAMES = {
    "b": "bool", "e": "halffloat", "f": "float", "g": "double", "n": "null", "z": "binary",
    "Z": "large_binary", "vz": "binary_view", "u": "string", "U": "large_string",
    "vu": "string_view", "+s": "struct", "+l": "list", "+L": "large_list", "tdD": "date32[day]",
    "tdm": "date64[ms]", "c": "int8", "C": "uint8", "s": "int16", "S": "uint16", "i": "int32",
    "I": "uint32", "l": "int64", "L": "uint64",
}  # fmt: skip

_EXACT = Context(prec=90)  # a decimal256 has 77 digits
_WITH_PYARROW = 4096
"""Rows of text for which importing pyarrow pays."""


def read(array: Buffers, spec: QuantitySpec, name: str) -> NDArray[np.float64]:
    """A column of no type that the engines take, as `cell_text.parsed` gives it.

    Raises InputError for the first cell that can't be used, or for the type.
    """
    kind, _, zone = array.field.format.partition(":")
    if kind in TEXTS:
        if array.length >= _WITH_PYARROW and find_spec("pyarrow") is not None:
            return _by_pyarrow(array, spec, name)
        return parsed(texts(array), spec, name)
    if spec.kind == "date" and (kind == "tdm" or kind[:2] == "ts"):
        return _days(array, kind, zone, name)
    if kind == "e" and spec.kind in ("number", "boolean"):
        halves = zip(array.values(np.float16), array.present(), strict=True)
        shown = [str(each).removesuffix(".0") if known else None for each, known in halves]
        return parsed(shown, spec, name)
    if kind == "d" and spec.kind == "number":
        return parsed([None if x is None else f"{x:f}" for x in objects(array)], spec, name)
    expected = {
        "number": "a number",
        "boolean": "true or false",
        "date": DATE,
        "category": f"one of {', '.join(spec.words)}",
    }[spec.kind]
    row = int(np.argmax(array.present())) if array.length else 0
    if spec.kind != "category":
        expected += f", not {_NAMES.get(kind, kind)}"
    raise InputError(name, row, _value(array, row), expected)


def _value(array: Buffers, row: int) -> object:
    """What stands in a row, for an error about the whole column."""
    try:
        return objects(array)[row] if array.length else None
    except TppError:
        return None


def texts(array: Buffers) -> Texts:
    """The rows of text, None where null."""
    return [None if each is None else each.decode() for each in _bytes(array)]


def _bytes(array: Buffers) -> list[bytes | None]:
    known = array.present().tolist()
    if array.field.format[0] == "v":
        return _viewed(array, known)
    wide = array.field.format in "UZ"
    offsets = array.view(1, np.int64 if wide else np.int32, array.offset, array.length + 1)
    ends = offsets.tolist() if array.length else [0]
    data = array.view(2, np.uint8, 0, ends[-1]).tobytes()
    return [data[ends[i] : ends[i + 1]] if there else None for i, there in enumerate(known)]


def _viewed(array: Buffers, known: Sequence[bool]) -> list[bytes | None]:
    """Of views: 16 bytes each, a length and either the text or where it is."""
    views = array.values(np.int32, 4) if array.length else np.empty((0, 4), np.int32)
    inline = views.view(np.uint8).reshape(-1, 16)[:, 4:]
    sizes = array.view(len(array.buffers) - 1, np.int64, 0, len(array.buffers) - 3)
    blocks = [array.view(2 + i, np.uint8, 0, int(n)).tobytes() for i, n in enumerate(sizes)]
    found: list[bytes | None] = []
    for i, (length, _, block, at) in enumerate(views.tolist()):
        if not known[i]:
            found.append(None)
        elif length <= 12:
            found.append(inline[i, :length].tobytes())
        else:
            found.append(blocks[block][at : at + length])
    return found


def coded(array: Buffers) -> tuple[NDArray[Any], NDArray[np.bool_], Buffers]:
    """Codes (n,), which of them there are, and the values that they are the places of."""
    if array.field.dictionary is not None:
        codes = array.values(NUMBERS[array.field.format])
        return codes, array.present(), array.dictionary
    ends, values = array.children
    runs = ends.values(NUMBERS[ends.field.format])
    rows = np.arange(array.offset, array.offset + array.length)
    return np.searchsorted(runs, rows, side="right"), np.ones(array.length, np.bool_), values


def _days(array: Buffers, kind: str, zone: str, name: str) -> NDArray[np.float64]:
    """Days since 1970-01-01, of moments where the zone says."""
    numbers = array.values(np.int64)
    unit = "ms" if kind == "tdm" else {"s": "s", "m": "ms", "u": "us", "n": "ns"}[kind[2]]
    days: NDArray[np.float64] = (
        numbers.view(f"M8[{unit}]").astype("M8[D]").astype(np.int64).astype(np.float64)
    )
    days[~array.present()] = np.nan
    if zone and zone.upper() not in ("UTC", "Z", "+00:00", "ETC/UTC", "GMT"):
        row = int(np.argmax(array.present())) if array.length else 0
        raise InputError(name, row, f"a moment in {zone}", "a date, or moments in UTC")
    return days


def objects(array: Buffers) -> list[Any]:
    """The rows as Python has them: numbers, text, dates, lists, dicts. Raises TppError for what is
    none of these."""
    field = array.field
    if field.dictionary is not None or field.format == "+r":
        codes, present, values = coded(array)
        every = objects(values)
        there = zip(codes.tolist(), present.tolist(), strict=True)
        return [every[code] if known else None for code, known in there]
    kind, _, more = field.format.partition(":")
    if kind == "n":
        return [None] * array.length
    if kind in TEXTS:
        return list(texts(array))
    if kind in ("z", "Z", "vz"):
        return list(_bytes(array))
    if kind == "d":
        found: list[Any] = _decimals(array, more)
    elif kind == "+s":
        children = [objects(array.child(i)) for i in range(len(field.children))]
        names = [child.name for child in field.children]
        found = [dict(zip(names, row, strict=True)) for row in zip(*children, strict=True)]
        found = found or [{} for _ in range(array.length)]
    elif kind in ("+l", "+L", "+w"):
        found = _lists(array, kind, more)
    elif kind == "b":
        found = array.bits(1).tolist()
    elif kind == "tdD":
        found = [_date(day) for day in array.values(np.int32).tolist()]
    elif kind in NUMBERS or kind == "e":
        found = array.values(NUMBERS.get(kind, np.float16)).tolist()
    else:
        raise TppError(
            f"column {field.name!r}: can't read the type {_NAMES.get(kind, kind)}; expected "
            "numbers, text, dates, lists or structs"
        )
    return [each if known else None for each, known in zip(found, array.present(), strict=True)]


def _date(day: int) -> object:
    try:
        return datetime.date(1970, 1, 1) + datetime.timedelta(day)
    except OverflowError:
        return day


def _lists(array: Buffers, kind: str, size: str) -> list[Any]:
    [child] = array.children
    every = objects(child)
    if kind == "+w":
        width = int(size)
        starts = range(width * array.offset, width * (array.offset + array.length + 1), width)
        ends = list(starts)
    else:
        dtype = np.int32 if kind == "+l" else np.int64
        ends = array.view(1, dtype, array.offset, array.length + 1).tolist()
    return [every[ends[i] : ends[i + 1]] for i in range(array.length)]


def _decimals(array: Buffers, digits: str) -> list[Any]:
    """Decimals of 32 to 256 bits, little-endian."""
    _, scale, *bits = map(int, digits.split(","))
    size = bits[0] // 8 if bits else 16
    whole = array.view(1, np.uint8, size * array.offset, size * array.length).tobytes()
    return [
        Decimal(int.from_bytes(whole[at : at + size], "little", signed=True)).scaleb(-scale, _EXACT)
        for at in range(0, len(whole), size)
    ]


def _by_pyarrow(array: Buffers, spec: QuantitySpec, name: str) -> NDArray[np.float64]:
    """The same for text, many times faster."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from tppcore.sources import cells

    text, place = _text_of(array), cells.Place(name)
    match spec.kind:
        case "boolean":
            found = cells.booleans(text, place)
        case "date":
            found = cells.dates(text, place).cast(pa.int32())
        case "category":
            words = cells.words(text, place, spec.words)
            found = pc.index_in(words, pa.array(spec.words))
        case _:
            found = cells.numbers(text, place)
    doubles: NDArray[np.float64] = found.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return doubles


def _text_of(array: Buffers) -> Any:
    """The text as a pyarrow array over the same memory."""
    import pyarrow as pa

    def buffer(i: int, size: int) -> Any:
        return pa.foreign_buffer(array.buffers[i], size, array.owner) if size else pa.py_buffer(b"")

    last = array.offset + array.length
    validity = buffer(0, -(-last // 8)) if array.nulls else None
    kind = {"u": pa.string(), "U": pa.large_string(), "vu": pa.string_view()}[array.field.format]
    if array.field.format == "vu":
        blocks = len(array.buffers) - 3
        sizes = array.view(len(array.buffers) - 1, np.int64, 0, blocks).tolist()
        data = [buffer(2 + i, size) for i, size in enumerate(sizes)]
        buffers = [validity, buffer(1, 16 * last), *data]
    else:
        width = 8 if array.field.format == "U" else 4
        end = int(array.view(1, f"i{width}", last, 1)[0])
        buffers = [validity, buffer(1, width * (last + 1)), buffer(2, end)]
    return pa.Array.from_buffers(kind, array.length, buffers, offset=array.offset)
