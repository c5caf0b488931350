"""What must hold of well-known chips, dates and lines."""

from fractions import Fraction

import numpy as np
import pytest

import tppcore as tpp

A, B, CONTROLLED = "us-3a090/a", "us-3a090/b", "us-3a090/controlled"
A1, A2, B1, B2 = "us-3a090/a.1", "us-3a090/a.2", "us-3a090/b.1", "us-3a090/b.2"
DENIAL = "us-742.6-review/presumption-of-denial"
CASE = "us-742.6-review/case-by-case"
ONE, TWO, MET = (f"us-9903.79.01/window-{end}" for end in ("1", "2", "met"))
LETTER = "us-is-informed-2025/letter-test"


def verdicts(*facts):
    """One parameter a fact: chip, date, paragraph, verdict."""
    return pytest.mark.parametrize(
        ("name", "date", "paragraph", "expected"),
        [(name, date, p, e) for name, date, all_ in facts for p, e in all_.items()],
    )


@verdicts(
    ("H200", "2026-01-14", {A1: True, DENIAL: True, CASE: False}),
    ("H200", "2026-01-15", {A1: True, DENIAL: False, CASE: True, ONE: True, TWO: False, MET: True}),
    ("MI325X", "2026-01-14", {DENIAL: True, CASE: False}),
    ("MI325X", "2026-01-15", {DENIAL: False, CASE: True, ONE: False, TWO: True, MET: True}),
    ("MI300X", "2026-01-15", {CASE: True, ONE: False, TWO: False, MET: False}),
    ("H100", "2026-01-15", {CASE: True, ONE: False, TWO: False, MET: False}),
    ("B200", "2026-01-15", {A1: True, DENIAL: True, CASE: False, ONE: False, TWO: False}),
    ("H200 NVL", "2026-01-15", {CASE: True, ONE: False, TWO: False}),
    ("H20", "2026-01-15", {A: False, B: False, CASE: False, DENIAL: False, LETTER: True}),
    ("H20", "2025-04-09", {LETTER: True}),
    ("RTX PRO 6000D", "2025-04-09", {LETTER: False}),
    ("A100", "2023-11-16", {A: True}),
    ("A100", "2023-11-17", {A1: True}),
    ("A800", "2023-11-16", {A: False, CONTROLLED: False}),
    ("A800", "2023-11-17", {A1: True, CONTROLLED: True}),
    ("A800 PCIe", "2023-11-16", {A: False}),
    ("H800", "2023-11-16", {A: False, CONTROLLED: False}),
    ("H800", "2023-11-17", {A1: True, CONTROLLED: True}),
    ("H800 PCIe", "2023-11-16", {A: False}),
    ("TPU v4", "2026-02-01", {A1: False, A2: True, A: True, B: False}),
    ("RTX 4090", "2026-02-01", {A1: True, "us-nac-aca/nac": True}),
    ("RTX 4090", "2025-06-01", {CASE: True, DENIAL: False}),
    ("RTX 4090D", "2026-02-01", {A: False, B: False, CONTROLLED: False, "us-nac-aca/nac": False}),
    ("5090D", "2026-02-01", {CONTROLLED: False}),
    ("A30", "2026-02-01", {A: False, B1: True, B2: True}),
    ("Cloud AI 100 Ultra", "2026-02-01", {A1: False, A2: None}),
    ("Ascend 910B4", "2026-02-01", {A1: False, A2: True}),
    ("MTT S4000", "2026-02-01", {A1: False, A2: None, B1: False, B2: None}),
    ("B20", "2026-02-01", {A1: None, CONTROLLED: None}),
    ("Xeon 8592+", "2026-02-01", {A1: False, B1: True}),
    ("Xeon 6980P", "2026-02-01", {A1: True}),
)
def test_verdict(name, date, paragraph, expected, verdict):
    assert verdict(tpp.chip(name), paragraph, date) is expected


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("H200", "15832"),
        ("MI325X", "20919.2"),
        ("Cloud AI 100 Ultra", "1740"),
        ("Wormhole n300", "1864"),
        ("Atlas 300I Duo", "1120"),
        ("MLU370-X8", "1024"),
        ("Gaudi 3", "29360"),
        ("5090D", "4750"),
        ("Ascend 910C", "12032"),
        ("Xeon 8592+", "4089.4464"),
        ("Xeon 6980P", "8178.8928"),
    ],
)
def test_tpp(name, total, exact):
    assert exact(tpp.chip(name), "tpp") == Fraction(total)


