"""Official and near-official test cases of 3A090: worked examples, and lines met exactly."""

from fractions import Fraction

import pytest

import tppcore as tpp

F = Fraction
A, B = "us-3a090/a", "us-3a090/b"
A1, A2, B1, B2 = "us-3a090/a.1", "us-3a090/a.2", "us-3a090/b.1", "us-3a090/b.2"
CONTROLLED, C = "us-3a090/controlled", "us-3a090/c"


def datacenter(area=None, **tops):
    return tpp.Chip(tops=tops, datacenter=True, **({"die_area_mm2": area} if area else {}))


def desktop(area, **tops):
    return tpp.Chip(tops=tops, datacenter=False, die_area_mm2=area)


@pytest.mark.parametrize("tops", [{"int8": 600}, {"fp16": 300}])
def test_the_official_example_is_4800_exactly(tops, exact, verdict):
    chip = datacenter(**tops)
    assert exact(chip, "tpp") == 4800
    assert verdict(chip, A1) is True


FIGURES = [
    ("A100", "4992", "6.04"),
    ("H100", "15832", "19.45"),
    ("H200", "15832", "19.45"),
    ("H20", "2368", "2.91"),
    ("A30", "2644", "3.201"),
    ("V100", "2000", "2.45"),
    ("L4", "1940", "6.59"),
]


@pytest.mark.parametrize(("name", "total", "density"), FIGURES)
def test_tpp_and_density(name, total, density, exact):
    chip = tpp.chip(name)
    assert exact(chip, "tpp") == F(total)
    place = F(1, 10 ** len(density.partition(".")[2]))
    assert abs(exact(chip, "performance_density") - F(density)) <= place / 2


VERDICTS = [
    ("A100", {A1: True, A: True, B: False, CONTROLLED: True}),
    ("H100", {A1: True, A: True, B: False}),
    ("H200", {A1: True, A: True, B: False}),
    ("H20", {A1: False, A2: False, B1: False, B2: False, CONTROLLED: False}),
    ("L20", {A: False, B: False, CONTROLLED: False}),
    ("L2", {A: False, B: False, CONTROLLED: False}),
    ("L4", {A1: False, A2: True, A: True, B: False}),
    ("A30", {A: False, B1: True, B2: True, B: True}),
    ("V100", {A: False, B: False, CONTROLLED: False}),
]


@pytest.mark.parametrize(
    ("name", "paragraph", "expected"), [(n, p, e) for n, all_ in VERDICTS for p, e in all_.items()]
)
def test_verdict(name, paragraph, expected, verdict):
    assert verdict(tpp.chip(name), paragraph) is expected


def test_a100_formats_tie(exact):
    for tops in ({"int8": 624}, {"fp16": 312}, {"tf32": 156}, {"int4": 1248}):
        assert exact(datacenter(826, **tops), "tpp") == 4992


@pytest.mark.parametrize("date", ["2022-10-21", "2023-11-16", "2023-11-17"])
def test_a100_is_caught_under_both_tests(date, verdict):
    assert verdict(tpp.chip("A100"), A, date) is True


def test_h20_is_caught_by_the_reported_letters_alone(verdict):
    assert verdict(tpp.chip("H20"), "us-is-informed-2025/letter-test", "2025-04-09") is True
    assert verdict(tpp.chip("H20"), CONTROLLED, "2025-04-09") is False


def test_h20_with_vector_units_added_would_be_b1(exact, verdict):
    chip = tpp.chip("H20")
    assert exact(chip, "tpp", vector_units="added") == 3776
    assert round(exact(chip, "performance_density", vector_units="added"), 2) == F("4.64")
    assert verdict(chip, B1, vector_units="added") is True
    assert verdict(chip, B1) is False


def test_l20_stays_under_both_lines(exact):
    chip, choice = tpp.chip("L20"), {"vector_units": "left_out", "tf32_width": "left_out"}
    assert exact(chip, "tpp", **choice) == 1912
    assert exact(chip, "tpp") < 2400
    assert round(exact(chip, "performance_density", **choice), 2) == F("3.14")
    assert exact(chip, "performance_density") < F("3.2")


def test_l2_stays_under_1600(exact):
    assert exact(tpp.chip("L2"), "tpp", tf32_width="left_out") == 1544
    assert exact(tpp.chip("L2"), "tpp") < 1600


def test_a30_by_int8_alone_stays_under_b2(exact, verdict):
    chip = datacenter(826, int8=330)
    assert exact(chip, "tpp") == 2640
    assert exact(chip, "performance_density") < F("3.2")
    assert verdict(chip, B2) is False
    assert verdict(chip, B1) is True


def test_a_desktop_chip_at_4800_is_a1_with_nac(verdict):
    chip = desktop(608.5, int8=600)
    assert verdict(chip, A1) is True
    assert verdict(chip, "us-nac-aca/nac") is True


