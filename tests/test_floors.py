"""Lower floors never import higher ones, not even inside a function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tppcore
from tppcore import rules

PACKAGE = Path(rules.__file__).parents[1]

FLOORS = {
    "errors": 0,
    "version": 0,
    "rules": 1,
    "program": 2,
    "engine": 3,
    "sources": 4,
    "sinks": 4,
    "answers": 5,
    "api": 5,
    "deciding": 5,
    "system_api": 5,
    "system_batch": 5,
    "embed": 5,
    "program_file": 5,
    "explanation": 5,
    "system_explanation": 5,
    "system_explanation_json": 5,
    "system_explanation_text": 5,
    "explanation_json": 5,
    "explanation_text": 5,
    "spaces": 5,
    "verdicts": 5,
    "benchmark": 6,
    "cli_classify": 6,
    "cli_compare": 6,
    "cli_compile": 6,
    "cli_edges": 6,
    "cli_headroom": 6,
    "cli_input": 6,
    "cli_ledger": 6,
    "cli_migrate": 6,
    "cli_options": 6,
    "cli_space": 6,
    "cli_stream": 6,
    "cli_space_aims": 6,
    "cli_sql": 6,
    "comparison": 6,
    "comparison_json": 6,
    "comparison_measures": 6,
    "comparison_text": 6,
    "edges": 6,
    "law": 6,
    "migration": 6,
    "migration_rows": 6,
    "migration_text": 6,
    "limiting": 6,
    "pipeline": 0,
    "progress": 6,
    "report": 6,
    "shipments": 6,
    "space_aims_text": 6,
    "space_text": 6,
    "sql": 6,
    "streaming": 6,
    "turning": 5,
    "turning_json": 5,
    "turning_moves": 5,
    "turning_text": 5,
    "cli": 6,
    "demo": 6,
    "duckdb": 6,
    "pandas": 6,
    "polars": 6,
    "spark": 6,
}

MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in ("__init__.py", "_build_c.py")
)


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "tppcore":
                names = [f"tppcore.{alias.name}" for alias in node.names]
            found += [name.split(".")[1] for name in names if name.startswith("tppcore.")]
    return [name for name in found if name in FLOORS]


def test_every_room_has_a_floor() -> None:
    rooms = {room(module.parts) for module in MODULES if not module.name.startswith("_")}
    assert rooms == set(FLOORS)
    assert tppcore.__version__


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_go_down(module: Path) -> None:
    own = FLOORS.get(room(module.parts), 6)
    above = [name for name in imported(PACKAGE / module) if FLOORS[name] > own]
    assert not above
