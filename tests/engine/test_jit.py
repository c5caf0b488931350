"""The Numba engine, with and without a kernel, against the definition written out in fractions."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tppcore.engine.columns import MISSING, Bitmaps, Column, Columns
from tppcore.errors import InputError
from tppcore.program.bounds import TooWide, bounds, epsilon
from tppcore.program.program import Input, Node, Op, Paragraph, Program, Test

pytest.importorskip("numba")
jit = pytest.importorskip("tppcore.engine.jit")

Number = Fraction | float
Span = tuple[Number, Number, bool]
"""low, high (math.inf where open), and whether the metric applies."""

ANYTHING: Span = (Fraction(0), math.inf, True)
NAN = math.nan


# -- the definition -------------------------------------------------------------------------------


def oracle(program: Program, columns: Columns) -> list[list[bool | None]]:
    """The verdicts of every row, by the words of `program.Program`."""
    return [_verdicts(program, _cells(program, columns, i)) for i in range(columns.rows)]


def _cells(program: Program, columns: Columns, i: int) -> list[Span]:
    def stated(entry: Input) -> Span | None:
        column = columns.by_quantity.get(entry.quantity) if entry.given else None
        parts = (column.values, column.low, column.high) if column else (None, None, None)
        value, low, high = (
            None if part is None or math.isnan(part[i]) or part[i] == MISSING else part[i]
            for part in parts
        )
        if value is not None:
            known = Fraction(repr(float(value)))
            return known, known, True
        if low is None and high is None:
            return None
        return (
            Fraction(0) if low is None else Fraction(repr(float(low))),
            math.inf if high is None else Fraction(repr(float(high))),
            True,
        )

    found = [stated(entry) for entry in program.inputs]
    pairs = list(zip(program.inputs, found, strict=True))
    rated = any(entry.closed_list and cell is not None for entry, cell in pairs)

    def filled(entry: Input, cell: Span | None) -> Span:
        if cell is not None:
            return cell
        if entry.default is not None:
            return entry.default, entry.default, True
        if entry.closed_list and rated and not entry.open_unlisted:
            return Fraction(0), Fraction(0), True
        return ANYTHING

    return [filled(entry, cell) for entry, cell in pairs]


def _verdicts(program: Program, cells: Sequence[Span]) -> list[bool | None]:
    states: dict[int, tuple[bool, bool]] = {}
    spans: list[Span] = []
    for index, node in enumerate(program.nodes):
        spans.append(_span(node, spans, cells, states))
        for number, test in enumerate(program.tests):
            if test.node == index:
                states[number] = _state(spans[-1], test)

    def touched(box: tuple[int, ...]) -> bool:
        return all(not states[x >> 1][1] if x & 1 else states[x >> 1][0] for x in box)

    verdicts: list[bool | None] = []
    for paragraph in program.paragraphs:
        true = any(map(touched, paragraph.true_boxes))
        false = any(map(touched, paragraph.false_boxes))
        verdicts.append(true if true != false else None)
    return verdicts


def _times(a: Number, b: Number) -> Number:
    return Fraction(0) if a == 0 or b == 0 else a * b


def _span(
    node: Node, spans: list[Span], cells: Sequence[Span], states: dict[int, tuple[bool, bool]]
) -> Span:
    if node.op == Op.CONST:
        assert node.value is not None
        return node.value, node.value, True
    if node.op == Op.INPUT:
        return cells[node.a]
    if node.op == Op.NOT_APPLICABLE:
        return Fraction(0), math.inf, False
    (al, ah, a_is), (bl, bh, b_is) = spans[node.a], spans[node.b]
    match node.op:
        case Op.ADD:
            return al + bl, ah + bh, True
        case Op.MUL:
            return _times(al, bl), _times(ah, bh), True
        case Op.MAX:
            return max(al, bl), max(ah, bh), True
        case Op.SELECT:
            possible, certain = states[node.test]
            if possible == certain:
                return spans[node.a] if certain else spans[node.b]
            if not (a_is and b_is):
                return Fraction(0), math.inf, False
            return min(al, bl), max(ah, bh), True
    if bh == 0:
        return Fraction(0), math.inf, False
    if bl == 0 and not node.positive:
        return ANYTHING
    low = Fraction(0) if bh == math.inf else Fraction(al) / Fraction(bh)
    if ah == 0:
        return low, Fraction(0), True
    if bl == 0 or ah == math.inf:
        return low, math.inf, True
    return low, Fraction(ah) / Fraction(bl), True


def _state(span: Span, test: Test) -> tuple[bool, bool]:
    low, high, applies = span
    t = test.threshold
    match test.op:
        case ">=":
            possible, certain = high >= t, low >= t
        case ">":
            possible, certain = high > t, low > t
        case "<":
            possible, certain = low < t, high < t
        case _:
            possible, certain = low <= t, high <= t
    return (possible, certain) if applies else (True, False)


def unpacked(bitmaps: Bitmaps) -> list[list[bool | None]]:
    def bits(words: np.ndarray) -> np.ndarray:
        flat = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        assert not flat[:, bitmaps.rows :].any(), "bits past the last row"
        return flat[:, : bitmaps.rows].astype(bool).T

    values, valid = bits(bitmaps.values), bits(bitmaps.valid)
    assert not (values & ~valid).any()
    return [
        [bool(value) if known else None for value, known in zip(*row, strict=True)]
        for row in zip(values, valid, strict=True)
    ]


def check(
    program: Program, columns: Columns, threads: int = 1, ways: Sequence[bool] = (False, True)
) -> None:
    """With a kernel (True) and without, where every row is decided in whole numbers."""
    expected = oracle(program, columns)
    for compiled in ways:
        found = jit.evaluate(program, columns, threads=threads, compiled=compiled)
        assert unpacked(found) == expected, compiled


# -- programs -------------------------------------------------------------------------------------

INPUTS = (
    Input("rate_a", closed_list=True),
    Input("rate_b", closed_list=True),
    Input("area", positive=True),
    Input("io"),
    Input("extra", default=Fraction(3, 2)),
    Input("flag"),
    Input("absent", given=False),
)


def proven(nodes: Sequence[Node], tests: Sequence[Test]) -> tuple[Test, ...]:
    """The tests with the error bounds of the compiler."""
    found = bounds(nodes)
    return tuple(replace(t, epsilon=epsilon(found[t.node], t.threshold)) for t in tests)


def each_test(tests: Sequence[Test]) -> tuple[Paragraph, ...]:
    """A paragraph for every test, and one for every pair of neighbours."""
    single = [Paragraph(str(i), ((i << 1,),), ((i << 1 | 1,),)) for i in range(len(tests))]
    pairs = [
        Paragraph(f"{i} and {i + 1}", ((i << 1, i + 1 << 1),), ((i << 1 | 1,), (i + 1 << 1 | 1,)))
        for i in range(len(tests) - 1)
    ]
    return (*single, *pairs)


def density() -> Program:
    """max(16 a, 19 b) / area, as in 3A090."""
    nodes = (
        Node(Op.INPUT, 0),
        Node(Op.CONST, value=Fraction(16)),
        Node(Op.MUL, 0, 1),
        Node(Op.INPUT, 1),
        Node(Op.CONST, value=Fraction(19)),
        Node(Op.MUL, 3, 4),
        Node(Op.MAX, 2, 5),
        Node(Op.INPUT, 2),
        Node(Op.DIV, 6, 7, positive=True),
    )
    limits = (
        (6, ">=", "4800"),
        (8, ">=", "5.92"),
        (8, ">", "1.6"),
        (8, "<", "3.2"),
        (8, "<=", "1.6"),
    )
    tests = proven(nodes, [Test(n, op, Fraction(t), 0.0) for n, op, t in limits])
    return Program(INPUTS, nodes, tests, each_test(tests), (("tpp", 6), ("density", 8)))


def column(*values: float) -> Column:
    return Column(np.array(values, dtype=np.float64))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Any graph of operations over INPUTS, with the tests that its choices need and more."""
    nodes: list[Node] = [Node(Op.INPUT, i) for i in range(len(INPUTS))]
    nodes += [Node(Op.NOT_APPLICABLE)]
    tests: list[Test] = []
    decimals = st.sampled_from([Fraction(x) for x in ("0", "1", "0.3", "19", "16", "5.92")])
    for _ in range(draw(st.integers(1, 8))):
        a, b = (draw(st.integers(0, len(nodes) - 1)) for _ in range(2))
        op = draw(st.sampled_from([Op.ADD, Op.MUL, Op.DIV, Op.MAX, Op.SELECT, Op.CONST]))
        if op == Op.CONST:
            nodes.append(Node(op, value=draw(decimals)))
            continue
        test = 0
        if op == Op.SELECT:
            test = len(tests)
            tests.append(draw(_tests(draw(st.integers(0, len(nodes) - 1)))))
        positive = op == Op.DIV and nodes[b].op == Op.INPUT and INPUTS[nodes[b].a].positive
        nodes.append(Node(op, a, b, test, positive=positive))
    for _ in range(draw(st.integers(1, 4))):
        tests.append(draw(_tests(draw(st.integers(0, len(nodes) - 1)))))
    try:
        proved = proven(nodes, tests)
    except TooWide:  # the compiler refuses it too
        reject()
    return Program(INPUTS, tuple(nodes), proved, each_test(proved), ())


