"""Migration: what changes between two laws, against two plain classifications."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli import cli
from tppcore.cli_migrate import changes_of
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
        assert {"rtx4090", "l40s", "h20-96"} & newly == {"rtx4090", "l40s"}
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


class TestAmended:
    def test_catalogue(self, law: Rulebook) -> None:
        after = amended(law, AT_2400)
        found = migrate(tpp.chips(), law, after)
        assert found.counts == Counter(paired(tpp.chips(), law, after))
        newly = [
            row["id"]
            for row in found.table().to_pylist()
            if (row["before"], row["after"]) == (NOTHING, CASES)
        ]
        assert newly == ["rtx4090d", "rtx4080", "rtx5090d", "rtx5090d-v2", "rtx5080"]

    def test_it_says_so(self, law: Rulebook) -> None:
        after = amended(law, AT_2400)
        words = "us-3a090: tpp >= 4800 -> tpp >= 2400"
        assert after.amended == (words,)
        assert after.hash != law.hash
        assert f"amended: {words}" in repr(after)
        assert "amended" not in repr(law)
        assert after["us-3a090/a.1"].status == "amended (in force)"
        assert after["us-3a090/a.1"].note == "amended: tpp >= 4800 -> tpp >= 2400"
        assert law["us-3a090/a.1"].status == "in force"
        verdicts = tpp.classify({"tops_fp8": [300.0]}, after)
        assert verdicts.to_arrow().schema.metadata[b"tppcore.amended"].decode() == words
        explained = tpp.explain(tpp.chip("RTX 4080"), after)
        assert f"amended: {words}" in str(explained)
        assert explained.to_dict()["amended"] == words
        found = migrate(tpp.chips(), law, after)
        assert f"amended: {words}" in str(found)
        assert found.to_dict()["after"]["amended"] == words
        assert "amended" not in found.to_dict()["before"]
        under = after.with_readings({"tf32_width": "19"})
        assert under.amended == (words,)
        assert under.hash != law.with_readings({"tf32_width": "19"}).hash

    def test_references_see_it(self) -> None:
        review = rulebook("2026-02-01", "CN", rules="us-742.6-review")
        after = amended(review, AT_2400)
        assert after.hash != review.hash, "although no paragraph of it was amended"
        chip = tpp.chip("RTX 4080")
        identity = "us-742.6-review/case-by-case"
        verdicts = [tpp.classify(chip, rules)[identity] for rules in (review, after)]
        assert verdicts == [False, True]

    def test_systems_see_it(self) -> None:
        law = rulebook("2026-11-22", "CN")
        after = amended(law, {"us-3a090": [("tpp >= 4800", "tpp >= 2000")]})
        found = migrate(tpp.systems(), law, after)
        assert found.what == "systems"
        assert "HGX H20" in found.table().column("name").to_pylist()[0]
        parts = {"system": ["a", "b", "c"], "chip": ["H20", "H100", "A30"], "count": [8, 1, 4]}
        many = tpp.SystemTable(parts)
        rows = migrate(many, law, after, paragraph="us-4a090/a")
        assert rows.counts == {("true", "true"): 1, ("false", "true"): 2}
        assert rows.table().column("system").to_pylist() == ["a", "c"]
        # Only systems are asked for 4A003; the same table of items is classified again.
        more = amended(law, {"us-4a003/b": [("app > 70", "app > 0.001")]})
        before, now = (tpp.classify(many, rules)["us-4a003/b"].tolist() for rules in (law, more))
        assert before != now

    def test_every_rule(self, law: Rulebook) -> None:
        both = rulebook("2026-02-01", "CN", rules=["us-3a090", "us-bill-gain-ai"])
        after = amended(both, {"*": [("tpp>=4800.0", "tpp >= 2400")]})
        assert after.amended == ("us-3a090, us-bill-gain-ai: tpp >= 4800 -> tpp >= 2400",)
        assert amended(law, {"*": AT_2400["us-3a090"]}).amended == (
            "us-3a090: tpp >= 4800 -> tpp >= 2400",
        )

    def test_a_number(self, law: Rulebook) -> None:
        after = amended(law, {"us-3a090": [("4800", "2400")]})
        assert after.amended == (
            "us-3a090: tpp < 4800 -> tpp < 2400",
            "us-3a090: tpp >= 4800 -> tpp >= 2400",
        )

    def test_negated_words_and_gaps(self, law: Rulebook) -> None:
        after = amended(law, {"us-3a090/note-2": [("datacenter", "not advanced_node")]})
        assert after["us-3a090/note-2"].source["condition"]["all"][0] == "advanced_node"
        again = amended(after, {"us-3a090/note-2": [("advanced_node", "not datacenter")]})
        assert again["us-3a090/note-2"].condition == law["us-3a090/note-2"].condition
        assert again["us-3a090/note-2"].status == "amended (in force)"
        assert len(again.amended) == 2
        gap = amended(law, {"us-3a090/a.1": [("tpp >= 4800", 'unknown("not yet said")')]})
        assert tpp.classify(tpp.chip("H200"), gap)["us-3a090/a.1"] is None

    def test_each_test_changes_once(self, law: Rulebook) -> None:
        swap = [("tpp >= 4800", "tpp >= 1600"), ("tpp >= 1600", "tpp >= 4800")]
        after = amended(law, {"us-3a090": swap})
        assert after["us-3a090/a.1"].source["condition"] == {"all": ["tpp >= 1600"]}
        assert after["us-3a090/a.2"].source["condition"]["all"][0] == "tpp >= 4800"
        assert law["us-3a090/a.1"].source["condition"] == {"all": ["tpp >= 4800"]}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"us-3a090": [("tpp >= 4801", "tpp >= 1")]}, "no test of us-3a090 on 2026-02-01"),
            ({"*": [("4801", "1")]}, "no threshold of any rule"),
            ({"us-3a090": [("tpp >= 4800", "tpq >= 1")]}, "unknown metric 'tpq'"),
            ({"us-3a090": [("tpp >= 4800", "tpp == 1")]}, "unknown operator"),
            ({"us-3a090": [("tpp >= 4800", "us-3a090/a")]}, "is no test"),
            ({"us-3a090": [("@a", "tpp >= 1")]}, "is no test"),
            ({"us-3a090": [("tpp >= 4800", "tpp>=4800.0")]}, "both say the same"),
            ({"us-3a090": [("4800", "4800.0")]}, "both say the same"),
            ({"us-3a091": [("4800", "2400")]}, "no rule 'us-3a091'"),
            ({"us-3a090/z": [("4800", "2400")]}, "no paragraph 'z' in us-3a090"),
            ({"us-4a090": [("4800", "2400")]}, "no threshold of us-4a090"),
            ({"us-bill-gain-ai": [("4800", "2400")]}, "which this rulebook does not ask"),
            ({"us-3a090": ["4800"]}, "expected pairs"),
            ({}, "nothing to amend"),
        ],
    )
    def test_refused(self, law: Rulebook, changes: Any, message: str) -> None:
        with pytest.raises(TppError, match=message):
            amended(law, changes)

    def test_a_rule_of_another_date(self, dates: tuple[Rulebook, Rulebook]) -> None:
        with pytest.raises(TppError, match="no version of us-742.6-review covers 2023-11-16"):
            amended(dates[0], {"us-742.6-review": [("tpp >= 21000", "tpp >= 2")]})


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


class TestCommand:
    def run(self, *args: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["migrate", *args], input=stdin)

    DATES = ("--from", "2023-11-16", "--to", "2023-11-17", "--destination", "CN")
    CHANGE = ("--as-of", "2026-02-01", "--destination", "CN", "--change")

    def test_text_and_matrix(self, catalogue: Migration) -> None:
        done = self.run(*self.DATES)
        assert (done.exit_code, done.stdout) == (0, f"{catalogue}\n")
        matrix = self.run(*self.DATES, "--matrix").stdout.splitlines()
        assert len(matrix) == 4
        assert matrix[3].split()[-3:] == ["21", "4", "14"]

    def test_json(self, catalogue: Migration) -> None:
        found = json.loads(self.run(*self.DATES, "--json").stdout)
        assert found == json.loads(json.dumps(catalogue.to_dict()))
        assert (found["total"], found["changed"], found["what"]) == (134, 96, "chips")
        assert found["before"]["as_of"] == "2023-11-16"
        assert found["matrix"] == catalogue.matrix
        assert {"before": NOTHING, "after": DENIAL, "count": 21} in found["counts"]
        assert "h800-sxm" in [row["id"] for row in found["rows"]]

    def test_change(self) -> None:
        done = self.run(*self.CHANGE, "us-3a090: tpp >= 4800 -> tpp >= 2400", "--json")
        found = json.loads(done.stdout)
        assert found["changed"] == 16
        assert found["after"]["amended"] == "us-3a090: tpp >= 4800 -> tpp >= 2400"

    def test_a_file_to_a_file(self, tmp_path: Path) -> None:
        parts = "part,tops_int8,die_area_mm2\nX1,350,4000\nX2,1,50\n"
        out = tmp_path / "changed.parquet"
        done = self.run("-", *self.CHANGE, "4800 -> 2400", "-o", str(out), stdin=parts)
        assert done.exit_code == 0, done.stderr
        assert "1 of 2 rows change" in done.stdout
        assert "X1" not in done.stdout
        table = pq.read_table(out)
        assert table.select(["row", "part"]).to_pylist() == [{"row": 1, "part": "X1"}]
        about = json.loads(table.schema.metadata[b"tppcore"])
        assert about["after"]["amended"].startswith("us-3a090: tpp < 4800")
        csv = tmp_path / "changed.csv"
        self.run("-", *self.CHANGE, "4800 -> 2400", "-o", str(csv), stdin=parts)
        assert "amended" in csv.read_text().partition("\nrow")[0]
        skipped = sum(line.startswith("#") for line in csv.read_text().splitlines())
        assert pacsv.read_csv(csv, pacsv.ReadOptions(skip_rows=skipped)).num_rows == 1

    def test_systems(self) -> None:
        parts = "system,chip,count\na,H20,8\nb,H100,1\n"
        law = ("--as-of", "2026-11-22", "--destination", "CN", "--paragraph", "us-4a090/a")
        done = self.run("-", *law, "--change", "us-3a090: 4800 -> 2000", stdin=parts)
        assert done.exit_code == 0, done.stderr
        assert "1 of 2 systems change" in done.stdout

    def test_rule_sets(self, own_file: Callable[..., Path]) -> None:
        path = own_file(a='all = ["tpp >= 1"]\noutcome = "licence, presumption of denial"')
        law = ("--as-of", "2026-02-01", "--destination", "CN", "--to-rule-file", str(path))
        done = self.run(
            *law,
            "--from-rules",
            "us-742.6-review",
            "us-742.6-licence",
            "--to-rules",
            "own",
            "us-742.6-review",
            "--json",
        )
        assert done.exit_code == 0, done.stderr
        assert {each["after"] for each in json.loads(done.stdout)["counts"]} >= {DENIAL}
        done = self.run(*law, "--json")
        assert json.loads(done.stdout)["changed"] > 0

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            ([], "two laws to compare are missing"),
            (["--from", "2023-11-31", "--to", "2023-12-01"], "'2023-11-31' is not a date"),
            (["--from", "2020-01-01"], "no version of any rule covers 2020-01-01"),
            (
                ["--from", "2023-11-16", "--to", "2023-11-17", "--rules", "us-742.6-review"],
                "no version of us-742.6-review covers 2023-11-16",
            ),
            (["--change", "tpp >= 4800"], r"expected \[ID:\] OLD -> NEW"),
            (["--change", "us-3a090: -> tpp >= 1"], r"expected \[ID:\] OLD -> NEW"),
            (["--change", "tpp >= 4801 -> tpp >= 1"], "is no test of any rule"),
            (["--change", "4800 -> 2400", "-o", "x.doc"], "unknown extension"),
            (["--change", "4800 -> 2400", "-o", "/nowhere/x.csv"], "no such folder"),
        ],
    )
    def test_errors(self, args: list[str], message: str) -> None:
        done = self.run("--as-of", "2026-02-01", *args)
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert re.search(message, done.stderr), done.stderr

    def test_bad_number(self) -> None:
        done = self.run("-", *self.CHANGE, "4800 -> 2400", stdin="tops_int8\n-1\n")
        assert done.exit_code == 2
        assert "standard input, row 1, column tops_int8" in done.stderr


def test_changes_of() -> None:
    texts = ["us-3a090/a.1: tpp >= 1->tpp >= 2", 'unknown("a: b") -> tpp >= 1', "us-3a090: 1 -> 2"]
    assert changes_of(texts) == {
        "us-3a090/a.1": [(" tpp >= 1", "tpp >= 2")],
        "*": [('unknown("a: b") ', " tpp >= 1")],
        "us-3a090": [(" 1 ", " 2")],
    }
