"""The errors that tppcore raises: each is a `TppError`, and says what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class TppError(ValueError):
    """Something the caller gave can't be used; the command line turns it into exit code 2."""


class SpecError(TppError):
    """A file of law or hardware data, or of a design space, is wrong; the message begins with
    `file:line`, or `file:line:column`."""

    def __init__(
        self, file: str | Path, line: int, message: str, column: int | None = None
    ) -> None:
        self.file, self.line, self.message = Path(file).name, line, message
        self.column = column
        place = f"{self.file}:{line}" if column is None else f"{self.file}:{line}:{column}"
        super().__init__(f"{place}: {message}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.line, self.message, self.column)


class InputError(TppError):
    """A number of a table can't be used; the message names the row (from 1) and the column."""

    def __init__(
        self, column: str, row: int | None, value: object, expected: str, file: str | None = None
    ) -> None:
        self.column, self.row, self.value, self.expected, self.file = (
            column,
            row,
            value,
            expected,
            file,
        )
        place = ([file] if file else []) + ([f"row {row + 1}"] if row is not None else [])
        super().__init__(
            f"{', '.join([*place, f'column {column}'])}: {value!r}; expected {expected}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.column, self.row, self.value, self.expected, self.file)

    def after(self, rows: int) -> InputError:
        """The same error where so many rows come before those of the table that it is about."""
        return self.at(None if self.row is None else self.row + rows)

    def at(self, row: int | None) -> InputError:
        """The same error in another row."""
        return InputError(self.column, row, self.value, self.expected, self.file)

    def within(self, file: str) -> InputError:
        """The same error in a file, unless it names one."""
        return InputError(self.column, self.row, self.value, self.expected, self.file or file)


class UnknownName(TppError):
    """A name of a chip, rule, metric or reading that does not exist; the message lists those."""