@st.composite
def _tests(draw: st.DrawFn, node: int) -> Test:
    threshold = draw(st.sampled_from(["0.3", "1", "1.5", "5.92", "16", "4800"]))
    return Test(node, draw(st.sampled_from([">=", ">", "<", "<="])), Fraction(threshold), 0.0)


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    rows = draw(st.sampled_from([1, 2, 65]))
    seed = draw(st.integers(0, 2**32 - 1))
    ranges = draw(st.booleans())
    rng = np.random.default_rng(seed)
    pool = np.array([0.3, 1, 1.5, 5.92, 16, 300, 4800, 1e-15, 1e24, 0.1 + 0.2, 1 / 3, 2.96, NAN])
    columns: dict[str, Column] = {}
    for entry in INPUTS[:-1]:
        if entry.quantity == "flag":
            columns["flag"] = Column(rng.choice([0, 1, MISSING], rows).astype(np.uint8))
            continue
        choices = pool if entry.positive else np.append(pool, 0.0)
        values, other = rng.choice(choices, rows), rng.choice(choices, rows)
        if not ranges:
            columns[entry.quantity] = Column(values)
            continue
        ranged = rng.random(rows) < 0.5
        low = np.where(ranged, np.fmin(values, other), NAN)
        high = np.where(ranged & (rng.random(rows) < 0.7), np.fmax(values, other), NAN)
        columns[entry.quantity] = Column(np.where(ranged, NAN, values), low, high)
    return Columns(rows, columns)


