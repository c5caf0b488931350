"""Files of a suite and of somebody's answers to it, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tppcore.edges.suite import HEADING, VERSION, EdgeSuite, edge_suite
from tppcore.errors import InputError, TppError
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.sources import files

Verdicts = NDArray[np.int8]
TRUE, FALSE, UNDETERMINED, NOT_ANSWERED = 1, 0, -1, -2

_WORDS = {
    TRUE: ("true", "t", "1", "1.0", "yes", "y"),
    FALSE: ("false", "f", "0", "0.0", "no", "n"),
    UNDETERMINED: ("undetermined", "unknown", "null", "none", "nan", "na", "n/a", "<na>", "-", ""),
}
_CODES = {word: code for code, words in _WORDS.items() for word in words}
EXPECTED = "true, false or undetermined (or 1 and 0, yes and no, and nothing for undetermined)"


def heading(path: str | Path) -> dict[str, Any]:
    """What a file says of itself as our own outputs do; empty if it says nothing."""
    file = Path(path)
    try:
        match files.EXTENSIONS.get(file.suffix.lower()):
            case "parquet":
                import pyarrow.parquet as pq

                return _json((pq.read_schema(file).metadata or {}).get(b"tppcore", b"{}"))
            case "arrow":
                import pyarrow as pa

                with pa.ipc.open_file(str(file)) as reader:
                    return _json((reader.schema.metadata or {}).get(b"tppcore", b"{}"))
            case "jsonl":
                with file.open(encoding="utf-8-sig") as stream:
                    found = _json(stream.readline()).get("meta")
            case "json":
                found = _json(file.read_bytes()).get("meta")
            case "csv":
                with file.open(encoding="utf-8-sig", errors="replace") as stream:
                    notes = takewhile(lambda line: line.startswith("#"), stream)
                    pairs = [line[1:].strip().partition(": ") for line in notes]
                found = {name: _value(text) for name, _, text in pairs}
            case _:
                found = None
    except (OSError, ValueError):
        return {}  # the reader of the rows says what is wrong
    return found if isinstance(found, dict) else {}


def _json(text: str | bytes) -> dict[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def _value(text: str) -> Any:
    if not text.startswith(("{", "[")) and not text.isdigit():
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def rules_of(about: Mapping[str, Any], rule_files: Sequence[str] = ()) -> Rulebook:
    """The rulebook that a suite was made from. Raises TppError."""
    return rulebook(
        about["as_of"],
        about.get("destination") or None,
        list(about["rules"]),
        readings=about.get("readings"),
        files=rule_files,
    )


def remade(about: Mapping[str, Any], rule_files: Sequence[str] = ()) -> EdgeSuite:
    """The suite that a heading names, made again. Raises TppError where this version has others."""
    if about.get("suite") != VERSION:
        raise TppError(
            f"answers to version {about.get('suite')} of the suite, and this tppcore makes version "
            f"{VERSION}; expected --suite with the file that was answered"
        )
    suite = edge_suite(rules_of(about, rule_files), about.get("limit"))
    if suite.about["rulebook"] != about.get("rulebook"):
        raise TppError(
            f"answers to the suite of rulebook {about.get('rulebook')}, which is "
            f"{suite.about['rulebook']} here; expected --suite with the file that was answered"
        )
    return suite


def read_suite(path: str | Path) -> EdgeSuite:
    """A suite from its file. Raises TppError for another file."""
    about = heading(path)
    table = files.read(path)
    names = table.column_names
    if "suite" not in about or "rules" not in about or set(HEADING) - set(names):
        raise TppError(f"{path}: not a suite; expected a file that `tppcore edges` has written")
    lacking = [name for name in about["rules"] if name not in names]
    if lacking:
        raise TppError(f"{path}: no column {lacking[0]!r}; expected one for each paragraph")
    return EdgeSuite(table, about)


def expected(suite: EdgeSuite) -> Verdicts:
    """The verdicts of a suite, (paragraphs, rows)."""
    found = [
        [_CODES[word] for word in suite.table.column(name).to_pylist()] for name in suite.paragraphs
    ]
    return np.array(found, np.int8).reshape(len(found), suite.table.num_rows)


def read_answers(path: str | Path, suite: EdgeSuite) -> tuple[Verdicts, tuple[str, ...]]:
    """Somebody's verdicts in the order of a suite, (paragraphs, rows), NOT_ANSWERED where FILE has
    no row; and the paragraphs that it has columns for.

    Raises TppError for a file without the column `id` or any paragraph, and InputError for a cell.
    """
    table = files.read(path, quantities={})
    names = table.column_names
    if "id" not in names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise TppError(f"{path}: no column 'id'; expected the ids of the suite (it has {shown})")
    graded = tuple(name for name in suite.paragraphs if name in names)
    if not graded:
        raise TppError(
            f"{path}: no column is a paragraph of the suite; expected some of "
            + ", ".join(suite.paragraphs)
        )
    rows = _rows(str(path), table.column("id").to_pylist(), suite)
    found = np.full((len(graded), suite.table.num_rows), NOT_ANSWERED, np.int8)
    for p, name in enumerate(graded):
        for i, cell in enumerate(table.column(name).to_pylist()):
            found[p, rows[i]] = _code(cell, name, i, str(path))
    return found, graded


def _rows(path: str, ids: Sequence[Any], suite: EdgeSuite) -> list[int]:
    """The row of the suite that each row of a file answers."""
    places = {name: row for row, name in enumerate(suite.table.column("id").to_pylist())}
    seen: dict[str, int] = {}
    for i, name in enumerate(ids):
        if name not in places:
            raise InputError("id", i, name, "an id of the suite", path)
        if name in seen:
            raise InputError("id", i, name, f"each id once (row {seen[name] + 1} has it)", path)
        seen[name] = i
    return [places[name] for name in ids]


def _code(cell: Any, name: str, row: int, path: str) -> int:
    if cell is None:
        return UNDETERMINED
    code = _CODES.get(str(cell).strip().lower())
    if code is None:
        raise InputError(name, row, cell, EXPECTED, path)
    return code
