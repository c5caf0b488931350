"""Rows on the edges of the law, with what the exact engine says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

import tppcore as tpp
from tppcore.edges.suite import HEADING

WORDS = {"true": True, "false": False, "undetermined": None}


@dataclass(frozen=True)
class Edges:
    """`rows`: id, quantities, ranges, a category (pyarrow); `expected`: verdicts by paragraph, then
    the outcome."""

    rows: pa.Table
    expected: dict[str, list[Any]]

    def take(self, places: list[int]) -> dict[str, list[Any]]:
        """What is expected of these rows."""
        return {name: [each[i] for i in places] for name, each in self.expected.items()}


@pytest.fixture(scope="session")
def rules() -> tpp.Rulebook:
    return tpp.rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review"])


@pytest.fixture(scope="session")
def edges(rules: tpp.Rulebook) -> Edges:
    table = tpp.edge_suite(rules, 150).table
    paragraphs = [each.id for each in rules.paragraphs]
    rows = table.drop_columns([*paragraphs, "reason", *HEADING[1:]])
    rows = rows.set_column(0, "id", pa.array(range(len(rows))))
    expected = {name: [WORDS[each] for each in table[name].to_pylist()] for name in paragraphs}
    outcome = tpp.classify(rows, rules, engine="exact").outcome
    kinds = {verdict for each in expected.values() for verdict in each}
    assert kinds == {True, False, None}
    assert {name for name in rows.column_names if name.endswith("_low")}
    return Edges(rows, {**expected, "outcome": outcome.to_pylist()})
