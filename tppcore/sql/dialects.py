"""What DuckDB and PostgreSQL have in different words: types, and how a cell is read exactly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction

from tppcore.engine.columns import LARGEST, SMALLEST
from tppcore.errors import TppError, UnknownName
from tppcore.rules.vocabulary import QuantitySpec
from tppcore.sql.terms import text

Decimals = Mapping[str, tuple[int, int]]
"""Digits and decimal places by quantity; "" for all others."""

_TRUE, _FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
_DAYS = Fraction(3_000_000)  # from 1970 to the year 9999 and more
LONGEST = 63
"""Bytes of a name; PostgreSQL cuts longer ones."""

_SMALL = ("1", "bit")
"""Units of counts, ratios and widths, which stand in products."""


class Dialect(ABC):
    """How one database reads a cell. With `doubles`, DOUBLE PRECISION columns are read by the
    shortest decimal that stands for them."""

    title: str
    limit: int | None
    """Digits of a DECIMAL."""
    longest_name: int | None = None
    """Bytes."""
    fence = ""
    """What keeps a query from being merged into the one that reads it."""
    all_of_row = "{}.*"
    """All columns of a row."""

    @property
    @abstractmethod
    def warning(self) -> str:
        """What becomes of numbers that can't be read exactly."""

    def __init__(self, decimals: Decimals, doubles: bool) -> None:
        self.decimals, self.doubles = decimals, doubles

    def check_name(self, name: str) -> None:
        """Raises TppError for the name of a column that would be cut."""
        if self.longest_name is not None and len(name.encode()) > self.longest_name:
            raise TppError(
                f"paragraph {name}: {self.title} cuts names after {self.longest_name} bytes; "
                "expected a shorter id"
            )

    def bounds(self, spec: QuantitySpec) -> tuple[Fraction, int]:
        """The largest value of a column, and its decimal places."""
        match spec.kind:
            case "boolean":
                return Fraction(1), 0
            case "date":
                return _DAYS, 0
            case "category":
                return Fraction(len(spec.words) - 1), 0
        return self.number_bounds(spec)

    def read(self, spec: QuantitySpec, raw: str, width: int) -> str:
        """A cell as a number, or NULL where it is missing or no such number."""
        match spec.kind:
            case "boolean":
                words = {**dict.fromkeys(_TRUE, 1), **dict.fromkeys(_FALSE, 0)}
                return _words(f"LOWER(CAST({raw} AS VARCHAR))", words)
            case "date":
                return f"CAST({raw} AS DATE) - DATE '1970-01-01'"
            case "category":
                codes = {word: code for code, word in enumerate(spec.words)}
                return _words(f"CAST({raw} AS VARCHAR)", codes)
        return self.number(spec, raw, width)

    def missing(self, spec: QuantitySpec, raw: str) -> str:
        """That a cell is missing, in brackets if need be."""
        if self.doubles and spec.kind == "number":
            return f"({raw} IS NULL OR LOWER(CAST({raw} AS VARCHAR)) = 'nan')"
        return f"({raw} IS NULL)"

    def fits(self, spec: QuantitySpec, raw: str, read: str) -> list[str]:
        """When the number read is the one that the cell holds."""
        return self.number_fits(spec, raw, read) if spec.kind == "number" else []

    def expected(self, spec: QuantitySpec) -> str:
        """What a cell may hold, in words."""
        match spec.kind:
            case "boolean":
                return "true, false, 1 or 0"
            case "date":
                return "a date since 1970-01-01"
            case "category":
                return f"one of {', '.join(spec.words)}"
        above = "a number above 0" if spec.positive else "0 or a number above 0"
        types = f"{self.column_type(spec)}, DOUBLE" if self.doubles else self.column_type(spec)
        return f"{above}{self.digits_in_words(spec)}, in a column of {types} or an integer type"

    def kind(self, spec: QuantitySpec) -> str:
        """The type of a column."""
        types = {"boolean": "BOOLEAN", "date": "DATE", "category": "VARCHAR"}
        return types.get(spec.kind) or self.column_type(spec)

    @abstractmethod
    def number_bounds(self, spec: QuantitySpec) -> tuple[Fraction, int]: ...

    @abstractmethod
    def number(self, spec: QuantitySpec, raw: str, width: int) -> str: ...

    @abstractmethod
    def number_fits(self, spec: QuantitySpec, raw: str, read: str) -> list[str]: ...

    @abstractmethod
    def column_type(self, spec: QuantitySpec) -> str: ...

    @abstractmethod
    def digits_in_words(self, spec: QuantitySpec) -> str: ...


