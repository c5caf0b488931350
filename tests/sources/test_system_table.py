"""Whatever tells the parts of systems gives the same parts, and errors name the caller's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.errors import InputError, TppError
from tppcore.sources.chips import catalogue, chip
from tppcore.sources.names import spellings
from tppcore.sources.parts.items import Items
from tppcore.sources.parts.keys import keys_of_numpy
from tppcore.sources.parts.runs import grouped, stable_order
from tppcore.sources.system_table import SystemTable

CHIPS = {
    "id": ["h100", "h20", "grace"],
    "name": ["H100 SXM", "H20", "Grace"],
    "tops_fp8": [1979.0, 296.0, None],
}
SYSTEMS = ["node", "node", "rack", "rack", "rack", "box"]
NAMES = ["h100", "grace", "h20", "h100", "grace", "h20"]
COUNTS = [8, 2, 4, 64, None, 1]
HOSTS = [False, True, False, False, True, False]
PLACES = [0, 2, 1, 0, 2, 1]

Found = list[tuple[str | None, int | None, bool]]


def found(table: SystemTable) -> dict[str, Found]:
    """Every system by its name: its parts by the names of their chips."""
    parts, out = table.parts, {}
    columns = (parts.items, parts.counts)
    items, counts = (
        [None if null else value for value, null in zip(each.values, each.nulls(), strict=True)]
        for each in columns
    )
    counts = [None if count is None or np.isnan(count) else int(count) for count in counts]
    hosts = [False] * len(items) if parts.hosts is None else parts.hosts.values.astype(bool)
    values = table.items.columns.by_quantity["tops_fp8"]
    rates = {1979.0: "h100", 296.0: "h20"}
    chips = [rates.get(value, "grace") for value in values.values.tolist()]
    for i in range(len(table)):
        rows = range(parts.offsets[i], parts.offsets[i + 1])
        out[str(table.name(i))] = [
            (None if items[j] is None else chips[items[j]], counts[j], bool(hosts[j])) for j in rows
        ]
    return out


EXPECTED: dict[str, Found] = {
    "node": [("h100", 8, False), ("grace", 2, True)],
    "rack": [("h20", 4, False), ("h100", 64, False), ("grace", None, True)],
    "box": [("h20", 1, False)],
}


def long(**other: Any) -> dict[str, Any]:
    return {"system": SYSTEMS, "chip": NAMES, "count": COUNTS, "host": HOSTS, **other}


def lists(**other: Any) -> pa.Table:
    ends = [(0, 2), (2, 5), (5, 6)]
    columns = {name: [long()[name][a:b] for a, b in ends] for name in ("chip", "count", "host")}
    return pa.table({"system": ["node", "rack", "box"], **columns, **other})


def encoded(array: Any) -> Any:
    return pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 0, 1, 2], pa.int8()), pa.array(["h100", "grace", "h20", "never"])
    )


def in_chunks(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(i, 1) for i in range(len(table))])


def as_lists(kind: Callable[[Any], Any], offsets: Any = pa.int32) -> Any:
    """The list form with lists of another type, cut out of larger ones."""
    values = {
        "chip": pa.array(["?", *NAMES, "?"]).dictionary_encode(),
        "count": pa.array([7, *COUNTS, 7], pa.uint16()),
        "host": pa.array([True, *HOSTS, True]),
    }
    ends = pa.array([0, 1, 3, 6, 7, 8], offsets())
    columns = {name: kind(ends, each) for name, each in values.items()}
    names = pa.array(["x", "node", "rack", "box", "y"])
    return pa.table({"system": names, **columns}).slice(1, 3)


def views() -> Any:
    """Lists that don't stand in the order of their rows."""
    order = [5, 2, 3, 4, 0, 1]
    return {
        name: pa.ListViewArray.from_arrays([4, 1, 0, 0], [2, 3, 1, 0], pa.array(values)).slice(0, 3)
        for name in ("chip", "count", "host")
        for values in [[long()[name][i] for i in order]]
    }