def test_a_desktop_chip_at_4799_is_out_by_note_2(exact, verdict):
    chip = desktop(239.95, int8=599.875)
    assert (exact(chip, "tpp"), exact(chip, "performance_density")) == (4799, 20)
    assert verdict(chip, A) is False
    assert verdict(chip, B) is False
    assert verdict(chip, CONTROLLED) is False


@pytest.mark.parametrize(
    ("int8", "area", "expected"),
    [
        (200, 270, True),  # 1600 exactly, 5.93
        (199.999875, 200, False),  # 1599.999
        (203.5, 275, True),  # 1628 / 275 = 5.92 exactly
        (203.5, 275.0001, False),
    ],
)
def test_a2_begins_at_1600_and_at_5_92(int8, area, expected, verdict):
    assert verdict(datacenter(area, int8=int8), A2) is expected


@pytest.mark.parametrize(
    ("int8", "area", "expected"),
    [
        (300, 1500, True),  # 2400 / 1500 = 1.6 exactly
        (299.999875, 1400, False),
        (300, 1500.0001, False),
        (592, 800, False),  # 4736 / 800 = 5.92 exactly: a.2
        (592, 800.0001, True),
    ],
)
def test_b1_begins_at_2400_and_at_1_6_and_ends_at_5_92(int8, area, expected, verdict):
    assert verdict(datacenter(area, int8=int8), B1) is expected


@pytest.mark.parametrize(
    ("int8", "area", "expected"), [(200, 500, True), (200, 500.0001, False), (300, 750, True)]
)
def test_b2_begins_at_3_2(int8, area, expected, verdict):
    assert verdict(datacenter(area, int8=int8), B2) is expected


def test_an_all_planar_chip_has_no_density(verdict):
    chip = tpp.Chip(tops={"int8": 375}, datacenter=True, non_planar=False, die_area_mm2=500)
    assert verdict(chip, A1) is False
    for paragraph in (A2, B1, B2, CONTROLLED):
        assert verdict(chip, paragraph) is None
    rules = tpp.rulebook(as_of="2026-02-01", rules=["us-3a090"])
    assert "not applicable" in str(tpp.explain(chip, rules))


def test_an_all_planar_chip_at_4800_is_a1(verdict):
    chip = tpp.Chip(tops={"int8": 600}, datacenter=True, non_planar=False)
    assert verdict(chip, A1) is True
    assert verdict(chip, CONTROLLED) is True


def test_mixed_precision_takes_the_widest_input(exact):
    units = [{"count": 1, "macs_per_clock": 300_000, "clock_ghz": "1", "bits": 8}]
    assert exact(tpp.Chip(units=units), "tpp") == 4800


@pytest.mark.parametrize("name", ["A100", "H100"])
@pytest.mark.parametrize("width", ["32", "19", "left_out"])
def test_tf32_width_does_not_turn_a100_and_h100(name, width, verdict):
    chip = tpp.chip(name)
    assert verdict(chip, A1, tf32_width=width) is True
    assert verdict(chip, "us-742.6-review/case-by-case", tf32_width=width) is True


def test_the_dies_of_a_package_are_one_circuit(exact, verdict):
    chip = tpp.chip("B200")
    assert exact(chip, "tpp") == 36000
    assert exact(chip, "performance_density") == F(36000, 1628)
    assert verdict(chip, A1) is True


def test_two_packages_on_a_board_are_two_circuits(exact, verdict):
    tops = {"fp8": 900, "fp16": 450}
    board = tpp.Chip(tops=tops, die_area_mm2=800, datacenter=True, ics_per_item=2)
    assert exact(board, "tpp") == 3600
    assert exact(board, "performance_density") == 9
    assert verdict(board, A1) is False
    assert verdict(board, A2) is True
    assert verdict(board, "us-4a090/a") is True


def test_an_analog_chip_counts_8_bits_in_2022(verdict):
    chip = tpp.Chip(tops={"int8": 600}, datacenter=True, interconnect_gb_s=500, host_gb_s=100)
    assert verdict(chip, A, "2022-10-21") is True
    assert verdict(chip, A1, "2023-11-17") is True


@pytest.mark.parametrize(("name", "total"), [("B300", 54000), ("GB300", 60000), ("B200", 36000)])
def test_fp4_sets_tpp_where_it_is_more_than_twice_fp8(name, total, exact):
    assert exact(tpp.chip(name), "tpp") == total


@pytest.mark.parametrize(
    ("density", "controlled", "exception"),
    [
        ("2.0", False, False),
        ("2.01", True, True),
        ("3.29", True, True),
        ("3.3", True, False),
    ],
)
def test_hbm_stack(density, controlled, exception, verdict):
    bandwidth = float(F(density) * 100)
    stack = tpp.Chip(item_kind="hbm", dram_gb_s=bandwidth, package_area_mm2=100)
    assert verdict(stack, C) is controlled
    assert verdict(stack, "us-hbm-exception/eligible") is exception


@pytest.mark.parametrize("name", ["H200", "MI325X"])
def test_a_processor_with_hbm_is_never_3a090_c(name, verdict):
    assert verdict(tpp.chip(name), C) is False
