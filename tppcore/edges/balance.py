"""A part of the suite that leaves nothing out as long as it can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tppcore.edges.making import KINDS, Edge
from tppcore.errors import TppError


def balanced(edges: Sequence[Edge], most: int | None) -> list[Edge]:
    """At most `most` edges, in their order: paragraph by paragraph in turn, always of the kind and
    about the test that this paragraph has had the least of."""
    if most is not None and most < 1:
        raise TppError(f"a limit of {most} rows; expected 1 or more")
    if most is None or most >= len(edges):
        return list(edges)
    waiting: dict[int, dict[str, list[int]]] = {}
    for number, edge in enumerate(edges):
        for paragraph in edge.paragraphs:
            waiting.setdefault(paragraph, {}).setdefault(edge.kind, []).append(number)
    taken: set[int] = set()
    kinds: Counter[tuple[int, str]] = Counter()
    tests: Counter[tuple[int, object]] = Counter()
    everywhere: Counter[str] = Counter()
    while len(taken) < most:
        for paragraph in sorted(waiting):
            left = {
                kind: rest
                for kind, numbers in waiting[paragraph].items()
                if (rest := [number for number in numbers if number not in taken])
            }
            waiting[paragraph] = left
            if not left or len(taken) == most:
                continue
            kind = min(
                left,
                key=lambda kind, p=paragraph: (kinds[p, kind], everywhere[kind], KINDS.index(kind)),  # type: ignore[misc]
            )
            number = min(left[kind], key=lambda n, p=paragraph: (tests[p, edges[n].cuts], n))  # type: ignore[misc]
            taken.add(number)
            everywhere[kind] += 1
            for each in edges[number].paragraphs:
                kinds[each, kind] += 1
                tests[each, edges[number].cuts] += 1
    return [edge for number, edge in enumerate(edges) if number in taken]
