"""classify, metrics and explain as the README shows them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tppcore as tpp
from tests import strategies
from tppcore.engine import choose

RULES = tpp.rulebook("2026-02-01", "CN")
ENGINES = [name for name in choose.ENGINES if choose.available(name)]
H200 = tpp.Chip(
    "H200", tops={"fp8": 1979}, die_area_mm2=814, dram_gb_s=4800, interconnect_gb_s=900,
    datacenter=True,
)  # fmt: skip


def test_the_public_names() -> None:
    assert set(tpp.__all__) <= set(dir(tpp))
    for name in tpp.__all__:
        assert getattr(tpp, name)
    with pytest.raises(AttributeError, match="no attribute 'classified'"):
        tpp.classified  # noqa: B018


@pytest.mark.parametrize(
    ("date", "paragraph"),
    [
        ("2026-01-14", "us-742.6-review/presumption-of-denial"),
        ("2026-01-15", "us-742.6-review/case-by-case"),
    ],
)
def test_h200_for_china(date: str, paragraph: str) -> None:
    for chip in (H200, tpp.chip("H200")):
        verdicts = tpp.classify(chip, tpp.rulebook(as_of=date, destination="CN"))
        assert verdicts["us-3a090/a.1"] is True
        assert verdicts[paragraph] is True
        assert verdicts.outcome in ("licence, presumption of denial", "licence, case-by-case")


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_agree_on_chips_and_tables(engine: str) -> None:
    catalogue = tpp.chips()
    expected = tpp.classify(catalogue, RULES)
    found = tpp.classify(catalogue, RULES, engine=engine)
    assert found.engine == engine
    for name in expected:
        assert found[name] == expected[name], name
    assert found.outcome == expected.outcome


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("engine", ENGINES)
def test_threads(engine: str, threads: int) -> None:
    table = strategies.plain(strategies.table("on", 300, 5, missing=0.1, ranged=0.1))
    expected = tpp.classify(table, RULES, engine="exact").counts()
    assert tpp.classify(table, RULES, engine=engine, threads=threads).counts() == expected


def test_the_fastest_engine_is_the_default() -> None:
    assert tpp.classify({"tops_fp8": [1.0]}, RULES).engine == ENGINES[0]
    assert tpp.classify(H200, RULES).engine == "exact"


@pytest.mark.parametrize(
    ("engine", "message"),
    [("gpu", "unknown engine 'gpu'; expected one of c, jit, exact")],
)
def test_unknown_engine(engine: str, message: str) -> None:
    for act in (
        lambda: tpp.classify(H200, RULES, engine=engine),
        lambda: tpp.metrics(H200, "tpp", engine=engine),
    ):
        with pytest.raises(tpp.TppError) as caught:
            act()
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("missing", "need"), [("c", "a C compiler at installation"), ("jit", r"tppcore\[jit\]")]
)
def test_engine_that_can_not_run(monkeypatch: pytest.MonkeyPatch, missing: str, need: str) -> None:
    monkeypatch.setattr(choose, "available", lambda name: name != missing)
    with pytest.raises(
        tpp.TppError, match=f"engine '{missing}' is not available; it needs.*{need}"
    ):
        tpp.classify({"tops_fp8": [1.0]}, RULES, engine=missing)
    assert tpp.classify({"tops_fp8": [1.0]}, RULES).engine != missing


def test_without_compiler_and_numba_the_exact_engine_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "available", lambda name: name == "exact")
    with pytest.warns(UserWarning, match="neither the C library nor Numba is here"):
        verdicts = tpp.classify({"tops_fp8": [1979.0]}, RULES)
    assert verdicts.engine == "exact"
    assert verdicts["us-3a090/a.1"].tolist() == [True]


class TestMetrics:
    def test_of_one_chip(self) -> None:
        found = tpp.metrics(H200, ["tpp", "performance_density"])
        assert found == {"tpp": 15832.0, "performance_density": 7916 / 407}
        assert tpp.metrics(H200, "tpp") == {"tpp": 15832.0}

    def test_uncertain_or_not_applicable(self) -> None:
        chip = tpp.Chip(tops={"fp8": (100, 200)}, die_area_mm2=10, non_planar=False)
        found = tpp.metrics(chip, ["tpp", "performance_density", "total_dram_bandwidth"])
        assert found["tpp"] == (800.0, 1600.0)
        assert found["performance_density"] is None
        assert found["total_dram_bandwidth"] == (0.0, np.inf)

    def test_all_that_are_not_internal(self) -> None:
        found = tpp.metrics(H200)
        assert {"tpp", "app", "peak_fp8", "tops"} <= set(found)
        assert not {"item_tpp", "rate_fp8"} & set(found)

    def test_a_quantity_is_its_own_metric(self) -> None:
        assert tpp.metrics(H200, "die_area_mm2") == {"die_area_mm2": 814.0}

    @pytest.mark.parametrize("engine", ENGINES)
    def test_of_a_table(self, engine: str) -> None:
        table = {"tops_fp8": [1979.0, np.nan, np.nan], "tops_fp8_low": [np.nan, 100.0, np.nan]}
        found = tpp.metrics(table, ["tpp"], engine=engine)
        np.testing.assert_array_equal(found["tpp"], [15832.0, np.nan, np.nan])
        np.testing.assert_array_equal(found["tpp_low"], [15832.0, 800.0, 0.0])
        np.testing.assert_array_equal(found["tpp_high"], [15832.0, np.inf, np.inf])

    def test_readings(self) -> None:
        assert tpp.metrics(tpp.Chip(tops={"tf32": 100}), "tpp", {"tf32_width": "19"}) == {
            "tpp": 1900.0
        }

    def test_unknown(self) -> None:
        with pytest.raises(tpp.UnknownName, match="unknown metric 'tpq'; expected one of"):
            tpp.metrics(H200, ["tpq"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"tops_fp8": [1.0, 2.0]}, "2 rows; expected one"),
        ([H200, H200], "2 rows; expected one"),
        ([], "0 rows; expected one"),
        ({"tops_fp8": []}, "0 rows; expected one"),
        (5, "can't read a int as a table"),
    ],
)
def test_explain_wants_one_row(table: Any, message: str) -> None:
    with pytest.raises(tpp.TppError) as caught:
        tpp.explain(table, RULES)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [H200, [H200], {"tops_fp8": [1979.0]}, pa.table({"tops_fp8": [1979.0]})],
    ids=lambda table: type(table).__name__,
)
def test_explain_takes_any_one_row(table: Any) -> None:
    assert tpp.explain(table, RULES).metrics["tpp"].low == 15832


def test_errors_are_value_errors() -> None:
    for error in (tpp.InputError, tpp.SpecError, tpp.UnknownName):
        assert issubclass(error, tpp.TppError)
    assert issubclass(tpp.TppError, ValueError)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_rulebook_is_shared_by_threads(engine: str) -> None:
    """Threads that meet a rulebook new to all of them make its formulas and programs together."""
    tables = [strategies.plain(strategies.table("round", 20, seed)) for seed in range(4)]
    for _ in range(5):
        rules = tpp.rulebook("2026-02-01", "CN")
        start = Barrier(len(tables))

        def count(table: object, rules: tpp.Rulebook = rules, start: Barrier = start) -> object:
            start.wait()
            return tpp.classify(table, rules, engine=engine, threads=1).counts()

        with ThreadPoolExecutor(len(tables)) as pool:
            found = list(pool.map(count, tables))
        assert found == [tpp.classify(table, RULES, engine="exact").counts() for table in tables]
