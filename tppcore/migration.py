"""Which chips, systems or designs change outcome between two dates or two rule sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tppcore import api, spaces, system_api
from tppcore.errors import TppError, UnknownName
from tppcore.migration_rows import ChangedRows, Codes, Source
from tppcore.rules.rulebook import Expander, Rulebook, standing, version_on
from tppcore.sinks.outcome import NOT_EVALUATED, UNDETERMINED, Ladder, strongest_first
from tppcore.sources.table import Table

if TYPE_CHECKING:
    from tppcore.spaces.space import Space

VERDICTS = ("true", UNDETERMINED, "false")
"""What is counted with `paragraph=`, strongest first."""

_NO_OUTCOME = (
    "no paragraph of either rulebook has an outcome; expected rules that have, such as "
    "us-742.6-review, or the paragraph to compare"
)

SHOWN = 1000
"""Changed rows in `to_dict`."""


@dataclass(frozen=True, eq=False, repr=False)
class Migration:
    """What becomes of each outcome between two rulebooks.

    Attributes
    ----------
    before, after: the rulebooks. counts: how many rows have a pair of outcomes (before, after), of
    all pairs that occur, the strongest first. total: how many rows in all. what: what a row is:
    chips, systems, rows or designs. paragraph: the id, where verdicts on one paragraph are counted
    instead of outcomes. notes: what to know of the law on either side. engine: what decided.
    changed_rows: None where designs were only counted.
    """

    before: Rulebook
    after: Rulebook
    counts: Mapping[tuple[str, str], int]
    what: str
    paragraph: str | None = None
    notes: tuple[str, ...] = ()
    engine: str | None = None
    changed_rows: ChangedRows | None = None

    @cached_property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())

    @cached_property
    def changed(self) -> int:
        """How many rows change; one that is undetermined alike on both sides is not counted."""
        return sum(count for (old, new), count in self.counts.items() if old != new)

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome (or verdict) before or after, the strongest first."""
        return tuple(_in_order({text for pair in self.counts for text in pair}, self.before))

    @property
    def matrix(self) -> list[list[int]]:
        """Counts by outcome before (rows) and after (columns), both in the order of `outcomes`;
        what does not change is on the diagonal."""
        return [[self.counts.get((old, new), 0) for new in self.outcomes] for old in self.outcomes]

    def table(self) -> Any:
        """The changed rows as a pyarrow table: what names them, `before` and `after`, and the
        limiting test afterwards if there are at most 1,000.

        Chips and systems are named by id and name, the rows of a table by `row` (from 1) and the
        columns that are no quantities. Raises TppError where designs were only counted.
        """
        if self.changed_rows is None:
            raise TppError(f"{self.what} were only counted: there is no table of them")
        return self.changed_rows.table(SHOWN)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON: both laws, counts, matrix and the first 1,000 changed rows."""
        from tppcore.migration_text import data

        return data(self)

    def __str__(self) -> str:
        from tppcore.migration_text import lines

        return "\n".join(lines(self))

    def __repr__(self) -> str:
        return (
            f"<Migration: {self.changed:,} of {self.total:,} {self.what} change, "
            f"{self.before!r} to {self.after!r}>"
        )


def migrate(
    data: Any,
    before: Rulebook,
    after: Rulebook,
    *,
    engine: str | None = None,
    threads: int | None = None,
    paragraph: str | None = None,
) -> Migration:
    """Which rows change between two rulebooks: of two dates, of two selections, or `amended`.

    Parameters
    ----------
    data: whatever `classify` takes.
    before, after: from `rulebook` or `amended`.
    engine, threads: as for `classify`.
    paragraph: the id of a paragraph ("us-3a090/controlled") whose verdict is compared, whether or
        not the rulebooks report it; by default it is the highest outcome. An outcome that is
        undetermined is one of its own, never that of a row where it is certain. Where the
        paragraph does not stand on the date, or not for the destination, it is not met: false.

    Raises
    ------
    As `classify`. TppError: neither rulebook has a paragraph with an outcome. UnknownName: neither
    has the paragraph.
    """
    notes: list[str] = []
    if paragraph is not None:
        sides = [_asking(rules, paragraph, notes) for rules in (before, after)]
        if sides == [None, None]:
            raise UnknownName(f"{'; '.join(notes)}; expected a paragraph of either rulebook")
    if (space := spaces.of(data)) is not None:
        if paragraph is None:
            sides = [before, after]
        return _of_space(space, (before, after), sides, paragraph, notes)
    source = _read(data, before)
    if paragraph is not None:

        def kinds(rules: Rulebook | None) -> tuple[Codes, list[str], str | None]:
            return _verdicts(source, rules, engine, threads)
    else:
        sides = [before, after]

        def kinds(rules: Rulebook | None) -> tuple[Codes, list[str], str | None]:
            assert rules is not None
            return _outcomes(source, rules, engine, threads)

    (old, old_texts, _), (new, new_texts, ran) = found = [kinds(rules) for rules in sides]
    if paragraph is None:
        _check_evaluated([texts for _, texts, _ in found], (before, after), notes)
    pairs = [(one, other) for one in old_texts for other in new_texts]
    codes = old.astype(np.uint16) * np.uint16(len(new_texts)) + new
    number = np.bincount(codes, minlength=len(pairs))
    counts = {pairs[code]: int(number[code]) for code in np.flatnonzero(number).tolist()}
    differs = np.array([one != other for one, other in pairs])
    at = np.flatnonzero(differs.take(codes))
    limited = after if paragraph is None else None
    rows = ChangedRows(source, at, (old[at], new[at]), (old_texts, new_texts), limited)
    made = of_counts(before, after, counts, len(old), paragraph=paragraph, what=rows.what)
    return replace(made, notes=tuple(notes), engine=ran or found[0][2], changed_rows=rows)


def _of_space(
    space: Space,
    laws: tuple[Rulebook, Rulebook],
    sides: Sequence[Rulebook | None],
    paragraph: str | None,
    notes: list[str],
) -> Migration:
    """The designs of a space, counted under both laws at once."""
    from tppcore.spaces.census import counted
    from tppcore.spaces.laws import rules_for

    asked = [None if each is None else rules_for(space.design, each) for each in sides]
    cells, _ = counted(space.design, [each for each in sides if each is not None])
    counts: dict[tuple[str, str], int] = {}
    for combination, count in cells[0].counts.items():
        texts, rest = [], combination
        for each in asked:
            own = rest[: len(each.paragraphs)] if each else (False,)
            rest = rest[len(own) :] if each else rest
            texts.append(_text(each, own, paragraph))
        pair = (texts[0], texts[1])
        counts[pair] = counts.get(pair, 0) + count
    if paragraph is None:
        _check_evaluated([{pair[side] for pair in counts} for side in (0, 1)], laws, notes)
    made = of_counts(*laws, counts, sum(counts.values()), paragraph=paragraph)
    return replace(made, notes=tuple(notes))


def _text(rules: Rulebook | None, verdicts: Sequence[bool | None], paragraph: str | None) -> str:
    """One side of a pair: the outcome, or the verdict on the paragraph."""
    if paragraph is None:
        assert rules is not None
        ladder = Ladder(rules)
        return ladder.text(ladder.code(verdicts))
    true, open_, false = VERDICTS
    return {True: true, None: open_, False: false}[verdicts[0]]


def of_counts(
    before: Rulebook,
    after: Rulebook,
    counts: Mapping[tuple[str, str], int],
    total: int,
    *,
    paragraph: str | None = None,
    what: str = "designs",
    engine: str | None = None,
) -> Migration:
    """A migration of what was only counted, such as the designs of a space: no table of rows.

    Parameters
    ----------
    counts: by texts of outcomes as `Verdicts.outcome` gives them, or by `VERDICTS` if of one
        paragraph; Python integers of any size.
    total: what they add up to. Raises ValueError if they do not.
    """
    if sum(counts.values()) != total:
        raise ValueError(f"counts of {sum(counts.values())} {what}; expected {total}")
    texts = _in_order({text for pair in counts for text in pair}, before)
    in_order = {
        (old, new): counts[old, new] for old in texts for new in texts if counts.get((old, new))
    }
    return Migration(before, after, in_order, what, paragraph, engine=engine)


def _in_order(texts: Iterable[str], rules: Rulebook) -> list[str]:
    ordered = strongest_first(texts, rules.specs.outcomes)
    return sorted(ordered, key=lambda text: VERDICTS.index(text) if text in VERDICTS else -1)


def _read(data: Any, rules: Rulebook) -> Source:
    """The data read once, for both classifications and for the columns that name the rows."""
    if (many := system_api.of(data)) is not None:
        return many
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        from tppcore.sources.arrow import pyarrow_table

        data = pyarrow_table(data)
    return Table.of(data, rules.vocabulary)


def _asking(rules: Rulebook, identity: str, notes: list[str]) -> Rulebook | None:
    """A rulebook of one paragraph; None, with a note, where it is not met as it does not stand."""
    expander = Expander(rules.specs, rules.rules, rules.as_of, rules.destination)
    rule, _, local = identity.partition("/")
    data = expander.written(rule, local) if rule in rules.rules else None
    if data is None:
        notes.append(f"{identity} does not stand on {rules.as_of}: false there")
        return None
    if not expander.applies(data):
        notes.append(f"{identity} of {rules.as_of} is not for {rules.destination}: false there")
        return None
    version = version_on(rules.rules[rule], rules.as_of)
    assert version is not None
    return replace(
        rules,
        paragraphs=(expander.paragraph(rule, local),),
        named=(identity,),
        admitted=frozenset([standing(version)]),
    )


def _verdicts(
    source: Source, rules: Rulebook | None, engine: str | None, threads: int | None
) -> tuple[Codes, list[str], str | None]:
    texts = list(VERDICTS)
    if rules is None:
        return np.full(len(source), texts.index("false"), np.uint8), texts, None
    found = api.classify(_given(source), rules, engine=engine, threads=threads)
    (verdicts,) = found.to_numpy().values()
    true, open_ = (verdicts.filled(value) for value in (False, True))
    codes: Codes = np.where(true, np.uint8(0), np.where(open_, np.uint8(1), np.uint8(2)))
    return codes, texts, found.engine


def _outcomes(
    source: Source, rules: Rulebook, engine: str | None, threads: int | None
) -> tuple[Codes, list[str], str | None]:
    found = api.classify(_given(source), rules, engine=engine, threads=threads)
    ladder = Ladder(found.rules)
    return ladder.codes(found.bitmaps), ladder.texts, found.engine


def _given(source: Source) -> Any:
    return source.source if isinstance(source, system_api.Few) else source


def _check_evaluated(
    found: Sequence[Collection[str]], rules: tuple[Rulebook, Rulebook], notes: list[str]
) -> None:
    """Raises TppError where there are no outcomes at all: everything would stay as it is."""
    lacking = [each for each, texts in zip(rules, found, strict=True) if NOT_EVALUATED in texts]
    if len(lacking) == len(rules):
        raise TppError(_NO_OUTCOME)
    for each in lacking:
        notes.append(f"no paragraph of the rulebook of {each.as_of} has an outcome")
