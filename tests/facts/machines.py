"""Systems added up from the text of specs/*.csv alone, in fractions: no code of the package."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

SPECS = Path(__file__).parents[2] / "specs"

Row = dict[str, str]

BITS = {
    "fp64": 64, "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16,
    "fp8": 8, "int8": 8, "fp6": 6, "fp4": 4, "int4": 4,
}  # fmt: skip


def table(name: str) -> dict[str, Row]:
    with (SPECS / name).open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def counted(cell: str) -> list[tuple[str, int]]:
    """`a x 2; b x 3` as pairs."""
    pairs = [part.rsplit(" x ", 1) for part in cell.split("; ") if part]
    return [(identity, int(count)) for identity, count in pairs]


def stated(cell: str) -> dict[str, Row]:
    """`a: tops_fp16=780, dram_gb=128 | b: ...` as figures by chip."""
    groups = (group.split(": ", 1) for group in cell.split(" | ") if group)
    return {chip: dict(item.split("=") for item in figures.split(", ")) for chip, figures in groups}


def is_rate(column: str) -> bool:
    return column.startswith(("tops_", "units"))


def flat(identity: str, systems: dict[str, Row], chips: dict[str, Row]) -> list[tuple[Row, int]]:
    """The chips of a system as its publisher states them, with their counts.

    Where the publisher states a rate of a chip, its rates replace all of the catalogue's.
    """
    own = stated(systems[identity]["figures"])
    found = []
    for part, count in counted(systems[identity]["parts"]):
        if part in systems:
            found += [(chip, count * each) for chip, each in flat(part, systems, chips)]
            continue
        chip, figures = chips[part], own.get(part, {})
        if any(is_rate(column) for column in figures):
            chip = {column: cell for column, cell in chip.items() if not is_rate(column)}
        found.append(({**chip, **figures}, count))
    return found


def total(column: str, parts: list[tuple[Row, int]]) -> Fraction | None:
    """A column summed over the parts; None where some part does not state it."""
    if not all(chip.get(column) for chip, _ in parts):
        return None
    return sum((count * Fraction(chip[column]) for chip, count in parts), Fraction(0))


def tpp(chip: Row) -> Fraction | None:
    """2 x MacTOPS x bits, over every format that the row states; None where it states no rate."""
    rates = [
        bits * Fraction(chip[column])
        for format, bits in BITS.items()
        for column in (f"tops_{format}", f"tops_{format}_vector")
        if chip.get(column)
    ]
    return max(rates, default=None)
