"""The roof: the time the same threads take to read the columns and to write output of that size."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.benchmark.jobs import Table


class Roof:
    """Reads every byte of every column and writes two bits a row and paragraph, as the engines do.

    Columns are added up as 64-bit integers, in one long stream a column and thread: of NumPy's
    reductions the one that reads fastest. The output is reused from call to call.
    """

    def __init__(self, paragraphs: int, rows: int, threads: int) -> None:
        self.out = np.zeros((2 * paragraphs, -(-rows // 64)), np.uint64)
        step = -(-rows // threads) + 63 & ~63
        self.shares = [(begin, min(begin + step, rows)) for begin in range(0, rows, step)]

    def __call__(self, table: Table) -> None:
        columns = list(table.values())
        others = [
            threading.Thread(target=self._share, args=(columns, *share))
            for share in self.shares[1:]
        ]
        for other in others:
            other.start()
        self._share(columns, *self.shares[0])
        for other in others:
            other.join()

    def _share(self, columns: list[NDArray[Any]], begin: int, end: int) -> None:
        for values in columns:
            data = values[begin:end].view(np.uint8)
            np.add.reduce(data[: len(data) // 8 * 8].view(np.int64))
        self.out[:, begin // 64 : -(-end // 64)] = begin


def moved(table: Table, paragraphs: int) -> int:
    """The bytes of the columns and of the verdicts: what the roof reads and writes."""
    rows = len(next(iter(table.values())))
    read = sum(values.nbytes for values in table.values())
    return read + 2 * paragraphs * -(-rows // 64) * 8
