"""A rulebook as one SQL query over a table of chips, for databases where nothing can be installed.

The query is made from the compiled program: what the table states, what is wrong with it, metrics
and tests (true, false, NULL), then each paragraph by the boxes that no value of an uncertain figure
may touch. Nothing is divided, and nothing is rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tppcore.deciding import check_ranges
from tppcore.engine.structure import cone, tested
from tppcore.errors import TppError, UnknownName
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Box, Op, Paragraph, Program
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import NOT_EVALUATED, NOTHING_FOUND, UNDETERMINED, Ladder
from tppcore.sources.columns import quantity_of
from tppcore.sql.dialects import Dialect, dialect_of
from tppcore.sql.head import head
from tppcore.sql.metrics import Metrics
from tppcore.sql.sheet import ERROR, ROW, Listed, Sheet
from tppcore.sql.terms import Digits, name, text

OUTCOME = "outcome"
VERDICTS = ("columns", "outcome")
_UP_TO, _AT_LEAST = name("outcome up to"), name("outcome at least")

_PLAIN = r"[A-Za-z_][A-Za-z0-9_$]*"
_QUOTED = r'"(?:[^"\x00]|"")+"'
_TABLE = re.compile(rf"(?:{_PLAIN}|{_QUOTED})(?:\.(?:{_PLAIN}|{_QUOTED})){{0,2}}")


def to_sql(
    rules: Rulebook,
    dialect: str,
    *,
    table: str = "chips",
    view: str | None = None,
    columns: Iterable[str] | None = None,
    verdicts: str = "columns",
    decimals: Mapping[str, tuple[int, int]] | None = None,
    doubles: bool = False,
) -> str:
    """The rulebook as a SELECT (or CREATE VIEW) in SQL that gives the verdicts of `classify`.

    Parameters
    ----------
    rules: from `rulebook`.
    dialect: "duckdb" or "postgres".
    table, view: names as they stand in SQL, quoted or not, with a schema or without.
    columns: the columns of the table that state quantities (`specs/quantities.toml`), as NAME, or
        NAME_low and NAME_high for ranges; all that the rules read, without ranges, if left out.
        What is not listed is missing in every row.
    verdicts: "columns" for one boolean column a paragraph and the outcome, or "outcome".
    decimals: DuckDB: digits and decimal places by quantity, "" for all that are not named.
    doubles: whether columns may be DOUBLE PRECISION; slower.

    The result has the table's own columns, the verdicts (NULL is undetermined), `outcome` in words
    and `tppcore_error`: where that says what is wrong with a row, its verdicts are NULL.

    Raises TppError for a name that is none, for a range of a quantity in which some metric is not
    monotone, and where products need more digits than a DECIMAL has; UnknownName.
    """
    if verdicts not in VERDICTS:
        raise UnknownName(f"unknown verdicts {verdicts!r}; expected {' or '.join(VERDICTS)}")
    speaks = dialect_of(dialect, decimals or {}, doubles)
    for each in decimals or {}:
        if each and each not in rules.vocabulary.quantities:
            raise UnknownName(f"decimal of {each!r}: no such quantity")
    listed = _listed(rules, columns)
    check_ranges(rules, [each.spec.name for each in listed.values() if each.low or each.high])
    for paragraph in rules.paragraphs:
        speaks.check_name(paragraph.id)
    program = _program(rules, listed)
    sheet = Sheet(program, listed, rules.vocabulary, speaks)
    digits = Digits(speaks.limit)
    metrics = Metrics(program, sheet.spans, sheet.names, digits)
    queries = [
        _first_query(sheet, _identifiers(table), 18 if digits.needed <= 18 else 38),
        *_stages(sheet, metrics),
        _paragraphs(program, metrics),
        _ladder(rules, metrics.last),
    ]
    return "\n".join(
        [
            *head(rules, speaks, listed, _unread(rules, listed)),
            *([] if view is None else [f"CREATE VIEW {_identifiers(view)} AS"]),
            _joined(queries, speaks),
            f"{_answer(rules, verdicts, speaks)}\nFROM {_query(len(queries) - 1)};\n",
        ]
    )


def _listed(rules: Rulebook, columns: Iterable[str] | None) -> dict[str, Listed]:
    quantities = rules.vocabulary.quantities
    if columns is None:
        return {each: Listed(quantities[each], True) for each in _read_by(rules)}
    found: dict[str, Listed] = {}
    for column in columns:
        spec = quantity_of(column, quantities)
        if spec is None:
            raise UnknownName(
                f"column {column!r} is no quantity; expected names of specs/quantities.toml such "
                "as tops_fp8, die_area_mm2 and dram_gb_s, or those with _low and _high"
            )
        found[spec.name] = found.get(spec.name, Listed(spec)).with_column(column)
    return {each: found[each] for each in quantities if each in found}


def _read_by(rules: Rulebook) -> list[str]:
    """The quantities that the tests of a rulebook read."""
    quantities = rules.vocabulary.quantities
    every = [each.name for each in quantities.values() if not each.internal]
    program = compiled(rules, every)
    nodes = [program.nodes[index] for index in cone(program, tested(program))]
    read = {program.inputs[node.a].quantity for node in nodes if node.op == Op.INPUT}
    return [each for each in every if each in read]


def _unread(rules: Rulebook, listed: Mapping[str, Listed]) -> list[str]:
    return [each for each in _read_by(rules) if each not in listed]


def _program(rules: Rulebook, listed: Mapping[str, Listed]) -> Program:
    """The program, with the metrics that columns can be named after."""
    own = [each.name for each in rules.vocabulary.metrics.values() if ":" not in each.name]
    return compiled(rules, listed, dict.fromkeys((*rules.metrics_used, *own)))


def _identifiers(written: str) -> str:
    if not _TABLE.fullmatch(written):
        raise TppError(
            f"{written!r} is no name of a table; expected NAME or SCHEMA.NAME, with anything but "
            'letters, digits and _ in double quotes, such as my_schema."chips 2026"'
        )
    return written


# -- the queries ----------------------------------------------------------------------------------


def _query(number: int) -> str:
    return f"tppcore_{number}"


def _first_query(sheet: Sheet, table: str, width: int) -> str:
    columns = [ROW, *(f"{sql} AS {name(title)}" for title, sql in sheet.stated(width))]
    return f"SELECT {_lines(columns)}\n    FROM {table} AS {ROW}"


def _stages(sheet: Sheet, metrics: Metrics) -> Iterator[str]:
    for stage in range(1, metrics.last):
        columns = [*(sheet.checked if stage == 1 else ()), *metrics.stages[stage]]
        yield _more(stage, columns)


def _more(stage: int, columns: Iterable[tuple[str, str]]) -> str:
    texts = ["*", *(f"{sql} AS {name(title)}" for title, sql in columns)]
    return f"SELECT {_lines(texts)}\n    FROM {_query(stage - 1)}"


def _lines(columns: Sequence[str]) -> str:
    return ",\n        ".join(columns)


def _joined(queries: Sequence[str], dialect: Dialect) -> str:
    parts = [
        f"{_query(number)} AS (\n    {query}{dialect.fence}\n)"
        for number, query in enumerate(queries)
    ]
    return "WITH " + ", ".join(parts)


def _paragraphs(program: Program, metrics: Metrics) -> str:
    columns = [
        (each.id, f"CASE WHEN {ERROR} IS NULL THEN {_verdict(each, metrics)} END")
        for each in program.paragraphs
    ]
    return _more(metrics.last, columns)


def _verdict(paragraph: Paragraph, metrics: Metrics) -> str:
    """True where no false box can be touched, false where no true box can.

    In SQL's three-valued logic a conjunction of tests is FALSE exactly if some test can't hold,
    and a disjunction of such boxes is FALSE exactly if none of them can be touched.
    """
    true, false = paragraph.true_boxes, paragraph.false_boxes
    if not true or not false:
        return "TRUE" if true else "FALSE"
    if len(true) == len(false) == len(true[0]) == len(false[0]) == 1:
        return _literal(true[0][0], metrics)
    return (
        f"CASE WHEN ({_boxes(false, metrics)}) IS FALSE THEN TRUE "
        f"WHEN ({_boxes(true, metrics)}) IS FALSE THEN FALSE END"
    )


def _boxes(boxes: Sequence[Box], metrics: Metrics) -> str:
    """Boxes as a disjunction of conjunctions; a box without a test is all rows."""
    texts = [" AND ".join(_literal(each, metrics) for each in box) or "TRUE" for box in boxes]
    return texts[0] if len(texts) == 1 else " OR ".join(f"({each})" for each in texts)


def _literal(literal: int, metrics: Metrics) -> str:
    test = metrics.tests[literal >> 1]
    return f"NOT {test}" if literal & 1 else test


# -- the answer -----------------------------------------------------------------------------------


def _answer(rules: Rulebook, verdicts: str, dialect: Dialect) -> str:
    ids = [paragraph.id for paragraph in rules.paragraphs] if verdicts == "columns" else []
    lowest = text(Ladder(rules).words[-1] if Ladder(rules).ranks else NOT_EVALUATED)
    outcome = (
        f"CASE WHEN {ERROR} IS NOT NULL THEN NULL\n"
        f"        WHEN {_UP_TO} IS NULL THEN COALESCE({_AT_LEAST}, {lowest})\n"
        f"        ELSE {text(f'{UNDETERMINED}: up to ')} || {_UP_TO} || {text('; at least ')}\n"
        f"            || COALESCE({_AT_LEAST}, {text(NOTHING_FOUND)}) END"
    )
    row = dialect.all_of_row.format(ROW)
    return "SELECT " + ",\n    ".join([row, *map(name, ids), f"{outcome} AS {OUTCOME}", ERROR])


def _ladder(rules: Rulebook, previous: int) -> str:
    """The strongest outcome that is certain, and the strongest that is open above it."""
    ladder = Ladder(rules)
    possible, certain = "", ""
    for rank, members in sorted(ladder.ranks.items()):
        met = " OR ".join(name(rules.paragraphs[i].id) for i in members)
        words = text(ladder.words[rank])
        possible += f"\n            WHEN {met} THEN NULL"
        possible += f"\n            WHEN ({met}) IS NULL THEN {words}"
        if rank < ladder.lowest:
            certain += f"\n            WHEN {met} THEN {words}"
    columns = [
        "*",
        f"{_case(possible)} AS {_UP_TO}",
        f"{_case(certain)} AS {_AT_LEAST}",
    ]
    return f"SELECT {_lines(columns)}\n    FROM {_query(previous)}"


def _case(lines: str) -> str:
    return f"CASE{lines} END" if lines else "CAST(NULL AS VARCHAR)"
