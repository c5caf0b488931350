"""The compiled specs of the installed package, loaded once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tppcore.errors import SpecError, TppError
from tppcore.rules.countries import CountryGroups
from tppcore.rules.vocabulary import Vocabulary

FORMAT = 1
"""Version of the compiled file."""


@dataclass(frozen=True)
class Specs:
    """Law and hardware as data, with the hash of all of it."""

    data: Mapping[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process has the same file: a rulebook takes along which it was made of, no more.
        return (_installed, (self.hash,)) if self is specs() else (Specs, (self.data,))

    @property
    def hash(self) -> str:
        return str(self.data["hash"])

    @property
    def rules(self) -> Mapping[str, Any]:
        rules: Mapping[str, Any] = self.data["rules"]
        return rules

    @property
    def outcomes(self) -> Sequence[str]:
        """The words for the highest outcome, strongest first."""
        outcomes: Sequence[str] = self.data["outcomes"]
        return outcomes

    @property
    def notes(self) -> Sequence[Mapping[str, Any]]:
        notes: Sequence[Mapping[str, Any]] = self.data["notes"]
        return notes

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.data)

    @cached_property
    def groups(self) -> CountryGroups:
        return CountryGroups(self.data["groups"])

    def with_files(self, files: Sequence[str | Path]) -> Mapping[str, Any]:
        """The rules, with a user's own rule files beside them; a file may not replace a rule.

        Raises SpecError with file and line.
        """
        # Only a user's own files need the parser; the shipped ones were checked at build time.
        from tppcore.rules.instrument import check_references, load
        from tppcore.rules.tomlfile import TomlFile

        rules = dict(self.rules)
        loaded = []
        for path in map(Path, files):
            file = TomlFile(path)
            rule = load(file, self.vocabulary.kind, self.groups, self.outcomes)
            if rule["id"] in rules:
                raise SpecError(path, 1, f"rule {rule['id']!r} exists already; expected another id")
            rules[rule["id"]] = rule
            loaded.append((file, rule))
        for file, rule in loaded:
            check_references(file, rule, rules)
        return rules


@lru_cache(maxsize=1)
def specs() -> Specs:
    """The specs that the installed package carries."""
    file = Path(__file__).parents[1] / "specs.json"
    if not file.exists():
        raise RuntimeError("tppcore was not built: specs.json is missing; expected `make install`")
    data = json.loads(file.read_text("utf-8"))
    if data.get("format") != FORMAT:
        raise RuntimeError("specs.json is of another version; expected a fresh install")
    return Specs(data)


def _installed(hash: str) -> Specs:
    """The installed specs, for a rulebook that was made of specs of this hash elsewhere."""
    found = specs()
    if found.hash != hash:
        raise TppError(
            f"a rulebook made of the specs {hash}, and here are {found.hash}; expected the same "
            "version of tppcore on every machine"
        )
    return found
