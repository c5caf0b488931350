"""Programs by name, for functions compiled for one program.

Numba keeps a compiled function on disk under the values that it closes over, if those are plain.
So such a function closes over the name of its program, a digest of all that its code is made of;
intrinsics find the program by that name while they compile. One that comes from the disk has no
need of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tppcore.program.binary import to_bytes
from tppcore.program.program import Program


class Named(NamedTuple):
    """A program, and how the arguments of its classifier become inputs."""

    program: Program
    order: tuple[int, ...] = ()  # the input of each argument
    booleans: frozenset[int] = frozenset()  # inputs that are 0 or 1


_named: dict[str, Named] = {}


@lru_cache(maxsize=1)
def stamp() -> int:
    """A number of the sources that compiled code is made of, as Numba looks at one file alone."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return int.from_bytes(hashlib.sha256(sources).digest()[:7], "big")


def name_of(
    program: Program, order: Sequence[int] = (), booleans: frozenset[int] = frozenset()
) -> str:
    """A short text that stands for a program from now on.

    Raises ValueError for constants of more digits than a program holds.
    """
    known = Named(program, tuple(order), booleans)
    about = repr((stamp(), known.order, sorted(booleans))).encode()
    name = hashlib.sha256(about + to_bytes(program)).hexdigest()
    _named[name] = known
    return name


def named(name: str) -> Named:
    """The program of that name."""
    return _named[name]
