"""Design spaces: counted without looking at each design, and decided design by design."""

from __future__ import annotations

import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.options import Options
from tppcore.benchmark import numpy_code
from tppcore.benchmark.engines import available, engine
from tppcore.benchmark.jobs import AS_OF, DESTINATION, GATE, JOBS, WHOLE, Job, columns_of
from tppcore.benchmark.rounds import ratio, timed
from tppcore.benchmark.straight import straight
from tppcore.engine.columns import Bitmaps
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.spaces.classifying import source
from tppcore.spaces.space import Space

RETICLE = Path(__file__).parents[1] / "specs" / "spaces" / "reticle.toml"
_MOST_BY_HAND = 2_000_000  # designs that NumPy goes through
_PLAIN = 20_000  # designs that plain Python goes through

_RATES = {
    "tops_fp16": "cores * clock_ghz * 8",
    "tops_bf16": "tops_fp16",
    "tops_fp8": "2 * tops_fp16",
    "tops_int8": "2 * tops_fp16",
    "tops_fp32": "tops_fp16 / 2",
    "tops_fp4": "4 * tops_fp16",
}
_QUANTITIES = {
    **_RATES,
    "die_area_mm2": "area + 0.5 * cores",
    "dram_gb_s": "stacks * speed",
    "interconnect_gb_s": "links * 50",
    "transistors_bn": "area * 0.08",
    "advanced_node": "node",
}


def job_space(job: Job, designs: int) -> Space:
    """The columns of a job as formulas over axes, of about so many designs."""
    axes: dict[str, Any] = {
        "cores": [],
        "clock_ghz": {"from": "0.6", "to": "2.4", "step": "0.1"},
        "area": {"from": "200", "to": "1000", "step": "50"},
        "stacks": ["1", "2", "3", "4", "5", "6", "8"],
        "speed": {"from": "400", "to": "1200", "step": "100"},
        "datacenter": [True, False],
    }
    if "interconnect_gb_s" in job.columns:
        axes |= {"links": ["4", "8", "12", "18"], "node": [True, False]}
    inner = 19 * 17 * 7 * 9 * 2 * (8 if "links" in axes else 1)
    cores = max(1, round(designs / inner))
    axes["cores"] = [str(40 + i) for i in range(cores)]
    own = {name: formula for name, formula in _QUANTITIES.items() if name in job.columns}
    return Space(axes, own)


def chain(places: int) -> Space:
    """Six axes of so many places each: three feed TPP, three each of two bandwidths; these have one
    axis with TPP and one with each other in common."""
    whole = {"from": "1", "to": str(places), "step": "1"}
    return Space(
        {
            "cores": whole,
            "macs": whole,
            "clock_ghz": _axis(0.5, 3, places),
            "stacks": whole,
            "rate": _axis(2, 10, places),
            "links": whole,
        },
        {
            "tops_fp8": "cores * macs * clock_ghz / 5",
            "die_area_mm2": "800",
            "dram_gb_s": "stacks * rate * clock_ghz * 50",
            "interconnect_gb_s": "links * rate * 10",
            "transistors_bn": "50",
            "datacenter": True,
            "advanced_node": True,
        },
    )


def product(places: int) -> Space:
    """Six axes of so many places each; TPP is their product, and the die area has two of them."""
    names = ("cores", "lanes", "rows", "columns", "clock_ghz", "stacks")
    axes = {name: [str(1 + j * (i + 1)) for j in range(places)] for i, name in enumerate(names)}
    return Space(
        axes,
        {
            "tops_fp8": f"{' * '.join(names)} / 1000",
            "die_area_mm2": "100 + cores + lanes",
            "dram_gb_s": "3000",
            "transistors_bn": "50",
            "datacenter": True,
            "advanced_node": True,
        },
    )


def _axis(first: float, last: float, places: int) -> list[str]:
    step = (last - first) / places
    return [f"{first + i * step:.6g}" for i in range(places)]


