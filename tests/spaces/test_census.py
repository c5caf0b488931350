"""A census is what one finds by looking at every design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.spaces import reference, strategies
from tests.spaces.conftest import WAYS, counted
from tests.spaces.reference import Spec
from tppcore.rules.rulebook import Rulebook
from tppcore.spaces.census import Census
from tppcore.spaces.space import Space

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def space(spec: Spec) -> Space:
    return Space(spec.axes, spec.quantities, constants=spec.constants)


def check(spec: Spec, rules: Rulebook, by: Sequence[str] = (), way: str = "as shipped") -> Census:
    with counted(way):
        found = space(spec).census(rules, by)
    expected = reference.census(spec, rules, by)
    assert {cell.values: +Counter(cell.counts) for cell in found.cells} == {
        key: +cell for key, cell in expected.items()
    }
    whole: Counter[reference.Verdicts] = sum(expected.values(), Counter())
    assert found.outcomes == +whole
    assert found.total == whole.total()
    for p, name in enumerate(found.paragraphs):
        counts = found.counts()[name]
        for word, verdict in (("true", True), ("false", False), ("undetermined", None)):
            assert counts[word] == sum(n for key, n in whole.items() if key[p] is verdict)
    return found


@pytest.mark.parametrize("way", WAYS)
@QUICK
@given(st.data())
def test_any_space(way: str, data: st.DataObject) -> None:
    spec = data.draw(strategies.spaces())
    law = data.draw(strategies.laws(spec))
    by = data.draw(st.lists(st.sampled_from(list(spec.axes)), max_size=2, unique=True))
    found = check(spec, law.rules, by, way)
    event(f"{len(found.outcomes)} combinations")
