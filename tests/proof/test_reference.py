"""The reference of the integer proof agrees with exact fractions, and the proof can fail."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.proof import __main__ as command
from tests.proof import compare, integers, tables
from tests.proof.compare import law
from tests.proof.integers import Task, codes, made, reference
from tests.proof.reference import Reference
from tests.proof.wide import TooWide
from tppcore.engine import c, oracle
from tppcore.program.program import Program
from tppcore.rules.rulebook import Rulebook

needs_c = pytest.mark.skipif(not c.available(), reason="no C library")


@pytest.mark.parametrize("kind", tables.KINDS)
@pytest.mark.parametrize("name", sorted(set(integers.LAWS)))
def test_agrees_with_exact_fractions(name: str, kind: str) -> None:
    for number, (missing, ranged) in enumerate([(0.0, 0.0), (0.3, 0.0), (0.1, 0.3)]):
        task = Task(name, kind, "float64", missing, ranged, 64, number)
        table = made(task)
        columns = tables.columns(table, task.rows, task.seed)
        found = reference(name).verdicts({q: each.cells for q, each in table.items()}, task.rows)
        assert np.array_equal(found, codes(oracle.evaluate(law(name), columns)))


@pytest.mark.parametrize(
    "quantities", [("tops_fp8",), ("die_area_mm2",), (), ("dram_gb_s", "hbm"), ("tops_fp6_vector",)]
)
def test_few_columns(quantities: tuple[str, ...]) -> None:
    rules = law("in force")
    limits = reference("in force").limits
    table = tables.table("step", 64, 1, limits, quantities=quantities, missing=0.2, ranged=0.2)
    found = Reference(rules).verdicts({q: each.cells for q, each in table.items()}, 64)
    expected = oracle.evaluate(rules, tables.columns(table, 64, 1))
    assert np.array_equal(found, codes(expected))


def test_one_reference_for_several_sheets() -> None:
    """What no column feeds is remembered, for one set of columns."""
    for quantities in (("tops_fp8",), ("tops_fp16", "die_area_mm2"), ("tops_fp8",)):
        rules = law("gate")
        limits = reference("gate").limits
        table = tables.table("on", 64, 1, limits, quantities=quantities, missing=0.2)
        found = reference("gate").verdicts({q: each.cells for q, each in table.items()}, 64)
        expected = oracle.evaluate(rules, tables.columns(table, 64, 1))
        assert np.array_equal(found, codes(expected))


def test_refuses_what_may_not_fit() -> None:
    task = Task("gate", "random", "float64", 0.0, 0.0, 64, 0)
    cells = {q: each.cells for q, each in made(task).items()}
    cells["die_area_mm2"] = replace(cells["die_area_mm2"], scale=36)
    with pytest.raises(TooWide, match="expected at most 128"):
        reference("gate").verdicts(cells, 64)


@needs_c
def test_no_mismatch_in_a_small_proof(capsys: pytest.CaptureFixture[str]) -> None:
    some = list(integers.tasks(60_000, 5))[::13]
    assert sum(integers.run(task)[1] for task in some) == 0
    assert command.main(["--task", str(Task("gate", "on", "float64", 0.1, 0.2, 640, 3))]) == 0
    assert "640 rows, 0 mismatches" in capsys.readouterr().out


def spoil(program: Program, what: str) -> Program:
    if what == "no filter":
        return replace(program, tests=tuple(replace(t, epsilon=0.0) for t in program.tests))
    moved = tuple(
        replace(t, threshold=t.threshold + Fraction(1, 10**9)) if t.threshold == 4800 else t
        for t in program.tests
    )
    return replace(program, tests=moved)


@needs_c
@pytest.mark.parametrize("what", ["no filter", "moved threshold"])
def test_finds_a_wrong_program(
    what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = spoil(integers.program("gate again"), what)
    monkeypatch.setattr(integers, "program", lambda name: wrong)
    task = Task("gate again", "on", "float64", 0.0, 0.0, 2000, 1)
    assert command.main(["--task", str(task)]) == 1
    printed = capsys.readouterr().out
    assert f"again: --task '{task}'" in printed
    assert "us-3a090/" in printed
    assert "die_area_mm2 = " in printed


@needs_c
def test_sees_bits_past_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task("gate", "random", "float64", 0.0, 0.0, 70, 1)
    usual = integers.engines

    def noisy(program: Program, columns: object) -> object:
        for name, found in usual(program, columns):  # type: ignore[arg-type]
            found.values[0, 1] |= np.uint64(1 << 63)
            yield name, found

    monkeypatch.setattr(integers, "engines", noisy)
    assert integers.run(task)[1] > 0


def test_tasks_cover_every_combination() -> None:
    small = list(integers.tasks(100_000, 7))
    assert sum(task.rows for task in small) == 100_000
    assert {task.kind for task in small} == set(tables.KINDS)
    assert {task.storage for task in small} == set(tables.STORAGES)
    assert {task.law for task in small} == set(integers.LAWS)
    assert len({task.seed for task in small}) == len(small)
    assert all(Task.parse(str(task)) == task for task in small)


def test_the_laws_are_those_of_the_first_proof() -> None:
    assert set(integers.LAWS) <= set(compare.LAWS)
    rules: Rulebook = law("gate")
    assert {"us-3a090/controlled", "us-9903.79.01/window-met"} <= {p.id for p in rules.paragraphs}
