"""Formulas over axes, in a normal form that shows what they share.

A form is a quantity or a metric of a design as a function of its place on some axes, with values in
[0, inf]. Forms are interned: the same formula is the same object. Constant factors stand outside
(16 * cores * clock is a multiple of cores * clock), so that axes and sums come in whole numbers
without a common divisor: small ones, for arithmetic of 64 bits. Sums, products and maxima are flat,
and what the ranges of the axes decide is folded, so that many metrics of a law become one form with
many thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

from tppcore.engine.counting.ratios import MOST_BITS, Number, Ratios, TooLong
from tppcore.engine.exact import holds

if TYPE_CHECKING:
    from tppcore.engine.counting.axes import Axis


class Kind(Enum):
    CONST = "const"
    LEAF = "leaf"
    SCALE = "scale"
    SUM = "sum"
    PRODUCT = "product"
    QUOTIENT = "quotient"
    MAX = "max"
    MIN = "min"
    SELECT = "select"


MOST_FACTORS = 1 << 12
"""Of a product: quantities that are squares of each other would double them without end."""

FLAT = (Kind.SUM, Kind.PRODUCT, Kind.MAX, Kind.MIN)
"""Operations whose operands may be grouped at will."""


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One operation on other forms.

    `low` and `high` bound its values; `axes` are those it depends on. SCALE is `coefs[0]` times
    `args[0]`; SUM is `value` plus each argument times its coefficient; SELECT is `args[2]` where
    `args[0] op args[1]`, else `args[3]`. A LEAF has a value for each place on its one axis.
    """

    kind: Kind
    args: tuple[Form, ...]
    axes: frozenset[Axis]
    low: Number
    high: Number
    serial: int
    value: Number = 0
    coefs: tuple[Fraction, ...] = ()
    op: str = ""
    leaf: Ratios | None = None

    @property
    def axis(self) -> Axis:
        """The axis of a leaf."""
        (found,) = self.axes
        return found


def times(a: Number, b: Number) -> Number:
    """The product, where 0 times infinity is 0."""
    return Fraction(0) if a == 0 or b == 0 else a * b


def over(a: Number, b: Number) -> Number:
    """The quotient, where 0 / 0 is 0, x / 0 infinity and x / infinity 0."""
    if a == 0 or b == math.inf:
        return Fraction(0)
    return math.inf if b == 0 or a == math.inf else Fraction(a) / Fraction(b)


