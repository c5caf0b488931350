"""One rule file: a legal instrument, its dated versions and their paragraphs, checked."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from tppcore.rules.condition import (
    Condition,
    ConditionError,
    Destination,
    Kind,
    Reference,
    combine,
    leaves,
)
from tppcore.rules.countries import CountryGroups
from tppcore.rules.rulebook import STATUSES
from tppcore.rules.tomlfile import Key, TomlFile

KINDS = (
    "classification",
    "licence",
    "review",
    "exception",
    "duty",
    "report",
    "presumption",
    "note",
)
SCOPES = ("circuit", "item", "system", "shipments", "model")
CONFIDENCES = ("P", "L", "A", "M", "P-quote", "A/M", "M+A", "A/L", "L/P")

_RULE_KEYS = {"id", "title", "jurisdiction", "note", "version"}
_INHERITED = {"confidence", "citation", "url", "scope", "note", "title"}
_VERSION_KEYS = {"effective", "until", "status", "compliance", "paragraph"} | _INHERITED
_CONDITION_KEYS = ("all", "any", "none")
_PARAGRAPH_KEYS = (
    {"id", "kind", "destinations", "not_destinations", "outcome", "assumed"}
    | _INHERITED
    | set(_CONDITION_KEYS)
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]*$")


def load(
    file: TomlFile,
    kind_of: Callable[[str], Kind | None],
    groups: CountryGroups,
    outcomes: Collection[str],
) -> dict[str, Any]:
    """The checked data of a rule file, ready for JSON: dates as ISO text, conditions as written.

    References to other rules are checked by `check_references` once all files are loaded.
    Raises SpecError with file and line.
    """
    return _Loader(file, kind_of, groups, outcomes).rule()


class _Loader:
    def __init__(
        self,
        file: TomlFile,
        kind_of: Callable[[str], Kind | None],
        groups: CountryGroups,
        outcomes: Collection[str],
    ) -> None:
        self.file, self.kind_of, self.groups, self.outcomes = file, kind_of, groups, outcomes

    def rule(self) -> dict[str, Any]:
        data = self.file.data
        self.keys((), data, _RULE_KEYS)
        identity = self.text((), data, "id")
        if self.file.path.stem != identity:
            raise self.file.fail(
                ("id",),
                f"id {identity!r} differs from the file name; expected {self.file.path.stem!r}",
            )
        versions = data.get("version")
        if not isinstance(versions, list) or not versions:
            raise self.file.fail((), "no [[version]]; expected at least one dated version")
        loaded = [self.version(("version", i), each) for i, each in enumerate(versions)]
        self.dates(loaded)
        return {
            "id": identity,
            "title": self.text((), data, "title"),
            "jurisdiction": data.get("jurisdiction", ""),
            "versions": sorted(loaded, key=lambda version: version["effective"]),
        }

    def version(self, key: Key, data: dict[str, Any]) -> dict[str, Any]:
        self.keys(key, data, _VERSION_KEYS)
        effective, until = self.date(key, data, "effective"), None
        if effective is None:
            raise self.file.fail(key, "no effective date; expected effective = YYYY-MM-DD")
        if "until" in data:
            until = self.date(key, data, "until")
            if until is not None and until < effective:
                raise self.file.fail(
                    (*key, "until"), f"until {until} is before effective {effective}"
                )
        self.text(key, data, "citation", "missing citation; expected where the law stands")
        self.text(key, data, "url", "missing url; expected where the text can be read")
        self.word(key, data, "status", STATUSES)
        self.word(key, data, "confidence", CONFIDENCES)
        self.word(key, data, "scope", SCOPES)
        paragraphs = data.get("paragraph")
        if not isinstance(paragraphs, list) or not paragraphs:
            raise self.file.fail(key, "no [[version.paragraph]]; expected at least one")
        loaded = []
        seen: set[str] = set()
        for i, each in enumerate(paragraphs):
            place = (*key, "paragraph", i)
            loaded.append(self.paragraph(place, data, each))
            if loaded[-1]["id"] in seen:
                raise self.file.fail((*place, "id"), f"duplicate paragraph {loaded[-1]['id']!r}")
            seen.add(loaded[-1]["id"])
        self.local_references(key, paragraphs, seen)
        return {
            "effective": effective,
            "until": until,
            **{name: data[name] for name in ("status", "citation", "url", "note") if name in data},
            **({"compliance": str(data["compliance"])} if "compliance" in data else {}),
            "paragraphs": loaded,
        }

    def paragraph(self, key: Key, version: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        self.keys(key, data, _PARAGRAPH_KEYS)
        identity = self.text(key, data, "id")
        if not _ID.match(identity):
            raise self.file.fail((*key, "id"), f"{identity!r} is not a paragraph id")
        loaded: dict[str, Any] = {"id": identity, "kind": data.get("kind", KINDS[0])}
        self.word(key, loaded | data, "kind", KINDS)
        for name in _INHERITED:
            value = data.get(name, version.get(name))
            if value is not None:
                loaded[name] = value
        self.word(key, loaded, "confidence", CONFIDENCES)
        self.word(key, loaded, "scope", SCOPES)
        for name in ("destinations", "not_destinations", "assumed"):
            if name in data:
                if not isinstance(data[name], list):
                    raise self.file.fail((*key, name), f"{name!r} is no list; expected a list")
                loaded[name] = data[name]
                for member in data[name] if name != "assumed" else ():
                    self.member(key, member)
        if "outcome" in data:
            self.word(key, data, "outcome", tuple(self.outcomes))
            loaded["outcome"] = data["outcome"]
        condition = {name: data[name] for name in _CONDITION_KEYS if name in data}
        if not condition:
            raise self.file.fail(
                key, f"paragraph {identity!r} has no condition; expected all, any or none"
            )
        for each in leaves(self.condition(key, condition)):
            if isinstance(each, Destination):
                for member in each.members:
                    self.member(key, member)
        loaded["condition"] = condition
        return loaded

    def condition(self, key: Key, data: dict[str, Any]) -> Condition:
        try:
            return combine(data, self.kind_of)
        except ConditionError as error:
            raise self.file.fail(self.place(key, error.item), str(error), error.item) from None

    def place(self, key: Key, item: object) -> Key:
        """The key of the list that holds an item, if it is one of the paragraph's own lists."""
        table = self.file.data
        for step in key:
            table = table[step]  # type: ignore[index]
        for name in _CONDITION_KEYS:
            if name in table and (item in table[name] or table.get(name) == []):
                return (*key, name)
        return key

    def local_references(self, key: Key, paragraphs: list[Any], names: set[str]) -> None:
        edges: dict[str, list[str]] = {}
        for i, data in enumerate(paragraphs):
            place = (*key, "paragraph", i)
            condition = self.condition(place, {n: data[n] for n in _CONDITION_KEYS if n in data})
            targets = edges.setdefault(data["id"], [])
            for each in leaves(condition):
                if isinstance(each, Reference) and each.rule is None:
                    if each.paragraph not in names:
                        raise self.file.fail(
                            place,
                            f"no paragraph {each.paragraph!r} in this version; "
                            f"expected one of {', '.join(sorted(names))}",
                            f"@{each.paragraph}",
                        )
                    targets.append(each.paragraph)
        for i, data in enumerate(paragraphs):
            if self.reaches(edges, data["id"]):
                raise self.file.fail(
                    (*key, "paragraph", i), f"reference cycle through paragraph {data['id']!r}"
                )

    @staticmethod
    def reaches(edges: dict[str, list[str]], start: str) -> bool:
        seen: set[str] = set()
        pending = list(edges[start])
        while pending:
            name = pending.pop()
            if name == start:
                return True
            if name not in seen:
                seen.add(name)
                pending.extend(edges[name])
        return False

    def dates(self, versions: list[dict[str, Any]]) -> None:
        for i, one in enumerate(versions):
            for earlier in versions[:i]:
                if one["effective"] == earlier["effective"]:
                    raise self.file.fail(
                        ("version", i, "effective"), f"duplicate version of {one['effective']}"
                    )
                first, second = sorted((earlier, one), key=lambda version: version["effective"])
                if (first["until"] or "9999") >= second["effective"]:
                    raise self.file.fail(
                        ("version", i, "effective"),
                        f"version dates overlap: {first['effective']} to "
                        f"{first['until'] or 'open'}, and {second['effective']}",
                    )

    def member(self, key: Key, name: object) -> None:
        if not isinstance(name, str) or not self.groups.known(name):
            known = ", ".join(self.groups.groups)
            raise self.file.fail(
                key, f"unknown country group {name!r}; expected a country code or {known}", name
            )

    def keys(self, key: Key, data: object, known: set[str]) -> None:
        if not isinstance(data, dict):
            raise self.file.fail(key, "not a table; expected keys and values")
        for name in data:
            if name not in known:
                raise self.file.fail(
                    (*key, name),
                    f"unknown key {name!r}; expected one of {', '.join(sorted(known))}",
                )

    def text(self, key: Key, data: dict[str, Any], name: str, missing: str | None = None) -> str:
        value = data.get(name)
        if not isinstance(value, str) or not value.strip():
            where = (*key, name) if name in data else key
            raise self.file.fail(where, missing or f"missing {name}; expected text")
        return value

    def word(self, key: Key, data: dict[str, Any], name: str, known: tuple[str, ...]) -> None:
        value = data.get(name)
        if value not in known:
            what = f"unknown {name} {value!r}" if name in data else f"missing {name}"
            raise self.file.fail((*key, name), f"{what}; expected one of: {'; '.join(known)}")

    def date(self, key: Key, data: dict[str, Any], name: str) -> str | None:
        value = data.get(name)
        if value is None:
            return None
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            raise self.file.fail((*key, name), f"{value!r} is not a date; expected YYYY-MM-DD")
        return value.isoformat()


def check_references(
    file: TomlFile, rule: dict[str, Any], rules: dict[str, dict[str, Any]]
) -> None:
    """Every `rule/paragraph` named in a file exists in some version of that rule.

    Raises SpecError at the line of the reference.
    """
    for i, version in enumerate(file.data["version"]):
        for j, paragraph in enumerate(version["paragraph"]):
            for text in _strings([paragraph.get(name) for name in _CONDITION_KEYS]):
                match = re.match(
                    r"(?:not\s+)?([a-z0-9][a-z0-9.\-]*)/([A-Za-z0-9.\-]+)$", text.strip()
                )
                if not match:
                    continue
                target = rules.get(match[1])
                key = ("version", i, "paragraph", j)
                if target is None:
                    raise file.fail(key, f"no rule {match[1]!r}", text)
                known = {each["id"] for one in target["versions"] for each in one["paragraphs"]}
                if match[2] not in known:
                    raise file.fail(
                        key,
                        f"no paragraph {match[2]!r} in {match[1]}; "
                        f"expected one of {', '.join(sorted(known))}",
                        text,
                    )


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from _strings(list(value.values()))
        case list():
            for each in value:
                yield from _strings(each)
