"""One suite for all tests here: making it takes some seconds."""

from __future__ import annotations

import pytest

import tppcore as tpp
from tppcore.edges.suite import EdgeSuite, edge_suite


@pytest.fixture(scope="session")
def rules() -> tpp.Rulebook:
    return tpp.rulebook("2026-02-01", rules=["us-3a090"])


@pytest.fixture(scope="session")
def suite(rules: tpp.Rulebook) -> EdgeSuite:
    return edge_suite(rules)


@pytest.fixture(scope="session")
def part(rules: tpp.Rulebook) -> EdgeSuite:
    """A balanced part of it, for what takes long with all of it."""
    return edge_suite(rules, 60)
