"""Writes the tables of docs/law.md from specs/: run `python docs/make_law.py` after a change there.

What stands between the markers `<!-- NAME -->` and `<!-- end -->` is made; the rest is written by
hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tppcore.rules.build import compile_specs

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "law.md"

RULES = ("rule", "from", "until", "status", "looks at", "confidence", "citation")
READINGS = (
    "reading",
    "default",
    "alternatives",
    "question",
    "reason for the default",
    "source",
)


def main() -> None:
    TARGET.write_text(page(TARGET.read_text("utf-8"), compile_specs(ROOT / "specs")), "utf-8")


def page(text: str, data: Mapping[str, Any]) -> str:
    """The page with its tables made from compiled specs."""
    tables = {
        "rules": table(RULES, (row for rule in data["rules"].values() for row in versions(rule))),
        "readings": table(READINGS, map(reading, data["readings"])),
    }
    for name, made in tables.items():
        head, marker, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition("<!-- end -->")
        text = f"{head}{marker}\n{made}\n{end}{tail}"
    return text


def versions(rule: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for i, version in enumerate(rule["versions"]):
        yield (
            f"`{rule['id']}`<br>{rule['title']}" if i == 0 else "",
            version["effective"],
            version["until"] or "open",
            version["status"],
            *(distinct(version, key) for key in ("scope", "confidence")),
            f"[{version['citation']}]({version['url']})",
        )


def distinct(version: Mapping[str, Any], key: str) -> str:
    return ", ".join(dict.fromkeys(each[key] for each in version["paragraphs"]))


def reading(entry: Mapping[str, Any]) -> tuple[str, ...]:
    default, *others = (f"`{each['name']}`" for each in entry["alternatives"])
    return (
        f"`{entry['name']}`",
        default,
        ", ".join(others),
        entry["question"],
        entry["basis"],
        entry["source"],
    )


def table(heading: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (heading, ["---"] * len(heading), *rows))


if __name__ == "__main__":
    main()
