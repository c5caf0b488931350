"""Chips and systems side by side: aggregates with their ratios, per chip and per watt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tppcore.comparison_measures import (
    AFTER,
    BEFORE,
    LAST,
    PER_CHIP,
    PER_WATT,
    Measure,
    Number,
    known,
    quotient,
)
from tppcore.engine.exact import ANYTHING, Interval, Metrics
from tppcore.errors import TppError
from tppcore.rules.rulebook import without_paragraphs
from tppcore.rules.vocabulary import Formulas
from tppcore.sources.chips import Chip, catalogue
from tppcore.sources.claims import Claim
from tppcore.sources.names import CatalogueName, squeezed
from tppcore.sources.systems import System, by_id, family, named


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One metric of all that is compared. `ratio`: the first over the second; `ratios`: the first
    over each other, by name."""

    metric: str
    title: str
    unit: str
    values: Mapping[str, Number]
    ratio: Number
    ratios: Mapping[str, Number]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name stands for: a system, or a chip as a system of one."""

    name: str
    system: System
    chip: Chip | None = None
    took: str | None = None
    may_change: bool = False

    @property
    def id(self) -> str | None:
        return self.system.id if self.chip is None else self.chip.id

    @property
    def info(self) -> Mapping[str, str]:
        return self.system.info if self.chip is None else self.chip.info

    @property
    def publisher(self) -> str:
        """Whose figures these are; a chip's are its maker's."""
        return self.info.get("publisher") or self.info.get("vendor", "")


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A total that somebody publishes of the subject `name`, beside what its parts give."""

    name: str
    id: str | None
    claim: Claim
    computed: Interval
    relation: str


@dataclass(frozen=True, slots=True)
class Change:
    """A metric under other figures: its value, and the ratio that it then has."""

    metric: str
    title: str
    unit: str
    value: Number
    ratio: Number
    note: str = ""


@dataclass(frozen=True, slots=True)
class OtherFigures:
    """Another row of the same machine, and what it changes: the ratios are those of the first over
    `against`, or of the first over `name` where that is not the first."""

    name: str
    id: str
    publisher: str
    instead_of: str
    against: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that `compare` found. `to_dict` is the JSON form, `str` the text."""

    subjects: tuple[Subject, ...]
    rows: tuple[ComparisonRow, ...]
    claims: tuple[CheckedClaim, ...]
    other_figures: tuple[OtherFigures, ...]
    readings: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """What is compared, by the names given."""
        return tuple(each.name for each in self.subjects)

    @property
    def differences(self) -> tuple[CheckedClaim, ...]:
        """The claims that are not equal to the sums over the parts."""
        return tuple(each for each in self.claims if each.relation != "equal")

    def __getitem__(self, metric: str) -> ComparisonRow:
        """The row of a metric. KeyError if there is none."""
        for row in self.rows:
            if row.metric == metric:
                return row
        raise KeyError(metric)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with numbers as `Explanation.to_dict` gives them: {"exact",
        "approx"}, a range {"low", "high"}, or null where nothing is known."""
        from tppcore.comparison_json import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        from tppcore.comparison_text import lines

        return "\n".join(lines(self))


def compare(*things: Any, readings: Mapping[str, str] | None = None) -> Comparison:
    """Two or more chips or systems, each a `Chip`, a `System`, or a name of the catalogue.

    A chip is compared as a system of one. Where names mean machines of which several publishers
    have figures (a family, not the id of one row), the rows of one publisher that all have are
    taken; what the others would change is told too. Values are exact bounds.

    Raises TppError for fewer than two or the same twice, UnknownName, InputError.
    """
    subjects = _of_one_publisher([_subject(thing, i) for i, thing in enumerate(things)])
    names = [each.name for each in subjects]
    if len(names) < 2:
        raise TppError(f"{len(names)} to compare; expected two or more chips or systems")
    for name in names:
        if names.count(name) > 1:
            raise TppError(f"{name!r} stands there twice; expected each once")
    rules = without_paragraphs(readings)
    measured = [_Measured(each, rules.formulas) for each in subjects]
    return Comparison(
        tuple(subjects),
        tuple(_rows(measured)),
        tuple(claim for each in measured for claim in each.claims()),
        tuple(_others(measured, rules.formulas)),
        rules.readings,
    )


