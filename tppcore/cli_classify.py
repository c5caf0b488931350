"""`tppcore classify`: a full report of a small table, or verdicts on tables of any size."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tppcore.cli_input import INPUT_FORMATS, data_of, in_file, is_parts, need
from tppcore.cli_stream import SMALL, Wish, format_of, note, stream_of, write_stream
from tppcore.errors import TppError

if TYPE_CHECKING:
    from tppcore.rules.rulebook import Rulebook
    from tppcore.sources.files import File
    from tppcore.sources.streams import Form

_BINARY = ("parquet", "arrow", "xlsx")
_FORMATS = ("table", *INPUT_FORMATS)
F = TypeVar("F", bound=Callable[..., Any])

_PART_ROWS = 1 << 23


def classify_command(
    law: Callable[[F], F],
    rulebook: Callable[[Mapping[str, Any]], Rulebook],
    many: type[click.Command],
) -> click.Command:
    """The command, with the options of the law and the parser of `--rules` of the others."""

    @click.command("classify", cls=many)
    @click.argument("sources", metavar="[INPUT]...", nargs=-1)
    @click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Where to; a folder, ending in /, for many files; standard output if left out.",
    )
    @click.option("--format", type=click.Choice(_FORMATS), help="Format of the output.")
    @click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="Format of the input.")
    @click.option(
        "--verdicts",
        type=click.Choice(["columns", "outcome", "counts"]),
        help="All paragraphs, the outcome alone, or how many rows met what, of any number of rows.",
    )
    @click.option("--keep", metavar="COLUMNS", help="Columns that are carried: a,b,c or none.")
    @click.option("--columns", metavar="MAP", help="A mapping file, or epoch-ml-hardware.")
    @click.option("--sheet", metavar="NAME", help="The sheet of a workbook; the first if left out.")
    @click.option("--resume", is_flag=True, help="Go on with the parts in the output folder.")
    @click.option(
        "--part-rows",
        type=click.IntRange(1),
        default=_PART_ROWS,
        show_default=True,
        help="Rows of a file in an output folder.",
    )
    @click.option("--chips", metavar="FILE", help="The chips that the parts of systems are.")
    @click.option("--systems", metavar="FILE", help="Facts of the systems, a row each.")
    @click.option(
        "--engine", type=click.Choice(["c", "jit", "exact"]), help="The fastest if left out."
    )
    @click.option("--threads", type=click.IntRange(1), help="All cores if left out.")
    @law  # type: ignore[arg-type]
    def classify(
        sources: tuple[str, ...],
        output: str | None,
        format: str | None,
        input_format: str | None,
        verdicts: str | None,
        keep: str | None,
        columns: str | None,
        sheet: str | None,
        resume: bool,
        part_rows: int,
        chips: str | None,
        systems: str | None,
        engine: str | None,
        threads: int | None,
        **options: Any,
    ) -> None:
        """Classify the rows of each INPUT: CSV, JSON lines (both also .gz and .zst), Parquet,
        Arrow, JSON or xlsx, folders of them, 'patterns*', or - for standard input; the catalogue
        if there is none. A table with the columns system, chip and count is one of systems by
        their parts: chips of the catalogue, or of --chips."""
        need("pyarrow", "files")
        kept = None if keep is None else _names(keep)
        wish = Wish(output, format, verdicts, kept, resume, part_rows, engine, threads)
        _check_place(wish)
        rules = rulebook(options)
        if not sources:
            if verdicts or wish.folder or resume:
                raise TppError(
                    "classify: no INPUT; expected one beside --verdicts, -o and --resume"
                )
            _report(None, None, rules, wish)
            return
        from tppcore.sources.files import File
        from tppcore.sources.inputs import Input, find, is_one_file
        from tppcore.sources.streams import Form

        form = Form(input_format, sheet, _mapping(columns))
        if not is_one_file(sources):
            inputs, opened = find(sources), None
        else:
            inputs, opened = (Input(sources[0]),), File(sources[0], input_format, sheet)
        of_systems = bool(chips or systems)
        if opened and not (verdicts or wish.folder or resume):
            table = _small(opened, form, most=None if of_systems else SMALL)
            if table is not None:
                if of_systems or is_parts(table):
                    _report_systems(table, sources[0], chips, systems, rules, wish)
                else:
                    _report(table, sources[0], rules, wish)
                return
        if of_systems:
            raise TppError("systems: expected one file of parts, without --verdicts and a folder")
        stream = stream_of(inputs, opened, rules, form, wish)
        if not verdicts:
            rows = f"{stream.rows:,} rows" if stream.rows is not None else "many rows"
            files = f" of {len(inputs):,} files" if len(inputs) > 1 else ""
            note(f"{rows}{files}: verdicts and outcomes alone, as by --verdicts columns")
        write_stream(stream, rules, wish)

    return classify


def _names(keep: str) -> tuple[str, ...]:
    return () if keep == "none" else tuple(each.strip() for each in keep.split(",") if each.strip())


def _check_place(wish: Wish) -> None:
    """Raises TppError for an output that can't be, before anything is read."""
    from tppcore.sinks import files as sink

    if wish.folder is None and wish.resume:
        raise TppError("--resume: expected -o FOLDER/, the one of the job to go on with")
    if wish.folder is not None and wish.verdicts == "counts":
        raise TppError(f"{wish.folder}: a folder; expected a file for the counts")
    if wish.output in (None, "-"):
        if sys.stdout.isatty() and wish.format in _BINARY:
            raise TppError(f"{wish.format} is not for a terminal; expected -o FILE")
        return
    assert wish.output is not None
    if not Path(wish.output).absolute().parent.is_dir():
        raise TppError(f"{wish.output}: no such folder")
    if wish.folder is None and wish.format is None:
        sink.format_of(wish.output)


