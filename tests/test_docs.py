"""The documents say what happens: their tables are made from the specs, their examples run."""

import contextlib
import csv
import io
import itertools
import json
import re
import runpy
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import tppcore as tpp
from tppcore.rules.build import compile_specs

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/adding.md",
    "docs/files.md",
    "docs/systems.md",
    "docs/ledger.md",
    "docs/migrate.md",
    "docs/headroom.md",
    "docs/spaces.md",
    "docs/embedding.md",
    "docs/sql.md",
)
"""Documents with commands and examples in Python."""

EXAMPLES = ("docs/arrow.md", "docs/exactness.md", "docs/frames.md")
"""Documents with examples alone."""

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(document):
    return BLOCK.findall((ROOT / document).read_text("utf-8"))


def named(document):
    return {name: text for _, name, text in blocks(document) if name}


def same(shown, real):
    """Whether output is as shown, where a line `...` stands for any lines, and hashes differ."""
    shown, real = (
        "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())
        for text in (shown, real)
    )
    hidden = re.compile(r"(?<=rulebook )[0-9a-f]{16}")
    pattern = re.escape(hidden.sub("HASH", shown)).replace(re.escape("...\n"), r"(?:.*\n)*?")
    return re.fullmatch(pattern, hidden.sub("HASH", real))


def test_same():
    assert same("a\n...\nd\n", "a\nb\nc\nd\n")
    assert same("x (rulebook 0123456789abcdef)", "x (rulebook fedcba9876543210)")
    assert not same("a\nd\n", "a\nb\nd\n")


@pytest.mark.parametrize("document", [*EXAMPLES, *PAGES])
def test_python_examples(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in named(document).items():
        if name.endswith(("policy.toml", "space.toml")):
            Path(name).write_text(text)
    names, found = {}, blocks(document)
    shown = [
        (code, output)
        for (kind, _, code), (after, _, output) in itertools.pairwise(found)
        if (kind, after) == ("python", "output")
    ]
    assert shown
    for code, output in shown:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            exec(code, names)
        assert stream.getvalue() == output


@pytest.mark.parametrize("document", PAGES)
def test_commands(document, tmp_path):
    """Every `tppcore` command of a document, in the order of the page, in one folder."""
    for name, text in named(document).items():
        if name.endswith(("policy.toml", "space.toml")):
            (tmp_path / name).write_text(text)
    tool = f'tppcore() {{ "{sys.executable}" -P -m tppcore.cli "$@"; }}\n'
    commands = [
        each.partition("\n")
        for kind, _, text in blocks(document)
        if kind == "console"
        for each in text.split("$ ")[1:]
        if each.startswith(("tppcore ", "printf "))
    ]
    assert commands
    for command, _, shown in commands:
        done = subprocess.run(
            ["bash", "-c", tool + command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert same(shown, done.stdout), (command, done.stdout)


def test_law_is_up_to_date():
    page = runpy.run_path(str(ROOT / "docs" / "make_law.py"))["page"]
    text = (ROOT / "docs" / "law.md").read_text("utf-8")
    assert text == page(text, compile_specs(ROOT / "specs")), "run docs/make_law.py"


def script(name):
    return runpy.run_path(str(ROOT / "docs" / name))


def test_naive_is_up_to_date():
    text = (ROOT / "docs" / "naive.md").read_text("utf-8")
    assert text == script("make_naive.py")["page"](text), "run docs/make_naive.py"


def test_answers_of_the_published_space_are_up_to_date():
    text = (ROOT / "docs" / "spaces.md").read_text("utf-8")
    assert text == script("make_spaces.py")["page"](text), "run docs/make_spaces.py"


def test_picture_of_naive_code():
    """The verdicts around one chip are those of fractions, and some naive answers differ."""
    made = script("make_naive.py")
    truth, wrong = made["neighbours"]()
    reach = made["REACH"]
    rates, areas = (
        [float(centre + i * np.spacing(centre)) for i in range(-reach, reach + 1)]
        for centre in made["CENTRE"]
    )
    for row, rate in enumerate(rates):
        for column, area in enumerate(areas):
            density = 8 * Fraction(repr(rate)) / Fraction(repr(area))
            assert truth[row, column] == (density >= Fraction(592, 100))
            assert ((8 * rate / area >= 5.92) != truth[row, column]) == (wrong[row, column] & 1)
    assert truth[reach, reach]
    assert wrong[reach, reach] == 1
    areas = np.arange(1, 20_001)
    share = float(np.mean((made["on_the_line"](areas) & 1) > 0))
    assert share == made["mistakes"](made["quotient"], 592, 0, areas)
    assert 0.05 < share < 0.2


def test_speed_is_up_to_date():
    text = (ROOT / "docs" / "speed.md").read_text("utf-8")
    document = json.loads((ROOT / "docs" / "speed.json").read_text("utf-8"))
    assert text == script("make_speed.py")["page"](text, document), "run docs/make_speed.py"


def test_additions(tmp_path, monkeypatch):
    """The rule, the chip and the metric of docs/adding.md, added to a copy of the specs."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    files = named("docs/adding.md")
    rule, golden = "specs/rules/xx-example.toml", "specs/rules/xx-example.golden.csv"
    Path(rule).write_text(files[rule])
    with Path("specs/metrics.toml").open("a") as stream:
        stream.write("\n" + files["specs/metrics.toml"])
    exec(files["specs/chips.csv"], {})
    built = compile_specs(Path("specs"))
    assert "xx-example" in built["rules"]
    assert built["metrics"][-1]["name"] == "tpp_per_gb"
    assert built["chips"][-1]["id"] == "example-a1-pcie"
    for row in csv.DictReader(files[golden].splitlines()):
        stated = {name: cell for name, cell in list(row.items())[5:] if cell}
        rules = tpp.rulebook(
            row["as_of"], row["destination"] or None, files=[rule], rules=["xx-example"]
        )
        told = tpp.explain(tpp.Chip(**stated), rules).to_dict()["paragraphs"]
        verdicts = {each["id"]: each["verdict"] for each in told}
        found = verdicts.get(f"xx-example/{row['paragraph']}", False)
        assert found is {"true": True, "false": False, "undetermined": None}[row["expected"]], row
