"""bench/: its tables are what they say, its peers answer the same, and all of it runs."""

from __future__ import annotations

import importlib
import json
import runpy
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.benchmark import numpy_code
from tppcore.benchmark.engines import available
from tppcore.benchmark.jobs import GATE, JOBS, random_table
from tppcore.benchmark.straight import straight

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not available(), reason="neither the C library nor Numba is here")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of bench/, from behind everything that is installed."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"bench.{name}")

    return load


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a quick run of every part writes."""
    path = tmp_path_factory.mktemp("bench") / "speed.json"
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "--quick", "--json", str(path)]
    done = subprocess.run(
        [*command, "--peers", "numpy"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "million rows" in path.with_suffix(".svg").read_text("utf-8")
    assert path.with_suffix(".png").stat().st_size > 1000
    return json.loads(path.read_text("utf-8"))


def test_files(document: Any) -> None:
    for job in document["files"]["found"].values():
        for role, each in job["contenders"].items():
            assert len(each["seconds"]) == document["files"]["rounds"]
            assert each["peak_bytes"] > 0
            writes = "write" in role or role in ("tppcore, columns", "tppcore, outcome")
            assert (each["output_bytes"] is not None) == writes
        assert job["counts_of_reading"] > 0
        assert job["columns_of_reading_and_writing"] > 0


def test_parts(document: Any) -> None:
    parts = {
        "classify",
        "kinds",
        "arrow",
        "chip",
        "rows",
        "paragraphs",
        "memory",
        "systems",
        "spaces",
        "frames",
        "files",
    }
    assert set(document) == parts
    for part in document.values():
        assert {"kernel", "processor", "numpy", "polars"} <= set(part["machine"])
        assert part["rounds"] == 2


def test_classify(document: Any) -> None:
    threads = document["classify"]["threads"]
    for job in document["classify"]["found"].values():
        names = set(job["contenders"])
        assert {f"roof x{threads}", "roof x1", "NumPy, obvious x1", "NumPy, in place x1"} <= names
        assert {f"tppcore {name} x{threads}" for name in available()} <= names
        for name, each in job["contenders"].items():
            assert len(each["seconds"]) == 2
            assert each["of_roof"] > 0
            assert each["outputs"] in ("reused", "allocated")
            assert each["rows_that_differ"] == (None if name.startswith("roof") else 0)
    wrong = document["classify"]["found"]["gate"]["contenders"]
    assert wrong["NumPy, obvious x1"]["wrong_at_ties"] > 0.05
    assert wrong[f"tppcore.classify x{threads}"]["wrong_at_ties"] == 0


def test_kinds(document: Any, bench: Any) -> None:
    found = document["kinds"]["found"]
    assert set(found["kinds"]) == {"random", *bench("data").KINDS}
    for each in found["kinds"].values():
        assert "refused" in each or each["of_random"] > 0
    assert "refused" not in found["kinds"]["10 % missing"]
    assert set(found["filter"]) == set(JOBS)


def test_curves(document: Any) -> None:
    assert [each["rows"] for each in document["rows"]["found"]["points"]] == [1000, 10_000]
    points = document["paragraphs"]["found"]["points"]
    assert [each["paragraphs"] for each in points] == list(range(1, len(points) + 1))
    tests = [each["tests"] for each in points]
    assert tests == sorted(tests)
    assert tests[-1] == len(JOBS["rulebook"].program.tests)


def test_chip(document: Any) -> None:
    found = document["chip"]["found"]
    assert found["Python, a chip: us-3a090"]["ns"] > 0
    in_c = found["C: the whole rulebook"]
    assert "left_out" in in_c or in_c["ns"] > 0


def test_systems(document: Any) -> None:
    threads = document["systems"]["threads"]
    for job in document["systems"]["found"].values():
        assert {f"tppcore, {form} x{threads}" for form in ("lists", "long")} <= set(
            job["contenders"]
        )
        for name, each in job["contenders"].items():
            assert len(each["seconds"]) == 2
            assert each["of_roof"] > 0
            assert each["systems_that_differ"] == (None if name.startswith("roof") else 0)
            assert (each["largest_error_of_sums"] or 0) < 1e-14
    assert len(job["sums"]) == 4


def test_spaces(document: Any) -> None:
    found = document["spaces"]["found"]
    assert found["counted"]["growth"]["designs"] == 64
    for each in found["counted"]["spaces"].values():
        assert each["designs_per_second"] > 0
        assert each["method"]
    for job in found["enumerated"].values():
        assert job["of_in_memory"] > 0


def test_frames(document: Any) -> None:
    """That all contenders count the same is asserted by the benchmark itself."""
    found = document["frames"]["found"]["contenders"]
    assert sum(name.startswith("DuckDB") for name in found) == 3
    for each in found.values():
        assert each["rows_per_second"] > 0
        assert len(each["seconds"]) == 2


@pytest.mark.parametrize("library", ["polars", "pandas", "numba"])
def test_peers_agree_on_systems(library: str, bench: Any) -> None:
    pytest.importorskip(library)
    systems, parts = bench("systems"), bench("parts")
    options = bench("options").Options(0, 0, 0, (), 2000, 2, 1, (library,))
    for question in parts.QUESTIONS.values():
        found = systems.contenders(parts.random(2000), question, options)
        ours, *theirs = (e.answered(e.run()) for e in found.values() if e.answered is not None)
        assert 0 < ours[0].mean() < 1
        assert len(theirs) > 1
        for verdicts, sums in theirs:
            assert np.array_equal(verdicts, ours[0])
            np.testing.assert_allclose(sums, ours[1], rtol=1e-14)


def test_page(document: Any) -> None:
    """The documents' script makes a page of any run."""
    made = runpy.run_path(str(ROOT / "docs" / "make_speed.py"))
    text = (ROOT / "docs" / "speed.md").read_text("utf-8")
    page = made["page"](text, document)
    assert page.count("<!-- end -->") == text.count("<!-- end -->")
    assert "| gate: of the roof | >= 0.80 |" in page
    assert "| gate: times Polars, streaming | >= 2.00 | not measured |  |  |" in page
    assert "20,000 rows, " in page
    assert "| systems, classified, lists: of the roof | >= 0.60 |" in page
    assert "## Systems" in page
    assert "| DuckDB, an Arrow UDF x" in page
    assert "| pyarrow, one chunk, no nulls: of NumPy columns | >= 0.80 |" in page
    without = {name: part for name, part in document.items() if name != "systems"}
    assert "## Systems" not in made["page"](page, without)
    assert "| systems, " not in made["page"](page, without)


