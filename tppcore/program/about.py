"""What a program file says of itself, for people: engines need none of it but `no_range`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tppcore.program.program import Program
from tppcore.rules.expression import not_monotone
from tppcore.rules.rulebook import Rulebook
from tppcore.version import __version__


@dataclass(frozen=True, slots=True)
class InputAbout:
    """What an input is. `no_range`: it is no number, or some metric is not monotone in it, so that
    the ends of a range would be no bounds."""

    kind: str = "number"
    unit: str = ""
    words: tuple[str, ...] = ()
    no_range: bool = False


@dataclass(frozen=True, slots=True)
class ParagraphAbout:
    """The outcome of a paragraph by its place among the outcomes, and where the law has it."""

    outcome: int | None = None
    citation: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """`facts` say what law it is; `outcomes` are texts, the strongest first; the others are by
    quantity, by id, and the unit by metric."""

    facts: Mapping[str, str] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ()
    inputs: Mapping[str, InputAbout] = field(default_factory=dict)
    paragraphs: Mapping[str, ParagraphAbout] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)


def about(rules: Rulebook, program: Program) -> About:
    """What the program of a rulebook has to say."""
    quantities, known = rules.vocabulary.quantities, rules.vocabulary.metrics
    outcomes = tuple(rules.specs.outcomes)
    reported = [name for name, _ in program.metrics]
    formulas = [rules.formulas.tree(name) for name in {*rules.metrics_used, *reported}]
    fixed = frozenset[str]().union(*map(not_monotone, formulas))
    inputs = {
        each.quantity: InputAbout(
            spec.kind, spec.unit, spec.words, spec.kind != "number" or each.quantity in fixed
        )
        for each in program.inputs
        if (spec := quantities.get(each.quantity))
    }
    paragraphs = {
        each.id: ParagraphAbout(
            None if each.outcome is None else outcomes.index(each.outcome), each.citation
        )
        for each in rules.paragraphs
    }
    units = {name: known[name].unit for name in reported if name in known}
    return About(_facts(rules), outcomes, inputs, paragraphs, units)


def _facts(rules: Rulebook) -> dict[str, str]:
    stated = dict(rules.stated)
    readings = stated.pop("readings")
    return {
        "version": __version__,
        **stated,
        **{f"readings.{name}": chosen for name, chosen in readings.items()},
    }
