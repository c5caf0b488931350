"""Amended law: what it changes, that it says so, and what is refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import tppcore as tpp
from tppcore.errors import TppError
from tppcore.migration import migrate
from tppcore.rules.amendment import amended
from tppcore.rules.rulebook import Rulebook, rulebook

NOTHING = "no 3A090/4A090 licence requirement found (other controls not evaluated)"
CASES = "licence, case-by-case"
AT_2400 = {"us-3a090": [("tpp >= 4800", "tpp >= 2400")]}


@pytest.fixture(scope="module")
def law() -> Rulebook:
    return rulebook("2026-02-01", "CN")


def test_catalogue(law: Rulebook) -> None:
    after = amended(law, AT_2400)
    found = migrate(tpp.chips(), law, after)
    outcomes = [tpp.classify(tpp.chips(), rules).outcome for rules in (law, after)]
    assert found.counts == Counter(zip(*outcomes, strict=True))
    newly = [
        row["id"]
        for row in found.table().to_pylist()
        if (row["before"], row["after"]) == (NOTHING, CASES)
    ]
    assert newly == ["rtx-4090d", "rtx-4080", "rtx-5090d", "rtx-5090d-v2", "rtx-5080"]


def test_it_says_so(law: Rulebook) -> None:
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


def test_references_see_it() -> None:
    review = rulebook("2026-02-01", "CN", rules="us-742.6-review")
    after = amended(review, AT_2400)
    assert after.hash != review.hash, "although no paragraph of it was amended"
    chip = tpp.chip("RTX 4080")
    identity = "us-742.6-review/case-by-case"
    verdicts = [tpp.classify(chip, rules)[identity] for rules in (review, after)]
    assert verdicts == [False, True]


def test_systems_see_it() -> None:
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


def test_every_rule(law: Rulebook) -> None:
    both = rulebook("2026-02-01", "CN", rules=["us-3a090", "us-bill-gain-ai"])
    after = amended(both, {"*": [("tpp>=4800.0", "tpp >= 2400")]})
    assert after.amended == ("us-3a090, us-bill-gain-ai: tpp >= 4800 -> tpp >= 2400",)
    assert amended(law, {"*": AT_2400["us-3a090"]}).amended == (
        "us-3a090: tpp >= 4800 -> tpp >= 2400",
    )


def test_a_number(law: Rulebook) -> None:
    after = amended(law, {"us-3a090": [("4800", "2400")]})
    assert after.amended == (
        "us-3a090: tpp < 4800 -> tpp < 2400",
        "us-3a090: tpp >= 4800 -> tpp >= 2400",
    )


def test_negated_words_and_gaps(law: Rulebook) -> None:
    after = amended(law, {"us-3a090/note-2": [("datacenter", "not advanced_node")]})
    assert after["us-3a090/note-2"].source["condition"]["all"][0] == "advanced_node"
    again = amended(after, {"us-3a090/note-2": [("advanced_node", "not datacenter")]})
    assert again["us-3a090/note-2"].condition == law["us-3a090/note-2"].condition
    assert again["us-3a090/note-2"].status == "amended (in force)"
    assert len(again.amended) == 2
    gap = amended(law, {"us-3a090/a.1": [("tpp >= 4800", 'unknown("not yet said")')]})
    assert tpp.classify(tpp.chip("H200"), gap)["us-3a090/a.1"] is None


def test_each_test_changes_once(law: Rulebook) -> None:
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
def test_refused(law: Rulebook, changes: Any, message: str) -> None:
    with pytest.raises(TppError, match=message):
        amended(law, changes)


def test_a_rule_of_another_date() -> None:
    with pytest.raises(TppError, match=r"no version of .*-review covers"):
        amended(rulebook("2023-11-16", "CN"), {"us-742.6-review": [("tpp >= 21000", "tpp >= 2")]})
