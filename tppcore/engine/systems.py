"""Placeholder until the engine lands."""
from __future__ import annotations
from collections.abc import Sequence
from typing import Any
from tppcore.engine.columns import Bitmaps, Columns, Doubles
from tppcore.engine.parts import Figure, Parts, SystemProgram, TooWide
def evaluate(law: SystemProgram, parts: Parts, facts: Columns, *, engine: str, threads: int | None = None, out: Bitmaps | None = None) -> tuple[Bitmaps, Any]:
    raise TooWide("not there yet")
def aggregates(figures: Sequence[Figure], parts: Parts, *, engine: str, threads: int | None = None) -> tuple[Doubles, Doubles]:
    raise TooWide("not there yet")
