"""Peak memory beyond input and output, in a process of its own for each size (Linux only).

    python bench/memory.py ROWS THREADS

prints it as JSON: the peak during a call, less what the process held before, when its table and its
outputs were there already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))

from bench.options import Options

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure(options: Options) -> dict[str, Any]:
    """Every size of the options; nothing where the system does not tell."""
    if not _RESET.exists():
        return {"points": [], "note": "no /proc/self/clear_refs on this system"}
    points = []
    for rows in options.memory_rows:
        command = [sys.executable, str(Path(__file__).resolve()), str(rows), str(options.threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        points.append(json.loads(done.stdout))
    return {"points": points}


def _kib(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


def _peak(run: Any) -> tuple[int, Any]:
    """How far memory rises above what is held now while `run` works, in bytes; its answer."""
    before = _kib("VmRSS")
    _RESET.write_text("5")  # the peak starts again from here
    answer = run()
    return max(0, _kib("VmHWM") - before) * 1024, answer


def main(rows: int, threads: int) -> None:
    from tppcore.api import classify
    from tppcore.benchmark.engines import available, engine, reuses
    from tppcore.benchmark.jobs import GATE, columns_of, random_table
    from tppcore.engine.columns import Bitmaps

    name = available()[0]
    small, table = random_table(GATE.columns, 200_000), random_table(GATE.columns, rows)
    engine(name, GATE.program, columns_of(small), threads)()
    classify(small, GATE.rules, threads=threads)
    output = 2 * len(GATE.program.paragraphs) * -(-rows // 64) * 8

    run = engine(name, GATE.program, columns_of(table), threads)  # with `out`, it is there by now
    beyond, answer = _peak(run)
    assert isinstance(answer, Bitmaps)
    del answer
    in_classify, verdicts = _peak(lambda: classify(table, GATE.rules, threads=threads))
    assert len(verdicts)
    found = {
        "rows": rows,
        "engine": name,
        "input_bytes": sum(values.nbytes for values in table.values()),
        "output_bytes": output,
        "engine_beyond_bytes": beyond if reuses(name) else max(0, beyond - output),
        "classify_beyond_bytes": max(0, in_classify - output),
    }
    print(json.dumps(found))


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    heading = ["rows", "input MiB", "output MiB", "engine beyond, MiB", "classify beyond, MiB"]
    keys = ("input_bytes", "output_bytes", "engine_beyond_bytes", "classify_beyond_bytes")
    return heading, [
        [f"{each['rows']:,}", *(f"{each[key] / 2**20:.1f}" for key in keys)]
        for each in part["points"]
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
