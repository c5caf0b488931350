"""What a comparison measures: the rows of its table, and quotients of bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from tppcore.engine.exact import ANYTHING, Interval

Number = Interval | None
"""A value or a ratio as exact bounds; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the comparison: a base figure, or a quotient of two."""

    metric: str
    title: str
    unit: str
    over: str
    under: str = ""
    scale: int = 1


BEFORE = (
    Measure("tpp", "TPP, summed over the circuits", "TOPS x bit", "aggregate_tpp"),
    Measure(
        "largest_circuit_tpp", "largest TPP of one circuit", "TOPS x bit", "largest_circuit_tpp"
    ),
    Measure("h100_equivalents", "H100-equivalents by TPP", "H100", "h100_equivalents"),
    Measure("circuits", "circuits, hosts left out", "1", "circuits"),
)
AFTER = (
    Measure("memory_capacity", "DRAM capacity", "GB", "memory_capacity"),
    Measure("total_dram_bandwidth", "DRAM bandwidth", "GB/s", "total_dram_bandwidth"),
    Measure("scale_up_bandwidth", "scale-up links, both ways", "GB/s", "scale_up_bandwidth"),
    Measure(
        "scale_up_bandwidth_one_way",
        "scale-up links, one way",
        "GB/s",
        "scale_up_bandwidth_one_way",
    ),
    Measure("scale_out_bandwidth", "scale-out network, both ways", "Gbit/s", "scale_out_bandwidth"),
    Measure(
        "scale_out_bandwidth_one_way",
        "scale-out network, one way",
        "Gbit/s",
        "scale_out_bandwidth_one_way",
    ),
    Measure(
        "bidirectional_transfer_rate",
        "aggregate bidirectional transfer rate",
        "GB/s",
        "bidirectional_transfer_rate",
    ),
    Measure("power", "power", "W", "power"),
)
PER_CHIP = (
    Measure("tpp_per_chip", "TPP a circuit", "TOPS x bit", "aggregate_tpp", "circuits"),
    Measure("peak_bf16_per_chip", "peak a circuit, BF16", "TOPS", "peak_bf16", "circuits"),
    Measure(
        "memory_capacity_per_chip", "DRAM capacity a circuit", "GB", "memory_capacity", "circuits"
    ),
    Measure(
        "total_dram_bandwidth_per_chip",
        "DRAM bandwidth a circuit",
        "GB/s",
        "total_dram_bandwidth",
        "circuits",
    ),
    Measure("power_per_chip", "power a circuit", "W", "power", "circuits"),
)
PER_WATT = (
    Measure("tpp_per_watt", "TPP per watt", "TOPS x bit / W", "aggregate_tpp", "power"),
    Measure("watts_per_tflops", "watts per TFLOPS, BF16", "W / TFLOPS", "power", "peak_bf16"),
    Measure(
        "watts_per_tb_s",
        "watts per TB/s of DRAM",
        "W / (TB/s)",
        "power",
        "total_dram_bandwidth",
        1000,
    ),
    Measure("kw_per_tb", "kilowatts per TB of DRAM", "kW / TB", "power", "memory_capacity"),
)
LAST = (
    Measure(
        "bandwidth_per_tpp",
        "DRAM bandwidth per TPP",
        "GB/s / (TOPS x bit)",
        "total_dram_bandwidth",
        "aggregate_tpp",
    ),
)


def known(value: Interval) -> Number:
    """The bounds, or None where they say nothing."""
    return None if value == ANYTHING or not value.applicable else value


def quotient(over: Number, under: Number, scale: int = 1) -> Number:
    """All values of over / under x scale; None where nothing is known, or `under` is 0."""
    if over is None or under is None or under.high == 0:
        return None
    low = Fraction(0) if under.high == math.inf else over.low / Fraction(under.high)
    high = over.high / under.low if under.low else math.inf
    return known(Interval(low * scale, Fraction(0) if over.high == 0 else high * scale))