class DuckDB(Dialect):
    """Decimals have at most 38 digits, and CAST rounds: so the cast is compared with the cell."""

    title = "DuckDB"
    limit = 38

    @property
    def warning(self) -> str:
        columns = "An integer, DECIMAL or DOUBLE" if self.doubles else "An integer or DECIMAL"
        return (
            f"{columns} column is read exactly: a value with more digits than stated above is an "
            f"error of its row, and so is every value of a {self._refused} column. Nothing is "
            "rounded."
        )

    @property
    def _refused(self) -> str:
        return "FLOAT or VARCHAR" if self.doubles else "FLOAT, DOUBLE or VARCHAR"

    def digits(self, spec: QuantitySpec) -> tuple[int, int]:
        """Digits and decimal places of a quantity."""
        usual = (9, 3) if spec.unit in _SMALL and "" not in self.decimals else (18, 6)
        return self.decimals.get(spec.name) or self.decimals.get("", usual)

    def number_bounds(self, spec: QuantitySpec) -> tuple[Fraction, int]:
        digits, places = self.digits(spec)
        return Fraction(10) ** (digits - places), places

    def number(self, spec: QuantitySpec, raw: str, width: int) -> str:
        digits, places = self.digits(spec)
        shown = f"CAST({raw} AS VARCHAR)" if self.doubles else raw
        return (
            f"CAST(TRY_CAST({shown} AS DECIMAL({digits}, {places})) AS DECIMAL({width}, {places}))"
        )

    def number_fits(self, spec: QuantitySpec, raw: str, read: str) -> list[str]:
        refused = "'FLOAT', 'VARCHAR'" if self.doubles else "'FLOAT', 'DOUBLE', 'VARCHAR'"
        # A comparison may cast a cell that is too large: only where there is something to compare.
        same = f"WHEN {read} IS NOT NULL THEN {read} = {raw}"
        if self.doubles:
            back = f"CAST(CAST({read} AS VARCHAR) AS DOUBLE) = {raw}"
            same = f"WHEN TYPEOF({raw}) = 'DOUBLE' THEN {back} {same}"
        return [f"TYPEOF({raw}) NOT IN ({refused})", f"CASE {same} END"]

    def column_type(self, spec: QuantitySpec) -> str:
        return "DECIMAL({}, {})".format(*self.digits(spec))

    def digits_in_words(self, spec: QuantitySpec) -> str:
        digits, places = self.digits(spec)
        return f" with at most {digits - places} digits before the point and {places} after it"


class Postgres(Dialect):
    """NUMERIC has no limit to speak of: nothing is rounded."""

    title = "PostgreSQL"
    limit = None
    fence = "\n    OFFSET 0"
    all_of_row = "({}).*"
    longest_name = LONGEST

    @property
    def warning(self) -> str:
        types = "NUMERIC or DOUBLE PRECISION" if self.doubles else "NUMERIC"
        refused = "REAL" if self.doubles else "REAL or DOUBLE PRECISION"
        return (
            f"An integer column or one of type {types} is read exactly; every value of a {refused} "
            "column is an error of its row. Nothing is rounded."
        )

    def number_bounds(self, spec: QuantitySpec) -> tuple[Fraction, int]:
        return Fraction(repr(LARGEST)), 0

    def number(self, spec: QuantitySpec, raw: str, width: int) -> str:
        if self.doubles:
            return f"CAST(NULLIF(CAST({raw} AS VARCHAR), 'NaN') AS NUMERIC)"
        return f"CAST({raw} AS NUMERIC)"

    def number_fits(self, spec: QuantitySpec, raw: str, read: str) -> list[str]:
        real, double = "CAST('real' AS REGTYPE)", "CAST('double precision' AS REGTYPE)"
        if not self.doubles:
            return [f"PG_TYPEOF({raw}) NOT IN ({real}, {double})"]
        # With extra_float_digits below 1 the text of a double is not the double.
        back = f"CAST({read} AS DOUBLE PRECISION) = CAST({raw} AS DOUBLE PRECISION)"
        return [f"PG_TYPEOF({raw}) <> {real}", f"(PG_TYPEOF({raw}) <> {double} OR {back})"]

    def column_type(self, spec: QuantitySpec) -> str:
        return "NUMERIC"

    def digits_in_words(self, spec: QuantitySpec) -> str:
        return f" from {SMALLEST:g} to {LARGEST:g}"


DIALECTS: dict[str, type[Dialect]] = {"duckdb": DuckDB, "postgres": Postgres}


def dialect_of(name: str, decimals: Decimals, doubles: bool) -> Dialect:
    """Raises UnknownName, and TppError for digits that no DECIMAL has."""
    if name not in DIALECTS:
        raise UnknownName(f"unknown dialect {name!r}; expected {' or '.join(DIALECTS)}")
    for digits, places in decimals.values():
        if not 0 <= places <= digits <= 38 or digits < 1:
            raise TppError(
                f"decimal {digits},{places}: expected at most 38 digits, and as many decimal "
                "places or fewer, such as 18,6"
            )
    return DIALECTS[name](decimals, doubles)


def _words(shown: str, codes: Mapping[str, int]) -> str:
    cases = " ".join(f"WHEN {text(word)} THEN {code}" for word, code in codes.items())
    return f"CASE {shown} {cases} END"
