"""pandas: figures of chips joined by place, then `groupby`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench import parts
from tppcore.benchmark.rounds import Contender


def make(systems: parts.Systems, question: parts.Question) -> Contender:
    """Products side by side without a copy, then one `groupby` without sorting for the sums and
    the largest; a `merge` in place of the places takes as long, `agg` and `any` longer."""
    figures, met = parts.figures(), parts.met()
    chips = pd.DataFrame({**{name: figures[name] for name in question.figures}, **met})
    frame = pd.DataFrame(systems.long)
    summed = [name for name in question.figures if parts.is_sum(name)]
    largest = [name for name in question.figures if name not in summed] + list(met)

    def run() -> tuple[np.ndarray, np.ndarray]:
        taken = {name: chips[name].to_numpy()[frame["chip"].to_numpy()] for name in chips}
        for name in summed:
            taken[name] *= frame["count"].to_numpy()
        groups = pd.DataFrame(taken, copy=False).groupby(frame["system"].to_numpy(), sort=False)
        found = groups[summed].sum().join(groups[largest].max())
        any_met = {paragraph: found[paragraph].to_numpy() for paragraph in met}
        sums = {name: found[name].to_numpy() for name in question.figures}
        verdicts = np.array(parts.decided(sums, any_met, systems.facts))
        return verdicts, np.array([sums[name] for name in question.sums]).reshape(-1, len(systems))

    return run
