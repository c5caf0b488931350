"""Chips and systems side by side: the ratios of the press, other figures, and what is not known."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from click.testing import CliRunner, Result

import tppcore as tpp
from tppcore.cli_compare import compare_command
from tppcore.comparison import Comparison, compare
from tppcore.comparison_measures import Number, quotient
from tppcore.engine.exact import Interval
from tppcore.errors import TppError, UnknownName
from tppcore.explanation_json import number

CM, NVL = "CloudMatrix 384", "GB200 NVL72"


@pytest.fixture(scope="module")
def press() -> Comparison:
    return compare(CM, NVL)


def exactly(value: Number) -> Fraction:
    assert value is not None
    assert value.known
    return value.low


def ratio(found: Comparison, metric: str) -> Fraction:
    return exactly(found[metric].ratio)


PRESS = {
    "tpp": ("1.664", "1.7"),
    "peak_bf16": ("1.664", "1.7"),
    "total_dram_bandwidth": ("2.133", "2.1"),
    "memory_capacity": ("3.556", "3.6"),
    "power": ("3.858", "3.9"),
    "watts_per_tflops": ("2.318", "2.3"),
    "watts_per_tb_s": ("1.808", "1.8"),
    "kw_per_tb": ("1.085", "1.1"),
    "scale_up_bandwidth": ("2.074", "2.1"),
    "scale_up_bandwidth_one_way": ("2.074", "2.1"),
    "scale_out_bandwidth": ("5.333", "5.3"),
    "circuits": ("5.333", "5.3"),
}


@pytest.mark.parametrize(("metric", "figures"), PRESS.items())
def test_the_ratios_of_the_press(press: Comparison, metric: str, figures: tuple[str, str]) -> None:
    found = ratio(press, metric)
    for figure in figures:
        digits = len(figure.partition(".")[2])
        # 1.085 is printed as 1.1: half a step rounds up.
        assert (found * 10**digits + Fraction(1, 2)) // 1 == Fraction(figure) * 10**digits


def test_both_by_the_figures_of_one_publisher(press: Comparison) -> None:
    assert [each.id for each in press.subjects] == ["cm384-sa", "gb200-nvl72-sa"]
    assert {each.publisher for each in press.subjects} == {"SemiAnalysis"}
    assert all("the figures of SemiAnalysis" in (each.took or "") for each in press.subjects)
    assert "level: all-in" in press["power"].note


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("GB200 NVL72", "DGX H100"), ["gb200-nvl72", "dgx-h100"]),
        (("gb200-nvl72", "CloudMatrix 384"), ["gb200-nvl72", "cm384-huawei"]),
        (("NVL72", "cm384-sa"), ["gb200-nvl72-sa", "cm384-sa"]),
        (("CloudMatrix 384", "H100"), ["cm384-huawei", "h100-sxm"]),
        (("CloudMatrix 384", "gb200nvl72", "H100"), ["cm384-sa", "gb200-nvl72-sa", "h100-sxm"]),
        (("cm384-huawei", "gb200-nvl72"), ["cm384-huawei", "gb200-nvl72"]),
    ],
)
def test_whose_figures_are_taken(names: tuple[str, ...], ids: list[str]) -> None:
    found = compare(*names)
    assert [each.id for each in found.subjects] == ids
    assert found.names == names


def test_other_figures_of_the_same_machines(press: Comparison) -> None:
    others = {
        other.id: {change.metric: change for change in other.changes}
        for other in press.other_figures
    }
    assert list(others) == ["cm384-huawei", "cm384-huawei-800", "gb200-nvl72"]
    assert exactly(others["cm384-huawei"]["tpp"].ratio) == Fraction(384 * 752, 180_000)
    assert exactly(others["cm384-huawei-800"]["peak_bf16"].ratio) == Fraction(384 * 800, 180_000)
    assert others["cm384-huawei"]["power"].value is None
    nvidia = others["gb200-nvl72"]
    assert exactly(nvidia["memory_capacity"].ratio) == Fraction(49_152, 13_392)
    assert exactly(nvidia["power"].ratio) == Fraction(559_378, 120_000)
    assert nvidia["power"].note == f"levels differ: {CM} all-in, {NVL} rack"
    assert "tpp" not in nvidia, "the same"
    assert nvidia["peak_fp4"].ratio is None


def test_chips_are_systems_of_one() -> None:
    found = compare("H200", "H100")
    assert ratio(found, "memory_capacity") == Fraction(141, 80)
    assert ratio(found, "total_dram_bandwidth") == Fraction(4800, 3350)
    assert ratio(found, "tpp") == ratio(found, "circuits") == 1
    assert found["scale_out_bandwidth"].values == {"H200": None, "H100": None}
    assert ratio(compare("H200", "H20"), "tpp") == Fraction(15832, 2368)
    assert not found.other_figures
    assert not found.claims


def test_a_card_of_four_circuits() -> None:
    found = compare("Cloud AI 100 Ultra", "H100")
    name = "Cloud AI 100 Ultra"
    assert exactly(found["tpp"].values[name]) == 6960
    assert exactly(found["largest_circuit_tpp"].values[name]) == 1740
    assert exactly(found["tpp_per_chip"].values[name]) == 1740
    assert exactly(found["circuits"].values[name]) == 4


def test_per_chip_and_per_watt_are_quotients_of_the_aggregates(press: Comparison) -> None:
    for name in press.names:
        value = {row.metric: exactly(row.values[name]) for row in press.rows}
        for metric, whole in (
            ("tpp_per_chip", "tpp"),
            ("peak_bf16_per_chip", "peak_bf16"),
            ("memory_capacity_per_chip", "memory_capacity"),
            ("total_dram_bandwidth_per_chip", "total_dram_bandwidth"),
            ("power_per_chip", "power"),
        ):
            assert value[metric] * value["circuits"] == value[whole]
        assert value["tpp_per_watt"] * value["power"] == value["tpp"]
        assert value["watts_per_tflops"] * value["peak_bf16"] == value["power"]
        assert value["watts_per_tb_s"] * value["total_dram_bandwidth"] == 1000 * value["power"]
        assert value["kw_per_tb"] * value["memory_capacity"] == value["power"]
        assert value["bandwidth_per_tpp"] * value["tpp"] == value["total_dram_bandwidth"]
        assert value["scale_up_bandwidth_one_way"] * 2 == value["scale_up_bandwidth"]
        assert value["scale_out_bandwidth_one_way"] * 2 == value["scale_out_bandwidth"]


def test_h100_equivalents() -> None:
    found = compare("DGX H100", "H100 SXM5 80GB")
    assert exactly(found["h100_equivalents"].values["DGX H100"]) == 8
    assert "levels differ" in found["power"].note


def test_more_than_two() -> None:
    found = compare("H200", "H100", "H20")
    row = found["tpp"]
    assert row.ratio == row.ratios["H100"]
    assert exactly(row.ratios["H20"]) == Fraction(15832, 2368)
    written = found.to_dict()["rows"][0]
    assert set(written["ratios"]) == {"H100", "H20"}
    assert "/ H20" in str(found)


def test_ranges_and_gaps() -> None:
    mine = tpp.Chip("mine", tops={"fp8": (100, 200)}, dram_gb_s=(4000, None))
    found = compare(mine, "H20")
    assert found["tpp"].values["mine"] == Interval(Fraction(800), Fraction(1600))
    assert found["tpp"].ratio == Interval(Fraction(800, 2368), Fraction(1600, 2368))
    assert found["power"].values["mine"] is None
    assert found["power"].ratio is None
    assert found["peak_bf16"].values["mine"] is None
    assert "mine" in found["peak_bf16"].note
    rows = {row["metric"]: row for row in found.to_dict()["rows"]}
    assert rows["tpp"]["values"]["mine"] == {
        "low": number(Fraction(800)),
        "high": number(Fraction(1600)),
    }
    assert rows["total_dram_bandwidth"]["values"]["mine"] == {
        "low": number(Fraction(4000)),
        "high": None,
    }
    assert rows["power"]["ratio"] is None
    assert "800 to 1600" in str(found)


@pytest.mark.parametrize(
    ("over", "under", "expected"),
    [
        ((1, 2), (4, 8), (Fraction(1, 8), Fraction(1, 2))),
        ((1, None), (4, 8), (Fraction(1, 8), None)),
        ((1, 2), (4, None), (Fraction(0), Fraction(1, 2))),
        ((1, 2), (0, 8), (Fraction(1, 8), None)),
        ((0, 0), (0, 8), (Fraction(0), Fraction(0))),
        ((1, 2), (0, 0), None),
        ((0, None), (1, 2), None),
        (None, (1, 2), None),
        ((1, 2), None, None),
    ],
)
def test_quotient(over: object, under: object, expected: object) -> None:
    def interval(ends: object) -> Interval | None:
        if not isinstance(ends, tuple):
            return None
        low, high = ends
        return Interval(Fraction(low), float("inf") if high is None else Fraction(high))

    assert quotient(interval(over), interval(under)) == interval(expected)


def test_claims_stand_beside_the_sums(press: Comparison) -> None:
    found = {(each.id, each.claim.metric): each for each in press.differences}
    assert found["cm384-sa", "peak_bf16"].relation == "rounds to it"
    assert exactly(found["cm384-sa", "peak_bf16"].computed) == 299_520
    assert ("cm384-sa", "scale_up_bandwidth") not in found, "equal"
    boxes = compare("DGX B200", "DGX H100")
    (rounded,) = boxes.differences
    assert (rounded.name, rounded.relation) == ("DGX B200", "differs")
    written = boxes.to_dict()["differences"][0]
    assert written["printed"] == "64"
    assert written["claim"] == number(Fraction(64_000))
    assert written["computed"] == number(Fraction(61_600))
    assert "64 TB/s published, 61.6 from the parts: differs" in str(boxes)


def test_readings() -> None:
    plain, other = (
        compare("Trainium2", "H100", readings=readings)
        for readings in (None, {"tf32_width": "left_out"})
    )
    assert exactly(plain["tpp"].values["Trainium2"]) == 21344
    assert exactly(other["tpp"].values["Trainium2"]) == 10672
    assert other.to_dict()["readings"]["tf32_width"] == "left_out"


def test_systems_of_ones_own() -> None:
    rack = tpp.System("rack", parts={"H20": 64}, system_w=40_000, power_level="rack")
    found = compare(rack, tpp.system("cm384-sa"))
    assert exactly(found["tpp"].values["rack"]) == 64 * 2368
    assert exactly(found["largest_circuit_tpp"].values["rack"]) == 2368
    assert next(source["id"] for source in found.to_dict()["sources"]) == "h20-96"


@pytest.mark.parametrize(
    ("things", "message"),
    [
        (["H100"], "1 to compare; expected two or more"),
        ([], "0 to compare; expected two or more"),
        (["H100", "H100"], "'H100' stands there twice"),
        (["H100", 5], "5: expected a chip, a system, or the name of one"),
    ],
)
def test_refused(things: list[object], message: str) -> None:
    with pytest.raises(TppError, match=message):
        compare(*things)


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="no chip or system is called 'H8000'"):
        compare("H100", "H8000")
    with pytest.raises(KeyError):
        compare("H100", "H200")["no such metric"]
    with pytest.raises(UnknownName, match="reading"):
        compare("H100", "H200", readings={"tf33": "1"})


class TestCommand:
    def run(self, *args: str) -> Result:
        return CliRunner().invoke(compare_command, args)

    def test_json(self) -> None:
        done = self.run(CM, NVL, "--json")
        assert done.exit_code == 0
        found = json.loads(done.stdout)
        assert found["names"] == [CM, NVL]
        rows = {row["metric"]: row for row in found["rows"]}
        assert rows["tpp"]["values"][CM] == {"exact": "4792320", "approx": "4792320"}
        assert rows["tpp"]["ratio"] == {"exact": "208/125", "approx": "1.664"}
        assert rows["tpp"]["unit"] == "TOPS x bit"
        assert "ratios" not in rows["tpp"]
        assert found["figures_by"][CM]["publisher"] == "SemiAnalysis"
        assert {each["id"] for each in found["other_figures"]} == {
            "cm384-huawei",
            "cm384-huawei-800",
            "gb200-nvl72",
        }
        assert found["differences"]
        for source in found["sources"]:
            assert source["sources"]
            assert source["seen"]
            assert source["confidence"]

    def test_text(self) -> None:
        done = self.run("H200", "H100", "--reading", "fp6=left_out")
        assert done.exit_code == 0
        assert "fp6=left_out" in done.stdout
        assert "DRAM capacity" in done.stdout

    def test_bad_reading(self) -> None:
        done = self.run("H200", "H100", "--reading", "fp6")
        assert isinstance(done.exception, TppError)
        assert "expected NAME=VALUE" in str(done.exception)


def test_every_system_against_one() -> None:
    """No row of the catalogue is too strange to compare, and every claim has a relation."""
    for system in tpp.systems():
        found = compare(system, "H100")
        assert len(found.rows) >= 20
        assert str(found)
        json.dumps(found.to_dict())
        assert len(found.claims) == len(system.claims)
