"""Columns that name things: whole numbers, or words of which each is looked at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Column
from tppcore.engine.widen import widened_column
from tppcore.errors import InputError
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sources.columns import column
from tppcore.sources.parts.frames import is_arrow, without_views

_EXPECTED = "a name or a whole number"


def spec_of(name: str, kind: str = "number") -> QuantitySpec:
    """What the readers of columns want to know of a column that is no quantity."""
    return QuantitySpec(name, kind, "", "", "")


@dataclass(frozen=True, slots=True)
class Keys:
    """A column of names, shape (n,): `codes` into `words`, or without words the numbers themselves.

    `codes` are integers, with a bitmap where some are null. A word that
    is None is a null too; words may stand there twice or be used by no row.
    """

    codes: Column
    words: Sequence[str | None] | None = None

    @property
    def numbers(self) -> NDArray[Any]:
        """The codes as an array (n,); what stands where one is null means nothing."""
        assert self.codes.values is not None
        return self.codes.values

    def __len__(self) -> int:
        return len(self.numbers)

    def value(self, row: int) -> str | int | None:
        """What stands in a row, as the caller wrote it."""
        code = int(self.numbers[row])
        if self.codes.slice(row, row + 1).nulls()[0]:
            return None
        return code if self.words is None else self.words[code]

    def at(self, rows: NDArray[Any]) -> NDArray[Any]:
        """What stands in rows without nulls: integers, or an object array of words."""
        numbers: NDArray[Any] = self.numbers[rows]
        if self.words is None:
            return numbers
        words: NDArray[Any] = np.empty(len(self.words), object)
        words[:] = self.words
        found: NDArray[Any] = words[numbers]
        return found

    def values(self) -> Iterator[str | int | None]:
        """What stands in each row."""
        nulls = self.codes.nulls().tolist()
        for code, null in zip(self.numbers.tolist(), nulls, strict=True):
            yield None if null else code if self.words is None else self.words[code]


def keys_of(values: Any, name: str) -> Keys:
    """Keys from a column as `Frame` gives it. Raises InputError with the row."""
    return keys_of_arrow(values, name) if is_arrow(values) else keys_of_numpy(values, name)


def keys_of_numpy(values: Any, name: str) -> Keys:
    """Keys from an array or a list. Raises InputError with the row."""
    if isinstance(values, (list, tuple)) and any(isinstance(each, str) for each in values):
        return _words(list(values), name)  # NumPy would make words of the numbers among them
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(name, None, f"{array.ndim} dimensions", "one dimension")
    has_words = array.dtype.kind == "O" and any(isinstance(each, str) for each in array)
    if array.dtype.kind in "UT" or has_words:
        return _words(array.tolist(), name)
    if array.dtype.kind in "bMmSV":
        raise InputError(name, None, str(array.dtype), _EXPECTED)
    return Keys(_whole(column(values, spec_of(name), name), name))


class _Codes(dict[Any, int]):
    """Words by the order of their first appearance."""

    def __missing__(self, word: Any) -> int:
        self[word] = len(self)
        return self[word]


def _words(values: list[Any], name: str) -> Keys:
    known = _Codes()
    codes = np.fromiter(map(known.__getitem__, values), np.int32, len(values))
    words = []
    for value, code in known.items():
        if not isinstance(value, str) and value is not None and value == value:
            raise InputError(name, int(np.argmax(codes == code)), value, _EXPECTED)
        words.append(_word(value) if isinstance(value, str) else None)
    return Keys(Column(codes), words)


def _word(text: str | None) -> str | None:
    return (text or "").strip() or None


def _whole(numbers: Column, name: str) -> Column:
    """Floats as integers: a column of integers with holes is one of floats in pandas."""
    values = numbers.values
    assert values is not None
    if values.dtype.kind in "iu" and numbers.scale is None:
        return numbers
    doubles = widened_column(numbers, name).values
    assert doubles is not None
    missing = np.isnan(doubles)
    with np.errstate(invalid="ignore"):
        whole = doubles.astype(np.int64)
    wrong = ~missing & ((whole != doubles) | (np.abs(doubles) > 2**53))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(name, row, float(doubles[row]), "a whole number, or a name")
    return Column(whole, present=np.packbits(~missing, bitorder="little"))


def keys_of_arrow(array: Any, name: str) -> Keys:
    """Keys from an Arrow array; codes of a dictionary and numbers stay where they are.

    Raises InputError with the row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from tppcore.sources.cells import is_text

    kind = array.type
    if pa.types.is_run_end_encoded(kind):
        array = pc.run_end_decode(array)
        kind = array.type
    if pa.types.is_dictionary(kind) and not is_text(kind):
        array = array.dictionary_decode()
        kind = array.type
    if is_text(kind):
        array = without_views(array)
        if not pa.types.is_dictionary(kind):
            array = array.dictionary_encode()
        elif pa.types.is_string_view(kind.value_type):
            array = array.cast(pa.dictionary(kind.index_type, pa.large_string()))
        words = [_word(each) for each in array.dictionary.to_pylist()]
        return Keys(numbers_of_arrow(array.indices, name), words)
    if pa.types.is_null(kind):
        array = array.cast(pa.int32())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise InputError(name, None, str(kind), _EXPECTED)
    return Keys(_whole(numbers_of_arrow(array, name), name))


def numbers_of_arrow(array: Any, name: str) -> Column:
    """An Arrow array of numbers as a column, over the same memory.

    Raises InputError with the row.
    """
    from tppcore.sources.arrow import column_of

    return column_of(array, spec_of(name), name)
