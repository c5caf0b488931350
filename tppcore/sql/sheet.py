"""The columns of a table of chips as SQL: read, checked, and what a missing one means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tppcore.engine.columns import LARGEST, SMALLEST
from tppcore.engine.structure import is_unknown
from tppcore.program.program import Input, Program
from tppcore.rules.vocabulary import QuantitySpec, Vocabulary
from tppcore.sql.dialects import Dialect
from tppcore.sql.spans import ANYTHING, Ratio, Span
from tppcore.sql.terms import FALSE, TRUE, Term, all_of, any_of, literal, name, text

ROW = "tppcore_row"
ERROR = "tppcore_error"
ANY_RATE = "states a rate"

_SMALLEST, _LARGEST = Fraction(repr(SMALLEST)), Fraction(repr(LARGEST))
_LAST_DAY = Fraction(3_000_000)  # days from 1970 to the year 9999


@dataclass(frozen=True, slots=True)
class Listed:
    """The columns that a table has of one quantity: the value, the ends of a range."""

    spec: QuantitySpec
    value: bool = False
    low: bool = False
    high: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        found = (("", self.value), ("_low", self.low), ("_high", self.high))
        return tuple(self.spec.name + end for end, has in found if has)

    def with_column(self, column: str) -> Listed:
        """The same, and one column more."""
        match column.removeprefix(self.spec.name):
            case "_low":
                return replace(self, low=True)
            case "_high":
                return replace(self, high=True)
        return replace(self, value=True)


class Sheet:
    """The first two queries: what the table states, then what is wrong with it.

    `stated` and `checked` are their columns (name and SQL), `spans` the inputs of the program.
    """

    def __init__(
        self,
        program: Program,
        listed: Mapping[str, Listed],
        vocabulary: Vocabulary,
        dialect: Dialect,
    ) -> None:
        self.listed, self.vocabulary, self.dialect = listed, vocabulary, dialect
        rates = [
            name(column) for each in listed.values() if each.spec.rate for column in each.names
        ]
        self.any_rate = bool(rates)
        self.checked = [(ERROR, self._error())]
        if rates:
            self.checked.append((ANY_RATE, f"{_first(rates)} IS NOT NULL"))
        self.spans = {
            number: self._span(entry)
            for number, entry in enumerate(program.inputs)
            if not is_unknown(entry)
        }

    @property
    def names(self) -> list[str]:
        """The columns of both queries."""
        return [title for title, _ in (*self.stated(0), *self.checked)]

    def stated(self, width: int) -> list[tuple[str, str]]:
        """What the table states, its numbers as decimals of `width` digits."""
        columns = []
        for each in self.listed.values():
            void = self._void(each.spec)
            for column in each.names:
                raw = _only(void, f"{ROW}.{name(column)}")
                columns.append((_raw(column), raw))
                columns.append((column, self.dialect.read(each.spec, raw, width)))
        return columns

    def _void(self, spec: QuantitySpec) -> str:
        """When a column counts: a dense rate makes the sparse one of its format void."""
        dense = self.listed.get(f"tops_{spec.format}")
        if spec.symbol != "tops_sparse" or dense is None:
            return TRUE
        return all_of(
            self.dialect.missing(dense.spec, f"{ROW}.{name(column)}") for column in dense.names
        )

    def _error(self) -> str:
        found = [line for each in self.listed.values() for line in self._errors(each)]
        lines = "".join(
            f"\n        WHEN {condition} THEN {text(message)}" for condition, message in found
        )
        return f"CASE{lines} END" if found else "CAST(NULL AS VARCHAR)"

    def _errors(self, listed: Listed) -> Iterator[tuple[str, str]]:
        spec, own = listed.spec, listed.spec.name
        for column in listed.names:
            raw, read = name(_raw(column)), name(column)
            fine = all_of([*self.dialect.fits(spec, raw, read), *self._bounds(spec, read)])
            wrong = f"NOT {self.dialect.missing(spec, raw)} AND ({fine}) IS NOT TRUE"
            yield wrong, f"{column}: expected {self.dialect.expected(spec)}"
        ends = [name(f"{own}{end}") for end in ("_low", "_high") if f"{own}{end}" in listed.names]
        if listed.value and ends:
            yield (
                f"{name(own)} IS NOT NULL AND {_first(ends)} IS NOT NULL",
                f"{own}: expected a value or a range, not both",
            )
        if len(ends) == 2:
            yield (
                f"{ends[0]} > {ends[1]}",
                f"{own}: expected a range whose low end is not above its high",
            )
        if spec.symbol == "tops_sparse":
            ratio = self.listed.get(f"sparse_ratio_{spec.format}")
            stated = f"{_first([name(each) for each in listed.names])} IS NOT NULL"
            if ratio is not None:
                stated += f" AND {_first([name(each) for each in ratio.names])} IS NULL"
            yield stated, f"{own}: expected its ratio in sparse_ratio_{spec.format}"

    def _bounds(self, spec: QuantitySpec, read: str) -> Iterator[str]:
        most, places = self.dialect.bounds(spec)
        yield f"{read} {'>' if spec.positive else '>='} 0"
        if spec.kind == "number" and (self.dialect.limit is None or places > 15):
            yield f"({read} = 0 OR {read} >= {literal(_SMALLEST)})"
        if spec.kind == "number" and (self.dialect.limit is None or most > _LARGEST):
            yield f"{read} <= {literal(_LARGEST)}"

    # -- what the cells mean ----------------------------------------------------------------------

    def _span(self, entry: Input) -> Span:
        """The bounds of a quantity in a row, by what the row states of it."""
        closed = entry.closed_list and not entry.open_unlisted
        rest: tuple[str, ...] = (name(ANY_RATE),) if closed and self.any_rate else (FALSE,)
        default = "0"
        if entry.default is not None:
            rest, default = (), literal(entry.default)
        listed = self.listed.get(entry.quantity)
        if listed is None:
            return Span((), (), rest, 2) if FALSE not in rest else ANYTHING
        most, places = self.dialect.bounds(listed.spec)
        own = name(entry.quantity)
        if not (listed.low or listed.high):
            always = entry.positive and entry.default is not None
            known = (f"{own} IS NOT NULL",) if FALSE in rest else rest
            term = Term(
                f"COALESCE({own}, {default})",
                most,
                places,
                given=own if FALSE in rest else None,
                above=TRUE if always else known[0] if entry.positive and known else None,
            )
            ratio = (Ratio(term),)
            return Span(ratio, ratio, known, 2 if closed else 1)
        return self._range(listed, most, places, default, rest)

    def _range(
        self, listed: Listed, most: Fraction, places: int, default: str, rest: tuple[str, ...]
    ) -> Span:
        own = listed.spec.name
        value = [name(own)] if listed.value else []
        low = [name(f"{own}_low")] if listed.low else []
        high = [name(f"{own}_high")] if listed.high else []
        no_low = all_of(f"{each} IS NULL" for each in low)
        no_high = all_of(f"{each} IS NULL" for each in high)
        least, most_of = [default], [default, "0"]
        if default != "0":
            least = [_only(no_high, default), "0"]
            most_of = [_only(no_low, default), "0"]
        known = any_of(
            [
                *(f"{each} IS NOT NULL" for each in (*value, *high)),
                FALSE if FALSE in rest else all_of([no_low, *rest]),
            ]
        )
        ends = (
            Ratio(Term(_first([*value, *end, *others]), most, places))
            for end, others in ((low, least), (high, most_of))
        )
        one, other = ends
        return Span((one,), (other,), (known,), 2)


def _raw(column: str) -> str:
    return f"{column} as given"


def _first(columns: Sequence[str]) -> str:
    found = list(dict.fromkeys(columns))
    return f"COALESCE({', '.join(found)})" if len(found) > 1 else found[0]


def _only(condition: str, sql: str) -> str:
    return sql if condition == TRUE else f"CASE WHEN {condition} THEN {sql} END"
