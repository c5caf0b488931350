"""A ledger for people: a table a limit, the largest use first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from tppcore.engine.exact import Number
from tppcore.shipments.accounts import Account
from tppcore.shipments.groups import Count, Group
from tppcore.shipments.refused import Refused
from tppcore.sinks.numbers import approx

if TYPE_CHECKING:
    from tppcore.shipments.ledger import Ledger

_GROUPS, _ROWS, _FITTING, _STRANGE = 10, 10, 3, 5
"""How many groups of a limit, rows, products of a group and strange authorizations are shown."""

_WITHIN = {True: "yes", False: "no", None: "undetermined"}


def text(ledger: Ledger) -> str:
    """See `Ledger.__str__`."""
    return "\n".join(_lines(ledger)) + "\n"


def summary(ledger: Ledger) -> str:
    """How many rows were read and counted, in one line."""
    refused, partly = len(ledger.refused), len(ledger.partly)
    some = f", {partly:,} of them in part" if partly else ""
    return f"{ledger.rows:,} rows: {ledger.rows - refused:,} counted{some}, {refused:,} not counted"


def _lines(ledger: Ledger) -> Iterator[str]:
    of = f" of {ledger.file}" if ledger.file else ""
    yield f"Ledger{of} on {ledger.as_of}"
    yield summary(ledger)
    if ledger.not_said:
        yield (
            f"{ledger.not_said:,} rows do not say a known authorization: they count in every "
            "limit that they could use up"
        )
    if ledger.strange:
        known = ", ".join(map(repr, ledger.strange[:_STRANGE]))
        more = len(ledger.strange) - _STRANGE
        yield f"authorizations taken for not said: {known}" + (_and(more) if more > 0 else "")
    for product in ledger.products:
        if product.took:
            yield f"took {product.took}"
    yield "TPP is in TOPS x bit; H100: H100-equivalents, by TPP"
    for account in ledger.accounts:
        yield ""
        yield from _account(ledger, account)
    if ledger.not_in_force:
        yield ""
    for identity, dates in ledger.not_in_force.items():
        yield f"{identity}: not in force on {ledger.as_of} ({dates})"
    for title, refused in (
        ("rows not counted", ledger.refused),
        ("rows counted in part", ledger.partly),
    ):
        yield from _refused(title, refused)


def _account(ledger: Ledger, account: Account) -> Iterator[str]:
    paragraph = account.limit.paragraph
    yield f"{paragraph.id}: {paragraph.title}"
    yield f"  {' and '.join(test.text for test in account.limit.tests)}"
    yield f"  {paragraph.status}; {paragraph.citation}; confidence {paragraph.confidence}"
    if paragraph.assumed:
        yield f"  assumed: {', '.join(paragraph.assumed)}"
    if paragraph.note:
        yield f"  {paragraph.note}"
    out = [f"{rows:,} {reason}" for reason, rows in account.left_out.items()]
    left_out = f"; left out: {', '.join(out)}" if out else ""
    yield f"  rows counted: {account.counted:,}{left_out}"
    if account.groups:
        shown = account.groups[:_GROUPS]
        heading, *rows = _columns(ledger, account, shown)
        right = [name in ("used", "in the US", "left", "left H100") for name in heading]
        yield from _table(heading, rows, right)
        if len(account.groups) > _GROUPS:
            yield f"  {_and(len(account.groups) - _GROUPS).strip()}"


def _columns(ledger: Ledger, account: Account, groups: Sequence[Group]) -> list[list[str]]:
    limit = account.limit
    by = list(groups[0].key)
    if limit.basis.measure == "shares":
        names = list(groups[0].shares)
        lines = [[*by, "used", *names, "within"]]
        for each in groups:
            shares = [_percent(each.shares[name].low, each.shares[name].high) for name in names]
            key = [str(value) for value in each.key.values()]
            lines.append(
                [*key, _amount(each.used.low, each.used.high), *shares, _WITHIN[each.within]]
            )
        return lines
    us = ["in the US"] if limit.basis.measure == "ratio" else []
    lines = [[*by, "used", *us, "within", "left", "left H100", "or as many of"]]
    for each in groups:
        assert each.left is not None
        lines.append(
            [
                *(str(value) for value in each.key.values()),
                _amount(each.used.low, each.used.high),
                *([_amount(each.us.low, each.us.high)] if each.us else []),
                _WITHIN[each.within],
                _amount(*each.left),
                _count(each.equivalents(ledger.h100)),
                _fitting(each),
            ]
        )
    return lines


def _fitting(group: Group) -> str:
    # What matters most is what fits least often.
    fitting = sorted(group.more, key=lambda each: each[1][0])
    shown = [f"{each.id} {_count(count)}" for each, count in islice(fitting, _FITTING)]
    more = len(fitting) - _FITTING
    return ", ".join(shown) + (_and(more) if more > 0 else "")


def _refused(title: str, refused: Refused) -> Iterator[str]:
    count = len(refused)
    if not count:
        return
    yield ""
    yield f"{title}: {count:,}"
    for row, reason in islice(refused, _ROWS):
        yield f"  row {row:,}: {reason}"
    if count > _ROWS:
        yield f"  {_and(count - _ROWS).strip()}; --json or --rejected FILE has them all"


def _and(more: int) -> str:
    return f" and {more:,} more"


def _amount(low: Number, high: Number) -> str:
    if low == -math.inf:
        return "not known" if high == math.inf else f"at most {_number(high)}"
    if high == math.inf:
        return f"at least {_number(low)}"
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _number(value: Number) -> str:
    fraction = Fraction(value)
    if fraction.denominator == 1:
        return f"{fraction.numerator:,}"
    whole = approx(fraction, 12)
    head, point, tail = whole.partition(".")
    return f"{int(head):,}{point}{tail}" if head.lstrip("-").isdigit() and int(head) else whole


def _percent(low: Fraction | float, high: Fraction | float) -> str:
    def one(value: Fraction | float) -> str:
        return f"{approx(100 * Fraction(value), 4)} %"

    return one(low) if low == high else f"{one(low)} to {one(high)}"


def _count(count: Count) -> str:
    low, high = count
    if high is None:
        return f"{low:,} or more"
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _table(
    heading: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for line in (heading, *rows):
        cells = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        ]
        yield ("  " + "  ".join(cells)).rstrip()
