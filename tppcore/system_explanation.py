"""One system explained: its sums, what is claimed of it, which circuits meet what, every test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tppcore.engine import exact
from tppcore.engine.exact import Interval, Metrics
from tppcore.engine.totals import met
from tppcore.explanation import (
    OtherReading,
    ParagraphExplained,
    explained,
    missing_of,
    notes_on,
)
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.systems import SystemLaw, leaf, of_systems
from tppcore.rules.vocabulary import item_metric
from tppcore.sinks.limits import limit
from tppcore.sinks.outcome import Ladder
from tppcore.sources.chips import Chip
from tppcore.sources.claims import Claim
from tppcore.sources.systems import System
from tppcore.system_api import shown, system_row


@dataclass(frozen=True)
class PartExplained:
    """A kind of item in a system: how often it is there, its TPP, and the verdicts on it of the
    paragraphs on circuits and items, by id."""

    chip: Chip
    count: Interval
    is_host: bool
    tpp: Interval
    verdicts: Mapping[str, bool | None]

    @property
    def name(self) -> str:
        return self.chip.name or self.chip.id or "chip"


@dataclass(frozen=True)
class ClaimExplained:
    """A published total beside the sum over the parts, and how it stands to that."""

    claim: Claim
    computed: Interval
    relation: str


@dataclass(frozen=True)
class SystemExplanation:
    """All that `explain` knows of one system. `to_dict` is the JSON form, `str` the text."""

    system: System
    rules: Rulebook
    metrics: Mapping[str, Interval]
    parts: tuple[PartExplained, ...]
    claims: tuple[ClaimExplained, ...]
    paragraphs: tuple[ParagraphExplained, ...]
    outcome: str
    limiting_test: str | None
    other_readings: tuple[OtherReading, ...]
    notes: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        return self.system.name or self.system.id or "system"

    @property
    def missing(self) -> tuple[str, ...]:
        """What would settle what is undetermined: quantities of the system, or of its parts."""
        return tuple(dict.fromkeys(name for each in self.paragraphs for name in each.missing))

    @property
    def estimated(self) -> tuple[str, ...]:
        """Figures of the parts that are estimates or rumours."""
        return tuple(
            f"{quantity} of {part.name}"
            for part in self.parts
            for quantity in part.chip.info.get("estimated", "").split(";")
            if quantity
        )

    @property
    def circuits(self) -> Mapping[str, bool | None]:
        """Whether some single circuit meets each paragraph on circuits that is asked, by id."""
        found: dict[str, bool | None] = {}
        for identity in self.parts[0].verdicts:
            verdicts = [part.verdicts[identity] for part in self.parts]
            found[identity] = True if True in verdicts else None if None in verdicts else False
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, in the form of that of a chip, with parts and claims."""
        from tppcore.system_explanation_json import to_dict

        return to_dict(self)

    def __str__(self) -> str:
        from tppcore.system_explanation_text import lines

        return "\n".join(lines(self))


def explain(system: System, rules: Rulebook) -> SystemExplanation:
    """A system explained by the exact engine. Raises InputError, TppError."""
    law = of_systems(rules)
    row = system_row(system, law)
    metrics = Metrics(law.whole.formulas, row)
    decided = exact.decisions(law.whole).decide(metrics)
    parts = _parts(system, law)
    ladder = Ladder(law.whole)
    return SystemExplanation(
        system,
        law.whole,
        {name: metrics.metric(name) for name in shown(law.whole.vocabulary)},
        parts,
        tuple(
            ClaimExplained(claim, value := metrics.metric(claim.metric), claim.relation(value))
            for claim in system.claims
        ),
        tuple(
            _with_parts(explained(paragraph, verdict, metrics, row, law.whole), law, parts)
            for paragraph, verdict in zip(law.whole.paragraphs, decided, strict=True)
        ),
        ladder.text(ladder.code(decided)),
        _limiting_test(parts, law),
        tuple(_other_readings(system, law, decided)),
        tuple(_notes(parts, rules)),
    )


def _parts(system: System, law: SystemLaw) -> tuple[PartExplained, ...]:
    found: dict[tuple[int, bool], PartExplained] = {}
    for (chip, count, is_host), counted in zip(system.items(), system.counted(), strict=True):
        # A catalogue makes a chip anew for each system in a system that holds it.
        key = (id(chip) if chip.id is None else hash((chip.id, chip.name)), is_host)
        if key in found:
            before = found[key].count
            both = Interval(before.low + count.low, before.high + count.high)
            found[key] = replace(found[key], count=both)
            continue
        verdicts = met([counted], law.circuit)
        found[key] = PartExplained(
            chip,
            count,
            is_host,
            Metrics(law.circuit.formulas, chip.quantities).metric("tpp"),
            {each.id: v for each, v in zip(law.circuit.paragraphs, verdicts, strict=True)},
        )
    return tuple(found.values())


def _with_parts(
    each: ParagraphExplained, law: SystemLaw, parts: Sequence[PartExplained]
) -> ParagraphExplained:
    """Missing quantities of parts in the place of the leaves and sums that they leave open."""
    names: list[str] = []
    circuit = {leaf(paragraph.id): paragraph for paragraph in law.circuit.paragraphs}
    vocabulary, formulas = law.whole.vocabulary, law.circuit.formulas
    for name in each.missing:
        if name in circuit:
            paragraph = circuit[name]
            for part in parts:
                if part.verdicts[paragraph.id] is None:
                    row = part.chip.quantities
                    lacks = missing_of(paragraph.condition, row, law.circuit)
                    names += [f"{quantity} of {part.name}" for quantity in lacks]
        elif vocabulary.quantities[name].total:
            counted = [p for p in parts if vocabulary.quantities[name].with_hosts or not p.is_host]
            names += [
                f"{name} ({part.name})"
                for part in counted
                if not part.count.known
                or not Metrics(formulas, part.chip.quantities).metric(item_metric(name)).known
            ]
        else:
            names.append(name)
    return replace(each, missing=tuple(dict.fromkeys(names)))


def _limiting_test(parts: Sequence[PartExplained], law: SystemLaw) -> str | None:
    """That of the circuit with the strongest outcome; None where it is not decided."""
    ladder = Ladder(law.circuit)
    if not ladder.ranks:
        return None
    first = min(parts, key=lambda part: ladder.code(list(part.verdicts.values())))
    found = limit(law.circuit, first.chip.quantities)
    return None if found is None else f"{found.text} ({first.name})"


def _other_readings(
    system: System, law: SystemLaw, decided: Sequence[bool | None]
) -> Iterator[OtherReading]:
    whole, decisions = law.whole, exact.decisions(law.whole)
    for name, reading in whole.vocabulary.readings.items():
        for alternative in reading.alternatives:
            if alternative.name == whole.readings[name]:
                continue
            readings = {**whole.readings, name: alternative.name}
            row = system_row(system, law, law.circuit.vocabulary.formulas(readings))
            formulas = whole.vocabulary.formulas(readings).of_systems()
            new = decisions.decide(Metrics(formulas, row))
            turned = {
                paragraph.id: verdict
                for paragraph, before, verdict in zip(whole.paragraphs, decided, new, strict=True)
                if verdict is not before
            }
            if turned:
                yield OtherReading(name, alternative.name, turned)


def _notes(parts: Sequence[PartExplained], rules: Rulebook) -> Iterator[Mapping[str, Any]]:
    seen = []
    for part in parts:
        for note in notes_on(rules, part.chip.id):
            if note not in seen:
                seen.append(note)
                yield note
