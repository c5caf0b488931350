"""Rows of files as a stream have the verdicts that they have in memory, bit for bit."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore import streaming
from tppcore.answers import Answers
from tppcore.errors import InputError, TppError
from tppcore.sources.inputs import find
from tppcore.sources.streams import Stream, gathered

RULES = tpp.rulebook("2026-02-01", "CN")
GATE = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review"])


def chips(rows: int, seed: int = 0) -> Any:
    """A table with values on thresholds, one step and one ulp off, ranges, nulls and NaN."""
    rng = np.random.default_rng(seed)
    tie = np.array([600.0, np.nextafter(600, 0), np.nextafter(600, 999), 599.9, 600.1, 2625.0])
    rate = np.where(rng.random(rows) < 0.5, rng.choice(tie, rows), rng.uniform(1, 5000, rows))
    area = np.where(rng.random(rows) < 0.5, rng.choice([810.8108, 1600.0, 740.0], rows), 814.25)
    area[rng.random(rows) < 0.1] = np.nan
    ranged = np.isnan(area) & (rng.random(rows) < 0.5)

    def holed(values: Any, share: float = 0.1) -> Any:
        return pa.array(values, mask=rng.random(rows) < share)

    return pa.table(
        {
            "id": np.arange(rows),
            "name": pa.array([f"chip, {i % 7}" for i in range(rows)]).dictionary_encode(),
            "tops_fp8": holed(rate),
            "tops_fp16": holed(rate / 2),
            "die_area_mm2": pa.array(area),
            "die_area_mm2_low": pa.array(np.where(ranged, 300.0, np.nan), from_pandas=True),
            "die_area_mm2_high": pa.array(np.where(ranged, 900.0, np.nan), from_pandas=True),
            "dram_gb_s": holed(rng.choice([4100.0, 3350.0, 6500.0], rows)),
            "interconnect_gb_s": holed(rng.integers(100, 1000, rows)),
            "datacenter": holed(rng.random(rows) < 0.7),
            "tdp_w": holed(rng.uniform(100, 700, rows)),
        }
    )


def expected(table: Any, rules: Any = RULES, keep: tuple[str, ...] = ("id", "name")) -> Any:
    """The answers in memory, a list of rows."""
    found = tpp.classify(table, rules)
    columns = {name: table.column(name).to_pylist() for name in keep}
    answers = found.to_arrow()
    columns |= {name: answers.column(name).to_pylist() for name in answers.column_names}
    return columns | {"outcome": found.outcome.to_pylist()}


def streamed(*sources: Path | str, rules: Any = RULES, **options: Any) -> Any:
    stream = Stream(find([str(each) for each in sources]), rules, **options)
    answers = Answers(rules, keep=stream.keep)
    found = pa.concat_tables(list(streaming.all_answered(stream, answers)))
    return {name: found.column(name).to_pylist() for name in found.column_names}


def as_csv(table: Any, path: Path) -> None:
    plain = table.set_column(1, "name", table.column("name").cast(pa.string()))
    # An empty cell is how CSV says that a number is missing.
    pacsv.write_csv(without_nan(plain), path)


def without_nan(table: Any) -> Any:
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(i)
            table = table.set_column(i, field, pc.if_else(pc.is_nan(column), None, column))
    return table


def as_gzip(table: Any, path: Path) -> None:
    as_csv(table, path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def as_zstd(table: Any, path: Path) -> None:
    as_csv(table, path)
    text = path.read_bytes()
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(text)


def as_arrow(table: Any, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=777)


WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "a.parquet": lambda table, path: pq.write_table(table, path, row_group_size=777),
    "b.parquet": lambda table, path: pq.write_table(table, path),
    "a.csv": as_csv,
    "a.csv.gz": as_gzip,
    "a.csv.zst": as_zstd,
    "a.arrow": as_arrow,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_has_the_verdicts_of_memory(tmp_path: Path, name: str) -> None:
    table = chips(5000)
    WRITERS[name](table, tmp_path / name)
    found, wanted = streamed(tmp_path / name), expected(table)
    if "csv" in name:
        wanted["id"] = [str(each) for each in wanted["id"]]
    assert found == wanted


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 3000),
    group=st.integers(1, 4000),
    block=st.integers(1, 4000),
    out=st.integers(1, 4000),
    seed=st.integers(0, 99),
)
def test_any_sizes_of_groups_and_blocks(
    tmp_path_factory: pytest.TempPathFactory, rows: int, group: int, block: int, out: int, seed: int
) -> None:
    from itertools import repeat

    path = tmp_path_factory.getbasetemp() / "sizes.parquet"
    table = chips(rows, seed)
    pq.write_table(table, path, row_group_size=group)
    stream = Stream(find([str(path)]), GATE)
    answers = Answers(GATE, keep=stream.keep)
    blocks = list(stream.blocks(0, rows=block))
    assert all(each.num_rows <= block for _, each in blocks)
    assert [begin for begin, _ in blocks] == [
        sum(each.num_rows for _, each in blocks[:i]) for i in range(len(blocks))
    ]
    tables = list(streaming.regrouped((answers(b, begin) for begin, b in blocks), repeat(out)))
    assert [each.num_rows for each in tables[:-1]] == [out] * (len(tables) - 1)
    found = pa.concat_tables(tables)
    assert {name: found.column(name).to_pylist() for name in found.column_names} == expected(
        table, GATE
    )
    for first in {0, rows // 3, rows - 1, rows} - {-1}:
        rest = [each for _, each in stream.blocks(0, first, block)]
        ids = [number for each in rest for number in each.column("id").to_pylist()]
        assert ids == list(range(first, rows))


@given(
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(1, 25),
)
def test_gathered(counts: list[int], rows: int) -> None:
    numbers = iter(range(1000))
    tables = [
        pa.table({"x": pa.array([next(numbers) for _ in range(n)], pa.int64())}) for n in counts
    ]
    found = list(gathered(tables, rows))
    sizes = [each.num_rows for each in found]
    assert all(2 * size >= rows or i == len(sizes) - 1 or size + sizes[i + 1] > rows
               for i, size in enumerate(sizes))  # fmt: skip
    assert all(size <= rows for size in sizes)
    assert [x for each in found for x in each.column("x").to_pylist()] == list(range(sum(counts)))
    assert bool(found) == bool(tables)


def test_counts_are_those_of_memory(tmp_path: Path) -> None:
    table = chips(5001)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=1000)
    counts = streaming.count(Stream(find([str(tmp_path / "a.parquet")]), RULES), RULES)
    found = tpp.classify(table, RULES)
    assert counts.rows == 5001
    assert counts.by_paragraph == found.counts()
    assert counts.by_outcome == found.outcome_counts()
    rows = counts.table.to_pylist()
    assert sum(row["rows"] for row in rows if row["what"] == "outcome") == 5001
    assert rows[0] == {
        "what": "paragraph",
        "name": found.paragraphs[0],
        "verdict": "true",
        "rows": found.counts()[found.paragraphs[0]]["true"],
    }


def test_several_files_are_one_table(tmp_path: Path) -> None:
    """By name: a column that one lacks is missing there; types of numbers may differ."""
    first, second, third = chips(300, 1), chips(200, 2), chips(100, 3)
    second = second.drop_columns(["tops_fp16", "tdp_w"]).select(
        [
            "dram_gb_s",
            *(n for n in second.column_names if n not in ("dram_gb_s", "tops_fp16", "tdp_w")),
        ]
    )
    place = third.column_names.index("dram_gb_s")
    third = third.set_column(place, "dram_gb_s", third["dram_gb_s"].cast(pa.int32()))
    third = third.set_column(0, "id", third["id"].cast(pa.int32())).drop_columns(["name"])
    for i, each in enumerate((first, second, third)):
        pq.write_table(each, tmp_path / f"{i}.parquet", row_group_size=64)
    third = third.set_column(place - 1, "dram_gb_s", third["dram_gb_s"].cast(pa.float64()))
    whole = pa.concat_tables([first, second, third], promote_options="permissive")
    assert streamed(tmp_path) == expected(whole)
    assert streamed(*(tmp_path / f"{i}.parquet" for i in range(3))) == expected(whole)


def test_folders_state_keys_and_quantities(tmp_path: Path) -> None:
    whole = []
    for country in ("CN", "__HIVE_DEFAULT_PARTITION__"):
        for area in ("814", "740.5"):
            folder = tmp_path / f"country={country}" / "year=2025" / f"die_area_mm2={area}"
            folder.mkdir(parents=True)
            own = chips(50, len(whole))
            own = own.drop_columns([n for n in own.column_names if n.startswith("die_area")])
            pq.write_table(own, folder / "part.parquet")
            stated = {
                "country": pa.array([country if country == "CN" else None] * 50, pa.string()),
                "year": pa.array([2025] * 50),
                "die_area_mm2": pa.array([float(area)] * 50),
            }
            whole.append((country, float(area), own.append_column("country", stated["country"])
                          .append_column("year", stated["year"])
                          .append_column("die_area_mm2", stated["die_area_mm2"])))  # fmt: skip
    whole.sort(key=lambda each: (each[0], str(each[1]).removesuffix(".0")))
    table = pa.concat_tables([each for _, _, each in whole])
    assert streamed(tmp_path) == expected(table, keep=("id", "name", "country", "year"))


def test_what_is_kept_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = chips(100)
    pq.write_table(table, path)
    assert streamed(path, keep=["id", "die_area_mm2"]).keys() >= {"id", "die_area_mm2", "outcome"}
    none = streamed(path, keep=[])
    assert "id" not in none
    assert none == expected(table, keep=())
    with pytest.raises(TppError, match="no column 'weight' to keep"):
        streamed(path, keep=["weight"])


def test_only_what_is_needed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(chips(100), path)
    stream = Stream(find([str(path)]), tpp.rulebook("2026-02-01", rules="us-3a090"), keep=["id"])
    [(_, block)] = stream.blocks(0)
    assert set(block.column_names) == {
        "id",
        "tops_fp8",
        "tops_fp16",
        "die_area_mm2",
        "die_area_mm2_low",
        "die_area_mm2_high",
        "datacenter",
    }
    assert "tdp_w" not in block.column_names
    assert "name" not in block.column_names


def test_a_rate_that_no_formula_reads_still_says_that_rates_are_stated(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,tops_fp8,tops_fp8_vector,die_area_mm2\n1,,7,800\n2,,,800\n")
    table = pa.table({"id": ["1", "2"], "tops_fp8": pa.nulls(2, pa.float64()),
                      "tops_fp8_vector": [7.0, None], "die_area_mm2": [800.0, 800.0]})  # fmt: skip
    assert streamed(path) == expected(table, keep=("id",))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet", "a.arrow"])
def test_errors_name_file_row_and_column(tmp_path: Path, name: str) -> None:
    table = without_nan(chips(3000))
    rates = table.column("tops_fp8").to_pylist()
    rates[2500] = -1.0
    table = table.set_column(2, "tops_fp8", pa.array(rates, pa.float64()))
    pq.write_table(chips(10), tmp_path / "0.parquet")
    WRITERS[name](table, tmp_path / name)
    options = {"keep": ["name"]}
    with pytest.raises(InputError, match=rf"{name}, row 2501, column tops_fp8: -1.0; expected"):
        streamed(tmp_path / "0.parquet", tmp_path / name, **options)


def test_errors_of_text_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,tops_fp8\n" + b"x,1\n" * 200_000 + b"y,many\n"))
    with pytest.raises(InputError, match=r"line 200002, row 200001, column tops_fp8: 'many'"):
        streamed(path)


def test_contradicting_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "tops_fp8": [1.0]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": ["x"], "tops_fp8": [1.0]}), tmp_path / "b.parquet")
    with pytest.raises(
        TppError, match=r"'id' is int64 in .*a.parquet and string in .*b.parquet; expected one"
    ):
        streamed(tmp_path)
    assert streamed(tmp_path, keep=[])["outcome"]


def test_a_column_beside_a_folder_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "id=7").mkdir()
    pq.write_table(pa.table({"id": [1], "tops_fp8": [1.0]}), tmp_path / "id=7" / "a.parquet")
    with pytest.raises(TppError, match="'id' is a column and the name of a folder"):
        streamed(tmp_path)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.csv.zst", "a.arrow"])
def test_a_truncated_file(tmp_path: Path, name: str) -> None:
    WRITERS[name](chips(5000), tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(TppError, match=name):
        streamed(tmp_path / name)


def test_a_parquet_file_broken_within(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(chips(50_000), path, row_group_size=5000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\xff" * 3000
    path.write_bytes(data)
    with pytest.raises(TppError, match=r"a.parquet: (not a whole Parquet file|can't be read)"):
        streamed(path)


def test_no_quantity(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    with pytest.raises(TppError, match="no column is a quantity"):
        streamed(tmp_path)


def test_files_without_rows(tmp_path: Path) -> None:
    pq.write_table(chips(0), tmp_path / "a.parquet")
    assert streamed(tmp_path) == expected(chips(0))
    pq.write_table(chips(5), tmp_path / "b.parquet")
    assert streamed(tmp_path) == expected(chips(5))


def test_json_lines_may_lack_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(
        gzip.compress(b'{"id": "x", "tops_fp8": 600}\n{"tops_fp16": 600, "die": "y"}\n')
    )
    table = pa.table({"id": ["x", None], "die": [None, "y"], "tops_fp8": [600.0, None],
                      "tops_fp16": [None, 600.0]})  # fmt: skip
    assert streamed(path) == expected(table, keep=("id", "die"))
