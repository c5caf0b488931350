"""What if the law read otherwise: a rulebook with some of its tests replaced, which says so."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from tppcore.errors import TppError, UnknownName
from tppcore.rules.condition import (
    All,
    Compare,
    Condition,
    ConditionError,
    Not,
    Unknown,
    parse,
)
from tppcore.rules.rulebook import (
    DEFAULT_SCOPES,
    Expander,
    Rulebook,
    content_hash,
    dates,
    select,
    standing,
    version_on,
)
from tppcore.rules.systems import SCOPES
from tppcore.rules.vocabulary import Vocabulary

EVERY = "*"
"""In the place of a rule: every rule which has the test."""

_NUMBER = re.compile(r"\d+(\.\d+)?")
_AMENDED = "amended"
_SHOWN = 12


def amended(rules: Rulebook, changes: Mapping[str, Sequence[tuple[str, str]]]) -> Rulebook:
    """The rulebook with the text of tests replaced: a what-if, never the law.

    Parameters
    ----------
    rules: from `rulebook`, or amended before.
    changes: by rule ("us-3a090"), paragraph ("us-3a090/a.1") or "*" for every rule, pairs of a
        test as it stands and what it becomes: ("tpp >= 4800", "tpp >= 2400"), or of two numbers:
        ("4800", "2400") moves that threshold in every test, of any metric. A test changes
        wherever it stands in the version of the rulebook's date, negated or not, and once: the
        first change that fits. Paragraphs that refer to a changed one see it.

    Returns
    -------
    A rulebook of the same date, destination and readings with a hash of its own; `amended` says
    what changed, as every output made with it does, and the status of a changed rule is
    "amended (in force)".

    Raises
    ------
    UnknownName: no such rule, paragraph or metric. TppError: a test that stands nowhere, in
    paragraphs that the rulebook does not ask, or what is no test in the language of rule files.
    """
    vocabulary = rules.vocabulary
    parsed = [
        _Change(place, old.strip(), new.strip(), vocabulary)
        for place, pairs in changes.items()
        for old, new in _pairs(place, pairs)
    ]
    if not parsed:
        raise TppError('nothing to amend; expected such as {"us-3a090": [("4800", "2400")]}')
    books = dict(rules.rules)
    for each in parsed:
        if each.rule != EVERY:
            _check_place(rules, each.rule, each.local)
    for identity, rule in rules.rules.items():
        here = [each for each in parsed if each.rule in (EVERY, identity)]
        version = version_on(rule, rules.as_of)
        if here and version is not None:
            paragraphs = [_paragraph(identity, data, here) for data in version["paragraphs"]]
            if paragraphs != version["paragraphs"]:
                status = standing(version)
                if not status.startswith(_AMENDED):
                    status = f"{_AMENDED} ({status})"
                new = {**version, "status": status, "paragraphs": paragraphs}
                versions = [new if each is version else each for each in rule["versions"]]
                books[identity] = {**rule, "versions": versions}
    admitted = rules.admitted | {f"{_AMENDED} ({status})" for status in rules.admitted}
    expander = Expander(rules.specs, books, rules.as_of, rules.destination)
    selected = tuple(select(expander, rules.named, admitted, DEFAULT_SCOPES))
    # Systems ask more paragraphs, and a change that only they see is one.
    deque(select(expander, rules.named, admitted, SCOPES), maxlen=0)
    words = (*rules.amended, *_told(rules, parsed, set(expander.reached)))
    return replace(
        rules,
        paragraphs=selected,
        rules=books,
        admitted=admitted,
        amended=words,
        hash=content_hash(
            rules.specs, rules.as_of, rules.destination, rules.readings, selected, words
        ),
    )


def _pairs(place: str, pairs: Any) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2 or not all(isinstance(e, str) for e in pair):
            raise TppError(f'{place}: {pair!r}; expected pairs such as ("tpp >= 1", "tpp >= 2")')
        yield pair[0], pair[1]


@dataclass
class _Change:
    """One change, and `hits`: the paragraphs (rule, id) where it fitted, by old and new text."""

    place: str
    old: str
    new: str
    vocabulary: Vocabulary
    hits: dict[tuple[str, str], dict[tuple[str, str], None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rule, _, self.local = self.place.partition("/")
        self.is_number = bool(_NUMBER.fullmatch(self.old) and _NUMBER.fullmatch(self.new))
        if self.is_number:
            is_same = Fraction(self.old) == Fraction(self.new)
        else:
            self.meaning = _meaning(self.test(self.old))
            is_same = self.meaning == _meaning(self.test(self.new))
        if is_same:
            raise TppError(f"{self}: both say the same")

    def __str__(self) -> str:
        to = "" if self.place == EVERY else f"{self.place}: "
        return f"{to}{self.old} -> {self.new}"

    def test(self, text: str) -> Condition:
        """A test as rule files have it. Raises TppError, also for what is more than a test."""
        try:
            found = parse(text, self.vocabulary.kind)
        except ConditionError as error:
            raise TppError(f"{self}: {error}") from None
        if not _is_test(found):
            raise TppError(f"{self}: {text!r} is no test; expected one such as tpp >= 2400")
        return found

    def becomes(self, text: str, condition: Condition) -> str | None:
        """What this change makes of a test; None where it does not fit."""
        if isinstance(condition, Not):
            # parse takes one `not`: a test that is negated twice is the test.
            if self.is_number or self.meaning != _meaning(condition):
                inner = self.becomes(text.strip()[4:].strip(), condition.item)
                if inner is None:
                    return None
                return inner[4:].strip() if inner.startswith("not ") else f"not {inner}"
            return self.new
        if not self.is_number:
            return self.new if _meaning(condition) == self.meaning else None
        if not isinstance(condition, Compare) or condition.threshold != Fraction(self.old):
            return None
        kind = self.vocabulary.kind(condition.metric)
        if kind is None or kind.kind != "number":
            return None
        new = f"{condition.metric} {condition.op} {self.new}"
        self.test(new)
        return new


def _is_test(condition: Condition) -> bool:
    """Whether a parsed text is a comparison, a boolean, a word (two comparisons) or a gap."""
    match condition:
        case Not(item):
            return _is_test(item)
        case All(items):
            return all(isinstance(item, Compare) for item in items)
        case _:
            return isinstance(condition, Compare | Unknown)


def _meaning(condition: Condition) -> object:
    """What two texts of one test have in common, however they are spaced and written."""
    match condition:
        case Compare(metric, op, threshold):
            return metric, op, threshold
        case All(items):
            return tuple(_meaning(item) for item in items)
        case Not(item):
            return "not", _meaning(item)
        case _:
            return condition


def _paragraph(rule: str, data: Mapping[str, Any], changes: Sequence[_Change]) -> Any:
    """A paragraph with the changes made, or the same object where none fits."""
    here = [each for each in changes if each.local in ("", data["id"])]
    key = (rule, data["id"])
    found: dict[tuple[str, str], None] = {}

    def table(items: Mapping[str, Any]) -> dict[str, Any]:
        return {word: [item(each) for each in listed] for word, listed in items.items()}

    def item(written: Any) -> Any:
        if isinstance(written, Mapping):
            return table(written)
        condition = parse(written, here[0].vocabulary.kind)
        for change in here:
            new = change.becomes(written, condition)
            if new is not None:
                change.hits.setdefault(key, {})[written.strip(), new] = None
                found[written.strip(), new] = None
                return new
        return written

    condition = table(data["condition"]) if here else None
    if not found:
        return data
    notes = [f"{_AMENDED}: {old} -> {new}" for old, new in found]
    if "note" in data:
        notes.append(data["note"])
    title = f"{data['title']} ({_AMENDED})" if "title" in data else _AMENDED
    return {**data, "condition": condition, "title": title, "note": "; ".join(notes)}


def _told(
    rules: Rulebook, changes: Sequence[_Change], reached: set[tuple[str, str]]
) -> Iterator[str]:
    """Each changed test with the rules it stands in. Raises TppError for a change that makes none
    to the paragraphs that the rulebook asks."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for change in changes:
        asked = {key: texts for key, texts in change.hits.items() if key in reached}
        if not change.hits:
            raise TppError(_nowhere(rules, change))
        if not asked:
            found = ", ".join(dict.fromkeys(rule for rule, _ in change.hits))
            raise TppError(
                f"{change}: it stands in {found}, which this rulebook does not ask "
                "(destination, status, scope or rules)"
            )
        for (rule, _), texts in asked.items():
            for text in texts:
                place = change.place if change.local else rule
                places.setdefault(text, {})[place] = None
    for (old, new), rules_of_it in places.items():
        yield f"{', '.join(rules_of_it)}: {old} -> {new}"


