"""Values as SQL text: decimals, sums, products, and the ends of a metric as quotients.

A database's DECIMAL has so many digits and no more, so every value knows how large it can be and
how many decimal places it has; `Digits` refuses what would not fit, before a row is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from tppcore.errors import TppError
from tppcore.program.decimals import decimal_parts

ZERO, ONE = Fraction(0), Fraction(1)
TRUE, FALSE = "TRUE", "FALSE"


class Digits:
    """The digits that values need; raises TppError beyond `limit` (None: there is no limit)."""

    def __init__(self, limit: int | None) -> None:
        self.limit, self.needed = limit, 1

    def check(self, most: Fraction, places: int) -> None:
        """Counts a value of at most `most` with so many decimal places."""
        needed = max(places, len(str(math.floor(most * 10**places))))
        self.needed = max(self.needed, needed)
        if self.limit is not None and needed > self.limit:
            raise TppError(
                f"exact products of these columns take {needed} digits, more than the "
                f"{self.limit} of a DECIMAL; expected fewer columns, or columns of fewer digits, "
                "such as --decimal 15,3"
            )


@dataclass(frozen=True, slots=True)
class Term:
    """A number in SQL that is never negative and never NULL.

    It is at most `most`, with at most `places` decimals. `given` is the same where it is known and
    NULL where it is not. `above` says when it is above 0, if that takes no comparison with 0.
    `greatest`: the factors and terms that it is the greatest of.
    """

    sql: str
    most: Fraction
    places: int = 0
    given: str | None = None
    above: str | None = None
    greatest: tuple[tuple[Fraction, Term], ...] = ()

    @property
    def above_zero(self) -> str:
        return self.above or f"{self.sql} > 0"


NOTHING = Term("0", ZERO, above=FALSE)
UNIT = Term("1", ONE, above=TRUE)


def name(text: str) -> str:
    """A name, quoted."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text, quoted."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Fraction) -> str:
    """A decimal as it is written."""
    mantissa, exponent = decimal_parts(value)
    if exponent >= 0:
        return str(mantissa * 10**exponent)
    digits = str(mantissa).rjust(1 - exponent, "0")
    return f"{digits[:exponent]}.{digits[exponent:]}"


def all_of(conditions: Iterable[str]) -> str:
    """Conditions joined by AND."""
    found = [each for each in dict.fromkeys(conditions) if each != TRUE]
    return FALSE if FALSE in found else " AND ".join(found) or TRUE


def any_of(conditions: Iterable[str]) -> str:
    """Conditions joined by OR, in brackets if there are several."""
    found = [each for each in dict.fromkeys(conditions) if each != FALSE]
    if TRUE in found:
        return TRUE
    return f"({' OR '.join(found)})" if len(found) > 1 else "".join(found) or FALSE


def scaled(value: Fraction, term: Term) -> Term:
    """A decimal times a term."""
    if value == 1:
        return term
    if value == 0 or term.most == 0:
        return NOTHING
    places = max(0, -decimal_parts(value)[1]) + term.places
    sql = literal(value) if term == UNIT else f"{literal(value)} * {_factor(term)}"
    return Term(sql, value * term.most, places, above=term.above_zero)


def product(a: Term, b: Term) -> Term:
    """The product of two terms."""
    if UNIT in (a, b):
        return b if a == UNIT else a
    if a.most == 0 or b.most == 0:
        return NOTHING
    return Term(
        f"{_factor(a)} * {_factor(b)}",
        a.most * b.most,
        a.places + b.places,
        above=all_of([a.above_zero, b.above_zero]),
    )


def total(a: Term, b: Term) -> Term:
    """The sum of two terms."""
    if a.most == 0 or b.most == 0:
        return b if a.most == 0 else a
    return Term(
        f"({a.sql} + {b.sql})",
        a.most + b.most,
        max(a.places, b.places),
        above=any_of([a.above_zero, b.above_zero]),
    )


def greatest(parts: Iterable[tuple[Fraction, Term]]) -> Term:
    """The greatest of terms, each times a decimal."""
    found = tuple(dict.fromkeys(parts))
    terms = [scaled(factor, term) for factor, term in found]
    if len(terms) == 1:
        return terms[0]
    above = TRUE if any(term.above == TRUE for term in terms) else None
    return replace(_called("GREATEST", terms), above=above, greatest=found)


def least(a: Term, b: Term) -> Term:
    """The smaller of two terms."""
    return replace(_called("LEAST", [a, b]), above=all_of([a.above_zero, b.above_zero]))


def only_if(condition: str, term: Term, otherwise: str = "0") -> Term:
    """A term where a condition holds, and 0 (or 1) elsewhere."""
    if condition == TRUE or term.most == 0:
        return term
    sql = f"CASE WHEN {condition} THEN {term.sql} ELSE {otherwise} END"
    return Term(sql, max(term.most, Fraction(otherwise)), term.places)


def positive(term: Term) -> Term:
    """A term as a denominator: 1 where it is 0, which the conditions of a quotient leave out."""
    if term.above == TRUE:
        return term
    if term.given is not None and term.above is not None:
        return replace(term, sql=f"COALESCE({term.given}, 1)", most=max(term.most, ONE))
    return only_if(term.above_zero, term, "1")


def whole_factor(factors: Iterable[Fraction]) -> int:
    """The least whole number that makes decimals of all factors."""
    least_multiple = 1
    for each in factors:
        rest = each.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        least_multiple = math.lcm(least_multiple, rest)
    return least_multiple


def _called(function: str, terms: list[Term]) -> Term:
    # Terms are never NULL: databases differ in what a NULL among the arguments does.
    return Term(
        f"{function}({', '.join(term.sql for term in terms)})",
        max(term.most for term in terms),
        max(term.places for term in terms),
    )


def _factor(term: Term) -> str:
    return f"({term.sql})" if term.sql.startswith("CASE ") else term.sql
