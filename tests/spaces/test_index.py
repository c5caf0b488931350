"""Designs by number and by place, tables, samples, shares."""

from __future__ import annotations

import itertools
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import tppcore as tpp
from tppcore.spaces.space import Space

RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])


def small() -> Space:
    return Space(
        {
            "cores": {"from": "1", "to": "9", "step": "2"},
            "clock_ghz": ["0.8", "1.25"],
            "chip": {"chips": ["H100", "A30", "H20"]},
            "advanced_node": [True, False],
            "by": ["1", "3"],
        },
        {
            "tops_fp16": "cores * clock_ghz * 100 / by",
            "die_area_mm2_low": "cores",
            "die_area_mm2_high": "cores * by",
            "dram_gb_s": "chip.dram_gb_s",
        },
    )


def test_numbers_and_places_belong_together() -> None:
    space = small()
    assert space.size == len(space) == 3 * 5 * 2 * 2 * 2
    assert list(space.axes) == ["chip", "cores", "clock_ghz", "advanced_node", "by"]
    assert space.axes["clock_ghz"] == (Decimal("0.8"), Decimal("1.25"))
    assert space.axes["cores"] == (1, 3, 5, 7, 9)
    assert space.axes["advanced_node"] == (True, False)
    for i, places in enumerate(itertools.product(*space.axes.values())):
        at = dict(zip(space.axes, places, strict=True))
        assert space.index(**at) == i
        design = space[i]
        rate = Fraction(at["cores"]) * Fraction(at["clock_ghz"]) * 100 / at["by"]
        assert design.quantities["tops_fp16"].low == rate
        assert design.quantities["die_area_mm2"].high == at["cores"] * at["by"]
        assert design.quantities["advanced_node"].low == at["advanced_node"]
    assert space[-1].quantities == space[space.size - 1].quantities
    for wrong in (space.size, -space.size - 1):
        with pytest.raises(IndexError):
            space[wrong]


def test_an_index_is_told_in_many_ways() -> None:
    space = small()
    at = {"cores": 5, "advanced_node": True, "by": 3}
    expected = space.index(chip="a30", clock_ghz="0.8", **at)
    assert expected == space.index(chip="A30", clock_ghz=0.8, **at)
    assert expected == space.index(chip="A30", clock_ghz=Decimal("0.8"), **at)
    assert expected == space.index(chip="A30", clock_ghz=np.float64(0.8), **at)
    one = Space({"rate": ["1", "2"], "only": ["7"]}, {"tops_fp16": "rate * only"})
    assert one.index(rate=2) == 1


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"core": 1}, "no axis 'core'; expected one of chip, cores"),
        ({"chip": "H100"}, "no value of axis 'cores'"),
        ({"chip": "H200", "cores": 1}, "axis 'chip' has no 'H200'"),
        ({"chip": "H100", "cores": 2}, "axis 'cores' has no 2; expected .* 1, 3"),
        ({"chip": "H100", "cores": "many"}, "axis 'cores': 'many'"),
        ({"chip": "no such"}, "no such"),
    ],
)
def test_an_index_that_is_none(places: dict[str, object], message: str) -> None:
    with pytest.raises(tpp.TppError, match=message):
        small().index(**places)


def test_a_table_is_the_designs_and_never_rounded() -> None:
    space = small()
    table = space.table()
    assert list(table)[:5] == list(space.axes)
    assert "tops_fp16" not in table
    for i in range(space.size):
        given = space[i].quantities
        rate = Fraction(
            int(table["tops_fp16_numerator"][i]), int(table["tops_fp16_denominator"][i])
        )
        assert rate == given["tops_fp16"].low
        assert table["die_area_mm2_low"][i] == given["die_area_mm2"].low
        assert table["die_area_mm2_high"][i] == given["die_area_mm2"].high
        assert Fraction(repr(float(table["dram_gb_s"][i]))) == given["dram_gb_s"].low
    assert table["advanced_node"].dtype == bool
    part = space.table(3, 7)
    assert all((part[name] == table[name][3:7]).all() for name in table if name != "tops_int4")
    some = space.table([7, 3, 3, 110])
    assert some["cores"].tolist() == table["cores"][[7, 3, 3, 110]].tolist()
    assert some["chip"].tolist() == table["chip"][[7, 3, 3, 110]].tolist()
    for begin, end in ((-1, 3), (3, 121), (5, 4)):
        with pytest.raises(IndexError):
            space.table(begin, end)
    with pytest.raises(IndexError):
        space.table([120])


def test_long_numbers_are_text() -> None:
    space = Space({"big": ["1", "1e20"]}, {"tops_fp16": "big / 3"})
    table = space.table()
    assert table["tops_fp16_numerator"].tolist() == ["1", "100000000000000000000"]
    assert table["tops_fp16_denominator"].tolist() == ["3", "3"]
    longer = Space({"rate": ["0.1234567890123456", "1"]}, {"tops_fp16": "rate"}).table()
    assert longer["rate"].tolist() == [0.1234567890123456, 1]
    longest = Space({"rate": ["0.123456789012345678", "1"]}, {"tops_fp16": "rate"}).table()
    assert "tops_fp16" not in longest
    assert longest["rate_denominator"].tolist() == [500000000000000000, 1]


