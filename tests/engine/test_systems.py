"""Systems in batch: the C engine and its NumPy twin against fractions."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tppcore.engine import adding, c, choose, systems
from tppcore.engine.columns import Bitmaps, Column, Columns
from tppcore.engine.parts import Figure, Parts, SystemProgram, TooWide, bits
from tppcore.errors import InputError
from tppcore.program.program import Input, Node, Op, Paragraph, Program, Test

pytestmark = pytest.mark.skipif(not c.available(), reason="built without a C compiler")

INF = math.inf
EPSILON = 2.0**-45
End = Fraction | float
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


# ---- laws and parts ----


def both_ends(figures: Sequence[Figure], parts: Parts, **options: Any) -> tuple[Any, Any]:
    """Both ends of figures as arrays (figures, systems)."""
    found = systems.aggregates(figures, parts, **options)
    shape = (len(figures), parts.systems)
    return np.array(found.low).reshape(shape), np.array(found.high).reshape(shape)


def bitmaps(verdicts: Sequence[Sequence[bool | None]], items: int) -> Bitmaps:
    """Verdicts by leaf and item as bitmaps."""
    out = Bitmaps.empty(len(verdicts), items)
    out.values[:], out.valid[:] = 0, 0
    for leaf, row in enumerate(verdicts):
        for item, verdict in enumerate(row):
            bit = np.uint64(1 << item % 64)
            out.values[leaf, item // 64] |= bit if verdict else np.uint64(0)
            out.valid[leaf, item // 64] |= bit if verdict is not None else np.uint64(0)
    return out


def law_of(
    figures: Sequence[Figure],
    thresholds: Sequence[tuple[str, str, Fraction]],
    leaves: Sequence[str] = (),
    met: Sequence[Sequence[bool | None]] = (),
    *,
    positive: Sequence[str] = (),
    asked: Sequence[int] | None = None,
    items: int | None = None,
) -> SystemProgram:
    """One paragraph a threshold, and one that is any two of them together, and the bare leaves."""
    names = sorted({name for name, _, _ in thresholds})
    inputs = tuple(Input(name, positive=name in positive) for name in names)
    nodes = tuple(Node(Op.INPUT, i) for i in range(len(names)))
    tests = tuple(
        Test(names.index(name), op, threshold, EPSILON) for name, op, threshold in thresholds
    )
    paragraphs = [
        Paragraph(f"p{i}", ((i << 1,),), ((i << 1 | 1,),)) for i in range(len(thresholds))
    ]
    for i in range(1, len(thresholds)):
        both = ((i << 1, (i - 1) << 1),)
        paragraphs.append(Paragraph(f"q{i}", both, ((i << 1 | 1,), ((i - 1) << 1 | 1,))))
    program = Program(inputs if paragraphs else (), nodes, tests, tuple(paragraphs), ())
    count = items if items is not None else len(figures[0].low)
    if asked is None:
        asked = [*range(len(leaves)), *(~i for i in range(len(paragraphs)))]
    return SystemProgram(program, tuple(figures), tuple(leaves), bitmaps(met, count), tuple(asked))


def column(values: Sequence[Any], dtype: str, nulls: Sequence[int] = (), first: int = 0) -> Column:
    """A column, with a bitmap where anything is null, whose row 0 is at bit `first`."""
    array = np.array(values).astype(dtype)
    if not nulls:
        return Column(array)
    flags = np.ones(first + len(array), np.bool_)
    flags[[first + row for row in nulls]] = False
    return Column(array, present=np.packbits(flags, bitorder="little"), first_bit=first)


def offsets_of(sizes: Sequence[int], dtype: str = "int64") -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(dtype)


# ---- the oracle: one system at a time, in fractions ----


def part_rows(parts: Parts, system: int) -> list[tuple[int | None, int | None, bool]]:
    """(item, count, host) of the parts of a system; None where null."""
    rows = []
    unknown, uncounted = parts.items.nulls(), parts.counts.nulls()
    for p in range(int(parts.offsets[system]), int(parts.offsets[system + 1])):
        count = None if uncounted[p] else parts.counts.values[p].item()
        count = None if count is not None and math.isnan(count) else count
        host = parts.hosts is not None and bool(parts.hosts.values[p])
        item = None if unknown[p] else int(parts.items.values[p])
        rows.append((item, None if count is None else int(count), host))
    return rows


def interval(figure: Figure, parts: Parts, system: int) -> tuple[End, End]:
    low: End = Fraction(0)
    high: End = Fraction(0)
    for item, count, host in part_rows(parts, system):
        if host and not figure.with_hosts:
            continue
        a, b = (Fraction(0), INF) if item is None else (figure.low[item], figure.high[item])
        if figure.is_sum:
            low += a * (count or 1)
            high += (b * count if b else 0) if count is not None else (INF if b else 0)
        else:
            low, high = max(low, a), max(high, b)
    return low, high


def state_of(ends: tuple[End, End], test: Test) -> tuple[bool, bool]:
    holds = {
        ">=": lambda v: v >= test.threshold,
        ">": lambda v: v > test.threshold,
        "<": lambda v: v < test.threshold,
        "<=": lambda v: v <= test.threshold,
    }[test.op]
    both = [holds(ends[0]), holds(ends[1])]
    return any(both), all(both)


def verdict_on(law: SystemProgram, place: int, parts: Parts, system: int) -> bool | None:
    if place >= 0:
        values, valid = bits(law.met.values, law.items), bits(law.met.valid, law.items)
        found = [
            None if item is None or not valid[place, item] else bool(values[place, item])
            for item, _, _ in part_rows(parts, system)
        ]
        return True if True in found else None if None in found else False
    paragraph = law.program.paragraphs[~place]
    figures = {each.name: each for each in law.figures}

    def touches(boxes: Sequence[Sequence[int]]) -> bool:
        return any(all(possible(literal) for literal in box) for box in boxes)

    def possible(literal: int) -> bool:
        test = law.program.tests[literal >> 1]
        name = law.program.inputs[test.node].quantity
        if name in law.leaves:
            leaf = verdict_on(law, law.leaves.index(name), parts, system)
            ends = (Fraction(int(leaf is True)), Fraction(int(leaf is not False)))
        else:
            ends = interval(figures[name], parts, system)
        can, must = state_of(ends, test)
        return not must if literal & 1 else can

    can_hold, can_fail = touches(paragraph.true_boxes), touches(paragraph.false_boxes)
    return None if can_hold and can_fail else can_hold


def answers(law: SystemProgram, parts: Parts, **how: Any) -> list[tuple[Bitmaps, list[int]]]:
    """Of C in one thread and two, of the twin with the programs decided in C."""
    facts = how.pop("facts", None) or Columns(parts.systems, {})
    out = Bitmaps.empty(len(law.paragraphs), parts.systems)
    found = []
    for threads in (1, 2):
        verdicts, unsettled = systems.evaluate(law, parts, facts, engine="c", threads=threads)
        found.append((verdicts, unsettled.tolist()))
    found.append((out, adding.evaluate(law, parts, facts, c, None, out).tolist()))
    return found


def same(found: list[tuple[Bitmaps, list[int]]]) -> tuple[Bitmaps, list[int]]:
    for bitmap, unsettled in found[1:]:
        np.testing.assert_array_equal(bitmap.values, found[0][0].values)
        np.testing.assert_array_equal(bitmap.valid, found[0][0].valid)
        assert unsettled == found[0][1]
    return found[0]


def verdicts_of(found: Bitmaps) -> list[list[bool | None]]:
    values, valid = bits(found.values, found.rows), bits(found.valid, found.rows)
    return np.where(valid, values, None).tolist()


def check(law: SystemProgram, parts: Parts) -> list[int]:
    """Compares verdicts and aggregates with the oracle; the systems that are not settled."""
    found, unsettled = same(answers(law, parts))
    for row, place in enumerate(law.paragraphs):
        for system, verdict in enumerate(verdicts_of(found)[row]):
            expected = verdict_on(law, place, parts, system)
            if verdict is None and place < 0 and system in unsettled:
                continue
            assert verdict == expected, (row, system, expected)
    low, high = both_ends(law.figures, parts, engine="c", threads=2)
    other = both_ends(law.figures, parts, engine="jit")
    np.testing.assert_array_equal(low, other[0])
    np.testing.assert_array_equal(high, other[1])
    for i, figure in enumerate(law.figures):
        for system in range(parts.systems):
            ends = interval(figure, parts, system)
            assert (low[i, system], high[i, system]) == (float(ends[0]), float(ends[1]))
    return unsettled


# ---- random tables ----

DENOMINATORS = (1, 10, 1000, 10**6, 10**15, 3, 8, 7 * 25)


def random_figure(rng: random.Random, name: str, items: int) -> Figure:
    most = rng.choice((9, 10**4, 2**32 + 1, 2**53 + 2, 2**64 - 10**7))
    denominator = rng.choice(DENOMINATORS[: 8 if most < 2**53 else 6])
    factor = rng.choice((1, 1, 1, 10**6)) if most < 10**5 else 1
    low, high = [], []
    for _ in range(items):
        a = Fraction(rng.randint(0, most) * factor, denominator)
        kind = rng.random()
        b = a if kind < 0.6 else INF if kind < 0.8 else a + Fraction(rng.randint(0, 9), denominator)
        low.append(min(a, Fraction(most * factor, denominator)))
        high.append(b)
    return Figure(name, rng.random() < 0.7, rng.random() < 0.5, low, high)


def random_parts(rng: random.Random, items: int, n: int) -> Parts:
    sizes = [rng.choice((1, 1, 2, 3, 3, 3, 7)) for _ in range(n)]
    if rng.random() < 0.3:
        sizes[rng.randrange(n)] = rng.choice((130, 1023, 1024, 1025, 2300))
    m = sum(sizes)
    kind = rng.choice((*INTEGERS, "float64"))
    most = 100 if kind in ("int8", "uint8") else rng.choice((3, 72, 30000, 2**31 - 1))
    if kind in ("int16", "uint16"):
        most = min(most, 30000)
    counts = [rng.randint(1, most) for _ in range(m)]
    if most > 10**6 and kind not in ("int32",):
        counts[rng.randrange(m)] = 2**32 - 1
    places = [rng.randrange(items) for _ in range(m)]
    some = [row for row in range(m) if rng.random() < 0.05] if rng.random() < 0.5 else []
    others = [row for row in range(m) if rng.random() < 0.05] if rng.random() < 0.5 else []
    hosts = None
    if rng.random() < 0.4:
        hosts = Column(np.array([rng.random() < 0.2 for _ in range(m)], np.uint8))
    count = column(counts, kind, others, rng.randrange(20))
    if kind == "float64" and others and rng.random() < 0.5:
        count.values[others] = np.nan
        count = Column(count.values)
    kinds = INTEGERS if items < 128 else INTEGERS[1:]
    place = column(places, rng.choice(kinds), some, rng.randrange(20))
    if some:
        place.values[some] = 99  # what is null is not read
    return Parts(offsets_of(sizes, rng.choice(("int32", "int64"))), place, count, hosts)


def near(rng: random.Random, figure: Figure, parts: Parts) -> Fraction:
    """A threshold at the sum of some system, or a unit off."""
    ends = [each for each in interval(figure, parts, rng.randrange(parts.systems)) if each < INF]
    unit = Fraction(1, max(each.denominator for each in ends))
    return written(max(Fraction(0), rng.choice(ends) + rng.choice((-1, 0, 0, 1)) * unit))


def written(number: Fraction) -> Fraction:
    """A decimal that a program holds: the number itself, or of its nearest double."""
    is_decimal = 10**30 % number.denominator == 0
    return number if is_decimal and number * 10**15 < 10**18 else Fraction(repr(float(number)))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_random_tables(seed: int) -> None:
    rng = random.Random(seed)
    items, n = rng.choice((1, 5, 130)), rng.choice((1, 2, 63, 64, 65, 90))
    figures = [random_figure(rng, f"f{i}", items) for i in range(rng.choice((0, 1, 3, 7)))]
    parts = random_parts(rng, items, n)
    leaves = [f"any:{i}" for i in range(rng.choice((0, 1, 5, 33, 70)))]
    met = [[rng.choice((True, False, False, None)) for _ in range(items)] for _ in leaves]
    thresholds = [
        (each.name, rng.choice((">=", ">", "<")), near(rng, each, parts)) for each in figures
    ]
    thresholds += [(name, ">=", Fraction(1)) for name in leaves[:3]]
    thresholds = [
        each for each in thresholds if each[2] < 10**24 and (not each[2] or each[2] > 1e-9)
    ]
    check(law_of(figures, thresholds, leaves, met, items=items), parts)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 511, 512, 513, 1023, 1025])
@pytest.mark.parametrize("kernel", ["avx2", "portable"])
def test_borders_of_blocks(n: int, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if (
        kernel == "avx2"
        and "avx2" not in c.opened(law_of([], [("x", ">", Fraction(1))], items=0).program).kernel
    ):
        pytest.skip("no AVX2")
    monkeypatch.setenv("TPPCORE_KERNEL", kernel)
    rng = random.Random(n)
    figures = [random_figure(rng, f"f{i}", 9) for i in range(4)]
    parts = random_parts(rng, 9, n)
    met = [[rng.choice((True, False, None)) for _ in range(9)] for _ in range(3)]
    thresholds = [(each.name, ">=", near(rng, each, parts)) for each in figures]
    thresholds.append(("any:1", ">=", Fraction(1)))
    law = law_of(figures, thresholds, ["any:0", "any:1", "any:2"], met)
    found, _ = same(answers(law, parts))
    some = [0, n // 2, n - 1]
    for row, place in enumerate(law.paragraphs[:3]):
        for system in some:
            assert verdicts_of(found)[row][system] == verdict_on(law, place, parts, system)


# ---- fixed examples ----


def points(name: str, values: Sequence[str | int], **how: Any) -> Figure:
    numbers = [Fraction(each) for each in values]
    return Figure(name, how.get("is_sum", True), how.get("with_hosts", True), numbers, numbers)


def one(law: SystemProgram, items: Sequence[int], counts: Sequence[int]) -> list[bool | None]:
    parts = Parts(offsets_of([len(items)]), column(items, "int32"), column(counts, "int32"))
    check(law, parts)
    return [row[0] for row in verdicts_of(same(answers(law, parts))[0])]


def test_float_sums_would_be_wrong() -> None:
    """0.1 + 0.2 > 0.3 in doubles, and three times 0.1 too; ten times 0.1 is below 1 there."""
    law = law_of([points("tpp", ["0.1", "0.2"])], [("tpp", ">", Fraction("0.3"))])
    assert 0.1 + 0.2 > 0.3
    assert one(law, [0, 1], [1, 1]) == [False]
    law = law_of([points("tpp", ["0.1", "0.2"])], [("tpp", ">=", Fraction(1))])
    assert sum([0.1] * 10) < 1
    assert one(law, [0] * 10, [1] * 10) == [True]


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("size", [2**31, 2**32, 10**15, 2**53, 10**16, 10**17, 2**63, 2**64, 2**80])
def test_thresholds_at_large_sums(size: int, off: int) -> None:
    """A sum that doubles don't hold is settled unless the threshold lies within the doubles next
    to it, and then it is reported."""
    count = 2**32 - 1 if size > 2**64 else 1000
    value, rest = divmod(size, count)
    figure = points("f", [value, max(rest, 1)])
    total = value * count + max(rest, 1)
    threshold = Fraction(repr(float(total)))
    threshold = written(threshold + off * Fraction(math.ulp(float(total))))
    law = law_of([figure], [("f", ">=", threshold)])
    parts = Parts(offsets_of([2, 1]), column([0, 1, 1], "int32"), column([count, 1, 1], "uint32"))
    unsettled = check(law, parts)
    is_short = Fraction(repr(float(total))) == total
    assert unsettled == ([] if is_short else unsettled)
    assert 1 not in unsettled


def test_sums_with_too_many_digits_are_reported() -> None:
    law = law_of(
        [points("f", [10**17 + 1])], [("f", ">", Fraction(10**17)), ("f", ">", Fraction(9))]
    )
    parts = Parts(offsets_of([1, 1]), column([0, 0], "int8"), column([1, 10], "uint8"))
    found, unsettled = same(answers(law, parts))
    assert unsettled == [0]
    assert verdicts_of(found) == [[None, True], [True, True], [None, True]]


def test_thirds() -> None:
    """Three thirds are one; two of them are no decimal, and lie between two doubles."""
    law = law_of([points("f", ["1/3"])], [("f", ">=", Fraction(1)), ("f", ">=", Fraction("0.6"))])
    parts = Parts(offsets_of([1, 1]), column([0, 0], "int8"), column([3, 2], "int8"))
    assert check(law, parts) == []
    assert verdicts_of(same(answers(law, parts))[0])[0] == [True, False]
    low, high = both_ends(law.figures, parts, engine="c")
    assert low.tolist() == high.tolist() == [[1.0, 2 / 3]]


def test_missing_parts_leave_the_least_that_is_certain() -> None:
    figure = Figure("f", True, True, [Fraction(5), Fraction(0)], [Fraction(5), Fraction(0)])
    most = Figure("g", False, True, figure.low, figure.high)
    law = law_of(
        [figure, most],
        [("f", ">=", Fraction(10)), ("g", ">=", Fraction(6))],
        ["any:x"],
        [[False, False]],
    )
    parts = Parts(
        offsets_of([2, 2, 2, 1]),
        column([0, 0, 0, 1, 0, 1, 0], "int64", [3], 5),
        column([2, 1, 1, 1, 1, 1, 3], "float64", [1, 5], 3),
    )
    check(law, parts)
    low, high = both_ends(law.figures, parts, engine="c")
    # A count that nobody knows is at least 1, also of nothing; an item may be anything.
    assert low.tolist() == [[15, 5, 5, 15], [5, 5, 5, 5]]
    assert high.tolist() == [[INF, INF, 5, 15], [5, INF, 5, 5]]
    found = verdicts_of(same(answers(law, parts))[0])
    assert found[0] == [False, None, False, False]
    assert found[1] == [True, None, False, True]
    assert found[2] == [False, None, False, False]


def test_hosts_count_where_they_should() -> None:
    chips = points("chips", [4, 7], with_hosts=False)
    everything = points("all", [4, 7])
    largest = points("largest", [4, 7], is_sum=False, with_hosts=False)
    law = law_of(
        [chips, everything, largest], [("chips", ">=", Fraction(8))], ["any:x"], [[False, True]]
    )
    hosts = Column(np.array([0, 1, 1], np.uint8))
    parts = Parts(
        offsets_of([2, 1]), column([0, 1, 1], "uint16"), column([2, 1, 3], "int16"), hosts
    )
    check(law, parts)
    low, _ = both_ends(law.figures, parts, engine="c")
    assert low.tolist() == [[8, 0], [15, 21], [4, 0]]
    assert verdicts_of(same(answers(law, parts))[0]) == [[True, True], [True, False]]


def test_facts_come_before_sums() -> None:
    figure = points("chips_w", [500])
    law = law_of([figure], [("chips_w", ">=", Fraction(1000)), ("racks", ">=", Fraction(2))])
    parts = Parts(offsets_of([1] * 4), column([0] * 4, "int32"), column([2] * 4, "int32"))
    nan = math.nan
    fact = Column(np.array([900, nan, nan, 1100.0]), np.array([nan, nan, 900, nan]), None)
    racks = Column(np.array([1, 2, 3, 4], np.float32))
    for each in (
        fact,
        Column(fact.values.astype(np.float32), fact.low),
        column([900, 0, 0, 1100], "int16", [1, 2], 7),
    ):
        facts = Columns(4, {"chips_w": each, "racks": racks})
        found = verdicts_of(same(answers(law, parts, facts=facts))[0])
        third = None if each.low is not None else True
        assert found[0] == [False, True, third, True]
        assert found[1] == [False, True, True, True]


def test_low_ends_of_what_is_positive() -> None:
    """A low end of 0 would be refused: it is left open."""
    figure = Figure("f", True, True, [Fraction(0)], [INF])
    law = law_of([figure], [("f", ">", Fraction(0))], positive=["f"])
    parts = Parts(offsets_of([1]), column([0], "int32"), column([2], "int32"))
    assert verdicts_of(same(answers(law, parts))[0]) == [[None]]


def test_asked_in_any_order_and_twice() -> None:
    law = law_of(
        [points("f", [1])],
        [("f", ">", Fraction(1))],
        ["any:x", "any:y"],
        [[True], [False]],
        asked=[1, ~0, 0, 1, ~0],
    )
    parts = Parts(offsets_of([1, 1]), column([0, 0], "int32"), column([1, 2], "int32"))
    found = verdicts_of(same(answers(law, parts))[0])
    assert found == [[False] * 2, [False, True], [True] * 2, [False] * 2, [False, True]]


def test_numba_decides_the_same() -> None:
    if not choose.available("jit"):
        pytest.skip("no Numba")
    rng = random.Random(7)
    figures = [random_figure(rng, f"f{i}", 20) for i in range(3)]
    parts = random_parts(rng, 20, 100)
    law = law_of(figures, [(each.name, ">=", near(rng, each, parts)) for each in figures])
    facts = Columns(100, {})
    expected, unsettled = same(answers(law, parts))
    found, others = systems.evaluate(law, parts, facts, engine="jit")
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.valid, expected.valid)
    assert others.tolist() == unsettled


def test_more_figures_than_one_pass_takes() -> None:
    figures = [points(f"f{i}", [i, 2 * i]) for i in range(70)]
    parts = Parts(offsets_of([2]), column([0, 1], "int32"), column([3, 1], "int32"))
    for engine in ("c", "jit"):
        low, high = both_ends(figures, parts, engine=engine)
        assert low[:, 0].tolist() == high[:, 0].tolist() == [5.0 * i for i in range(70)]


def test_figures_that_are_too_wide() -> None:
    parts = Parts(offsets_of([1]), column([0], "int32"), column([1], "int32"))
    for engine in ("c", "jit"):
        with pytest.raises(TooWide, match="f: whole numbers of its unit need more than 64 bits"):
            both_ends([points("f", ["123456789012345678901/3"])], parts, engine=engine)


# ---- errors ----


def refused(parts: Parts, match: str, *, items: int = 3) -> None:
    law = law_of([points("f", [1] * items)], [("f", ">", Fraction(1))])
    facts = Columns(parts.systems, {})
    for engine in ("c", "jit"):
        with pytest.raises(InputError, match=match):
            both_ends(law.figures, parts, engine=engine)
    with pytest.raises(InputError, match=match):
        systems.evaluate(law, parts, facts, engine="c", threads=2)
    with pytest.raises(InputError, match=match):
        adding.evaluate(law, parts, facts, c, None, Bitmaps.empty(1, parts.systems))


@pytest.mark.parametrize("dtype", [*INTEGERS, "float64"])
@pytest.mark.parametrize("count", [0, -1, -128, 2**32, 2**40, 1.5, 2**63, INF, -INF])
def test_bad_counts(dtype: str, count: float) -> None:
    if dtype != "float64":
        span = np.iinfo(dtype)
        if count != int(count) if math.isfinite(count) else True:
            pytest.skip("no integer")
        if not span.min <= count <= span.max:
            pytest.skip("not of that type")
    n = 1500
    values = np.ones(n, dtype)
    values[1403] = count
    parts = Parts(np.arange(n + 1), Column(np.zeros(n, np.int16)), Column(values))
    refused(parts, r"^row 1404, column count: .*; expected a whole number from 1 to 4294967295$")


@pytest.mark.parametrize(
    ("dtype", "items"),
    [*((dtype, items) for dtype in INTEGERS for items in (3, 128, 256)), ("int16", 33_000)],
)
def test_bad_items(dtype: str, items: int) -> None:
    values = np.zeros(400, dtype)
    span = np.iinfo(dtype)
    for bad in (-1, span.min, items, span.max):
        if span.min <= bad <= span.max and not 0 <= bad < items:
            values[301] = bad
            parts = Parts(np.arange(401), Column(values), column([1] * 400, "int32"))
            refused(parts, rf"row 302, column chip: {bad}; expected a place", items=items)


def test_bad_hosts() -> None:
    ones = column([1] * 3, "int32")
    hosts = column([0, 1, 2], "uint8")
    refused(
        Parts(np.arange(4), column([0] * 3, "int8"), ones, hosts),
        "row 3, column host: 2; expected 0",
    )
    hosts = column([0, 1, 0], "uint8", [0], 3)
    refused(Parts(np.arange(4), column([0] * 3, "int8"), ones, hosts), "row 1, column host: None")


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize(
    ("at", "value", "row"), [(700, 699, 700), (700, 698, 700), (700, 800, 701), (900, 901, 900)]
)
def test_bad_offsets(dtype: str, at: int, value: int, row: int) -> None:
    offsets = np.arange(901).astype(dtype)
    offsets[at] = value
    parts = Parts(offsets, column([0] * 900, "int8"), column([1] * 900, "int8"))
    expected = "at least one part" if value == at - 1 else "offsets that ascend, among the parts"
    refused(parts, f"row {row}, column system: .*expected {expected}")
    offsets[0] = -1
    refused(parts, "row 1, column system: .*offsets that ascend")


def test_the_first_wrong_system_is_named() -> None:
    """And of its parts the first, and of a part the item before the count."""
    places, counts = np.zeros(500, np.int32), np.ones(500, np.int32)
    parts = Parts(np.arange(0, 501, 5), Column(places), Column(counts))
    counts[444] = counts[443] = places[443] = -1
    refused(parts, "row 444, column chip")
    parts.offsets[40] = parts.offsets[39]
    refused(parts, "row 40, column system")
    counts[100] = 0
    refused(parts, "row 101, column count: 0")


def test_arrays_that_are_no_parts() -> None:
    ok = column([0], "int32")
    for parts, error in (
        (Parts(np.arange(2.0), ok, ok), TypeError),
        (Parts(np.arange(0), ok, ok), ValueError),
        (Parts(np.arange(2), ok, column([1, 2], "int32")), ValueError),
        (Parts(np.arange(2), column([0], "float64"), ok), TypeError),
        (Parts(np.arange(2), ok, column([1], "float32")), TypeError),
        (Parts(np.arange(2), ok, ok, column([1], "int8")), TypeError),
        (
            Parts(np.arange(2), ok, Column(np.ones(1, np.int8), present=np.ones(0, np.uint8))),
            ValueError,
        ),
    ):
        for engine in ("c", "jit"):
            with pytest.raises(error):
                both_ends([points("f", [1])], parts, engine=engine)


def test_no_systems() -> None:
    law = law_of([points("f", [1])], [("f", ">", Fraction(1))], ["any:x"], [[True]])
    none = column([], "int32")
    assert check(law, Parts(np.zeros(1, np.int64), none, none)) == []
