"""Runs the examples on tables and compares what they write with the exact engine.

    python -m tests.embedding [--edges N] FOLDER

FOLDER is where examples/Makefile put them. The laws are a whole rulebook, and one rule for few
quantities. Prints the verdicts that were compared; exit code 1 if any differs.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import tppcore as tpp
from tests.embedding import tables

EXAMPLES = ("verdicts-c", "verdicts-c-static", "verdicts-cpp", "verdicts-java")
DAY = "2026-02-01"


def expected(rules: tpp.Rulebook, table: Sequence[tables.Row]) -> list[list[str]]:
    """What an example is to write, by line."""
    found = tpp.classify(tables.columns(rules, table), rules, engine="exact")
    ids = [paragraph.id for paragraph in rules.paragraphs]
    verdicts = [np.ma.filled(found[each].astype(np.int8), -1) for each in ids]
    lines = [[*map(str, row)] for row in np.array(verdicts).T]
    outcomes = map(str, found.outcome)
    return [[*ids, "outcome"], *([*line, text] for line, text in zip(lines, outcomes, strict=True))]


def differences(path: Path, wanted: Sequence[Sequence[str]]) -> list[str]:
    """Where a file of verdicts is another: the cells, in words."""
    with path.open(newline="", encoding="utf-8") as stream:
        found = list(csv.reader(stream))
    if len(found) != len(wanted) or found[:1] != [wanted[0]]:
        return [f"{len(found)} lines, {found[:1]}; expected {len(wanted)}, {wanted[0]}"]
    return [
        f"row {number - 1}, {name}: {cell}; expected {right}"
        for number, (line, row) in enumerate(zip(found, wanted, strict=True))
        for name, cell, right in zip(wanted[0], line, row, strict=True)
        if cell != right
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.embedding")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--edges", type=int, default=2500)
    options = parser.parse_args(arguments)
    wrong = 0
    few = ["tops_fp8", "tops_int8", "die_area_mm2", "datacenter", "non_planar"]
    laws = {
        "the whole rulebook": (tpp.rulebook(DAY, "CN"), None),
        "us-3a090": (tpp.rulebook(DAY, "CN", rules=["us-3a090"]), few),
    }
    with tempfile.TemporaryDirectory() as folder:
        law, data, out = (Path(folder) / name for name in ("law.tpp", "rows.csv", "verdicts.csv"))
        for title, (rules, quantities) in laws.items():
            law.write_bytes(tpp.program_bytes(rules, quantities))
            table = tables.rows(rules, options.edges)
            if quantities is not None:
                table = [_only(row, quantities) for row in table]
            tables.write(data, table)
            wanted = expected(rules, table)
            for name in EXAMPLES:
                program = options.folder / name
                if name == "verdicts-java" and not program.exists():
                    print("the example in Java is not there: left out")
                    continue
                subprocess.run([program, law, data, out], check=True, stdout=subprocess.PIPE)
                found = differences(out, wanted)
                wrong += len(found)
                count = (len(wanted) - 1) * len(rules.paragraphs)
                print(f"{title}: {name}: {count:,} verdicts, {len(found)} differ")
                print(*found[:5], sep="\n", end="\n" if found else "")
    return 1 if wrong else 0


def _only(row: tables.Row, quantities: Sequence[str]) -> tables.Row:
    names = {f"{name}{ending}" for name in quantities for ending in ("", "_low", "_high")}
    return {name: cell for name, cell in row.items() if name in names}


if __name__ == "__main__":
    sys.exit(main())
