"""A design space as data: axes, and quantities as formulas over them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from tppcore.engine.counting import verdicts as counting
from tppcore.engine.counting.axes import Axis
from tppcore.engine.counting.forms import Form, Forms, Kind
from tppcore.engine.counting.lowering import Lowered, Range
from tppcore.engine.counting.ratios import TooLong
from tppcore.engine.exact import Interval
from tppcore.rules.store import specs
from tppcore.rules.vocabulary import QuantitySpec, nearest
from tppcore.sources.design.axis import AxisSpec
from tppcore.sources.design.formula import Formula, FormulaError

_ENDS = ("_low", "_high")


class DesignError(ValueError):
    """Something in a space that can't be used; `key` is where in its file, `at` where in `item`."""

    def __init__(
        self, key: tuple[str, ...], message: str, item: object = None, at: int = 0
    ) -> None:
        self.key, self.item, self.at = key, item if isinstance(item, str) else None, at
        super().__init__(message)


@dataclass(frozen=True)
class Design:
    """A space before any law: axes (that of chips, if there is one, first), constants, formulas by
    quantity (or QUANTITY_low, QUANTITY_high), and how many chips make a system, if designs are
    systems. Places are numbered with the last axis fastest."""

    axes: tuple[AxisSpec, ...]
    constants: Mapping[str, Fraction]
    formulas: Mapping[str, Formula]
    count: Formula | None = None

    @property
    def chip_axis(self) -> AxisSpec | None:
        """The axis of chips."""
        return self.axes[0] if self.axes and self.axes[0].chips else None

    @property
    def plain_axes(self) -> tuple[AxisSpec, ...]:
        """The other axes."""
        return self.axes[1:] if self.chip_axis else self.axes

    @cached_property
    def size(self) -> int:
        """How many designs there are."""
        return math.prod(axis.size for axis in self.axes)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The space chip by chip; itself, if it has none. Raises DesignError."""
        if self.chip_axis is None:
            return (Part(self, None),)
        return tuple(Part(self, identity) for identity in self.chip_axis.chips)


class Part:
    """The designs with one chip: a product of plain axes, over which quantities are forms."""

    def __init__(self, design: Design, chip: str | None) -> None:
        from tppcore.sources.chips import catalogue, chip_of_row

        self.design = design
        self.forms = Forms()
        self.axes = tuple(_counting(spec) for spec in design.plain_axes)
        self.places = dict(zip((a.name for a in design.plain_axes), self.axes, strict=True))
        self.chip = None if chip is None else chip_of_row(catalogue()[0][chip])
        self._specs = {axis.name: axis for axis in design.plain_axes}
        self._found: dict[str, Range | None] = {}
        self._open: list[str] = []
        quantities = specs().vocabulary.quantities
        names = [name for name in self._specs if name in quantities]
        for key in design.formulas:
            base = _base(key, quantities)
            if base not in names:
                names.append(base)
        stated = self.chip.quantities if self.chip and design.count is None else {}
        self.ranges: dict[str, Range] = {}
        for name in dict.fromkeys((*names, *stated)):
            found = self._quantity(name)
            if found is not None:
                self._check(name, quantities[name], found)
                self.ranges[name] = found
        self.count = None
        if design.count is not None:
            self.count = self._formula(("system", "count"), design.count)

    def leaf(self, name: str) -> Form:
        """The values of a plain axis."""
        return self.forms.leaf(self.places[name], "value", self._specs[name].values)

    def place(self, name: str) -> Form:
        """The number of the place on a plain axis."""
        places = [Fraction(i) for i in range(self._specs[name].size)]
        return self.forms.leaf(self.places[name], "place", places)

    def constant(self, interval: Interval) -> Range:
        """A figure of a chip."""
        return Range(self.forms.constant(interval.low), self.forms.constant(interval.high))

    def _quantity(self, name: str) -> Range | None:
        """A quantity by its formula, an axis of its name, or the chip; None where it is missing."""
        design = self.design
        if name in self._found:
            return self._found[name]
        if name in self._open:
            raise DesignError(("quantities", name), f"{name} is defined by itself")
        self._open.append(name)
        if name in design.formulas:
            found = self._formula(("quantities", name), design.formulas[name])
        elif any(name + end in design.formulas for end in _ENDS):
            found = self._ends(name)
        elif name in self._specs:
            form = self.leaf(name)
            found = Range(form, form)
        elif self.chip is not None and name in self.chip.quantities:
            found = self.constant(self.chip.quantities[name])
        else:
            found = None
        self._open.pop()
        self._found[name] = found
        return found

    def _ends(self, name: str) -> Range:
        ends = []
        for end, default in zip(_ENDS, (self.forms.zero, self.forms.endless), strict=True):
            formula = self.design.formulas.get(name + end)
            found = None
            if formula is not None:
                found = self._formula(("quantities", name + end), formula)
            ends.append(default if found is None else found.low if end == "_low" else found.high)
        low, high = ends
        if _exceeds(self.forms, low, high):
            raise DesignError(
                ("quantities", f"{name}_low"),
                f"{name}_low comes to more than {name}_high; expected a range whose low end is not "
                "above its high",
            )
        return Range(low, high)

    def _formula(self, key: tuple[str, ...], formula: Formula) -> Range | None:
        try:
            return formula.range(self.forms, lambda name: self._named(key, formula, name))
        except ZeroDivisionError:
            raise DesignError(
                key,
                f"{formula.text!r} divides by what may be 0; expected a divisor above 0",
                formula.text,
            ) from None
        except TooLong as error:
            raise DesignError(key, f"{formula.text!r} comes to {error}", formula.text) from None

    def _named(self, key: tuple[str, ...], formula: Formula, name: str) -> Range | None:
        design = self.design
        if name in self._specs:
            form = self.leaf(name)
            return Range(form, form)
        if name in design.constants:
            form = self.forms.constant(design.constants[name])
            return Range(form, form)
        owner, _, quantity = name.rpartition(".")
        vocabulary = specs().vocabulary.quantities
        if (
            design.chip_axis is not None
            and owner == design.chip_axis.name
            and quantity in vocabulary
        ):
            assert self.chip is not None
            interval = self.chip.quantities.get(quantity)
            return None if interval is None else self.constant(interval)
        if name in design.formulas or any(name + end in design.formulas for end in _ENDS):
            return self._quantity(name)
        known = [*self._specs, *design.constants, *design.formulas]
        if design.chip_axis is not None:
            known.append(f"{design.chip_axis.name}.QUANTITY")
        raise DesignError(
            key,
            f"unknown name {name!r}; expected one of {', '.join(known)}",
            formula.text,
            formula.names.get(name, 0),
        )

    def _check(self, name: str, spec: QuantitySpec, found: Range) -> None:
        key = ("quantities", name) if name in self.design.formulas else ("axes", name)
        for form in (found.low, found.high):
            if spec.kind == "boolean" and not _is_boolean(form):
                raise DesignError(
                    key, f"{name} is a boolean; expected true, false or an axis of them"
                )
            if form.high != math.inf and form.high > 10**24:
                raise DesignError(
                    key, f"{name} comes to more than 1e24; expected a quantity up to that"
                )
        if spec.positive and found.low is found.high and found.low.low == 0:
            raise DesignError(key, f"{name} comes to 0; expected a number above 0")


def _exceeds(forms: Forms, low: Form, high: Form) -> bool:
    """Whether one form is anywhere above another: places where their ratio passes 1 are counted."""
    ratio = forms.quotient(low, high)
    if ratio.high <= 1 or not ratio.axes:
        return ratio.low > 1
    lowered = Lowered((ratio,), (((Fraction(1), True),),), (), ())
    found = counting.plan(forms, lowered, ())
    (table,) = counting.tables(found, ())
    return bool((table.places[table.counts != 0] == 1).any())


def _is_boolean(form: Form) -> bool:
    match form.kind:
        case Kind.CONST:
            return form.value in (0, 1)
        case Kind.LEAF:
            assert form.leaf is not None
            return set(form.leaf.fractions()) <= {0, 1}
        case Kind.SELECT:
            return all(map(_is_boolean, form.args[2:]))
        case Kind.MAX | Kind.MIN | Kind.PRODUCT:
            return all(map(_is_boolean, form.args))
        case _:
            return False


def _counting(spec: AxisSpec) -> Axis:
    """An axis to count over, its weights as whole numbers."""
    if spec.weights is None:
        return Axis(spec.name, spec.size)
    unit = math.lcm(*(each.denominator for each in spec.weights))
    whole = [int(each * unit) for each in spec.weights]
    shared = math.gcd(*whole)
    return Axis(spec.name, spec.size, [each // shared for each in whole])


def _base(key: str, quantities: Mapping[str, Any]) -> str:
    """The quantity that a key of [quantities] is about."""
    if key not in quantities and key.endswith(_ENDS):
        return key.rpartition("_")[0]
    return key


def checked_formulas(given: Mapping[str, Any]) -> dict[str, Formula]:
    """Formulas by quantity from text, numbers and booleans. Raises DesignError."""
    quantities = specs().vocabulary.quantities
    found = {}
    for key, value in given.items():
        spec = quantities.get(_base(key, quantities))
        if spec is None or (spec.internal and spec.total is None):
            text = f"unknown quantity {key!r}; {nearest(key, quantities)}"
            raise DesignError(("quantities", key), text, key)
        if spec.name != key and spec.name in given:
            raise DesignError(
                ("quantities", key),
                f"{spec.name} and {key}; expected a value or a range, not both",
                key,
            )
        found[key] = formula_of(("quantities", key), value, spec)
    return found


def formula_of(key: tuple[str, ...], value: Any, spec: QuantitySpec | None = None) -> Formula:
    """A formula from what stands in a file or a dict. Raises DesignError."""
    from tppcore.errors import InputError
    from tppcore.sources.decimals import scalar

    if spec is not None and spec.kind in ("date", "category"):
        try:
            code = scalar(value, spec)
        except InputError as error:
            raise DesignError(key, str(error), value) from None
        assert code is not None
        return Formula(str(code))
    if isinstance(value, bool):
        return Formula(str(int(value)))
    text = (
        value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
    )
    try:
        return Formula(text)
    except FormulaError as error:
        raise DesignError(key, str(error), text, error.at) from None


def row(part: Part, places: Sequence[int]) -> dict[str, Interval]:
    """The quantities of one design of a part, by its place on each plain axis, exactly."""
    from tppcore.engine.counting.axes import evaluate

    window = {axis: slice(i, i + 1) for axis, i in zip(part.axes, places, strict=True)}
    forms = [form for each in part.ranges.values() for form in (each.low, each.high)]
    values = [ratio.fractions()[0] for ratio in evaluate(forms, part.axes, window)]
    return {
        name: Interval(Fraction(values[2 * i]), values[2 * i + 1])
        for i, name in enumerate(part.ranges)
    }