def test_the_clock_of_a_cpu_is_a_reading(exact, verdict):
    chip = tpp.chip("Xeon 8592+")
    assert exact(chip, "tpp", unit_clock="sustained") == Fraction("3040.8704")
    assert verdict(chip, B1, unit_clock="sustained") is True


@pytest.mark.parametrize(
    ("name", "family"),
    [("H200", "h200-sxm"), ("A100", "a100-sxm-80"), ("B200", "b200-hgx")],
)
def test_a_bare_family_is_its_default(name, family, exact):
    assert exact(tpp.chip(name), "tpp") == exact(tpp.chip(family), "tpp")


def test_certifications_are_listed_as_assumed():
    rules = tpp.rulebook(as_of="2026-01-15", destination="CN")
    assumed = {p.id: " ".join(p.assumed) for p in rules.paragraphs}
    assert "certifications" in assumed[CASE]
    assert "certifications" in str(tpp.explain(tpp.chip("H200"), rules))


@pytest.mark.parametrize("name", ["A800", "H800"])
def test_free_before_the_list_changed_carries_the_note_on_letters(name):
    rules = tpp.rulebook(as_of="2023-11-16", destination="CN")
    assert "letter" in str(tpp.explain(tpp.chip(name), rules)).lower()


def test_tpu_v4_has_a_bound_and_no_area(bounds):
    low, high = bounds(tpp.chip("TPU v4"), "performance_density")
    assert low == Fraction(4400, 600)
    assert high is None


def test_a30_stands_on_both_sides_of_3_2(verdict):
    by_int8 = tpp.Chip(tops={"int8": 330, "fp16": 165}, die_area_mm2=826, datacenter=True)
    by_int4 = tpp.Chip(
        tops={"int8": 330, "fp16": 165, "int4": 661}, die_area_mm2=826, datacenter=True
    )
    assert verdict(by_int8, B2) is False
    assert verdict(by_int4, B2) is True


def test_an_unknown_area_is_undetermined_never_false(verdict):
    chip = tpp.Chip(tops={"fp8": 250}, datacenter=True)
    assert verdict(chip, A1) is False
    assert verdict(chip, A2) is None
    assert verdict(chip, CONTROLLED) is None


def test_an_area_between_two_lines_is_controlled_either_way(verdict):
    chip = tpp.Chip(tops={"fp8": 250}, datacenter=True, die_area_mm2=(300, 600))
    assert verdict(chip, A) is None
    assert verdict(chip, B) is None
    assert verdict(chip, CONTROLLED) is True


def test_unknown_marketing_matters_below_4800_only(verdict):
    assert verdict(tpp.Chip(tops={"fp8": 600}, die_area_mm2=800), CONTROLLED) is True
    assert verdict(tpp.Chip(tops={"fp8": 500}, die_area_mm2=600), CONTROLLED) is None
    assert verdict(tpp.Chip(tops={"fp8": 100}, die_area_mm2=600), CONTROLLED) is False


@pytest.mark.parametrize(
    ("tops", "expected"),
    [
        ({"fp16": 300}, True),
        ({"fp16": 299.99999}, False),
        ({"int8": 600}, True),
        ({"int8": 599.9999999}, False),
        ({"int8": 600, "fp16": 300}, True),
    ],
)
def test_a1_begins_at_4800_exactly(tops, expected, verdict):
    assert verdict(tpp.Chip(tops=tops, die_area_mm2=814, datacenter=True), A1) is expected


def test_4799_9999_at_a_density_of_1_5_is_not_caught(exact, verdict):
    chip = tpp.Chip(tops={"int8": 599.9999875}, die_area_mm2=3200, datacenter=True)
    assert exact(chip, "tpp") == Fraction("4799.9999")
    assert exact(chip, "performance_density") < Fraction("1.6")
    assert verdict(chip, CONTROLLED) is False


def test_nan_is_missing_never_false():
    table = {
        "tops_fp8": np.array([250.0, 1979.0, np.nan]),
        "die_area_mm2": np.array([np.nan, np.nan, 814.0]),
        "datacenter": np.array([True, True, True]),
    }
    rules = tpp.rulebook(as_of="2026-02-01", rules=["us-3a090"])
    found = tpp.classify(table, rules)
    assert found[CONTROLLED].tolist() == [None, True, None]
    assert found[A1].tolist() == [False, True, None]


def test_every_chip_of_the_catalogue_classifies():
    chips = tpp.chips()
    assert len(chips) >= 128
    counts = tpp.classify(chips, tpp.rulebook(as_of="2026-02-01", destination="CN")).counts()
    assert sum(counts[CONTROLLED].values()) == len(chips)
    assert counts[A1]["true"] > 50
