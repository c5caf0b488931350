"""Parquet files: classified in constant memory, against pyarrow reading those columns and writing
that same table.

    python bench/files.py ROLE JOB INPUT OUTPUT THREADS

does one of ROLES in a process of its own and prints its seconds and its peak memory as JSON. The
seconds are those of the work, without the start of Python and the loading of the law; tppcore's
include what it takes to see the output safely on disk (fsync), which pyarrow leaves to the system.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))

from bench.options import Options
from tppcore.benchmark.jobs import AS_OF, DESTINATION, JOBS, random_table
from tppcore.benchmark.rounds import ratio
from tppcore.rules.rulebook import Rulebook, rulebook

ROOT = Path(__file__).resolve().parents[1]
GROUP = 1 << 20  # rows of a row group, of the input and of all outputs
RULES = {"us-3a090": ("us-3a090", "gate"), "rulebook": (None, "rulebook")}
"""The rules of a job here (None: all in force), and the job whose eight columns of doubles and one
or two of booleans it has, beside a key."""


def measure(options: Options) -> dict[str, Any]:
    found = {}
    (ROOT / "bench" / "out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "bench" / "out") as folder:
        for name, (_, job) in RULES.items():
            path, out = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
            write_input(JOBS[job].columns, options.file_rows, path)
            found[name] = _measured(name, path, out, options)
            path.unlink()
    return found


def write_input(columns: tuple[str, ...], rows: int, path: Path) -> None:
    """Made-up chips with a key, snappy, in row groups of GROUP."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for number, first in enumerate(range(0, rows, GROUP)):
        count = min(GROUP, rows - first)
        values = random_table(columns, count, number)
        table = pa.table(
            {
                "id": pa.array(np.arange(first, first + count)),
                **{n: v.view(bool) if v.dtype == np.uint8 else v for n, v in values.items()},
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=GROUP)
    assert writer is not None
    writer.close()


def _measured(name: str, path: Path, out: Path, options: Options) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {role: [] for role in ROLES}
    worked: dict[str, list[float]] = {role: [] for role in ROLES}
    peaks: dict[str, int] = dict.fromkeys(ROLES, 0)
    sizes: dict[str, int] = {}
    for _ in range(options.rounds):
        for role in ROLES:
            command = [sys.executable, str(Path(__file__).resolve()), role, name, str(path)]
            command += [str(out), str(options.threads)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            seconds[role].append(told["seconds"])
            worked[role].append(told["processor_seconds"])
            peaks[role] = max(peaks[role], told["peak_bytes"])
            if out.exists():
                sizes[role] = out.stat().st_size
                out.unlink()

    def best(*roles: str) -> list[float]:
        return [min(each) for each in zip(*(seconds[role] for role in roles), strict=True)]

    read, both = best(*READ), best(*READ_AND_WRITE)
    return {
        "rows": options.file_rows,
        "input_bytes": path.stat().st_size,
        "contenders": {
            role: {
                "seconds": seconds[role],
                "processor_seconds": worked[role],
                "rows_per_second": options.file_rows / statistics.median(seconds[role]),
                "peak_bytes": peaks[role],
                "output_bytes": sizes.get(role),
            }
            for role in ROLES
        },
        "counts_of_reading": ratio(seconds["tppcore, counts"], read),
        "columns_of_reading_and_writing": ratio(seconds["tppcore, columns"], both),
        "outcome_of_reading_and_writing": ratio(seconds["tppcore, outcome"], both),
    }


# ---- one role, in a process of its own ----


@lru_cache(1)
def law(name: str) -> Rulebook:
    return rulebook(AS_OF, DESTINATION, rules=RULES[name][0])


def columns(name: str, path: Path) -> list[str]:
    """The key, and what the rules read."""
    import pyarrow.parquet as pq

    from tppcore.sources.streams import deciding

    return ["id", *sorted(deciding(law(name), pq.read_schema(path).names))]


def batches(name: str, path: Path, **options: Any) -> Iterator[Any]:
    import pyarrow.parquet as pq

    read = columns(name, path)
    with pq.ParquetFile(path, pre_buffer=False, **options) as file:
        yield from file.iter_batches(GROUP, columns=read)


def read_all(found: Iterable[Any]) -> None:
    for batch in found:
        del batch


def write_all(found: Iterable[Any], answers: list[Any], out: Path) -> None:
    """The answers of the first blocks again and again, beside the keys of all."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, answers[0].schema) as writer:
        for batch, answer in zip(found, cycle(answers), strict=False):
            table = answer.slice(0, batch.num_rows)
            writer.write_table(table.set_column(0, "id", batch.column("id")))


def stored(name: str, path: Path) -> list[Any]:
    """What tppcore answers to the first blocks; before the clock starts."""
    from itertools import islice

    from tppcore.answers import Answers

    answers = Answers(law(name), keep=["id"])
    with closing(batches(name, path, buffer_size=1 << 16)) as found:  # type: ignore[type-var]
        return [answers(batch) for batch in islice(found, 3)]


def stream(name: str, path: Path) -> Any:
    from tppcore.sources.inputs import find
    from tppcore.sources.streams import Stream

    return Stream(find([str(path)]), law(name))


def count(name: str, path: Path, out: Path, threads: int) -> None:
    from tppcore import streaming

    found = stream(name, path)
    streaming.count(found, found.rules, threads=threads)


def answer(much: Any) -> Callable[[str, Path, Path, int], None]:
    def run(name: str, path: Path, out: Path, threads: int) -> None:
        from tppcore import streaming
        from tppcore.answers import Answers
        from tppcore.sinks.blocks import write_blocks

        found = stream(name, path)
        answers = Answers(found.rules, much, keep=found.keep, threads=threads)
        write_blocks(streaming.all_answered(found, answers), out, {})

    return run


def overlapped(found: Iterable[Any]) -> Iterator[Any]:
    from tppcore.pipeline import ahead

    with closing(ahead(found)) as each:
        yield from each


Role = Callable[[str, Path, Path, int], None]
Prepared = Callable[[str, Path], Any]

READ = ("pyarrow, read", "pyarrow, read mapped")
READ_AND_WRITE = ("pyarrow, read and write in turn", "pyarrow, read ahead and write")
ROLES: dict[str, Role] = {
    READ[0]: lambda name, path, out, threads: read_all(batches(name, path, buffer_size=1 << 16)),
    READ[1]: lambda name, path, out, threads: read_all(batches(name, path, memory_map=True)),
    "tppcore, counts": count,
    READ_AND_WRITE[0]: lambda name, path, out, threads: write_all(
        batches(name, path, buffer_size=1 << 16), STORED, out
    ),
    READ_AND_WRITE[1]: lambda name, path, out, threads: write_all(
        overlapped(batches(name, path, buffer_size=1 << 16)), STORED, out
    ),
    "tppcore, columns": answer("columns"),
    "tppcore, outcome": answer("outcome"),
}
STORED: list[Any] = []


def main(role: str, name: str, path: Path, out: Path, threads: int) -> None:
    import pyarrow as pa

    import tppcore.sinks.blocks
    import tppcore.streaming  # noqa: F401 (before the clock starts, for all alike)

    pa.set_cpu_count(threads)
    columns(name, path)  # the rulebook is loaded before the clock starts, for all alike
    if role in READ_AND_WRITE:
        STORED.extend(stored(name, path))
    begun, worked = time.perf_counter(), time.process_time()
    ROLES[role](name, path, out, threads)
    told = {
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - worked,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    cells = []
    for name, job in part.items():
        cells.append([f"{name}, {job['rows']:,} rows", "", "", ""])
        cells += [
            [
                f"  {role}",
                f"{each['rows_per_second'] / 1e6:.1f}",
                f"{1e9 * statistics.median(each['processor_seconds']) / job['rows']:.0f}",
                f"{each['peak_bytes'] / 2**20:,.0f}",
            ]
            for role, each in job["contenders"].items()
        ]
        cells.append(["  counts: of reading", f"{job['counts_of_reading']:.2f}", "", ""])
        both = job["columns_of_reading_and_writing"]
        cells.append(["  columns: of reading and writing", f"{both:.2f}", "", ""])
    return ["files", "million rows/s", "processor ns a row", "peak MiB"], cells


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