def test_one_part_leaves_the_others(document: Any, tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    path.write_text(json.dumps(document), "utf-8")
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "--quick", "--json", str(path)]
    subprocess.run([*command, "--only", "rows", "--rounds", "3"], check=True, capture_output=True)
    after = json.loads(path.read_text("utf-8"))
    assert after["rows"]["rounds"] == 3
    assert {**after, "rows": document["rows"]} == document


@pytest.mark.parametrize("library", ["polars", "duckdb", "numexpr", "numba"])
@pytest.mark.parametrize("name", JOBS)
def test_peers_agree(library: str, name: str, bench: Any) -> None:
    pytest.importorskip(library)
    job = JOBS[name]
    table = random_table(job.columns, 5000)
    expected = np.array(numpy_code.obvious(straight(job.rules, job.columns), table))
    found = bench("contenders").contenders(job, table, 1, (library,))
    found = {each: entry for each, entry in found.items() if each.lower().startswith(library)}
    assert found
    for each, entry in found.items():
        assert np.array_equal(entry.rows(entry.run()), expected), each


def _density(table: Any, row: int) -> Fraction:
    rate, area = (
        Fraction(Decimal(repr(float(table[n][row])))) for n in ("tops_fp8", "die_area_mm2")
    )
    return 8 * rate / area


def test_ties(bench: Any) -> None:
    data = bench("data")
    table = data.ties(300)
    assert {_density(table, row) for row in range(300)} == {
        Fraction(592, 100), Fraction(32, 10), Fraction(16, 10)
    }  # fmt: skip
    table = data.long_ties(300)
    assert {_density(table, row) for row in range(300)} == {Fraction(16, 10)}
    digits = [len(repr(float(each)).replace(".", "").lstrip("0")) for each in table["tops_fp8"]]
    assert set(digits) == {17}


def test_kinds_of_tables(bench: Any) -> None:
    data = bench("data")
    rows = 20_000
    holes = data.missing(rows)
    for name in data.NUMBERS:
        assert 0.08 < np.isnan(holes[name]).mean() < 0.12
    ranged = data.ranges(rows)
    area, low = ranged["die_area_mm2"], ranged["die_area_mm2_low"]
    assert (np.isnan(area) == ~np.isnan(low)).all()
    assert 0.08 < np.isnan(area).mean() < 0.12
    some = data.some_ties(rows)
    changed = (some["die_area_mm2"] != data.random(rows)["die_area_mm2"]).mean()
    assert 0.005 < changed < 0.015
    rounded = data.rounded(rows)
    assert (rounded["tops_fp8"] % 5 == 0).all()
    stands = np.isin(rounded["dram_gb_s"], [4500, 5000, 5800, 6200, 6500]).mean()
    assert 0.02 < stands < 0.06
    assert data.singles(9)["tops_fp8"].dtype == np.float32
    assert data.integers(9)["tops_fp8"].dtype == np.int32


def test_unfiltered(bench: Any) -> None:
    """The twin without error bounds is not exact: so the filter is what is measured."""
    kinds, data = bench("kinds"), bench("data")
    twin = kinds.unfiltered(GATE.program)
    assert all(test.epsilon == 0 for test in twin.tests)
    table = data.ties(2000)
    engine = importlib.import_module("tppcore.benchmark.engines")
    name = available()[0]
    found = [
        engine.engine(name, program, data.columns_of(table), 1)().values.copy()
        for program in (twin, GATE.program)
    ]
    assert not np.array_equal(*found)
    density = tpp.classify(table, GATE.rules)["us-3a090/a.2"]
    assert np.asarray(density).any()
