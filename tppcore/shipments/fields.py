"""Cells of a ledger as whole numbers: an index of what they mean, or below 0 why they mean nothing.

A text is looked at once however often it stands in the ledger; Arrow's dictionaries say where.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tppcore.sources.cells import MISSING, is_text

Meaning = Callable[[str], "int | str"]
"""The index that a text means, or why it means none."""

LARGEST = 2**63 - 1
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)([T ].*)?", re.ASCII)


class Reasons:
    """Why cells mean nothing: reason i has the code -1 - i."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, reason: str) -> int:
        if reason not in self._codes:
            self.texts.append(reason)
            self._codes[reason] = -len(self.texts)
        return self._codes[reason]

    def text(self, code: int) -> str:
        return self.texts[-1 - code]


class Field:
    """One column of text: `meaning` gives the index of a stripped text, "" for a missing cell.
    `missing` are texts that stand for one."""

    def __init__(
        self, meaning: Meaning, reasons: Reasons, missing: Collection[str] = MISSING
    ) -> None:
        self.meaning, self.reasons, self.missing = meaning, reasons, missing
        self._known: dict[str, int] = {}

    def __call__(self, column: Any) -> NDArray[np.int64]:
        """(n,) indices, or codes of `reasons` below 0."""
        array = _one(column)
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(pc.cast(array, pa.string()))
        texts = array.dictionary.to_pylist()
        codes = [self._code(each) for each in texts]
        if array.indices.null_count:
            codes.append(self._code(None))
        found: NDArray[np.int64] = np.array(codes, np.int64)[_filled(array.indices, len(texts))]
        return found

    def _code(self, text: Any) -> int:
        if text not in self._known:
            self._known[text] = self._found("" if text is None else str(text).strip())
        return self._known[text]

    def _found(self, text: str) -> int:
        meaning = self.meaning("" if text in self.missing else text)
        return self.reasons.code(meaning) if isinstance(meaning, str) else meaning


class Dates:
    """A column of dates: ordinals (day 1 is 0001-01-01)."""

    def __init__(self, reasons: Reasons) -> None:
        self.reasons, self._texts = reasons, Field(_ordinal, reasons)

    def __call__(self, column: Any) -> NDArray[np.int64]:
        array = _one(column)
        if not pa.types.is_temporal(array.type):
            return self._texts(array)
        days = pc.cast(pc.cast(array, pa.date32(), safe=False), pa.int32())
        found = _filled(days, 0).astype(np.int64) + _EPOCH
        outside = (found < 1) | (found > datetime.date.max.toordinal())
        if outside.any():
            found[outside] = self.reasons.code("date outside the years 1 to 9999")
        if array.null_count:
            found[pc.is_null(array).to_numpy(zero_copy_only=False)] = self.reasons.code(
                "date missing"
            )
        return found


class Units:
    """A column of whole numbers from 1 to LARGEST, as such or as text that shows one."""

    def __init__(self, reasons: Reasons) -> None:
        self.reasons, self._texts = reasons, Field(_units, reasons)

    def __call__(self, column: Any) -> NDArray[np.int64]:
        """(n,) units, or codes of `reasons` below 0."""
        array = _one(column)
        kind = array.type
        if is_text(kind):
            return self._texts(array)
        try:
            # Arrow refuses numbers that are not whole, and those beyond int64.
            return self._whole(pc.cast(array, pa.int64()))
        except pa.ArrowInvalid:
            return self._texts(pc.cast(array, pa.string()))

    def _whole(self, array: Any) -> NDArray[np.int64]:
        found: NDArray[np.int64] = _filled(array, 1).astype(np.int64)
        wrong = found < 1
        if wrong.any():
            numbers, places = np.unique(found[wrong], return_inverse=True)
            codes = [self.reasons.code(str(_units(str(each)))) for each in numbers]
            found[wrong] = np.array(codes)[places]
        if array.null_count:
            missing = pc.is_null(array).to_numpy(zero_copy_only=False)
            found[missing] = self.reasons.code(str(_units("")))
        return found


def _one(column: Any) -> Any:
    """A column as one Arrow array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def _filled(array: Any, null: int) -> NDArray[Any]:
    if array.null_count:
        # The kind of an index has room for one more: Arrow counts up to its largest only.
        array = pc.fill_null(pc.cast(array, pa.int64()), null)
    numbers: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return numbers


def _ordinal(text: str) -> int | str:
    if not text:
        return "date missing"
    found = _ISO.fullmatch(text)
    try:
        return datetime.date.fromisoformat(found[1] if found else "").toordinal()
    except ValueError:
        return f"date {text!r}; expected YYYY-MM-DD"


def _units(text: str) -> int | str:
    if not text:
        return "units missing"
    number = Decimal(text if _NUMBER.fullmatch(text) else 0)
    if 1 <= number <= LARGEST and number == int(number):
        return int(number)
    return f"units {text}; expected a whole number from 1 to {LARGEST}"
