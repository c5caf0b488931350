"""Rows shared out among threads, for engines that release the GIL."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

Task = TypeVar("Task")

CHUNK = 1 << 20
"""Rows a thread takes at a time: some milliseconds, after which Ctrl-C gets through."""

SMALLEST = 1 << 14
"""Rows for which starting a thread pays."""


def usable_cpus() -> int:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worth(rows: int, threads: int | None) -> int:
    """How many threads so many rows are worth: at most `threads`, by default one a usable CPU.

    Raises ValueError for threads below 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads: {threads}; expected at least 1")
    return min(threads or usable_cpus(), max(1, rows // SMALLEST))


def run(rows: int, threads: int | None, work: Callable[[int, int], None]) -> None:
    """Calls `work(begin, end)` over [0, rows) in disjoint chunks that begin at multiples of 64.

    `threads`: how many at most, the caller's included; by default one a usable CPU. Chunks are
    taken in order. If `work` raises, no new chunk is begun, and when those under way have ended
    the exception of the lowest rows is raised: always the same one, as every earlier chunk has
    been run. Raises ValueError for threads below 1.
    """
    count = worth(rows, threads)
    step = min(CHUNK, -(-rows // count) + 63 & ~63)
    begins = range(0, rows, step) if rows else ()
    run_tasks(begins, count, lambda begin: work(begin, min(begin + step, rows)))


def run_tasks(tasks: Iterable[Task], threads: int, work: Callable[[Task], None]) -> None:
    """Calls `work` for each task, in so many threads that take them in order, one thread at a time;
    the failure that is raised is that of the first task, as in `run`."""
    waiting = enumerate(tasks)
    lock = threading.Lock()
    stop = False
    taken = -1
    failures: list[tuple[int, BaseException]] = []

    def worker() -> None:
        nonlocal taken
        number = -1
        while True:
            try:
                with lock:
                    number = taken + 1  # making a task may fail too
                    found = None if stop or failures else next(waiting, None)
                    if found is None:
                        return
                    taken, task = found
                work(task)
            except BaseException as error:  # handed to the caller's thread
                failures.append((number, error))
                return

    others = [threading.Thread(target=worker, daemon=True) for _ in range(threads - 1)]
    for other in others:
        other.start()
    try:
        worker()
        for other in others:
            other.join()
    except BaseException:  # Ctrl-C between two chunks, or while waiting
        stop = True
        for other in others:
            other.join()
        raise
    if failures:
        raise min(failures, key=lambda failure: failure[0])[1]
