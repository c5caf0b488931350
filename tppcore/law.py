"""The rules in words: lists, one rule with its versions, a check of rule files, what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tppcore.errors import SpecError, TppError, UnknownName
from tppcore.rules.instrument import check_references, load
from tppcore.rules.rulebook import dates, parse_date, standing, version_on
from tppcore.rules.store import specs
from tppcore.rules.tomlfile import TomlFile

_JOINED = {"all": "all of", "any": "any of", "none": "none of"}


def listing(as_of: str | None = None) -> tuple[list[str], list[list[str]]]:
    """A heading and a row for every rule, with the version of the day where there is one."""
    day = parse_date(as_of)
    rows = []
    for identity, rule in specs().rules.items():
        version = version_on(rule, day)
        rows.append(
            [
                identity,
                rule["title"],
                standing(version) if version else f"not on {day}",
                str(len(version["paragraphs"])) if version else "",
                dates(rule),
                version["citation"] if version else "",
            ]
        )
    return ["id", "title", "status", "paragraphs", "versions", "citation"], rows


def data(identity: str | None, as_of: str | None = None) -> Any:
    """The rules as data: all of them, or one; with a date, only the versions of that day."""
    chosen = specs().rules if identity is None else {identity: _rule(identity)}
    if as_of is None:
        found: list[Any] = list(chosen.values())
    else:
        day = parse_date(as_of)
        found = [
            {**rule, "versions": [version]}
            for rule in chosen.values()
            if (version := version_on(rule, day))
        ]
    if identity is None:
        return found
    if not found:
        raise TppError(_no_version(identity, as_of))
    return found[0]


def text(identity: str, as_of: str | None = None) -> str:
    """One rule in full: all its versions, or the one of a day."""
    rule = data(identity, as_of)
    lines = [f"{identity}: {rule['title']}"]
    for version in rule["versions"]:
        lines += ["", _heading(version), f"  {version['url']}"]
        if "note" in version:
            lines.append(f"  note: {version['note']}")
        for paragraph in version["paragraphs"]:
            lines += _paragraph(paragraph, version)
    return "\n".join(lines)


def check(files: Sequence[Path]) -> list[SpecError]:
    """What is wrong with rule files, beside the rules that ship (one of which they may replace)."""
    known = specs()
    errors: list[SpecError] = []
    loaded: list[tuple[TomlFile, dict[str, Any]]] = []
    for path in files:
        try:
            file = TomlFile(path)
            loaded.append((file, load(file, known.vocabulary.kind, known.groups, known.outcomes)))
        except SpecError as error:
            errors.append(error)
    rules = {**known.rules, **{rule["id"]: rule for _, rule in loaded}}
    for file, rule in loaded:
        try:
            check_references(file, rule, rules)
        except SpecError as error:
            errors.append(error)
    return errors


def difference(identity: str, before: str, after: str) -> str:
    """Paragraphs and tests of a rule that were added (+), removed (-) or changed (~)."""
    rule = _rule(identity)
    versions = []
    for date in (before, after):
        version = version_on(rule, parse_date(date))
        if version is None:
            raise TppError(_no_version(identity, date))
        versions.append(version)
    old, new = versions
    lines = [f"{identity}: {before} to {after}"]
    if old is new:
        return "\n".join([*lines, f"no change: one version, {_heading(old)}"])
    lines += [f"from {_heading(old)}", f"to   {_heading(new)}"]
    was = {each["id"]: each for each in old["paragraphs"]}
    now = {each["id"]: each for each in new["paragraphs"]}
    for name in dict.fromkeys((*was, *now)):
        if name not in was:
            lines.append(f"+ {name}: {words(now[name]['condition'])}")
        elif name not in now:
            lines.append(f"- {name}: {words(was[name]['condition'])}")
        else:
            changes = list(_changes(was[name], now[name]))
            lines += [f"~ {name}", *(f"    {each}" for each in changes)] if changes else []
    if len(lines) == 3:
        lines.append("no paragraph changed")
    return "\n".join(lines)


def words(condition: Any) -> str:
    """A condition of a rule file on one line."""
    if isinstance(condition, str):
        return condition
    parts = [
        (name, [words(each) for each in condition[name]]) for name in _JOINED if name in condition
    ]
    if len(parts) == 1 and parts[0][0] != "none" and len(parts[0][1]) == 1:
        return parts[0][1][0]
    texts = [
        f"{'not' if len(items) == 1 and name == 'none' else _JOINED[name]} ({'; '.join(items)})"
        if len(items) > 1 or name == "none"
        else items[0]
        for name, items in parts
    ]
    return ", ".join(texts)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["condition"] != new["condition"]:
        was, now = list(_tests(old["condition"])), list(_tests(new["condition"]))
        added = [each for each in now if each not in was]
        removed = [each for each in was if each not in now]
        yield from (f"+ {each}" for each in added)
        yield from (f"- {each}" for each in removed)
        if not added and not removed:
            yield f"was {words(old['condition'])}"
            yield f"is  {words(new['condition'])}"
    for key in ("kind", "outcome", "destinations", "not_destinations", "assumed", "scope"):
        if old.get(key) != new.get(key):
            yield f"{key}: {_plain(old.get(key))} -> {_plain(new.get(key))}"


def _tests(condition: Any, sign: str = "") -> Iterator[str]:
    if isinstance(condition, str):
        yield sign + condition
    else:
        for word, items in condition.items():
            for each in items:
                yield from _tests(each, "none of " if word == "none" else sign)


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "none")


def _paragraph(paragraph: Mapping[str, Any], version: Mapping[str, Any]) -> list[str]:
    kind = paragraph["kind"] if paragraph["kind"] != "classification" else ""
    title = f" [{kind}]" if kind else ""
    lines = [f"  {paragraph['id']}{title}: {words(paragraph['condition'])}"]
    for key in ("outcome", "destinations", "not_destinations", "assumed"):
        if key in paragraph:
            lines.append(f"      {key.replace('_', ' ')}: {_plain(paragraph[key])}")
    for key in ("note", "citation"):
        if key in paragraph and paragraph[key] != version.get(key):
            lines.append(f"      {key}: {paragraph[key]}")
    return lines


def _heading(version: Mapping[str, Any]) -> str:
    return (
        f"{version['effective']} to {version['until'] or 'open'}, {version['status']}: "
        f"{version['citation']}"
    )


def _rule(identity: str) -> Mapping[str, Any]:
    rules = specs().rules
    if identity not in rules:
        from difflib import get_close_matches

        near = get_close_matches(identity, list(rules), 3) or list(rules)
        raise UnknownName(f"no rule {identity!r}; expected one of {', '.join(near)}")
    rule: Mapping[str, Any] = rules[identity]
    return rule


def _no_version(identity: str, date: str | None) -> str:
    return f"no version of {identity} covers {date}; it has {dates(_rule(identity))}"
