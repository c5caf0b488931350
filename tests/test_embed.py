"""A rulebook inside the caller's own @njit functions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tests import strategies
from tppcore.engine import oracle
from tppcore.engine.columns import MISSING, Column, Columns
from tppcore.rules.rulebook import Rulebook

numba = pytest.importorskip("numba")

NAN, INF = float("nan"), float("inf")
QUANTITIES = ("tops_fp8", "die_area_mm2", "datacenter")


def rules() -> Rulebook:
    return tpp.rulebook("2026-02-01", "CN", rules=("us-3a090",))


@pytest.fixture(scope="module")
def decide() -> Any:
    return tpp.classifier(rules(), QUANTITIES)


@numba.njit
def every(decide, table, out):  # type: ignore[no-untyped-def]
    for i in range(len(table)):
        verdicts = decide(table[i])
        for p in range(len(verdicts)):
            out[i, p] = verdicts[p]


@numba.njit(parallel=True)
def everywhere(decide, table, out):  # type: ignore[no-untyped-def]
    for i in numba.prange(len(table)):
        verdicts = decide(table[i, 0], table[i, 1], table[i, 2])
        for p in range(len(verdicts)):
            out[i, p] = verdicts[p]


def expected(book: Rulebook, columns: Columns) -> np.ndarray:
    found = oracle.evaluate(book, columns)

    def bits(words: np.ndarray) -> np.ndarray:
        flat = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        return flat[:, : columns.rows].T.astype(np.int8)

    return np.where(bits(found.valid) == 1, bits(found.values), -1)


def as_rows(columns: Columns) -> np.ndarray:
    table = []
    for column in columns.by_quantity.values():
        assert column.values is not None
        values = column.values.astype(np.float64)
        table.append(
            np.where(column.values == MISSING, NAN, values) if column.is_boolean else values
        )
    return np.array(table).T.copy()


def check(book: Rulebook, columns: Columns) -> None:
    table = as_rows(columns)
    out = np.full((columns.rows, len(book.paragraphs)), 77, np.int8)
    every(tpp.classifier(book, tuple(columns.by_quantity)), table, out)
    np.testing.assert_array_equal(out, expected(book, columns))


@pytest.mark.parametrize("kind", strategies.KINDS)
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_verdicts_are_those_of_the_oracle(kind: str, missing: float) -> None:
    check(rules(), strategies.table(kind, 150, 5, quantities=strategies.SHEET, missing=missing))


@pytest.mark.parametrize("kind", ["round", "on", "ulp", "digits"])
def test_the_whole_rulebook(kind: str) -> None:
    book = tpp.rulebook("2026-02-01", "CN")
    columns = strategies.table(kind, 60, 9, quantities=strategies.LONG_SHEET, missing=0.15)
    check(book, columns)


def test_all_rates_at_once() -> None:
    """Sparse rates without their ratio matter only where they are given."""
    book = rules()
    names = [each.name for each in book.vocabulary.quantities.values() if each.rate]
    rng = np.random.default_rng(0)
    columns = {}
    for name in [*names, "die_area_mm2", "datacenter"]:
        values = rng.choice([1.0, 8.0, 100.0, 296.0, 400.0], 300)
        values[rng.random(300) < (0.95 if "sparse" in name else 0.6)] = NAN
        columns[name] = Column(values)
    columns["datacenter"] = Column(rng.choice([0, 1, MISSING], 300).astype(np.uint8))
    check(book, Columns(300, columns))


def test_unlisted_formats_may_stay_unknown() -> None:
    readings = {"unlisted_formats": "unknown"}
    book = tpp.rulebook("2026-02-01", "CN", rules=("us-3a090",), readings=readings)
    check(book, strategies.table("round", 100, 2, quantities=strategies.SHEET, missing=0.2))


def test_a_row_by_hand(decide: Any) -> None:
    controlled = decide.paragraphs.index("us-3a090/a")
    assert decide.paragraphs == tuple(each.id for each in rules().paragraphs)
    assert decide.quantities == QUANTITIES
    assert decide(1979.0, 814.0, True)[controlled] == 1
    assert decide(296.0, 814.0, True)[controlled] == 0
    assert decide(296.0, NAN, True)[controlled] == -1


def test_integers_are_numbers(decide: Any) -> None:
    assert decide(1979, 814, 1) == decide(1979.0, 814.0, 1.0) == decide(np.uint16(1979), 814, True)
    assert decide(2**53, 814, 1) == decide(2.0**53, 814.0, 1.0)
    assert set(decide(2**53 + 1, 814, 1)) == {-2}
    assert set(decide(-(2**60), 814, 1)) == {-2}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("bad", [-1.0, INF, -INF, 1.1e24, 9e-16, -1e-300])
def test_no_quantity_gives_no_verdict(decide: Any, place: int, bad: float) -> None:
    row = [1979.0, 814.0, 1.0]
    row[place] = bad
    assert set(decide(*row)) == set(decide(np.array(row))) == {-2}


def test_booleans_and_areas_are_checked(decide: Any) -> None:
    assert set(decide(1979.0, 814.0, 0.5)) == set(decide(1979.0, 814.0, 2)) == {-2}
    assert set(decide(1979.0, 0.0, 1.0)) == {-2}
    assert set(decide(np.ones(4))) == set(decide(np.ones(2))) == {-2}


def test_float32_is_refused(decide: Any) -> None:
    with pytest.raises(numba.TypingError, match="tops_fp8: float32; expected float64"):
        decide(np.float32(0.1), 814.0, 1.0)


def test_the_number_of_arguments_counts(decide: Any) -> None:
    with pytest.raises(numba.TypingError, match="2 numbers; expected 3, one a quantity"):
        decide(1.0, 2.0)


def test_parallel_loops_and_strides(decide: Any) -> None:
    """A number that can't be used in one row leaves the others alone."""
    area = np.arange(1.0, 4001.0)
    table = np.array([np.rint(area * 37) / 100 / 8 * 16, area, np.ones(4000)])  # 5.92 exactly
    table[0, [0, 1999, 3999]] = -1
    shape = (4000, len(decide.paragraphs))
    one, other = np.full(shape, 77, np.int8), np.full(shape, 77, np.int8)
    everywhere(decide, table.T, one)
    every(decide, table.T, other)
    np.testing.assert_array_equal(one, other)
    refused = (one == -2).all(axis=1)
    assert np.flatnonzero(refused).tolist() == [0, 1999, 3999]
    assert set(np.unique(one[~refused])) == {0, 1}
    a2 = decide.paragraphs.index("us-3a090/a.2")
    above = table[0] * 8 >= 1600
    assert (one[~refused & above, a2] == 1).all()


