"""What changes between two laws, against two plain classifications."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tppcore as tpp
from tppcore.demo import configurations
from tppcore.errors import TppError, UnknownName
from tppcore.migration import Migration, migrate, of_counts
from tppcore.rules.amendment import amended
from tppcore.rules.rulebook import Rulebook, rulebook

NOTHING = "no 3A090/4A090 licence requirement found (other controls not evaluated)"
DENIAL = "licence, presumption of denial"
CASES = "licence, case-by-case"
OPEN = f"undetermined: up to {DENIAL}; at least no requirement found"
AT_2400 = {"us-3a090": [("tpp >= 4800", "tpp >= 2400")]}


@pytest.fixture(scope="module")
def dates() -> tuple[Rulebook, Rulebook]:
    return rulebook("2023-11-16", "CN"), rulebook("2023-11-17", "CN")


@pytest.fixture(scope="module")
def law() -> Rulebook:
    return rulebook("2026-02-01", "CN")


@pytest.fixture(scope="module")
def catalogue(dates: tuple[Rulebook, Rulebook]) -> Migration:
    return migrate(tpp.chips(), *dates)


def paired(data: Any, before: Rulebook, after: Rulebook) -> list[tuple[str, str]]:
    """The outcomes of two plain classifications."""
    outcomes = [tpp.classify(data, rules).outcome for rules in (before, after)]
    return list(zip(*(list(map(str, each)) for each in outcomes), strict=True))


class TestTwoDates:
    def test_a800_and_h800(self, catalogue: Migration) -> None:
        rows = {row["id"]: row for row in catalogue.table().to_pylist()}
        for identity in ("a800-sxm-80", "a800-pcie-80", "h800-sxm", "h800-pcie"):
            row = rows[identity]
            assert (row["before"], row["after"]) == (NOTHING, DENIAL)
            assert row["limiting_test"] == "tpp above 1600"
        newly = {
            row["id"] for row in rows.values() if (row["before"], row["after"]) == (NOTHING, DENIAL)
        }
        assert {"rtx-4090", "l40s", "h20-96"} & newly == {"rtx-4090", "l40s"}
        assert len(newly) == 21
        assert rows["h100-sxm"]["before"] == OPEN

    def test_against_two_classifications(
        self, catalogue: Migration, dates: tuple[Rulebook, Rulebook]
    ) -> None:
        chips = tpp.chips()
        pairs = paired(chips, *dates)
        assert catalogue.counts == Counter(pairs)
        assert catalogue.total == len(chips)
        changes = [
            (chip.id, *pair) for chip, pair in zip(chips, pairs, strict=True) if pair[0] != pair[1]
        ]
        table = catalogue.table()
        assert [
            tuple(row[name] for name in ("id", "before", "after")) for row in table.to_pylist()
        ] == changes
        assert catalogue.changed == len(changes) == table.num_rows

    def test_matrix(self, catalogue: Migration) -> None:
        assert catalogue.outcomes == (DENIAL, OPEN, NOTHING)
        assert [sum(row) for row in catalogue.matrix] == [0, 95, 39]
        assert catalogue.matrix[2][0] == catalogue.counts[NOTHING, DENIAL]
        assert sum(map(sum, catalogue.matrix)) == catalogue.total

    def test_text(self, catalogue: Migration) -> None:
        text = str(catalogue)
        assert text.startswith("Migration: 96 of 134 chips change\n  before: 2023-11-16")
        assert "not counted as changed: 24 that are undetermined alike" in text
        rows = text.partition("changed chips, 20 of 96\n")[2].splitlines()
        assert len(rows) == 21
        assert all("3 -> 1" in row for row in rows[1:]), "certain on both sides first"

    def test_same_law(self, dates: tuple[Rulebook, Rulebook]) -> None:
        found = migrate(tpp.chips(), dates[0], dates[0])
        assert (found.changed, found.table().num_rows) == (0, 0)
        assert "changed chips" not in str(found)
        assert found.to_dict()["rows"] == []

    def test_one_chip_and_none(self, dates: tuple[Rulebook, Rulebook]) -> None:
        assert migrate(tpp.chip("A800"), *dates).counts == {(NOTHING, DENIAL): 1}
        own = migrate([tpp.Chip(tops={"fp8": 1}, interconnect_gb_s=0)], *dates)
        assert (own.total, own.what) == (1, "chips")
        nothing = migrate([], *dates)
        assert (nothing.total, nothing.counts, nothing.matrix) == (0, {}, [])
        assert str(nothing).startswith("Migration: 0 of 0")


class TestTables:
    def test_a_hundred_thousand_rows(self, dates: tuple[Rulebook, Rulebook]) -> None:
        (table,) = configurations(100_000, 5)
        table = table.append_column("part", pa.array(range(7, 100_007)))
        found = migrate(table, *dates)
        pairs = paired(table, *dates)
        assert found.counts == Counter(pairs)
        assert any(old.startswith("undet") or new.startswith("undet") for old, new in found.counts)
        expected = [(i + 1, i + 7, *pair) for i, pair in enumerate(pairs) if pair[0] != pair[1]]
        changed = found.table()
        assert changed.column_names == ["row", "part", "before", "after"], "too many for the tests"
        columns = [changed.column(name).to_pylist() for name in changed.column_names]
        assert list(zip(*columns, strict=True)) == expected
        written = found.to_dict()
        assert len(written["rows"]) == 1000
        assert written["rows_left_out"] == len(expected) - 1000
        assert written["rows"][0]["part"] == expected[0][1]

    def test_engines_agree(self, dates: tuple[Rulebook, Rulebook]) -> None:
        (table,) = configurations(500, 6)
        exact, fast = (migrate(table, *dates, engine=engine) for engine in ("exact", None))
        assert exact.counts == fast.counts
        assert exact.table().equals(fast.table())
        assert (exact.engine, exact.to_dict()["engine"]) == ("exact", "exact")

    def test_undetermined_is_a_kind_of_its_own(self, law: Rulebook) -> None:
        table = {
            "name": ["X1", "X2", "X3"],
            "tops_fp8": [600, 350, 250],
            "die_area_mm2": [np.nan, np.nan, 2000],
            "datacenter": [1, 1, 1],
            "dram_gb_s": [3000, 3000, 3000],
        }
        found = migrate(table, law, amended(law, AT_2400))
        undetermined = "undetermined: up to licence, case-by-case; at least no requirement found"
        assert found.counts == {(CASES, CASES): 1, (undetermined, CASES): 1, (NOTHING, NOTHING): 1}
        (row,) = found.table().to_pylist()
        assert (row["row"], row["name"], row["limiting_test"]) == (2, "X2", "tpp above 2400")

    def test_kinds_of_tables(self, law: Rulebook) -> None:
        columns: dict[str, Any] = {
            "part": ["a", "b", "c"],
            "tops_int8": [350.0, 10.0, 360.0],
            "die_area_mm2": [4000.0, 50.0, 4000.0],
        }
        after = amended(law, AT_2400)
        plain = migrate(columns, law, after).table().to_pylist()
        assert [(row["row"], row["part"]) for row in plain] == [(1, "a"), (3, "c")]
        table = pa.table(columns)
        structured = pd.DataFrame(columns).to_records(index=False).view(np.ndarray)
        frames = [pd.DataFrame(columns), pl.DataFrame(columns), table, structured]
        frames += [pa.RecordBatchReader.from_batches(table.schema, table.to_batches())]
        for data in frames:
            assert migrate(data, law, after).table().to_pylist() == plain, type(data)

    def test_key_columns(self, law: Rulebook) -> None:
        table = {
            "tops_int8": [350.0, 350.0],
            "die_area_mm2": [4000.0, 4000.0],
            "before": ["lost", "lost"],
            "row": ["mine", "too"],
            "mixed": [1, "two"],
            "title": "of the whole",
            "when": np.array(["2024-01-01", "NaT"], "datetime64[D]"),
            "score": [1.5, float("nan")],
        }
        found = migrate(table, law, amended(law, AT_2400))
        rows = found.table().to_pylist()
        assert [row["row"] for row in rows] == ["mine", "too"]
        assert [row["mixed"] for row in rows] == ["1", "two"]
        assert "title" not in rows[0]
        assert rows[0]["before"] != "lost"
        written = found.to_dict()["rows"]
        json.dumps(written, allow_nan=False)
        assert written[0]["when"] == "2024-01-01"
        assert written[1]["score"] is None


class TestParagraph:
    def test_verdicts(self, dates: tuple[Rulebook, Rulebook]) -> None:
        chips, identity = tpp.chips(), "us-3a090/controlled"
        found = migrate(chips, *dates, paragraph=identity)
        words = {True: "true", False: "false", None: "undetermined"}
        sides = [[words[each] for each in tpp.classify(chips, r)[identity]] for r in dates]
        assert found.counts == Counter(zip(*sides, strict=True))
        assert found.outcomes == ("true", "undetermined", "false")
        assert found.notes == ()
        assert found.table().column_names == ["id", "name", "before", "after"]
        assert "H800 PCIe 80GB" in str(found)
        assert found.to_dict()["paragraph"] == identity

    def test_a_paragraph_that_does_not_stand_is_false(
        self, dates: tuple[Rulebook, Rulebook]
    ) -> None:
        found = migrate(tpp.chips(), *dates, paragraph="us-3a090/a.1")
        assert {old for old, _ in found.counts} == {"false"}
        assert found.notes == ("us-3a090/a.1 does not stand on 2023-11-16: false there",)
        assert "note: us-3a090/a.1 does not stand" in str(found)
        assert found.to_dict()["notes"]
        other = migrate(tpp.chips(), *dates[::-1], paragraph="us-3a090/a.1")
        assert {new for _, new in other.counts} == {"false"}
        assert other.engine == "exact"

    def test_another_destination(self, law: Rulebook) -> None:
        to_us = rulebook("2026-02-01", "US")
        found = migrate(tpp.chip("H200"), law, to_us, paragraph="us-742.6-licence/a")
        assert found.counts == {("true", "false"): 1}
        assert found.notes == ("us-742.6-licence/a of 2026-02-01 is not for US: false there",)

    def test_a_paragraph_that_is_not_reported(self) -> None:
        """What a rulebook reports does not decide what its law says."""
        sides = [
            rulebook(day, "CN", rules="us-742.6-licence") for day in ("2023-11-16", "2023-11-17")
        ]
        found = migrate(tpp.chip("A800"), *sides, paragraph="us-3a090/controlled")
        assert found.counts == {("false", "true"): 1}

    def test_unknown(self, dates: tuple[Rulebook, Rulebook]) -> None:
        with pytest.raises(UnknownName, match="us-3a090/q does not stand on 2023-11-16"):
            migrate(tpp.chip("A800"), *dates, paragraph="us-3a090/q")
        with pytest.raises(UnknownName, match="does not stand"):
            migrate(tpp.chip("A800"), *dates, paragraph="us-nothing/a")


class TestRuleSets:
    def test_no_outcomes(self, law: Rulebook) -> None:
        bare = rulebook("2026-02-01", "CN", rules="us-3a090")
        with pytest.raises(TppError, match="no paragraph of either rulebook has an outcome"):
            migrate(tpp.chip("H200"), bare, bare)
        found = migrate(tpp.chip("H200"), bare, law)
        ((old, new),) = found.counts
        assert (old[:13], new) == ("not evaluated", CASES)
        assert found.outcomes == (new, old)
        assert "2026-02-01 has an outcome" in found.notes[0]

    def test_readings(self) -> None:
        sides = [
            rulebook("2026-02-01", "CN", readings={"tf32_width": width})
            for width in ("32", "left_out")
        ]
        found = migrate(tpp.chip("Trainium2"), *sides)
        assert found.changed == 1
        assert "readings before: tf32_width=32" in str(found)
        assert "readings after:  tf32_width=left_out" in str(found)

    def test_an_own_rule(self, law: Rulebook, own_file: Callable[..., Path]) -> None:
        text = 'all = ["tpp >= 1"]\noutcome = "licence, presumption of denial"'
        after = rulebook("2026-02-01", "CN", files=[own_file(a=text)])
        found = migrate(tpp.chip("RTX 4080"), law, after)
        assert found.counts == {(NOTHING, DENIAL): 1}


class TestCounted:
    def test_more_than_64_bits(self, law: Rulebook) -> None:
        many = 2**70
        counts = {(NOTHING, DENIAL): many, (DENIAL, DENIAL): 1, (OPEN, NOTHING): 0}
        found = of_counts(law, amended(law, AT_2400), counts, many + 1)
        assert list(found.counts) == [(DENIAL, DENIAL), (NOTHING, DENIAL)]
        assert found.matrix == [[1, 0], [many, 0]]
        assert (found.changed, found.total, found.what) == (many, many + 1, "designs")
        assert f"{many:,} of {many + 1:,} designs change" in str(found)
        assert "rows" not in json.loads(json.dumps(found.to_dict()))
        with pytest.raises(TppError, match="designs were only counted"):
            found.table()

    def test_they_add_up(self, law: Rulebook) -> None:
        with pytest.raises(ValueError, match="counts of 1 designs; expected 2"):
            of_counts(law, law, {(DENIAL, DENIAL): 1}, 2)