FORMS: dict[str, Callable[[], Any]] = {
    "dict of lists": long,
    "arrays": lambda: long(
        chip=np.array(NAMES), count=np.array([8, 2, 4, 64, np.nan, 1]), host=np.array(HOSTS)
    ),
    "masked": lambda: long(count=np.ma.MaskedArray([8, 2, 4, 64, 9, 1], [0, 0, 0, 0, 1, 0])),
    "objects": lambda: long(chip=np.array(NAMES, object), count=np.array(COUNTS, object)),
    "text counts": lambda: long(count=["8", "2", "4", "64", "", "1"], host=list("nynnyn")),
    "structured": lambda: np.array(
        list(zip(SYSTEMS, NAMES, [8.0, 2, 4, 64, np.nan, 1], HOSTS, strict=True)),
        [("system", "U9"), ("chip", "U9"), ("count", "f4"), ("host", "?")],
    ),
    "pyarrow": lambda: pa.table(long()),
    "pyarrow in chunks": lambda: in_chunks(pa.table(long())),
    "pyarrow slice": lambda: pa.concat_tables([pa.table(long())] * 2).combine_chunks().slice(6),
    "dictionaries": lambda: pa.table(long(chip=encoded(NAMES))),
    "dictionaries in chunks": lambda: pa.table(
        long(chip=pa.chunked_array([pa.array([each]).dictionary_encode() for each in NAMES]))
    ),
    "text views": lambda: pa.table(long(chip=pa.array(NAMES, pa.string_view()))),
    "run-end encoded": lambda: pa.table(long(chip=pa.array(NAMES).dictionary_encode())),
    "Arrow in a dict": lambda: long(chip=pa.array(NAMES), count=pl.Series(COUNTS)),
    "places": lambda: long(chip=np.array(PLACES, np.int32)),
    "decimal counts": lambda: pa.table(long()).set_column(
        2, "count", pa.array(COUNTS, pa.decimal128(5, 0))
    ),
    "pandas": lambda: pd.DataFrame(long()),
    "pandas categories": lambda: pd.DataFrame(long()).astype({"chip": "category"}),
    "polars": lambda: pl.DataFrame(long()),
    "polars categories": lambda: pl.DataFrame(long()).with_columns(
        pl.col("chip").cast(pl.Enum(["grace", "h100", "h20"]))
    ),
    "duckdb": lambda: duckdb.from_arrow(pa.table(long())),
    "unsorted": lambda: {name: values[::2] + values[1::2] for name, values in long().items()},
    "lists": lists,
    "lists in chunks": lambda: in_chunks(lists()),
    "list arrays": lambda: as_lists(pa.ListArray.from_arrays),
    "large lists": lambda: as_lists(pa.LargeListArray.from_arrays, pa.int64),
    "lists in a dict": lambda: {name: lists()[name].to_pylist() for name in lists().column_names},
    "lists of places": lambda: lists().set_column(1, "chip", pa.array([[0, 2], [1, 0, 2], [1]])),
    "pandas lists": lambda: lists().to_pandas(),
    "polars lists": lambda: pl.from_arrow(lists()),
    "duckdb lists": lambda: duckdb.from_arrow(lists()),
    "list views": lambda: pa.table({"system": ["node", "rack", "box"], **views()}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_parts(form: str) -> None:
    given = FORMS[form]()
    read = SystemTable(given, CHIPS)
    if form == "unsorted":
        assert list(found(read)) == ["node", "rack", "box"]
        assert {name: sorted(map(str, each)) for name, each in found(read).items()} == {
            name: sorted(map(str, each)) for name, each in EXPECTED.items()
        }
        return
    assert found(read) == EXPECTED
    assert len(read) == read.parts.systems == 3
    assert read.names.tolist() == ["node", "rack", "box"]


@pytest.mark.parametrize(
    "chips",
    [
        pa.table(CHIPS),
        pd.DataFrame(CHIPS),
        pl.DataFrame(CHIPS),
        {**CHIPS, "title": "a sheet"},
        np.array(
            list(zip(*[*list(CHIPS.values())[:2], [1979.0, 296.0, np.nan]], strict=True)),
            [("id", "U9"), ("name", "U9"), ("tops_fp8", "f8")],
        ),
        [
            tpp.Chip("H100 SXM", id="h100", tops={"fp8": 1979}),
            tpp.Chip("h20", tops={"fp8": 296}),
            tpp.Chip("Grace", id="grace", dram_gb=480),
        ],
    ],
    ids=["arrow", "pandas", "polars", "dict", "structured", "chips"],
)
@pytest.mark.parametrize("form", ["dictionaries", "places", "list arrays"])
def test_every_form_of_chips(chips: Any, form: str) -> None:
    assert found(SystemTable(FORMS[form](), chips)) == EXPECTED


def test_nothing_is_copied_that_need_not_be() -> None:
    items, counts = np.array(PLACES, np.int32), np.array([8, 2, 4, 64, 1, 1], np.int32)
    read = SystemTable({"system": np.array([1, 1, 2, 2, 2, 3]), "chip": items, "count": counts})
    assert read.parts.items.values is items
    assert read.parts.counts.values is counts
    assert read.parts.offsets.dtype == np.int32
    listed = lists(fp64_pflops=[1.0, 2.0, 3.0])
    offsets = listed["count"].chunk(0).offsets.to_numpy().ctypes.data
    codes = pa.array([0, 2, 1, 0, 2, 1], pa.uint32())
    for values in (codes, pa.DictionaryArray.from_arrays(codes, pa.array(CHIPS["id"]))):
        chips = pa.ListArray.from_arrays(listed["count"].chunk(0).offsets, values)
        read = SystemTable(listed.set_column(1, "chip", chips), CHIPS)
        assert read.parts.offsets.ctypes.data == offsets
        assert read.parts.items.values.ctypes.data == codes.buffers()[1].address
        assert found(read) == EXPECTED


class TestChips:
    def test_catalogue_names_are_resolved(self) -> None:
        read = SystemTable({"system": [1, 1], "chip": ["H200", "a100 80gb sxm"], "count": [8, 2]})
        assert [each.id for each in read.items.chips] == ["h200-sxm", "a100-sxm-80"]

    def test_catalogue_places(self) -> None:
        read = SystemTable({"system": [1], "chip": [3], "count": [8]})
        assert read.items.chips[read.parts.items.values[0]].id == tpp.chips()[3].id

    def test_catalogue_names_mean_what_chip_says(self) -> None:
        ids, names = catalogue()
        items, order = Items(), list(ids)
        for name in names:
            for text in (name.id, *spellings(name), *(family for family, _ in name.defaults)):
                try:
                    expected = chip(text).id
                except TppError:
                    continue
                table, places, _ = items.places(keys_of_numpy([text], "chip"), {})
                assert places.values.tolist() == [0]
                assert table.chips[0].id == expected, (text, order)

    @pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int32, np.int64, np.uint64])
    @pytest.mark.parametrize(
        "ids",
        [
            np.array([7, 5, 100]),
            np.array([0, 2, 300], np.int16),
            np.array([7, 0, 100], np.uint64),
            np.array([7, -5, 10**12]),
            np.array([2**64 - 1, 3, 100], np.uint64),
            np.array([-1, 0, 2**63 - 1]),
        ],
        ids=str,
    )
    def test_integer_ids(self, ids: np.ndarray, kind: type) -> None:
        limits, known = np.iinfo(kind), ids.tolist()
        chips = {"id": ids, "tops_fp8": CHIPS["tops_fp8"]}

        def places(*numbers: int) -> list[int]:
            parts = {"system": [1] * len(numbers), "chip": np.array(numbers, kind)}
            read = SystemTable({**parts, "count": [1] * len(numbers)}, chips)
            return read.parts.items.values.tolist()

        held = [each for each in known if limits.min <= each <= limits.max]
        assert places(*held, *held) == [known.index(each) for each in held] * 2
        for wrong in {1, 6, 101, limits.min, limits.max} - set(known):
            with pytest.raises(InputError, match=f"column chip: {wrong}; expected one of the 3"):
                places(*held, wrong)

    def test_integer_ids_as_text(self) -> None:
        parts = long(chip=["7", "100", "5", "7", "100", "5"])
        assert found(SystemTable(parts, {**CHIPS, "id": [7, 5, 100]})) == EXPECTED

    def test_names_of_chips_without_ids(self) -> None:
        chips = {"name": ["h100", "h20", "grace"], "tops_fp8": CHIPS["tops_fp8"]}
        assert found(SystemTable(long(), chips)) == EXPECTED

    def test_pandas_integers_with_holes(self) -> None:
        frame = pd.DataFrame(long(chip=[0, 2, None, 0, 2, 1]))
        assert frame.chip.dtype == np.float64
        assert found(SystemTable(frame, CHIPS))["rack"][0] == (None, 4, False)

    @pytest.mark.parametrize("name", ["", "  ", None])
    def test_items_that_nobody_knows(self, name: str | None) -> None:
        names = [*NAMES[:5], name]
        for parts in (long(chip=names), pa.table(long(chip=names))):
            assert found(SystemTable(parts, CHIPS))["box"] == [(None, 1, False)]

    def test_names_that_no_part_uses_need_not_be_known(self) -> None:
        values = pa.DictionaryArray.from_arrays([0], ["h20", "no such chip", None])
        read = SystemTable(pa.table({"system": [1], "chip": values, "count": [1]}), CHIPS)
        assert found(read) == {"1": [("h20", 1, False)]}