def test_the_same_function_for_the_same_question() -> None:
    book = rules()
    assert tpp.classifier(book, QUANTITIES) is tpp.classifier(book, list(QUANTITIES))


@pytest.mark.parametrize(
    ("quantities", "error", "message"),
    [
        (["tops_fp9"], tpp.UnknownName, "unknown quantity 'tops_fp9'; expected one of"),
        (["tops_fp8", "tops_fp8"], tpp.TppError, "tops_fp8, tops_fp8; expected each once"),
    ],
)
def test_wrong_quantities(quantities: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        tpp.classifier(rules(), quantities)


CALLER = """
import numba
import tppcore as tpp

decide = tpp.classifier(tpp.rulebook("2026-02-01", "CN", rules=("us-3a090",)), {quantities})

@numba.njit(cache=True)
def controlled(tops, area):
    return decide(tops, area, True)[3]

print(controlled(1979.0, 814.0), sum(controlled.stats.cache_hits.values()))
"""


def test_callers_are_kept_on_disk(tmp_path: Path) -> None:
    """A caller with cache=True; and the classifier for callers without."""
    script = tmp_path / "caller.py"
    script.write_text(CALLER.format(quantities=QUANTITIES))
    lines = [
        subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert lines == ["1 0", "1 1"]


def test_the_classifier_is_kept_on_disk(decide: Any) -> None:
    decide(1979.0, 814.0, 1.0)
    code = f"""
import tppcore as tpp
decide = tpp.classifier(tpp.rulebook("2026-02-01", "CN", rules=("us-3a090",)), {QUANTITIES})
print(decide(1979.0, 814.0, 1.0)[3], sum(decide.stats.cache_hits.values()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1 1"


def test_importing_tppcore_does_not_import_numba() -> None:
    code = "import sys, tppcore; tppcore.classifier; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
