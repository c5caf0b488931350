"""A rulebook: the paragraphs that stand on a date, for a destination, under chosen readings."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tppcore.errors import TppError, UnknownName
from tppcore.rules.condition import (
    All,
    AnyOf,
    Compare,
    Condition,
    Constant,
    Destination,
    Not,
    Reference,
    Unknown,
    combine,
    leaves,
)
from tppcore.rules.countries import canonical
from tppcore.rules.store import Specs, specs
from tppcore.rules.vocabulary import Formulas, Vocabulary

STATUSES = (
    "in force",
    "codified, not enforced",
    "reported, not public",
    "proposed",
    "superseded",
    "rescinded",
    "dropped",
)
DEFAULT_STATUSES = ("in force", "codified, not enforced", "reported, not public")
DEFAULT_SCOPES = ("circuit", "item")
"""Rules on systems, shipments and models are evaluated on a row only where they are named."""

FILTERED_KINDS = ("licence", "review", "exception")

_ENDED = ("superseded", "rescinded")


@dataclass(frozen=True)
class Paragraph:
    """One paragraph on the date of its rulebook; `condition` has its references expanded."""

    id: str
    rule: str
    title: str
    kind: str
    scope: str
    status: str
    confidence: str
    citation: str
    url: str
    effective: str
    until: str | None
    outcome: str | None
    assumed: tuple[str, ...]
    note: str | None
    source: Mapping[str, Any] = field(compare=False)
    condition: Condition = field(compare=False)


@dataclass(frozen=True, eq=False, repr=False)
class Rulebook:
    """What `classify` and `explain` work with. Compared by identity; `hash` names its content."""

    as_of: datetime.date
    destination: str | None
    readings: Mapping[str, str]
    paragraphs: tuple[Paragraph, ...]
    vocabulary: Vocabulary
    formulas: Formulas
    specs: Specs
    rules: Mapping[str, Any]
    hash: str
    named: tuple[str, ...] | None = None
    admitted: frozenset[str] = frozenset(DEFAULT_STATUSES)
    amended: tuple[str, ...] = ()
    """What `amended` changed in it, in words; empty for the law as it was read."""

    def __repr__(self) -> str:
        changes = f"; amended: {'; '.join(self.amended)}" if self.amended else ""
        return (
            f"<Rulebook {self.hash}: {len(self.paragraphs)} paragraphs, {self.as_of}, "
            f"{self.destination or 'no destination'}{changes}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        # Without what was made of it: programs and tables are made again where they are needed.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def stated(self) -> dict[str, Any]:
        """What every output says of the law it was made under; `amended` only where it is."""
        return {
            "rulebook": self.hash,
            "as_of": self.as_of.isoformat(),
            "destination": self.destination or "",
            "readings": dict(self.readings),
            **({"amended": "; ".join(self.amended)} if self.amended else {}),
        }

    def __getitem__(self, identity: str) -> Paragraph:
        """The paragraph of an id such as "us-3a090/a.1". Raises UnknownName, a KeyError too."""
        for paragraph in self.paragraphs:
            if paragraph.id == identity:
                return paragraph
        raise ParagraphNotFound(self._why_absent(identity))

    def _why_absent(self, identity: str) -> str:
        rule, _, local = identity.partition("/")
        here = f"on {self.as_of}" + (f" for {self.destination}" if self.destination else "")
        if rule in self.rules and (version := version_on(self.rules[rule], self.as_of)):
            names = [each["id"] for each in version["paragraphs"]]
            if local in names:
                return (
                    f"{identity!r} is not part of this rulebook ({here}): "
                    "filtered out by destination, status, scope or rules"
                )
            return f"no paragraph {identity!r} {here}; {rule} has {', '.join(names)}"
        known = ", ".join(paragraph.id for paragraph in self.paragraphs)
        return f"no paragraph {identity!r} {here}; expected one of {known}"

    @cached_property
    def metrics_used(self) -> tuple[str, ...]:
        """The metrics (and quantities as metrics) that some paragraph tests."""
        found: dict[str, None] = {}
        for paragraph in self.paragraphs:
            for leaf in leaves(paragraph.condition):
                if isinstance(leaf, Compare):
                    found[leaf.metric] = None
        return tuple(found)

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What is made of this rulebook once, by the name of what makes it."""
        return {}

    def with_readings(self, readings: Mapping[str, str]) -> Rulebook:
        """The same paragraphs under other readings; those not named stay as they are."""
        chosen = self.vocabulary.choose({**self.readings, **readings})
        return replace(
            self,
            readings=chosen,
            formulas=self.vocabulary.formulas(chosen),
            hash=content_hash(
                self.specs, self.as_of, self.destination, chosen, self.paragraphs, self.amended
            ),
        )


class ParagraphNotFound(UnknownName, KeyError):
    """A paragraph id that the rulebook does not hold."""

    def __str__(self) -> str:
        return str(self.args[0])


def parse_date(value: str | datetime.date | None) -> datetime.date:
    """A date from YYYY-MM-DD or a date; None is today. Raises TppError."""
    if value is None:
        return datetime.date.today()
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (ValueError, TypeError):
        raise TppError(f"{value!r} is not a date; expected YYYY-MM-DD") from None