class TestLists:
    def test_fixed_size(self) -> None:
        chips = pa.FixedSizeListArray.from_arrays(pa.array(NAMES), 2)
        counts = pa.FixedSizeListArray.from_arrays(pa.array(COUNTS), 2)
        read = SystemTable(pa.table({"chip": chips, "count": counts}).slice(1), CHIPS)
        assert found(read) == {
            "row 1": [("h20", 4, False), ("h100", 64, False)],
            "row 2": [("grace", None, False), ("h20", 1, False)],
        }
        assert read.names is None

    @pytest.mark.parametrize("kind", [pa.list_, pa.large_list, lambda of: pa.list_(of, 1)])
    def test_null_lists_are_parts_that_nobody_knows(self, kind: Callable[[Any], Any]) -> None:
        chips = pa.array([["h20"], None, ["h100"]], kind(pa.string()))
        counts = pa.array([[4], None, [None]], kind(pa.int64()))
        read = SystemTable(pa.table({"chip": chips, "count": counts}), CHIPS)
        assert list(found(read).values()) == [
            [("h20", 4, False)],
            [(None, None, False)],
            [("h100", None, False)],
        ]
        assert [read.row_of_part(i) for i in range(3)] == [0, 1, 2]

    def test_null_lists_of_every_library(self) -> None:
        frame = pl.DataFrame({"chip": [["h20"], None], "count": [[4], None]})
        assert found(SystemTable(frame, CHIPS))["row 2"] == [(None, None, False)]
        values = pa.array(["h20", "h100"])
        views = pa.ListViewArray.from_arrays([1, 0], [1, 1], values, mask=pa.array([False, True]))
        read = SystemTable({"chip": views, "count": [[4], None]}, CHIPS)
        assert found(read) == {
            "row 1": [("h100", 4, False)],
            "row 2": [(None, None, False)],
        }

    def test_empty_lists_stay_empty(self) -> None:
        read = SystemTable({"chip": [["h20"], [], ["h100"]], "count": [[4], [], [1]]}, CHIPS)
        assert read.parts.offsets.tolist() == [0, 1, 1, 2]
        assert [read.row_of_part(i) for i in range(2)] == [0, 2]
        with pytest.raises(InputError, match="row 2, column system"):
            read.chip(1)

    @pytest.mark.parametrize("name", ["count", "host"])
    def test_as_many_as_chips(self, name: str) -> None:
        table = lists()
        values = table[name].to_pylist()
        values[1] = values[1][:2]
        place = table.column_names.index(name)
        with pytest.raises(InputError, match=f"row 2, column {name}: '2 values'; expected 3, as"):
            SystemTable(table.set_column(place, name, pa.array(values)), CHIPS)

    def test_facts(self) -> None:
        read = SystemTable(lists(envelope_ft3=[1.0, None, 3.0], site=["a", "b", "c"]), CHIPS)
        assert read.facts.rows == 3
        assert set(read.facts.by_quantity) == {"envelope_ft3"}
        assert read.facts.by_quantity["envelope_ft3"].nulls().tolist() == [False, True, False]
        assert SystemTable(lists(), CHIPS).facts.rows == 3
        with pytest.raises(TppError, match="systems: parts have a row a system"):
            SystemTable(lists(), CHIPS, {"system": ["node"]})


