"""How cost grows with the number of rows and of paragraphs."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from bench.options import Options
from tppcore.benchmark.engines import available, engine
from tppcore.benchmark.jobs import AS_OF, DESTINATION, GATE, WHOLE, columns_of, random_table
from tppcore.benchmark.roof import Roof
from tppcore.benchmark.rounds import ratio, repeated, timed
from tppcore.program.compile import compile as compile_program
from tppcore.rules.rulebook import rulebook


def rows(options: Options) -> dict[str, Any]:
    """10^3 rows and on, of one table; small runs are repeated until a round takes some 50 ms."""
    name, threads = available()[0], options.threads
    whole = random_table(GATE.columns, options.max_rows)
    paragraphs = len(GATE.program.paragraphs)
    sizes = [size for size in (10**e for e in range(3, 10)) if size <= options.max_rows]
    points = []
    for size in sizes:
        table = {column: values[:size] for column, values in whole.items()}
        run, count = repeated(engine(name, GATE.program, columns_of(table), threads))
        roof = Roof(paragraphs, size, threads if size >= 1 << 15 else 1)
        limit, limit_count = repeated(partial(roof, table))
        times = timed({"engine": run, "roof": limit}, options.rounds)
        per_row = [seconds / count / size for seconds in times["engine"]]
        points.append(
            {
                "rows": size,
                "ns_a_row": statistics.median(per_row) * 1e9,
                "roof_ns_a_row": statistics.median(times["roof"]) / limit_count / size * 1e9,
                "calls": count,
                "seconds": times,
            }
        )
    return {"engine": name, "threads": threads, "points": points}


def paragraphs(options: Options) -> dict[str, Any]:
    """The first paragraph of the rulebook in force, the first two, and so on, over one table."""
    name, threads, size = available()[0], options.threads, options.kind_rows
    table = random_table(WHOLE.columns, size)
    columns = columns_of(table)
    ids = [each.id for each in WHOLE.rules.paragraphs]
    programs = [
        compile_program(rulebook(AS_OF, DESTINATION, rules=ids[:count]), WHOLE.columns)
        for count in range(1, len(ids) + 1)
    ]
    runs = {str(len(each.paragraphs)): engine(name, each, columns, threads) for each in programs}
    roof = Roof(len(ids), size, threads)
    times = timed({"roof": partial(roof, table), **runs}, options.rounds)
    points = [
        {
            "paragraphs": len(each.paragraphs),
            "tests": len(each.tests),
            "added": identity,
            "ns_a_row": statistics.median(seconds) / size * 1e9,
            "of_one": 1 / ratio(seconds, times["1"]),
            "seconds": seconds,
        }
        for each, identity in zip(programs, ids, strict=True)
        for seconds in (times[str(len(each.paragraphs))],)
    ]
    limit = statistics.median(times["roof"]) / size * 1e9
    return {
        "engine": name,
        "threads": threads,
        "rows": size,
        "roof_ns_a_row": limit,
        "points": points,
    }


def rows_table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    heading = [f"rows, {part['engine']} x{part['threads']}", "ns a row", "the roof's"]
    return heading, [
        [f"{each['rows']:,}", f"{each['ns_a_row']:.2f}", f"{each['roof_ns_a_row']:.2f}"]
        for each in part["points"]
    ]


def paragraphs_table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    heading = [f"paragraphs, {part['rows']:,} rows", "tests", "ns a row", "x the first", "added"]
    return heading, [
        [
            str(each["paragraphs"]),
            str(each["tests"]),
            f"{each['ns_a_row']:.2f}",
            f"{each['of_one']:.2f}",
            each["added"],
        ]
        for each in part["points"]
    ]
