"""`tppcore space --best, --frontier, --chances, --headroom`, and `tppcore migrate` of a space."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli import cli
from tppcore.cli_space_aims import conditions_of
from tppcore.migration import migrate
from tppcore.rules.amendment import amended
from tppcore.spaces.space import Space

ISCA = str(Path(__file__).parents[2] / "specs" / "spaces" / "isca-2025.toml")
LAW = ("--as-of", "2026-02-01", "--rules", "us-3a090")
SMALL = """
title = "Small"
[axes]
tops_fp8 = ["400", "500", "599", "600"]
stacks = {values=["2", "4"], weights=["1", "2.5"]}
datacenter = [true, false]
[quantities]
die_area_mm2 = "1000"
dram_gb_s = "stacks * 800"
"""
LOOSE = """
[axes]
tops_fp8 = {from="500", to="700", distribution="triangular", mode="590"}
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    return str(path)


@pytest.fixture
def loose(tmp_path: Path) -> str:
    path = tmp_path / "loose.toml"
    path.write_text(LOOSE, "utf-8")
    return str(path)


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, [*args])


def space(*args: str) -> str:
    done = run("space", *args, *LAW)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def found(*args: str) -> dict[str, object]:
    return json.loads(space(*args, "--json"))


class TestBest:
    WHERE = ("--subject-to", "us-3a090/controlled=false", "--subject-to", "die_area_mm2 <= 860")

    def test_published(self) -> None:
        text = space(ISCA, "--best", "dram_gb_s", *self.WHERE, "--limit", "3")
        lines = text.splitlines()
        assert lines[1].startswith("851,968 designs, 2026-02-01, destination not given, rulebook ")
        assert lines[2] == "where us-3a090/controlled is false; die_area_mm2 <= 860"
        assert lines[4:6] == ["largest dram_gb_s: 3200", "23,968 designs have it"]
        assert lines[7].split()[:3] == ["design", "cores", "lanes"]
        assert [line.split()[0] for line in lines[8:11]] == ["12", "13", "14"]
        assert lines[8].endswith("true")
        assert "  die_area_mm2 233.819282512: below 860 by 626.180717488" in lines
        assert "  tpp 11.55072: below 2400 by 2388.44928 (us-3a090/controlled)" in lines

    def test_json(self) -> None:
        most = ("--best", "tpp", "--subject-to", "dram_gb_s >= 3200")
        made = found(ISCA, *most, *self.WHERE, "--limit", "1")
        assert made["aims"] == {"tpp": "max"}
        assert made["designs"] == 851_968
        assert made["subject_to"]["us-3a090/controlled"] == "false"
        (point,) = made["points"]
        assert point["values"] == {"tpp": "2390.99904"}
        (design,) = point["designs"]
        whole = Space.from_toml(ISCA)
        stated = design["quantities"]
        assert stated["die_area_mm2"] == str(
            float(whole[design["index"]].quantities["die_area_mm2"].low)
        )
        assert whole.index(**design["at"]) == design["index"]
        assert min(Fraction(line["margin"]) for line in point["lines"]) < 0

    def test_least_and_weights(self, small: str) -> None:
        text = space(small, "--best", "min:tpp", "--subject-to", "us-3a090/a=true")
        lines = text.splitlines()
        assert (lines[0], lines[2]) == ("Small", "where us-3a090/a is true")
        assert "smallest tpp: 4800" in text
        assert "designs of the weight 14 have it" in text
        assert found(small, "--best", "min:tpp")["aims"] == {"tpp": "min"}

    def test_shard(self, small: str) -> None:
        made = found(small, "--best", "tpp", "--shard", "0/2")
        assert (made["designs"], made["points"][0]["values"]) == (8, {"tpp": "4000"})

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["--best", "tpp", "--subject-to", "tpp < 1"], "no design of this space meets"),
            (["--best", "-tpp"], "expected NAME for the most of it, min:NAME for the least"),
            (["--best", "least:tpp"], "expected NAME for the most of it, min:NAME"),
            (["--best", "tpps"], "unknown metric or quantity 'tpps'"),
            (["--best", "datacenter"], "datacenter is a boolean"),
            (["--best", "tpp", "--frontier", "tpp"], "--best and --frontier; expected one"),
            (["--best", "tpp", "--census"], "--best and --census; expected one of them"),
            (["--best", "tpp", "-o", "x.csv"], "--best and -o; expected one of them"),
            (["--best", "tpp", "--sample", "3"], "--best and --sample; expected one of them"),
            (["--headroom", "0", "--chances"], "--chances and --headroom; expected one of them"),
            (["--best", "tpp", "--seed", "3"], "--seed: expected --sample or --chances"),
            (["--best", "tpp", "--samples", "3"], "--samples: expected --chances beside it"),
            (["--limit", "3"], "--limit: expected --best or --frontier beside it"),
            (["--census", "--subject-to", "tpp < 1"], "--subject-to: expected --best or"),
            (["--best", "tpp", "--subject-to", "us-3a090/z=true"], "no paragraph 'us-3a090/z'"),
            (["--best", "tpp", "--subject-to", "us-3a090/a"], "expected ID=true"),
            (["--best", "tpp", "--subject-to", "us-3a090/a=maybe"], "expected ID=true"),
            (["--best", "tpp", "--subject-to", "tpps < 3"], "subject_to: "),
            (["--frontier", "tpp,min:tpp"], "tpp stands there twice"),
            (["--frontier", "tpp,"], "expected NAME"),
            (["--headroom", "16"], "expected the number of one of 16 designs"),
            (["--chances", "--level", "2"], "level 2.0; expected a number between 0 and 1"),
        ],
    )
    def test_errors(self, small: str, args: list[str], message: str) -> None:
        done = run("space", small, *args, *LAW)
        assert (done.exit_code, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert message in done.stderr


class TestFrontier:
    def test_table(self, small: str) -> None:
        text = space(small, "--frontier", "tpp,min:dram_gb_s", "--subject-to", "us-3a090/a=false")
        table = text.partition("\n1 point\n")[2].splitlines()
        assert table[0].split()[:7] == ["max", "tpp", "min", "dram_gb_s", "designs", "one", "is"]
        assert table[1].split()[:3] == ["4792", "1600", "4"]
        assert table[1].split()[3] in ("8", "9")

    def test_empty(self, small: str) -> None:
        text = space(small, "--frontier", "tpp", "--subject-to", "tpp < 1")
        assert text.endswith("\nno design of this space meets the conditions\n")
        assert found(small, "--frontier", "tpp", "--subject-to", "tpp < 1")["points"] == []

    def test_json_is_that_of_python(self, small: str) -> None:
        rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
        aims = {"tpp": "max", "dram_gb_s": "min"}
        made = found(small, "--frontier", "tpp, min:dram_gb_s", "--limit", "5")
        expected = Space.from_toml(small).frontier(aims=aims, limit=5, rules=rules).to_dict()
        assert made["points"] == json.loads(json.dumps(expected))
        assert made["meta"]["rulebook"] == rules.hash


class TestChances:
    def test_counted(self, small: str) -> None:
        text = space(small, "--chances")
        assert "counted over 16 designs, by weight\n" in text
        row = next(line for line in text.splitlines() if line.startswith("us-3a090/a.1 "))
        assert row.split()[1:] == ["25.0000%", "0.0000%", "75.0000%"]

    def test_sampled(self, loose: str) -> None:
        given = ("--chances", "--samples", "20000", "--seed", "1", "--level", "0.9")
        text = space(loose, *given)
        assert "20,000 designs drawn at random, seed 1, each decided exactly" in text
        assert "intervals of 0.9 confidence (Wilson)" in text
        made = found(loose, *given)
        share = made["paragraphs"]["us-3a090/a.1"]["certain"]
        assert share["low"] < 5 / 11 < share["high"]
        assert (made["samples"], made["seed"], made["level"]) == (20_000, 1, 0.9)
        row = next(line for line in text.splitlines() if line.startswith("us-3a090/a.1 "))
        assert f"{share['share']:.4%} ({share['low']:.4%} to {share['high']:.4%})" in row

    def test_hardly_any(self, tmp_path: Path) -> None:
        path = tmp_path / "rare.toml"
        rare = '{values=["1", "600"], weights=["99999999", "1"]}'
        path.write_text(f"[axes]\ntops_fp8 = {rare}\ndatacenter = [true]\n", "utf-8")
        row = next(
            line
            for line in space(str(path), "--chances").splitlines()
            if line.startswith("us-3a090/a.1 ")
        )
        assert row.split()[1:] == ["<", "0.0001%", "0.0000%", ">", "99.9999%"]


def test_headroom(small: str) -> None:
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    expected = Space.from_toml(small).headroom(9, rules)
    assert space(small, "--headroom", "9") == f"{expected}\n"
    assert found(small, "--headroom", "9") == json.loads(json.dumps(expected.to_dict()))


class TestMigrate:
    CHANGE = ("--as-of", "2026-02-01", "--change", "us-3a090: tpp >= 4800 -> tpp >= 4000")
    PARAGRAPH = ("--paragraph", "us-3a090/a")

    def test_designs(self, small: str) -> None:
        law = tpp.rulebook("2026-02-01")
        what_if = amended(law, {"us-3a090": [("tpp >= 4800", "tpp >= 4000")]})
        expected = migrate(Space.from_toml(small), law, what_if, paragraph="us-3a090/a")
        done = run("migrate", small, *self.CHANGE, *self.PARAGRAPH)
        assert (done.exit_code, done.stdout) == (0, f"{expected}\n")
        assert "designs change" in done.stdout
        matrix = run("migrate", small, *self.CHANGE, *self.PARAGRAPH, "--matrix").stdout
        assert "before (down), after (across)" in matrix
        made = json.loads(run("migrate", small, *self.CHANGE, *self.PARAGRAPH, "--json").stdout)
        assert made == json.loads(json.dumps(expected.to_dict()))
        assert (made["what"], made["total"], "rows" in made) == ("designs", 56, False)

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["-o", "x.csv"], "-o: the designs of a space are only counted; expected a table"),
            (["--columns", "x"], "--columns: the designs of a space are only counted"),
            (["--chips", "x.csv"], "--chips: the designs of a space are only counted"),
            (["--threads", "1"], "--threads: the designs of a space are only counted"),
            ([], None),
        ],
    )
    def test_errors(self, small: str, args: list[str], message: str | None) -> None:
        name = small if message else f"{small}.toml"
        done = run("migrate", name, *self.CHANGE, *args)
        assert done.exit_code == 2
        assert (message or f"{name}: no such file") in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_broken_file(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.toml"
        path.write_text('[axes]\na = ["NaN"]\n', "utf-8")
        done = run("migrate", str(path), *self.CHANGE)
        assert done.exit_code == 2
        assert "broken.toml:2:7: 'NaN'" in done.stderr

    def test_continuous(self, loose: str) -> None:
        done = run("migrate", loose, *self.CHANGE)
        assert done.exit_code == 2
        assert "continuous" in done.stderr


def test_conditions_of() -> None:
    assert conditions_of(
        ["us-3a090/a=False", "us-3a090/b = undetermined", "tpp<=4800", "tpp >= 1=false", "hbm=true"]
    ) == {
        "us-3a090/a": False,
        "us-3a090/b": None,
        "tpp<=4800": True,
        "tpp >= 1": False,
        "hbm": True,
    }