class TestFacts:
    def test_joined_by_system(self) -> None:
        systems = {"system": ["box", "node"], "envelope_ft3": [3.0, 1.0], "racks": [1, 2]}
        for facts in (systems, pd.DataFrame(systems), pa.table(systems)):
            read = SystemTable(long(), CHIPS, facts).facts
            assert read.rows == 3
            np.testing.assert_array_equal(
                read.by_quantity["envelope_ft3"].values, [1.0, np.nan, 3.0]
            )

    def test_missing_in_every_kind_of_column(self) -> None:
        systems = {
            "system": [9, 7],
            "ai_training_cluster": [True, False],
            "fp64_pflops_low": [1.0, 2.0],
        }
        parts = {"system": [7, 8, 9], "chip": NAMES[:3], "count": [1, 1, 1]}
        facts = SystemTable(parts, CHIPS, systems).facts.by_quantity
        assert facts["ai_training_cluster"].values.tolist() == [0, 255, 1]
        np.testing.assert_array_equal(facts["fp64_pflops"].low, [2.0, np.nan, 1.0])

    def test_facts_in_order_are_not_copied(self) -> None:
        numbers = np.array([1, 1, 2, 3])
        volume = np.array([1.0, 2.0, 3.0])
        parts = {"system": numbers, "chip": [0, 1, 2, 0], "count": [1] * 4}
        facts = SystemTable(parts, CHIPS, {"system": [1, 2, 3], "envelope_ft3": volume}).facts
        assert facts.by_quantity["envelope_ft3"].values is volume

    def test_none(self) -> None:
        read = SystemTable(long(), CHIPS)
        assert (read.facts.rows, dict(read.facts.by_quantity)) == (3, {})

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            (["node", "nod"], "systems, row 2, column system: 'nod'; expected a system of parts"),
            (["node", "node"], "systems, row 2, column system: 'node'; expected each system once"),
            (["node", None], "systems, row 2, column system: None; expected the name"),
            ([1, 2], "systems, row 1, column system: 1; expected a system of parts"),
        ],
    )
    def test_refused(self, names: list[Any], message: str) -> None:
        with pytest.raises(InputError) as caught:
            SystemTable(long(), CHIPS, {"system": names, "racks": [1, 2]})
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("numbers", "message"),
        [
            ([3, 5], "systems, row 2, column system: 5; expected a system of parts"),
            ([3, 3], "systems, row 2, column system: 3; expected each system once"),
        ],
    )
    def test_integers_refused(self, numbers: list[int], message: str) -> None:
        parts = {"system": [1, 3], "chip": [0, 1], "count": [1, 1]}
        with pytest.raises(InputError) as caught:
            SystemTable(parts, CHIPS, {"system": numbers})
        assert message in str(caught.value)


