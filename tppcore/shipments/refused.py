"""Rows of a ledger that could not be counted, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.shipments.fields import Reasons


class Refused:
    """Pairs of a row (from 1) and a reason, a few bytes each."""

    def __init__(self) -> None:
        self.reasons = Reasons()
        self._rows: list[NDArray[np.int64]] = []
        self._codes: list[NDArray[np.int64]] = []

    def add(self, rows: NDArray[np.int64], codes: NDArray[np.int64]) -> None:
        """Rows with the codes of their reasons, (n,) each."""
        if len(rows):
            self._rows.append(rows)
            self._codes.append(codes)

    def __len__(self) -> int:
        """How many rows."""
        return len(np.unique(self._all()[0]))

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Each row once, in order, with its reasons."""
        rows, codes = self._all()
        order = np.argsort(rows, kind="stable")
        row, texts = 0, list[str]()
        for i in order:
            if rows[i] != row and texts:
                yield row, "; ".join(texts)
                texts = []
            row = int(rows[i])
            texts.append(self.reasons.text(int(codes[i])))
        if texts:
            yield row, "; ".join(texts)

    def to_arrow(self) -> Any:
        """A pyarrow.Table of the columns row (int64) and reason (string)."""
        import pyarrow as pa

        found = list(self)
        return pa.table(
            {
                "row": pa.array([row for row, _ in found], pa.int64()),
                "reason": pa.array([reason for _, reason in found], pa.string()),
            }
        )

    def _all(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if not self._rows:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(self._rows), np.concatenate(self._codes)