def test_quantities_of_every_kind() -> None:
    space = Space(
        {"advanced_node": [True, False], "rate": ["1", "2"]},
        {"datacenter": True, "dram_gb_s_low": "rate", "tops_fp8": "rate"},
    )
    table = space.table()
    assert table["datacenter"].tolist() == [True] * 4
    assert np.isnan(table["dram_gb_s_high"]).all()
    block = next(space.blocks())
    assert block["dram_gb_s_high"].null_count == 4
    assert block["advanced_node"].to_pylist() == [True, True, False, False]


def test_a_sample_is_fair() -> None:
    """Each design as often as any other: chi-square over 60 designs, 2,000 samples of 10."""
    space = Space({"a": [1, 2, 3, 4, 5], "b": [1, 2, 3], "c": [1, 2, 3, 4]}, {"tops_fp16": "a*b+c"})
    seen: Counter[int] = Counter()
    first: Counter[int] = Counter()
    for seed in range(2000):
        sample = space.sample(10, seed)
        numbers = [
            space.index(a=a, b=b, c=c)
            for a, b, c in zip(sample["a"], sample["b"], sample["c"], strict=True)
        ]
        assert len(set(numbers)) == 10
        seen.update(numbers)
        first[numbers[0]] += 1
    # 99.9 % of chi-square with 59 degrees of freedom; drawing without replacement is tighter.
    assert sum((seen[i] - 2000 / 6) ** 2 / (2000 / 6) for i in range(60)) < 98.3
    assert sum((first[i] - 2000 / 60) ** 2 / (2000 / 60) for i in range(60)) < 98.3


def test_samples_of_few_and_of_very_many() -> None:
    few = Space({"rate": ["1", "2", "3"]}, {"tops_fp16": "rate"})
    assert sorted(few.sample(3, 0)["rate"]) == [1, 2, 3]
    assert len(few.sample(50, 0)["rate"]) == 50
    assert few.sample(0)["rate"].tolist() == []
    assert few.sample(9, 5)["rate"].tolist() == few.sample(9, 5)["rate"].tolist()
    axis = {"from": "1", "to": "1000", "step": "1"}
    many = Space(dict.fromkeys("abcdefgh", axis), {"tops_fp16": "a * b", "die_area_mm2": "h"})
    assert many.size == 10**24
    with pytest.raises(OverflowError):
        len(many)
    sample = many.sample(4000, 1)
    for name in "ah":
        counts = np.histogram(sample[name], bins=20, range=(0.5, 1000.5))[0]
        assert ((counts - 200) ** 2 / 200).sum() < 43.8  # 99.9 % of chi-square, 19 degrees
    last = many.table([many.size - 1, 5])
    assert last["a"].tolist() == [1000, 1]
    assert last["h"].tolist() == [1000, 6]
    assert many.index(**dict.fromkeys("abcdefgh", 1000)) == 10**24 - 1
    assert many[10**24 - 1].quantities["tops_fp16"].low == 10**6


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 10, 15, 30, 60, 120])
def test_shares_add_up(n: int) -> None:
    space = small()
    shares = [space.shard(i, n) for i in range(n)]
    assert sum(share.size for share in shares) == space.size
    whole, parts = space.census(RULES), sum(share.census(RULES) for share in shares)
    assert parts.outcomes == whole.outcomes
    counts = [share.classify(RULES).counts() for share in shares]
    expected = space.classify(RULES).counts()
    for name, each in expected.items():
        assert {k: sum(count[name][k] for count in counts) for k in each} == each


def test_shares_of_the_outermost_axis_are_runs_of_numbers() -> None:
    space = Space(
        {"a": {"from": "1", "to": "7", "step": "1"}, "b": ["1", "2"]}, {"tops_fp16": "a*b"}
    )
    tables = [space.shard(i, 3).table()["tops_fp16"] for i in range(3)]
    assert np.concatenate(tables).tolist() == space.table()["tops_fp16"].tolist()


def test_shares_that_can_not_be() -> None:
    space = small()
    for i, n in ((0, 0), (2, 2), (-1, 2)):
        with pytest.raises(tpp.TppError, match="expected 0 to n - 1"):
            space.shard(i, n)
    with pytest.raises(tpp.TppError, match="7 shares; expected at most as many"):
        space.shard(0, 7)
    weighted = Space({"a": {"values": ["1", "2"], "weights": ["1", "3"]}}, {"tops_fp16": "a"})
    with pytest.raises(tpp.TppError, match="without weights"):
        weighted.shard(0, 2)


def test_blocks_are_the_table_with_verdicts() -> None:
    space = small()
    expected = space.classify(RULES)
    for size, begin in ((7, 0), (64, 0), (1000, 0), (50, 3), (64, 100)):
        tables = list(space.blocks(size, RULES, begin=begin))
        assert {table.num_rows for table in tables[:-1]} <= {size}
        assert all(table.schema == tables[0].schema for table in tables)
        for name in expected:
            found = [value for table in tables for value in table[name].to_pylist()]
            assert found == expected[name][begin:].tolist()
        found = [value for table in tables for value in table["outcome"].to_pylist()]
        assert found == expected.outcome[begin:].tolist()
    assert not list(space.blocks(10, begin=5, end=5))
    with pytest.raises(tpp.TppError, match="blocks of 0"):
        space.blocks(0)
    with pytest.raises(IndexError):
        space.blocks(10, begin=500)
