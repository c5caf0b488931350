"""How many rows met what: verdicts by paragraph and rows by outcome, added up block by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tppcore.engine.columns import Bitmaps
from tppcore.rules.rulebook import Rulebook
from tppcore.sinks.outcome import Ladder

VERDICTS = ("true", "false", "undetermined")


class Counts:
    """The counts of a rulebook over all rows that were added."""

    def __init__(self, rules: Rulebook) -> None:
        self.ladder = Ladder(rules)
        self.paragraphs = tuple(each.id for each in rules.paragraphs)
        self.rows = 0
        self._true = np.zeros(len(self.paragraphs), np.int64)
        self._valid = np.zeros(len(self.paragraphs), np.int64)
        self._codes: dict[int, int] = {}

    def add(self, found: Bitmaps) -> None:
        """Adds the verdicts of a block."""
        self.rows += found.rows
        self._true += np.bitwise_count(found.values).sum(axis=1, dtype=np.int64)
        self._valid += np.bitwise_count(found.valid).sum(axis=1, dtype=np.int64)
        for code, count in self.ladder.counts(found).items():
            self._codes[code] = self._codes.get(code, 0) + count

    @property
    def by_paragraph(self) -> dict[str, dict[str, int]]:
        """How many rows are true, false and undetermined, by paragraph."""
        return {
            name: {"true": true, "false": valid - true, "undetermined": self.rows - valid}
            for name, true, valid in zip(
                self.paragraphs, self._true.tolist(), self._valid.tolist(), strict=True
            )
        }

    @property
    def by_outcome(self) -> dict[str, int]:
        """How many rows have each highest outcome, the strongest first."""
        found: dict[str, int] = {}
        for code in sorted(self._codes):
            text = self.ladder.text(code)
            found[text] = found.get(text, 0) + self._codes[code]
        return found

    @property
    def table(self) -> Any:
        """The same as a pyarrow table: `what` is paragraph or outcome, `name` which one, `verdict`
        true, false or undetermined (null for outcomes), `rows` how many."""
        import pyarrow as pa

        lines: list[tuple[str, str, str | None, int]] = [
            ("paragraph", name, verdict, counts[verdict])
            for name, counts in self.by_paragraph.items()
            for verdict in VERDICTS
        ]
        lines += [("outcome", name, None, count) for name, count in self.by_outcome.items()]
        what, names, verdicts, rows = zip(*lines, strict=True)
        return pa.table(
            {
                "what": pa.array(what),
                "name": pa.array(names),
                "verdict": pa.array(verdicts, pa.string()),
                "rows": pa.array(rows, pa.int64()),
            }
        )

    def to_dict(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """The same for JSON, with how it came about."""
        return {
            "meta": dict(about),
            "rows": self.rows,
            "paragraphs": self.by_paragraph,
            "outcomes": self.by_outcome,
        }