def cube(places: int) -> Space:
    """Six axes of so many places each, all of which some paragraph depends on."""
    return Space(
        {
            "cores": [str(20 + i) for i in range(places)],
            "clock_ghz": _axis(0.5, 3, places),
            "area": _axis(200, 900, places),
            "dram_gb_s": _axis(500, 9000, places),
            "interconnect_gb_s": _axis(50, 2000, places),
            "transistors_bn": _axis(5, 300, places),
        },
        {
            "tops_fp16": "cores * clock_ghz * 4",
            "tops_fp8": "2 * tops_fp16",
            "die_area_mm2": "area + 0.5 * cores",
            "datacenter": True,
            "advanced_node": True,
        },
    )


def measure(options: Options) -> dict[str, Any]:
    return {
        "counted": _counted(options),
        "enumerated": {name: _enumerated(job, options) for name, job in JOBS.items()},
        "by_hand": _by_hand(options),
    }


# ---- counted ----


def _whole(fresh: bool) -> Rulebook:
    return rulebook(AS_OF, DESTINATION) if fresh else WHOLE.rules


def _counted(options: Options) -> dict[str, Any]:
    """The census of spaces under the whole rulebook, each space made anew."""
    small = options.rows < 1_000_000
    side = 10 if small else 100
    found = {}
    makers: dict[str, Callable[[], Space]] = {
        "six axes": lambda: cube(side),
        "six axes of half as many places": lambda: cube(side // 2),
        "six axes of a third": lambda: cube(side * 32 // 100),
        "three feed each metric": lambda: chain(side),
        "three feed each, twice as many places": lambda: chain(2 * side),
        "six feed one metric": lambda: product(side),
    }
    if not small:
        makers["reticle.toml, 7 axes feed one metric"] = lambda: Space.from_toml(RETICLE)
    for name, make in makers.items():
        rounds = min(options.rounds, 3) if name.startswith("reticle") else options.rounds
        designs = make().size
        times = {
            "cold": [_seconds(make, fresh=True) for _ in range(rounds)],
            "warm": [_seconds(make, fresh=False) for _ in range(rounds)],
        }
        found[name] = {
            "designs": designs,
            "cold_seconds": statistics.median(times["cold"]),
            "warm_seconds": statistics.median(times["warm"]),
            "designs_per_second": designs / statistics.median(times["warm"]),
            "method": make().census(WHOLE.rules).method,
            "seconds": times,
        }
    once, twice = found["three feed each metric"], found["three feed each, twice as many places"]
    return {
        "spaces": found,
        "growth": {
            "designs": twice["designs"] / once["designs"],
            "time": twice["warm_seconds"] / once["warm_seconds"],
        },
    }


def _seconds(make: Callable[[], Space], fresh: bool) -> float:
    """Of a census; a fresh rulebook has nothing compiled yet."""
    rules, space = _whole(fresh), make()
    gc.collect()
    begun = time.perf_counter()
    space.census(rules)
    return time.perf_counter() - begun


# ---- enumerated ----


def _enumerated(job: Job, options: Options) -> dict[str, Any]:
    """Verdicts on all designs, and on the same designs as columns in memory; outputs reused."""
    name, threads = available()[0], options.threads
    space = job_space(job, options.rows)
    table = space.table()
    columns = columns_of({each: np.ascontiguousarray(_column(table[each])) for each in job.columns})
    made = source(space.design, job.rules)
    out = Bitmaps.empty(len(job.program.paragraphs), space.size)
    runs = {
        "enumerated": lambda: made.decide(name, threads, out),
        "in memory": engine(name, job.program, columns, threads),
    }
    expected = runs["in memory"]()
    runs["enumerated"]()
    if not ((out.values == expected.values).all() and (out.valid == expected.valid).all()):
        raise AssertionError("designs and their table have other verdicts")
    times = timed(runs, options.rounds)
    return {
        "title": job.title,
        "engine": name,
        "threads": threads,
        "designs": space.size,
        "enumerated_per_second": space.size / statistics.median(times["enumerated"]),
        "in_memory_per_second": space.size / statistics.median(times["in memory"]),
        "of_in_memory": ratio(times["enumerated"], times["in memory"]),
        "seconds": times,
    }


def _column(values: Any) -> Any:
    return values.view(np.uint8) if values.dtype == np.bool_ else values


# ---- by hand ----


def _by_hand(options: Options) -> dict[str, Any]:
    """A smaller space value by value: NumPy over all of its columns, and plain Python; neither is
    exact."""
    space = job_space(GATE, min(_MOST_BY_HAND, options.rows))
    code = straight(GATE.rules, GATE.columns)
    begun = time.perf_counter()
    grids = np.meshgrid(*(np.array(v, float) for v in space.axes.values()), indexing="ij")
    cores, clock, area, stacks, speed, datacenter = (each.reshape(-1) for each in grids)
    rate = cores * clock * 8
    columns = {"tops_fp16": rate, "tops_bf16": rate, "tops_fp8": 2 * rate, "tops_int8": 2 * rate}
    columns |= {"tops_fp32": rate / 2, "tops_fp4": 4 * rate, "die_area_mm2": area + 0.5 * cores}
    columns |= {"dram_gb_s": stacks * speed, "datacenter": datacenter.astype(np.uint8)}
    numpy_code.obvious(code, columns)
    by_numpy = time.perf_counter() - begun
    begun = time.perf_counter()
    space.census(GATE.rules)
    counted = time.perf_counter() - begun
    plain = min(_PLAIN, space.size)
    begun = time.perf_counter()
    _plain(space, plain)
    by_python = (time.perf_counter() - begun) * space.size / plain
    return {
        "designs": space.size,
        "numpy_seconds": by_numpy,
        "python_seconds": by_python,
        "census_seconds": counted,
    }


def _plain(space: Space, count: int) -> int:
    """How many of the first designs meet 3A090.a, as a loop over products would find it."""
    caught = 0
    places = itertools.product(*([float(v) for v in axis] for axis in space.axes.values()))
    for cores, clock, area, _, _, datacenter in itertools.islice(places, count):
        tpp = cores * clock * 8 * 16
        density = tpp / (area + 0.5 * cores)
        caught += bool(datacenter and (tpp >= 4800 or (tpp >= 1600 and density >= 5.92)))
    return caught


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = ["", "designs", "cold s", "warm s", "designs/s"]
    cells = [
        [
            name,
            f"{each['designs']:.3g}",
            f"{each['cold_seconds']:.3f}",
            f"{each['warm_seconds']:.3f}",
            f"{each['designs_per_second']:.2g}",
        ]
        for name, each in part["counted"]["spaces"].items()
    ]
    growth = part["counted"]["growth"]
    cells.append([f"{growth['designs']:.0f} x the designs", "", "", f"x {growth['time']:.2f}", ""])
    for each in part["enumerated"].values():
        cells += [
            [f"{each['title']}: {each['engine']} x{each['threads']}", "", "", "", ""],
            [
                "  enumerated",
                f"{each['designs']:,}",
                "",
                "",
                f"{each['enumerated_per_second']:.3g}",
            ],
            ["  columns in memory", "", "", "", f"{each['in_memory_per_second']:.3g}"],
            ["  ratio", "", "", "", f"{each['of_in_memory']:.2f}"],
        ]
    hand = part["by_hand"]
    for name in ("numpy", "python", "census"):
        seconds = hand[f"{name}_seconds"]
        speed = hand["designs"] / seconds if seconds else math.inf
        cells.append(
            [
                f"{name}, 3A090 by value",
                f"{hand['designs']:,}",
                "",
                f"{seconds:.3f}",
                f"{speed:.2g}",
            ]
        )
    return heading, cells
