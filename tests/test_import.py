"""What a fresh process imports: the heavy libraries only where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "numba",
    "pandas",
    "pyarrow",
    "polars",
    "duckdb",
    "matplotlib",
    "click",
    "rich",
    "openpyxl",
)

EXPLAIN = 'tpp.explain(tpp.chip("H200"), tpp.rulebook("2026-02-01", "CN")).to_dict()'


def imported(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after `code`."""
    program = f"import tppcore as tpp\n{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "",
        EXPLAIN,
        'tpp.classify({"tops_fp8": [1979.0]}, tpp.rulebook("2026-02-01", "CN")).counts()',
        'tpp.metrics(tpp.chip("H200"))',
    ],
    ids=["import", "explain", "classify", "metrics"],
)
def test_nothing_heavy(code: str) -> None:
    found = imported(code)
    engine = {"numba"} if "classify" in code else set()  # without a compiler it is Numba that runs
    assert not found & (set(HEAVY) - engine)


@pytest.mark.parametrize("code", ["", EXPLAIN], ids=["import", "explain"])
def test_no_parser_of_toml_and_no_numpy(code: str) -> None:
    """The law was compiled when the package was built, and one chip needs no arrays."""
    assert not imported(code) & {"tomllib", "numpy"}