def common(values: Iterable[Number]) -> Fraction:
    """The largest number that finite ones are whole multiples of; 1 if all of them are 0."""
    exact = [Fraction(each) for each in values]
    unit = math.lcm(*{each.denominator for each in exact})
    shared = math.gcd(*(each.numerator * (unit // each.denominator) for each in exact))
    return Fraction(shared, unit) or Fraction(1)


_SERIALS = count()


class Forms:
    """Makes forms, and keeps each once."""

    def __init__(self) -> None:
        self._kept: dict[object, Form] = {}
        self._leaves: dict[tuple[Axis, str], Form] = {}
        self._collapsed: dict[Form, Form] = {}
        self.zero, self.one = self.constant(0), self.constant(1)
        self.endless = self.constant(math.inf)

    def _keep(
        self,
        kind: Kind,
        args: tuple[Form, ...],
        low: Number,
        high: Number,
        *,
        value: Number = 0,
        coefs: tuple[Fraction, ...] = (),
        op: str = "",
    ) -> Form:
        key = (kind, args, value, coefs, op)
        found = self._kept.get(key)
        if found is None:
            for each in (low, high):
                if isinstance(each, Fraction) and (
                    max(each.numerator.bit_length(), each.denominator.bit_length()) > MOST_BITS
                ):
                    raise TooLong(f"a number of more than {MOST_BITS} bits")
            axes = frozenset().union(*(each.axes for each in args))
            found = Form(kind, args, axes, low, high, next(_SERIALS), value, coefs, op)
            self._kept[key] = found
        return found

    def constant(self, value: Number) -> Form:
        value = value if value == math.inf else Fraction(value)
        return self._keep(Kind.CONST, (), value, value, value=value)

    def leaf(self, axis: Axis, name: str, values: Sequence[Number]) -> Form:
        """What an axis has at its places; `name` tells the leaves of one axis apart."""
        found = self._leaves.get((axis, name))
        if found is None:
            found = self._leaves[axis, name] = self._leaf(axis, values)
        return found

    def _leaf(self, axis: Axis, values: Sequence[Number]) -> Form:
        unit = common(value for value in values if value != math.inf)
        # Whole numbers: fractions would take seconds for a million places.
        top, bottom = unit.numerator, unit.denominator
        whole: list[int | float] = [
            math.inf
            if value == math.inf
            else Fraction(value).numerator * bottom // (Fraction(value).denominator * top)
            for value in values
        ]
        least, most = min(whole), max(whole)
        if least == most:
            return self.constant(values[0])
        low, high = (each if each == math.inf else Fraction(each) for each in (least, most))
        axes, values_of = frozenset([axis]), Ratios.whole(whole)
        leaf = Form(Kind.LEAF, (), axes, low, high, next(_SERIALS), leaf=values_of)
        return self.scale(unit, leaf)

    def derived(self, axis: Axis, source: Form) -> Form:
        """The leaf of an axis that stands for all places of a form."""
        axes = frozenset([axis])
        return Form(Kind.LEAF, (), axes, source.low, source.high, next(_SERIALS))

    def collapsed(self, source: Form, make: Callable[[Form], Axis]) -> Form:
        """The leaf of the axis that `make` makes of a form; made once."""
        if source not in self._collapsed:
            self._collapsed[source] = self.derived(make(source), source)
        return self._collapsed[source]

    def scratch(self) -> Forms:
        """The same forms, to make more of that are forgotten with it: plans make many, and the
        values of derived axes are large."""
        made = copy(self)
        made._kept, made._collapsed = dict(self._kept), {}
        return made

    def scale(self, coef: Fraction, form: Form) -> Form:
        if coef == 1 or form is self.endless or form is self.zero:
            return self.zero if coef == 0 else form
        if coef == 0:
            return self.zero
        if form.kind is Kind.CONST:
            return self.constant(times(coef, form.value))
        if form.kind is Kind.SCALE:
            return self.scale(coef * form.coefs[0], form.args[0])
        return self._keep(
            Kind.SCALE, (form,), times(coef, form.low), times(coef, form.high), coefs=(coef,)
        )

    @staticmethod
    def unscaled(form: Form) -> tuple[Fraction, Form]:
        """A form as a factor times one that has none."""
        if form.kind is Kind.SCALE:
            return form.coefs[0], form.args[0]
        return Fraction(1), form

    def product(self, *forms: Form) -> Form:
        coef, endless = Fraction(1), False
        factors: list[Form] = []
        for each in forms:
            own, base = self.unscaled(each)
            coef *= own
            if base is self.zero:
                return self.zero
            if base is self.endless:
                endless = True
            elif base.kind is Kind.CONST:
                coef *= Fraction(base.value)
            else:
                factors += base.args if base.kind is Kind.PRODUCT else (base,)
            if len(factors) > MOST_FACTORS:
                raise TooLong(f"a product of more than {MOST_FACTORS} factors")
        endless = endless or self.endless in factors
        factors = sorted((f for f in factors if f is not self.endless), key=_serial)
        if endless:
            if all(each.low > 0 for each in factors):
                return self.endless
            if any(each.high == 0 for each in factors):
                return self.zero
            factors.append(self.endless)
        if len(factors) < 2:
            return self.scale(coef, factors[0]) if factors else self.constant(coef)
        low: Number = Fraction(1)
        high: Number = Fraction(1)
        for each in factors:
            low, high = times(low, each.low), times(high, each.high)
        return self.scale(coef, self._keep(Kind.PRODUCT, tuple(factors), low, high))

    def sum(self, *forms: Form) -> Form:
        constant, coefs = Fraction(0), dict[Form, Fraction]()
        for each in forms:
            if each is self.endless:
                return self.endless
            own, base = self.unscaled(each)
            parts = [(own, base)]
            if base.kind is Kind.CONST:
                constant, parts = constant + Fraction(base.value) * own, []
            elif base.kind is Kind.SUM:
                constant += own * Fraction(base.value)
                parts = [(own * c, f) for c, f in zip(base.coefs, base.args, strict=True)]
            for coef, form in parts:
                coefs[form] = coefs.get(form, Fraction(0)) + coef
        if not coefs:
            return self.constant(constant)
        args = tuple(sorted(coefs, key=_serial))
        if len(args) == 1 and constant == 0:
            return self.scale(coefs[args[0]], args[0])
        # A common factor outside: 2 a + 4 b is twice a + 2 b.
        unit = common([constant, *coefs.values()])
        own_coefs = tuple(coefs[each] / unit for each in args)
        low: Number = constant / unit
        high: Number = constant / unit
        for coef, form in zip(own_coefs, args, strict=True):
            low, high = low + times(coef, form.low), high + times(coef, form.high)
        made = self._keep(Kind.SUM, args, low, high, value=constant / unit, coefs=own_coefs)
        return self.scale(unit, made)

    def quotient(self, a: Form, b: Form) -> Form:
        """a / b, where 0 / 0 is 0, x / 0 infinity and x / infinity 0."""
        (one, top), (two, bottom) = self.unscaled(a), self.unscaled(b)
        if top is self.zero or bottom is self.endless:
            return self.zero
        if bottom is self.zero:
            return self.product(a, self.endless)
        if bottom.kind is Kind.CONST:
            return self.scale(one / two / Fraction(bottom.value), top)
        if top is self.endless and bottom.high < math.inf:
            return self.endless
        if top is bottom and bottom.low > 0 and bottom.high < math.inf:
            return self.constant(one / two)
        if top.kind is Kind.CONST and top is not self.endless:
            one, top = one * Fraction(top.value), self.one
        low, high = over(top.low, bottom.high), over(top.high, bottom.low)
        return self.scale(one / two, self._keep(Kind.QUOTIENT, (top, bottom), low, high))

    def maximum(self, *forms: Form) -> Form:
        return self._extreme(Kind.MAX, forms)

    def minimum(self, *forms: Form) -> Form:
        return self._extreme(Kind.MIN, forms)

    def _extreme(self, kind: Kind, forms: Iterable[Form]) -> Form:
        pick = max if kind is Kind.MAX else min
        parts: list[Form] = []
        for each in forms:
            own, base = self.unscaled(each)
            flat = base.args if base.kind is kind else (base,)
            parts += [self.scale(own, one) for one in flat]
        coefs: dict[Form, Fraction] = {}
        constant: Number | None = None
        for each in parts:
            own, base = self.unscaled(each)
            if base.kind is Kind.CONST:
                constant = base.value if constant is None else pick(constant, base.value)
            else:
                coefs[base] = pick(coefs.get(base, own), own)
        kept = [self.scale(coef, base) for base, coef in coefs.items()]
        if constant is not None:
            kept.append(self.constant(constant))
        # What another one always beats never counts.
        if kind is Kind.MAX:
            least = max(each.low for each in kept)
            firm = next(each for each in kept if each.low == least)
            kept = [each for each in kept if each is firm or each.high > least]
        else:
            most = min(each.high for each in kept)
            firm = next(each for each in kept if each.high == most)
            kept = [each for each in kept if each is firm or each.low < most]
        if len(kept) == 1:
            return kept[0]
        unit = self._unit(kept)
        kept = sorted((self.scale(1 / unit, each) for each in kept), key=_serial)
        low, high = pick(each.low for each in kept), pick(each.high for each in kept)
        return self.scale(unit, self._keep(kind, tuple(kept), low, high))

    def _unit(self, forms: Iterable[Form]) -> Fraction:
        """The common factor of some forms."""
        finite = (each for each in forms if each is not self.endless)
        return common(
            each.value if each.kind is Kind.CONST else self.unscaled(each)[0] for each in finite
        )

    def select(self, left: Form, op: str, right: Form, a: Form, b: Form) -> Form:
        """a where `left op right` (>=, >, <, <=), else b."""
        if op in ("<", "<="):
            return self.select(left, ">=" if op == "<" else ">", right, b, a)
        if a is b or compare(left.low, op, right.high):
            return a
        if not compare(left.high, op, right.low):
            return b
        unit = self._unit([a, b])
        a, b = self.scale(1 / unit, a), self.scale(1 / unit, b)
        low, high = min(a.low, b.low), max(a.high, b.high)
        return self.scale(unit, self._keep(Kind.SELECT, (left, right, a, b), low, high, op=op))

    def rebuilt(self, form: Form, args: tuple[Form, ...]) -> Form:
        """The same operation on other arguments."""
        if args == form.args:
            return form
        match form.kind:
            case Kind.SCALE:
                return self.scale(form.coefs[0], args[0])
            case Kind.SUM:
                terms = [self.scale(c, each) for c, each in zip(form.coefs, args, strict=True)]
                return self.sum(self.constant(form.value), *terms)
            case Kind.PRODUCT:
                return self.product(*args)
            case Kind.QUOTIENT:
                return self.quotient(*args)
            case Kind.MAX | Kind.MIN:
                return self._extreme(form.kind, args)
            case Kind.SELECT:
                left, right, a, b = args
                return self.select(left, form.op, right, a, b)
            case _:
                return form

    def replaced(self, roots: Sequence[Form], mapping: Mapping[Form, Form]) -> list[Form]:
        """The roots with some forms replaced."""
        return self.rewritten(
            roots, lambda form, args: mapping.get(form) or self.rebuilt(form, args)
        )

    @staticmethod
    def rewritten(
        roots: Sequence[Form], rewrite: Callable[[Form, tuple[Form, ...]], Form]
    ) -> list[Form]:
        """The roots with every form under them rewritten, given it and its rewritten arguments."""
        memo: dict[Form, Form] = {}
        for form in under(roots):
            memo[form] = rewrite(form, tuple([memo[each] for each in form.args]))
        return [memo[root] for root in roots]


def compare(a: Number, op: str, b: Number) -> bool:
    """a op b, with infinity equal to itself."""
    return holds(a, op, b)  # type: ignore[arg-type]


def _serial(form: Form) -> int:
    return form.serial


def under(roots: Iterable[Form]) -> dict[Form, None]:
    """All forms that the roots are made of, arguments first."""
    found: dict[Form, None] = {}
    pending = [(root, False) for root in roots]
    while pending:
        form, ready = pending.pop()
        if form in found:
            continue
        if ready or not form.args:
            found[form] = None
            continue
        pending.append((form, True))
        pending += [(each, False) for each in form.args]
    return found
