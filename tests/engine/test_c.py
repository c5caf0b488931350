"""The C engine against a slow twin: Program objects evaluated row by row in fractions."""

from __future__ import annotations

import math
import random
import struct
import threading
from fractions import Fraction

import numpy as np
import pytest

from tppcore.engine import c, shards
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.errors import InputError, TppError
from tppcore.program.program import Box, Input, Node, Op, Paragraph, Program, Test

pytestmark = pytest.mark.skipif(not c.available(), reason="built without a C compiler")

NAN, INF = math.nan, math.inf
Interval = tuple[Fraction | float, Fraction | float] | None  # None: not applicable
EPSILON = 2.0**-45


# ---- the slow twin ----


def read(entry: Input, column: Column | None, row: int, any_rate: bool) -> Interval:
    if column is not None and entry.given:
        value = NAN if column.values is None else float(column.values[row])
        if column.values is not None and column.values.dtype == np.uint8 and value == 255:
            value = NAN
        if value == value:
            return Fraction(repr(value)), Fraction(repr(value))
        low = NAN if column.low is None else float(column.low[row])
        high = NAN if column.high is None else float(column.high[row])
        if low == low or high == high:
            return (
                Fraction(repr(low)) if low == low else Fraction(0),
                Fraction(repr(high)) if high == high else INF,
            )
    if entry.default is not None:
        return entry.default, entry.default
    if entry.closed_list and not entry.open_unlisted and any_rate:
        return Fraction(0), Fraction(0)
    return Fraction(0), INF


def is_there(entry: Input, column: Column | None, row: int) -> bool:
    if column is None or not entry.given:
        return False
    parts = [part for part in (column.values, column.low, column.high) if part is not None]
    return any(not math.isnan(part[row]) for part in parts)


def times(a: Fraction | float, b: Fraction | float) -> Fraction | float:
    return Fraction(0) if a == 0 or b == 0 else a * b


def over(a: Fraction | float, b: Fraction | float) -> Fraction | float:
    if a == 0 or b == INF:
        return Fraction(0)
    return INF if a == INF or b == 0 else a / b


def divide(a: Interval, b: Interval, positive: bool) -> Interval:
    if a is None or b is None:
        return None
    if not positive and b[0] == 0:
        return None if b[1] == 0 else (Fraction(0), INF)
    return over(a[0], b[1]), over(a[1], b[0])


def state(value: Interval, test: Test) -> tuple[bool, bool]:
    """(possible, certain)"""
    if value is None:
        return True, False
    holds = {
        ">=": lambda v: v >= test.threshold,
        ">": lambda v: v > test.threshold,
        "<": lambda v: v < test.threshold,
        "<=": lambda v: v <= test.threshold,
    }[test.op]
    ends = [holds(value[0]), holds(value[1])]
    return any(ends), all(ends)


def nodes(program: Program, columns: Columns, row: int) -> list[Interval]:
    tables = [columns.by_quantity.get(entry.quantity) for entry in program.inputs]
    pairs = list(zip(program.inputs, tables, strict=True))
    any_rate = any(e.closed_list and is_there(e, column, row) for e, column in pairs)
    found: list[Interval] = []
    for node in program.nodes:
        a = found[node.a] if node.op > Op.INPUT and node.op != Op.NOT_APPLICABLE else None
        b = found[node.b] if node.op > Op.INPUT and node.op != Op.NOT_APPLICABLE else None
        value: Interval
        if node.op == Op.CONST:
            value = node.value, node.value
        elif node.op == Op.INPUT:
            value = read(*pairs[node.a], row, any_rate)
        elif node.op == Op.SELECT:
            test = program.tests[node.test]
            possible, certain = state(found[test.node], test)
            if possible == certain:
                value = a if certain else b
            elif a is None or b is None:
                value = None
            else:
                value = min(a[0], b[0]), max(a[1], b[1])
        elif node.op == Op.DIV:
            value = divide(a, b, node.positive)
        elif a is None or b is None:
            value = None
        elif node.op == Op.ADD:
            value = a[0] + b[0], a[1] + b[1]
        elif node.op == Op.MUL:
            value = times(a[0], b[0]), times(a[1], b[1])
        else:
            value = max(a[0], b[0]), max(a[1], b[1])
        found.append(value)
    return found


