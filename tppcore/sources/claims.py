"""Totals that somebody publishes of a system, and how they stand to the sums over its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tppcore.engine.exact import Interval
from tppcore.errors import UnknownName
from tppcore.rules.store import specs
from tppcore.sources.decimals import exact

CLAIMED: Mapping[str, tuple[str, int, str]] = {
    "claim_bf16_pflops": ("peak_bf16", 1000, "PFLOPS"),
    "claim_fp8_pflops": ("peak_fp8", 1000, "PFLOPS"),
    "claim_int8_pops": ("peak_int8", 1000, "POPS"),
    "claim_fp4_pflops": ("peak_fp4", 1000, "PFLOPS"),
    "claim_tpp": ("aggregate_tpp", 1, "TOPS x bit"),
    "claim_dram_tb": ("memory_capacity", 1000, "TB"),
    "claim_dram_tb_s": ("total_dram_bandwidth", 1000, "TB/s"),
    "claim_scaleup_tb_s": ("scale_up_bandwidth", 1000, "TB/s"),
    "claim_scaleout_gbit_s": ("scale_out_bandwidth_one_way", 1, "Gbit/s"),
}
"""Columns of systems.csv: the metric, and the unit of print as a multiple of the metric's own."""

RELATIONS = ("equal", "rounds to it", "within 1%", "differs", "undetermined")


@dataclass(frozen=True, slots=True)
class Claim:
    """`printed`, in `unit` (`scale` times the unit of the metric), is what `by` publishes."""

    metric: str
    printed: str
    scale: int = 1
    unit: str = ""
    by: str = ""

    @classmethod
    def of(cls, metric: str, value: Any) -> Claim:
        """A claim in the unit of its metric. Raises UnknownName, InputError."""
        vocabulary = specs().vocabulary
        spec = vocabulary.metrics.get(metric)
        if (spec is None or spec.system is None) and metric not in vocabulary.quantities:
            known = [each.name for each in vocabulary.metrics.values() if each.system]
            raise UnknownName(f"{metric!r} is no metric of systems; expected one of {known}")
        exact(value, metric)
        return cls(metric, str(value), 1, (spec or vocabulary.quantities[metric]).unit)

    @property
    def value(self) -> Fraction:
        """The number claimed, in the unit of the metric."""
        return Fraction(self.printed) * self.scale

    def relation(self, computed: Interval) -> str:
        """One of RELATIONS: how the claim stands to what the parts give. "rounds to it": the sum
        rounds to the digits printed."""
        if not computed.known:
            possible = computed.low <= self.value <= computed.high
            return "undetermined" if possible or not computed.applicable else "differs"
        off = abs(computed.low - self.value)
        exponent = Decimal(self.printed).as_tuple().exponent
        assert isinstance(exponent, int)
        if off == 0:
            return "equal"
        if off <= Fraction(10) ** exponent * self.scale / 2:
            return "rounds to it"
        return "within 1%" if off * 100 <= self.value else "differs"
