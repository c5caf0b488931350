"""Made-up systems of real chips, and what the benchmark asks of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import tppcore as tpp
from tppcore.engine.exact import Metrics
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.vocabulary import item_metric
from tppcore.sources.system_table import SystemTable
from tppcore.sources.table import Table

AS_OF = "2026-11-22"
FILE = Path(__file__).parent / "rules" / "cluster-report.toml"

PARAGRAPHS = (
    "us-4a090/a",
    "us-4a090/b",
    "us-supercomputer/supercomputer",
    "us-4a003/b",
    "us-4a994/b",
    "cluster-report/cluster",
)
CIRCUITS = {"us-4a090/a": "us-3a090/a", "us-4a090/b": "us-3a090/b"}
"""What any single circuit has to meet for a system to meet a paragraph."""

LAW = ("fp64_pflops", "fp32_pflops", "app_wt", "largest_app_wt", "cluster_ops")
"""The quantities that the other paragraphs read, beside the facts of a system."""

SUMS = ("aggregate_tpp", "largest_circuit_tpp", "system_dram_gb", "system_dram_gb_s")
"""The quantities that are answered as columns."""

CHIPS, PARTS, MOST = 128, 3, 8192

Facts = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Question:
    """Which columns are answered beside the verdicts."""

    title: str
    sums: tuple[str, ...]

    @property
    def figures(self) -> tuple[str, ...]:
        """All quantities that have to be aggregated."""
        return (*LAW, *self.sums)


QUESTIONS = {
    "verdicts": Question("classified", ()),
    "sums": Question("aggregated and classified", SUMS),
}


@lru_cache(maxsize=1)
def rules() -> Rulebook:
    """The paragraphs asked."""
    return tpp.rulebook(AS_OF, "CN", rules=PARAGRAPHS, files=[FILE])


@lru_cache(maxsize=1)
def chips() -> list[tpp.Chip]:
    """The first chips of the catalogue with every gap closed, so that all sums are known and
    programs with two truth values give the same answers."""
    made = []
    for chip in tpp.chips()[:CHIPS]:
        closed: dict[str, Any] = {
            "vector_processor": False,
            "datacenter": True,
            "die_area_mm2": 600,
            "dram_gb": 0,
            "dram_gb_s": 0,
            "ics_per_item": 1,
        }
        for name, value in chip.quantities.items():
            closed[name] = value.low if value.low or value.known else value.high
        if not any(each.startswith(("tops_", "units_")) for each in closed):
            closed["tops_fp16"] = 100
        closed = {name: value for name, value in closed.items() if value != math.inf}
        made.append(tpp.Chip(chip.name, id=chip.id, **closed))
    return made


@lru_cache(maxsize=1)
def items() -> Table:
    """The same as a table, for which the law is compiled once, as for the catalogue's."""
    one = {"system": [0], "chip": [0], "count": [1]}
    return SystemTable(one, chips()).items


@lru_cache(maxsize=1)
def figures() -> dict[str, np.ndarray]:
    """What one chip gives to each quantity, as doubles: what a user would have in a chip table."""
    formulas = without_paragraphs(None).formulas
    values = [Metrics(formulas, chip.quantities) for chip in chips()]
    found = {}
    for name in (*LAW, *SUMS):
        ends = [each.metric(item_metric(name)) for each in values]
        assert all(each.low == each.high for each in ends), name
        found[name] = np.array([float(each.low) for each in ends])
    return found


@lru_cache(maxsize=1)
def met() -> dict[str, np.ndarray]:
    """Which chips meet the paragraphs on circuits, bool (chips,)."""
    verdicts = tpp.classify(chips(), tpp.rulebook(AS_OF, "CN", rules=list(CIRCUITS.values())))
    return {paragraph: np.array(verdicts[each]) for paragraph, each in CIRCUITS.items()}


def is_sum(name: str) -> bool:
    """Whether a quantity is a sum over the parts, else the largest."""
    spec = without_paragraphs(None).vocabulary.quantities[name]
    return spec.total == "sum"


@dataclass(frozen=True, eq=False)
class Systems:
    """n systems of three parts. `system`, `items` (places of chips) and `counts`, (3 n,), int32;
    `offsets` (n + 1,), int32; `facts`, (n,): two columns of doubles and one of booleans."""

    system: np.ndarray
    items: np.ndarray
    counts: np.ndarray
    offsets: np.ndarray
    facts: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lists(self) -> Any:
        """As Arrow list columns, each with offsets of its own, over the same memory."""
        import pyarrow as pa

        def lists(values: np.ndarray, offsets: np.ndarray) -> Any:
            return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))

        flags = {name: pa.array(v.view(np.bool_) if v.dtype == np.uint8 else v)
                 for name, v in self.facts.items()}  # fmt: skip
        counts = lists(self.counts, self.offsets.copy())
        return pa.table({"chip": lists(self.items, self.offsets), "count": counts, **flags})

    @property
    def long(self) -> dict[str, np.ndarray]:
        """A row a part."""
        return {"system": self.system, "chip": self.items, "count": self.counts}

    @cached_property
    def keyed(self) -> dict[str, np.ndarray]:
        """The facts beside the long form."""
        return {"system": np.arange(len(self), dtype=np.int32), **self.facts}


def random(n: int) -> Systems:
    """Random systems; counts are log-uniform, so that every verdict falls both ways."""
    rng = np.random.default_rng(11)
    counts = np.exp(rng.random(PARTS * n, np.float32) * np.float32(math.log(MOST)))
    return Systems(
        np.repeat(np.arange(n, dtype=np.int32), PARTS),
        rng.integers(0, CHIPS, PARTS * n, dtype=np.int32),
        np.maximum(np.rint(counts), 1).astype(np.int32),
        np.arange(0, PARTS * n + 1, PARTS, dtype=np.int32),
        {
            "envelope_ft3": 1000 * np.exp(rng.random(n) * math.log(100)),
            "cluster_network_gbit_s": 10 * np.exp(rng.random(n) * math.log(1000)),
            "shared_memory": (rng.random(n) < 0.5).astype(np.uint8),
        },
    )


def decided(sums: Mapping[str, Any], any_met: Mapping[str, Any], facts: Facts) -> list[Any]:
    """The verdicts in the order of PARAGRAPHS from sums as arrays of doubles."""
    app = np.where(facts["shared_memory"].view(np.bool_), sums["app_wt"], sums["largest_app_wt"])
    capacity = (sums["fp64_pflops"] >= 100) | (sums["fp32_pflops"] >= 200)
    return [
        *(any_met[paragraph] for paragraph in CIRCUITS),
        capacity & (facts["envelope_ft3"] <= 41600),
        app > 70,
        app >= 0.0128,
        (sums["cluster_ops"] >= 1e20) & (facts["cluster_network_gbit_s"] > 100),
    ]