def version_on(rule: Mapping[str, Any], date: datetime.date) -> Mapping[str, Any] | None:
    """The version of a rule whose dates cover `date`."""
    day = date.isoformat()
    for version in rule["versions"]:
        if version["effective"] <= day <= (version["until"] or "9999"):
            found: Mapping[str, Any] = version
            return found
    return None


def standing(version: Mapping[str, Any]) -> str:
    """The status of a version during its dates: what ended later was in force then."""
    return "in force" if version["status"] in _ENDED else str(version["status"])


def dates(rule: Mapping[str, Any]) -> str:
    """The dates of every version of a rule, in words."""
    return ", ".join(
        f"{version['effective']} to {version['until'] or 'open'}" for version in rule["versions"]
    )


def rulebook(
    as_of: str | datetime.date | None = None,
    destination: str | None = None,
    rules: Sequence[str] | str | None = None,
    status: Sequence[str] | str | None = None,
    readings: Mapping[str, str] | None = None,
    files: Sequence[str | Path] = (),
) -> Rulebook:
    """Select the law of a date.

    Parameters
    ----------
    as_of: date or YYYY-MM-DD; today if left out.
    destination: ISO 3166 alpha-2 code. It filters licence, review and exception paragraphs, never
        classification; without it those paragraphs are undetermined where they depend on it.
    rules: ids of rules ("us-3a090") or paragraphs ("us-3a090/a.1") to report; what they refer to
        is compiled silently. Naming a rule also admits bills, and rules on systems or shipments.
    status: statuses to admit, or "all"; by default in force, codified but not enforced, and
        reported. A superseded or rescinded version was in force during its dates.
    readings: alternatives by name of the reading; the others keep their default.
    files: the user's own rule files.

    Raises
    ------
    TppError: no version covers the date, or a malformed date. UnknownName: no such rule,
    paragraph, status, destination or reading. SpecError: a rule file is wrong.
    """
    loaded = specs()
    date = parse_date(as_of)
    country = canonical(destination) if destination else None
    known = loaded.with_files(files) if files else loaded.rules
    vocabulary = loaded.vocabulary
    chosen = vocabulary.choose(readings)
    named = [rules] if isinstance(rules, str) else list(rules) if rules is not None else None
    admitted = _statuses(status, named is not None)
    expander = Expander(loaded, known, date, country)
    paragraphs = tuple(select(expander, named, admitted, DEFAULT_SCOPES))
    if not paragraphs:
        raise TppError(_nothing(known, named, date, country))
    return Rulebook(
        date,
        country,
        chosen,
        paragraphs,
        vocabulary,
        vocabulary.formulas(chosen),
        loaded,
        known,
        content_hash(loaded, date, country, chosen, paragraphs),
        None if named is None else tuple(named),
        admitted,
    )


def select(
    expander: Expander,
    named: Sequence[str] | None,
    admitted: Collection[str],
    scopes: Collection[str],
) -> Iterator[Paragraph]:
    """The paragraphs that are named, or all of these scopes if none is, with admitted statuses."""
    for identity in _selected(expander.rules, named, expander.date):
        version = version_on(expander.rules[identity], expander.date)
        if version is None:
            continue
        status = standing(version)
        for data in version["paragraphs"]:
            if named is None:
                wanted = data["scope"] in scopes
            else:
                wanted = identity in named or f"{identity}/{data['id']}" in named
            if wanted and status in admitted and expander.applies(data):
                yield expander.paragraph(identity, data["id"])


@lru_cache(maxsize=64)
def _measures(readings: tuple[tuple[str, str], ...]) -> Rulebook:
    loaded = specs()
    chosen = loaded.vocabulary.choose(dict(readings))
    formulas = loaded.vocabulary.formulas(chosen)
    return Rulebook(
        datetime.date.min, None, chosen, (), loaded.vocabulary, formulas, loaded, loaded.rules, ""
    )


def without_paragraphs(readings: Mapping[str, str] | None) -> Rulebook:
    """The formulas under these readings, and no law: for metrics alone."""
    return _measures(tuple((readings or {}).items()))


def _statuses(status: Sequence[str] | str | None, named: bool) -> frozenset[str]:
    if status is None:
        return frozenset(STATUSES if named else DEFAULT_STATUSES)
    given = [status] if isinstance(status, str) else list(status)
    if "all" in given:
        return frozenset(STATUSES)
    for each in given:
        if each not in STATUSES:
            raise UnknownName(
                f"unknown status {each!r}; expected all or one of: {'; '.join(STATUSES)}"
            )
    return frozenset(given)


def _selected(
    known: Mapping[str, Any], named: Iterable[str] | None, date: datetime.date
) -> list[str]:
    if named is None:
        return list(known)
    selected: list[str] = []
    for name in named:
        identity, _, local = name.partition("/")
        if identity not in known:
            raise UnknownName(f"no rule {identity!r}; expected one of {', '.join(known)}")
        rule = known[identity]
        version = version_on(rule, date)
        if version is None:
            raise TppError(f"no version of {identity} covers {date}; it has {dates(rule)}")
        if local and local not in [each["id"] for each in version["paragraphs"]]:
            ids = ", ".join(each["id"] for each in version["paragraphs"])
            raise UnknownName(f"no paragraph {name!r} on {date}; expected one of {ids}")
        if identity not in selected:
            selected.append(identity)
    return selected


