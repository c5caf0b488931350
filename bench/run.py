"""How fast chips are classified: both jobs, every contender, every kind of data.

    python bench/run.py [--only PART ...] [--rows N] [--rounds N] [--json FILE] [--quick]

The jobs: 3A090 .a and .b with their parts, the 2026 gate and the tariff windows for China, 13
paragraphs over 8 columns of doubles and one of booleans; and the whole rulebook in force for China,
31 paragraphs over 8 and two. The limit and the predictions are in docs/speed.md.

Every contender runs once a round, in turn; figures are medians over the rounds, and a ratio is the
median of the ratios within the rounds. All have the same columns and threads ("xN" in a name says
how many). The table says whose outputs are reused: those that can take them get them; booleans are
a byte each where a library likes them so. All answers are compared on random data, where nothing
ties; on a table of ties the table says how many rows each gets wrong.

Tables are printed, everything goes to the JSON (parts that are not run stay as they are there), and
a picture of it beside.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))  # behind the installed package

from bench import (  # noqa: E402
    arrow,
    classify,
    files,
    frames,
    growth,
    kinds,
    memory,
    one_chip,
    spaces,
    systems,
)
from bench.contenders import PEERS  # noqa: E402
from bench.options import Options  # noqa: E402
from tppcore import report  # noqa: E402
from tppcore.benchmark.jobs import GATE  # noqa: E402
from tppcore.benchmark.machine import machine  # noqa: E402
from tppcore.engine.shards import usable_cpus  # noqa: E402

LIBRARIES = ("numpy", "numba", "polars", "pandas", "duckdb", "numexpr", "pyarrow")

Part = dict[str, Any]
PARTS: dict[str, tuple[Callable[[Options], Part], Callable[[Part], tuple[list[str], Any]]]] = {
    "classify": (classify.measure, classify.table),
    "kinds": (kinds.measure, kinds.table),
    "arrow": (arrow.measure, arrow.table),
    "chip": (one_chip.measure, one_chip.table),
    "rows": (growth.rows, growth.rows_table),
    "paragraphs": (growth.paragraphs, growth.paragraphs_table),
    "memory": (memory.measure, memory.table),
    "systems": (systems.measure, systems.table),
    "spaces": (spaces.measure, spaces.table),
    "frames": (frames.measure, frames.table),
    "files": (files.measure, files.table),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--rows", type=int, help="of the jobs")
    parser.add_argument("--kind-rows", type=int, help="of each kind of data")
    parser.add_argument(
        "--max-rows", type=int, help="of the largest table: 64 bytes a row and more"
    )
    parser.add_argument("--memory-rows", type=int, nargs="+")
    parser.add_argument("--systems", type=int, help="of three parts each")
    parser.add_argument("--file-rows", type=int, help="of the Parquet files: some 75 bytes a row")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", type=int, default=min(2, usable_cpus()))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--quick", action="store_true", help="tiny tables: does it run at all?")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "out" / "speed.json")
    given = parser.parse_args()
    sizes = QUICK if given.quick else FULL
    chosen = {name: getattr(given, name) for name in FULL if getattr(given, name) is not None}
    options = Options(**{**sizes, **chosen}, threads=given.threads, peers=tuple(given.peers))
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)  # read when Polars is imported

    about = machine(GATE.program, LIBRARIES)
    print("; ".join(f"{name} {value}" for name, value in about.items()))
    document = json.loads(given.json.read_text("utf-8")) if given.json.exists() else {}
    given.json.parent.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        measure, table = PARTS[name]
        begun = time.perf_counter()
        found = measure(options)
        print(f"\n{name}: {time.perf_counter() - begun:.0f} s, {options.rounds} rounds")
        report.print_table(*table(found))
        settings = {key: getattr(options, key) for key in ("rounds", "threads")}
        document[name] = {"machine": about, **settings, "found": found}
        given.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(f"\nwritten: {given.json}")
    if "classify" in document:
        from bench.picture import draw_engines, save

        for path in save(draw_engines(document["classify"]), given.json.with_suffix("")):
            print(f"written: {path}")


FULL: dict[str, Any] = {
    "rows": 20_000_000,
    "kind_rows": 10_000_000,
    "max_rows": 100_000_000,
    "memory_rows": (1_000_000, 10_000_000, 50_000_000),
    "systems": 10_000_000,
    "file_rows": 10_000_000,
    "rounds": 7,
}
QUICK: dict[str, Any] = {
    "rows": 20_000,
    "kind_rows": 20_000,
    "max_rows": 10_000,
    "memory_rows": (20_000, 40_000),
    "systems": 20_000,
    "file_rows": 20_000,
    "rounds": 2,
}


if __name__ == "__main__":
    main()
