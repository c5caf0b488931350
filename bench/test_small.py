"""What one question costs: pytest-benchmark over the calls that other tools make one at a time.

    python -m pytest bench/test_small.py

The limit is Python's own: a classification of one chip by the exact engine is some hundred
operations on fractions, about 0.2 ms; compiling the law in force is done once a rulebook.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import tppcore as tpp
from tppcore.engine import c, exact
from tppcore.program.compile import _Compiler
from tppcore.sources.system_table import SystemTable

RULES = tpp.rulebook("2026-02-01", "CN")
GATE = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090", "us-742.6-review"])
H200 = tpp.chip("H200")
ROW = {"tops_fp8": np.array([1979.0]), "die_area_mm2": np.array([814.0]), "datacenter": [True]}


def test_rulebook(benchmark: BenchmarkFixture) -> None:
    assert benchmark(tpp.rulebook, "2026-02-01", "CN").hash == RULES.hash


def test_compile(benchmark: BenchmarkFixture) -> None:
    given = frozenset(H200.quantities)
    program = benchmark(lambda: _Compiler(RULES, given).program((), True))
    assert len(program.paragraphs) == len(RULES.paragraphs)


def test_one_chip_exact(benchmark: BenchmarkFixture) -> None:
    found = benchmark(
        lambda: exact.decisions(GATE).decide(exact.Metrics(GATE.formulas, H200.quantities))
    )
    assert True in found


def test_classify_one_chip(benchmark: BenchmarkFixture) -> None:
    assert benchmark(tpp.classify, H200, GATE)["us-3a090/a.1"] is True


@pytest.mark.skipif(not c.available(), reason="built without a C compiler")
def test_classify_one_row_in_c(benchmark: BenchmarkFixture) -> None:
    assert benchmark(tpp.classify, ROW, GATE, engine="c")["us-3a090/a.1"].tolist() == [True]


def test_explain(benchmark: BenchmarkFixture) -> None:
    assert benchmark(tpp.explain, H200, RULES).outcome == "licence, case-by-case"


def test_classify_one_system(benchmark: BenchmarkFixture) -> None:
    system = tpp.system("CloudMatrix 384")
    assert benchmark(tpp.classify, system, GATE)["us-3a090/a"] is True


@pytest.mark.skipif(not c.available(), reason="built without a C compiler")
def test_classify_a_table_of_one_system_in_c(benchmark: BenchmarkFixture) -> None:
    one = {"system": [0, 0], "chip": ["H200", "Grace"], "count": [8, 2]}
    verdicts = benchmark(lambda: tpp.classify(SystemTable(one), GATE, engine="c"))
    assert verdicts["us-3a090/a"].tolist() == [True]
