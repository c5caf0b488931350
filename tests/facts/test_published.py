"""Every published figure, recomputed exactly, under the readings that its publisher used.

tests/data/published_figures.csv: `of` is a chip, a system, or two of them with their ratio meant;
`figure` is a metric, `1/metric`, a column of chips.csv, `row:` a column of systems.csv, `sum:` a
column of chips.csv summed over the parts of a system as its publisher states them, `count` of the
parts, or a quotient of two of these. `unit` is the place of the last digit printed. Publishers
round, and some truncate.
"""

import csv
from fractions import Fraction
from pathlib import Path

import pytest

import tppcore as tpp
from tests.facts import machines

METRICS = {"tpp", "performance_density", "total_dram_bandwidth"}
FILE = Path(__file__).parents[1] / "data" / "published_figures.csv"
with FILE.open(newline="", encoding="utf-8") as file:
    ROWS = [row for row in csv.DictReader(file) if row["relation"]]


def rows(*relations, verdicts=False):
    chosen = [r for r in ROWS if r["relation"] in relations]
    chosen = [r for r in chosen if r["figure"].startswith("us-") == verdicts]
    return [
        pytest.param(r, id=f"{r['subject']} {r['metric']} {r['value']} {r['publisher'][:12]}")
        for r in chosen
    ]


def pairs(text):
    return dict(item.split("=") for item in text.split(";") if item)


@pytest.fixture
def ours(exact, chip_rows, system_rows):
    def of_one(identity, row):
        figure = row["figure"]
        if figure.startswith(("row:", "sum:", "count")):
            over, _, under = figure.partition("/")
            value = of_system(identity, over)
            return value / of_system(identity, under) if under else value
        metric = figure.removeprefix("1/")
        if metric not in METRICS:
            return Fraction(chip_rows[identity][metric])
        chip = given(row) if row["given"] else tpp.chip(identity)
        value = exact(chip, metric, **pairs(row["readings"]))
        return value if metric == figure else 1 / value

    def of_system(identity, figure):
        where, _, column = figure.partition(":")
        if where == "row":
            return Fraction(system_rows[identity][column])
        parts = machines.flat(identity, system_rows, chip_rows)
        if where == "count":
            return Fraction(sum(count for _, count in parts))
        return machines.total(column, parts)

    def ours(row):
        over, _, under = row["of"].partition("/")
        value = of_one(over, row) / (of_one(under, row) if under else 1)
        return value * Fraction(row["scale"] or 1)

    return ours


def given(row):
    figures = {name: float(value) for name, value in pairs(row["given"]).items()}
    tops = {n.removeprefix("tops_"): v for n, v in figures.items() if n.startswith("tops_")}
    return tpp.Chip(tops=tops, **{n: v for n, v in figures.items() if not n.startswith("tops_")})


def prints_as(value, row):
    """Whether `value` printed to the digits of the row is the figure of the row."""
    steps = value / Fraction(row["unit"])
    step = steps // 1 if row["rounding"] == "truncated" else (steps + Fraction(1, 2)) // 1
    return step * Fraction(row["unit"]) == Fraction(row["value"])


@pytest.mark.parametrize("row", rows("equal", "rounds to it"))
def test_our_figure_rounds_to(row, ours):
    assert prints_as(ours(row), row)


@pytest.mark.parametrize("row", rows("within 1%"))
def test_our_figure_is_near(row, ours):
    published = Fraction(row["value"])
    assert abs(ours(row) - published) <= published / 100


@pytest.mark.parametrize("row", rows("differs"))
def test_our_figure_differs_from(row, ours):
    assert not prints_as(ours(row), row)


@pytest.mark.parametrize("row", rows("above"))
def test_our_figure_is_above(row, ours):
    assert ours(row) > Fraction(row["value"])


@pytest.mark.parametrize("row", rows("within our range"))
def test_our_range_holds(row, bounds):
    low, high = bounds(tpp.chip(row["of"]), row["figure"])
    assert low <= Fraction(row["value"]) <= high


@pytest.mark.parametrize("row", rows("equal", verdicts=True))
def test_our_verdict_is(row, verdict):
    assert verdict(tpp.chip(row["of"]), row["figure"], "2026-01-15") is (row["value"] == "1")


def test_the_negative_vectors_are_here():
    negative = [row for row in ROWS if row["note"].startswith("NEGATIVE VECTOR")]
    assert {row["value"] for row in negative} == {"10570", "150"}
    assert {row["relation"] for row in negative} == {"differs"}


DECIDING = [
    ("trainium2", "tf32_width", {"32": "21344", "19": "12673", "left_out": "10672"}),
    ("trainium1", "tf32_width", {"32": "6080", "19": "3610", "left_out": "3040"}),
    ("trainium3", "tf32_width", {"32": "21472", "left_out": "20136"}),
    ("inferentia2", "tf32_width", {"32": "6080", "19": "3610", "left_out": "3040"}),
    ("mi355x", "fp6", {"counted": "60397.8", "left_out": "40265.6"}),
    ("mi350x", "fp6", {"counted": "55365", "left_out": "36953.6"}),
    ("maia-100", "fp6", {"counted": "18000", "left_out": "12800"}),
    ("h20-96", "vector_units", {"not_added": "2368", "added": "3776", "left_out": "2368"}),
    ("mi325x", "vector_units", {"not_added": "20919.2", "added": "26148"}),
    ("l20", "vector_units", {"not_added": "1913.6"}),
]


@pytest.mark.parametrize(
    ("chip", "reading", "choice", "figure"),
    [(chip, name, choice, tpp_) for chip, name, all_ in DECIDING for choice, tpp_ in all_.items()],
)
def test_the_reading_decides(chip, reading, choice, figure, exact):
    assert exact(tpp.chip(chip), "tpp", **{reading: choice}) == Fraction(figure)


def test_explain_says_that_tf32_decides_for_trainium2():
    rules = tpp.rulebook(as_of="2026-02-01", destination="CN")
    assert "tf32_width" in str(tpp.explain(tpp.chip("Trainium2"), rules))