@settings(max_examples=120, deadline=None)
@given(programs(), tables())
def test_any_program_in_whole_numbers(program: Program, columns: Columns) -> None:
    check(program, columns, ways=(False,))


@settings(max_examples=12, deadline=None)
@given(programs(), st.lists(tables(), min_size=8, max_size=8))
def test_any_program_compiled(program: Program, some: list[Columns]) -> None:
    """Fewer programs, as each is compiled, but each over several tables."""
    for columns in some:
        check(program, columns, ways=(True,))


def test_unlisted_rates_may_stay_open() -> None:
    inputs = tuple(replace(entry, open_unlisted=entry.closed_list) for entry in INPUTS)
    program = replace(density(), inputs=inputs)
    check(program, Columns(3, {"rate_a": column(300, 299, NAN), "area": column(800, NAN, 10)}))
    # A listed rate is a lower bound of the TPP then.
    found = unpacked(jit.evaluate(program, Columns(2, {"rate_a": column(300, 299)})))
    assert [row[0] for row in found] == [True, None]


def test_an_absent_rate_is_zero_only_beside_a_stated_one() -> None:
    columns = Columns(2, {"rate_a": column(NAN, 10), "area": column(800, 800)})
    assert [row[0] for row in unpacked(jit.evaluate(density(), columns))] == [None, False]


