"""DuckDB on a table of its own in memory, answers as Arrow. It allocates its outputs."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bench.peers.text import SQL, text
from tppcore.benchmark.jobs import Job, Table
from tppcore.benchmark.rounds import Contender
from tppcore.benchmark.straight import ARITHMETIC, COMPARISONS, straight


def make(job: Job, table: Table, threads: int) -> Contender:
    """Metrics in one subquery above the other, then all paragraphs in one `select`; its own
    optimiser shares common parts."""
    code = straight(job.rules, job.columns)
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}")
    source = pa.table({name: pa.array(values) for name, values in table.items()})
    connection.register("source", source)
    flags = [step.name for step in code.steps if step.op == "flag"]
    typed = "".join(f", {name} = 1 as {name}" for name in flags)
    without = f" exclude ({', '.join(flags)})" if flags else ""
    connection.execute(f"create table chips as select *{without}{typed} from source")
    connection.unregister("source")
    del source
    inner, names = "chips", dict[int, str]()
    tested = {step.args[0] for step in code.steps if step.op in COMPARISONS}
    for index in sorted(i for i in tested if code.steps[i].op in ARITHMETIC):
        formula = text(code, index, names, SQL)
        inner, names[index] = f"(select *, {formula} as m{index} from {inner})", f"m{index}"
    columns = ", ".join(
        f"{text(code, index, names, SQL)} as p{number}" for number, index in enumerate(code.results)
    )
    query = f"select {columns} from {inner}"
    return lambda: connection.sql(query).to_arrow_table()


def rows(answer: Any) -> np.ndarray:
    """The answer as booleans (paragraphs, rows)."""
    return np.array([column.to_numpy(zero_copy_only=False) for column in answer.columns])
