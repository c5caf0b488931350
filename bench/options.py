"""How large the benchmark is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`rows` of the jobs; `kind_rows` of each kind of data and of the curve over paragraphs;
    `max_rows` of the curve over rows; `memory_rows` of the memory runs; `systems` of three parts
    each; `file_rows` of the Parquet files."""

    rows: int
    kind_rows: int
    max_rows: int
    memory_rows: tuple[int, ...]
    systems: int
    rounds: int
    threads: int
    peers: tuple[str, ...]
    file_rows: int = 10_000_000