def verdict(program: Program, values: list[Interval]) -> list[bool | None]:
    states = [state(values[test.node], test) for test in program.tests]

    def possible(boxes: tuple[Box, ...]) -> bool:
        return any(
            all(not states[i >> 1][1] if i & 1 else states[i >> 1][0] for i in box) for box in boxes
        )

    found = []
    for paragraph in program.paragraphs:
        true, false = possible(paragraph.true_boxes), possible(paragraph.false_boxes)
        found.append(None if true == false else true)
    return found


def verdicts(bits: Bitmaps, row: int) -> list[bool | None]:
    word, bit = divmod(row, 64)
    return [
        bool(int(value[word]) >> bit & 1) if int(valid[word]) >> bit & 1 else None
        for value, valid in zip(bits.values, bits.valid, strict=True)
    ]


def agree(program: Program, columns: Columns) -> None:
    rows = [nodes(program, columns, row) for row in range(columns.rows)]
    expected = [verdict(program, values) for values in rows]
    ends = np.array(
        [
            [[float(end) for end in values[m] or (NAN, NAN)] for _, m in program.metrics]
            for values in rows
        ]
    ).reshape(columns.rows, len(program.metrics), 2)
    for kernel in ("portable", "avx2"):
        try:
            c.opened(program).use_kernel(kernel)
        except TppError:
            continue
        bits = c.evaluate(program, columns, threads=1)
        for row, verdicts_of_row in enumerate(expected):
            assert verdicts(bits, row) == verdicts_of_row, (kernel, row)
        low, high = c.metrics(program, columns)
        np.testing.assert_allclose(low.T, ends[:, :, 0], rtol=1e-13)
        np.testing.assert_allclose(high.T, ends[:, :, 1], rtol=1e-13)


# ---- programs ----


def one_test_each(tests: tuple[Test, ...]) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(f"t{i}", ((2 * i,),), ((2 * i + 1,),)) for i in range(len(tests)))


def density(epsilon: float = EPSILON) -> Program:
    """A metric with a maximum, a choice and a quotient, as performance density is."""
    inputs = (
        Input("tops_fp8", closed_list=True),
        Input("tops_fp16", closed_list=True),
        Input("tops_int4", closed_list=True, given=False),
        Input("die_area_mm2", positive=True),
        Input("non_planar", default=Fraction(1)),
        Input("dram_gb_s"),
    )
    tests = (
        Test(4, ">=", Fraction(1), 0.0),
        Test(13, ">=", Fraction(4800), epsilon),
        Test(13, "<", Fraction(1600), epsilon),
        Test(16, ">=", Fraction("5.92"), epsilon),
        Test(16, "<=", Fraction("1.6"), epsilon),
        Test(16, ">", Fraction("3.2"), epsilon),
        Test(18, ">", Fraction("4800.5"), epsilon),
        Test(14, ">=", Fraction(1), 0.0),  # a gap in the text
    )
    nodes = (
        *(Node(Op.INPUT, i) for i in range(6)),
        Node(Op.CONST, value=Fraction(8)),
        Node(Op.CONST, value=Fraction(16)),
        Node(Op.CONST, value=Fraction(4)),
        Node(Op.MUL, 6, 0),
        Node(Op.MUL, 1, 7),
        Node(Op.MUL, 8, 2),
        Node(Op.MAX, 9, 10),
        Node(Op.MAX, 12, 11),  # 13: tpp
        Node(Op.NOT_APPLICABLE),
        Node(Op.SELECT, 3, 14, test=0),  # 15: applicable area
        Node(Op.DIV, 13, 15, positive=True),  # 16: density
        Node(Op.DIV, 13, 5),
        Node(Op.ADD, 13, 17),
    )
    paragraphs = (
        *one_test_each(tests),
        Paragraph("controlled", ((2,), (5, 6)), ((3, 4), (3, 7))),
        Paragraph("always", ((),), ()),
        Paragraph("never", (), ((),)),
        Paragraph("gap", ((2, 14),), ((3,), (15,))),
    )
    metrics = (("tpp", 13), ("performance_density", 16), ("sum", 18), ("area", 15))
    return Program(inputs, nodes, tests, paragraphs, metrics)


