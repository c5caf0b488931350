"""Systems in batch: parts added up and the law decided on the sums, exactly.

The C engine does both in one pass; `engine.adding` is its slow and readable twin, for machines
without a C compiler. They give the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from tppcore.engine.columns import Bitmaps, Columns
from tppcore.engine.parts import Figure, Parts, Sums, SystemProgram


def evaluate(
    law: SystemProgram,
    parts: Parts,
    facts: Columns,
    *,
    engine: str,
    threads: int | None = None,
    out: Bitmaps | None = None,
    sums: Sums | None = None,
) -> tuple[Bitmaps, NDArray[np.int64]]:
    """Verdicts (paragraphs, systems), and the systems whose verdicts are not settled.

    `sums`: where figures of the law by these names are written, in the same pass.

    Sums are exact. One that is the shortest decimal of a double is what the program decides on; one
    with more digits than a double carries it takes as the range between the doubles around it,
    which decides all but the closest cases: systems with such a sum and a paragraph of the program
    that is undetermined are reported as not settled, and are for fractions to decide.

    `facts`: columns of what systems state of themselves, a row a system. Where one states a
    quantity that is a figure too, the fact counts. `engine`: "c" or "jit". `out`: memory to use
    again. Raises InputError with the row of the part (columns "chip", "count", "host") or of the
    system ("system": offsets that don't ascend or are outside, a system without parts; any
    quantity: a number that is none), the first by system; TooWide for figures that need wider
    numbers than the engine has.
    """
    if facts.rows != parts.systems:
        raise ValueError(f"facts: {facts.rows} rows; expected {parts.systems}, one a system")
    if out is None:
        out = Bitmaps.empty(len(law.paragraphs), parts.systems)
    out.check(len(law.paragraphs), parts.systems)
    if engine == "c":
        from tppcore.engine import c_systems

        return out, c_systems.evaluate(law, parts, facts, threads, out, sums)
    from tppcore.engine import adding

    unsettled = adding.evaluate(law, parts, facts, _decider(engine), threads, out)
    if sums is not None:
        adding.fill(law, parts, sums)
    return out, unsettled


def aggregates(
    figures: Sequence[Figure], parts: Parts, *, engine: str, threads: int | None = None
) -> Sums:
    """Figures over systems, without verdicts: doubles to look at. Raises as `evaluate`."""
    found = Sums.empty(figures, parts)
    if engine == "c":
        from tppcore.engine import c_systems

        c_systems.aggregates(figures, parts, threads, found)
    else:
        from tppcore.engine import adding

        adding.aggregates(figures, parts, found)
    return found


def _decider(engine: str) -> ModuleType:
    from tppcore.engine.choose import module

    if engine != "jit":
        raise ValueError(f"engine: {engine!r}; expected c or jit")
    return module(engine)
