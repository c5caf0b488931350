"""Conditions of paragraphs: tests as text, combined by all, any and none."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Compare:
    """`metric op threshold`; a boolean is `>= 1`, a date days since 1970-01-01, a word its code."""

    metric: str
    op: str
    threshold: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Another paragraph, of this rule (`rule` is None) or of another one on the same date."""

    rule: str | None
    paragraph: str


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination is one of these countries or in one of these groups."""

    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A gap in the text: never decided."""

    why: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool


@dataclass(frozen=True, slots=True)
class All:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition


Condition = Compare | Reference | Destination | Unknown | Constant | All | AnyOf | Not


class ConditionError(ValueError):
    """A condition that the language does not have; `item` is its text in the file."""

    def __init__(self, item: object, message: str) -> None:
        self.item = item
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a name in a test is: number, boolean, date or category with its words."""

    kind: str
    words: tuple[str, ...] = ()


_DECIMAL = re.compile(r"\d+(\.\d+)?(e\d{1,2})?$")
_POINT = re.compile(r"\.|e.*")
_COMPARE = re.compile(r"([a-z][a-z0-9_]*)\s*(>=|<=|==|=>|=<|!=|>|<|=)\s*(.*)$")
_REFERENCE = re.compile(r"(?:@|([a-z0-9][a-z0-9.\-]*)/)([A-Za-z0-9][A-Za-z0-9.\-]*)$")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def days(date: datetime.date) -> int:
    """Days since 1970-01-01: how a date stands in a numeric column."""
    return date.toordinal() - _EPOCH


MAX_DIGITS, MAX_LENGTH = 18, 60
"""Of a threshold: a compiled program holds its mantissa in 63 bits."""

MAX_DEPTH = 20
"""How deep inline tables may stand in each other; the law needs 3."""


def parse(item: object, kind_of: Callable[[str], Kind | None], depth: int = 0) -> Condition:
    """The condition of one item of `all`, `any` or `none`: text, or an inline table of them.

    `kind_of(name)` says what a name is, None if there is no such metric or quantity.
    Raises ConditionError.
    """
    if isinstance(item, dict):
        return combine(item, kind_of, depth + 1)
    if not isinstance(item, str):
        raise ConditionError(item, f"{item!r} is not quoted; expected a test as text")
    text = item.strip()
    if text.startswith("not "):
        if text[4:].lstrip().startswith("not "):
            raise ConditionError(item, f"{text[:40]!r} says not twice; expected it once")
        return Not(parse(text[4:], kind_of))
    if text.startswith("unknown"):
        why = re.fullmatch(r'unknown\("(.*)"\)|unknown\(\'(.*)\'\)', text)
        reason = ((why and (why[1] or why[2])) or "").strip()
        if not reason:
            raise ConditionError(item, f'{text!r} gives no reason; expected unknown("why")')
        return Unknown(reason)
    if text.startswith("destination in "):
        members = tuple(part.strip() for part in text[len("destination in ") :].split(","))
        return Destination(members)
    if match := _REFERENCE.match(text):
        return Reference(match[1], match[2])
    if match := _COMPARE.match(text):
        return _compare(item, text, match[1], match[2], match[3].strip(), kind_of)
    if _NAME.match(text):
        return _boolean(item, text, kind_of)
    raise ConditionError(
        item,
        f"{text!r} is not a condition; expected METRIC OP NUMBER, a boolean, @paragraph, "
        'rule/paragraph, destination in ..., or unknown("why")',
    )


def combine(
    table: dict[str, object], kind_of: Callable[[str], Kind | None], depth: int = 0
) -> Condition:
    """all, any and none of a paragraph or an inline table, together."""
    if depth > MAX_DEPTH:
        raise ConditionError("", f"nested too deep; expected at most {MAX_DEPTH} tables")
    parts: list[Condition] = []
    for word, items in table.items():
        if word not in ("all", "any", "none"):
            raise ConditionError(table, f"unknown key {word!r}; expected all, any or none")
        if not isinstance(items, list) or not items:
            raise ConditionError(table, f"{word!r} is empty; expected a list of conditions")
        parsed = tuple(parse(item, kind_of, depth) for item in items)
        match word:
            case "all":
                parts.extend(parsed)
            case "any":
                parts.append(AnyOf(parsed))
            case _:
                parts.append(Not(AnyOf(parsed)))
    if not parts:
        raise ConditionError(table, "no condition; expected all, any or none")
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def leaves(condition: Condition) -> list[Condition]:
    """The parts of a condition that are no combination of others, in order."""
    found: list[Condition] = []
    pending = [condition]
    while pending:
        part = pending.pop()
        match part:
            case All(items) | AnyOf(items):
                pending.extend(reversed(items))
            case Not(item):
                pending.append(item)
            case _:
                found.append(part)
    return found


def _boolean(item: object, name: str, kind_of: Callable[[str], Kind | None]) -> Condition:
    kind = kind_of(name)
    if kind is None:
        raise ConditionError(item, f"unknown quantity {name!r}; expected a boolean quantity")
    if kind.kind != "boolean":
        raise ConditionError(item, f"{name!r} is a {kind.kind}; expected a comparison")
    return Compare(name, ">=", Fraction(1), name)


def _compare(
    item: object,
    text: str,
    name: str,
    op: str,
    value: str,
    kind_of: Callable[[str], Kind | None],
) -> Condition:
    kind = kind_of(name)
    if kind is None:
        raise ConditionError(
            item, f"unknown metric {name!r} in {text!r}; expected a metric or quantity of specs/"
        )
    if kind.kind == "boolean":
        raise ConditionError(item, f"{name!r} is a boolean; expected {name!r} or 'not {name}'")
    if kind.kind == "category":
        if op != "==":
            raise ConditionError(item, f"unknown operator {op!r} for a category; expected ==")
        if value not in kind.words:
            words = ", ".join(kind.words)
            raise ConditionError(item, f"unknown word {value!r} of {name}; expected {words}")
        code = Fraction(kind.words.index(value))
        # Equality with a code is an interval of codes, so it is a box over cells like any test.
        return All((Compare(name, ">=", code, text), Compare(name, "<", code + 1, text)))
    if op not in (">=", ">", "<", "<="):
        raise ConditionError(item, f"unknown operator {op!r}; expected >=, >, < or <=")
    if kind.kind == "date":
        try:
            threshold = Fraction(days(datetime.date.fromisoformat(value)))
        except ValueError:
            raise ConditionError(item, f"{value!r} is not a date; expected YYYY-MM-DD") from None
        return Compare(name, op, threshold, text)
    if not _DECIMAL.match(value):
        raise ConditionError(item, f"{value!r} is not a decimal in {text!r}; expected e.g. 5.92")
    if len(_POINT.sub("", value).strip("0")) > MAX_DIGITS or len(value) > MAX_LENGTH:
        raise ConditionError(
            item, f"{value[:30]!r} is too long; expected at most {MAX_DIGITS} significant digits"
        )
    return Compare(name, op, Fraction(value), text)
