"""Selecting the law of a date, for a destination, under readings."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

import tppcore as tpp
from tppcore.errors import SpecError, TppError, UnknownName
from tppcore.rules.rulebook import Rulebook, parse_date, rulebook, without_paragraphs

Own = Callable[..., Rulebook]
H200 = {"tops_fp8": [1979.0], "die_area_mm2": [814.0], "datacenter": [1]}


def ids(rules: Rulebook) -> list[str]:
    return [paragraph.id for paragraph in rules.paragraphs]


def rule_ids(rules: Rulebook) -> set[str]:
    return {paragraph.rule for paragraph in rules.paragraphs}


def statuses(rules: Rulebook) -> set[str]:
    return {paragraph.status for paragraph in rules.paragraphs}


@pytest.mark.parametrize(
    ("date", "effective", "local"),
    [
        ("2022-10-21", "2022-10-21", ["a"]),
        ("2023-11-16", "2022-10-21", ["a"]),
        ("2023-11-17", "2023-11-17", ["a.1", "a.2", "b.1", "b.2"]),
        ("2024-12-01", "2023-11-17", ["a.1"]),
        ("2024-12-02", "2024-12-02", ["a.1", "c"]),
        ("2099-01-01", "2024-12-02", ["c"]),
    ],
)
def test_versions_by_date(date: str, effective: str, local: list[str]) -> None:
    rules = rulebook(date, rules="us-3a090")
    assert {paragraph.effective for paragraph in rules.paragraphs} == {effective}
    assert {f"us-3a090/{each}" for each in local} <= set(ids(rules))
    assert statuses(rules) == {"in force"}, "a superseded version was in force in its time"


def test_default_is_what_stands_for_circuits_and_items() -> None:
    rules = rulebook("2026-02-01", "CN")
    assert statuses(rules) <= {
        "in force", "codified, not enforced", "reported, not public",
    }  # fmt: skip
    assert not any(name.startswith("us-bill") for name in rule_ids(rules))
    assert {paragraph.scope for paragraph in rules.paragraphs} <= {"circuit", "item"}
    assert "us-supercomputer" not in rule_ids(rules)


def test_naming_a_rule_admits_bills_and_systems() -> None:
    assert statuses(rulebook("2026-02-01", rules=["us-bill-gain-ai"])) <= {"proposed", "dropped"}
    assert {p.scope for p in rulebook("2026-02-01", rules="us-supercomputer").paragraphs} == {
        "system"
    }


def test_status_filters() -> None:
    bills = rulebook("2026-02-01", status="proposed")
    assert statuses(bills) == {"proposed"}
    assert all(name.startswith("us-") for name in rule_ids(bills))
    assert statuses(rulebook("2026-02-01", status="all")) > statuses(bills)
    assert "us-3a090" in rule_ids(rulebook("2026-02-01", status=["in force", "proposed"]))


def test_rules_limits_what_is_reported_not_what_is_referred_to() -> None:
    rules = rulebook("2026-02-01", "CN", rules=["us-742.6-review/case-by-case"])
    assert ids(rules) == ["us-742.6-review/case-by-case"]
    assert {"tpp", "performance_density", "total_dram_bandwidth"} <= set(rules.metrics_used)


def test_order_and_repetition_of_rules() -> None:
    once = rulebook("2026-02-01", rules=["us-3a090/a.1"])
    assert ids(once) == ids(rulebook("2026-02-01", rules=["us-3a090/a.1", "us-3a090/a.1"]))


@pytest.mark.parametrize(
    ("destination", "selected", "left_out"),
    [
        ("CN", "presumption-of-denial", "presumption-of-approval"),
        ("HK", "presumption-of-denial", "presumption-of-approval"),
        ("mo", "presumption-of-denial", "presumption-of-approval"),
        ("VN", "presumption-of-approval", "presumption-of-denial"),
    ],
)
def test_destination_filters_reviews(destination: str, selected: str, left_out: str) -> None:
    found = ids(rulebook("2026-01-14", destination, rules=["us-742.6-review"]))
    assert f"us-742.6-review/{selected}" in found
    assert f"us-742.6-review/{left_out}" not in found


def test_destination_never_filters_classification() -> None:
    everywhere = [ids(rulebook("2026-02-01", d, rules="us-3a090")) for d in ("CN", "FR", None)]
    assert everywhere[0] == everywhere[1] == everywhere[2]


def test_without_destination_it_is_undetermined_never_false() -> None:
    """A licence for D:1, D:4 and D:5 but not for A:5: every one of these lists is a gap."""
    verdicts = tpp.classify(H200, rulebook("2026-02-01"))
    for identity in ("us-742.6-licence/a", "us-742.6-review/presumption-of-denial"):
        assert verdicts.counts()[identity] == {"true": 0, "false": 0, "undetermined": 1}
    slow = {name: [1.0] for name in H200}
    for identity in ("us-742.6-licence/a", "us-742.6-review/case-by-case"):
        assert tpp.classify(slow, rulebook("2026-02-01")).counts()[identity]["false"] == 1


@pytest.mark.parametrize(
    ("destination", "verdict"), [("CN", True), ("HK", True), ("MO", False), (None, None)]
)
def test_destination_in_a_condition(own: Own, destination: str | None, verdict: object) -> None:
    for text in ("destination in CN", "destination in HK"):
        rules = own(f'"{text}"', **({"destination": destination} if destination else {}))
        assert tpp.classify(tpp.Chip(), rules)["own/a"] is verdict


def test_different_lists_of_destinations_are_different_gaps(own: Own) -> None:
    either = own('{any = ["destination in CN", "not destination in D:5"]}')
    assert tpp.classify(tpp.Chip(), either)["own/a"] is None
    same = own('{any = ["destination in CN", "not destination in CN"]}')
    assert tpp.classify(tpp.Chip(), same)["own/a"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"as_of": "2026-13-01"}, "'2026-13-01' is not a date; expected YYYY-MM-DD"),
        ({"as_of": "1999-01-01"}, "no version of any rule covers 1999-01-01; the first is of"),
        (
            {"rules": "us-3a090", "as_of": "2022-10-20"},
            "no version of us-3a090 covers 2022-10-20; it has 2022-10-21 to 2023-11-16",
        ),
        ({"rules": ["us-9z999"]}, "no rule 'us-9z999'; expected one of"),
        ({"rules": ["us-3a090/zz"]}, "no paragraph 'us-3a090/zz' on 2026-02-01; expected one of"),
        ({"status": "active"}, "unknown status 'active'; expected all or one of: in force;"),
        ({"destination": "China"}, "unknown destination 'China'"),
        ({"readings": {"tf32": "32"}}, "unknown reading 'tf32'; expected one of tf32_width"),
        (
            {"readings": {"tf32_width": "20"}},
            "unknown alternative '20' of reading tf32_width; expected one of 32, 19, left_out",
        ),
        (
            {"rules": "us-nac-aca", "destination": "FR"},
            "nothing of us-nac-aca is selected on 2026-02-01 for FR",
        ),
    ],
)
def test_errors(options: dict[str, object], message: str) -> None:
    with pytest.raises(TppError) as caught:
        rulebook(**{"as_of": "2026-02-01", **options})  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ("us-3a090/zz", "no paragraph 'us-3a090/zz' on 2026-02-01 for CN; us-3a090 has"),
        ("us-742.6-review/presumption-of-approval", "filtered out by destination"),
        ("nothing", "no paragraph 'nothing' on 2026-02-01 for CN; expected one of"),
    ],
)
def test_asking_for_a_paragraph_that_is_not_there(identity: str, message: str) -> None:
    rules = rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review"])
    for kind in (KeyError, UnknownName):
        with pytest.raises(kind) as caught:
            rules[identity]
        assert message in str(caught.value)
    assert rules["us-3a090/a.1"].citation


def test_dates_and_today() -> None:
    day = datetime.date(2026, 2, 1)
    assert parse_date(day) == parse_date("2026-02-01") == day
    assert parse_date(datetime.datetime(2026, 2, 1, 12)) == day
    assert rulebook().as_of == datetime.date.today()


def test_hash_is_stable_and_sensitive() -> None:
    def made(**options: object) -> str:
        return rulebook(**{"as_of": "2026-02-01", "destination": "CN", **options}).hash  # type: ignore[arg-type]

    assert made() == made(readings={}) == made(readings={"tf32_width": "32"})
    others = [
        {"as_of": "2026-02-02"},
        {"destination": "MO"},
        {"destination": None},
        {"readings": {"tf32_width": "19"}},
        {"rules": ["us-3a090"]},
        {"status": "all"},
    ]
    assert len({made(), *(made(**each) for each in others)}) == len(others) + 1


def test_hash_sees_own_rules(own: Own) -> None:
    assert own('"tpp >= 4800"').hash == own('"tpp >= 4800"').hash
    assert own('"tpp >= 4800"').hash != own('"tpp > 4800"').hash


def test_with_readings() -> None:
    rules = rulebook("2026-02-01", "CN", readings={"fp6": "left_out"})
    other = rules.with_readings({"tf32_width": "19"})
    assert (other.readings["fp6"], other.readings["tf32_width"]) == ("left_out", "19")
    assert ids(other) == ids(rules)
    assert other.hash == rulebook("2026-02-01", "CN", readings=other.readings).hash != rules.hash


def test_measures_have_no_paragraphs() -> None:
    assert without_paragraphs(None) is without_paragraphs({})
    assert without_paragraphs({"fp6": "left_out"}).readings["fp6"] == "left_out"
    assert not without_paragraphs(None).paragraphs


def test_own_file_stands_beside_the_shipped_ones(own_file: Callable[..., Path]) -> None:
    path = own_file(a='"us-3a090/a.1"', b='all = ["@a"]\nnone = ["datacenter"]')
    rules = rulebook("2026-02-01", files=[path])
    assert {"own/a", "own/b", "us-3a090/a.1"} <= set(ids(rules))
    assert rules["own/a"].condition == rules["us-3a090/a.1"].condition


def test_reference_to_a_rule_not_yet_in_force_is_not_met(own_file: Callable[..., Path]) -> None:
    rules = rulebook("2020-06-01", rules=["own"], files=[own_file(a='"us-3a090/a.1"')])
    assert tpp.classify(tpp.Chip(tops={"fp8": 1979}), rules)["own/a"] is False


def test_own_file_may_not_replace_a_rule(own_file: Callable[..., Path]) -> None:
    path = own_file(a='"tpp >= 1"')
    with pytest.raises(SpecError, match=r"own.toml:1: rule 'own' exists already"):
        rulebook("2026-02-01", files=[path, path])


def test_rules_that_refer_to_each_other(own_file: Callable[..., Path]) -> None:
    one = own_file(a='"other/a"')
    other = one.with_name("other.toml")
    other.write_text(one.read_text().replace("own", "other").replace("other/a", "own/a"))
    with pytest.raises(TppError, match="refers to itself through"):
        rulebook("2026-02-01", rules=["own"], files=[one, other])


def test_repr_is_short() -> None:
    assert len(repr(rulebook("2026-02-01", "CN"))) < 100