def _mapping(columns: str | None) -> Any:
    from tppcore.rules.store import specs
    from tppcore.sources import mapping

    return mapping.load(columns, specs().vocabulary.quantities) if columns else None


def _small(file: File, form: Form, most: int | None) -> Any:
    """The table of a file that has at most so many rows, else None."""
    import pyarrow as pa

    from tppcore import report
    from tppcore.rules.store import specs
    from tppcore.sources import files

    if most is not None and file.format == "parquet":
        rows = files.shape(file).rows
        if rows is not None and rows > most:
            return None
    tables, count = [], 0
    asked = files.Asked(specs().vocabulary.quantities, form.mapping)
    with report.progress(f"reading {file.name}") as advance:
        for table in files.tables(file, asked):
            tables.append(table)
            count += table.num_rows
            if most is not None and count > most:
                return None
            advance(table.num_rows)
    return pa.concat_tables(tables, promote_options="default")


def _report(table: Any, source: str | None, rules: Rulebook, wish: Wish) -> None:
    """Metrics, verdicts, outcome and limiting test of every row."""
    from tppcore import report

    try:
        data, keys, notes = data_of(source, table)
        if wish.keep is not None:
            keys = _kept(keys if table is None else table, wish.keep)
        with report.busy(f"classifying {keys.num_rows:,} rows"):
            found = report.classify(data, keys, rules, engine=wish.engine, threads=wish.threads)
    except TppError as error:
        raise in_file(error, source) from None
    for each in notes:
        note(each)
    _write_report(found, wish, is_catalogue=source is None)


def _kept(table: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if name not in table.column_names:
            raise TppError(f"no column {name!r} to keep; found {', '.join(table.column_names)}")
    return table.select(list(names))


def _report_systems(
    table: Any, source: str, chips: str | None, systems: str | None, rules: Rulebook, wish: Wish
) -> None:
    from tppcore import report
    from tppcore.sources.system_files import system_table

    try:
        parts = system_table(table, chips, systems, source)
        with report.busy(f"classifying {len(parts):,} systems"):
            found = report.classify_systems(parts, rules, engine=wish.engine, threads=wish.threads)
    except TppError as error:
        raise in_file(error, source) from None
    _write_report(found, wish)


def _write_report(found: Any, wish: Wish, is_catalogue: bool = False) -> None:
    from tppcore import report
    from tppcore.sinks import files as sink
    from tppcore.sinks.whole import whole

    terminal = wish.output in (None, "-") and sys.stdout.isatty()
    format = format_of(wish, "table" if terminal or is_catalogue else "csv")
    if format != "table":
        with report.busy("writing"):
            sink.write(found.table, wish.output or "-", found.about, format)
    elif wish.output in (None, "-"):
        report.show(found, sys.stdout)
    else:
        with whole(str(wish.output)) as stream:
            stream.write(report.text(found).encode())
