"""Answers to a suite, graded: what differs, where, and which mistake it looks like."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.edges.answers import (
    FALSE,
    NOT_ANSWERED,
    TRUE,
    UNDETERMINED,
    Verdicts,
    expected,
    heading,
    read_answers,
    read_suite,
    remade,
    rules_of,
)
from tppcore.edges.habits import Habit, all_habits
from tppcore.edges.suite import EdgeSuite, edge_suite
from tppcore.errors import TppError
from tppcore.rules.rulebook import Rulebook

OTHER = "no known mistake"
UNANSWERED = "not answered"
_WORDS = {TRUE: "true", FALSE: "false", UNDETERMINED: "undetermined", NOT_ANSWERED: "no answer"}
_EXAMPLES = 3
_DOUBT = 0.9
"""Of two that explain the same, a plain mistake is likelier than another reading of the law."""

_AGAINST = 4
"""An answer that a habit would get wrong and that is right speaks against it as much as so many
mismatches speak for it."""

_WORTH = 0.1
"""A habit explains nothing where it is less than this part of what it would explain."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake with how many answers it explains, and the first of them: id, paragraph, the
    answer that was given, the right one and the reason for it."""

    name: str
    count: int
    examples: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class EdgeScore:
    """What `score_edges` found.

    `paragraphs` and `kinds` count (answers, mismatches); `crossed` counts mismatches by kind of
    edge and paragraph; `not_graded` are paragraphs without a column in the file.
    """

    answers: int
    mismatches: int
    paragraphs: Mapping[str, tuple[int, int]]
    kinds: Mapping[str, tuple[int, int]]
    crossed: Mapping[tuple[str, str], int]
    mistakes: tuple[Mistake, ...]
    not_graded: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "answers": self.answers,
            "mismatches": self.mismatches,
            "paragraphs": _counts(self.paragraphs),
            "kinds": {
                kind: {
                    **counts,
                    "by_paragraph": {p: n for (k, p), n in self.crossed.items() if k == kind},
                }
                for kind, counts in _counts(self.kinds).items()
            },
            "mistakes": [
                {"name": each.name, "count": each.count, "examples": list(each.examples)}
                for each in self.mistakes
            ],
            "not_graded": list(self.not_graded),
        }


def _counts(counts: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, Any]]:
    return {n: {"answers": all_, "mismatches": wrong} for n, (all_, wrong) in counts.items()}


def score_edges(
    path: str | Path,
    suite: EdgeSuite | str | Path | None = None,
    *,
    rules: Rulebook | None = None,
    rule_files: Sequence[str] = (),
) -> EdgeScore:
    """Grade a file of answers.

    Parameters
    ----------
    path: CSV, Parquet, JSON lines or another table with the column `id` and one column a
        paragraph; true, false, undetermined, and the usual other words for these.
    suite: what was answered, or its file. If left out it is made again: from what the file of
        answers says of itself, or else from `rules`.
    rule_files: the user's own rule files that the suite was made with.

    Raises TppError and InputError for files that are no answers to the suite.
    """
    if suite is None:
        about = heading(path)
        if "suite" in about and "rules" in about:
            suite = remade(about, rule_files)
        elif rules is not None:
            suite = edge_suite(rules)
        else:
            raise TppError(f"{path}: does not say which suite it answers; expected the suite")
    elif not isinstance(suite, EdgeSuite):
        suite = read_suite(suite)
    answers, graded = read_answers(path, suite)
    members = [suite.paragraphs.index(name) for name in graded]
    right = expected(suite)[members]
    wrong = answers != right
    book = rules_of(suite.about, rule_files) if wrong.any() else None
    named = _named(book, suite, answers, wrong, members) if book else {}
    kinds = suite.table.column("kind").to_pylist()
    return EdgeScore(
        int(wrong.size),
        int(wrong.sum()),
        {name: (wrong.shape[1], int(wrong[p].sum())) for p, name in enumerate(graded)},
        _by_kind(kinds, wrong),
        _crossed(kinds, graded, wrong),
        tuple(
            Mistake(name, len(cells), _examples(suite, graded, answers, right, cells))
            for name, cells in sorted(named.items(), key=lambda each: -len(each[1]))
        ),
        tuple(name for name in suite.paragraphs if name not in graded),
    )


def _by_kind(kinds: Sequence[str], wrong: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    mismatches: Counter[str] = Counter()
    for kind, count in zip(kinds, wrong.sum(axis=0).tolist(), strict=True):
        mismatches[kind] += count
    return {k: (n * len(wrong), mismatches[k]) for k, n in Counter(kinds).items()}


def _crossed(
    kinds: Sequence[str], graded: Sequence[str], wrong: NDArray[np.bool_]
) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for p, row in np.argwhere(wrong).tolist():
        counts[kinds[row], graded[p]] += 1
    return dict(counts)


_habits: weakref.WeakKeyDictionary[EdgeSuite, tuple[Habit, ...]] = weakref.WeakKeyDictionary()
"""Made once a suite, which many may answer."""

Cells = list[tuple[int, int]]
"""Paragraph and row of some answers."""


def _named(
    rules: Rulebook,
    suite: EdgeSuite,
    answers: Verdicts,
    wrong: NDArray[np.bool_],
    members: Sequence[int],
) -> dict[str, Cells]:
    """Every mismatch under the mistake that explains it best."""
    right = expected(suite)[members]
    named: dict[str, Cells] = {}
    left = wrong & (answers != NOT_ANSWERED)
    _collect(named, UNANSWERED, wrong & ~left)
    if suite not in _habits:
        _habits[suite] = tuple(all_habits(rules, suite.quantities))
    habits = [replace(habit, answers=habit.answers[members]) for habit in _habits[suite]]
    everywhere = [_share(habit.answers, answers, right) for habit in habits]
    # A mistake is one of a line of code, and so of a paragraph; what others show of it speaks for
    # it as well.
    for p in range(len(right)):
        here, masked = left[p].copy(), np.zeros_like(left[p])
        chosen: list[Verdicts] = []
        names: list[str] = []
        while here.any():
            best = _best(habits, everywhere, p, answers[p], right[p], here, masked)
            if best is None:
                break
            chosen.append(best.answers[p])
            names.append(best.name)
            same = best.answers[p] == answers[p]
            here &= ~same
            # Where one mistake is at work, another one of the same row may not show.
            masked |= same & best.rows
        # What several of them explain goes to the one that is shown best, all of them considered.
        shown = [_shown(own, answers[p], right[p], masked) for own in chosen]
        for i in sorted(range(len(chosen)), key=lambda i: -shown[i]):
            explained = np.zeros_like(left)
            explained[p] = left[p] & (chosen[i] == answers[p])
            _collect(named, names[i], explained)
            left[p] &= ~explained[p]
    _collect(named, OTHER, left)
    return named


def _shown(habit: Verdicts, answers: Verdicts, right: Verdicts, masked: NDArray[np.bool_]) -> float:
    """How much of a habit the answers show where no other mistake hides it."""
    departs = habit != right
    shows = departs & (habit == answers)
    return float(shows.sum() / max((shows | (departs & ~masked)).sum(), 1))


def _share(habit: Verdicts, answers: Verdicts, right: Verdicts) -> float:
    """How much of a habit the answers show."""
    departs = habit != right
    return float((departs & (habit == answers)).sum() / max(departs.sum(), 1))


def _best(
    habits: Sequence[Habit],
    everywhere: Sequence[float],
    p: int,
    answers: Verdicts,
    right: Verdicts,
    left: NDArray[np.bool_],
    masked: NDArray[np.bool_],
) -> Habit | None:
    """The habit that explains the most of what is left of paragraph `p`, less what it would get
    wrong and is right; if every one has more of these, the one with the best share."""
    best, most = None, (False, 0.0)
    for habit, shown in zip(habits, everywhere, strict=True):
        own = habit.answers[p]
        explained = int((left & (own == answers)).sum())
        if not explained:
            continue
        absent = int(((own != right) & (own != answers) & ~masked).sum())
        likely = (1 + shown) * (_DOUBT if habit.name.startswith("other reading") else 1)
        share = explained / (explained + absent)
        if explained > _AGAINST * absent:
            weight = (True, (explained - _AGAINST * absent) * likely)
        else:
            weight = (False, explained * share**2 * likely)
        if share >= _WORTH and weight > most:
            best, most = habit, weight
    return best


def _collect(named: dict[str, Cells], name: str, cells: NDArray[np.bool_]) -> None:
    found = [(p, row) for p, row in np.argwhere(cells).tolist()]
    if found:
        named.setdefault(name, []).extend(found)


def _examples(
    suite: EdgeSuite,
    graded: Sequence[str],
    answers: Verdicts,
    right: Verdicts,
    cells: Cells,
) -> tuple[Mapping[str, str], ...]:
    found = []
    about = suite.table.column("paragraph").to_pylist()
    # The reason of a row is about its first paragraph.
    telling = sorted(cells, key=lambda each: graded[each[0]] != about[each[1]].partition(" ")[0])
    for p, row in telling[:_EXAMPLES]:
        at = suite.table.slice(row, 1)
        found.append(
            {
                "id": at.column("id")[0].as_py(),
                "paragraph": graded[p],
                "answer": _WORDS[int(answers[p, row])],
                "expected": _WORDS[int(right[p, row])],
                "reason": at.column("reason")[0].as_py(),
            }
        )
    return tuple(found)
