"""`tppcore bench` and what it is made of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from tppcore.benchmark import small
from tppcore.benchmark.engines import available, engine
from tppcore.benchmark.jobs import GATE, columns_of, random_table
from tppcore.benchmark.machine import machine
from tppcore.benchmark.roof import Roof, moved
from tppcore.benchmark.rounds import ratio, repeated, timed
from tppcore.cli import cli


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    done = CliRunner().invoke(cli, ["bench", "--rows", "1000", "--rounds", "2", "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.output)
    return found


def test_fields(document: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]]) -> None:
    assert document["rows"] == 1000
    assert {"processor", "kernel", "numpy", "tppcore"} <= set(document["machine"])
    for job in document["jobs"].values():
        found = job["contenders"]
        names = {f"tppcore {name}" for name in available()}
        assert set(found) == names | {"roof", "NumPy in blocks"}
        assert found["roof"]["of_roof"] == 1
        for each in found.values():
            seconds = each["seconds"]
            assert isinstance(seconds, list)
            assert len(seconds) == 2
            assert each["rows_per_second"] == 1000 / np.median(seconds)


def test_table() -> None:
    done = CliRunner().invoke(cli, ["bench", "--rows", "100", "--rounds", "1"])
    assert done.exit_code == 0, done.output
    for word in ("kernel", "million rows/s", "NumPy in blocks", "31 paragraphs"):
        assert word in done.output


def test_answers_that_differ_are_an_error() -> None:
    if not available():
        pytest.skip("only the exact engine is here")
    rows = 100
    found = engine(available()[0], GATE.program, columns_of(random_table(GATE.columns, rows)), 1)()
    bits = np.unpackbits(found.values.view(np.uint8), axis=1, count=rows, bitorder="little")
    expected = bits.view(np.bool_)
    small.check(found, expected)
    expected[3, 99] ^= True
    with pytest.raises(RuntimeError, match="differ"):
        small.check(found, expected)


def test_outputs_are_reused() -> None:
    for name in available():
        run = engine(name, GATE.program, columns_of(random_table(GATE.columns, 100)), 1)
        assert run().values is run().values


def test_roof_touches_everything() -> None:
    table = random_table(GATE.columns, 1001)
    for threads in (1, 2, 3):
        roof = Roof(2, 1001, threads)
        roof.out[:] = 77
        roof(table)
        assert not (roof.out == 77).any()
    assert moved(table, 2) == 1001 * (8 * 8 + 1) + 4 * 16 * 8


def test_rounds() -> None:
    order: list[str] = []
    times = timed({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b"] * 3  # one round to warm up
    assert [len(each) for each in times.values()] == [2, 2]
    assert ratio([1, 2, 4], [2, 2, 2]) == 1
    assert ratio([1, 1, 1], [2, 3, 9]) == 3


def test_repeated() -> None:
    calls: list[int] = []
    many, count = repeated(lambda: calls.append(1), least=1e-5, most=7)
    before = len(calls)
    many()
    assert 1 <= count <= 7
    assert len(calls) == before + count


def test_machine() -> None:
    found = machine(GATE.program, ["numpy", "no-such-library"])
    assert found["numpy"] == np.__version__
    assert found["no-such-library"] == "absent"
