"""Which engine runs: C where its library was built, else Numba, else exact."""

from __future__ import annotations

import warnings
from types import ModuleType

from tppcore.errors import TppError

ENGINES = ("c", "jit", "exact")


def available(name: str) -> bool:
    """Whether an engine can run here."""
    return name == "exact" or bool(_module(name).available())


def choose(name: str | None) -> str:
    """The engine of that name, or the fastest that can run here.

    Raises TppError for an engine that is unknown or can't run.
    """
    if name is None:
        for each in ENGINES:
            if available(each):
                if each == "exact":
                    warnings.warn(
                        "neither the C library nor Numba is here: the exact engine runs, some "
                        "thousand rows a second",
                        stacklevel=3,
                    )
                return each
    if name not in ENGINES:
        raise TppError(f"unknown engine {name!r}; expected one of {', '.join(ENGINES)}")
    if not available(name):
        need = "a C compiler at installation" if name == "c" else "the extra tppcore[jit]"
        raise TppError(f"engine {name!r} is not available; it needs {need}")
    return name


def _module(name: str) -> ModuleType:
    if name == "c":
        from tppcore.engine import c

        return c
    from tppcore.engine import jit

    return jit


def module(name: str) -> ModuleType:
    """The module of a compiled engine: evaluate(program, columns), metrics(program, columns)."""
    return _module(name)
