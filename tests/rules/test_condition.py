"""Conditions as text: what they mean, and what is refused."""

from __future__ import annotations

import datetime
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tppcore.rules.condition import (
    MAX_DEPTH,
    All,
    AnyOf,
    Compare,
    Condition,
    ConditionError,
    Destination,
    Not,
    Reference,
    Unknown,
    combine,
    days,
    leaves,
    parse,
)
from tppcore.rules.store import specs

kind_of = specs().vocabulary.kind


def compare(metric: str, op: str, threshold: str | int, text: str) -> Compare:
    return Compare(metric, op, Fraction(threshold), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tpp >= 4800", compare("tpp", ">=", 4800, "tpp >= 4800")),
        (
            "tpp > 5.92000000000000001",
            compare("tpp", ">", "5.92000000000000001", "tpp > 5.92000000000000001"),
        ),
        ("tpp<5.92", compare("tpp", "<", "5.92", "tpp<5.92")),
        ("cluster_ops > 1e20", compare("cluster_ops", ">", 10**20, "cluster_ops > 1e20")),
        ("datacenter", compare("datacenter", ">=", 1, "datacenter")),
        ("not datacenter", Not(compare("datacenter", ">=", 1, "datacenter"))),
        ("@a.1", Reference(None, "a.1")),
        ("not @note-2", Not(Reference(None, "note-2"))),
        ("us-3a090/a.1", Reference("us-3a090", "a.1")),
        ("destination in CN, D:5", Destination(("CN", "D:5"))),
        ('unknown("why")', Unknown("why")),
        ("unknown('why')", Unknown("why")),
        (
            "first_marketed < 2026-01-01",
            compare("first_marketed", "<", 20454, "first_marketed < 2026-01-01"),
        ),
        (
            "item_kind == cpu",
            All(
                (
                    compare("item_kind", ">=", 3, "item_kind == cpu"),
                    compare("item_kind", "<", 4, "item_kind == cpu"),
                )
            ),
        ),
    ],
)
def test_meaning(text: str, expected: Condition) -> None:
    assert parse(text, kind_of) == expected


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("tpq >= 4800", "unknown metric 'tpq'"),
        ("tpp => 4800", "unknown operator '=>'"),
        ("tpp == 4800", "unknown operator '=='"),
        ("tpp >= -1", "'-1' is not a decimal"),
        ("tpp >= 1/3", "'1/3' is not a decimal"),
        ("tpp >= 0x10", "is not a decimal"),
        ("tpp >= 4_800", "is not a decimal"),
        ("tpp >= nan", "is not a decimal"),
        ("tpp >= 1e999999999", "is not a decimal"),
        ("tpp >= tpp", "is not a decimal"),
        ("tpp >= 5.920000000000000001", "expected at most 18 significant digits"),
        (f"tpp >= 0.{'0' * 60}1", "is too long"),
        ("tpp", "'tpp' is a number"),
        ("datacentre", "unknown quantity 'datacentre'"),
        ("datacenter >= 1", "'datacenter' is a boolean"),
        ("item_kind >= cpu", "for a category"),
        ("item_kind == gpu", "unknown word 'gpu'"),
        ("first_marketed < 2026-02-30", "is not a date"),
        ("not not datacenter", "says not twice"),
        ("unknown()", "gives no reason"),
        ('unknown(" ")', "gives no reason"),
        ("__import__('os')", "is not a condition"),
        ("tpp.real", "is not a condition"),
        ("", "is not a condition"),
        (4800, "4800 is not quoted"),
        ({"some": ["datacenter"]}, "unknown key 'some'"),
        ({"all": []}, "'all' is empty"),
        ({"all": "datacenter"}, "'all' is empty"),
        ({}, "no condition"),
    ],
)
def test_refused(item: object, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(item, kind_of)
    assert message in str(caught.value)


def test_nested_too_deep() -> None:
    item: object = "datacenter"
    for _ in range(MAX_DEPTH):
        item = {"all": [item]}
    parse(item, kind_of)
    with pytest.raises(ConditionError, match="nested too deep"):
        parse({"all": [item]}, kind_of)


def test_lists_of_one_table_are_combined_by_and() -> None:
    found = combine(
        {"all": ["hbm"], "any": ["datacenter", "biological"], "none": ["advanced_node"]}, kind_of
    )
    hbm, datacenter, biological, node = leaves(found)
    assert found == All((hbm, AnyOf((datacenter, biological)), Not(AnyOf((node,)))))


@given(st.dates())
def test_days_are_those_of_numpy(date: datetime.date) -> None:
    assert datetime.date(1970, 1, 1) + datetime.timedelta(days(date)) == date


@given(st.decimals(0, 10**9, places=6))
def test_thresholds_are_exact(value: object) -> None:
    condition = parse(f"tpp >= {value:f}", kind_of)
    assert isinstance(condition, Compare)
    assert condition.threshold == Fraction(str(value))


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with suppress(ConditionError):
        parse(text, kind_of)