class TestNested:
    NODE: tuple[Any, ...] = ("node", "h100", 8), ("node", "grace", 2)

    @staticmethod
    def table(*rows: tuple[str, str, Any]) -> SystemTable:
        names = ("system", "chip", "count")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        return SystemTable(columns, CHIPS)

    def test_counts_multiply(self) -> None:
        read = self.table(("hall", "rack", 10), ("hall", "h20", 5), ("rack", "node", 4), *self.NODE)
        node = [("h100", 8, False), ("grace", 2, False)]
        assert found(read) == {
            "hall": [("h100", 320, False), ("grace", 80, False), ("h20", 5, False)],
            "rack": [("h100", 32, False), ("grace", 8, False)],
            "node": node,
        }
        assert [read.row_of_part(i) for i in range(7)] == [0, 0, 1, 2, 2, 3, 4]

    def test_deep(self) -> None:
        rows = [(f"level {i}", f"level {i + 1}", 2) for i in range(20)]
        read = self.table(*rows, ("level 20", "h100", 3))
        assert found(read)["level 0"] == [("h100", 3 * 2**20, False)]

    def test_unknown_counts_stay_unknown(self) -> None:
        read = self.table(("rack", "node", None), ("rack", "h20", 1), *self.NODE)
        assert found(read)["rack"] == [
            ("h100", None, False),
            ("grace", None, False),
            ("h20", 1, False),
        ]

    def test_hosts(self) -> None:
        parts = {
            "chip": [["node", "h20"], ["h100", "grace"]],
            "count": [[2, 1], [8, 2]],
            "host": [[False, False], [False, True]],
            "system": ["rack", "node"],
        }
        rack = [("h100", 16, False), ("grace", 4, True), ("h20", 1, False)]
        assert found(SystemTable(parts, CHIPS))["rack"] == rack

    def test_a_chip_comes_before_a_system_of_its_name(self) -> None:
        read = self.table(("h100", "h100", 8), ("rack", "h100", 2))
        assert found(read) == {"h100": [("h100", 8, False)], "rack": [("h100", 2, False)]}

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("a", "a", 1)], "row 1, column chip: 'a'; expected a system that does not contain "
             "itself: a -> a"),
            ([("x", "a", 1), ("b", "h20", 1), ("a", "b", 1), ("b", "a", 1)],
             "row 4, column chip: 'a'; expected a system that does not contain itself: "
             "b -> a -> b"),
            ([("a", "h20", 1), ("a", "b", 2), ("b", "c", 3), ("c", "a", 4)],
             "row 2, column chip: 'b'; expected a system that does not contain itself: "
             "a -> b -> c -> a"),
        ],
    )  # fmt: skip
    def test_cycles(self, rows: list[Any], message: str) -> None:
        with pytest.raises(InputError) as caught:
            self.table(*rows)
        assert message in str(caught.value)

    @pytest.mark.parametrize("count", [0, -1, 1.5, 2**32])
    def test_counts_that_are_none(self, count: float) -> None:
        with pytest.raises(InputError, match=r"row 3, column count: .*whole number from 1"):
            self.table(("rack", "node", 2), ("node", "h100", 8), ("node", "grace", count))

    def test_products_above_the_largest_count(self) -> None:
        most = 2**32 - 1
        assert found(self.table(("rack", "node", most // 5), ("node", "h100", 5)))["rack"] == [
            ("h100", most, False)
        ]
        with pytest.raises(InputError, match="row 1, column count: 4294967296; expected at most"):
            self.table(("rack", "node", 2**16), ("node", "h100", 2**16))

    def test_more_parts_than_any_memory(self) -> None:
        rows = [(f"level {i}", f"level {i + 1}", 1) for i in range(40) for _ in range(2)]
        with pytest.raises(TppError, match="parts when flattened; expected at most"):
            self.table(*rows, ("level 40", "h100", 1))

    def test_a_system_that_stands_there_twice(self) -> None:
        parts = {"chip": [["h20"], ["h20"], ["a"]], "count": [[1]] * 3, "system": ["a", "a", "b"]}
        with pytest.raises(TppError, match="'a' is a part, but several systems are called so"):
            SystemTable(parts, CHIPS)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (long(chip=[*NAMES[:4], "h2000", "h20"]), "row 5, column chip: 'h2000'; expected a chip of "
         "the chip table or a system of this table; nearest: h20"),
        (pa.table(long(chip=[*NAMES[:4], "h2000", "h20"])), "row 5, column chip: 'h2000'"),
        (lists().set_column(1, "chip", pa.array([["h20"] * 2, ["h20", "a", "b"], ["h20"]])),
         "row 2, column chip: 'a'"),
        (long(chip=[0, 1, 2, 0.5, 1, 1]), "row 4, column chip: 0.5; expected a whole number"),
        (long(chip=[True] * 6), "column chip: 'bool'; expected a name or a whole number"),
        (pa.table(long(chip=[True] * 6)), "column chip: 'bool'; expected a name or a whole number"),
        (long(chip=["h20", 7.5, "h20", 1, "h20", "h20"]), "row 2, column chip: 7.5; expected a"),
        (long(count=[1, 2, 3, "many", 5, 6]), "row 4, column count: 'many'; expected a number"),
        (pa.table(long(count=list("12x456"))), "row 3, column count: 'x'; expected a number"),
        (lists().set_column(2, "count", pa.array([["1", "2"], ["3", "?", "4"], ["5"]])),
         "row 2, column count: '?'"),
        (long(system=["a", None, "a", "b", "b", "b"]), "row 2, column system: None; expected a"),
        (pa.table(long(system=["a", "", "a", "b", "b", "b"])), "row 2, column system: None"),
        (pa.table(long(system=[1, 1, None, 2, 2, 2])), "row 3, column system: None"),
        (long(host=[0, 1, None, 0, 0, 0]), "row 3, column host: None; expected true or false"),
        (long(count=[1, 2]), "column 'count' has 2 rows; expected 6"),
        (long(chip=["h20"]), "column 'chip' has 1 rows; expected 6"),
        ({"chip": [1], "count": [1]}, "parts: no column 'system'"),
        ({"system": [1], "count": [1]}, "parts: no column 'chip' among system, count; expected"),
        (lists().drop_columns("count"), "parts: no column 'count'"),
        ({"system": [1], "chip": [["h20"]], "count": [1]}, "column count: 'int64'; expected lists"),
        ([1, 2], "parts: can't read a list as a table"),
    ],
)  # fmt: skip
def test_refused(parts: Any, message: str) -> None:
    with pytest.raises(TppError) as caught:
        SystemTable(parts, CHIPS)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("chips", "message"),
    [
        ({**CHIPS, "id": ["h20", "h100", "h20"]}, "chips, row 3, column id: 'h20'; expected each"),
        ({**CHIPS, "id": [1, 2, 1]}, "chips, row 3, column id: 1; expected each id once"),
        ({"name": ["h20", "h20"]}, "chips, row 2, column name: 'h20'; expected each name once"),
        ({"tops_fp8": [1.0]}, "chips: no column id or name; expected one of them"),
        ("h20", "can't read a str as a table"),
    ],
)  # fmt: skip
def test_chips_refused(chips: Any, message: str) -> None:
    with pytest.raises(TppError) as caught:
        SystemTable(long(), chips)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [4, 6, 1000, -3])
