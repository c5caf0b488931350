"""The command `tppcore migrate`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli import cli
from tppcore.cli_migrate import changes_of
from tppcore.migration import Migration, migrate
from tppcore.rules.rulebook import rulebook

NOTHING = "no 3A090/4A090 licence requirement found (other controls not evaluated)"
DENIAL = "licence, presumption of denial"


@pytest.fixture(scope="module")
def catalogue() -> Migration:
    return migrate(tpp.chips(), rulebook("2023-11-16", "CN"), rulebook("2023-11-17", "CN"))


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
