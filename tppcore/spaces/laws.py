"""A part of a design space under a rulebook: the program, and the bounds of its inputs as forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from tppcore.engine.counting.forms import Form, Forms, Kind
from tppcore.engine.counting.lowering import Lowering, Range
from tppcore.engine.exact import Interval
from tppcore.engine.totals import Part as Counted
from tppcore.engine.totals import met, totals
from tppcore.errors import TppError
from tppcore.program.compile import compile as compile_program
from tppcore.program.program import Input, Program
from tppcore.rules.rulebook import Rulebook
from tppcore.rules.systems import SystemLaw, of_systems
from tppcore.sources.design.space import Design, Part


def rules_for(design: Design, rules: Rulebook) -> Rulebook:
    """The rulebook as the designs are asked: for systems its law on systems."""
    return rules if design.count is None else of_systems(rules).whole


def ranges(part: Part, rules: Rulebook) -> dict[str, Range]:
    """The quantities of the designs of a part; of systems the sums over their chips as well."""
    if part.count is None:
        return part.ranges
    law = of_systems(rules)
    assert part.chip is not None
    found = _totals(part, law)
    found.update(part.ranges)
    one = [Counted(part.chip.quantities, Interval(Fraction(1), Fraction(1)))]
    for name, verdict in zip(law.leaves, met(one, law.circuit), strict=True):
        if verdict is not None:
            form = part.forms.constant(Fraction(verdict))
            found[name] = Range(form, form)
    return found


def _totals(part: Part, law: SystemLaw) -> dict[str, Range]:
    assert part.count is not None
    assert part.chip is not None
    count, forms = part.count, part.forms
    if count.low.low < 1 or not _is_whole(count.low) or not _is_whole(count.high):
        raise TppError("[system] count: expected whole numbers from 1")
    one = [Counted(part.chip.quantities, Interval(Fraction(1), Fraction(1)))]
    found = {}
    for name, each in totals(one, law.circuit.formulas).items():
        own = part.constant(each)
        if law.whole.vocabulary.quantities[name].total == "sum":
            own = Range(forms.product(count.low, own.low), forms.product(count.high, own.high))
        if each != Interval(Fraction(0), float("inf")):
            found[name] = own
    return found


def _is_whole(form: Form) -> bool:
    match form.kind:
        case Kind.CONST:
            return form.value != float("inf") and Fraction(form.value).denominator == 1
        case Kind.LEAF:
            return form.leaf is not None and form.leaf.bottom.most == 1
        case Kind.SUM | Kind.SCALE | Kind.PRODUCT | Kind.MAX | Kind.MIN:
            coefs = all(c.denominator == 1 for c in form.coefs)
            whole = form.kind is not Kind.SUM or Fraction(form.value).denominator == 1
            return coefs and whole and all(map(_is_whole, form.args))
        case _:
            return False


def program_for(rules: Rulebook, stated: Iterable[str]) -> Program:
    """The program of a rulebook for designs that state these quantities (some or all of them)."""
    return compile_program(rules, stated)


def lowering(part: Part, program: Program, given: Mapping[str, Range]) -> Lowering:
    """A program over the designs of a part that state what is `given`."""
    any_rate = any(each.closed_list and each.quantity in given for each in program.inputs)
    inputs = [
        given[each.quantity] if each.quantity in given else _missing(each, part.forms, any_rate)
        for each in program.inputs
    ]
    return Lowering(part.forms, program, inputs)


def _missing(entry: Input, forms: Forms, any_rate: bool) -> Range:
    if entry.default is not None:
        default = forms.constant(entry.default)
        return Range(default, default)
    if entry.closed_list and any_rate and not entry.open_unlisted:
        return Range(forms.zero, forms.zero)
    return Range(forms.zero, forms.endless)
