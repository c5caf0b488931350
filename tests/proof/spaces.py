"""The fourth proof: censuses of spaces of 10^9 designs against every design by itself.

A census by the axis `clock` has a cell for each of its 1,000 places: a slab of a million designs.
A slab is enumerated with whole numbers, column by column from the places of the axes, and decided
by the reference of the second proof, which knows nothing of forms, engines or censuses. What is
compared is the count of every combination of verdicts.

Clocks have no prime factor above 7 and other numbers are round: on the way from one line of the law
to the next many designs stand exactly on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.proof.compare import law
from tests.proof.integers import WORDS, reference
from tests.proof.reference import Cells
from tppcore.spaces.space import Space

PLACES = 1000
"""Of the axis by which the census is taken, and so slabs of a space."""

LAWS = ("gate", "in force", "2022", "readings")
SMOOTH = np.array(
    sorted(
        x
        for a, b, c, d in itertools.product(range(25), range(11), range(11), range(7))
        if 200_000 <= (x := 2**a * 3**b * 5**c * 7**d) <= 60_000_000
    )
)
"""Clocks, in units of 10^-6."""
VERDICTS = {None: 0, False: 2, True: 3}
Wholes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Task:
    kind: str
    law: str
    number: int
    place: int
    rows: int


def tasks(rows: int, seed: int) -> Iterator[Task]:
    """Slabs of a space of each kind under each law, then of more, until `rows` are covered."""
    combinations = [(kind, name) for name in LAWS for kind in KINDS]
    slab = Plan("sums", 0).slab
    slabs = max(1, rows // slab)
    spaces = max(min(slabs, len(combinations)), -(-slabs // PLACES))
    for i in range(spaces):
        kind, name = combinations[i % len(combinations)]
        own = slabs // spaces + (i < slabs % spaces)
        number = seed * 1000 + i
        chosen = np.random.default_rng([number, 4]).choice(PLACES, min(own, PLACES), replace=False)
        for place in np.sort(chosen).tolist():
            yield Task(kind, name, number, place, slab)


class Plan:
    """The made-up numbers of one space, and its columns in two ways."""

    def __init__(self, kind: str, number: int) -> None:
        rng = np.random.default_rng([number, 5])
        self.kind = kind
        first = int(rng.integers(200))
        self.clocks = SMOOTH[first : first + PLACES]
        self.rate = int(rng.choice([1, 2, 4, 5, 25]))  # tenths of TOPS of a core at 1 GHz
        self.core = int(rng.choice([25, 100, 125, 370]))  # hundredths of mm2
        self.stack = int(rng.choice([10, 16, 50]))
        self.bandwidth = int(rng.choice([200, 350, 410]))
        self.link = int(rng.choice([25, 50, 75]))

    AXES: Mapping[str, Wholes] = {
        "cores": np.arange(1, 869),
        "array": np.array([1, 2, 4, 8]),
        "stacks": np.arange(1, 9),
        "links": np.arange(2, 20),
        "datacenter": np.array([1, 0]),
    }
    """Those within a slab, the last fastest."""

    @property
    def slab(self) -> int:
        """Designs at one place of the clock."""
        return int(np.prod([len(values) for values in self.AXES.values()]))

    def space(self) -> Space:
        axes: dict[str, Any] = {
            "clock": [f"{clock / 1e6:.6f}" for clock in self.clocks.tolist()],
        }
        axes |= {name: [str(x) for x in values.tolist()] for name, values in self.AXES.items()}
        axes["datacenter"] = [True, False]
        constants = {
            "rate": f"{self.rate / 10:.1f}",
            "core": f"{self.core / 100:.2f}",
            "stack": str(self.stack),
            "bandwidth": str(self.bandwidth),
            "link": str(self.link),
        }
        return Space(axes, KINDS[self.kind][0], constants=constants)

    def cells(self, place: int) -> dict[str, Cells]:
        """The quantities of a slab, in whole numbers."""
        grid = np.meshgrid(*self.AXES.values(), indexing="ij")
        here = {name: part.reshape(-1) for name, part in zip(self.AXES, grid, strict=True)}
        made = KINDS[self.kind][1](self, int(self.clocks[place]), here)
        made["datacenter"] = (0, here["datacenter"])
        names = dict.fromkeys(name.removesuffix("_low").removesuffix("_high") for name in made)
        rows = len(here["cores"])
        always, never, nothing = np.ones(rows, bool), np.zeros(rows, bool), np.zeros(rows, np.int64)
        cells = {}
        for name in names:
            if name in made:
                cells[name] = Cells(made[name][0], made[name][1].astype(np.int64), always)
                continue
            low, high = made.get(f"{name}_low"), made.get(f"{name}_high")
            cells[name] = Cells(
                (low or high or (0, nothing))[0],
                nothing,
                never,
                nothing if low is None else low[1],
                never if low is None else always,
                nothing if high is None else high[1],
                never if high is None else always,
            )
        return cells


Made = dict[str, tuple[int, Wholes]]
"""Quantities, or their ends, as a scale and whole numbers."""
Here = Mapping[str, Wholes]


def _sums(plan: Plan, clock: int, here: Here) -> Made:
    return {
        "tops_fp16": (7, plan.rate * here["cores"] * here["array"] * clock),
        "die_area_mm2": (2, here["cores"] * plan.core + here["stacks"] * plan.stack * 100 + 5000),
        "dram_gb_s": (0, here["stacks"] * plan.bandwidth),
        "interconnect_gb_s": (0, here["links"] * plan.link),
    }


def _ranges(plan: Plan, clock: int, here: Here) -> Made:
    area = here["cores"] * plan.core * here["array"] + here["links"] * 250
    fp16 = plan.rate * here["cores"] * here["array"] * clock
    return {
        "tops_fp8": (7, np.maximum(2 * fp16, here["stacks"] * 1_000_000_000)),
        "tops_fp16": (7, fp16 * (2 if clock >= 1_500_000 else 1)),
        "die_area_mm2_low": (2, area),
        "die_area_mm2_high": (2, area + here["stacks"] * plan.stack * 100),
        "dram_gb_s_low": (6, here["stacks"] * plan.bandwidth * clock),
        "interconnect_gb_s_high": (0, np.minimum(here["links"] * plan.link, here["cores"] * 3)),
    }


def _choices(plan: Plan, clock: int, here: Here) -> Made:
    """No die area; what the law says of chips without one, and of formats that share a unit."""
    wide = here["cores"] * here["array"] >= here["stacks"] * 20
    fp16 = np.where(wide, plan.rate * here["cores"] * here["array"], 300 * here["stacks"]) * clock
    return {
        "tops_fp16": (7, fp16),
        "tops_fp16_vector": (1, fp16 // clock + here["stacks"] * 10),
        "tops_tf32": (7, plan.rate * here["cores"] * clock),
        "dram_gb_s": (0, np.where(here["datacenter"] == 1, 2, 1) * here["stacks"] * plan.bandwidth),
        "interconnect_gb_s": (0, here["links"] * plan.link),
        "non_planar": (0, (clock > 2000 * here["cores"]).astype(np.int64)),
    }


_TOPS = "rate * cores * array * clock"
_WIDE = "(rate * cores * array if cores * array >= stacks * 20 else 30 * stacks)"
KINDS: Mapping[str, tuple[dict[str, str], Any]] = {
    "sums": (
        {
            "tops_fp16": _TOPS,
            "die_area_mm2": "cores * core + stacks * stack + 50",
            "dram_gb_s": "stacks * bandwidth",
            "interconnect_gb_s": "links * link",
        },
        _sums,
    ),
    "ranges": (
        {
            "tops_fp8": f"max(2 * {_TOPS}, stacks * 100)",
            "tops_fp16": f"{_TOPS} * (2 if clock >= 1.5 else 1)",
            "die_area_mm2_low": "cores * core * array + links * 2.5",
            "die_area_mm2_high": "cores * core * array + links * 2.5 + stacks * stack",
            "dram_gb_s_low": "stacks * bandwidth * clock",
            "interconnect_gb_s_high": "min(links * link, cores * 3)",
        },
        _ranges,
    ),
    "choices": (
        {
            "tops_fp16": f"{_WIDE} * clock",
            "tops_fp16_vector": f"{_WIDE} + stacks",
            "tops_tf32": "rate * cores * clock",
            "dram_gb_s": "(2 if datacenter else 1) * stacks * bandwidth",
            "interconnect_gb_s": "links * link",
            "non_planar": "1 if clock * 500 > cores else 0",
        },
        _choices,
    ),
}
"""Quantities as a space has them, and the same in whole numbers."""


@lru_cache(maxsize=2)
def census(kind: str, name: str, number: int) -> list[Mapping[tuple[bool | None, ...], int]]:
    """The counts by place of the clock."""
    found = Plan(kind, number).space().census(law(name), by=("clock",))
    return [cell.counts for cell in found.cells]


def run(task: Task) -> tuple[Task, int, list[str]]:
    """How many combinations of verdicts of a slab have another count, and a line for each."""
    plan = Plan(task.kind, task.number)
    codes = reference(task.law).verdicts(plan.cells(task.place), task.rows)
    rows = np.ascontiguousarray(codes.T)
    kinds, counts = np.unique(rows.view(f"V{rows.shape[1]}").reshape(-1), return_counts=True)
    expected = {bytes(kind): int(count) for kind, count in zip(kinds, counts, strict=True)}
    counted = census(task.kind, task.law, task.number)[task.place]
    found = {bytes(VERDICTS[each] for each in key): count for key, count in counted.items()}
    wrong = [key for key in {**expected, **found} if expected.get(key, 0) != found.get(key, 0)]
    lines = [
        f"{found.get(key, 0)} designs, are {expected.get(key, 0)}: {_named(task, key)} in {task}"
        for key in wrong
    ]
    return task, len(wrong), lines


def _named(task: Task, key: bytes) -> str:
    pairs = zip(law(task.law).paragraphs, key, strict=True)
    return ", ".join(f"{each.id} {WORDS[code]}" for each, code in pairs if code != 2) or "all false"