def _nowhere(rules: Rulebook, change: _Change) -> str:
    tests = list(dict.fromkeys(_tests(rules, change)))
    shown = tests
    if len(tests) > _SHOWN:
        shown = get_close_matches(change.old, tests, 5, 0.3) or tests[:_SHOWN]
    where = "any rule" if change.rule == EVERY else change.place
    what = "threshold" if change.is_number else "test"
    return (
        f"{change}: {change.old!r} is no {what} of {where} on {rules.as_of} (that no change "
        f"before it replaced); expected one of: {'; '.join(shown)}"
    )


def _tests(rules: Rulebook, change: _Change) -> Iterator[str]:
    def texts(written: Any) -> Iterator[str]:
        if isinstance(written, Mapping):
            for listed in written.values():
                for each in listed:
                    yield from texts(each)
        elif _is_test(parse(written, rules.vocabulary.kind)):
            yield written.strip()

    for identity, rule in rules.rules.items():
        version = version_on(rule, rules.as_of)
        if version is not None and change.rule in (EVERY, identity):
            for data in version["paragraphs"]:
                if change.local in ("", data["id"]):
                    yield from texts(data["condition"])


def _check_place(rules: Rulebook, identity: str, local: str) -> None:
    if identity not in rules.rules:
        near = get_close_matches(identity, list(rules.rules), 3) or list(rules.rules)
        raise UnknownName(f"no rule {identity!r}; expected one of {', '.join(near)}, or {EVERY}")
    rule = rules.rules[identity]
    version = version_on(rule, rules.as_of)
    if version is None:
        raise TppError(f"no version of {identity} covers {rules.as_of}; it has {dates(rule)}")
    names = [each["id"] for each in version["paragraphs"]]
    if local and local not in names:
        raise UnknownName(
            f"no paragraph {local!r} in {identity} on {rules.as_of}; expected one of "
            f"{', '.join(names)}"
        )
