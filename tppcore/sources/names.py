"""Names of chips and systems, the way people type them, to rows of the catalogue.

A name is compared word by word, never by what it begins with: "4090" is not "4090D", and "H8000"
is nothing. Case, spaces, hyphens and the words of makers and product lines don't count.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from tppcore.errors import TppError, UnknownName

_MAKERS = frozenset(
    [
        "nvidia",
        "amd",
        "intel",
        "google",
        "aws",
        "amazon",
        "microsoft",
        "meta",
        "tesla",
        "groq",
        "cerebras",
        "sambanova",
        "tenstorrent",
        "qualcomm",
        "huawei",
        "hisilicon",
        "cambricon",
        "biren",
        "baidu",
        "kunlunxin",
        "enflame",
        "iluvatar",
        "corex",
        "moore",
        "threads",
        "hygon",
        "alibaba",
        "metax",
        "xai",
    ]
)
_LINES = frozenset(["geforce", "radeon", "instinct", "rtx", "ascend", "gpu"])
_FORM = re.compile(r"(.*\d[a-z]?)(sxm\d?|pcie|nvl|oam|hgx)")
_FAMILY = re.compile(r"(tpu|[a-z]{3,})(v?\d.*)")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CatalogueName:
    """What one row is called. `defaults`: the family names it stands for, each with the reason."""

    id: str
    vendor: str
    name: str
    variant: str = ""
    kind: str = "chip"
    aliases: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()

    @property
    def full(self) -> str:
        return " ".join(part for part in (self.vendor, self.name, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The row a name means; `took` says which one was taken where the name did not settle it."""

    id: str
    took: str | None = None


def catalogue_names(
    chips: Iterable[Mapping[str, str]],
    systems: Iterable[Mapping[str, str]],
    names: Mapping[str, Any],
) -> tuple[CatalogueName, ...]:
    """The names of the rows of chips.csv and systems.csv, with what names.toml adds.

    Raises `TppError` for an id that no row has, and for a name that is given to two rows.
    """
    rows = {row["id"]: _row(row, "chip") for row in chips}
    rows |= {row["id"]: _row(row, "system") for row in systems}
    given: dict[str, str] = {}
    for entry in (*names.get("default", ()), *names.get("alias", ())):
        if entry["id"] not in rows:
            raise TppError(f"names.toml: no chip or system has the id {entry['id']!r}")
        for name in entry["names"]:
            if given.setdefault(squeezed(name), entry["id"]) != entry["id"]:
                raise TppError(f"names.toml: {name!r} is given to {given[squeezed(name)]} too")
        row, words = rows[entry["id"]], tuple(entry["names"])
        if "reason" in entry:
            defaults = tuple((word, entry["reason"]) for word in words)
            rows[row.id] = replace(row, defaults=row.defaults + defaults)
        else:
            rows[row.id] = replace(row, aliases=row.aliases + words)
    return tuple(rows.values())


def resolve(query: str, names: Sequence[CatalogueName]) -> Resolution:
    """The row that `query` means: by id, by declared default, by name, or by a set of its words.

    Raises `UnknownName` with the candidates where several rows fit as well, and with the nearest
    names where none does.
    """
    wanted = query.strip().lower()
    for row in names:
        if row.id.lower() == wanted:
            return Resolution(row.id)
    key = squeezed(query)
    for row in names:
        for family, reason in row.defaults:
            if squeezed(family) == key:
                return Resolution(row.id, f"{row.full} ({row.id}): {reason}")
    called = [row for row in names if key in spellings(row)]
    if len(called) == 1:
        return Resolution(called[0].id)
    words = _words(query)
    fitting = called or [row for row in names if words and words <= _all_words(row)]
    # A bare chip name is part of the names of the systems built from it.
    fitting = [row for row in fitting if row.kind == "chip"] or fitting
    if len(fitting) == 1:
        return Resolution(fitting[0].id, f"{fitting[0].full} ({fitting[0].id})")
    if fitting:
        raise UnknownName(f"{query!r} fits {len(fitting)} rows; expected one of {_listed(fitting)}")
    near = _nearest(key, names)
    hint = f"; nearest: {_listed(near)}" if near else ""
    raise UnknownName(f"no chip or system is called {query!r}{hint}")


def _row(row: Mapping[str, str], kind: str) -> CatalogueName:
    return CatalogueName(row["id"], row["vendor"], row["name"], row.get("variant", ""), kind)


def _listed(rows: Sequence[CatalogueName]) -> str:
    shown = ", ".join(f"{row.id} ({row.full})" for row in rows[:_SHOWN])
    more = len(rows) - _SHOWN
    return shown + (f" and {more} more" if more > 0 else "")


def _nearest(key: str, names: Sequence[CatalogueName]) -> list[CatalogueName]:
    by_name: dict[str, CatalogueName] = {}
    for row in names:
        for text in sorted(spellings(row)) + [squeezed(family) for family, _ in row.defaults]:
            by_name.setdefault(text, row)
    near = difflib.get_close_matches(key, by_name, n=5, cutoff=0.6)
    return list(dict.fromkeys(by_name[text] for text in near))


@lru_cache(maxsize=8192)
def _tokens(text: str) -> tuple[str, ...]:
    """Words of letters and digits; a family and its number, a model and its form factor, apart."""
    text = unicodedata.normalize("NFKC", text).lower().replace("+", "plus")
    text = re.sub(r"(\d) ?gb\b", r"\1gb", text)
    out: list[str] = []
    for token in re.findall(r"[a-z0-9]+", text):
        form = _FORM.fullmatch(token)
        for part in form.groups() if form else (token,):
            family = _FAMILY.fullmatch(part)
            out.extend(family.groups() if family else (part,))
    return tuple(out)


def squeezed(text: str) -> str:
    """A name without what does not count; digits never run together: "h20-0" is not "h200"."""
    out = ""
    for token in _significant(_tokens(text)):
        out += "-" + token if out[-1:].isdigit() and token[0].isdigit() else token
    return out


def _significant(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(token for token in tokens if token not in _MAKERS | _LINES) or tokens


def _words(text: str) -> frozenset[str]:
    return frozenset(_significant(_tokens(text)))


def spellings(row: CatalogueName) -> set[str]:
    """What a row is called, squeezed, without the families that it is the default of."""
    texts = (row.id, row.name, f"{row.name} {row.variant}", *row.aliases)
    return {squeezed(text) for text in texts}


def _all_words(row: CatalogueName) -> frozenset[str]:
    texts = (row.id, row.vendor, row.name, row.variant, *row.aliases)
    return frozenset(token for text in texts for token in _tokens(text))
