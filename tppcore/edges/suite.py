"""The suite as a table: rows on the edges, their verdicts by the exact engine, and the reasons."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tppcore.edges.balance import balanced
from tppcore.edges.cells import Cells, Range, row
from tppcore.edges.making import Edge, Made, make
from tppcore.edges.reasons import WORDS, reason
from tppcore.engine.exact import Metrics, decisions
from tppcore.errors import TppError
from tppcore.rules.condition import Compare, leaves
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks import files as sink
from tppcore.sinks.numbers import approx
from tppcore.version import __version__

VERSION = 1
"""Of the suite: raised whenever the same rulebook would give other rows."""

HEADING = ("id", "paragraph", "test", "kind", "route")
"""The columns before the quantities."""


@dataclass(frozen=True, eq=False)
class EdgeSuite:
    """`table` (pyarrow): HEADING, the quantities (NAME, NAME_low, NAME_high), one column a
    paragraph with "true", "false" or "undetermined", and `reason`; `about`: what it was made
    from."""

    table: Any
    about: Mapping[str, Any]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The ids of the paragraphs, in the order of the rulebook."""
        return tuple(self.about["rules"])

    @property
    def quantities(self) -> Any:
        """The columns (pyarrow) that a tool is to classify."""
        outside = {*HEADING, *self.paragraphs, "reason"}
        return self.table.select([name for name in self.table.column_names if name not in outside])

    def write(self, path: str | Path, format: str | None = None) -> None:
        """To a file (Parquet, CSV, JSON lines or what else `classify` writes, by its extension),
        or to standard output for "-". Raises TppError; what was there before is then untouched."""
        sink.write(self.table, path, self.about, format)


def edge_suite(rules: Rulebook, limit: int | None = None) -> EdgeSuite:
    """Rows on, and next to, every threshold of a rulebook, with their verdicts.

    Parameters
    ----------
    rules: from `rulebook`.
    limit: at most so many rows, spread evenly over paragraphs and kinds; all if left out.

    The same rulebook gives the same rows in the same order. Raises TppError for a limit below 1.
    """
    made = make(rules)
    edges = balanced(made.edges, limit)
    stated = _columns(rules, edges)
    decide = decisions(rules).decide
    verdicts = [decide(Metrics(rules.formulas, row(edge.cells))) for edge in edges]
    answers = {
        paragraph.id: [each[p] for each in verdicts] for p, paragraph in enumerate(rules.paragraphs)
    }
    return EdgeSuite(_table(rules, edges, stated, answers), _about(rules, edges, made, limit))


def _about(rules: Rulebook, edges: Sequence[Edge], made: Made, limit: int | None) -> dict[str, Any]:
    about: dict[str, Any] = {
        "suite": VERSION,
        "tppcore": __version__,
        **rules.stated,
        "rules": [paragraph.id for paragraph in rules.paragraphs],
        "rows": len(edges),
    }
    if limit is not None:
        about["limit"] = limit
    return {**about, "not_reached": list(made.not_reached)}


def _columns(rules: Rulebook, edges: Sequence[Edge]) -> dict[str, list[Any]]:
    """The quantities by column name, None where a row does not state them."""
    columns: dict[str, list[Any]] = {}
    for name, spec in rules.vocabulary.quantities.items():
        cells = [edge.cells.get(name) for edge in edges]
        if any(isinstance(cell, Fraction) for cell in cells):
            columns[name] = [
                _plain(cell, spec.kind, spec.words) if isinstance(cell, Fraction) else None
                for cell in cells
            ]
        for end in ("low", "high"):
            ends = [getattr(cell, end) if isinstance(cell, Range) else None for cell in cells]
            if any(each is not None for each in ends):
                columns[f"{name}_{end}"] = [None if e is None else float(e) for e in ends]
    return columns


def _plain(value: Fraction, kind: str, words: Sequence[str]) -> Any:
    match kind:
        case "boolean":
            return bool(value)
        case "category":
            return words[int(value)]
        case "date":
            return datetime.date(1970, 1, 1) + datetime.timedelta(int(value))
    return float(value)


def _arrow(rules: Rulebook, columns: Mapping[str, list[Any]]) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise TppError("edges need pyarrow: pip install 'tppcore[files]'") from None
    types = {"boolean": pa.bool_(), "category": pa.string(), "date": pa.date32()}
    kinds = {name: spec.kind for name, spec in rules.vocabulary.quantities.items()}
    return pa.table(
        {
            name: pa.array(cells, types.get(kinds.get(name, "number"), pa.float64()))
            for name, cells in columns.items()
        }
    )


def _table(
    rules: Rulebook,
    edges: Sequence[Edge],
    stated: Mapping[str, list[Any]],
    answers: Mapping[str, list[bool | None]],
) -> Any:
    import pyarrow as pa

    paragraphs = rules.paragraphs
    heading: dict[str, list[str]] = {name: [] for name in HEADING}
    reasons = []
    for i, edge in enumerate(edges):
        own = [paragraphs[p] for p in sorted(edge.paragraphs)]
        heading["id"].append(_identity(edge))
        heading["paragraph"].append(" ".join(each.id for each in own))
        heading["test"].append(" & ".join(_tests(edge, own)))
        heading["kind"].append(edge.kind)
        heading["route"].append(edge.route)
        reasons.append(reason(rules, edge, own[0], answers[own[0].id][i]))
    whole = _arrow(rules, stated)
    table = pa.table({name: pa.array(cells, pa.string()) for name, cells in heading.items()})
    for name in whole.column_names:
        table = table.append_column(name, whole.column(name))
    for name, verdicts in answers.items():
        table = table.append_column(name, pa.array([WORDS[each] for each in verdicts], pa.string()))
    return table.append_column("reason", pa.array(reasons, pa.string()))


def _tests(edge: Edge, own: Sequence[Any]) -> list[str]:
    """The tests of all its paragraphs at each threshold of an edge."""
    found = []
    for cut in edge.cuts:
        texts: dict[str, None] = {}
        for paragraph in own:
            for leaf in leaves(paragraph.condition):
                if isinstance(leaf, Compare) and leaf.metric == cut.metric:
                    same = leaf.threshold == cut.threshold
                    if same if cut.kind != "category" else leaf.text.endswith(f" {cut.word}"):
                        texts[leaf.text] = None
        found.append("; ".join(texts))
    return found


def _identity(edge: Edge) -> str:
    """A name that stays the same wherever the same row is about the same threshold."""
    cuts = "+".join(
        f"{cut.metric}@{cut.word or approx(cut.threshold, 18)}"
        if cut.kind != "boolean"
        else cut.metric
        for cut in edge.cuts
    )
    digest = hashlib.sha256(_written(edge.cells).encode()).hexdigest()[:10]
    return f"{cuts}/{edge.kind.replace(' ', '-')}/{digest}"


def _written(cells: Cells) -> str:
    def text(value: Fraction | None) -> str:
        return "" if value is None else repr(float(value))

    return ";".join(
        f"{name}={text(cell) if isinstance(cell, Fraction) else '..'.join(map(text, cell))}"
        for name, cell in sorted(cells.items())
    )
