"""Headroom: every turn is where brute force finds it, and nothing turns on the way there."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import tppcore as tpp
from tppcore.cli import cli
from tppcore.engine import exact
from tppcore.engine.along import Along, Curve
from tppcore.engine.exact import Interval, Metrics, Row, point
from tppcore.errors import InputError, TppError, UnknownName
from tppcore.rules.rulebook import Rulebook, rulebook
from tppcore.turning import Headroom, headroom
from tppcore.turning_moves import Turn

CN = rulebook("2026-02-01", "CN")
OWN = Callable[..., Rulebook]


def lines(found: Headroom, quantity: str, paragraph: str) -> dict[str, Turn]:
    return {each.direction: each for each in found[quantity] if each.paragraph == paragraph}


def verdicts(rules: Rulebook, row: Row, quantity: str, value: Fraction) -> list[bool | None]:
    metrics = Metrics(rules.formulas, {**row, quantity: point(value)})
    return exact.decisions(rules).decide(metrics)


# The figures that were published, and those that follow from the catalogue.


def margins(name: str) -> dict[tuple[str, Fraction], Interval]:
    found = headroom(tpp.chip(name), CN)
    return {(each.metric, each.threshold): each.margin for each in found.margins}


@pytest.mark.parametrize(
    ("name", "threshold", "margin"),
    [
        ("MI325X", "21000", "-80.8"),
        ("RTX 4090D", "4800", "-92.8"),
        ("H20", "2400", "-32"),
        ("H20", "1600", "768"),
        ("H20", "4800", "-2432"),
    ],
)
def test_margins_of_tpp(name: str, threshold: str, margin: str) -> None:
    assert margins(name)["tpp", Fraction(threshold)] == point(Fraction(margin))


def test_margins_say_who_tests() -> None:
    found = headroom(tpp.chip("H20"), CN)
    tests = {(each.metric, each.threshold): each for each in found.margins}
    area = tests["performance_density", Fraction("3.2")]
    assert area.margin == point(Fraction(2368, 814) - Fraction("3.2"))
    assert "us-3a090/b.2" in area.paragraphs
    assert "us-3a090/a.1" not in area.paragraphs
    assert not any(each.metric in ("datacenter", "item_kind") for each in found.margins)


@pytest.mark.parametrize(
    ("quantity", "paragraph", "direction", "expected"),
    [
        ("tops_fp8", "us-3a090/b.1", "grow", ("300", True, True, 4, "300")),
        ("tops_bf16", "us-3a090/b.1", "grow", ("150", True, True, 2, "150")),
        ("tops_fp64", "us-3a090/b.1", "grow", ("37.5", True, True, 37, "38")),
        ("tops_fp8", "us-3a090/a.1", "grow", ("600", True, True, 304, "600")),
        ("die_area_mm2", "us-3a090/b.2", "shrink", ("740", True, True, 74, "740")),
        ("die_area_mm2", "us-3a090/a.2", "shrink", ("400", True, True, 414, "400")),
        ("interconnect_gb_s", "us-is-informed-2025/interconnect", "grow",
         ("1100", True, True, 200, "1100")),
        ("transistors_bn", "us-foundry-presumption/count-met", "shrink",
         ("30", False, True, 51, "29")),
    ],
)  # fmt: skip
def test_h20(quantity: str, paragraph: str, direction: str, expected: tuple[Any, ...]) -> None:
    turn = lines(headroom(tpp.chip("H20"), CN), quantity, paragraph)[direction]
    at, reached, becomes, count, at_step = expected
    assert (turn.at, turn.reached, turn.becomes) == (Fraction(at), reached, becomes)
    assert (turn.steps_count, turn.at_step) == (count, Fraction(at_step))
    assert turn.becomes_at_step is becomes
    assert turn.now is not becomes
    assert turn.distance == abs(turn.at - turn.value)
    assert turn.relative == turn.distance / turn.value


def test_h20_gets_no_other_verdict_by_slower_rates() -> None:
    """Another format carries the TPP, so that of one alone can shrink to nothing."""
    found = headroom(tpp.chip("H20"), CN)
    assert all(each.direction == "grow" for each in found["tops_fp8"])
    assert not found["tdp_w"]


def test_mi325x_and_the_21000_line() -> None:
    turn = lines(headroom(tpp.chip("MI325X"), CN), "tops_fp8", "us-742.6-review/case-by-case")
    assert turn["grow"].at == 2625
    assert turn["grow"].step == Fraction(1, 10)
    assert turn["grow"].steps_count == 101
    assert turn["grow"].becomes is False


# Against brute force.

AMOUNTS = [
    *("0.5", "30", "75", "100", "150", "296", "300", "514.2", "600", "1400", "1457.6", "2625"),
    *("100.25", "1100", "4500", "6500", "20000"),
]
AREAS = ["100", "450", "695", "740", "814", "2400.5"]
FORMATS = ("fp64", "tf32", "fp16", "fp8", "fp6", "int4")


def amounts(texts: Sequence[str], ranged: bool = True) -> st.SearchStrategy[Any]:
    number = st.sampled_from(texts) | st.integers(1, 5000).map(str)
    pair = st.tuples(number, number).map(lambda ends: tuple(sorted(ends, key=Decimal)))
    half = number.map(lambda x: (x, None)) | number.map(lambda x: (None, x))
    return number | (pair | half if ranged else st.nothing())


@st.composite
def sheets(draw: st.DrawFn) -> tpp.Chip:
    """Chips with holes and ranges: dense, vector and sparse rates, items of several circuits."""
    stated: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(FORMATS), max_size=3, unique=True)):
        stated[f"tops_{name}{draw(st.sampled_from(['', '', '_vector']))}"] = draw(amounts(AMOUNTS))
    if draw(st.booleans()):
        stated["tops_bf16_sparse"] = draw(amounts(AMOUNTS))
        stated["sparse_ratio_bf16"] = draw(st.sampled_from(["2", "1.5", "4"]))
    for name in ("die_area_mm2", "package_area_mm2"):
        if draw(st.booleans()):
            stated[name] = draw(amounts(AREAS))
    plain = ("dram_gb_s", "dram_other_gb_s", "interconnect_gb_s", "host_gb_s", "transistors_bn",
             "best_indigenous_tpp", "output_bits_fp8")  # fmt: skip
    for name in draw(st.lists(st.sampled_from(plain), unique=True)):
        stated[name] = draw(amounts(AMOUNTS))
    for name in ("datacenter", "non_planar", "advanced_node", "hbm"):
        if (value := draw(st.sampled_from([None, False, True, True]))) is not None:
            stated[name] = value
    if draw(st.booleans()):
        stated["ics_per_item"] = draw(st.sampled_from(["1", "2", "4"]))
    if draw(st.booleans()):
        stated["item_kind"] = draw(st.sampled_from(["circuit", "hbm", "fpld"]))
    return tpp.Chip(**stated)


OTHERWISE = {
    "unlisted_formats": "unknown",
    "interconnect_host": "link_and_host",
    "vector_units": "added",
    "planar_only_area": "area_counts",
}
BOOKS = [
    CN,
    rulebook("2023-01-01"),
    rulebook("2026-11-22", rules=["us-3a090", "us-3a991"]),
    rulebook("2026-02-01", readings=OTHERWISE),
]


@settings(max_examples=100, deadline=None)
@given(sheets(), st.sampled_from(BOOKS), st.data())
def test_brute_force(chip: tpp.Chip, rules: Rulebook, data: st.DataObject) -> None:
    found = headroom(chip, rules)
    spec_of = rules.vocabulary.quantities
    movable = [name for name in found.quantities if spec_of[name].kind == "number"]
    if not movable:
        return
    quantity = data.draw(st.sampled_from(movable))
    value, step = found.quantities[quantity], found.steps[quantity]

    @cache
    def at(other: Fraction) -> list[bool | None]:
        assert other > 0 or not spec_of[quantity].positive
        return verdicts(rules, chip.quantities, quantity, other)

    now = at(value)
    assert now == list(found.verdicts.values())
    cuts = sorted({value, *(each.at for each in found[quantity])})
    hair = min([Fraction(1), *(b - a for a, b in pairwise([Fraction(0), *cuts]) if b > a)]) / 10**6
    others = [near for cut in cuts for near in (cut - hair, cut, cut + hair) if near > 0]
    for i, paragraph in enumerate(rules.paragraphs):
        turns = lines(found, quantity, paragraph.id)
        assert set(turns) <= {"grow", "shrink"}
        for direction, sign in (("grow", 1), ("shrink", -1)):
            turn = turns.get(direction)
            far = turn.at if turn else value * 1000 + 10**6 if sign > 0 else Fraction(0)
            between = [value + (far - value) * part / 16 for part in range(1, 16)]
            between += [each for each in others if min(value, far) < each < max(value, far)]
            assert all(at(each)[i] is now[i] for each in between if each != 0)
            if turn is None:
                assert sign > 0 or spec_of[quantity].positive or at(Fraction(0))[i] is now[i]
                continue
            assert (turn.value, turn.now, turn.step) == (value, now[i], step)
            assert turn.at - value == sign * turn.distance
            assert turn.becomes is not now[i]
            if turn.reached:
                assert at(turn.at)[i] is turn.becomes
            else:
                assert at(turn.at)[i] is now[i]
                assert at(turn.at + sign * hair)[i] is turn.becomes
            if turn.steps_count is None:
                assert turn.at_step is turn.becomes_at_step is None
                continue
            first = turn.distance // step + (not turn.reached or turn.distance % step != 0)
            assert turn.steps_count >= first
            assert turn.at_step == value + sign * turn.steps_count * step
            assert at(turn.at_step)[i] is turn.becomes_at_step is not now[i]
            for count in range(max(first - 5, 1), min(turn.steps_count, first + 20)):
                assert at(value + sign * count * step)[i] is now[i]


@settings(max_examples=40, deadline=None)
@given(sheets(), st.sampled_from(BOOKS))
def test_pieces_are_the_metric(chip: tpp.Chip, rules: Rulebook) -> None:
    """The solved formulas have the bounds of the exact engine inside each of their pieces."""
    along = Along(rules.formulas, chip.quantities)
    for quantity in headroom(chip, rules).quantities:
        for metric in rules.metrics_used:
            if quantity not in along.reads(metric):
                continue
            for piece in along.pieces(quantity, rules.formulas.tree(metric)):
                at = piece.start + 1 if piece.stop is None else (piece.start + 2 * piece.stop) / 3
                row = {**chip.quantities, quantity: point(at)}
                ends = piece.ends
                high = math.inf if ends.high is None else ends.high.at(at)
                assert Metrics(rules.formulas, row).metric(metric) == Interval(
                    ends.low.at(at), high, ends.applicable
                )


@settings(max_examples=40, deadline=None)
@given(sheets())
def test_flips(chip: tpp.Chip) -> None:
    found = headroom(chip, CN)
    words = CN.vocabulary.quantities["item_kind"].words
    for name in ("datacenter", "non_planar", "advanced_node", "hbm", "item_kind"):
        if name not in found.quantities:
            continue
        value = found.quantities[name]
        now = verdicts(CN, chip.quantities, name, value)
        for code in range(len(words) if name == "item_kind" else 2):
            then = verdicts(CN, chip.quantities, name, Fraction(code))
            turned = {CN.paragraphs[i].id: new for i, new in enumerate(then) if new is not now[i]}
            told = [each for each in found[name] if each.at == code]
            assert {each.paragraph: each.becomes for each in told} == turned
            assert all(each.reached and each.direction == "flip" for each in told)
            assert all(each.relative is None for each in told)


# Ties, steps, ranges, missing values.


def of(own: OWN, condition: str, quantity: str, **sheet: Any) -> dict[str, Turn]:
    return lines(headroom(tpp.Chip(**sheet), own(condition)), quantity, "own/a")


def shown(turn: Turn) -> tuple[Any, ...]:
    return turn.at, turn.reached, turn.becomes, turn.distance, turn.steps_count, turn.at_step


@pytest.mark.parametrize(
    ("condition", "direction", "expected"),
    [
        ("tpp >= 4800", "shrink", (600, False, False, 0, 1, 599)),
        ("tpp > 4800", "grow", (600, False, True, 0, 1, 601)),
        ("tpp <= 4800", "grow", (600, False, False, 0, 1, 601)),
        ("tpp < 4800", "shrink", (600, False, True, 0, 1, 599)),
        ("tpp >= 4801", "grow", (Fraction(4801, 8), True, True, Fraction(1, 8), 1, 601)),
        ("tpp >= 4792", "shrink", (599, False, False, 1, 2, 598)),
        ("tpp <= 4792", "shrink", (599, True, True, 1, 1, 599)),
    ],
)
def test_ties(own: OWN, condition: str, direction: str, expected: tuple[Any, ...]) -> None:
    found = of(own, f'"{condition}"', "tops_fp8", tops_fp8=600)
    assert list(found) == [direction]
    assert shown(found[direction]) == expected


def test_a_window_narrower_than_a_step(own: OWN) -> None:
    window = '"dram_gb_s > 100.2", "dram_gb_s < 100.8"'
    found = of(own, window, "dram_gb_s", dram_gb_s=90)["grow"]
    assert shown(found) == (Fraction("100.2"), False, True, Fraction("10.2"), None, None)
    assert found.becomes_at_step is None
    found = of(own, window, "dram_gb_s", dram_gb_s="90.0")["grow"]
    assert found.steps_count is None, "the place that was written is that of the number"
    found = of(own, window, "dram_gb_s", dram_gb_s="90.5")["grow"]
    assert (found.steps_count, found.at_step) == (98, Fraction("100.3"))


def test_steps_lead_to_another_verdict_than_the_first(own: OWN) -> None:
    """With the area known in bounds, the verdict is first open and then true."""
    found = of(
        own, '"performance_density >= 5.92"', "tops_fp8", tops_fp8=100, die_area_mm2=(695, 695.1)
    )["grow"]
    assert (found.at, found.reached, found.becomes) == (Fraction("514.3"), True, None)
    assert (found.at_step, found.becomes_at_step) == (515, True)


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("296", "1"),
        ("4000", "1"),
        ("1457.6", "0.1"),
        ("0", "1"),
        ("0.125", "0.001"),
        (5e-7, "1e-7"),
    ],
)
def test_default_steps(value: Any, step: str) -> None:
    assert headroom(tpp.Chip(dram_gb_s=value), CN).steps["dram_gb_s"] == Fraction(step)


@pytest.mark.parametrize("step", [Fraction(32), 32, "32", Decimal(32), 32.0])
def test_steps_of_ones_own(step: Any) -> None:
    turn = lines(
        headroom(tpp.chip("H20"), CN, steps={"tops_fp8": step}), "tops_fp8", "us-3a090/b.1"
    )
    assert shown(turn["grow"]) == (300, True, True, 4, 1, 328)


def test_steps_that_are_no_decimal() -> None:
    chip = tpp.Chip(tops_fp8=Fraction(1000, 3))
    with pytest.raises(TppError, match="1000/3 is no decimal; expected its step in `steps`"):
        headroom(chip, CN)
    found = headroom(chip, CN, steps={"tops_fp8": Fraction(1, 3)})
    assert lines(found, "tops_fp8", "us-3a090/a.1")["grow"].steps_count == 800


def test_down_to_nothing(own: OWN) -> None:
    """0 is a value of a bandwidth, and none of an area, to which any distance is left."""
    found = of(own, '"dram_gb_s > 0"', "dram_gb_s", dram_gb_s=5)
    assert shown(found["shrink"]) == (0, True, False, 5, 5, 0)
    found = of(own, '"dram_gb_s > 0"', "dram_gb_s", dram_gb_s=0)
    assert shown(found["grow"]) == (0, False, True, 0, 1, 1)
    assert found["grow"].relative is None
    assert not of(own, '"die_area_mm2 > 0"', "die_area_mm2", die_area_mm2=5)
    found = of(own, '"bandwidth_per_tpp >= 1"', "tops_fp8", tops_fp8=5, dram_gb_s=4)
    assert shown(found["shrink"]) == (Fraction(1, 2), True, True, Fraction(9, 2), 5, 0)
    assert found["shrink"].becomes_at_step is None, "a quotient by 0 is undetermined"


def test_ranges_and_missing_values_stay() -> None:
    chip = tpp.Chip(tops_fp8=100, die_area_mm2=(600, 700), datacenter=True)
    found = headroom(chip, rulebook("2026-02-01", rules=["us-3a090"]))
    assert found.ranges == ("die_area_mm2",)
    assert list(found.quantities) == ["tops_fp8", "datacenter"]
    dense = lines(found, "tops_fp8", "us-3a090/a.2")["grow"]
    assert (dense.at, dense.reached, dense.becomes) == (Fraction(444), True, None)
    assert lines(found, "tops_fp8", "us-3a090/a")["grow"].becomes is None
    bare = headroom(tpp.Chip(tops_fp8=100, datacenter=True), CN)
    assert lines(bare, "tops_fp8", "us-3a090/a.2")["grow"].at == 200, "from 1600 the area matters"
    assert not headroom(tpp.Chip(), CN).lines


def test_sparse_rates_go_with_their_ratio() -> None:
    found = headroom(tpp.Chip(tops_sparse={"fp8": (1000, 2)}), CN)
    assert lines(found, "tops_fp8_sparse", "us-3a090/a.1")["grow"].at == 1200
    ratio = lines(found, "sparse_ratio_fp8", "us-3a090/a.1")["shrink"]
    assert (ratio.at, ratio.reached) == (Fraction(5, 3), True)
    assert (ratio.at_step, ratio.becomes_at_step) == (1, True)


def test_dates(own: OWN) -> None:
    rules = own('"first_marketed >= 2023-06-01"')
    found = headroom(tpp.Chip(first_marketed="2023-05-01"), rules)
    assert shown(found.lines[0])[1:5] == (True, True, 31, 31)
    assert "  first_marketed 2023-05-01\n      grows to 2023-06-01: own/a true" in str(found)


# What is left out, and errors.


def test_only_some_paragraphs_and_quantities() -> None:
    whole = headroom(tpp.chip("H20"), CN)
    part = headroom(
        tpp.chip("H20"), CN, paragraphs=["us-3a090/b.1"], quantities=["tops_fp8", "die_area_mm2"]
    )
    assert list(part.quantities) == ["tops_fp8", "die_area_mm2"]
    assert list(part.verdicts) == ["us-3a090/b.1"]
    assert part.lines == tuple(
        each
        for each in whole.lines
        if each.paragraph == "us-3a090/b.1" and each.quantity in part.quantities
    )
    assert {each.metric for each in part.margins} <= {"tpp", "performance_density"}
    assert part.outcome == whole.outcome


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"quantities": ["tops_fp88"]}, UnknownName, "unknown quantity 'tops_fp88'; expected one"),
        ({"quantities": ["units_tpp"]}, UnknownName, "unknown quantity 'units_tpp'"),
        ({"quantities": ["ics_per_item"]}, TppError, "ics_per_item is not stated; expected a"),
        ({"quantities": ["compute_die_area_mm2"]}, TppError, "is a range; expected a known one"),
        ({"paragraphs": ["us-3a090/z"]}, UnknownName, "no paragraph 'us-3a090/z'"),
        ({"steps": {"tops": 1}}, UnknownName, "steps: unknown quantity 'tops'"),
        ({"steps": {"tops_fp8": 0}}, TppError, "steps: tops_fp8: 0; expected a number above 0"),
        ({"steps": {"tops_fp8": None}}, TppError, "expected a number above 0"),
        ({"steps": {"tops_fp8": "x"}}, InputError, "expected a number"),
    ],
)
def test_refused(options: Mapping[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        headroom(tpp.chip("MI325X"), CN, **options)


def test_no_chip() -> None:
    with pytest.raises(TppError, match="expected a chip"):
        headroom(tpp.system("GB200 NVL72"), CN)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="no quantity 'tdp_kw' was moved"):
        headroom(tpp.chip("H20"), CN)["tdp_kw"]


def test_curves() -> None:
    """Quotients of lines stay such while they can; squares are refused where they would matter."""

    def curve(b: int, a: int, d: int = 1, c: int = 0) -> Curve:
        return Curve((Fraction(b), Fraction(a)), (Fraction(d), Fraction(c)))

    q, inverse = curve(0, 1), curve(4, 0, 0, 1)
    assert q.times(inverse) == curve(4, 0)
    assert q.over(q) == curve(1, 0)
    assert inverse.plus(inverse).at(Fraction(2)) == 4
    assert curve(1, 1, 2, 2).plus(curve(1, 0)).at(Fraction(7)) == Fraction(3, 2)
    assert q.meets(inverse) == [-2, 2]
    assert q.meets(q) == []
    assert curve(2, 1).meets(curve(0, 1)) == []
    for bent in (lambda: q.times(q), lambda: q.plus(inverse), lambda: q.meets(curve(2, 0, 0, 1))):
        with pytest.raises(Exception, match=r"^$"):
            bent()


# The text, the JSON and the command.


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["headroom", *args])


LAW = ("--as-of", "2026-02-01", "--destination", "CN")


def test_command() -> None:
    done = run("H20", *LAW)
    assert done.exit_code == 0
    assert "  tpp 2368: below 2400 by 32, above 1600 by 768\n" in done.stdout
    assert "      grows to 300 (+4, 1.35 %): us-3a090/b.1 true, " in done.stdout
    assert "      shrinks below 30 (-50, 62.5 %; in steps 29): " in done.stdout
    assert "  tpp 4707.2: below 4800 by 92.8, " in run("RTX", "4090D", *LAW).stdout
    assert "  tpp 20919.2: below 21000 by 80.8, " in run("MI325X", *LAW).stdout


def test_command_in_part() -> None:
    done = run("H20", "--quantity", "die_area_mm2", "--rules", "us-3a090", "us-is-informed-2025",
               "--json", *LAW)  # fmt: skip
    found = json.loads(done.stdout)
    assert list(found["quantities"]) == ["die_area_mm2"]
    assert found["margins"][0]["margin"] == {"exact": "768", "approx": "768"}
    assert {each["quantity"] for each in found["lines"]} == {"die_area_mm2"}
    line = next(each for each in found["lines"] if each["paragraph"] == "us-3a090/b.2")
    assert line["at"] == {"exact": "740", "approx": "740"}
    assert line["relative"] == {"exact": "1/11", "approx": "0.0909091"}
    assert (line["now"], line["becomes"], line["reached"]) == (False, True, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("GB200", "NVL72"), "gb200-nvl72 is a system; expected a chip"),
        (("H20", "--quantity", "tops"), "unknown quantity 'tops'"),
        (("H8000",), "no chip or system is called 'H8000'"),
        ((), "Missing argument"),
    ],
)
def test_bad_command(args: tuple[str, ...], message: str) -> None:
    done = run(*args)
    assert done.exit_code == 2
    assert message in done.stderr


def test_every_chip_of_the_catalogue() -> None:
    for chip in tpp.chips():
        found = headroom(chip, CN)
        assert str(found)
        json.dumps(found.to_dict())
        assert all(each.becomes is not each.now for each in found.lines)
