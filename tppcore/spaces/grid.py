"""The places of a product of axes and their numbers, the last axis fastest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Grid:
    """Axes by their sizes. Numbers beyond 64 bits are Python's, in arrays of objects."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.size = math.prod(self.sizes)

    def place(self, number: int) -> list[int]:
        """The place on each axis of one number."""
        places = []
        for size in reversed(self.sizes):
            number, place = divmod(number, size)
            places.append(place)
        return places[::-1]

    def number(self, places: Sequence[int]) -> int:
        """The number of one place on each axis."""
        found = 0
        for place, size in zip(places, self.sizes, strict=True):
            found = found * size + place
        return found

    def places(self, numbers: Array) -> list[Array]:
        """The places on each axis, int64 (n,) each, of numbers, int64 or object (n,)."""
        found = []
        for size in reversed(self.sizes):
            if size == 1:
                found.append(np.zeros(len(numbers), np.int64))
                continue
            above = numbers // size
            found.append((numbers - above * size).astype(np.int64))
            numbers = above
        return found[::-1]
