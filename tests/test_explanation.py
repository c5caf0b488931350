"""Explanations: the JSON of the issue, what is missing, and which other reading would decide."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.explanation_json import exact_text, number
from tppcore.sinks.numbers import approx

RULES = tpp.rulebook("2026-02-01", "CN")


def explained(rules: tpp.Rulebook = RULES, **sheet: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        json.dumps(tpp.explain(tpp.Chip("X", **sheet), rules).to_dict())
    )
    return found


def paragraph(found: dict[str, Any], identity: str) -> dict[str, Any]:
    [one] = [each for each in found["paragraphs"] if each["id"] == identity]
    return one


def is_number(value: Any) -> bool:
    return set(value) == {"exact", "approx"} and all(isinstance(v, str) for v in value.values())


def is_value(value: Any) -> bool:
    """A number, a range with null for no upper end, or null where it does not apply."""
    if value is None or is_number(value):
        return True
    ends = (value["low"], value["high"])
    return set(value) == {"low", "high"} and all(end is None or is_number(end) for end in ends)


@pytest.mark.parametrize("name", ["H200", "Trainium2", "Ascend 910C", "RTX 4090"])
def test_shape(name: str) -> None:
    found = json.loads(json.dumps(tpp.explain(tpp.chip(name), RULES).to_dict()))
    assert {"name", "as_of", "metrics", "paragraphs", "readings", "missing"} <= set(found)
    assert found["as_of"] == "2026-02-01"
    assert found["readings"]["tf32_width"] == "32"
    assert is_number(found["metrics"]["tpp"])
    assert all(is_value(value) for value in found["metrics"].values())
    assert [each["id"] for each in found["paragraphs"]] == [p.id for p in RULES.paragraphs]
    for each in found["paragraphs"]:
        assert {"id", "verdict", "tests", "citation"} <= set(each)
        assert each["verdict"] in (True, False, None)
        assert each["citation"]
        for test in each["tests"]:
            assert {"metric", "op", "threshold", "value", "margin"} <= set(test)
            assert test["op"] in (">=", ">", "<", "<=")
            assert is_number(test["threshold"])
            assert is_value(test["value"])
            assert is_value(test["margin"])


def test_h200() -> None:
    found = explained(tops={"fp8": 1979}, die_area_mm2=814, datacenter=True)
    assert found["metrics"]["tpp"] == {"exact": "15832", "approx": "15832"}
    assert found["metrics"]["performance_density"] == {"exact": "7916/407", "approx": "19.4496"}
    [test] = paragraph(found, "us-3a090/a.1")["tests"]
    assert (test["metric"], test["op"], test["verdict"]) == ("tpp", ">=", True)
    assert test["threshold"]["exact"] == "4800"
    assert test["margin"]["exact"] == "11032"


def test_verdicts_are_those_of_classify() -> None:
    for chip in tpp.chips()[::7]:
        verdicts = tpp.classify(chip, RULES)
        found = tpp.explain(chip, RULES)
        assert {e.paragraph.id: e.verdict for e in found.paragraphs} == {
            name: verdicts[name] for name in verdicts
        }
        assert found.outcome == verdicts.outcome


def test_ranges_and_what_does_not_apply() -> None:
    found = explained(tops={"fp8": (100, 200)}, die_area_mm2=(None, 100))
    assert found["metrics"]["tpp"] == {
        "low": {"exact": "800", "approx": "800"},
        "high": {"exact": "1600", "approx": "1600"},
    }
    assert found["metrics"]["performance_density"]["high"] is None
    [test] = paragraph(found, "us-3a090/a.1")["tests"]
    assert test["margin"]["low"]["exact"] == "-4000"
    planar = explained(tops={"fp8": 250}, die_area_mm2=100, non_planar=False)
    assert planar["metrics"]["performance_density"] is None
    densities = [
        test
        for test in paragraph(planar, "us-3a090/a.2")["tests"]
        if test["metric"] == "performance_density"
    ]
    assert all(
        t["value"] is None and t["margin"] is None and t["verdict"] is None for t in densities
    )
    assert "performance density: not applicable" in str(
        tpp.explain(tpp.Chip(tops={"fp8": 250}, non_planar=False), RULES)
    )


@pytest.mark.parametrize(
    ("sheet", "identity", "missing"),
    [
        ({"tops": {"fp8": 250}, "datacenter": True}, "us-3a090/a.2", ["die_area_mm2"]),
        ({"tops": {"fp8": 250}, "die_area_mm2": 300}, "us-3a090/a.2", ["datacenter"]),
        ({"tops": {"fp8": 250}, "die_area_mm2": (300, 600), "datacenter": 1}, "us-3a090/a.2",
         ["die_area_mm2"]),
        ({"dram_gb_s": 100}, "us-3a090/a.1", ["a peak rate (tops_<format>)"]),
        ({"tops": {"fp8": 2500}}, "us-is-informed-2025/dram", ["dram_gb_s"]),
        ({"tops": {"fp8": 250}}, "us-3a090/a.1", []),
    ],
)  # fmt: skip
def test_missing(sheet: dict[str, Any], identity: str, missing: list[str]) -> None:
    found = explained(**sheet)
    assert paragraph(found, identity)["missing"] == missing
    assert set(missing) <= set(found["missing"])


def test_nothing_is_missing_where_all_is_decided() -> None:
    rules = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090/a", "us-3a090/b"])
    sheet = {"tops": {"fp8": 1979}, "die_area_mm2": 814, "datacenter": True}
    assert explained(rules, **sheet)["missing"] == []


def test_the_reading_that_decides_trainium2() -> None:
    """21,344 with TF32 at 32 bits stands above 21,000; without TF32 it does not."""
    found = tpp.explain(tpp.chip("Trainium2"), RULES).to_dict()
    assert found["metrics"]["tpp"]["exact"] == "21344"
    gate = "us-742.6-review/case-by-case"
    turns = {
        (each["reading"], each["alternative"]): each["turns"].get(gate)
        for each in found["other_readings"]
    }
    assert turns["tf32_width", "19"] is True
    assert turns["tf32_width", "left_out"] is True
    assert paragraph(found, gate)["verdict"] is False
    assert "under tf32_width=19" in str(tpp.explain(tpp.chip("Trainium2"), RULES))


@pytest.mark.parametrize(
    ("tf32", "verdict", "turns"), [(656, True, {"left_out": False}), (657, False, {"19": True})]
)
def test_only_readings_that_turn_a_verdict_are_told(
    tf32: int, verdict: bool, turns: dict[str, bool]
) -> None:
    """20,992 and 21,024 at 32 bits; both under 21,000 at 19 bits, and nothing if left out."""
    gate = "us-742.6-review/case-by-case"
    found = explained(
        tpp.rulebook("2026-02-01", "CN", rules=[gate]),
        tops={"tf32": tf32},
        die_area_mm2=800,
        dram_gb_s=5000,
        datacenter=True,
    )
    assert paragraph(found, gate)["verdict"] is verdict
    assert turns == {
        each["alternative"]: each["turns"][gate]
        for each in found["other_readings"]
        if each["reading"] == "tf32_width"
    }


def test_every_other_reading_told_is_true() -> None:
    """Classifying under that reading gives the verdict that was told, and no other differs."""
    chip = tpp.chip("MI355X")
    now = tpp.classify(chip, RULES)
    told = {
        (each.reading, each.alternative): dict(each.turns)
        for each in tpp.explain(chip, RULES).other_readings
    }
    for name, reading in RULES.vocabulary.readings.items():
        for alternative in reading.alternatives:
            other = tpp.classify(chip, RULES.with_readings({name: alternative.name}))
            differing = {p: other[p] for p in now if other[p] is not now[p]}
            assert differing == told.get((name, alternative.name), {})


def test_notes_stand_on_their_dates() -> None:
    chip = tpp.chip("A800")
    before, after = (
        tpp.explain(chip, tpp.rulebook(day, "CN")).notes for day in ("2023-11-16", "2026-02-01")
    )
    assert before
    assert [note["text"] for note in before] != [note["text"] for note in after]


def test_a_name_that_took_a_variant_says_so() -> None:
    found = tpp.explain(tpp.chip("H200"), RULES)
    assert found.took
    assert f"taken as {found.took}" in str(found)


def test_assumed_conditions_and_gaps_are_told() -> None:
    text = str(tpp.explain(tpp.chip("H200"), RULES))
    assert "assumed, not computed:" in text
    nowhere = tpp.explain(tpp.chip("H200"), tpp.rulebook("2026-02-01"))
    gaps = {gap for each in nowhere.paragraphs for gap in each.gaps}
    assert any(gap.startswith("destination in ") for gap in gaps)


@pytest.mark.parametrize(
    ("value", "exact", "six"),
    [
        ("15832", "15832", "15832"),
        ("7916/407", "7916/407", "19.4496"),
        ("0", "0", "0"),
        ("148/25", "148/25", "5.92"),
        ("1234567", "1234567", "1234570"),
        ("-1/3", "-1/3", "-0.333333"),
        ("2/3", "2/3", "0.666667"),
        ("4800000001/1000000", "4800000001/1000000", "4800"),
        ("999999.5", "1999999/2", "1000000"),
        ("1e-15", "1/1000000000000000", "0.000000000000001"),
        ("1e24", "1" + "0" * 24, "1e+24"),
    ],
)
def test_numbers(value: str, exact: str, six: str) -> None:
    assert number(Fraction(value)) == {"exact": exact, "approx": six}


@given(st.fractions(0, 10**12))
def test_approx_is_right_to_six_digits(value: Fraction) -> None:
    assert Fraction(exact_text(value)) == value
    assert abs(Fraction(approx(value)) - value) <= value * Fraction(5, 10**6)
