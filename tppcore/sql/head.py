"""The comment before a query: which law it is, what it expects of the table, what it refuses."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tppcore.rules.rulebook import Rulebook
from tppcore.sql.dialects import Dialect
from tppcore.sql.sheet import ERROR, Listed
from tppcore.verdicts import metadata_of

_WIDTH = 100


def head(
    rules: Rulebook, dialect: Dialect, listed: Mapping[str, Listed], unread: Sequence[str]
) -> list[str]:
    """The lines of the comment. No text of a rule file can end it: it has no line breaks."""
    return [line for each in _paragraphs(rules, dialect, listed, unread) for line in _comment(each)]


def _paragraphs(
    rules: Rulebook, dialect: Dialect, listed: Mapping[str, Listed], unread: Sequence[str]
) -> Iterator[str]:
    yield f"Export-control verdicts by tppcore, for {dialect.title}"
    for key, value in metadata_of(rules).items():
        yield f"{key}: {value}"
    yield ""
    yield (
        "A verdict is TRUE or FALSE where all values of missing and uncertain figures agree, and "
        f"NULL where they do not. Where {ERROR} is not NULL, a figure of the row can't be used, "
        "and all verdicts are NULL. No legal advice; controls on parties and end uses are not "
        "evaluated."
    )
    yield ""
    yield "Paragraphs and their sources:"
    for paragraph in rules.paragraphs:
        yield f"  {paragraph.id}: {paragraph.citation}"
        for assumed in paragraph.assumed:
            yield f"    assumed, not computed: {assumed}"
    yield ""
    yield "Columns read; NULL is missing, which for all but the defaults below is unknown:"
    for each in listed.values():
        for column in each.names:
            spec = each.spec
            unit = f", {spec.unit}" if spec.unit not in ("", "1") else ""
            absent = "" if spec.absent is None else f"; {_absent(each)} if missing"
            yield f"  {column} {dialect.kind(spec)}{unit}: {spec.meaning}{absent}"
    if any(each.spec.rate for each in listed.values()):
        closed = "stays unknown" if rules.formulas.open_unlisted else "is one that is not claimed"
        yield f"A missing rate (tops_...) of a row that states another one {closed}."
    if unread:
        yield f"Not read, as if missing in every row: {', '.join(unread)}"
    if any(each.spec.kind == "number" for each in listed.values()):
        yield ""
        yield dialect.warning


def _absent(listed: Listed) -> str:
    spec = listed.spec
    assert spec.absent is not None
    if spec.words:
        return spec.words[int(spec.absent)]
    return str(bool(spec.absent)).lower() if spec.kind == "boolean" else str(spec.absent)


def _comment(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    lines = textwrap.wrap(
        " ".join(text.split()),
        _WIDTH - 3,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"-- {line}" for line in lines] or ["--"]