def _nothing(
    known: Mapping[str, Any],
    named: Sequence[str] | None,
    date: datetime.date,
    country: str | None,
) -> str:
    if named is not None:
        return f"nothing of {', '.join(named)} is selected on {date}" + (
            f" for {country}: its paragraphs name other destinations" if country else ""
        )
    first = min(version["effective"] for rule in known.values() for version in rule["versions"])
    return f"no version of any rule covers {date}; the first is of {first}"


def content_hash(
    loaded: Specs,
    date: datetime.date,
    country: str | None,
    readings: Mapping[str, str],
    paragraphs: Sequence[Paragraph],
    amended: Sequence[str] = (),
) -> str:
    """What names the content of a rulebook: 16 hexadecimal digits."""
    content = [
        loaded.hash,
        date.isoformat(),
        country,
        dict(readings),
        [[paragraph.id, paragraph.effective, paragraph.source] for paragraph in paragraphs],
        # A paragraph that is only referred to may be amended as well.
        *([list(amended)] if amended else []),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


class Expander:
    """Turns conditions as written into conditions without references, on one date."""

    def __init__(
        self, loaded: Specs, rules: Mapping[str, Any], date: datetime.date, country: str | None
    ) -> None:
        self.specs, self.rules, self.date, self.country = loaded, rules, date, country
        self._expanded: dict[tuple[str, str], Condition] = {}
        self._open: list[tuple[str, str]] = []

    @property
    def reached(self) -> Collection[tuple[str, str]]:
        """The paragraphs expanded so far: those that were asked for, and what they refer to."""
        return self._expanded.keys()

    def applies(self, data: Mapping[str, Any]) -> bool:
        """Whether the destination lets this paragraph stand at all."""
        return data["kind"] not in FILTERED_KINDS or self.destined(data) != Constant(False)

    def destined(self, data: Mapping[str, Any]) -> Condition:
        parts: list[Condition] = []
        if "destinations" in data:
            parts.append(self.destination(tuple(data["destinations"])))
        if "not_destinations" in data:
            inside = self.destination(tuple(data["not_destinations"]))
            parts.append(
                Constant(not inside.value) if isinstance(inside, Constant) else Not(inside)
            )
        if Constant(False) in parts:
            return Constant(False)
        return All(tuple(part for part in parts if part != Constant(True)))

    def destination(self, members: tuple[str, ...]) -> Condition:
        if self.country is None:
            # A gap of its own for each list: one gap for all would say that a destination in D:5
            # is in A:5 as well, and decide what is not decided.
            return Unknown(f"destination in {', '.join(members)}")
        return Constant(self.specs.groups.contains(members, self.country, self.date))

    def written(self, rule: str, local: str) -> Mapping[str, Any] | None:
        """A paragraph as it is written; None where the rule has none of that id on the date."""
        version = version_on(self.rules[rule], self.date)
        for data in version["paragraphs"] if version else ():
            if data["id"] == local:
                found: Mapping[str, Any] = data
                return found
        return None

    def paragraph(self, rule: str, local: str) -> Paragraph:
        """A paragraph that stands on the date, its references expanded."""
        version, data = version_on(self.rules[rule], self.date), self.written(rule, local)
        assert version is not None
        assert data is not None
        return Paragraph(
            f"{rule}/{data['id']}",
            rule,
            data.get("title", ""),
            data["kind"],
            data["scope"],
            standing(version),
            data["confidence"],
            data["citation"],
            data["url"],
            version["effective"],
            version["until"],
            data.get("outcome"),
            tuple(data.get("assumed", ())),
            data.get("note"),
            data,
            self.expanded(rule, data["id"]),
        )

    def expanded(self, rule: str, local: str) -> Condition:
        key = (rule, local)
        if key not in self._expanded:
            if key in self._open:
                raise TppError(f"{rule}/{local} refers to itself through {self._open[-1]}")
            data = self.written(rule, local)
            if data is None:
                # A rule that does not stand on the date, or has no such paragraph yet, is not met.
                return Constant(False)
            self._open.append(key)
            own = self.expand(combine(data["condition"], self.specs.vocabulary.kind), rule)
            self._open.pop()
            if data["kind"] in FILTERED_KINDS:
                own = All((self.destined(data), own))
            self._expanded[key] = own
        return self._expanded[key]

    def expand(self, condition: Condition, rule: str) -> Condition:
        match condition:
            case Reference(other, local):
                return self.expanded(other or rule, local)
            case Destination(members):
                return self.destination(members)
            case All(items):
                return All(tuple(self.expand(item, rule) for item in items))
            case AnyOf(items):
                return AnyOf(tuple(self.expand(item, rule) for item in items))
            case Not(item):
                return Not(self.expand(item, rule))
            case Compare() | Unknown() | Constant():
                return condition