class _Measured:
    """The figures of one subject under formulas, each as bounds."""

    def __init__(self, subject: Subject, formulas: Formulas) -> None:
        self.subject = subject
        self.name = subject.name
        quantities = subject.system.quantities(formulas)
        whole = formulas.of_systems()
        metrics = Metrics(whole, quantities)
        self._metrics = metrics
        self.formats = list(whole.vocabulary.formats)
        self.figures: dict[str, Number] = {
            name: known(quantities.get(name, ANYTHING))
            for name in ("aggregate_tpp", "largest_circuit_tpp", "circuits")
        }
        for measure in (*BEFORE, *AFTER):
            if measure.over not in self.figures and measure.over != "power":
                self.figures[measure.over] = known(metrics.metric(measure.over))
        for name in self.formats:
            # What nobody claims is 0 to the law; beside a claimed rate it would be no figure.
            peak = metrics.metric(f"peak_{name}")
            self.figures[f"peak_{name}"] = None if peak.high == 0 else known(peak)
        self.figures["power"], self.level = self._power(quantities)

    def _power(self, quantities: Mapping[str, Interval]) -> tuple[Number, str]:
        """The power of the whole, or else that of its circuits; and where it is measured."""
        stated = known(quantities.get("system_w", ANYTHING))
        if stated is not None:
            return stated, self.subject.system.level or "level not stated"
        chips = known(quantities.get("chips_w", ANYTHING))
        return chips, "" if chips is None else "chip sum"

    def value(self, measure: Measure) -> Number:
        if not measure.under:
            return self.figures[measure.over]
        return quotient(self.figures[measure.over], self.figures[measure.under], measure.scale)

    def claims(self) -> Iterator[CheckedClaim]:
        for claim in self.subject.system.claims:
            computed = self._metrics.metric(claim.metric)
            relation = claim.relation(computed)
            yield CheckedClaim(self.name, self.subject.id, claim, computed, relation)


def _measures(measured: Sequence[_Measured]) -> list[Measure]:
    """The rows: peaks only of formats for which somebody states a rate."""
    peaks = [
        Measure(f"peak_{name}", f"dense peak, {name.upper()}", "TOPS", f"peak_{name}")
        for name in measured[0].formats
        if any(each.figures[f"peak_{name}"] is not None for each in measured)
    ]
    return [*BEFORE, *peaks, *AFTER, *PER_CHIP, *PER_WATT, *LAST]


def _rows(measured: Sequence[_Measured]) -> Iterator[ComparisonRow]:
    for measure in _measures(measured):
        values = {each.name: each.value(measure) for each in measured}
        first = values[measured[0].name]
        ratios = {each.name: quotient(first, values[each.name]) for each in measured[1:]}
        ratio = ratios[measured[1].name]
        note = _note(measure, measured)
        yield ComparisonRow(
            measure.metric, measure.title, measure.unit, values, ratio, ratios, note
        )


def _note(measure: Measure, measured: Sequence[_Measured]) -> str:
    if "power" in (measure.over, measure.under):
        levels = {each.name: each.level for each in measured if each.level}
        if len(set(levels.values())) > 1:
            return "levels differ: " + ", ".join(f"{n} {level}" for n, level in levels.items())
        return f"level: {next(iter(levels.values()))}" if levels else ""
    if measure.over.startswith("peak_"):
        without = [each.name for each in measured if each.figures[measure.over] is None]
        return f"no rate stated: {', '.join(without)}" if without else ""
    return ""


