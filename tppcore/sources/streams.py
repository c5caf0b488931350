"""Rows of any number of files as blocks of one form, of which only a few are ever held.

The files are taken in order, and their columns by name: what one of them lacks is missing there.
Only columns that are kept and quantities that decide a paragraph are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from tppcore.errors import TppError
from tppcore.program.compile import compile as compile_program
from tppcore.program.program import Op
from tppcore.rules.rulebook import Rulebook
from tppcore.sources import cells, files, mapping
from tppcore.sources.columns import key_columns
from tppcore.sources.files import Asked, File
from tppcore.sources.inputs import Input
from tppcore.sources.mapping import ColumnMap, Plan
from tppcore.sources.processing_units import COLUMN

LEAST, MOST = 1 << 16, 1 << 20
"""Rows of a block: enough that what Python and Arrow do for each is nothing beside them."""

_BYTES = 80 << 20  # of a block: some five of them are held
_TEXT = 64  # bytes of a cell whose width is not known

_ENDS = ("_low", "_high")
_KINDS = {"boolean": pa.bool_(), "date": pa.date32(), "category": pa.string()}


@dataclass(frozen=True, slots=True)
class Form:
    """How the files are read: the format if their extension does not say it, the sheet of a
    workbook, and the mapping of their columns."""

    format: str | None = None
    sheet: str | None = None
    mapping: ColumnMap | None = None


class Part:
    """One file of a stream: its columns as they are understood, and how many rows it has where
    that is known."""

    def __init__(
        self, given: Input, rules: Rulebook, form: Form, opened: File | None = None
    ) -> None:
        self.rules, self.form = rules, form
        self.quantities = rules.vocabulary.quantities
        self.file = opened or File(given.path, form.format, form.sheet)
        shape = files.shape(self.file)
        self.schema, self.rows, self._sizes = shape.schema, shape.rows, shape.sizes
        self.stated = dict(given.partitions)
        names = self.schema.names
        if both := sorted(set(names) & set(self.stated)):
            raise TppError(
                f"{self.file.name}: {both[0]!r} is a column and the name of a folder; expected one"
            )
        self.plan = mapping.plan(
            [*names, *self.stated], self.quantities, form.mapping, self.file.name
        )

    @property
    def name(self) -> str:
        return self.file.name

    @cached_property
    def types(self) -> dict[str, Any]:
        """The Arrow type of every column that it gives, by name."""
        found = {}
        for step in self.plan:
            given = (
                pa.string() if step.column in self.stated else self.schema.field(step.column).type
            )
            if step.rule is None or (step.is_plain and not cells.is_text(given)):
                kind = given
            else:
                kind = _KINDS.get(step.kind, pa.float64())
            found.update(dict.fromkeys(step.outputs, kind))
        return found

    def block(self, keep: Sequence[str]) -> int:
        """How many rows a block of the columns that are wanted has."""
        read = {step.column for step in self.wanted(keep)(self.plan)}
        width = sum(self._width(name) for name in read if name not in self.stated)
        return min(MOST, max(LEAST, int(_BYTES / max(width, 1)) & -LEAST))

    def _width(self, name: str) -> float:
        """The bytes that a cell of a column takes in memory."""
        kind = self.schema.field(name).type
        try:
            return float(kind.bit_width / 8)
        except ValueError:
            stored = self._sizes.get(name, 0) / max(self.rows or 0, 1)
            return max(stored, _TEXT)

    def wanted(self, keep: Sequence[str]) -> Callable[[Plan], Plan]:
        """The steps that are taken: towards columns that are kept or decide something."""
        wanted = {*keep, *deciding(self.rules, list(self.types)), COLUMN}

        def chosen(steps: Plan) -> Plan:
            # Rows must come from somewhere, if nothing is kept and nothing decides.
            return tuple(s for s in steps if wanted.intersection(s.outputs)) or steps[:1]

        return chosen


def deciding(rules: Rulebook, names: Iterable[str]) -> set[str]:
    """Which columns of quantities among `names` can decide a paragraph.

    That is what formulas read, and every peak rate: one alone says that a sheet states rates.
    """
    quantities = rules.vocabulary.quantities
    base = {name: _base(name, quantities) for name in names}
    given = {each for each in base.values() if each in quantities}
    program = compile_program(rules, given)
    read = {program.inputs[node.a].quantity for node in program.nodes if node.op is Op.INPUT}
    read |= {each for each in given if quantities[each].rate or each.startswith("sparse_ratio_")}
    return {name for name, each in base.items() if each in read}


def _base(name: str, quantities: Any) -> str:
    for end in _ENDS:
        if name not in quantities and name.endswith(end):
            return name.removesuffix(end)
    return name


class Stream:
    """The rows of `inputs` for a rulebook.

    `keep`: the columns that are carried, by name; if left out, those that are no quantities and not
    named like one of the `answers`, which earlier ones give way to. `opened`: the first file, where
    it can't be opened again. Raises TppError for files that can't be read as one table, and for a
    column that none has.
    """

    def __init__(
        self,
        inputs: Sequence[Input],
        rules: Rulebook,
        form: Form | None = None,
        keep: Sequence[str] | None = None,
        opened: File | None = None,
        answers: Sequence[str] = (),
    ) -> None:
        self.rules, self.form = rules, form or Form()
        self.parts = [
            Part(each, rules, self.form, None if i else opened) for i, each in enumerate(inputs)
        ]
        names = dict.fromkeys(name for part in self.parts for name in part.types)
        self.names = tuple(names)
        self.keys = tuple(key_columns(names, rules.vocabulary.quantities))
        if all(name in self.keys for name in names):
            raise TppError(
                f"{self.parts[0].name}: no column is a quantity; expected names such as tops_fp8, "
                "die_area_mm2 and dram_gb_s, or --columns MAP"
            )
        own = tuple(name for name in self.keys if name not in answers)
        self.keep = own if keep is None else tuple(keep)
        for name in self.keep:
            if name not in names:
                raise TppError(f"no column {name!r} to keep; found {', '.join(names)}")
        self.schema = pa.schema([(name, self._type(name)) for name in self.keep])
        self._sizes = [part.file.size for part in self.parts]
        self._at = 0

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known before they are read."""
        rows = [part.rows for part in self.parts]
        return None if None in rows else sum(each or 0 for each in rows)

    @property
    def stamps(self) -> list[list[Any]]:
        """The path, size and time of the last change of every file."""
        found = [(part, part.file.path.stat()) for part in self.parts]
        return [[part.name, stat.st_size, stat.st_mtime_ns] for part, stat in found]

    def share(self, rows: int) -> float:
        """Which part of all is done when so many rows are: by what has been read of the bytes where
        it is not known how many rows there are."""
        if self.rows is not None:
            return rows / max(1, self.rows)
        read = sum(self._sizes[: self._at]) + self.parts[self._at].file.position
        return min(1.0, read / max(1, sum(self._sizes)))

    def blocks(
        self, number: int, first: int = 0, rows: int | None = None
    ) -> Iterator[tuple[int, Any]]:
        """The rows of one file from row `first` on, as pyarrow tables of `rows` at most (as many as
        pays if left out), each with the row at which it begins. Raises InputError and TppError,
        which name file and row."""
        self._at = number
        part = self.parts[number]
        quantities = self.rules.vocabulary.quantities
        constants = self._constants(part)
        chosen = part.wanted(self.keep)
        rows = rows or part.block(self.keep)
        asked = Asked(quantities, part.form.mapping, chosen, first, rows, as_stored=True)
        for table in gathered(files.tables(part.file, asked), rows):
            yield first, self._complete(table, constants)
            first += table.num_rows

    def _complete(self, table: Any, constants: dict[str, Any]) -> Any:
        """The table with all columns that are kept, each of its type, and what folders state."""
        rows = table.num_rows
        found = dict(zip(table.column_names, table.columns, strict=True))
        found |= {name: pa.repeat(value, rows) for name, value in constants.items()}
        for name in self.keep:
            kind = self.schema.field(name).type
            if name not in found:
                found[name] = pa.nulls(rows, kind)
            elif found[name].type != kind:
                found[name] = found[name].cast(kind)
        return pa.table(found)

    def _constants(self, part: Part) -> dict[str, Any]:
        """What the folders of a file state of its rows, as scalars."""
        if not part.stated:
            return {}
        one = pa.table({name: pa.array([each], pa.string()) for name, each in part.stated.items()})
        steps = tuple(step for step in part.plan if step.column in part.stated)
        found = mapping.apply(steps, one, 0, lambda row: f"the folders of {part.name}")
        return {
            name: found.column(name)[0]
            for name in found.column_names
            if name in self.keep or name not in self.keys
        }

    def _type(self, name: str) -> Any:
        """The type of a column in all files."""
        stated = [part.stated[name] for part in self.parts if name in part.stated]
        if stated and name in self.keys and all(name in part.stated for part in self.parts):
            whole = all(each is None or _is_whole(each) for each in stated)
            return pa.int64() if whole else pa.string()
        found, first = pa.null(), self.parts[0]
        for part in self.parts:
            kind = part.types.get(name, pa.null())
            # Dictionaries differ from block to block; the words in them do not.
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            if kind == found or pa.types.is_null(kind):
                continue
            try:
                both = [pa.schema([("", each)]) for each in (found, kind)]
                found = pa.unify_schemas(both, promote_options="permissive").field(0).type
            except (pa.ArrowTypeError, pa.ArrowInvalid):
                raise TppError(
                    f"column {name!r} is {found} in {first.name} and {kind} in {part.name}; "
                    "expected one type"
                ) from None
            first = part if pa.types.is_null(found) else first
        return found


def _is_whole(text: str) -> bool:
    try:
        return str(int(text)) == text and abs(int(text)) < 2**63
    except ValueError:
        return False


def gathered(tables: Iterable[Any], rows: int) -> Iterator[Any]:
    """The same rows in tables of at most `rows`, of at least half of that but for the last: without
    copying those that are so large already. One table without rows if there are none."""
    waiting: list[Any] = []
    count, none = 0, True
    for table in tables:
        for begin in range(0, table.num_rows, rows) if table.num_rows or not none else (0,):
            piece = table.slice(begin, rows)
            if count + piece.num_rows > rows:
                yield _joined(waiting)
                waiting, count = [], 0
            waiting.append(piece)
            count += piece.num_rows
            if 2 * count >= rows:
                yield _joined(waiting)
                waiting, count = [], 0
            none = none and not piece.num_rows
    if waiting:
        yield _joined(waiting)


def _joined(tables: list[Any]) -> Any:
    # Columns of one JSON batch may lack in the next.
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
