"""Floor 5: systems classified and measured, one by one in fractions or by the million in C."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tppcore import system_batch
from tppcore.deciding import decide, into
from tppcore.engine.choose import choose
from tppcore.engine.columns import Doubles
from tppcore.engine.exact import Interval, Metrics
from tppcore.engine.totals import met
from tppcore.errors import TppError, UnknownName
from tppcore.rules.expression import FormulaError, Quantity
from tppcore.rules.rulebook import Rulebook, without_paragraphs
from tppcore.rules.systems import SystemLaw, of_systems
from tppcore.rules.vocabulary import Formulas, Vocabulary
from tppcore.sinks.ends import answer
from tppcore.sources.chips import Chip
from tppcore.sources.systems import System
from tppcore.sources.table import Table
from tppcore.verdicts import Verdicts

if TYPE_CHECKING:
    from tppcore.sources.system_table import SystemTable


class Few:
    """One system or a list of them, in the place of a table."""

    def __init__(self, systems: System | Sequence[System]) -> None:
        self.kind = "chip" if isinstance(systems, System) else "chips"
        self.source = [systems] if isinstance(systems, System) else list(systems)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def index(self) -> None:
        """Systems one by one have no index."""

    def chip(self, i: int) -> System:
        """System i."""
        return self.source[i]

    def answer(self, columns: dict[str, Doubles]) -> dict[str, Doubles]:
        """Columns (n,) as they are."""
        return columns

    def rows(self, law: SystemLaw) -> Iterator[dict[str, Interval]]:
        """The quantities of each system, leaves included."""
        for each in self.source:
            yield system_row(each, law)


def of(data: Any) -> Few | SystemTable | None:
    """What stands for a table if `data` is one system, a list of systems or a SystemTable."""
    if isinstance(data, System):
        return Few(data)
    if isinstance(data, (list, tuple)) and data and all(isinstance(e, System) for e in data):
        return Few(data)
    if type(data).__name__ == "SystemTable":
        from tppcore.sources.system_table import SystemTable

        return data if isinstance(data, SystemTable) else None
    return None


def system_row(
    system: System, law: SystemLaw, formulas: Formulas | None = None
) -> dict[str, Interval]:
    """The quantities of a system and which paragraphs on circuits some circuit in it meets; under
    other formulas of circuits than those of the law if given."""
    row = system.quantities(formulas or law.circuit.formulas)
    row.update(system_batch.leaves(law, met(system.counted(), law.circuit, formulas)))
    return row


def classify(
    systems: Few | SystemTable,
    rules: Rulebook,
    engine: str | None,
    threads: int | None,
    out: Verdicts | None,
    sums: Sequence[str],
) -> Verdicts:
    """As `tppcore.classify`, for systems."""
    law = of_systems(rules)
    summed = None
    if isinstance(systems, Few):
        if sums:
            raise TppError("sums: expected a SystemTable (see tppcore.metrics for one system)")
        chosen = choose(engine or "exact")
        rows = [Chip.of_row(f"system {i + 1}", row) for i, row in enumerate(systems.rows(law))]
        bitmaps = decide(Table(rows, law.whole.vocabulary), law.whole, chosen, threads, None)
    else:
        chosen = choose(engine)
        room = None if out is None else (out.bitmaps, out.summed)
        names = _totals(sums, law.whole, systems)
        bitmaps, summed = system_batch.classify(systems, law, names, chosen, threads, room)
    if out is not None and bitmaps is not out.bitmaps:
        bitmaps = into(out.bitmaps, bitmaps)
    return Verdicts(law.whole, systems, bitmaps, chosen, summed, tuple(sums))


def _totals(names: Sequence[str], whole: Rulebook, table: SystemTable) -> list[str]:
    """The quantities that are sums, or largest values, by their own names or those of metrics.
    Raises UnknownName."""
    found = []
    totals = {spec.name for spec in whole.vocabulary.totals}
    _check_names(names, whole)
    for name in names:
        tree = whole.formulas.tree(name)
        if not isinstance(tree, Quantity) or tree.name not in totals:
            known = [n for n in shown(whole.vocabulary) if n in totals]
            raise UnknownName(f"{name!r} is no sum over parts; expected one of {', '.join(known)}")
        if tree.name in table.facts.by_quantity:
            raise TppError(f"{name!r} is stated of the systems too: expected tppcore.metrics")
        found.append(tree.name)
    return found


def metrics(
    systems: Few | SystemTable,
    names: Sequence[str] | None,
    readings: Mapping[str, str] | None,
    engine: str | None,
) -> Any:
    """As `tppcore.metrics`, for systems: metrics of systems, and their quantities by name."""
    measures = _measures(tuple((readings or {}).items()))
    wanted = list(shown(measures.vocabulary) if names is None else names)
    _check_names(wanted, measures)
    circuit = without_paragraphs(readings)
    chosen = "exact" if isinstance(systems, Few) else choose(engine)
    if isinstance(systems, Few):
        rows = [each.quantities(circuit.formulas) for each in systems.source]
    elif chosen == "exact":
        law = SystemLaw(measures, circuit)
        rows = list(system_batch.exact_rows(systems, law, range(len(systems))))
    else:
        return answer(
            systems, wanted, *system_batch.ends(systems, measures, circuit, wanted, chosen)
        )
    low, high = np.full((2, len(wanted), len(rows)), np.nan)
    for r, row in enumerate(rows):
        values = Metrics(measures.formulas, row)
        for i, name in enumerate(wanted):
            interval = values.metric(name)
            if interval.applicable:
                low[i, r], high[i, r] = float(interval.low), float(interval.high)
    return answer(systems, wanted, list(low), list(high))


_FIRST = ("aggregate_tpp", "largest_circuit_tpp", "circuits")
_LAST = (
    *("fp64_pflops", "fp32_pflops", "cluster_ops", "cluster_network_gbit_s", "chips_w"),
    *("envelope_ft3", "scaleup_domain", "racks", "nodes"),
)


def shown(vocabulary: Vocabulary) -> list[str]:
    """The names of what is shown of systems: TPP and circuits, metrics, the whole, its facts."""
    metrics = [each.name for each in vocabulary.metrics.values() if each.system]
    internal = [each.name for each in vocabulary.metrics.values() if each.internal]
    return [*_FIRST, *(name for name in metrics if name not in internal), *_LAST]


@lru_cache(maxsize=64)
def _measures(readings: tuple[tuple[str, str], ...]) -> Rulebook:
    circuit = without_paragraphs(dict(readings))
    return replace(circuit, formulas=circuit.formulas.of_systems())


def _check_names(names: Sequence[str], measures: Rulebook) -> None:
    for name in names:
        try:
            measures.formulas.check(name)
        except FormulaError as error:
            raise UnknownName(str(error)) from None
        except KeyError:
            known = ", ".join(shown(measures.vocabulary))
            raise UnknownName(
                f"unknown metric {name!r} of systems; expected one of {known}"
            ) from None
