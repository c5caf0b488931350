"""What several commands read: a table of chips or of parts of systems, or the catalogue."""

from __future__ import annotations

from typing import Any

from tppcore.errors import TppError

INPUT_FORMATS = ("csv", "json", "jsonl", "parquet", "arrow", "xlsx")


def table_of(source: str, columns: str | None, format: str | None) -> Any:
    """The table (pyarrow) of a file."""
    import pyarrow as pa

    from tppcore import report
    from tppcore.rules.store import specs
    from tppcore.sources import files, mapping

    rules = mapping.load(columns, specs().vocabulary.quantities) if columns else None
    tables = []
    with report.progress(f"reading {source}") as advance:
        for table in files.batches(source, rules, format):
            tables.append(table)
            advance(table.num_rows)
    return pa.concat_tables(tables, promote_options="default")


def is_parts(table: Any) -> bool:
    from tppcore.sources import system_files

    return system_files.is_parts(table.column_names)


def data_of(source: str | None, table: Any) -> tuple[Any, Any, list[str]]:
    """The table or the chips to classify, a table of the columns that only name the rows, and
    what to say of columns that may be meant as quantities."""
    from tppcore import report

    if source is None:
        return *report.catalogue(), []
    from tppcore.rules.store import specs
    from tppcore.sources import mapping
    from tppcore.sources.columns import key_columns

    quantities = specs().vocabulary.quantities
    names = table.schema.names
    keys = key_columns(names, quantities)
    if len(keys) == len(names):
        raise TppError(
            f"{source}: no column is a quantity; expected names such as tops_fp8, die_area_mm2 "
            "and dram_gb_s, or --columns MAP"
        )
    notes = [
        f"column {each!r} is no quantity; {near}?"
        for each in keys
        if (near := mapping.misspelt(each, quantities))
    ]
    return table, table.select(keys), notes


def in_file(error: TppError, source: str | None) -> TppError:
    """The same error, with the file that the row is in."""
    from tppcore.errors import InputError

    if source and isinstance(error, InputError):
        return error.within("standard input" if source == "-" else source)
    return error


def need(module: str, extra: str) -> None:
    """Raises TppError if a module is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise TppError(f"this needs {module}: pip install 'tppcore[{extra}]'")
