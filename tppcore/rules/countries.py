"""Country groups as dated data, and destinations as the law names them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from tppcore.errors import UnknownName

ALIASES = {"HK": "CN"}
"""Hong Kong is treated as China (85 FR 83765)."""


def canonical(code: str) -> str:
    """An ISO 3166 alpha-2 code in capitals, Hong Kong as China."""
    text = code.strip().upper()
    if len(text) != 2 or not text.isalpha():
        raise UnknownName(
            f"unknown destination {code!r}; expected a two-letter country code such as CN"
        )
    return ALIASES.get(text, text)


class CountryGroups:
    """The groups of Supp. 1 to part 740, each member with its dates."""

    def __init__(self, data: Iterable[Mapping[str, Any]]) -> None:
        self.groups: dict[str, list[Mapping[str, Any]]] = {
            group["id"]: list(group.get("member", ())) for group in data
        }

    def members(self, group: str, date: datetime.date) -> frozenset[str]:
        """The countries of a group on a date."""
        day = date.isoformat()
        return frozenset(
            member["code"]
            for member in self.groups[group]
            if str(member.get("from", "0000")) <= day <= str(member.get("until", "9999"))
        )

    def known(self, name: str) -> bool:
        return name in self.groups or (len(name) == 2 and name.isalpha() and name.isupper())

    def contains(self, names: Iterable[str], country: str, date: datetime.date) -> bool:
        """Whether a country is one of `names` (codes and groups) on a date."""
        return any(
            country in self.members(name, date)
            if name in self.groups
            else country == ALIASES.get(name, name)
            for name in names
        )
