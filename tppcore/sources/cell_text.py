"""Cells that are text: which of them are missing, numbers, truth values or dates.

`sources.cells` does the same for whole columns with pyarrow; what both say is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import InputError
from tppcore.rules.vocabulary import QuantitySpec

MISSING = (
    "",
    "NA",
    "N/A",
    "#N/A",
    "n/a",
    "null",
    "NULL",
    "None",
    "NaN",
    "nan",
    "-",
    "\u2013",
    "\u2014",
)
"""Text that stands for a missing cell."""

TRUE = {"1", "y", "yes", "true", "t", "1.0"}
FALSE = {"0", "n", "no", "false", "f", "0.0"}
TRUTHS = "1 or 0, y or n, yes or no, true or false, or nothing"
DATE = "a date such as 2023-11-17"

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_READ = re.compile(rf"{_NUMBER.pattern}|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}([,' ]\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array stands: `column`, the table row of its first cell, and a namer of rows."""

    column: str
    first: int = 0
    file: Callable[[int], str | None] = lambda row: None

    def error(self, index: int, value: object, expected: str) -> InputError:
        row = self.first + index
        return InputError(self.column, row, value, expected, self.file(row))


Texts = Sequence[str | None]


def parsed(texts: Texts, spec: QuantitySpec, name: str) -> NDArray[np.float64]:
    """Cells as doubles, NaN where missing: numbers, 0 and 1, days since 1970-01-01, or codes.

    Raises InputError for the first that can't be used.
    """
    read = {"boolean": _truth, "date": _day, "category": _word}.get(spec.kind)
    place = Place(name)
    clean = [_clean(text) for text in texts]
    if read is None:
        return _numbers(clean, place)
    known: dict[str | None, float] = {None: np.nan}
    for i, text in enumerate(clean):
        if text not in known:
            known[text] = read(text, spec, i, place)
    return np.array([known[text] for text in clean], np.float64)


def _clean(text: str | None) -> str | None:
    """Blanks around a cell are no part of it, and marks of a missing cell are none."""
    text = None if text is None else text.strip()
    return None if text in MISSING else text


def _numbers(texts: Texts, place: Place) -> NDArray[np.float64]:
    known: dict[str, float] = {}
    for text in texts:
        if text is not None and text not in known:
            if not _READ.fullmatch(text):
                raise not_a_number(texts, place)
            known[text] = float(text)
    for wrong in (_infinite, _lost):
        bad = {text: expected for text in known if (expected := wrong(text, known[text]))}
        if bad:
            row = next(i for i, text in enumerate(texts) if text in bad)
            raise place.error(row, texts[row], bad[texts[row] or ""])
    return np.array([np.nan if text is None else known[text] for text in texts], np.float64)


def _infinite(text: str, value: float) -> str | None:
    return "a finite number" if np.isinf(value) else None


def _lost(text: str, value: float) -> str | None:
    """Up to 15 digits decimals have distinct doubles, so only longer text can lose one, besides
    text so small that it became zero ("1e-400")."""
    is_short = len(text) <= 15 and not (value == 0 and len(text) > 5)
    if is_short or value != value or Decimal(text) == Decimal(repr(value)):
        return None
    return f"no more digits than a double carries (it keeps {value!r})"


def not_a_number(texts: Iterable[str | None], place: Place) -> InputError:
    """Why a column is none of numbers: its first cell that is none."""
    for i, value in enumerate(texts):
        if value is not None and not _NUMBER.fullmatch(value):
            expected = "a number"
            if _GROUPED.fullmatch(value):
                plain = re.sub(r"[^0-9.+-]", "", value)
                expected += f" without separators of thousands, such as {plain}"
            elif _COMMA.fullmatch(value):
                expected += f" with a decimal point, such as {value.replace(',', '.')}"
            elif re.fullmatch(r"[\d.]+\s*(-|\u2013|to|\.\.)\s*[\d.]+", value):
                expected += f"; a range stands in {place.column}_low and {place.column}_high"
            elif re.match("[<>~\u2248\u2264\u2265]", value):
                expected += f"; a bound stands in {place.column}_low or {place.column}_high"
            elif re.match(r"[\d.]+\s*[A-Za-z]", value):
                expected += "; the unit stands in the header or in a mapping, not in the cell"
            return place.error(i, value, expected)
    return place.error(0, None, "numbers")


def _truth(text: Any, spec: QuantitySpec, row: int, place: Place) -> float:
    word = text.lower()
    if word not in TRUE and word not in FALSE:
        raise place.error(row, text, TRUTHS)
    return float(word in TRUE)


def _day(text: Any, spec: QuantitySpec, row: int, place: Place) -> float:
    try:
        if not _ISO.fullmatch(text):
            raise ValueError
        return float(np.datetime64(text, "D").astype(np.int64))
    except ValueError:
        raise place.error(row, text, DATE) from None


def _word(text: Any, spec: QuantitySpec, row: int, place: Place) -> float:
    if text not in spec.words:
        raise place.error(row, text, f"one of {', '.join(spec.words)}")
    return float(spec.words.index(text))
