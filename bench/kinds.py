"""What kinds of data cost: ties, round numbers, holes, ranges, narrow columns; and the filter."""

from __future__ import annotations

import statistics
import time
from dataclasses import fields, replace
from functools import partial
from typing import Any

from bench import data
from bench.options import Options
from tppcore.benchmark.engines import available, engine
from tppcore.benchmark.jobs import GATE, JOBS, Job, columns_of, random_table
from tppcore.benchmark.roof import Roof, moved
from tppcore.benchmark.rounds import Contender, ratio, repeated, timed
from tppcore.errors import TppError
from tppcore.program.compile import compile as compile_program
from tppcore.program.program import Program

_TRIED, _SECONDS = 100_000, 1.0


def measure(options: Options) -> dict[str, Any]:
    """Every kind beside the random table, in the same rounds; by the fastest engine here."""
    name, rows, threads = available()[0], options.kind_rows, options.threads
    base = data.random(rows)
    on_base = engine(name, GATE.program, columns_of(base), threads)
    found: dict[str, Any] = {}
    for kind, make in {"random": data.random, **data.KINDS}.items():
        try:
            found[kind] = _kind(name, make(rows), on_base, rows, options)
        except (TppError, ValueError, TypeError) as error:
            found[kind] = {"refused": str(error)}
    filters = {each: _filter(job, options, name) for each, job in JOBS.items()}
    return {"engine": name, "rows": rows, "threads": threads, "kinds": found, "filter": filters}


def _kind(
    name: str, table: data.Values, on_base: Contender, base_rows: int, options: Options
) -> dict[str, Any]:
    """One kind; cut down to what takes a second, if it is slow."""
    # Ranges are given by columns of their own: the program is that of the table.
    program = compile_program(GATE.rules, data.columns_of(table).by_quantity)

    def contender(rows: int) -> Contender:
        part = {column: values[:rows] for column, values in table.items()}
        return engine(name, program, data.columns_of(part), options.threads)

    tried = min(base_rows, _TRIED)
    many, count = repeated(contender(tried), least=0.01)
    begun = time.perf_counter()
    many()
    speed = tried * count / (time.perf_counter() - begun)
    rows = min(base_rows, max(tried, int(speed * _SECONDS)))
    table = {column: values[:rows] for column, values in table.items()}
    paragraphs = len(program.paragraphs)
    runs = {
        "random": on_base,
        "kind": contender(rows),
        "roof": partial(Roof(paragraphs, rows, options.threads), table),
    }
    times = timed(runs, options.rounds)
    return {
        "rows": rows,
        "bytes_a_row": moved(table, paragraphs) / rows,
        "rows_per_second": rows / statistics.median(times["kind"]),
        "of_roof": ratio(times["kind"], times["roof"]),
        "of_random": ratio(times["kind"], times["random"]) * rows / base_rows,
        "seconds": times,
    }


def _filter(job: Job, options: Options, name: str) -> dict[str, Any]:
    """The program beside one whose tests have no error bound, which is not exact."""
    columns = columns_of(random_table(job.columns, options.kind_rows))
    runs = {
        "exact": engine(name, job.program, columns, options.threads),
        "unfiltered": engine(name, unfiltered(job.program), columns, options.threads),
    }
    times = timed(runs, options.rounds)
    return {"cost": ratio(times["unfiltered"], times["exact"]) - 1, "seconds": times}


def unfiltered(program: Program) -> Program:
    """The same program, trusting doubles."""
    bounds = [each.name for each in fields(program.tests[0]) if each.name.startswith("epsilon")]
    off = dict.fromkeys(bounds, 0.0)
    return replace(program, tests=tuple(replace(test, **off) for test in program.tests))


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = [f"{part['engine']}, {part['rows']:,} rows", "M rows/s", "of roof", "of random"]
    cells = []
    for kind, each in part["kinds"].items():
        if "refused" in each:
            cells.append([kind, "refused", "", ""])
        else:
            speed = f"{each['rows_per_second'] / 1e6:.1f}"
            cells.append([kind, speed, f"{each['of_roof']:.2f}", f"{each['of_random']:.2f}"])
    for job, each in part["filter"].items():
        cells.append([f"cost of the exact filter, {job}", f"{each['cost']:+.1%}", "", ""])
    return heading, cells
