"""The highest outcome of a row, in the words and the order of `specs/outcomes.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tppcore.rules.rulebook import Rulebook

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tppcore.engine.columns import Bitmaps

NOT_EVALUATED = "not evaluated (no paragraph of this rulebook has an outcome)"
UNDETERMINED = "undetermined"
"""How the text of an outcome begins where a stronger one is open."""
NOTHING_FOUND = "no requirement found"


def in_words(code: int, words: Sequence[str]) -> str:
    """A code of `Ladder` in words; never more certain than the verdicts are."""
    certain, possible = divmod(code, len(words) + 1)
    if possible == len(words):
        return words[certain]
    least = words[certain] if certain < len(words) - 1 else NOTHING_FOUND
    return f"{UNDETERMINED}: up to {words[possible]}; at least {least}"


def strongest_first(texts: Iterable[str], words: Sequence[str]) -> list[str]:
    """Texts of outcomes in the order of their codes; what is no outcome comes last."""
    codes = range(len(words) * (len(words) + 1))
    order = {in_words(code, words): code for code in codes}
    return sorted(texts, key=lambda text: (order.get(text, len(codes)), text))


class Ladder:
    """The paragraphs of a rulebook that have an outcome, by rank (0 is the strongest).

    A row's code is `certain * (ranks + 1) + possible`: the strongest outcome that is true, and
    the strongest that is undetermined above it (`ranks` where there is none).
    """

    def __init__(self, rules: Rulebook) -> None:
        self.words: Sequence[str] = rules.specs.outcomes
        self.lowest = len(self.words) - 1
        self.ranks: dict[int, list[int]] = {}
        for i, paragraph in enumerate(rules.paragraphs):
            if paragraph.outcome is not None:
                self.ranks.setdefault(self.words.index(paragraph.outcome), []).append(i)
        self.members = [i for members in self.ranks.values() for i in members]

    def is_open(self, code: int) -> bool:
        """Whether a stronger outcome is undetermined."""
        return code % (self.lowest + 2) <= self.lowest

    def text(self, code: int) -> str:
        """A code in words; never more certain than the verdicts are."""
        if not self.ranks:
            return NOT_EVALUATED
        return in_words(int(code), self.words)

    @property
    def texts(self) -> list[str]:
        """The text of every code."""
        side = self.lowest + 2
        return [self.text(code) for code in range((self.lowest + 1) * side)]

    @property
    def reachable(self) -> list[int]:
        """The codes that rows can have, the strongest first."""
        ranks, side = sorted(self.ranks), self.lowest + 2
        return [
            certain * side + possible
            for certain in dict.fromkeys((*ranks, self.lowest))
            for possible in (*(rank for rank in ranks if rank < certain), self.lowest + 1)
        ]

    def code(self, verdicts: Sequence[bool | None]) -> int:
        """The code of one row, from one verdict a paragraph."""
        certain, possible = self.lowest, self.lowest + 1
        for rank in sorted(self.ranks):
            found = [verdicts[i] for i in self.ranks[rank]]
            if True in found:
                certain = rank
                break
            if None in found:
                possible = min(possible, rank)
        return certain * (self.lowest + 2) + possible

    def codes(self, bitmaps: Bitmaps) -> NDArray[np.uint8]:
        """The code of every row, uint8 (n,)."""
        import numpy as np

        def bits(words: NDArray[np.uint64], weight: int) -> NDArray[np.uint8]:
            found = np.unpackbits(words.view(np.uint8), count=bitmaps.rows, bitorder="little")
            found *= np.uint8(weight)
            return found

        nothing = np.zeros(bitmaps.values.shape[1], dtype=np.uint64)
        settled, open_above = nothing, nothing
        side = self.lowest + 2
        codes = np.full(bitmaps.rows, self.lowest * side + self.lowest + 1, dtype=np.uint8)
        for rank in sorted(self.ranks):
            members = self.ranks[rank]
            true = np.bitwise_or.reduce(bitmaps.values[members], axis=0) & ~settled
            open_here = ~np.bitwise_and.reduce(bitmaps.valid[members], axis=0) & ~settled & ~true
            # Each is taken off a row once: a row is true, or first open, at one rank at most.
            codes -= bits(true, (self.lowest - rank) * side)
            codes -= bits(open_here & ~open_above, self.lowest + 1 - rank)
            settled = settled | true
            open_above = open_above | open_here
        return codes

    def counts(self, bitmaps: Bitmaps) -> dict[int, int]:
        """How many rows have each code that some row has."""
        import numpy as np

        found = {}
        for code, words in self._rows_of(bitmaps):
            if tail := bitmaps.rows % 64:
                words[-1] &= np.uint64((1 << tail) - 1)
            if count := int(np.bitwise_count(words).sum(dtype=np.int64)):
                found[code] = count
        return found

    def _rows_of(self, bitmaps: Bitmaps) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """Codes with the rows that have them, a bit a row; bits beyond the rows mean nothing.

        Word by word: 64 rows an operation, where a byte a row would be an operation each.
        """
        import numpy as np

        side = self.lowest + 2
        left = np.full(bitmaps.values.shape[1], ~np.uint64(0))  # no outcome so far is true
        open_above: list[tuple[int, NDArray[np.uint64]]] = []  # disjoint: the strongest open one
        no_open = left.copy()
        for rank in sorted(self.ranks):
            members = self.ranks[rank]
            true = left & np.bitwise_or.reduce(bitmaps.values[members], axis=0)
            for possible, words in open_above:
                yield rank * side + possible, true & words
            yield rank * side + side - 1, true & no_open
            left &= ~true
            undecided = left & no_open & ~np.bitwise_and.reduce(bitmaps.valid[members], axis=0)
            open_above.append((rank, undecided))
            no_open &= ~undecided
        for possible, words in open_above:
            yield self.lowest * side + possible, left & words
        yield self.lowest * side + side - 1, left & no_open
