"""Tables of systems in files: parts, the chips that they are, and facts of the systems."""

from __future__ import annotations

from typing import Any

from tppcore.errors import InputError, TppError
from tppcore.sources import files
from tppcore.sources.system_table import SystemTable

_PARTS = ("chip", "count")


def is_parts(names: list[str]) -> bool:
    """Whether a table with these columns is one of parts of systems."""
    return all(name in names for name in _PARTS)


def system_table(parts: Any, chips: str | None, systems: str | None, source: str) -> SystemTable:
    """A SystemTable of a pyarrow table that was read from `source`, and of the files of its chips
    (the catalogue if left out) and facts. Raises InputError and TppError with the file."""
    own = None if chips is None else files.read(chips)
    facts = None if systems is None else _keyed(files.read(systems), systems)
    try:
        return SystemTable(_keyed(parts, source), own, facts)
    except InputError as error:
        raise error.within(source) from None


def _keyed(table: Any, source: str) -> Any:
    """The table with its text counts as numbers: CSV knows no types of other than quantities."""
    import pyarrow as pa

    for name in ("count", "host"):
        at = table.schema.get_field_index(name)
        if at < 0 or not (
            pa.types.is_string(table.schema.field(at).type)
            or pa.types.is_large_string(table.schema.field(at).type)
        ):
            continue
        values = table.column(at)
        read = _counts if name == "count" else _hosts
        table = table.set_column(at, name, read(values, source))
    if "system" not in table.column_names and "count" not in table.column_names:
        raise TppError(f"{source}: no column 'system'; expected the system that each row states")
    return table


def _counts(values: Any, source: str) -> Any:
    import pyarrow as pa

    from tppcore.sources.systems import whole_count

    known: dict[str | None, int | None] = {None: None, "": None}
    found = []
    for row, text in enumerate(values.to_pylist()):
        if text not in known:
            try:
                known[text] = whole_count(text, row)
            except InputError as error:
                raise InputError("count", row, text, error.expected, source) from None
        found.append(known[text])
    return pa.array(found, pa.int64())


def _hosts(values: Any, source: str) -> Any:
    import pyarrow as pa

    from tppcore.sources.decimals import truth

    try:
        found = [truth(text, "host", row) or False for row, text in enumerate(values.to_pylist())]
    except InputError as error:
        raise InputError("host", error.row, error.value, error.expected, source) from None
    return pa.array(found, pa.bool_())
