"""Floor 5: a rulebook as a program file, and what C programs need to use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tppcore.engine import c
from tppcore.errors import TppError, UnknownName
from tppcore.program.about import about
from tppcore.program.binary import to_bytes
from tppcore.program.compile import compile as compile_program
from tppcore.rules.expression import quantities as quantities_in
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.vocabulary import nearest


def program_bytes(rules: Rulebook, quantities: Sequence[str] | None = None) -> bytes:
    """A rulebook as the bytes of a program file (`.tpp`), as `tppcore compile` writes them.

    `tppcore.h` opens it and evaluates it without Python, with the verdicts of `classify`. The file
    also says what law it is (date, destination, readings, hash), and of each paragraph its outcome
    and citation; its metrics are those that the paragraphs test.

    Parameters
    ----------
    rules: from `rulebook`.
    quantities: the inputs of the program; all others are missing in every row. All that the rules
        use if left out. Fewer are faster.

    Raises
    ------
    UnknownName: a quantity that does not exist. TppError: a quantity given twice, rules without
    paragraphs, or a law that is too large for a program.
    """
    known = [spec.name for spec in rules.vocabulary.quantities.values() if not spec.internal]
    names = _used(rules) if quantities is None else list(quantities)
    for name in names:
        if name not in known:
            raise UnknownName(f"unknown quantity {name!r}; {nearest(name, known)}")
    if len(set(names)) < len(names):
        raise TppError(f"quantities: {', '.join(names)}; expected each once")
    if not rules.paragraphs:
        raise TppError("rules: no paragraph is in force; expected at least one")
    metrics = [name for name in rules.metrics_used if name in rules.vocabulary.metrics]
    program = compile_program(rules, names, metrics)
    try:
        data = to_bytes(program, about(rules, program))
    except ValueError as error:
        raise TppError(f"rules: {error}") from None
    if c.available():
        c.check_file(data)
    return data


def _used(rules: Rulebook) -> list[str]:
    """The quantities of all formulas of a rulebook that a table may have, in the order of the
    vocabulary.

    One peak rate brings all: also one that no formula reads says that a sheet states rates.
    """
    found: set[str] = set()
    for name in rules.metrics_used:
        found |= quantities_in(rules.formulas.tree(name))
    if not found.isdisjoint(rules.vocabulary.rates):
        found |= set(rules.vocabulary.rates)
    known = rules.vocabulary.quantities.values()
    return [spec.name for spec in known if spec.name in found and not spec.internal]


def get_include() -> str:
    """The folder of `tppcore.h` and `tppcore.hpp`: `cc -I$(python -c '...')`.

    Raises TppError where the package was installed without them.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "include", package.parent / "csrc"):
        if (folder / "tppcore.h").is_file():
            return str(folder)
    raise TppError(f"{package / 'include'}: no tppcore.h; expected an installed package")


def get_library() -> str:
    """The path of the shared library that the package itself uses.

    Raises TppError where the package was built without C.
    """
    folder = Path(__file__).resolve().parent
    for name in ("libtppcore.so", "libtppcore.dylib"):
        if (folder / name).is_file():
            return str(folder / name)
    raise TppError("this tppcore was built without a C compiler; expected libtppcore beside it")