def density_table(rows: int, seed: int, missing: float = 0.0, ranges: float = 0.0) -> Columns:
    """Rows on thresholds, beside them and anywhere."""
    rng = random.Random(seed)
    area, fp8, fp16, dram, planar = ([] for _ in range(5))
    low, high = [], []
    for _ in range(rows):
        mm2 = rng.choice([300, 814, 826, round(rng.uniform(1, 999), rng.randrange(6))])
        tpp = rng.choice(
            [
                4800,
                1600,
                *(float(Fraction(k) * Fraction(repr(float(mm2)))) for k in ("5.92", "1.6", "3.2")),
                rng.uniform(0, 9999),
            ]
        )
        tpp = rng.choice([tpp, tpp, math.nextafter(tpp, 0), math.nextafter(tpp, INF)])
        eight = rng.random() < 0.5
        fp8.append(NAN if not eight or rng.random() < missing / 4 else tpp / 8)
        fp16.append(tpp / 16 if not eight else rng.choice([NAN, 0.0, tpp / 20]))
        dram.append(rng.choice([0.0 if missing else 1.0, 2.0, rng.uniform(0.1, 9000)]))
        planar.append(rng.choice([1, 1, 1, 255, 0 if missing else 1]))
        area.append(NAN if rng.random() < missing else float(mm2))
        low.append(NAN)
        high.append(NAN)
        if rng.random() < ranges:
            area[-1] = NAN
            low[-1] = rng.choice([NAN, float(mm2)])
            high[-1] = rng.choice([NAN, float(mm2), mm2 * rng.uniform(1, 2)])
    return Columns(
        rows,
        {
            "tops_fp8": Column(np.array(fp8)),
            "tops_fp16": Column(np.array(fp16)),
            "die_area_mm2": Column(
                np.array(area),
                np.array(low) if ranges else None,
                np.array(high) if ranges else None,
            ),
            "non_planar": Column(np.array(planar, np.uint8)),
            "dram_gb_s": Column(np.array(dram)),
        },
    )


def tiled(columns: Columns, times: int) -> Columns:
    def tile(part: np.ndarray | None) -> np.ndarray | None:
        return None if part is None else np.tile(part, times)

    return Columns(
        columns.rows * times,
        {
            name: Column(tile(column.values), tile(column.low), tile(column.high))
            for name, column in columns.by_quantity.items()
        },
    )


@pytest.mark.parametrize(
    ("missing", "ranges"), [(0, 0), (0.002, 0), (0.3, 0), (0.01, 0.01), (0.2, 0.4)]
)
@pytest.mark.parametrize("rows", [0, 1, 64, 65, 400])
def test_agrees_with_fractions(rows: int, missing: float, ranges: float) -> None:
    agree(density(), density_table(rows, rows + 1, missing, ranges))


def test_exact_even_if_every_row_is_near() -> None:
    """A wide filter sends everything to the exact arithmetic, which then has to be right alone."""
    agree(density(epsilon=0.49), density_table(500, 5, 0.1, 0.2))