def test_ties_that_doubles_get_wrong() -> None:
    """tops * 16 / area is 5.92 exactly, written in decimals; doubles land on both sides."""
    area = np.arange(1.0, 4001.0)
    tops = np.rint(area * 37) / 100
    columns = Columns(len(area), {"rate_a": Column(tops), "area": Column(area)})
    naive = tops * 16 / area >= 5.92
    assert 0 < np.count_nonzero(~naive) < len(area)
    assert all(row[1] for row in unpacked(jit.evaluate(density(), columns)))


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 255, 256, 257, 1000])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_length(rows: int, threads: int) -> None:
    rng = np.random.default_rng(rows)
    columns = Columns(
        rows,
        {
            "rate_a": Column(rng.choice([299.99999, 300, 300.00001, NAN], rows)),
            "area": Column(rng.choice([810.81, 3000, 1500, NAN], rows)),
        },
    )
    check(density(), columns, threads)


def test_threads_agree() -> None:
    rng = np.random.default_rng(5)
    rows = 100_003
    values = {"rate_a": rng.integers(1, 600, rows) * 1.0, "area": rng.integers(1, 900, rows) * 0.5}
    columns = Columns(rows, {name: Column(each) for name, each in values.items()})
    one, many = (jit.evaluate(density(), columns, threads=n) for n in (1, 4))
    assert np.array_equal(one.values, many.values)
    assert np.array_equal(one.valid, many.valid)


def test_metrics_are_doubles_or_bounds() -> None:
    columns = Columns(
        4,
        {
            "rate_a": column(1979, 300, NAN, NAN),
            "rate_b": column(NAN, NAN, NAN, 100),
            "area": Column(np.array([814, NAN, 814, NAN]), np.array([NAN, NAN, NAN, 300.0]), None),
        },
    )
    low, high = jit.metrics(density(), columns)
    assert low.tolist() == [[31664, 4800, 0, 1900], [31664 / 814, 0, 0, 0]]
    assert high.tolist() == [
        [31664, 4800, math.inf, 1900],
        [31664 / 814, math.inf, math.inf, 1900 / 300],
    ]


def test_metrics_that_do_not_apply() -> None:
    nodes = (
        Node(Op.INPUT, 3),
        Node(Op.INPUT, 5),
        Node(Op.DIV, 0, 1),
        Node(Op.NOT_APPLICABLE),
        Node(Op.SELECT, 0, 3, 0),
    )
    tests = (Test(1, ">=", Fraction(1), 0.0), Test(2, ">=", Fraction(4), 2.0**-50))
    program = Program(INPUTS, nodes, tests, each_test(tests), (("ratio", 2), ("chosen", 4)))
    flag = Column(np.array([0, 1, MISSING], np.uint8))
    columns = Columns(3, {"io": column(8, 8, 8), "flag": flag})
    check(program, columns)
    low, high = jit.metrics(program, columns)
    np.testing.assert_equal(low, [[NAN, 8, 0], [NAN, 8, NAN]])
    np.testing.assert_equal(high, [[NAN, 8, math.inf], [NAN, 8, NAN]])


@pytest.mark.parametrize(
    ("quantity", "bad", "row", "expected"),
    [
        ("io", column(1, math.inf), 1, "0 or a number from 1e-15 to 1e+24"),
        ("io", column(-1, 1), 0, "0 or a number from 1e-15 to 1e+24"),
        ("io", column(1, 9e-16), 1, "0 or a number from 1e-15 to 1e+24"),
        ("io", column(2e24, 9e-16), 0, "0 or a number from 1e-15 to 1e+24"),
        ("area", column(1, 0), 1, "a number above 0"),
        ("flag", Column(np.array([255, 2], np.uint8)), 1, "0, 1 or missing"),
        (
            "io",
            Column(np.array([NAN, 1]), np.array([1.0, 1]), np.array([NAN, NAN])),
            1,
            "a value or a range, not both",
        ),
        (
            "io",
            Column(None, np.array([1.0, 3]), np.array([NAN, 2.0])),
            1,
            "a range whose low end is not above its high",
        ),
        ("io", Column(None, None, np.array([NAN, -1.0])), 1, "0 or a number from 1e-15 to 1e+24"),
    ],
)
def test_a_number_that_is_no_quantity(quantity: str, bad: Column, row: int, expected: str) -> None:
    nodes = tuple(Node(Op.INPUT, i) for i in range(len(INPUTS)))
    program = Program(INPUTS, nodes, (), (), ())
    good = {entry.quantity: column(1, 1) for entry in INPUTS}
    with pytest.raises(InputError) as caught:
        jit.evaluate(program, Columns(2, {**good, quantity: bad}))
    assert (caught.value.column, caught.value.row) == (quantity, row)
    assert expected in str(caught.value)


