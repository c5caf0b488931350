"""The limits on aggregate TPP: whose shipments each one sums, and what its paragraph allows.

The numbers stand in the rule files; here is what their words mean for rows of a ledger.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tppcore.errors import UnknownName
from tppcore.rules.condition import Compare, leaves
from tppcore.rules.countries import ALIASES
from tppcore.rules.rulebook import Paragraph, Rulebook, dates, rulebook, version_on
from tppcore.rules.store import specs
from tppcore.shipments.places import CODES

NOT_SAID = 0
"""The authorization of a row that says none, or one that is not known here."""

AUTHORIZATIONS = ("LPP", "country allocation", "licence", "NVEU", "UVEU", "other")
"""What a row may have been shipped under, from 1; `other` uses no limit up."""

_WORDS = {
    "lpp": "LPP",
    "allocation": "country allocation",
    "country allocation": "country allocation",
    "licence": "licence",
    "license": "licence",
    "nveu": "NVEU",
    "national veu": "NVEU",
    "uveu": "UVEU",
    "universal veu": "UVEU",
} | dict.fromkeys(("aia", "acm", "aca", "nac", "hbm", "nlr", "domestic", "other"), "other")


@dataclass(frozen=True, slots=True)
class Basis:
    """What the shipments of one limit have in common.

    `by`: keys of a group; `measure`: "sum" of TPP, "shares" of it by location, or "ratio" of that
    to the named destinations over that to the United States; `uses`: authorizations that use the
    limit up (none: whatever they are); `last_year`: of the period that the paragraph sums over.
    """

    paragraph: str
    by: tuple[str, ...]
    measure: str
    uses: tuple[str, ...] = ()
    last_year: int | None = None
    us_headquarters: bool = False


BASES = (
    Basis("us-diffusion/lpp", ("consignee", "year"), "sum", ("LPP",)),
    Basis(
        "us-diffusion/country-allocation",
        ("country",),
        "sum",
        ("country allocation", "licence"),
        2027,
    ),
    Basis(
        "us-diffusion/country-allocation-doubled",
        ("country",),
        "sum",
        ("country allocation", "licence"),
        2027,
    ),
    Basis("us-diffusion/nveu", ("consignee", "country"), "sum", ("NVEU",), 2027),
    Basis("us-diffusion/uveu", ("consignee",), "shares", ("UVEU",)),
    Basis("us-diffusion/uveu-us", ("consignee",), "shares", ("UVEU",), us_headquarters=True),
    Basis("us-748-volume-cap/within-half", ("product",), "ratio"),
)


@dataclass(frozen=True, eq=False)
class Limit:
    """A limit as it stands on the date of the ledger.

    `reached`: (len(CODES),) whether the paragraph reaches a destination; `first_year`: the year
    in which its rule began, all of which counts; None where there is no period.
    """

    basis: Basis
    paragraph: Paragraph
    rules: Rulebook
    reached: NDArray[np.bool_]
    first_year: int | None

    @property
    def id(self) -> str:
        return self.paragraph.id

    @cached_property
    def tests(self) -> tuple[Compare, ...]:
        """The comparisons of the paragraph, references expanded."""
        return tuple(each for each in leaves(self.paragraph.condition) if isinstance(each, Compare))

    @cached_property
    def threshold(self) -> Fraction:
        """The one number of a sum or a ratio."""
        [test] = self.tests
        return test.threshold

    @cached_property
    def inclusive(self) -> bool:
        """Whether the number itself is within the limit."""
        [test] = self.tests
        return test.op == "<="


def authorization(text: str) -> int | None:
    """The code of an authorization, NOT_SAID for a blank, None for a word that is not known."""
    if not text:
        return NOT_SAID
    words = " ".join(text.casefold().replace("-", " ").replace("_", " ").split())
    known = _WORDS.get(words.removeprefix("license exception ").removeprefix("exception "))
    return None if known is None else 1 + AUTHORIZATIONS.index(known)


def uses(basis: Basis) -> NDArray[np.bool_]:
    """Whether shipments use the limit up, by code of their authorization."""
    found = [not basis.uses or each in basis.uses for each in AUTHORIZATIONS]
    return np.array([True, *found])


def limits(
    as_of: datetime.date,
    only: Sequence[str] | None = None,
    readings: Mapping[str, str] | None = None,
) -> tuple[list[Limit], dict[str, str]]:
    """The limits of a date, and the dates of those that are not in force on it.

    `only`: ids such as "us-diffusion/lpp", "lpp" or a whole rule. Raises UnknownName.
    """
    found, absent = [], {}
    for basis in _selected(only):
        rule, _, local = basis.paragraph.partition("/")
        version = version_on(specs().rules[rule], as_of)
        if version is None or local not in [each["id"] for each in version["paragraphs"]]:
            absent[basis.paragraph] = dates(specs().rules[rule])
            continue
        data = next(each for each in version["paragraphs"] if each["id"] == local)
        reached = _reached(data, as_of)
        # Which of the destinations that a paragraph reaches is said makes no difference to it.
        rules = rulebook(as_of, CODES[int(reached.argmax())], [basis.paragraph], readings=readings)
        first = specs().rules[rule]["versions"][0]["effective"]
        year = int(first[:4]) if basis.measure == "sum" else None
        found.append(Limit(basis, rules[basis.paragraph], rules, reached, year))
    return found, absent


def _selected(only: Sequence[str] | None) -> list[Basis]:
    if not only:
        return list(BASES)
    chosen: set[str] = set()
    for name in only:
        ids = [b.paragraph for b in BASES if name in (b.paragraph, *b.paragraph.split("/"))]
        if not ids:
            known = ", ".join(b.paragraph for b in BASES)
            raise UnknownName(f"no limit {name!r}; expected one of {known}")
        chosen.update(ids)
    return [basis for basis in BASES if basis.paragraph in chosen]


def _reached(data: Mapping[str, Sequence[str]], as_of: datetime.date) -> NDArray[np.bool_]:
    groups = specs().groups

    def codes(names: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            inside = name in groups.groups
            found |= groups.members(name, as_of) if inside else {ALIASES.get(name, name)}
        return found

    inside, outside = (
        codes(data.get("destinations", CODES)),
        codes(data.get("not_destinations", ())),
    )
    return np.array([code in inside and code not in outside for code in CODES])