def test_ties_one_unit_in_the_last_place_apart() -> None:
    tests = (Test(2, ">=", Fraction("5.92"), EPSILON),)
    program = Program(
        (Input("tpp"), Input("area", positive=True)),
        (Node(Op.INPUT, 0), Node(Op.INPUT, 1), Node(Op.DIV, 0, 1, positive=True)),
        tests,
        one_test_each(tests),
        (("density", 2),),
    )
    area = np.round(np.random.default_rng(1).uniform(100, 900, 700), 2)
    tie = np.array([float(Fraction("5.92") * Fraction(repr(float(a)))) for a in area])
    for tpp in (tie, np.nextafter(tie, 0), np.nextafter(tie, np.inf)):
        agree(program, Columns(700, {"tpp": Column(tpp), "area": Column(area)}))


def random_program(rng: random.Random) -> Program:
    """Any operations in any order; choices on earlier tests."""
    inputs = tuple(
        Input(
            f"q{i}",
            positive=rng.random() < 0.3,
            closed_list=(closed := rng.random() < 0.4),
            open_unlisted=closed and rng.random() < 0.3,
            default=Fraction(rng.choice(["1", "0", "2.5"])) if rng.random() < 0.2 else None,
            given=rng.random() < 0.8,
        )
        for i in range(rng.randrange(1, 6))
    )
    nodes: list[Node] = [Node(Op.INPUT, i) for i in range(len(inputs))]
    nodes += [Node(Op.CONST, value=Fraction(rng.choice(["0", "1", "2", "0.3", "16"])))] * 2
    tests: list[Test] = []

    def add_test(node: int) -> None:
        threshold = Fraction(rng.choice(["0.5", "1", "4.8", "0.3", "7", "120"]))
        tests.append(Test(node, rng.choice([">=", ">", "<", "<="]), threshold, EPSILON))

    add_test(0)
    for _ in range(rng.randrange(2, 12)):
        op = rng.choice([Op.ADD, Op.MUL, Op.DIV, Op.MAX, Op.SELECT, Op.NOT_APPLICABLE, Op.MAX])
        a, b = rng.randrange(len(nodes)), rng.randrange(len(nodes))
        positive = nodes[b].op == Op.INPUT and inputs[nodes[b].a].positive
        if positive and inputs[nodes[b].a].default == 0:
            positive = False
        if positive and inputs[nodes[b].a].closed_list:
            positive = False
        nodes.append(Node(op, a, b, rng.randrange(len(tests)), positive=positive))
        if rng.random() < 0.6:
            add_test(len(nodes) - 1)
    add_test(len(nodes) - 1)
    paragraphs = one_test_each(tuple(tests))
    metrics = tuple((f"m{i}", i) for i in range(len(nodes)))
    return Program(inputs, tuple(nodes), tuple(tests), paragraphs, metrics)


def random_table(rng: random.Random, program: Program, rows: int) -> Columns:
    columns = {}
    for entry in program.inputs:
        if not entry.given:
            continue
        choices = ["1", "2", "0.3", "0.1", "4.8", "7", "0.6", "12.25", str(rng.uniform(0.01, 99))]
        if not entry.positive:
            choices.append("0")
        missing = rng.choice([0, 0, 0.01, 0.5])
        values = [
            NAN if rng.random() < missing else float(rng.choice(choices)) for _ in range(rows)
        ]
        low, high = [NAN] * rows, [NAN] * rows
        for i in range(rows):
            if values[i] != values[i] and rng.random() < 0.5:
                ends = sorted(float(rng.choice(choices)) for _ in range(2))
                low[i], high[i] = (rng.choice([end, NAN, end]) for end in ends)
        ranged = rng.random() < 0.5
        columns[entry.quantity] = Column(
            np.array(values), np.array(low) if ranged else None, np.array(high) if ranged else None
        )
    return Columns(rows, columns)


@pytest.mark.parametrize("seed", range(100))
def test_random_programs(seed: int) -> None:
    rng = random.Random(seed)
    program = random_program(rng)
    agree(program, random_table(rng, program, rng.choice([7, 64, 70])))


