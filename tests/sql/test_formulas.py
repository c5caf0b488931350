"""Formulas that the law does not have yet: sums of quotients, choices between metrics, thirds."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.conftest import HEAD
from tests.sql import cases
from tests.sql.databases import Duck
from tppcore.engine.columns import Columns
from tppcore.errors import TppError
from tppcore.rules.expression import (
    Add,
    Choice,
    Const,
    Div,
    Expr,
    Max,
    Mul,
    NotApplicable,
    Quantity,
)
from tppcore.rules.rulebook import Rulebook, rulebook

PLAIN = ("tops_fp8", "tops_fp16", "dram_gb_s", "interconnect_gb_s", "dram_other_gb_s")
POSITIVE = ("die_area_mm2", "package_area_mm2", "ics_per_item")
SMALL = {"": (6, 2)}

plain = st.sampled_from(PLAIN).map(Quantity)
positive = st.sampled_from(POSITIVE).map(Quantity)
constants = st.sampled_from([Fraction(0), Fraction(1), Fraction(3, 2), Fraction(7)])
thresholds = st.sampled_from([Fraction(0), Fraction(1), Fraction(5, 2), Fraction(40)])


def grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    subjects = st.sampled_from([*map(Quantity, ("datacenter", *PLAIN))])
    ops = st.sampled_from([">=", ">", "<", "<="])
    return st.one_of(
        st.builds(Add, inner, inner),
        st.builds(Mul, inner, inner),
        st.builds(Div, inner, st.just(Const(Fraction(3)))),
        st.builds(Div, inner, positive | st.builds(Add, positive, inner)),
        st.builds(lambda *args: Max(args), inner, inner, inner),
        st.builds(Choice, subjects, ops, thresholds, inner, inner),
    )


trees: st.SearchStrategy[Expr] = st.recursive(
    plain | positive | constants.map(Const), grown, max_leaves=5
)
# Only the end of a formula may fail to apply.
roots = st.one_of(
    trees,
    st.builds(Div, trees, trees),
    st.builds(Choice, plain, st.just(">="), st.just(Fraction(40)), trees, st.just(NotApplicable())),
)


@lru_cache
def law() -> Rulebook:
    tests = ["tpp > 0", "tpp >= 1", "tpp >= 2.5", "tpp > 40", "tpp < 7"]
    paragraphs = [f'[[version.paragraph]]\nid = "p{i}"\nall = ["{t}"]' for i, t in enumerate(tests)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.toml"
        path.write_text(HEAD + "\n".join(paragraphs), "utf-8")
        return rulebook("2026-01-01", rules=["own"], files=[path])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(roots, st.booleans(), strategies.rows((*PLAIN, *POSITIVE, "datacenter"), 6))
def test_any_formula(tree: Expr, ranged: bool, columns: Columns) -> None:
    rules = law().with_readings({})
    rules.formulas._trees["tpp"] = tree
    table = cases.small(columns, ranged)
    try:
        cases.check(Duck(), rules, table, decimals=SMALL)
    except TppError as error:
        assume("monotone" not in str(error) and "digits" not in str(error))
        raise
