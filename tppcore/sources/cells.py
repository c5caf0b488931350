"""Cells of a file become numbers, truth values, dates and words: exactly, or not at all.

Arrow parses whole columns; a cell is looked at one by one only where that could have lost a digit
or where Arrow refused. Every function takes an Arrow array (n,) and gives one of the same length
with null for missing, or raises `InputError` for the first cell that can't be used.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tppcore.sources.cell_text import DATE, FALSE, MISSING, TRUE, TRUTHS, Place, not_a_number

__all__ = ["MISSING", "Place", "booleans", "dates", "is_text", "numbers", "words"]


def numbers(array: Any, place: Place) -> Any:
    """float64 whose shortest decimals are the numbers of `array`: text, integers or decimals."""
    kind = array.type
    if pa.types.is_float64(kind):
        return _without_nan(array)
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.float64())
    if pa.types.is_integer(kind):
        try:
            return pc.cast(array, pa.float64())
        except pa.ArrowInvalid:
            return _from_text(_text(array), place)
    if pa.types.is_float32(kind) or pa.types.is_decimal(kind):
        return _from_text(_text(array), place)
    if pa.types.is_float16(kind):
        return _from_text(_texts(str(each) for each in array.to_numpy(zero_copy_only=False)), place)
    if is_text(kind):
        return _from_text(_text(array), place)
    raise place.error(*_first(array), f"a number, not {kind}")


def booleans(array: Any, place: Place) -> Any:
    """bool from 0 and 1, y and n, yes and no, true and false."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return array
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.bool_())
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_text(kind)):
        raise place.error(*_first(array), f"true or false, not {kind}")
    text = pc.dictionary_encode(_clean(_text(array)))
    meaning: list[bool | None] = []
    for i, each in enumerate(text.dictionary.to_pylist()):
        word = each.lower()
        if word not in TRUE and word not in FALSE:
            index = pc.index(text.indices, pa.scalar(i, text.indices.type)).as_py()
            raise place.error(index, each, TRUTHS)
        meaning.append(word in TRUE)
    return pc.take(pa.array(meaning, pa.bool_()), text.indices)


def dates(array: Any, place: Place) -> Any:
    """date32 from dates, timestamps and ISO text (YYYY-MM-DD)."""
    kind = array.type
    if pa.types.is_temporal(kind):
        return pc.cast(array, pa.date32(), safe=False)
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.date32())
    if not is_text(kind):
        raise place.error(*_first(array), f"{DATE}, not {kind}")
    text = _clean(_text(array))
    try:
        return pc.cast(text, pa.date32())
    except pa.ArrowInvalid:
        for i, each in enumerate(text):
            try:
                pc.cast(each, pa.date32())
            except pa.ArrowInvalid:
                raise place.error(i, each.as_py(), DATE) from None
        raise


def words(array: Any, place: Place, known: tuple[str, ...]) -> Any:
    """string, each one of `known`."""
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    if not is_text(array.type):
        raise place.error(*_first(array), f"one of {', '.join(known)}")
    text = _clean(_text(array))
    strange = pc.and_(pc.is_valid(text), pc.invert(pc.is_in(text, pa.array(known))))
    if (index := pc.index(strange, pa.scalar(True)).as_py()) >= 0:
        raise place.error(index, text[index].as_py(), f"one of {', '.join(known)}")
    return text


def is_text(kind: Any) -> bool:
    """Whether an Arrow type holds text, plain or dictionary-encoded."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _text(array: Any) -> Any:
    """As plain strings."""
    if pa.types.is_dictionary(array.type) and pa.types.is_string_view(array.type.value_type):
        # Polars' categories: Arrow can't decode these.
        words = pc.cast(array.dictionary, pa.string())
        array = pa.DictionaryArray.from_arrays(array.indices, words)
    return pc.cast(array, pa.string())


def _from_text(text: Any, place: Place) -> Any:
    try:
        values = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        # The marks of a missing cell are common, blanks around a number are not.
        text = pc.if_else(pc.is_in(text, pa.array(MISSING)), None, text)
        try:
            values = pc.cast(text, pa.float64())
        except pa.ArrowInvalid:
            text = _clean(text)
            try:
                values = pc.cast(text, pa.float64())
            except pa.ArrowInvalid:
                raise not_a_number((each.as_py() for each in text), place) from None
    infinite = pc.is_inf(values)
    if pc.any(infinite).as_py():
        index = pc.index(infinite, pa.scalar(True)).as_py()
        raise place.error(index, text[index].as_py(), "a finite number")
    _check_digits(text, values, place)
    return _without_nan(values)


def _without_nan(values: Any) -> Any:
    nan = pc.is_nan(values)
    return pc.if_else(nan, None, values) if pc.any(nan).as_py() else values


def _check_digits(text: Any, values: Any, place: Place) -> None:
    """Refuse text whose decimal is not the one that its double means.

    Up to 15 significant digits decimals have distinct doubles, so only text of more than 15
    characters can lose a digit, besides text so small that it became zero ("1e-400").
    """
    length = pc.binary_length(text)
    zero = pc.and_(pc.equal(values, 0.0), pc.greater(length, 5))
    near = pc.fill_null(pc.or_(pc.greater(length, 15), zero), False)
    if not pc.any(near).as_py():
        return
    rows = pc.indices_nonzero(near)
    some, doubles = pc.take(text, rows), pc.take(values, rows)
    shortest = pc.cast(doubles, pa.string())
    differs = pc.indices_nonzero(pc.not_equal(some, shortest))
    for i in differs.to_pylist():
        written, kept = some[i].as_py(), doubles[i].as_py()
        try:
            same = Decimal(written) == Decimal(repr(kept)) or kept != kept
        except InvalidOperation:
            same = False
        if not same:
            expected = f"no more digits than a double carries (it keeps {kept!r})"
            raise place.error(rows[i].as_py(), written, expected)


def _clean(text: Any) -> Any:
    """Blanks around a cell are no part of it, and marks of a missing cell are null."""
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.is_in(text, pa.array(MISSING)), None, text)


def _first(array: Any) -> tuple[int, object]:
    """The first cell that holds something, for an error about the type of a whole column."""
    index = pc.index(pc.is_valid(array), pa.scalar(True)).as_py()
    index = max(index, 0)
    return index, array[index].as_py() if len(array) else None


def _texts(values: Iterable[str]) -> Any:
    return pa.array([None if each == "nan" else each for each in values], pa.string())
