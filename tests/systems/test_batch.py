"""Tables of systems through `classify` and `metrics`: every engine, and the same as one by one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.cli import cli
from tppcore.engine import c
from tppcore.engine.choose import available

Limit = Callable[[str, str], tpp.Rulebook]

ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(not available(name), reason=f"no {name}"))
    for name in ("c", "jit", "exact")
]
RULES = {
    "today": tpp.rulebook("2026-11-22", "CN"),
    "cluster": tpp.rulebook("2024-06-01", rules=["us-eo14110-cluster", "us-supercomputer"]),
}
NAMES = ["H20", "H100", "A30", "B20", "Rubin", "Grace", "Cloud AI 100 Ultra", "TPU v4", "MI325X"]

A_FEW = ("a", "b", "c", "d", "e")
PARTS = st.lists(
    st.tuples(
        st.sampled_from(A_FEW),
        st.sampled_from([*NAMES, None]),
        st.one_of(st.integers(1, 60_000), st.none()),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def table(parts: list[Any]) -> dict[str, Any]:
    names = ("system", "chip", "count", "host")
    return {name: [part[i] for part in parts] for i, name in enumerate(names)}


def same(one: tpp.Verdicts, two: tpp.Verdicts) -> bool:
    return one.paragraphs == two.paragraphs and all(
        np.array_equal(x, y)
        for x, y in (
            (one.bitmaps.values, two.bitmaps.values),
            (one.bitmaps.valid, two.bitmaps.valid),
        )
    )


@settings(deadline=None, max_examples=40)
@given(PARTS, st.sampled_from(sorted(RULES)), st.data())
def test_engines_agree(parts: list[Any], law: str, data: st.DataObject) -> None:
    rules = RULES[law]
    named = list(dict.fromkeys(part[0] for part in parts))
    facts = {
        "system": named,
        "cluster_network_gbit_s": [data.draw(st.sampled_from([None, 100, 400])) for _ in named],
        "shared_memory": [data.draw(st.sampled_from([None, True, False])) for _ in named],
        "envelope_ft3": [data.draw(st.sampled_from([None, 41_600, 41_600.1])) for _ in named],
    }
    systems = tpp.SystemTable(table(parts), systems=facts)
    expected = tpp.classify(systems, rules, engine="exact")
    for engine in ("c", "jit"):
        if available(engine):
            assert same(tpp.classify(systems, rules, engine=engine), expected)
    if all(part[1] for part in parts):
        for i, name in enumerate(named):
            if all(part[3] for part in parts if part[0] == name):
                continue  # a system of hosts alone is not one
            one = tpp.classify(systems, rules).explain(i)
            assert [each.verdict for each in one.paragraphs] == [
                None if v is np.ma.masked else bool(v)
                for v in (expected[p][i] for p in expected.paragraphs)
            ]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("law", sorted(RULES))
def test_systems_one_by_one_by_any_engine(engine: str, law: str) -> None:
    listed = tpp.systems()
    expected = tpp.classify(listed, RULES[law])
    assert expected.engine == "exact"
    assert same(tpp.classify(listed, RULES[law], engine=engine), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_sums_in_columns(engine: str) -> None:
    systems = tpp.SystemTable(
        table([("a", "H100", 8, False), ("a", "Grace", 4, True), ("b", "B20", 2, False)])
    )
    names = ["aggregate_tpp", "circuits", "h100_equivalents", "tpp_per_watt"]
    found = tpp.metrics(systems, names, engine=engine)
    np.testing.assert_array_equal(found["aggregate_tpp"], [8 * 15_832, np.nan])
    assert found["aggregate_tpp_high"][1] == np.inf
    np.testing.assert_array_equal(found["circuits"], [8, 2])
    assert found["h100_equivalents"][0] == 8
    assert np.isnan(found["tpp_per_watt"]).all()
    assert list(found["system"]) == ["a", "b"]


@pytest.mark.parametrize("engine", ENGINES)
def test_sums_beside_verdicts(engine: str) -> None:
    """In one pass, in the memory of earlier ones where that fits, and as `metrics` gives them."""
    names = ["aggregate_tpp", "largest_circuit_tpp", "memory_capacity"]
    systems = tpp.SystemTable(table([("a", "H100", 8, False), ("b", "B20", 2, False)]))
    found = tpp.classify(systems, RULES["today"], engine=engine, sums=names)
    expected = tpp.metrics(systems, names, engine="exact")
    assert list(found.sums) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found.sums[name], values)
    assert same(found, tpp.classify(systems, RULES["today"], engine="exact"))
    again = tpp.classify(systems, RULES["today"], engine=engine, sums=names, out=found)
    if engine != "exact":
        assert again.summed is found.summed
    other = tpp.classify(systems, RULES["today"], engine=engine, sums=names[:1], out=found)
    assert list(other.sums) == [
        "system",
        "aggregate_tpp",
        "aggregate_tpp_low",
        "aggregate_tpp_high",
    ]


def test_sums_that_are_none() -> None:
    systems = tpp.SystemTable(table([("a", "H100", 8, False)]))
    with pytest.raises(tpp.UnknownName, match="'tpp_per_watt' is no sum over parts"):
        tpp.classify(systems, RULES["today"], sums=["tpp_per_watt"])
    with pytest.raises(tpp.UnknownName, match="tpp is a metric of one circuit"):
        tpp.classify(systems, RULES["today"], sums=["tpp"])
    with pytest.raises(tpp.TppError, match="sums: expected a SystemTable"):
        tpp.classify(tpp.system("dgx-h100"), RULES["today"], sums=["circuits"])
    with pytest.raises(tpp.TppError, match="sums: expected a SystemTable"):
        tpp.classify(tpp.chip("H100"), RULES["today"], sums=["circuits"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("rates", "counts", "threshold"),
    [
        (["0.1", "0.2"], [1, 1], "2.4"),
        (["0.1"], [3], "2.4"),
        (["123456789012.345"], [7], "6913580184691.32"),
        (["0.000001", "100000000"], [1, 1], "800000000.000008"),
        (["1234567.1234567"], [3], "29629610.9629608"),
        (["0.001", "1e9"], [1, 4294967295], "34359738360000000000.008"),
    ],
)
def test_a_sum_on_the_line(
    limit: Limit, engine: str, rates: list[str], counts: list[int], threshold: str
) -> None:
    """A sum is on the line, or beyond it by a digit that no double carries."""
    chips = {"id": list(range(len(rates))), "tops_int8": rates}
    own_parts = {"system": [0] * len(rates), "chip": chips["id"], "count": counts}
    systems = tpp.SystemTable(own_parts, chips=chips)
    # A threshold has at most 18 digits; beyond these the sum is a little over it.
    written = threshold if len(threshold.replace(".", "")) <= 18 else threshold.partition(".")[0]
    found = tpp.classify(systems, limit("aggregate_tpp", written), engine=engine)
    assert found["own/at"][0]
    assert found["own/over"][0] == (written != threshold)


@pytest.mark.parametrize("engine", ENGINES)
def test_ratios_of_sums_on_the_line(limit: Limit, engine: str) -> None:
    """24 GB/s over 40 x 8 TOPS x bit is 0.075."""
    chips = {"id": ["x", "y"], "tops_int8": ["10", "30"], "dram_gb_s": ["9", "5"]}
    parts = {"system": [1, 1, 2, 2], "chip": ["x", "y", "x", "y"], "count": [1, 3, 1, 1]}
    rules = limit("bandwidth_per_tpp", "0.03")
    found = tpp.classify(tpp.SystemTable(parts, chips), rules, engine=engine)
    # 24 / 800 is 0.03; 14 / 320 is more.
    assert list(found["own/at"]) == [True, True]
    assert list(found["own/over"]) == [False, True]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stated_sum_that_the_parts_contradict(engine: str) -> None:
    facts = {"system": ["a"], "fp64_pflops": [1.0]}
    systems = tpp.SystemTable(table([("a", "H100", 8, False)]), systems=facts)
    with pytest.raises(tpp.InputError, match=r"fp64_pflops: 1\.0; expected what the parts give"):
        tpp.classify(systems, RULES["cluster"], engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("count", 0, "row 3, column count: 0"),
        ("count", -5, "row 3, column count: -5"),
        ("count", 1.5, "row 3, column count: 1.5"),
        ("count", 2**32, "row 3, column count: 4294967296"),
        ("chip", "H8000", "row 3, column chip: 'H8000'"),
        ("chip", "b", "row 3, column chip: .*b -> b"),
    ],
)
def test_errors_name_the_row(engine: str, column: str, value: Any, message: str) -> None:
    parts = table([("b", "H100", 8, False), ("a", "H20", 1, False), ("b", "A30", 2, False)])
    parts[column][2] = value
    with pytest.raises(tpp.InputError, match=message):
        tpp.classify(tpp.SystemTable(parts), RULES["today"], engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_stated_sums_of_any_kind(engine: str) -> None:
    """A range, a float32 and a null state what they state of a sum, in verdicts and metrics."""
    chips = {"id": ["open"], "tops_fp64_low": [100.0], "tops_fp64_high": [200.0]}
    parts = pa.table({"chip": [["open"]] * 3, "count": [[1000]] * 3})
    kinds = [
        {
            "fp64_pflops_low": pa.array([120.0, None, 100.0]),
            "fp64_pflops_high": [150.0, None, None],
        },
        {"fp64_pflops": pa.array([150, None, 100], pa.int32())},
        {"fp64_pflops": pa.array([150.1, None, 100.1], pa.float32())},
    ]
    ends = [
        [(120.0, 150.0), (100.0, 200.0), (100.0, np.inf)],
        [(150.0, 150.0), (100.0, 200.0), (100.0, 100.0)],
        [(150.1, 150.1), (100.0, 200.0), (100.1, 100.1)],
    ]
    for columns, expected in zip(kinds, ends, strict=True):
        facts = pa.table({**dict(zip(parts.column_names, parts.columns, strict=True)), **columns})
        systems = tpp.SystemTable(facts, chips)
        found = tpp.metrics(systems, ["fp64_pflops"], engine=engine)
        both = [found.column(f"fp64_pflops_{end}").to_pylist() for end in ("low", "high")]
        assert list(zip(*both, strict=True)) == expected
        verdicts = tpp.classify(systems, RULES["cluster"], engine=engine)
        assert same(verdicts, tpp.classify(systems, RULES["cluster"], engine="exact"))


def test_out_is_reused() -> None:
    systems = tpp.SystemTable(table([("a", "H100", 8, False), ("b", "H20", 8, False)]))
    first = tpp.classify(systems, RULES["today"])
    again = tpp.classify(systems, RULES["today"], out=first)
    assert again.bitmaps is first.bitmaps
    assert list(again["us-4a090/a"]) == [True, False]


def test_answers_in_kind() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    parts = table([("a", "H100", 8, False), ("b", "H20", 8, False)])
    frame = tpp.classify(tpp.SystemTable(pd.DataFrame(parts)), RULES["today"])["us-4a090/a"]
    assert frame.to_dict() == {"a": True, "b": False}
    column = tpp.classify(tpp.SystemTable(pl.DataFrame(parts)), RULES["today"])["us-4a090/a"]
    assert column.to_list() == [True, False]
    lists = pa.table({"chip": [["H100"], ["H20", "A30"]], "count": [[8], [8, 1]]})
    answer = tpp.classify(tpp.SystemTable(lists), RULES["today"])
    assert answer["us-4a090/b"].to_pylist() == [False, True]
    assert answer.to_arrow().num_rows == 2


def test_command(tmp_path: Path) -> None:
    source, chips, facts = tmp_path / "parts.csv", tmp_path / "chips.csv", tmp_path / "facts.csv"
    chips.write_text("id,tops_fp64,tops_int8\nX,25,100\nY,,700\n")
    source.write_text("system,chip,count,host\nhall,X,4000,n\nhall,Y,2,y\nnode,Y,8,\n")
    facts.write_text("system,envelope_ft3\nhall,41600\n")
    options = ["--chips", str(chips), "--systems", str(facts), "--as-of", "2026-11-22"]
    done = CliRunner().invoke(cli, ["classify", str(source), *options])
    assert done.exit_code == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    hall, node = csv.DictReader(lines)
    assert (hall["system"], hall["aggregate_tpp"]) == ("hall", str(4000 * 25 * 64))
    assert (hall["us-supercomputer/supercomputer"], hall["us-4a090/a"]) == ("true", "true")
    assert node["us-supercomputer/supercomputer"] == "false"
    source.write_text("system,chip,count\nhall,X,0\n")
    done = CliRunner().invoke(cli, ["classify", str(source), *options])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "parts.csv, row 1, column count: '0'; expected a whole number" in done.stderr


@pytest.mark.skipif(not c.available(), reason="no C")
@pytest.mark.parametrize("systems", [1, 63, 64, 65, 1023, 1025, 20_000])
def test_many(systems: int) -> None:
    """Blocks and threads: every system of a kind has the verdicts of its kind."""
    kinds = tpp.SystemTable(
        {"system": [0, 1, 1, 2], "chip": ["H100", "H20", "Grace", "B20"], "count": [8, 9, 1, 2]}
    )
    few = tpp.classify(kinds, RULES["today"], engine="exact")
    which = np.random.default_rng(systems).integers(0, 3, systems)
    items = [[0], [1, 2], [3]]
    catalogue = [tpp.chip(name) for name in ("H100", "H20", "Grace", "B20")]
    counts = [[8], [9, 1], [2]]
    lists = pa.table(
        {"chip": [items[k] for k in which.tolist()], "count": [counts[k] for k in which.tolist()]}
    )
    found = tpp.classify(tpp.SystemTable(lists, catalogue), RULES["today"])
    expected = few.to_arrow()
    for name in found.paragraphs:
        assert found[name].equals(expected.column(name).take(pa.array(which)).combine_chunks())