def test_integers_that_are_no_id(wrong: int) -> None:
    with pytest.raises(InputError, match=f"row 6, column chip: {wrong}; expected one of the 3 ids"):
        SystemTable(long(chip=[7, 100, 5, 7, 100, wrong]), {**CHIPS, "id": [7, 5, 100]})


def test_errors_of_the_engines_name_the_callers_rows() -> None:
    shuffled = [5, 0, 2, 1, 3, 4]
    parts = {name: [values[i] for i in shuffled] for name, values in long().items()}
    read = SystemTable(parts, CHIPS)
    assert list(found(read)) == ["box", "node", "rack"]
    assert [read.row_of_part(i) for i in range(6)] == [0, 1, 3, 2, 4, 5]
    assert [read.row_of_system(i) for i in range(3)] == [0, 1, 2]
    for column, row, expected in (("count", 2, 3), ("chip", 3, 2), ("system", 2, 2)):
        error = read.located(InputError(column, row, 0, "at least 1"))
        assert (error.column, error.row, error.value) == (column, expected, 0)
    kept = InputError("envelope_ft3", 1, 0, "more")
    assert read.located(kept) is kept
    listed = SystemTable(lists(), CHIPS)
    assert [listed.row_of_part(i) for i in range(6)] == [0, 0, 1, 1, 1, 2]
    assert listed.row_of_system(2) == 2


