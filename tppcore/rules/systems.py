"""The law on systems: a paragraph on circuits asks any single circuit in them, never their sum.

4A090 and the .z items control a computer by the circuits that it contains (15 CFR 774 Supp. 1), so
the paragraphs on circuits and items are decided for each part, and a system meets one if some part
does. Paragraphs on systems (4A003, 4A994, supercomputers, clusters) read quantities of the system.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from tppcore.errors import TppError
from tppcore.rules.condition import All, AnyOf, Compare, Condition
from tppcore.rules.condition import leaves as leaves_of
from tppcore.rules.expression import FormulaError
from tppcore.rules.rulebook import (
    DEFAULT_SCOPES,
    Expander,
    Paragraph,
    Rulebook,
    content_hash,
    select,
)
from tppcore.rules.vocabulary import Formulas

SCOPES = (*DEFAULT_SCOPES, "system")
"""The paragraphs that a system is asked for, unless rules are named."""

_LEAF = "any:"


def leaf(identity: str) -> str:
    """The boolean quantity of a system: some single circuit in it meets the paragraph."""
    return _LEAF + identity


@dataclass(frozen=True, eq=False)
class SystemLaw:
    """A rulebook as it stands for systems.

    `circuit` is decided for each part; its paragraphs are, in their order, what the `leaves` of a
    system ask: true if it is true of some part, false if it is false of all, else undetermined.
    `whole` is decided for the system, over its own quantities and the leaves.
    """

    whole: Rulebook
    circuit: Rulebook

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The boolean quantities of a system, one a paragraph of `circuit`."""
        return tuple(leaf(each.id) for each in self.circuit.paragraphs)

    @cached_property
    def composite(self) -> Rulebook:
        """The paragraphs of `whole` that are more than a bare leaf."""
        return replace(
            self.whole,
            paragraphs=tuple(each for each in self.whole.paragraphs if self.bare(each) is None),
        )

    def bare(self, paragraph: Paragraph) -> str | None:
        """The leaf that is all there is to a paragraph of `whole`, or None."""
        condition = paragraph.condition
        while isinstance(condition, (All, AnyOf)) and len(condition.items) == 1:
            condition = condition.items[0]
        is_leaf = isinstance(condition, Compare) and condition.metric.startswith(_LEAF)
        return condition.metric if isinstance(condition, Compare) and is_leaf else None


def of_systems(rules: Rulebook) -> SystemLaw:
    """The law of a rulebook on systems; paragraphs on systems are added unless rules are named.

    Made once; the `whole` of a law has the same law. Raises TppError for a paragraph on systems
    that tests a metric of one circuit.
    """
    if "systems" not in rules.derived:
        law = _of_systems(rules)
        rules.derived["systems"] = law.whole.derived["systems"] = law
    found: SystemLaw = rules.derived["systems"]
    return found


def _of_systems(rules: Rulebook) -> SystemLaw:
    expander = _SystemExpander(rules.specs, rules.rules, rules.as_of, rules.destination)
    paragraphs = tuple(select(expander, rules.named, rules.admitted, SCOPES))
    below = Expander(rules.specs, rules.rules, rules.as_of, rules.destination)
    circuit = tuple(below.paragraph(*identity) for identity in expander.asked)
    names = [leaf(each.id) for each in circuit]
    vocabulary = rules.vocabulary.with_booleans(names, "some single circuit meets the paragraph")
    formulas = vocabulary.formulas(rules.readings).of_systems()
    for paragraph in paragraphs:
        _check(paragraph, formulas)
    return SystemLaw(
        replace(
            rules,
            paragraphs=paragraphs,
            vocabulary=vocabulary,
            formulas=formulas,
            hash=_hash(rules, paragraphs),
        ),
        replace(rules, paragraphs=circuit, hash=_hash(rules, circuit)),
    )


class _SystemExpander(Expander):
    """Expands paragraphs on systems; those on circuits become leaves, and are `asked`."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: dict[tuple[str, str], None] = {}

    def expanded(self, rule: str, local: str) -> Condition:
        data = self.written(rule, local)
        if data is None or data["scope"] not in DEFAULT_SCOPES:
            return super().expanded(rule, local)
        self.asked.setdefault((rule, local))
        identity = f"{rule}/{local}"
        return Compare(leaf(identity), ">=", Fraction(1), f"any single circuit in {identity}")


def _check(paragraph: Paragraph, formulas: Formulas) -> None:
    for each in leaves_of(paragraph.condition):
        if isinstance(each, Compare):
            try:
                formulas.check(each.metric)
            except FormulaError as error:
                raise TppError(f"{paragraph.id}: {error}") from None


def _hash(rules: Rulebook, paragraphs: tuple[Paragraph, ...]) -> str:
    return content_hash(
        rules.specs, rules.as_of, rules.destination, rules.readings, paragraphs, rules.amended
    )
