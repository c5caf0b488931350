"""The third proof: tables of systems, by C and Numba against fractions, on sums that lie on lines.

A system is a few made-up chips and a filler whose rate brings a sum to a threshold of the law: to
it exactly, a unit of the last decimal or an ulp beside it, or anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

import tppcore as tpp
from tests.proof.compare import differences
from tppcore.engine.choose import available
from tppcore.rules.systems import of_systems

SYSTEMS = 256
"""Systems a task: a second or so of the exact engine."""

LINES = {
    "tops_fp64": ("2026-11-22", None, (Fraction(100_000), Fraction(70) / Fraction("0.3"))),
    "tops_fp32": ("2026-11-22", None, (Fraction(200_000),)),
    "tops_fp8": ("2024-06-01", ("us-eo14110-cluster", "us-4a090"), (Fraction(10) ** 8,)),
}
"""The rate whose sum is brought to a line, the law, and the lines in TOPS."""

HOLES = (0.0, 0.1)
"""Shares of chips without a rate, and of unknown counts and chips."""


@dataclass(frozen=True, slots=True)
class Task:
    rate: str
    digits: int
    holes: float
    rows: int
    seed: int


@lru_cache
def law(date: str, rules: tuple[str, ...] | None) -> tpp.Rulebook:
    return tpp.rulebook(date, "CN", rules=rules)


def tasks(rows: int, seed: int) -> Iterator[Task]:
    kinds = [(rate, digits, holes) for digits in (0, 2, 6) for rate in LINES for holes in HOLES]
    number = 0
    while rows > 0:
        rate, digits, holes = kinds[number % len(kinds)]
        yield Task(rate, digits, holes, min(SYSTEMS, rows), seed + number)
        rows, number = rows - SYSTEMS, number + 1


def run(task: Task) -> tuple[Task, int, list[str]]:
    """How many words of 64 verdicts of one task differ, and a line for each."""
    date, rules, _ = LINES[task.rate]
    rulebook, systems = law(date, rules), table(task)
    expected = tpp.classify(systems, rulebook, engine="exact").bitmaps
    lines = []
    for engine in ("c", "jit"):
        if available(engine):
            found = tpp.classify(systems, rulebook, engine=engine).bitmaps
            whole: Any = of_systems(rulebook).whole
            lines += list(differences(task, whole, engine, found, expected))  # type: ignore[arg-type]
    return task, len(lines), lines


def table(task: Task) -> tpp.SystemTable:
    """The systems of a task."""
    rng = np.random.default_rng([task.seed, 3])
    unit = Fraction(1, 10**task.digits)
    lines = LINES[task.rate][2]
    rates = [int(rng.integers(1, 10 ** int(rng.integers(2, 6)))) * unit for _ in range(40)]
    parts: dict[str, list[Any]] = {"system": [], "chip": [], "count": [], "host": []}
    for system in range(task.rows):
        total, target = Fraction(0), lines[int(rng.integers(len(lines)))]
        for _ in range(int(rng.integers(1, 4))):
            chip, count = int(rng.integers(40)), int(rng.integers(1, 400))
            total += rates[chip] * count
            _add(parts, system, chip, count, bool(rng.random() < 0.1))
        filler = _beside(max(target - total, unit), unit, rng)
        _add(parts, system, len(rates), 1, False)
        rates.append(filler)
    stated = rng.random(len(rates)) >= task.holes
    chips = {
        "id": list(range(len(rates))),
        task.rate: [float(r) if s else None for r, s in zip(rates, stated, strict=True)],
        "tops_fp16": [float(r) for r in rates],
        "datacenter": [True] * len(rates),
    }
    for column in ("chip", "count"):
        gone = rng.random(len(parts[column])) < task.holes / 10
        parts[column] = [None if g else v for v, g in zip(parts[column], gone, strict=True)]
    facts = {
        "system": list(range(task.rows)),
        "shared_memory": rng.random(task.rows) < 0.7,
        "envelope_ft3": rng.choice([100.0, 41_600.0, 41_600.1, np.nan], task.rows),
        "cluster_network_gbit_s": rng.choice([100.0, 100.1, np.nan], task.rows),
    }
    return tpp.SystemTable(parts, chips, facts)


def _add(parts: dict[str, list[Any]], *cells: Any) -> None:
    for name, cell in zip(parts, cells, strict=True):
        parts[name].append(cell)


def _beside(rate: Fraction, unit: Fraction, rng: np.random.Generator) -> Fraction:
    """A decimal that a double stands for: the rate as nearly as that, or a little off."""
    nearest = float(rate)
    match rng.integers(5):
        case 0:
            nearest = float(rate + unit)
        case 1:
            nearest = float(max(rate - unit, unit))
        case 2:
            nearest = float(np.nextafter(nearest, rng.choice([0.0, np.inf])))
    return Fraction(repr(nearest))
