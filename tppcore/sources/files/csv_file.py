"""Tables from CSV, plain or compressed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.sources.files.asked import Asked, Shape, first_line, since, texts
from tppcore.sources.files.file import HEAD, File

_BLOCK = 4 << 20  # bytes a batch: large enough to parse fast, small beside the table


def shape(file: File) -> Shape:
    """The columns, all text; how many rows is not to be known."""
    return Shape(texts(_Header(file).names))


def batches(file: File, asked: Asked) -> Iterator[Any]:
    import pyarrow.csv as pacsv

    header = _Header(file)
    steps = asked.plan(header.names, file.name)
    read = [name for name in header.names if name in {step.column for step in steps}]

    def place(row: int) -> str:
        return file.place(header.line_of(row))

    found = 0
    try:
        with (
            file.open() as stream,
            pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(
                    column_names=header.names, skip_rows=header.lines, block_size=_BLOCK
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=header.delimiter, newlines_in_values=True
                ),
                convert_options=pacsv.ConvertOptions(
                    include_columns=read,
                    column_types=dict.fromkeys(header.names, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            ) as reader,
        ):
            for first, batch in since(asked.first, reader):
                yield asked.apply(steps, pa.table(batch.columns, names=read), first, place)
                found += batch.num_rows
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise header.explain(error) from None
    if found == 0:
        yield asked.apply(steps, texts(read).empty_table(), 0, place)


class _Header:
    """The first lines of a CSV file: notes behind `#`, the separator and the column names."""

    def __init__(self, file: File) -> None:
        self.file = file
        with file.open() as stream:
            head = stream.read(HEAD)
        text = head.decode("utf-8-sig", "replace")
        if "\x00" in text:
            raise TppError(f"{file.name}: not text in UTF-8; expected CSV")
        self.notes = 0
        lines = text.splitlines(keepends=True)
        while self.notes < len(lines) and (
            lines[self.notes].startswith("#") or not lines[self.notes].strip()
        ):
            self.notes += 1
        rest = "".join(lines[self.notes :])
        if not rest.strip():
            raise file.empty()
        self.delimiter = max(",;\t", key=lambda each: len(_first_row(rest, each)[0]))
        names, used = _first_row(rest, self.delimiter)
        self.names = [name.strip() for name in names]
        if "" in self.names:
            # A saved data frame has an index without a name in front.
            self.names = [name or f"column {i + 1}" for i, name in enumerate(self.names)]
        self.lines = self.notes + used

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line and the cells of every row, read slowly: only to say where something is."""
        with self.file.open() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
            reader = csv.reader(islice(text, self.lines, None), delimiter=self.delimiter)
            line = self.lines
            for cells in reader:
                if cells:
                    yield line + 1, cells
                line = self.lines + reader.line_num

    def line_of(self, row: int) -> int | None:
        found = next(islice(self.rows(), row, None), None)
        return found[0] if found else None

    def explain(self, error: Exception) -> TppError:
        """The row at which Arrow stopped, found again in the text."""
        for row, (line, cells) in enumerate(self.rows(), 1):
            where = f"{self.file.name}, line {line}, row {row}"
            if len(cells) != len(self.names):
                return TppError(
                    f"{where}: {len(cells)} cells; expected {len(self.names)}, as in the header"
                )
            bad = next((i for i, cell in enumerate(cells) if "\ufffd" in cell), None)
            if bad is not None:
                return TppError(f"{where}, column {self.names[bad]}: expected text in UTF-8")
        return TppError(f"{self.file.name}: not CSV ({first_line(error)})")


def _first_row(text: str, delimiter: str) -> tuple[list[str], int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return next(reader), reader.line_num
