"""Options of `tppcore space` that ask for the best of a space, its chances, and headroom."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook
    from tppcore.spaces.space import Space

F = TypeVar("F", bound=Callable[..., Any])

_VERDICTS = {"true": True, "false": False, "undetermined": None}
_LISTED = 10
_SAMPLES, _LEVEL = 100_000, 0.95


def aim_options(command: F) -> F:
    """The options, handed on as keywords of their names."""
    for option in reversed(
        (
            click.option(
                "--best", metavar="NAME", help="The designs with most of it; least of min:NAME."
            ),
            click.option(
                "--frontier",
                metavar="NAME,...",
                help="What no design beats, of several; each may be min:NAME.",
            ),
            click.option(
                "--subject-to",
                multiple=True,
                metavar="CONDITION",
                help="ID=true, false or undetermined; or 'die_area_mm2 <= 860'.",
            ),
            click.option(
                "--limit", type=click.IntRange(1), metavar="N", help="Designs listed of a value."
            ),
            click.option("--chances", is_flag=True, help="The share certain, possible, excluded."),
            click.option(
                "--samples", type=click.IntRange(1), metavar="N", help="100000 if left out."
            ),
            click.option(
                "--level", type=float, metavar="P", help="Of intervals; 0.95 if left out."
            ),
            click.option("--headroom", type=click.IntRange(0), metavar="I", help="Of design I."),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """What is asked for with these options: `kind` is best, frontier, chances or headroom."""

    kind: str
    aims: Mapping[str, str]
    subject_to: Mapping[str, bool | None]
    limit: int | None
    samples: int | None
    level: float | None
    headroom: int | None


def asked_of(options: dict[str, Any], beside: Mapping[str, Any]) -> Asked | None:
    """Takes its options out of all those given; None if none of them is. Raises TppError.

    `beside`: other options by name, which must not be given too.
    """
    names = ("best", "frontier", "subject_to", "limit", "chances", "samples", "level", "headroom")
    own = {name: options.pop(name) for name in names}
    kinds = ("best", "frontier", "chances", "headroom")
    given = [name for name in kinds if own[name] is not None and own[name] is not False]
    kind = given[0] if given else ""
    if len(given) > 1:
        raise TppError(f"--{given[0]} and --{given[1]}; expected one of them")
    needs = {
        "subject_to": ("best", "frontier"),
        "limit": ("best", "frontier"),
        "samples": ("chances",),
        "level": ("chances",),
    }
    for name, homes in needs.items():
        if own[name] not in (None, ()) and kind not in homes:
            wanted = " or ".join(f"--{home}" for home in homes)
            raise TppError(f"--{name.replace('_', '-')}: expected {wanted} beside it")
    if not kind:
        return None
    for name, value in beside.items():
        if value:
            raise TppError(f"--{kind} and {name}; expected one of them")
    texts = [own["best"]] if kind == "best" else (own["frontier"] or "").split(",")
    return Asked(
        kind,
        _aims(f"--{kind}", texts) if kind in ("best", "frontier") else {},
        conditions_of(own["subject_to"]),
        own["limit"],
        own["samples"],
        own["level"],
        own["headroom"],
    )


def _aims(option: str, texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        sense, colon, rest = text.strip().partition(":")
        name = (rest if colon else sense).strip()
        sense = sense if colon else "max"
        if sense not in ("min", "max") or not name or name.startswith("-"):
            raise TppError(
                f"{option} {text}: expected NAME for the most of it, min:NAME for the least"
            )
        if name in found:
            raise TppError(f"{option} {text}: {name} stands there twice; expected each once")
        found[name] = sense
    return found


def conditions_of(texts: Sequence[str]) -> dict[str, bool | None]:
    """The conditions that `--subject-to` gives, as `Space.best` takes them."""
    found: dict[str, bool | None] = {}
    for text in texts:
        name, equals, word = text.rpartition("=")
        key = text.strip()
        verdict: bool | None = True
        if equals and word.strip().lower() in _VERDICTS:
            key, verdict = name.strip(), _VERDICTS[word.strip().lower()]
        elif not any(op in text for op in "<>"):
            raise TppError(
                f"--subject-to {text}: expected ID=true, ID=false, ID=undetermined, or a "
                "comparison such as 'die_area_mm2 <= 860'"
            )
        if key in found:
            raise TppError(f"--subject-to {text}: {key} stands there twice; expected each once")
        found[key] = verdict
    return found


def answer(asked: Asked, space: Space, rules: Rulebook, seed: int | None, as_json: bool) -> str:
    """What is printed. Raises TppError."""
    from tppcore import report

    with report.busy(f"looking at {space.size:,} designs"):
        if asked.kind == "chances":
            return _chances(asked, space, rules, seed, as_json)
        if asked.kind == "headroom":
            return _headroom(asked, space, rules, as_json)
        return _best(asked, space, rules, as_json)


def _best(asked: Asked, space: Space, rules: Rulebook, as_json: bool) -> str:
    from tppcore import space_aims_text as texts

    limit = asked.limit or (_LISTED if asked.kind == "best" else 1)
    found = space.frontier(asked.aims, subject_to=asked.subject_to, limit=limit, rules=rules)
    if asked.kind == "best" and not len(found):
        raise TppError(texts.NOTHING)
    if as_json:
        made = texts.data(space, rules, found, asked.subject_to)
        return json.dumps(made, ensure_ascii=False)
    text = texts.best_text if asked.kind == "best" else texts.frontier_text
    return text(space, rules, found, asked.subject_to)


def _chances(asked: Asked, space: Space, rules: Rulebook, seed: int | None, as_json: bool) -> str:
    from tppcore import space_aims_text as texts

    samples = _SAMPLES if asked.samples is None else asked.samples
    level = _LEVEL if asked.level is None else asked.level
    found = space.chances(rules, samples, seed or 0, level)
    if as_json:
        return json.dumps(found.to_dict(), ensure_ascii=False)
    return texts.chances_text(found, space)


def _headroom(asked: Asked, space: Space, rules: Rulebook, as_json: bool) -> str:
    assert asked.headroom is not None
    try:
        found = space.headroom(asked.headroom, rules)
    except IndexError:
        raise TppError(
            f"--headroom {asked.headroom}: expected the number of one of {space.size:,} designs"
        ) from None
    return json.dumps(found.to_dict(), ensure_ascii=False) if as_json else str(found)