def test_the_first_bad_row_is_named() -> None:
    values = np.ones(5000)
    values[[4000, 777, 778]] = -1
    others = np.ones(5000)
    others[777] = math.inf
    table = Columns(5000, {"rate_a": Column(values), "area": Column(others)})
    with pytest.raises(InputError, match=r"row 778, column rate_a: -1\.0"):
        jit.evaluate(density(), table, threads=2)


def test_threads_and_outputs_are_reused() -> None:
    columns = Columns(100, {"rate_a": Column(np.full(100, 300.0)), "area": Column(np.ones(100))})
    out = Bitmaps.empty(len(density().paragraphs), 100)
    out.values[:], out.valid[:] = 2**64 - 1, 2**64 - 1
    assert jit.evaluate(density(), columns, out=out) is out
    assert unpacked(out) == unpacked(jit.evaluate(density(), columns))


def test_a_long_table_gets_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    program = density()
    monkeypatch.setattr(jit, "_COMPILE_FROM", 200)
    columns = Columns(100, {"rate_a": Column(np.full(100, 300.0))})
    jit.evaluate(program, columns)
    assert jit.prepared(program).kernel(0, None) == 0
    jit.evaluate(program, columns)
    assert jit.prepared(program).kernel(0, None) != 0


@pytest.mark.parametrize("rows", [1, 100, 300])
def test_other_types_come_in_parts(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """float32, integers and nulls mean the same decimals, whatever the part they lie in."""
    monkeypatch.setattr(jit, "_WIDEN", 128)
    area = np.arange(1, rows + 1)
    tops = np.rint(area * 37) / 100
    nulls = np.packbits(np.arange(rows + 3) % 7 != 3, bitorder="little")
    mixed = {
        "rate_a": Column(tops.astype(np.float32)),
        "area": Column(area.astype(np.int16), present=nulls, first_bit=3),
    }
    there = (np.arange(rows) + 3) % 7 != 3
    same = {"rate_a": Column(tops), "area": Column(np.where(there, area, NAN))}
    one, other = (jit.evaluate(density(), Columns(rows, each)) for each in (mixed, same))
    assert unpacked(one) == unpacked(other)


def test_a_bad_number_of_another_type_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_WIDEN", 64)
    values = np.ones(300, np.int64)
    values[200] = 2**53 + 1
    table = Columns(300, {"rate_a": Column(values), "area": Column(np.ones(300))})
    with pytest.raises(InputError, match=r"row 201, column rate_a: .* no more digits"):
        jit.evaluate(density(), table)
    table.by_quantity["area"].values[199] = 0  # type: ignore[index]
    with pytest.raises(InputError, match=r"row 200, column area: 0\.0; expected a number above 0"):
        jit.evaluate(density(), table)


CACHE = """
from fractions import Fraction
from tppcore.engine import blocks
from tppcore.program.program import Input, Node, Op, Paragraph, Program, Test
test = Test(0, ">=", Fraction({threshold}), 0.0)
boxes = ((0,),), ((1,),)
program = Program((Input("io"),), (Node(Op.INPUT, 0),), (test,), (Paragraph("p", *boxes),), ())
print(blocks.kernel(program)._cache_hits)
"""


def test_kernels_are_kept_between_processes(tmp_path: Path) -> None:
    def hits(threshold: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", CACHE.format(threshold=threshold)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert [hits(1), hits(1), hits(2), hits(2), hits(1)] == ["0", "1", "0", "1", "1"]


def test_importing_the_engine_does_not_import_numba() -> None:
    code = "import sys, tppcore.engine.jit as j; j.available(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
