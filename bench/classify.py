"""Both jobs on random chips, by every contender."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from bench import data
from bench.contenders import Entry, contenders
from bench.options import Options
from tppcore.benchmark.jobs import GATE, JOBS, Job, random_table
from tppcore.benchmark.roof import moved
from tppcore.benchmark.rounds import ratio, timed

_TIES = 200_000


def measure(options: Options) -> dict[str, Any]:
    return {name: _job(job, options) for name, job in JOBS.items()}


def _job(job: Job, options: Options) -> dict[str, Any]:
    rows, threads = options.rows, options.threads
    table = random_table(job.columns, rows)
    found = contenders(job, table, threads, options.peers)
    differing = _differing(found)
    times = timed({name: each.run for name, each in found.items()}, options.rounds)
    wrong: dict[str, float] = {}
    if job is GATE:
        count = min(_TIES, rows)
        tied = contenders(job, data.ties(count), threads, options.peers)
        wrong = {name: different / count for name, different in _differing(tied).items()}
    return {
        "title": job.title,
        "rows": rows,
        "columns": list(job.columns),
        "paragraphs": len(job.program.paragraphs),
        "tests": len(job.program.tests),
        "bytes_a_row": moved(table, len(job.program.paragraphs)) / rows,
        "contenders": {
            name: {
                "threads": each.threads,
                "outputs": each.outputs,
                "exact": each.exact,
                "rows_per_second": rows / statistics.median(times[name]),
                "of_roof": ratio(times[name], times[f"roof x{each.threads}"]),
                "tppcore_is_times_faster": _faster(times, name, each.threads),
                "rows_that_differ": differing.get(name),
                "wrong_at_ties": wrong.get(name),
                "seconds": times[name],
            }
            for name, each in found.items()
        },
    }


def _faster(times: dict[str, list[float]], name: str, threads: int) -> float | None:
    """How many times faster than `name` our fastest engine is with as many threads."""
    own = [f"tppcore {engine} x{threads}" for engine in ("c", "jit")]
    ours = next((times[each] for each in own if each in times), None)
    return None if ours is None else ratio(ours, times[name])


def _differing(found: dict[str, Entry]) -> dict[str, int]:
    """In how many rows each answer differs from that of the first of our engines."""
    expected: np.ndarray | None = None
    differing = {}
    for name, each in found.items():
        if each.rows is None:
            continue
        answer = each.rows(each.run())
        if expected is None:
            expected = answer.copy()
        wrong = np.zeros(answer.shape[1], np.bool_)
        for ours, theirs in zip(expected, answer, strict=True):
            wrong |= ours != theirs
        differing[name] = int(wrong.sum())
    return differing


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = ["", "M rows/s", "of roof", "tppcore is x", "outputs", "rows differ", "wrong at ties"]
    cells = []
    for job in part.values():
        cells.append([f"{job['title']}: {job['paragraphs']} paragraphs", *[""] * 6])
        for name, each in job["contenders"].items():
            ties, faster = each["wrong_at_ties"], each["tppcore_is_times_faster"]
            cells.append(
                [
                    f"  {name}",
                    f"{each['rows_per_second'] / 1e6:.1f}",
                    f"{each['of_roof']:.2f}",
                    "" if faster is None else f"{faster:.2f}",
                    each["outputs"],
                    "" if each["rows_that_differ"] is None else str(each["rows_that_differ"]),
                    "" if ties is None else f"{ties:.1%}",
                ]
            )
    return heading, cells
