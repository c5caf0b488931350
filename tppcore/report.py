"""Verdicts for people: the table that `tppcore classify` writes, and how it looks on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from tppcore import api
from tppcore.errors import TppError
from tppcore.rules.rulebook import Paragraph, Rulebook

if TYPE_CHECKING:
    from rich.console import Console

    from tppcore.sinks.counts import Counts
    from tppcore.sources.chips import Chip
    from tppcore.sources.system_table import SystemTable

HEADLINE = {"tpp": "TPP", "performance_density": "PD", "total_dram_bandwidth": "DRAM GB/s"}
"""The metrics that every report on chips shows, with their headings."""

SYSTEM_HEADLINE = {
    "aggregate_tpp": "TPP, sum",
    "largest_circuit_tpp": "largest TPP",
    "memory_capacity": "DRAM GB",
}
"""The metrics that every report on systems shows."""

_SHOWN = 1000  # rows of a table on a terminal
_MAIN, _REPORTED = ("classification", "duty"), "reported, not public"
_LABELS = {"id": "id", "name": "chip"}


@dataclass(frozen=True, slots=True)
class Report:
    """`table` (pyarrow): key columns, metrics, one column a paragraph, `outcome`, and of chips
    `limiting_test` and `margin`; `main`: the paragraphs for a narrow table, those that classify
    and do not speak through the outcome, each with those it is the union of; `about`: how it came
    about; `headline`: the metrics for a narrow table with their headings."""

    table: Any
    keys: tuple[str, ...]
    main: Mapping[str, Sequence[str]]
    about: Mapping[str, Any]
    headline: Mapping[str, str]


def about(rules: Rulebook, engine: str) -> dict[str, Any]:
    """What every output says of itself: version, rulebook, date, destination, readings, engine."""
    from tppcore.version import __version__

    return {
        "tppcore": __version__,
        **rules.stated,
        "engine": engine,
    }


def catalogue() -> tuple[list[Chip], Any]:
    """The shipped chips, and a table (pyarrow) of what they are called."""
    import pyarrow as pa

    from tppcore.sources.chips import chips

    listed = chips()
    names = {"id": [chip.id for chip in listed], "name": [chip.name for chip in listed]}
    return listed, pa.table(names)


def classify(
    data: Any,
    keys: Any,
    rules: Rulebook,
    *,
    engine: str | None = None,
    threads: int | None = None,
) -> Report:
    """Verdicts on chips or a table (pyarrow) beside the names of its rows (`keys`, pyarrow too),
    its metrics and what decides it.

    A metric that is not one number is null, and has the columns NAME_low and NAME_high (null:
    unbounded) if some row of the table has bounds for it. Raises `InputError`.
    """
    import numpy as np
    import pyarrow as pa

    from tppcore.engine import oracle
    from tppcore.limiting import limiting
    from tppcore.sinks.limits import Limit, limit
    from tppcore.sources.table import Table

    found = api.classify(data, rules, engine=engine, threads=threads)

    def verdicts(probes: Rulebook) -> Mapping[str, Any]:
        return api.classify(data, probes, engine=found.engine, threads=threads).to_numpy()

    def values(names: Sequence[str]) -> dict[str, Any]:
        given = api.metrics(data, names, rules.readings, engine=found.engine)
        if isinstance(given, dict):
            return given
        return {name: given.column(name).to_numpy() for name in given.column_names}

    def ends(names: Sequence[str]) -> dict[str, Any]:
        given = values(names)
        return {
            name: tuple(given.get(f"{name}_{end}", given[name]) for end in ("low", "high"))
            for name in names
        }

    def exactly(row: int) -> Limit | None:
        if isinstance(data, list):
            return limit(rules, data[row].quantities)
        one = Table(data.slice(row, 1), rules.vocabulary).columns
        return limit(rules, next(oracle.rows(one, rules.vocabulary)))

    columns: dict[str, Any] = {}
    for name, numbers in values(tested_metrics(rules)).items():
        columns[name] = pa.array(np.where(np.isinf(numbers), np.nan, numbers), from_pandas=True)
    answers = found.to_arrow()
    columns |= {name: answers.column(name) for name in found.paragraphs}
    limits = limiting(rules, keys.num_rows, verdicts, ends, exactly)
    columns["outcome"] = found.outcome
    columns["limiting_test"] = pa.array(limits.tests, pa.string())
    columns["margin"] = pa.array(limits.margins, from_pandas=True)
    kept = tuple(key for key in keys.column_names if key not in columns)
    whole = pa.table({**{key: keys.column(key) for key in kept}, **columns})
    return Report(whole, kept, _narrow(rules), about(rules, found.engine), HEADLINE)


def classify_systems(
    table: SystemTable, rules: Rulebook, *, engine: str | None = None, threads: int | None = None
) -> Report:
    """Verdicts on systems beside their names and metrics. Raises `InputError`."""
    import numpy as np
    import pyarrow as pa

    found = api.classify(table, rules, engine=engine, threads=threads)
    names = [*SYSTEM_HEADLINE, "total_dram_bandwidth", "power", "h100_equivalents"]
    given = api.metrics(table, names, rules.readings, engine=found.engine)
    numbers = {name: np.asarray(given[name]) for name in _columns(given) if name != "system"}
    columns = {
        name: pa.array(np.where(np.isinf(values), np.nan, values), from_pandas=True)
        for name, values in numbers.items()
    }
    named = table.names if table.names is not None else np.arange(1, len(table) + 1)
    columns = {"system": pa.array(named), **columns}
    answers = found.to_arrow()
    columns |= {name: answers.column(name) for name in found.paragraphs}
    columns["outcome"] = pa.array(found.outcome)
    about_it = about(found.rules, found.engine)
    return Report(pa.table(columns), ("system",), _narrow(found.rules), about_it, SYSTEM_HEADLINE)


def _columns(table: Any) -> list[str]:
    return list(table) if isinstance(table, dict) else list(table.column_names)


def _narrow(rules: Rulebook) -> dict[str, list[str]]:
    return {
        each.id: _parts(each)
        for each in rules.paragraphs
        if each.outcome is None and (each.kind in _MAIN or each.status == _REPORTED)
    }


def tested_metrics(rules: Rulebook) -> list[str]:
    """The metrics of the headline, and those that some paragraph of the rulebook tests."""
    metrics, used = rules.vocabulary.metrics, rules.metrics_used
    return [n for n, m in metrics.items() if n in HEADLINE or (n in used and not m.internal)]


def show(report: Report, stream: TextIO) -> None:
    """A table for a terminal: the keys, the main metrics and paragraphs, the outcome and why."""
    console = _console(stream)
    table = report.table.slice(0, _SHOWN)
    keys = [key for key in report.keys if key != "id" or "name" not in report.keys]
    last = [name for name in ("outcome", "limiting_test") if name in table.column_names]
    rows = table.select([*keys, *report.main, *last]).to_pylist()
    cells = [
        [
            *(_cell(row[key]) for key in keys),
            *(_bounded(table, name, i) for name in report.headline),
            _met(report.main, row),
            *(_cell(row[name]) for name in last),
        ]
        for i, row in enumerate(rows)
    ]
    stated = report.about
    console.print(f"{stated['as_of']}, destination {stated['destination'] or 'not given'}")
    if "amended" in stated:
        console.print(f"amended: {stated['amended']}", markup=False)
    heading = [_LABELS.get(key, key) for key in keys]
    heading += [*report.headline.values(), "met (?: undetermined)"]
    heading += [name.replace("_", " ") for name in last]
    _print(console, heading, cells, right=range(len(keys), len(keys) + len(report.headline)))
    more = report.table.num_rows - len(rows)
    if more > 0:
        console.print(f"... and {more:,} rows more; -o FILE writes them all")
    readings = ", ".join(f"{name}={value}" for name, value in stated["readings"].items())
    version = f"tppcore {stated['tppcore']}, rulebook {stated['rulebook']}"
    console.print(f"{version}; readings: {readings}", soft_wrap=True)


def text(report: Report) -> str:
    """The same table as text."""
    from io import StringIO

    stream = StringIO()
    show(report, stream)
    return stream.getvalue()


def show_counts(counts: Counts, stated: Mapping[str, Any], stream: TextIO) -> None:
    """How many rows met what, as tables for a terminal."""
    console = _console(stream)
    console.print(f"{stated['as_of']}, destination {stated['destination'] or 'not given'}")
    for heading, cells in (
        (
            ["paragraph", "true", "false", "undetermined"],
            [
                [name, *(f"{each[word]:,}" for word in ("true", "false", "undetermined"))]
                for name, each in counts.by_paragraph.items()
            ],
        ),
        (["outcome", "rows"], [[text, f"{n:,}"] for text, n in counts.by_outcome.items()]),
    ):
        _print(console, heading, cells, right=range(1, len(heading)))
    version = f"tppcore {stated['tppcore']}, rulebook {stated['rulebook']}"
    console.print(f"{counts.rows:,} rows; {version}", soft_wrap=True)


def listing(what: str, rows: Sequence[Mapping[str, str]]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for rows of the catalogue."""
    if what == "systems":
        return _listed_systems(rows)
    from tppcore.sources.chips import chips

    listed = chips([row["id"] for row in rows])
    found = [api.metrics(chip, list(HEADLINE)) for chip in listed]
    heading = ["id", "chip", "year", "status", "TPP", "PD", "DRAM GB/s", "confidence"]
    return heading, [
        [
            row["id"],
            full_name(row),
            row.get("year", ""),
            row.get("status", ""),
            *(_figure(metrics[name]) for name in HEADLINE),
            row.get("confidence", ""),
        ]
        for row, metrics in zip(rows, found, strict=True)
    ]


