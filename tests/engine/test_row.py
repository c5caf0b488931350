"""Few rows, which the C engine decides one at a time, come out as among many, bit for bit."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import strategies
from tests.engine.test_c import density, density_table, one_test_each, random_program, random_table
from tppcore.engine import c
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.errors import InputError
from tppcore.program.compile import compile as compiled
from tppcore.program.program import Input, Node, Op, Program, Test
from tppcore.rules.rulebook import Rulebook, rulebook

pytestmark = pytest.mark.skipif(not c.available(), reason="built without a C compiler")

MANY = 64
"""Rows that are decided as a block, whatever the engine holds to be few."""


def part(columns: Columns, start: int, stop: int) -> Columns:
    """Rows [start, stop), whatever the columns are made of."""

    def cut(array: NDArray[np.generic] | None) -> NDArray[np.generic] | None:
        return None if array is None else array[start:stop]

    return Columns(
        stop - start,
        {
            name: replace(
                column,
                values=cut(column.values),
                low=cut(column.low),
                high=cut(column.high),
                first_bit=column.first_bit + (0 if column.present is None else start),
            )
            for name, column in columns.by_quantity.items()
        },
    )


def bits(found: Bitmaps, rows: int) -> NDArray[np.uint8]:
    """uint8 (2, paragraphs, rows): values and validity, a byte each."""
    words = np.stack([found.values, found.valid])
    unpacked = np.unpackbits(words.view(np.uint8), axis=2, bitorder="little")
    assert not unpacked[:, :, rows:].any(), "bits past the last row"
    return unpacked[:, :, :rows]


def agree(program: Program, columns: Columns, sizes: tuple[int, ...] = (1, 3)) -> NDArray[np.uint8]:
    """Compares a table with pieces of it; returns its bits."""
    assert columns.rows >= MANY
    expected = bits(c.evaluate(program, columns, threads=1), columns.rows)
    for size in sizes:
        for start in range(0, columns.rows, size):
            stop = min(start + size, columns.rows)
            found = c.evaluate(program, part(columns, start, stop), threads=1)
            different = bits(found, stop - start) != expected[:, :, start:stop]
            assert not different.any(), (start, size, np.argwhere(different)[:3])
    return expected


@pytest.mark.parametrize("seed", range(150))
def test_random_programs(seed: int) -> None:
    rng = random.Random(1000 + seed)
    program = random_program(rng)
    agree(program, random_table(rng, program, MANY + 6))


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_in_exact_arithmetic(seed: int) -> None:
    rng = random.Random(2000 + seed)
    program = random_program(rng)
    tests = tuple(Test(t.node, t.op, t.threshold, 0.49) for t in program.tests)
    program = Program(program.inputs, program.nodes, tests, program.paragraphs, ())
    agree(program, random_table(rng, program, MANY))


@pytest.mark.parametrize("epsilon", [2.0**-45, 0.49])
@pytest.mark.parametrize(("missing", "ranges"), [(0, 0), (0.3, 0), (0.01, 0.01), (0.2, 0.4)])
def test_density(missing: float, ranges: float, epsilon: float) -> None:
    found = agree(density(epsilon), density_table(200, 7, missing, ranges))
    assert 0 < found[0].mean() < found[1].mean()


@pytest.mark.parametrize("thresholds", [1, 31, 32, 33, 64, 65, 127, 128, 129, 200])
def test_as_many_thresholds_as_words_hold(thresholds: int) -> None:
    """From one word of literals to more than the rows take."""
    tests = tuple(
        Test(2 if k % 2 else 0, ">=" if k % 3 else "<", Fraction(k), 2.0**-45)
        for k in range(1, thresholds + 1)
    )
    nodes = (Node(Op.INPUT, 0), Node(Op.INPUT, 1), Node(Op.ADD, 0, 1))
    program = Program((Input("a"), Input("b")), nodes, tests, one_test_each(tests), ())
    rng = np.random.default_rng(thresholds)
    a, b = (np.rint(rng.uniform(0, thresholds, MANY)) for _ in range(2))
    b[rng.random(MANY) < 0.2] = np.nan
    agree(program, Columns(MANY, {"a": Column(a), "b": Column(b)}))


def weighted(op: Op, terms: int) -> Program:
    """The maximum or the sum of weighted inputs and of a quotient that may not apply."""
    inputs = tuple(Input(f"q{i}") for i in range(terms))
    nodes = [Node(Op.INPUT, i) for i in range(terms)]
    nodes += [Node(Op.CONST, value=Fraction(i % 4 + 1, 2)) for i in range(terms)]
    nodes += [Node(Op.MUL, terms + i, i) for i in range(terms)]
    tests = []
    total = 2 * terms
    for i in range(1, terms):
        nodes.append(Node(op, total, 2 * terms + i))
        total = len(nodes) - 1
    tests.append(Test(total, ">=", Fraction(8 * terms), 2.0**-45))
    nodes += [Node(Op.DIV, 0, 1), Node(Op.MUL, terms, 2)]
    nodes.append(Node(op, len(nodes) - 2, len(nodes) - 1))
    tests += [Test(len(nodes) - 1, ">=", Fraction(k), 2.0**-45) for k in (1, 3, 7, 11)]
    return Program(inputs, tuple(nodes), tuple(tests), one_test_each(tuple(tests)), ())


@pytest.mark.parametrize("terms", [3, 16, 20])
@pytest.mark.parametrize("op", [Op.ADD, Op.MAX])
def test_weighted_terms(op: Op, terms: int) -> None:
    rng = random.Random(terms)
    program = weighted(op, terms)
    found = agree(program, random_table(rng, program, MANY))
    assert 0 < found.mean() < 1


@lru_cache
def law(name: str) -> Rulebook:
    if name == "us-3a090":
        return rulebook("2026-02-01", "CN", rules=["us-3a090"])
    if name == "readings":
        readings = {"tf32_width": "19", "vector_units": "added", "unlisted_formats": "unknown"}
        return rulebook("2026-02-01", "CN", readings=readings)
    return rulebook("2023-01-01" if name == "2022" else "2026-02-01", "CN")


@pytest.mark.parametrize("kind", strategies.KINDS)
@pytest.mark.parametrize("name", ["us-3a090", "in force", "2022", "readings"])
def test_rulebooks(name: str, kind: str) -> None:
    rules = law(name)
    sheet = strategies.SHEET if name == "us-3a090" else strategies.LONG_SHEET
    for missing, ranged in ((0.0, 0.0), (0.15, 0.0), (0.15, 0.2)):
        columns = strategies.table(
            kind, MANY, len(name), quantities=sheet, missing=missing, ranged=ranged
        )
        agree(compiled(rules, columns.by_quantity), columns, (1,))


def of_every_kind(columns: Columns, seed: int) -> Columns:
    """The same table with its columns in other kinds; some rows are null by a bitmap."""
    rng = np.random.default_rng(seed)
    kinds = ("float32", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "decimal")
    made: dict[str, Column] = {}
    for number, (name, column) in enumerate(columns.by_quantity.items()):
        assert column.values is not None
        first_bit = int(rng.integers(0, 9))
        present = rng.integers(0, 256, (first_bit + columns.rows + 7) // 8, dtype=np.uint8)
        values: NDArray[np.generic] = column.values
        scale = None
        kind = kinds[(number + seed) % len(kinds)]
        if kind == "decimal" and values.dtype != np.uint8:
            scale = 2
            cents = np.rint(np.nan_to_num(values, nan=1.0) * 100).astype(np.uint64)
            values = np.stack([np.maximum(cents, 1), np.zeros_like(cents)], axis=1)
        elif kind == "float32" and values.dtype != np.uint8:
            values = values.astype(np.float32)
        elif values.dtype != np.uint8:
            most = min(np.iinfo(kind).max, 10**6)
            values = np.clip(np.nan_to_num(values, nan=1.0), 1, most).astype(kind)
        made[name] = Column(values, present=present, first_bit=first_bit, scale=scale)
    return Columns(columns.rows, made)


@pytest.mark.parametrize("seed", range(9))
def test_kinds_of_columns(seed: int) -> None:
    for kind in ("round", "on", "ulp"):
        columns = strategies.table(kind, MANY, seed, quantities=strategies.LONG_SHEET)
        columns = of_every_kind(columns, seed)
        agree(compiled(law("in force"), columns.by_quantity), columns, (1,))


def test_no_columns_at_all() -> None:
    agree(compiled(law("in force"), ()), Columns(MANY, {}))


@pytest.mark.parametrize("wrong", [-1.0, np.inf, 1e25, 9e-16, 0.0])
def test_the_first_bad_number_is_told(wrong: float) -> None:
    columns = strategies.table("round", MANY, 1, quantities=strategies.SHEET)
    area, rate = (columns.by_quantity[name].values for name in ("die_area_mm2", "tops_fp8"))
    assert area is not None
    assert rate is not None
    program = compiled(law("in force"), columns.by_quantity)
    rate[3], area[2] = -2.0, wrong
    told = []
    for rows in (MANY, 4, 3):
        with pytest.raises(InputError) as error:
            c.evaluate(program, part(columns, 0, rows))
        told.append(str(error.value))
    assert told[0] == told[1] == told[2]
    assert "die_area_mm2" in told[0]
    agree_until = bits(c.evaluate(program, part(columns, 0, 2)), 2)
    assert agree_until[1].any()