def test_random_programs_exhaustive_in_exact_arithmetic() -> None:
    rng = random.Random(77)
    for _ in range(30):
        program = random_program(rng)
        tests = tuple(Test(t.node, t.op, t.threshold, 0.49) for t in program.tests)
        program = Program(program.inputs, program.nodes, tests, program.paragraphs, ())
        agree(program, random_table(rng, program, 64))


# ---- numbers ----


def test_shortest_decimal_is_repr() -> None:
    rng = random.Random(3)
    hard = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 2.0**-44]
    hard += [1e23, 9.5e-3, 123456789012345.6, 4.35, 0.3, 2.0**60, 1e15, 1e16, 1e22, 1e-15, 1e24]
    hard += [2.0**e for e in range(-1074, 1024)]
    hard += [math.nextafter(x, toward) for x in hard for toward in (0, INF) if x < 1e308]
    hard += [rng.uniform(0, 10) * 10.0 ** rng.randrange(-15, 24) for _ in range(3000)]
    hard += [round(rng.uniform(0, 10000), rng.randrange(12)) for _ in range(3000)]
    hard += [abs(struct.unpack("<d", rng.randbytes(8))[0]) for _ in range(3000)]
    for value in hard:
        if math.isfinite(value):
            assert c.shortest_decimal(value) == Fraction(repr(value)), value


@pytest.mark.parametrize("value", [NAN, INF, -1.0])
def test_shortest_decimal_refuses(value: float) -> None:
    with pytest.raises(TppError):
        c.shortest_decimal(value)


@pytest.mark.parametrize(
    ("quantity", "part", "number", "expected"),
    [
        ("dram_gb_s", "values", -1.0, "0 or a number"),
        ("dram_gb_s", "values", -5e-324, "0 or a number"),
        ("dram_gb_s", "values", 5e-324, "0 or a number"),
        ("dram_gb_s", "values", INF, "0 or a number"),
        ("dram_gb_s", "values", -INF, "0 or a number"),
        ("dram_gb_s", "values", 9.9e-16, "0 or a number"),
        ("dram_gb_s", "values", math.nextafter(1e24, INF), "0 or a number"),
        ("die_area_mm2", "values", 0.0, "above 0"),
        ("die_area_mm2", "values", -0.0, "above 0"),
        ("die_area_mm2", "low", 0.0, "above 0"),
        ("die_area_mm2", "low", 1.0, "not both"),
        ("die_area_mm2", "high", INF, "0 or a number"),
        ("non_planar", "values", 2, "0, 1 or missing"),
    ],
)
@pytest.mark.parametrize("row", [0, 63, 700, 999])
def test_bad_number(quantity: str, part: str, number: float, expected: str, row: int) -> None:
    columns = density_table(1000, 9)
    column = columns.by_quantity[quantity]
    parts = {"values": column.values, "low": column.low, "high": column.high}
    array = parts[part] = np.full(1000, NAN) if parts[part] is None else parts[part].copy()
    array[row] = number
    table = Columns(1000, {**columns.by_quantity, quantity: Column(**parts)})
    for call in (c.evaluate, c.metrics):
        with pytest.raises(InputError, match=expected) as caught:
            call(density(), table)
        assert (caught.value.row, caught.value.column) == (row, quantity)
        if expected != "not both":
            assert caught.value.value == number


def test_range_upside_down() -> None:
    columns = density_table(100, 9)
    nothing, low, high = np.full(100, NAN), np.full(100, 3.0), np.full(100, 4.0)
    high[77] = 2.9
    table = Columns(100, {**columns.by_quantity, "die_area_mm2": Column(nothing, low, high)})
    with pytest.raises(InputError, match="low end is not above") as caught:
        c.evaluate(density(), table)
    assert caught.value.row == 77


