"""NumPy: figures of chips taken by place, `reduceat` over the offsets."""

from __future__ import annotations

import numpy as np

from bench import parts
from tppcore.benchmark.rounds import Contender


def make(systems: parts.Systems, question: parts.Question) -> Contender:
    """One pass a figure over whole columns."""
    figures, met = parts.figures(), parts.met()

    def run() -> tuple[np.ndarray, np.ndarray]:
        starts, sums, any_met = systems.offsets[:-1], {}, {}
        for name in question.figures:
            values = figures[name].take(systems.items, mode="clip")
            if parts.is_sum(name):
                values *= systems.counts
                sums[name] = np.add.reduceat(values, starts)
            else:
                sums[name] = np.maximum.reduceat(values, starts)
        for paragraph, each in met.items():
            any_met[paragraph] = np.logical_or.reduceat(each.take(systems.items), starts)
        verdicts = np.array(parts.decided(sums, any_met, systems.facts))
        return verdicts, np.array([sums[name] for name in question.sums]).reshape(-1, len(systems))

    return run