def _others(measured: Sequence[_Measured], formulas: Formulas) -> Iterator[OtherFigures]:
    """What each other row of the machines compared would change."""
    for i, own in enumerate(measured):
        identity = own.subject.id
        if own.subject.chip is not None or identity is None:
            continue
        for other in _family(own.subject):
            if other == identity:
                continue
            system = by_id(other)
            new = _Measured(Subject(own.name, system), formulas)
            pair = (new, measured[1]) if i == 0 else (measured[0], new)
            changes = []
            for measure in _measures([*measured, new]):
                value = new.value(measure)
                if value != own.value(measure) or (
                    measure.metric == "power" and new.level != own.level
                ):
                    ratio = quotient(pair[0].value(measure), pair[1].value(measure))
                    note = _note(measure, pair) if value is not None else "not known"
                    changes.append(
                        Change(measure.metric, measure.title, measure.unit, value, ratio, note)
                    )
            yield OtherFigures(
                own.name,
                other,
                system.info.get("publisher", ""),
                identity,
                pair[1].name if i == 0 else own.name,
                tuple(changes),
            )


def _family(subject: Subject) -> list[str]:
    return family(subject.id) if subject.id and "family" in subject.info else []


def _subject(thing: Any, i: int) -> Subject:
    if isinstance(thing, str):
        found = named(thing)
        if isinstance(found, System):
            return Subject(thing, found, None, found.took, _means_family(thing, found))
        return _of_chip(thing, found)
    if isinstance(thing, Chip):
        return _of_chip(thing.name or thing.id or f"chip {i + 1}", thing)
    if isinstance(thing, System):
        return Subject(thing.name or thing.id or f"system {i + 1}", thing)
    raise TppError(f"{thing!r}: expected a chip, a system, or the name of one")


def _of_chip(name: str, chip: Chip) -> Subject:
    return Subject(name, System(name, parts=[(chip, 1)]), chip, chip.took)


def _means_family(typed: str, found: System) -> bool:
    """Whether a name stands for the machine, not for one row of figures of it."""
    if typed.strip().lower() == found.id or len(family(found.id or "")) < 2:
        return False
    row = next(each for each in catalogue()[1] if each.id == found.id)
    return squeezed(typed) in {squeezed(name) for name in _general(row)}


def _general(row: CatalogueName) -> Iterator[str]:
    yield from row.aliases
    yield from (name for name, _ in row.defaults)


def _of_one_publisher(subjects: Sequence[Subject]) -> list[Subject]:
    """The subjects, those that name a machine by the figures of one publisher where that can be:
    of one who has all that is compared, else of one who has all the machines so named."""
    open_ones = [each for each in subjects if each.may_change]
    if len(subjects) < 2 or not open_ones:
        return list(subjects)
    offers = {id(each): _offered(each) for each in open_ones}
    for within in (subjects, open_ones):
        sets = [set(offers.get(id(each), {each.publisher: ""})) for each in within]
        common = set.intersection(*sets)
        chosen = [name for name in offers[id(open_ones[0])] if name in common]
        if chosen and len(within) > 1:
            why = f"the figures of {chosen[0]}, who has {' and '.join(s.name for s in within)}"
            return [
                _by_figures(each, offers[id(each)][chosen[0]], why) if each.may_change else each
                for each in subjects
            ]
    return list(subjects)


def _offered(subject: Subject) -> dict[str, str]:
    """The publishers of a machine with a row of each, the row that its name means first."""
    identity = subject.id or ""
    others = [each for each in _family(subject) if each != identity]
    found: dict[str, str] = {}
    for each in (identity, *others):
        found.setdefault(by_id(each).info.get("publisher", ""), each)
    return found


def _by_figures(subject: Subject, identity: str, why: str) -> Subject:
    if identity == subject.id:
        return subject
    system = by_id(identity)
    return Subject(subject.name, system, None, f"{system.name} ({identity}): {why}", True)
