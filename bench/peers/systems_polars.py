"""Polars, lazily, on its streaming engine. It allocates its outputs.

Tried and slower, or as slow: the in-memory engine, keys with the flag "sorted", `maintain_order` in
place of the sort (the join has to keep the order then, too), products before the `group_by`,
`explode` of list columns, and expressions within lists (ten times as long).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from bench import parts
from tppcore.benchmark.rounds import Contender


def make(systems: parts.Systems, question: parts.Question, joins: bool) -> Contender:
    """Figures of chips by a join, or by `gather` as chips are named by their places; then one
    `group_by`, and verdicts beside the facts, which need the systems in their order."""
    figures, met = parts.figures(), parts.met()
    places = np.arange(parts.CHIPS, dtype=np.int32)
    chips = pl.DataFrame({"chip": places, **{n: figures[n] for n in question.figures}, **met})
    frame = pl.DataFrame(systems.long)
    facts = pl.DataFrame(
        {n: v.view(np.bool_) if v.dtype == np.uint8 else v for n, v in systems.facts.items()}
    )
    summed = [name for name in question.figures if parts.is_sum(name)]
    largest = [name for name in question.figures if name not in summed]
    if joins:
        rows = frame.lazy().join(chips.lazy(), on="chip", how="left")
    else:
        taken = (pl.lit(chips[n]).gather(pl.col("chip")).alias(n) for n in chips.columns[1:])
        rows = frame.lazy().with_columns(*taken)
    groups = rows.group_by("system").agg(
        *((pl.col(name) * pl.col("count")).sum().alias(name) for name in summed),
        *(pl.col(name).max() for name in largest),
        *(pl.col(paragraph).any() for paragraph in met),
    )
    groups = groups.sort("system")
    answer = _verdicts(question)

    def run() -> tuple[np.ndarray, np.ndarray]:
        found = groups.collect(engine="streaming").hstack(facts).select(answer)
        columns = [each.to_numpy() for each in found.get_columns()]
        return columns[: len(parts.PARAGRAPHS)], columns[len(parts.PARAGRAPHS) :]

    return run


def _verdicts(question: parts.Question) -> list[pl.Expr]:
    app = pl.when("shared_memory").then("app_wt").otherwise("largest_app_wt")
    capacity = (pl.col("fp64_pflops") >= 100) | (pl.col("fp32_pflops") >= 200)
    a, b, supercomputer, computer, any_computer, cluster = parts.PARAGRAPHS
    return [
        pl.col(a),
        pl.col(b),
        (capacity & (pl.col("envelope_ft3") <= 41600)).alias(supercomputer),
        (app > 70).alias(computer),
        (app >= 0.0128).alias(any_computer),
        ((pl.col("cluster_ops") >= 1e20) & (pl.col("cluster_network_gbit_s") > 100)).alias(cluster),
        *map(pl.col, question.sums),
    ]
