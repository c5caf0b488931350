"""Floor 5: a rulebook as a function for the caller's own compiled code."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from tppcore.engine.jit import available
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook

_made: weakref.WeakKeyDictionary[Rulebook, dict[tuple[str, ...], Any]]
_made = weakref.WeakKeyDictionary()


def classifier(rules: Rulebook, quantities: Sequence[str]) -> Any:
    """A function that classifies one row exactly, to be called inside `@numba.njit` functions.

    Parameters
    ----------
    rules: from `rulebook`.
    quantities: the names of the numbers that the function takes, in that order; all others are
        missing. Fewer are faster.

    Returns
    -------
    decide(*numbers) or decide(row), compiled by Numba: one float64, integer or boolean a quantity,
    or all of them in a float64 array (n,), which is faster where they are many. NaN means missing.
    A float stands for the shortest decimal that reads back as it; float32 numbers are refused
    when the caller is compiled, because theirs would be another.

    It returns a tuple of int8, one a paragraph in the order of `decide.paragraphs` (their ids):
    1 true, 0 false, -1 undetermined. Verdicts are those of `classify`, bit for bit, also where
    doubles can't tell. All are -2 if a number can't be used: it is negative, infinite, outside
    [1e-15, 1e24] or 0 where that makes no sense, a boolean other than 0 and 1, an integer above
    2^53, or the array has another length. There are no exceptions, as Numba loses those inside
    `prange`.

    It may be called in loops, under `prange` and without the GIL, and allocates nothing unless a
    number is near a threshold. Numba keeps it on disk between processes. It also keeps a caller
    compiled with `cache=True`, if `decide` is a global of its module and not a variable of an
    enclosing function; but for that it looks at the caller's file alone, so that a later date,
    other rules or another version of tppcore go unnoticed: delete that cache then.

    Raises
    ------
    UnknownName: a quantity that does not exist. TppError: a quantity given twice, rules without
    paragraphs, or Numba is not installed.
    """
    names = tuple(quantities)
    known = rules.vocabulary.quantities
    for name in names:
        if name not in known:
            raise UnknownName(f"unknown quantity {name!r}; expected one of {', '.join(known)}")
    if len(set(names)) < len(names):
        raise TppError(f"quantities: {', '.join(names)}; expected each once")
    if not rules.paragraphs:
        raise TppError("rules: no paragraph is in force; expected at least one")
    if not available():
        raise TppError("a classifier needs the extra tppcore[jit]")
    made = _made.setdefault(rules, {})
    if names not in made:
        made[names] = _make(rules, names)
    return made[names]


def _make(rules: Rulebook, names: tuple[str, ...]) -> Any:
    from tppcore.engine import scalar
    from tppcore.program.compile import compile as compile_program

    program = compile_program(rules, names)
    place = {each.quantity: index for index, each in enumerate(program.inputs)}
    booleans = [name for name in names if rules.vocabulary.quantities[name].kind == "boolean"]
    decide = scalar.classifier(
        program, [place[name] for name in names], frozenset(place[name] for name in booleans)
    )
    decide.paragraphs = tuple(each.id for each in rules.paragraphs)
    decide.quantities = names
    return decide
