"""The golden verdicts beside the rule files, and that they touch every threshold of the law."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine import c, exact, oracle
from tppcore.rules.condition import Compare, combine, leaves
from tppcore.rules.rulebook import version_on
from tppcore.rules.store import specs
from tppcore.sources.table import Table

RULES = Path(__file__).parents[2] / "specs" / "rules"
FILES = sorted(RULES.glob("*.golden.csv"))
KEYS = ("as_of", "destination", "paragraph", "expected", "case")
VERDICT = {"true": True, "false": False, "undetermined": None}

NEVER_EXACT = {("app", Fraction(70)), ("app", Fraction("0.0128"))}
"""APP is 0.9 or 0.3 times a rate, and these over 0.9 and 0.3 are no finite decimals."""

Rows = list[dict[str, str]]


@cache
def golden(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rule_id(path: Path) -> str:
    return path.name.removesuffix(".golden.csv")


def groups(path: Path) -> Iterator[tuple[str, str, Rows]]:
    def key(row: dict[str, str]) -> tuple[str, str]:
        return row["as_of"], row["destination"]

    for (as_of, destination), rows in groupby(sorted(golden(path), key=key), key):
        yield as_of, destination, list(rows)


def table(rows: Rows) -> dict[str, list[str | None]]:
    names = [name for name in rows[0] if name not in KEYS and any(row[name] for row in rows)]
    return {name: [row[name] or None for row in rows] for name in names} or {
        "case": [row["case"] for row in rows]
    }


def classified(
    rule: str, as_of: str, destination: str, rows: Rows, engine: str
) -> dict[str, np.ma.MaskedArray]:
    try:
        rules = tpp.rulebook(as_of, destination or None, rules=[rule], status="all")
    except tpp.TppError as error:
        assert "its paragraphs name other destinations" in str(error)  # noqa: PT017
        return {}
    return tpp.classify(table(rows), rules, engine=engine).to_numpy()


def test_every_rule_has_golden_verdicts() -> None:
    assert {rule_id(path) for path in FILES} == {path.stem for path in RULES.glob("*.toml")}
    assert sum(len(golden(path)) for path in FILES) > 6800


@pytest.mark.parametrize(
    "engine",
    ["exact", pytest.param("c", marks=pytest.mark.skipif(not c.available(), reason="no C"))],
)
@pytest.mark.parametrize("path", FILES, ids=rule_id)
def test_verdicts(path: Path, engine: str) -> None:
    wrong = []
    rule = specs().rules[rule_id(path)]
    for as_of, destination, rows in groups(path):
        verdicts = classified(rule["id"], as_of, destination, rows, engine)
        version = version_on(rule, date.fromisoformat(as_of))
        assert version is not None
        known = {paragraph["id"] for paragraph in version["paragraphs"]}
        for i, row in enumerate(rows):
            assert row["paragraph"] in known, row
            column = verdicts.get(f"{rule['id']}/{row['paragraph']}")
            # A paragraph that the destination filters out is not met.
            found = False if column is None else None if column.mask[i] else bool(column[i])
            if found is not VERDICT[row["expected"]]:
                wrong.append((as_of, destination, row["paragraph"], row["case"], found))
    assert not wrong


def versions() -> Iterator[Any]:
    for path in FILES:
        for version in specs().rules[rule_id(path)]["versions"]:
            yield pytest.param(path, version, id=f"{rule_id(path)} {version['effective']}")


@pytest.mark.parametrize(("path", "version"), list(versions()))
def test_every_threshold_is_touched(path: Path, version: dict[str, Any]) -> None:
    """A row on each threshold of a version, and one a step of its last digit to either side."""
    last = version["until"] or "9999"
    rows = [row for row in golden(path) if version["effective"] <= row["as_of"] <= last]
    assert rows, "each version has golden verdicts"
    vocabulary = specs().vocabulary
    formulas = vocabulary.formulas(vocabulary.choose(None))
    columns = Table(table(rows), vocabulary).columns
    found = [exact.Metrics(formulas, row) for row in oracle.rows(columns, vocabulary)]
    for paragraph in version["paragraphs"]:
        for leaf in leaves(combine(paragraph["condition"], vocabulary.kind)):
            if not isinstance(leaf, Compare):
                continue
            kind = vocabulary.kind(leaf.metric)
            if kind is None or kind.kind not in ("number", "date"):
                continue
            intervals = [metrics.metric(leaf.metric) for metrics in found]
            values = {each.low for each in intervals if each.known}
            digits = leaf.text.split()[-1].partition(".")[2] if kind.kind == "number" else ""
            step = max(Fraction(1, 10 ** len(digits)), leaf.threshold / 1000)
            limit = leaf.threshold
            if (leaf.metric, limit) not in NEVER_EXACT:
                assert limit in values, f"no row on {leaf.text}"
            if limit:
                assert any(limit - step <= v < limit for v in values), f"none below {leaf.text}"
            assert any(limit < v <= limit + step for v in values), f"none above {leaf.text}"
