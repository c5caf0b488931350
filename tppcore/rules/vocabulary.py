"""Quantities, formats, metrics and readings: the words in which the law is written as data."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from threading import RLock
from typing import Any

from tppcore.errors import UnknownName
from tppcore.rules.condition import Kind
from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    FormulaError,
    Max,
    Mul,
    NotApplicable,
    Quantity,
    Scope,
    parse,
)


@dataclass(frozen=True, slots=True)
class QuantitySpec:
    """One number of a spec sheet. `rate` marks the closed list of peak rates.

    `total` is how a system gets the quantity from its parts: "sum" or "largest" of the metric
    `item_metric(name)` of one item, with those of host processors if `with_hosts`. `densest` names
    the quantity of which as much counts as parts within a volume (cubic feet) have together.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    source: str
    positive: bool = False
    rate: bool = False
    internal: bool = False
    absent: Fraction | None = None
    words: tuple[str, ...] = ()
    format: str | None = None
    symbol: str | None = None
    total: str | None = None
    with_hosts: bool = False
    densest: tuple[str, Fraction] | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One number that the law computes; `formula` is text over quantities and other metrics, and
    `system` the one for a system, if it has the metric."""

    name: str
    title: str
    unit: str
    formula: str
    source: str
    internal: bool = False
    format: str | None = None
    symbol: str | None = None
    system: str | None = None


TOTALS = ("sum", "largest")


def item_metric(quantity: str) -> str:
    """The metric of one item that an aggregated quantity of a system sums up."""
    return f"item:{quantity}"


@dataclass(frozen=True, slots=True)
class Alternative:
    name: str
    bits: Mapping[str, Fraction] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    formula: Mapping[str, str] = field(default_factory=dict)
    open_unlisted: bool = False
    system: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question that the law leaves open, its default (the first alternative) and its source."""

    name: str
    question: str
    basis: str
    source: str
    alternatives: tuple[Alternative, ...]


