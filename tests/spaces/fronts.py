"""Frontiers by brute force: every design of a space under a law, by the exact engine."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import strategies as st

from tests.spaces import reference, strategies
from tests.spaces.conftest import counted
from tests.spaces.reference import Spec
from tppcore.engine.exact import Interval, Metrics, decisions
from tppcore.rules.rulebook import Rulebook
from tppcore.spaces.frontier import Frontier
from tppcore.spaces.space import Space

Aims = Mapping[str, str]
SubjectTo = Mapping[str, bool | None]

OPS = {
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
}


class Whole:
    """Every design of a space under a law, one by one."""

    def __init__(self, spec: Spec, rules: Rulebook) -> None:
        decider, self.rules = decisions(rules), rules
        self.rows, self.weights, self.metrics, self.verdicts = [], [], [], []
        for _, weight, row in reference.designs(spec):
            self.rows.append(row)
            self.weights.append(weight)
            self.metrics.append(Metrics(rules.formulas, row))
            self.verdicts.append(tuple(decider.decide(Metrics(rules.formulas, row))))

    def value(self, i: int, name: str) -> Interval:
        return self.metrics[i].metric(name)

    def verdict(self, i: int, condition: str) -> bool | None:
        for paragraph, verdict in zip(self.rules.paragraphs, self.verdicts[i], strict=True):
            if paragraph.id == condition:
                return verdict
        name, op, line = condition.split()
        found = self.value(i, name)
        if not found.applicable:
            return None
        ends = {OPS[op](end, Fraction(line)) for end in (found.low, found.high)}
        return ends.pop() if len(ends) == 1 else None

    def front(self, aims: Aims, subject_to: SubjectTo) -> dict[tuple[Fraction, ...], list[int]]:
        """The designs by the values that no other allowed design beats, the first aim first."""
        signs = [1 if sense == "max" else -1 for sense in aims.values()]
        found: dict[tuple[Fraction, ...], list[int]] = {}
        for i, weight in enumerate(self.weights):
            if weight and all(self.verdict(i, c) is v for c, v in subject_to.items()):
                found.setdefault(tuple(self.value(i, name).low for name in aims), []).append(i)

        def beats(a: tuple[Fraction, ...], b: tuple[Fraction, ...]) -> bool:
            return a != b and all(s * x >= s * y for s, x, y in zip(signs, a, b, strict=True))

        best = [value for value in found if not any(beats(other, value) for other in found)]
        best.sort(key=lambda value: [-s * x for s, x in zip(signs, value, strict=True)])
        return {value: found[value] for value in best}


def space(spec: Spec) -> Space:
    return Space(spec.axes, spec.quantities, constants=spec.constants)


def check(
    spec: Spec,
    rules: Rulebook,
    aims: Aims,
    subject_to: SubjectTo,
    limit: int = 3,
    way: str = "as shipped",
    whole: Whole | None = None,
) -> Frontier:
    whole = whole or Whole(spec, rules)
    with counted(way):
        found = space(spec).frontier(aims, subject_to=subject_to, limit=limit, rules=rules)
    expected = whole.front(aims, subject_to)
    assert [tuple(point.values.values()) for point in found] == list(expected)
    for point, designs in zip(found, expected.values(), strict=True):
        assert list(point.values) == list(aims)
        assert point.ties == sum(whole.weights[i] for i in designs)
        assert len(point.indices) == min(limit, len(designs))
        assert set(point.indices) <= set(designs)
        assert list(point.indices) == sorted(set(point.indices))
        for i, chip in zip(point.indices, point.designs, strict=True):
            assert {name: (e.low, e.high) for name, e in chip.quantities.items()} == {
                name: (e.low, e.high) for name, e in whole.rows[i].items()
            }
        for line in point.lines:
            value = whole.value(point.indices[0], line.metric)
            assert value.known
            assert line.value == value.low
            assert line.margin == line.value - line.threshold
        near = [abs(line.margin) / (line.threshold or 1) for line in point.lines]
        assert near == sorted(near)
    return found


@st.composite
def conditions(draw: st.DrawFn, whole: Whole, spec: Spec) -> dict[str, bool | None]:
    """Conditions that some design mostly meets."""
    target = draw(st.integers(0, len(whole.rows) - 1))
    found: dict[str, bool | None] = {}
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            key = draw(st.sampled_from([each.id for each in whole.rules.paragraphs]))
        else:
            name = draw(st.sampled_from(names(whole)))
            near = whole.value(draw(st.integers(0, len(whole.rows) - 1)), name)
            line = strategies._terminating(Fraction(near.low)) if near.low else None
            if line is None or len(line) > 18:
                line = draw(st.sampled_from(("1", "100", "1600")))
            key = f"{name} {draw(st.sampled_from(list(OPS)))} {line}"
        met = whole.verdict(target, key)
        found[key] = met if draw(st.integers(0, 5)) else draw(st.sampled_from((True, False, None)))
    return found


def names(whole: Whole) -> list[str]:
    """Metrics and the quantities of the space that are numbers."""
    kind = whole.rules.vocabulary.kind
    numbers = [name for name in whole.rows[0] if kind(name).kind == "number"]
    return [*strategies.METRICS, *numbers]
