"""How far a long job over rows is: a bar on standard error with rows, rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def rows_bar(title: str, share: Callable[[int], float]) -> Iterator[Callable[[int], None]]:
    """The function that it gives is told of rows as they are done; `share` says which part of the
    job so many are, from 0 to 1. Nothing is shown without a terminal."""
    done = 0
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown:
        task = shown.add_task(title, total=1.0, rows="")

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            elapsed = shown.tasks[0].elapsed or 0
            rate = f", {done / elapsed / 1e6:.1f} million/s" if elapsed > 0.5 else ""
            shown.update(task, completed=share(done), rows=f"{done:,} rows{rate}")

        yield advance