@pytest.mark.parametrize(
    "parts",
    [
        {"system": [], "chip": [], "count": []},
        pa.table({"system": pa.array([], pa.string()), "chip": pa.array([], pa.string()),
                  "count": pa.array([], pa.int64())}),
        lists().slice(0, 0),
        lists().slice(3),
        pa.schema([("chip", pa.list_(pa.string())), ("count", pa.list_(pa.int32()))]).empty_table(),
    ],
)  # fmt: skip
def test_no_systems(parts: Any) -> None:
    read = SystemTable(parts, CHIPS)
    assert len(read) == 0
    assert read.parts.offsets.tolist() == [0]
    assert len(read.parts.items.values) == len(read.parts.counts.values) == 0


def test_answers_come_in_kind() -> None:
    columns = {"tpp": np.array([1.0, 2.0, 3.0])}
    assert SystemTable(long(), CHIPS).answer(columns)["system"].tolist() == ["node", "rack", "box"]
    frame = SystemTable(pd.DataFrame(long()), CHIPS).answer(columns)
    assert frame.index.tolist() == ["node", "rack", "box"]
    assert frame["tpp"].tolist() == [1.0, 2.0, 3.0]
    listed = lists().to_pandas().set_index(pd.Index([5, 6, 7]))
    assert SystemTable(listed, CHIPS).answer(columns).index.tolist() == [5, 6, 7]
    assert SystemTable(pl.DataFrame(long()), CHIPS).answer(columns).columns == ["system", "tpp"]
    assert SystemTable(lists(), CHIPS).answer(columns).column_names == ["tpp"]


def test_one_system_for_people() -> None:
    read = SystemTable(lists(envelope_ft3=[1.0, 2.0, None]), CHIPS)
    rack = read.chip(1)
    assert rack.name == "rack"
    assert [(each.item.name, each.count, each.is_host) for each in rack.parts] == [
        ("h20", 4, False),
        ("h100", 64, False),
        ("grace", None, True),
    ]
    assert rack.facts["envelope_ft3"].low == 2
    outside = SystemTable({"system": [1], "chip": [3], "count": [1]}, CHIPS)
    with pytest.raises(InputError, match="row 1, column chip: 3; expected a place from 0 to 2"):
        outside.chip(0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30), st.sampled_from([np.int8, np.uint32, np.int64]))
