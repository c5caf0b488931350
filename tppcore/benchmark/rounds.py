"""Contenders timed in turn: medians of paired runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Contender = Callable[[], Any]


def timed(contenders: Mapping[str, Contender], rounds: int) -> dict[str, list[float]]:
    """Seconds of every contender in every round, after one round to warm up.

    In a round all run in turn, so that what else the machine does hits all alike.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            begun = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - begun)
    return times


def ratio(seconds: Sequence[float], base: Sequence[float]) -> float:
    """How many times faster `seconds` is than `base`: the median of the ratios of each round."""
    return statistics.median(b / a for a, b in zip(seconds, base, strict=True))


def repeated(run: Contender, least: float = 0.05, most: int = 1_000_000) -> tuple[Contender, int]:
    """A contender that runs many times, so that one round takes `least` seconds; and how many."""
    run()
    begun = time.perf_counter()
    run()
    count = min(most, max(1, int(least / max(time.perf_counter() - begun, 1e-9))))

    def many() -> None:
        for _ in range(count):
            run()

    return many, count
