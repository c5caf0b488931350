"""A census is what one finds by looking at every design."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tests.spaces import reference, strategies
from tests.spaces.conftest import WAYS, counted
from tests.spaces.reference import Spec
from tppcore.engine.exact import Metrics, decisions
from tppcore.errors import TppError, UnknownName
from tppcore.rules.rulebook import Rulebook
from tppcore.spaces.census import Census
from tppcore.spaces.space import Space

QUICK = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

GATE = strategies.law("gate")


def space(spec: Spec) -> Space:
    return Space(spec.axes, spec.quantities, constants=spec.constants)


def check(spec: Spec, rules: Rulebook, by: Sequence[str] = (), way: str = "as shipped") -> Census:
    with counted(way):
        found = space(spec).census(rules, by)
    expected = reference.census(spec, rules, by)
    assert {cell.values: +Counter(cell.counts) for cell in found.cells} == {
        key: +cell for key, cell in expected.items()
    }
    whole: Counter[reference.Verdicts] = sum(expected.values(), Counter())
    assert found.outcomes == +whole
    assert found.total == whole.total()
    for p, name in enumerate(found.paragraphs):
        counts = found.counts()[name]
        for word, verdict in (("true", True), ("false", False), ("undetermined", None)):
            assert counts[word] == sum(n for key, n in whole.items() if key[p] is verdict)
    return found


@pytest.mark.parametrize("way", WAYS)
@QUICK
@given(st.data())
def test_any_space(way: str, data: st.DataObject) -> None:
    spec = data.draw(strategies.spaces())
    law = data.draw(strategies.laws(spec))
    by = data.draw(st.lists(st.sampled_from(list(spec.axes)), max_size=2, unique=True))
    found = check(spec, law.rules, by, way)
    event(f"{len(found.outcomes)} combinations")


# ---- what was wrong once ----


def test_a_weight_of_nothing() -> None:
    """Weights 1 and 0 are no weights that all are 1."""
    weighted = {"values": ["9", "0.039", "7"], "weights": ["2.5", "0", "2.5"]}
    for by in ((), ("b",)):
        found = check(
            Spec({"b": weighted, "c": ["1", "2"]}, {"tops_fp16": "b * c * 100"}), GATE, by
        )
        assert found.total == 4


def test_endless_or_nothing() -> None:
    """Zero times what is not known is zero, and the other places may be anything."""
    check(Spec({"tops_fp16": ["1", "0", "3"]}), strategies.law("2022"))


def test_whole_numbers_beyond_64_bits() -> None:
    """Of a sum without axes among those of a wide form NumPy makes a bare number."""
    axes = {"a": {"from": "1", "to": "40", "step": "1"}, "b": ["1", "2"], "c": ["0.3", "0.7"]}
    area = "a * (0.000000460021 + b * (0.831089 + c * 0.00026317712345)) + b * 16.1898 + c * 2.3"
    check(Spec(axes, {"tops_fp8": "a * b * c", "die_area_mm2": area, "datacenter": True}), GATE)


def test_no_crossings() -> None:
    check(
        Spec({"d": ["3.2", "0.01"], "datacenter": [False, True]}, {"tops_fp8": "1"}), GATE, ("d",)
    )


def test_an_operand_that_stands_twice() -> None:
    """a * b is one axis of the die area only if the square of b is none of TPP."""
    axes = {"a": ["8", "4", "1"], "b": ["5", "2", "3"], "c": ["10", "2"], "d": ["0", "20", "1"]}
    quantities = {
        "tops_fp8": "20 * a * b * b",
        "die_area_mm2": "10 + a * b + 20 * d + 3 * c",
        "dram_gb_s": "c * 700",
        "interconnect_gb_s": "d * 200",
    }
    for way in WAYS:
        check(Spec(axes, quantities), GATE, way=way)


def test_operands_beside_those_of_a_linked_axis() -> None:
    """a and f are no axis of their own in an area that depends on a elsewhere as well."""
    axes = {"a": ["5", "2", "3"], "e": ["1", "8"], "f": ["1", "16", "5"], "d": ["8", "1"]}
    quantities = {
        "tops_fp8": "100 * d / (e + 1)",
        "die_area_mm2": "10 + a * e + 5.5 * d + 5.5 * a + 3 * f",
        "dram_gb_s": "a * 700",
        "interconnect_gb_s": "a * 200",
    }
    for way in WAYS:
        check(Spec(axes, quantities), GATE, way=way)


# ---- by hand ----


def test_table() -> None:
    """Counts at each place, for heat maps."""
    axes = {"tops_fp8": ["100", "300", "700"], "die_area_mm2": ["100", "500"], "idle": ["1", "2"]}
    found = Space(axes, {"datacenter": True}).census(GATE, by=["die_area_mm2", "tops_fp8"])
    table = found.table("us-3a090/a.1")
    assert table["die_area_mm2"].tolist() == [100, 100, 100, 500, 500, 500]
    assert table["tops_fp8"].tolist() == [100, 300, 700] * 2
    assert table["true"].tolist() == [0, 0, 2] * 2
    assert table["false"].tolist() == [2, 2, 0] * 2
    assert table["undetermined"].tolist() == [0] * 6
    outcomes = found.table()
    assert sum(outcomes[text].sum() for text in found.outcome_counts()) == found.total == 12
    with pytest.raises(UnknownName, match="us-3a090/z"):
        found.table("us-3a090/z")


def test_linked_axes() -> None:
    """Stacks and links give an area together, and bandwidths by themselves."""
    axes = {
        "cores": {"from": "10", "to": "90", "step": "20"},
        "clock": ["0.8", "1", "1.4"],
        "stacks": ["1", "4", "8"],
        "links": {"values": ["0", "6", "18"], "weights": ["1", "0", "3"]},
        "cache": ["16", "32", "80"],
    }
    quantities = {
        "tops_fp8": "cores * clock * 12",
        "die_area_mm2": "cores * clock + 2.4 * cache + 16 * stacks + 2.7 * links",
        "dram_gb_s": "stacks * 819.2",
        "interconnect_gb_s": "links * 50",
        "datacenter": True,
    }
    rules = strategies.law("in force")
    for by in ((), ("cores",), ("stacks", "cache")):
        for way in WAYS:
            found = check(Spec(axes, quantities), rules, by, way)
            if not by and way == "linked and shared":
                assert any("made one axis" in line for line in found.method)


def test_clusters_in_a_chain() -> None:
    """Three metrics, each of which shares an axis with the next: none holds the axes of all."""
    axes = {name: ["1", "2", "3.5", "5"] for name in "abcd"}
    quantities = {
        "tops_fp16": "(a + b / (a + 3)) * 60",
        "dram_gb_s": "(b + c / (b + 2)) * 300",
        "interconnect_gb_s": "(c + d / (c + 1)) * 100",
    }
    rules = strategies.own_law(
        'all = ["tpp >= 1600", "total_dram_bandwidth >= 1000"]',
        'any = ["total_dram_bandwidth > 1500", "interconnect_bandwidth >= 300"]',
        'all = ["tpp > 4800", "interconnect_bandwidth < 450"]',
    )
    for way in WAYS:
        check(Spec(axes, quantities), rules, way=way)
        check(Spec(axes, quantities), rules, ("c",), way=way)
        check(Spec(axes, quantities), rules, ("d", "a"), way=way)


def test_chips() -> None:
    """A space of plain axes for each chip, with the figures of the chip unless stated anew."""
    axes = {
        "clock": ["0.5", "1", "1.2"],
        "gpu": {"chips": ["H100", "H20", "A30", "MI300X"]},
        "die_area_mm2": ["600", "1000"],
    }
    quantities = {
        "tops_fp8": "gpu.tops_fp8 * clock",
        "dram_gb_s": "max(gpu.dram_gb_s, 3000) * clock",
    }
    for by in ((), ("gpu",), ("clock", "gpu"), ("die_area_mm2",)):
        found = space(Spec(axes, quantities)).census(strategies.law("in force"), by)
        expected = reference.census(Spec(axes, quantities), strategies.law("in force"), by)
        ids = {name: tpp.chip(name).id for name in axes["gpu"]["chips"]}
        named = {tuple(ids.get(v, v) for v in key): cell for key, cell in expected.items()}
        assert {cell.values: cell.counts for cell in found.cells} == named


@pytest.mark.parametrize("way", ["as shipped", "small groups"])
def test_more_designs_than_64_bits_count(way: str) -> None:
    """10^30 and more, counted as a product by hand."""
    axes = {f"x{i}": {"from": "1", "to": "10", "step": "1"} for i in range(31)}
    axes["clock"] = {"from": "1", "to": "100", "step": "1"}
    quantities = {"tops_fp16": "3 * clock", "dram_gb_s": "x0 * x1", "datacenter": True}
    rules = strategies.own_law('all = ["tpp >= 2400"]', 'all = ["total_dram_bandwidth >= 50"]')
    with counted(way):
        found = space(Spec(axes, quantities)).census(rules)
    fast = sum(1 for clock in range(1, 101) if 48 * clock >= 2400)
    wide = sum(1 for a in range(1, 11) for b in range(1, 11) if a * b >= 50)
    rest = 10**29
    assert found.total == 10**33
    assert found.outcomes == {
        (True, True): fast * wide * rest,
        (True, False): fast * (100 - wide) * rest,
        (False, True): (100 - fast) * wide * rest,
        (False, False): (100 - fast) * (100 - wide) * rest,
    }


def test_a_product_of_many_axes() -> None:
    """More than 10^30 designs, whose one figure is a product that is met in the middle."""
    axes: dict[str, object] = {f"x{i}": ["1", "2"] for i in range(28)}
    product = f"{' * '.join(axes)} / {2**14}"
    axes |= {f"y{i}": {"from": "1", "to": "10", "step": "1"} for i in range(30)}
    rules = strategies.own_law('all = ["tpp >= 8"]', 'all = ["tpp > 8"]')
    found = space(Spec(axes, {"tops_fp8": product})).census(rules)
    above = sum(math.comb(28, k) for k in range(15, 29)) * 10**30
    on = math.comb(28, 14) * 10**30
    below = 2**28 * 10**30 - above - on
    assert found.outcomes == {(True, True): above, (True, False): on, (False, False): below}


def test_weights_beyond_64_bits() -> None:
    huge = 10**25 + 1
    axes = {
        "a": {"values": ["1", "300"], "weights": [str(huge), "1"]},
        "b": {"values": ["1", "2", "4"], "weights": ["1", str(huge), "3"]},
    }
    for by in ((), ("a",), ("b",)):
        found = check(Spec(axes, {"tops_fp16": "a * b"}), GATE, by)
        assert found.total == (huge + 1) * (huge + 4)


@pytest.mark.parametrize(
    ("steps", "way"), [(40, "chunks"), (100, "as shipped"), (220, "as shipped")]
)
def test_against_the_engine_on_columns(steps: int, way: str) -> None:
    """Up to 10^7 designs, each classified as a row."""
    axes = {
        "cores": {"from": "1", "to": str(steps), "step": "1"},
        "clock": {"from": "1", "to": f"{1 + (steps - 1) * 5 / 1000:.3f}", "step": "0.005"},
        "array": ["16", "32", "8"],
        "stacks": {"from": "1", "to": str(steps // 10), "step": "1"},
        "datacenter": [True, False],
    }
    spec = Spec(
        axes,
        {
            "tops_fp16": "2 * cores * array * array * clock * 8 / 1000",
            "die_area_mm2": "cores * (0.5 + array * array * 0.002) + stacks * 16.2",
            "dram_gb_s": "stacks * 410.5",
        },
    )
    n = [len(reference.places(given)) for given in axes.values()]
    cores, clock, array, stacks, center = np.meshgrid(
        np.arange(1, n[0] + 1), 1000 + 5 * np.arange(n[1]), np.array([16, 32, 8]),
        np.arange(1, n[3] + 1), np.array([1, 0]), indexing="ij",
    )  # fmt: skip
    area = cores * (500 + 2 * array * array) + stacks * 16200
    table = {
        "tops_fp16": (16 * cores * array * array * clock).reshape(-1) / 1e6,
        "die_area_mm2": area.reshape(-1) / 1e3,
        "dram_gb_s": (stacks * 4105).reshape(-1) / 10,
        "datacenter": center.reshape(-1).astype(bool),
    }
    rules = GATE
    made = space(spec)
    assert made.size == area.size
    with counted(way):
        found = made.census(rules)
    verdicts = tpp.classify(table, rules)
    assert found.counts() == verdicts.counts()
    code = np.zeros(area.size, np.int64)
    for name in found.paragraphs:
        column = verdicts[name]
        code = code * 3 + np.where(np.ma.getmaskarray(column), 2, np.ma.getdata(column) & True)
    kinds, counts = np.unique(code, return_counts=True)
    words = (False, True, None)
    p = len(found.paragraphs)
    expected = {
        tuple(words[int(kind) // 3 ** (p - 1 - i) % 3] for i in range(p)): int(count)
        for kind, count in zip(kinds, counts, strict=True)
    }
    assert found.outcomes == expected


def test_censuses_add_up() -> None:
    one = space(Spec({"a": ["1", "2"], "b": ["300", "1"]}, {"tops_fp16": "a * b"})).census(
        GATE, ["b"]
    )
    two = space(Spec({"a": ["3"], "b": ["300", "1"]}, {"tops_fp16": "a * b"})).census(GATE, ["b"])
    both = space(Spec({"a": ["1", "2", "3"], "b": ["300", "1"]}, {"tops_fp16": "a * b"})).census(
        GATE, ["b"]
    )
    added = sum([one, two])
    assert added.outcomes == both.outcomes
    assert {c.values: c.counts for c in added.cells} == {c.values: c.counts for c in both.cells}
    with pytest.raises(TppError, match="different"):
        one + both.__class__(GATE, both.paragraphs, both.cells, ())


@QUICK
@given(st.data())
def test_shares_add_up(data: st.DataObject) -> None:
    spec = data.draw(strategies.spaces())
    rules = data.draw(strategies.laws(spec)).rules
    by = data.draw(st.lists(st.sampled_from(list(spec.axes)), max_size=1))
    whole = space(spec)
    cut = [n for n in range(1, 7) if shares(whole, n)]
    n = data.draw(st.sampled_from(cut))
    parts = [whole.shard(i, n) for i in range(n)]
    assert sum(part.size for part in parts) == whole.size
    added, expected = sum(part.census(rules, by) for part in parts), whole.census(rules, by)
    assert added.outcomes == expected.outcomes
    assert {c.values: c.counts for c in added.cells} == {c.values: c.counts for c in expected.cells}


def shares(whole: Space, n: int) -> bool:
    """Whether a space can be cut into n."""
    try:
        whole.shard(0, n)
    except TppError:
        return False
    return True


@QUICK
@given(st.data())
def test_any_space_design_by_design(data: st.DataObject) -> None:
    """Its designs, and their verdicts as the rows of a table would have them."""
    spec = data.draw(strategies.spaces())
    rules = data.draw(strategies.laws(spec)).rules
    made = space(spec)
    rows = [row for _, _, row in reference.designs(spec)]
    assert [made[i].quantities for i in range(made.size)] == rows
    verdicts = made.classify(rules)
    decider = decisions(rules)
    for i, row in enumerate(rows):
        expected = decider.decide(Metrics(rules.formulas, row))
        bit = np.uint64(i % 64)
        valid, values = (
            (part[:, i // 64] >> bit & np.uint64(1)).astype(bool).tolist()
            for part in (verdicts.bitmaps.valid, verdicts.bitmaps.values)
        )
        found = [v if known else None for known, v in zip(valid, values, strict=True)]
        assert found == expected, f"design {i}"
