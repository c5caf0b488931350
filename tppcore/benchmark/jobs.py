"""The two jobs that the benchmarks do, and made-up chips to do them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Column, Columns
from tppcore.program.compile import compile as compile_program
from tppcore.program.program import Program
from tppcore.rules.rulebook import Rulebook, rulebook

Table = Mapping[str, NDArray[Any]]

AS_OF, DESTINATION = "2026-02-01", "CN"

_CHUNK = 1 << 20  # rows made at a time: no temporary of a whole column

_RATES = {
    "tops_fp32": 32,
    "tops_bf16": 16,
    "tops_fp16": 16,
    "tops_fp8": 8,
    "tops_int8": 8,
    "tops_fp4": 4,
}
_SPREAD = {rate: (1000 / bits, 40_000 / bits) for rate, bits in _RATES.items()} | {
    "die_area_mm2": (100, 3000),
    "dram_gb_s": (500, 9000),
    "interconnect_gb_s": (50, 2000),
    "transistors_bn": (5, 300),
}
"""Log-uniform between these."""

_SHARE = {"datacenter": 0.7, "advanced_node": 0.9}
"""How many rows have a boolean true."""


@dataclass(frozen=True)
class Job:
    """Paragraphs (None: the whole rulebook in force) over columns: eight of doubles, then booleans.

    With these columns every paragraph is decided in every row, so that programs with two truth
    values give the same answers.
    """

    title: str
    paragraphs: tuple[str, ...] | None
    columns: tuple[str, ...]

    @cached_property
    def rules(self) -> Rulebook:
        return rulebook(AS_OF, DESTINATION, rules=self.paragraphs)

    @cached_property
    def program(self) -> Program:
        return compile_program(self.rules, self.columns)


GATE = Job(
    "us-3a090 with the 2026 gate and the tariff windows",
    (
        "us-3a090/note-2",
        "us-3a090/a.1",
        "us-3a090/a.2",
        "us-3a090/a",
        "us-3a090/b.1",
        "us-3a090/b.2",
        "us-3a090/b",
        "us-3a090/controlled",
        "us-742.6-review/presumption-of-denial",
        "us-742.6-review/case-by-case",
        "us-9903.79.01/window-1",
        "us-9903.79.01/window-2",
        "us-9903.79.01/window-met",
    ),
    (*_RATES, "die_area_mm2", "dram_gb_s", "datacenter"),
)

WHOLE = Job(
    f"the whole rulebook in force for {DESTINATION}",
    None,
    (
        "tops_fp16",
        "tops_fp8",
        "tops_int8",
        "tops_fp4",
        "die_area_mm2",
        "dram_gb_s",
        "interconnect_gb_s",
        "transistors_bn",
        "datacenter",
        "advanced_node",
    ),
)

JOBS = {"gate": GATE, "rulebook": WHOLE}


def random_table(columns: Sequence[str], rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Chips of random doubles, all 16 or 17 digits long: nothing ties. The same for one seed."""
    table: dict[str, NDArray[Any]] = {}
    for number, name in enumerate(columns):
        rng = np.random.default_rng([seed, number])
        column: NDArray[Any] = np.empty(rows, np.uint8 if name in _SHARE else np.float64)
        for begin in range(0, rows, _CHUNK):
            part = column[begin : begin + _CHUNK]
            drawn = rng.random(len(part))
            if name in _SHARE:
                part[:] = drawn < _SHARE[name]
            else:
                low, high = _SPREAD[name]
                drawn *= np.log(high / low)
                part[:] = low * np.exp(drawn)
        table[name] = column
    return table


def columns_of(table: Table) -> Columns:
    """A table as the engines take it, without a copy."""
    rows = len(next(iter(table.values())))
    return Columns(rows, {name: Column(values) for name, values in table.items()})
