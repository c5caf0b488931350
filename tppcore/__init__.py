"""tppcore: the numbers behind chip export controls, exactly and at the speed of memory.

The whole public API is here; names are loaded when they are first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tppcore.version import __version__

if TYPE_CHECKING:
    from tppcore.api import classify, metrics
    from tppcore.comparison import Comparison, compare
    from tppcore.edges.grading import EdgeScore, score_edges
    from tppcore.edges.suite import EdgeSuite, edge_suite
    from tppcore.embed import classifier
    from tppcore.errors import InputError, SpecError, TppError, UnknownName
    from tppcore.explanation import Explanation, explain
    from tppcore.migration import Migration, migrate
    from tppcore.program_file import get_include, get_library, program_bytes
    from tppcore.rules.amendment import amended
    from tppcore.rules.rulebook import Rulebook, rulebook
    from tppcore.shipments.ledger import Ledger, ledger
    from tppcore.sources.chips import Chip, chip, chips
    from tppcore.sources.system_table import SystemTable
    from tppcore.sources.systems import System, system, systems
    from tppcore.spaces.census import Census
    from tppcore.spaces.chances import Chances
    from tppcore.spaces.frontier import Frontier
    from tppcore.spaces.space import Space
    from tppcore.sql.query import to_sql
    from tppcore.turning import Headroom, headroom
    from tppcore.verdicts import Verdicts

_BUILT = "specs.json"


def _built(path: list[str]) -> list[str]:
    """Where the modules are: here, or where tppcore is installed if this is a bare checkout.

    Python started in a checkout finds these sources before the installed package, but the specs
    and the C library are made by the build.
    """
    if (Path(path[0]) / _BUILT).exists():
        return path
    installed = (Path(entry) / "tppcore" for entry in sys.path)
    return [str(each) for each in installed if (each / _BUILT).exists()][:1] or path


__path__ = _built(__path__)

_HOMES = {
    "Census": "tppcore.spaces.census",
    "Chances": "tppcore.spaces.chances",
    "Frontier": "tppcore.spaces.frontier",
    "Space": "tppcore.spaces.space",
    "amended": "tppcore.rules.amendment",
    "classifier": "tppcore.embed",
    "classify": "tppcore.api",
    "explain": "tppcore.explanation",
    "metrics": "tppcore.api",
    "get_include": "tppcore.program_file",
    "get_library": "tppcore.program_file",
    "program_bytes": "tppcore.program_file",
    "migrate": "tppcore.migration",
    "Migration": "tppcore.migration",
    "rulebook": "tppcore.rules.rulebook",
    "Rulebook": "tppcore.rules.rulebook",
    "System": "tppcore.sources.systems",
    "SystemTable": "tppcore.sources.system_table",
    "system": "tppcore.sources.systems",
    "systems": "tppcore.sources.systems",
    "Chip": "tppcore.sources.chips",
    "chip": "tppcore.sources.chips",
    "chips": "tppcore.sources.chips",
    "Verdicts": "tppcore.verdicts",
    "Explanation": "tppcore.explanation",
    "compare": "tppcore.comparison",
    "Comparison": "tppcore.comparison",
    "ledger": "tppcore.shipments.ledger",
    "Ledger": "tppcore.shipments.ledger",
    "headroom": "tppcore.turning",
    "Headroom": "tppcore.turning",
    "edge_suite": "tppcore.edges.suite",
    "EdgeSuite": "tppcore.edges.suite",
    "score_edges": "tppcore.edges.grading",
    "to_sql": "tppcore.sql.query",
    "EdgeScore": "tppcore.edges.grading",
    "TppError": "tppcore.errors",
    "InputError": "tppcore.errors",
    "SpecError": "tppcore.errors",
    "UnknownName": "tppcore.errors",
}

__all__ = [
    "Census",
    "Chances",
    "Chip",
    "Comparison",
    "EdgeScore",
    "EdgeSuite",
    "Explanation",
    "Frontier",
    "Headroom",
    "InputError",
    "Ledger",
    "Migration",
    "Rulebook",
    "Space",
    "SpecError",
    "System",
    "SystemTable",
    "TppError",
    "UnknownName",
    "Verdicts",
    "__version__",
    "amended",
    "chip",
    "chips",
    "classifier",
    "classify",
    "compare",
    "edge_suite",
    "explain",
    "get_include",
    "get_library",
    "headroom",
    "ledger",
    "metrics",
    "migrate",
    "program_bytes",
    "rulebook",
    "score_edges",
    "system",
    "systems",
    "to_sql",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tppcore' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