def test_grouping(keys: list[int], kind: type) -> None:
    array = np.array(keys, kind)
    offsets, order = grouped(array)
    rows = list(range(len(keys))) if order is None else order.tolist()
    expected = [i for key in dict.fromkeys(keys) for i, each in enumerate(keys) if each == key]
    assert rows == expected
    assert np.diff(offsets).tolist() == [keys.count(key) for key in dict.fromkeys(keys)]


@pytest.mark.parametrize("rows", [1, (1 << 16) + 1, 200_001])
def test_grouping_across_blocks(rows: int) -> None:
    keys = np.arange(rows, dtype=np.int32) // 3
    offsets, order = grouped(keys)
    assert order is None
    np.testing.assert_array_equal(offsets, np.append(np.arange(0, rows, 3), rows))
    falling, order = grouped(keys[::-1].copy())
    assert order is None
    np.testing.assert_array_equal(np.diff(falling), np.diff(offsets)[::-1])


@pytest.mark.parametrize(
    "keys",
    [
        np.array([3, -1, 3, -1, 2**62, -(2**62)]),
        np.array([2**64 - 1, 0, 2**64 - 1], np.uint64),
        np.array([2**64 - 1, 2**64 - 5, 2**64 - 1], np.uint64),
        np.array([127, -128, 127], np.int8),
        np.array([], np.int32),
    ],
)
def test_stable_order(keys: np.ndarray) -> None:
    assert stable_order(keys).tolist() == np.argsort(keys, kind="stable").tolist()


RULES = tpp.rulebook("2026-11-22", "CN", rules=["us-4a090/a", "us-4a090/b"])


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_classified_in_kind(form: str) -> None:
    given = FORMS[form]()
    verdicts = tpp.classify(SystemTable(given, CHIPS), RULES)
    assert verdicts.counts()["us-4a090/a"] == {"true": 2, "false": 0, "undetermined": 1}
    column = verdicts["us-4a090/a"]
    if isinstance(given, pd.DataFrame):
        expected = ["node", "rack", "box"] if len(given) == 6 else [0, 1, 2]
        assert column.index.tolist() == expected
    elif isinstance(given, pl.DataFrame):
        assert isinstance(column, pl.Series)


@pytest.mark.parametrize("engine", [None, "exact"])
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("count", 0, "column count: 0"),
        ("count", -8, "column count: -8"),
        ("count", 1.5, "column count: 1.5"),
        ("count", 2**32, "column count: 4294967296"),
        ("chip", 3, "column chip: 3"),
        ("chip", -1, "column chip: -1"),
    ],
)
def test_what_the_engines_refuse(engine: str | None, column: str, value: Any, message: str) -> None:
    wrong = long(chip=list(PLACES), count=[8, 2, 4, 64, 3, 1])
    wrong[column] = [*wrong[column][:3], value, *wrong[column][4:]]
    shuffled = {name: [values[i] for i in (3, 0, 5, 1, 2, 4)] for name, values in wrong.items()}
    ends = [(0, 2), (2, 5), (5, 6)]
    lists_of = {n: [wrong[n][a:b] for a, b in ends] for n in ("chip", "count", "host")}
    for parts, row in ((wrong, 4), (pa.table(shuffled), 1), (lists_of, 2)):
        with pytest.raises(InputError) as caught:
            tpp.classify(SystemTable(parts, CHIPS), RULES, engine=engine)
        assert str(caught.value).startswith(f"row {row}, {message}; expected")


def test_facts_that_the_engine_refuses() -> None:
    rules = tpp.rulebook("2026-11-22", "CN", rules=["us-supercomputer/supercomputer"])
    facts = {"system": ["box", "rack", "node"], "envelope_ft3": [1.0, -2.0, 3.0]}
    for parts, systems, message in (
        (long(), facts, "systems, row 2, column envelope_ft3: -2.0"),
        (lists(envelope_ft3=[1.0, 2.0, -2.0]), None, "row 3, column envelope_ft3: -2.0"),
    ):
        with pytest.raises(InputError) as caught:
            tpp.classify(SystemTable(parts, CHIPS, systems), rules)
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize("engine", [None, "exact"])
def test_a_system_without_parts_is_refused(engine: str | None) -> None:
    parts = {"chip": [["h20"], [], ["h100"]], "count": [[4], [], [1]]}
    with pytest.raises(InputError, match=r"row 2, column system: .*expected at least one part"):
        tpp.classify(SystemTable(parts, CHIPS), RULES, engine=engine)
