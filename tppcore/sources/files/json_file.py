"""Tables from JSON and JSON lines, one object a row; both also compressed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources.files.asked import Asked, Shape, first_line, text, texts
from tppcore.sources.files.file import File

_ROWS = 1 << 16  # a batch


def lines_shape(file: File) -> Shape:
    """The names in all rows, as text, and how many rows there are: everything is read for it."""
    return _shape(row for _, row in _json_lines(file))


def json_shape(file: File) -> Shape:
    """The names in all rows, as text, and how many rows there are: everything is read for it."""
    return _shape(_json_rows(file))


def _shape(rows: Iterable[dict[str, Any]]) -> Shape:
    names: dict[str, None] = {}
    count = 0
    for row in rows:
        names.update(dict.fromkeys(row))
        count += 1
    return Shape(texts(list(names)), count)


class _Digits(str):
    """A JSON number as it is written."""


def lines(file: File, asked: Asked) -> Iterator[Any]:
    yield from _objects(file, _json_lines(file), asked)


def _json_lines(file: File) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every object with its line."""
    with file.open() as stream:
        for line, raw in enumerate(stream, 1):
            if raw.strip():
                row = _loads(raw, f"{file.name}, line {line}")
                if not isinstance(row, dict):
                    raise TppError(f"{file.name}, line {line}: expected an object in braces")
                if line > 1 or set(row) != {"meta"}:
                    yield line, row


def whole(file: File, asked: Asked) -> Iterator[Any]:
    yield from _objects(file, ((0, row) for row in _json_rows(file)), asked)


def _json_rows(file: File) -> list[dict[str, Any]]:
    with file.open() as stream:
        data = _loads(stream.read(), file.name)
    if isinstance(data, dict):
        data = data.get("rows", [data])
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise TppError(f'{file.name}: expected a list of objects, or {{"rows": [...]}}')
    return data


def _loads(text: bytes, where: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise TppError(f"{where}: column {twice!r} stands there twice; expected each name once")
        return row

    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=unique,
            parse_float=_Digits,
            parse_int=_Digits,
            parse_constant=_Digits,
        )
    except TppError:
        raise
    except UnicodeDecodeError:
        raise TppError(f"{where}: expected text in UTF-8") from None
    except ValueError as error:
        raise TppError(f"{where}: not JSON ({error})") from None


def _objects(file: File, rows: Iterator[tuple[int, dict[str, Any]]], asked: Asked) -> Iterator[Any]:
    first = asked.first
    rows = islice(rows, first, None)
    while chunk := list(islice(rows, _ROWS)):
        names = list(dict.fromkeys(name for _, row in chunk for name in row))
        lines = [line for line, _ in chunk]
        steps = asked.plan(names, file.name)
        read = {step.column for step in steps}
        table = pa.table(
            {
                name: _column([row.get(name) for _, row in chunk], name, file, first)
                for name in names
                if name in read
            }
        )

        def place(row: int, first: int = first, lines: Sequence[int] = lines) -> str:
            return file.place(lines[row - first] or None)

        yield asked.apply(steps, table, first, place)
        first += len(chunk)
    if first == 0:
        raise TppError(f"{file.name}: no rows; expected one object a row")


def _column(cells: list[Any], name: str, file: File, first: int) -> Any:
    """Plain cells as text; lists and objects, such as processing units, as they are."""
    if any(isinstance(cell, (list, dict)) for cell in cells):
        try:
            return pa.array([_plain(cell) for cell in cells])
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise TppError(
                f"{file.name}, rows from {first + 1}, column {name}: {first_line(error)}"
            ) from None
    return pa.array([text(cell) for cell in cells], pa.string())


def _plain(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, _Digits):
        number = float(value)
        if Decimal(value) != Decimal(repr(number)):
            raise ValueError(f"{value}: expected no more digits than a double carries")
        return number
    return value