def test_first_bad_row_whatever_the_threads() -> None:
    columns = tiled(density_table(3000, 9), 100)
    area = columns.by_quantity["die_area_mm2"].values.copy()
    area[[150_017, 150_019, 299_999]] = -1
    table = Columns(columns.rows, {**columns.by_quantity, "die_area_mm2": Column(area)})
    for threads in (1, 2, 5):
        with pytest.raises(InputError) as caught:
            c.evaluate(density(), table, threads=threads)
        assert caught.value.row == 150_017


@pytest.mark.parametrize("value", [1e-15, 1e24, 0.0, -0.0])
def test_ends_of_the_range_are_quantities(value: float) -> None:
    columns = density_table(65, 9)
    table = Columns(65, {**columns.by_quantity, "dram_gb_s": Column(np.full(65, value))})
    agree(density(), table)


# ---- memory and threads ----


@pytest.mark.parametrize("rows", [1, 64, 100, 257])
def test_bits_past_the_end_are_zero(rows: int) -> None:
    bits = c.evaluate(density(), density_table(rows, 2))
    assert bits.values.shape == bits.valid.shape == (12, -(-rows // 64))
    last = np.uint64(2 ** (rows % 64 or 64) - 1)
    assert not (bits.valid[:, -1] & ~last).any()
    assert not (bits.values & ~bits.valid).any()


def test_threads_give_equal_bits() -> None:
    table = tiled(density_table(5000, 4, 0.001, 0.001), 20)
    one = c.evaluate(density(), table, threads=1)
    for threads in (2, 3, 7):
        many = c.evaluate(density(), table, threads=threads)
        assert (one.values == many.values).all()
        assert (one.valid == many.valid).all()


def test_strided_and_integer_columns_are_copied() -> None:
    columns = density_table(200, 4)
    wide = np.zeros((200, 3))
    wide[:, 1] = columns.by_quantity["dram_gb_s"].values
    table = Columns(200, {**columns.by_quantity, "dram_gb_s": Column(wide[:, 1])})
    assert (c.evaluate(density(), table).valid == c.evaluate(density(), columns).valid).all()


def test_column_of_another_length() -> None:
    columns = density_table(200, 4)
    table = Columns(200, {**columns.by_quantity, "dram_gb_s": Column(np.ones(199))})
    with pytest.raises(ValueError, match="199"):
        c.evaluate(density(), table)


def test_a_program_is_opened_once() -> None:
    program = density()
    assert c.opened(program) is c.opened(program)
    assert c.opened(density()) is not c.opened(program)


def test_unknown_kernel() -> None:
    with pytest.raises(TppError):
        c.opened(density()).use_kernel("avx9")


# ---- shards ----


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("rows", [0, 1, 64, 100_001, 3 * shards.CHUNK + 5])
def test_shards_cover_all_rows_once(rows: int, threads: int) -> None:
    lock, seen = threading.Lock(), []

    def work(begin: int, end: int) -> None:
        with lock:
            seen.append((begin, end))

    shards.run(rows, threads, work)
    seen.sort()
    assert [begin for begin, _ in seen] == [0, *(end for _, end in seen[:-1])][: len(seen)]
    assert (seen[-1][1] if seen else 0) == rows
    assert all(begin % 64 == 0 for begin, _ in seen)


def test_shards_refuse_no_threads() -> None:
    with pytest.raises(ValueError, match="threads"):
        shards.run(1, 0, lambda begin, end: None)


def test_interrupt_stops_the_other_threads() -> None:
    main, raised = threading.main_thread(), threading.Event()
    begun = []

    def work(begin: int, end: int) -> None:
        begun.append(begin)
        if threading.current_thread() is main:
            raised.set()
            raise KeyboardInterrupt
        raised.wait(10)

    with pytest.raises(KeyboardInterrupt):
        shards.run(50 * shards.CHUNK, 2, work)
    assert len(begun) <= 3