class Vocabulary:
    """All quantities, metrics and readings, from the data of the three files."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.formats: dict[str, Fraction] = {
            each["name"]: Fraction(each["bits"]) for each in data["formats"]
        }
        self.quantities: dict[str, QuantitySpec] = {}
        for entry in data["quantities"]:
            for spec in self._quantities(entry):
                self.quantities[spec.name] = spec
        self.metrics: dict[str, MetricSpec] = {}
        for entry in data["metrics"]:
            for metric in self._metrics(entry):
                self.metrics[metric.name] = metric
        for entry in data["quantities"]:
            for metric in self._item_metrics(entry):
                self.metrics[metric.name] = metric
        self.readings: dict[str, Reading] = {
            entry["name"]: Reading(
                entry["name"],
                entry["question"],
                entry["basis"],
                entry["source"],
                tuple(
                    Alternative(
                        each["name"],
                        {name: Fraction(bits) for name, bits in each.get("bits", {}).items()},
                        tuple(each.get("leave_out", ())),
                        each.get("formula", {}),
                        each.get("open_unlisted", False),
                        each.get("system", {}),
                    )
                    for each in entry["alternatives"]
                ),
            )
            for entry in data["readings"]
        }

    def _quantities(self, entry: Mapping[str, Any]) -> list[QuantitySpec]:
        formats: list[str | None] = list(self.formats) if entry.get("per_format") else [None]
        words = tuple(entry.get("words", ()))
        absent, densest = entry.get("absent"), entry.get("densest")
        if absent is not None:
            absent = Fraction(words.index(absent)) if words else Fraction(absent)
        return [
            QuantitySpec(
                entry["name"].format(format=each),
                entry.get("kind", "number"),
                entry.get("unit", ""),
                entry["meaning"].format(format=each),
                entry["source"],
                entry.get("positive", False),
                entry.get("rate", False),
                entry.get("internal", False),
                absent,
                words,
                each,
                entry.get("symbol"),
                next((how for how in TOTALS if how in entry), None),
                entry.get("with_hosts", False),
                (densest, Fraction(entry["within_ft3"])) if densest else None,
                entry.get("title", entry["name"].format(format=each).replace("_", " ")),
            )
            for each in formats
        ]

    def _item_metrics(self, entry: Mapping[str, Any]) -> list[MetricSpec]:
        formula = next((entry[how] for how in TOTALS if how in entry), None)
        if formula is None:
            return []
        return [
            MetricSpec(
                item_metric(spec.name), "", spec.unit, formula, spec.source, True, spec.format
            )
            for spec in self._quantities(entry)
        ]

    def _metrics(self, entry: Mapping[str, Any]) -> list[MetricSpec]:
        formats: list[str | None] = list(self.formats) if entry.get("per_format") else [None]
        return [
            MetricSpec(
                entry["name"] if each is None else f"{entry['name']}_{each}",
                entry.get("title", entry["name"].replace("_", " "))
                + (f" at {each}" if each else ""),
                entry["unit"],
                entry["formula"],
                entry["source"],
                entry.get("internal", False),
                each,
                entry.get("symbol"),
                entry.get("system"),
            )
            for each in formats
        ]

    def with_booleans(self, names: Iterable[str], meaning: str) -> Vocabulary:
        """The same words and some more boolean quantities."""
        made = copy.copy(self)
        made.quantities = {
            **self.quantities,
            **{name: QuantitySpec(name, "boolean", "", meaning, "") for name in names},
        }
        return made

    @cached_property
    def totals(self) -> tuple[QuantitySpec, ...]:
        """The quantities that a system gets from its parts."""
        return tuple(spec for spec in self.quantities.values() if spec.total)

    @cached_property
    def rates(self) -> tuple[str, ...]:
        """The closed list of peak rates, in the order of the file."""
        return tuple(spec.name for spec in self.quantities.values() if spec.rate)

    def kind(self, name: str) -> Kind | None:
        """What a name in a test is; None if there is neither a metric nor a quantity."""
        if name in self.metrics:
            return Kind("number")
        spec = self.quantities.get(name)
        return Kind(spec.kind, spec.words) if spec else None

    def choose(self, readings: Mapping[str, str] | None) -> dict[str, str]:
        """Every reading with its alternative: those given, else the defaults."""
        chosen = {name: each.alternatives[0].name for name, each in self.readings.items()}
        for name, alternative in (readings or {}).items():
            if name not in self.readings:
                raise UnknownName(
                    f"unknown reading {name!r}; expected one of {', '.join(self.readings)}"
                )
            names = [each.name for each in self.readings[name].alternatives]
            if str(alternative) not in names:
                raise UnknownName(
                    f"unknown alternative {alternative!r} of reading {name}; "
                    f"expected one of {', '.join(names)}"
                )
            chosen[name] = str(alternative)
        return chosen

    def formulas(self, readings: Mapping[str, str]) -> Formulas:
        """The metrics as the chosen readings define them."""
        chosen = [
            each
            for name, reading in self.readings.items()
            for each in reading.alternatives
            if each.name == readings[name]
        ]
        return Formulas(self, chosen)


class Formulas:
    """Metrics as trees over quantities, under one choice of readings."""

    def __init__(self, vocabulary: Vocabulary, chosen: list[Alternative]) -> None:
        self.vocabulary, self._chosen = vocabulary, chosen
        left_out = {name for each in chosen for name in each.leave_out}
        self._formats = [name for name in vocabulary.formats if name not in left_out]
        self._bits = dict(vocabulary.formats)
        self._text: dict[str, str] = {}
        for each in chosen:
            self._bits.update(each.bits)
            self._text.update(each.formula)
        self.open_unlisted = any(each.open_unlisted for each in chosen)
        self._trees: dict[str, Expr] = {}
        self._open: list[str] = []
        self._lock = RLock()
        named: list[QuantitySpec | MetricSpec] = [
            *vocabulary.quantities.values(),
            *vocabulary.metrics.values(),
        ]
        self._indexed = {(spec.symbol, spec.format): spec.name for spec in named if spec.symbol}
        self._scope = Scope(
            self._formats,
            self._bits,
            self.tree,
            lambda symbol, format: self.tree(self._indexed[symbol, format]),
            lambda name: (
                (spec := vocabulary.quantities.get(name)) is not None and spec.kind == "boolean"
            ),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.vocabulary, self._chosen)

    def tree(self, name: str) -> Expr:
        """The tree of a metric, or of a quantity as its own metric. KeyError if there is none."""
        if name in self._trees:
            return self._trees[name]
        # Rulebooks are shared by threads, and `_open` finds cycles of one of them at a time.
        with self._lock:
            return self._trees.setdefault(name, self._tree(name))

    def _tree(self, name: str) -> Expr:
        if name in self._trees:
            return self._trees[name]
        if name in self._open:
            raise FormulaError(f"metric {name!r} is defined by itself; expected no cycle")
        metric = self.vocabulary.metrics.get(name)
        if metric is None:
            self.vocabulary.quantities[name]
            return Quantity(name)
        self._open.append(name)
        try:
            if metric.format and metric.format not in self._formats:
                return Const(Fraction(0))
            return parse(self.text(name), self._scope, metric.format)
        finally:
            self._open.pop()

    def of_systems(self) -> Formulas:
        """The same readings, for the metrics of systems."""
        return SystemFormulas(self.vocabulary, self._chosen)

    def check(self, *names: str) -> None:
        """Raises FormulaError for a metric (of all, if none is named) without a sound formula."""
        for name in names or self.vocabulary.metrics:
            self._check_applicable(name, self.tree(name))

    def is_positive(self, expr: Expr) -> bool:
        """Whether an expression is provably above 0, by what its quantities are declared to be."""
        match expr:
            case Const(value):
                return value > 0
            case Quantity(name):
                spec = self.vocabulary.quantities.get(name)
                return spec is not None and spec.positive and spec.absent != 0
            case Add(a, b):
                return self.is_positive(a) or self.is_positive(b)
            case Max(args):
                return any(map(self.is_positive, args))
            case Mul(a, b) | Div(a, b) | Choice(_, _, _, a, b):
                return self.is_positive(a) and self.is_positive(b)
            case _:
                return False

    def _check_applicable(self, name: str, tree: Expr) -> None:
        # A metric that does not apply has no value to add or compare inside another formula, so
        # only the root of a metric, or a branch of a choice there, may fail to apply.
        match tree:
            case Choice(_, _, _, a, b):
                self._check_applicable(name, a)
                self._check_applicable(name, b)
            case Div(a, b):
                parts: tuple[Expr, ...] = (a, b)
            case Add(a, b) | Mul(a, b):
                parts = (a, b)
            case Max(args):
                parts = args
            case _:
                parts = ()
        if not isinstance(tree, Choice) and any(map(self._may_not_apply, parts)):
            raise FormulaError(
                f"metric {name!r} may not apply inside its formula; expected not_applicable, or a "
                "division by what may be 0, at the end of a formula only"
            )

    def _may_not_apply(self, expr: Expr) -> bool:
        match expr:
            case NotApplicable():
                return True
            case Div(a, b):
                return not self.is_positive(b) or self._may_not_apply(a) or self._may_not_apply(b)
            case Add(a, b) | Mul(a, b) | Choice(_, _, _, a, b):
                return self._may_not_apply(a) or self._may_not_apply(b)
            case Max(args):
                return any(map(self._may_not_apply, args))
            case _:
                return False

    def text(self, name: str) -> str:
        """The formula of a metric as written, under these readings."""
        return self._text.get(name, self.vocabulary.metrics[name].formula)


def nearest(name: str, quantities: Iterable[str]) -> str:
    """What may have been meant by the name of a quantity that does not exist."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(quantities), 3)
    return f"did you mean {' or '.join(near)}?" if near else "expected one of specs/quantities.toml"


class SystemFormulas(Formulas):
    """Metrics of systems as trees over the quantities of systems."""

    def __init__(self, vocabulary: Vocabulary, chosen: list[Alternative]) -> None:
        super().__init__(vocabulary, chosen)
        self._text = {name: text for each in chosen for name, text in each.system.items()}

    def text(self, name: str) -> str:
        """The formula of a metric as written. Raises FormulaError where a system has none."""
        system = self.vocabulary.metrics[name].system
        if system is None:
            raise FormulaError(
                f"{name} is a metric of one circuit, and a system has none; expected a metric of "
                "systems, such as largest_circuit_tpp, or a paragraph on circuits"
            )
        return self._text.get(name, system)