def _listed_systems(rows: Sequence[Mapping[str, str]]) -> tuple[list[str], list[list[str]]]:
    from tppcore.sources.systems import systems

    total = "aggregate_tpp"
    found = [api.metrics(each, [total])[total] for each in systems([row["id"] for row in rows])]
    heading = ["id", "system", "parts", "year", "status", "TPP in all", "figures by", "confidence"]
    names = ["id", "name", "parts", "year", "status", "TPP", "publisher", "confidence"]
    return heading, [
        [_figure(tpp) if name == "TPP" else row.get(name, "") for name in names]
        for row, tpp in zip(rows, found, strict=True)
    ]


def full_name(row: Mapping[str, str]) -> str:
    """Maker, name and variant of a row of the catalogue."""
    return " ".join(row[part] for part in ("vendor", "name", "variant") if row.get(part))


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table on standard output."""
    _print(_console(sys.stdout), heading, rows)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, advanced by the function it gives; nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda rows: None
        return
    from rich import progress as bars

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, console=_console(sys.stderr), transient=True) as shown:
        task = shown.add_task(title, total=total)
        yield lambda rows: shown.advance(task, rows)


@contextmanager
def busy(title: str) -> Iterator[None]:
    """A sign of life on standard error while one long call runs; nothing if that is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with _console(sys.stderr).status(title):
        yield


def _console(stream: TextIO) -> Console:
    try:
        from rich.console import Console
    except ImportError:
        raise TppError("tables need rich: pip install 'tppcore[cli]'") from None
    # Without a terminal there is no width to fit: lines are as long as they are.
    return Console(file=stream, width=None if stream.isatty() else 200, highlight=False)


def _print(
    console: Console,
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(heading):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _bounded(table: Any, name: str, row: int) -> str:
    value = table.column(name)[row].as_py()
    if value is not None or f"{name}_low" not in table.column_names:
        return _figure(value)
    return _figure(tuple(table.column(f"{name}{end}")[row].as_py() for end in ("_low", "_high")))


def _figure(value: Any) -> str:
    """A metric as people read it: 15832, 4000 to 8000, 7.33 or more, or nothing."""
    if value is None:
        return ""
    if not isinstance(value, tuple):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    low, high = value
    if high is None or high == float("inf"):
        return f"{_figure(low)} or more" if low else ""
    return f"{_figure(low)} to {_figure(high)}"


def _parts(paragraph: Paragraph) -> list[str]:
    """The paragraphs that a paragraph is a union of; none if it is anything else."""
    condition = paragraph.source["condition"]
    items = condition.get("any", ())
    if "all" in condition or not all(str(item).startswith("@") for item in items):
        return []
    return [f"{paragraph.rule}/{item[1:]}" for item in items]


def _met(main: Mapping[str, Sequence[str]], verdicts: Mapping[str, Any]) -> str:
    """Paragraphs that are true or undetermined, rule by rule, without a union that one of its
    parts already says: `3a090 a.1 a.2; 9903.79.01 window-1`."""
    rules: dict[str, list[str]] = {}
    for name, parts in main.items():
        if verdicts[name] is False or any(verdicts.get(part) for part in parts):
            continue
        rule, _, local = name.partition("/")
        mark = "?" if verdicts[name] is None else ""
        rules.setdefault(rule.removeprefix("us-"), []).append(local + mark)
    return "; ".join(f"{rule} {' '.join(local)}" for rule, local in rules.items())
