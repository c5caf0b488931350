"""Space files: the shipped ones load, broken ones are refused with file, line, column and what was
expected, at once, and nothing in them is ever run."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path

import pytest

from tppcore.errors import SpecError, TppError
from tppcore.sources.design.file import read
from tppcore.spaces.space import Space

SPACES = Path(__file__).parents[2] / "specs" / "spaces"
BAD = sorted((SPACES / "bad").glob("*.toml"))
HEAD = '[axes]\na = ["1", "2"]\n[quantities]\n'


@pytest.mark.parametrize("path", sorted(SPACES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped(path: Path) -> None:
    space = Space.from_toml(path)
    assert space.title
    assert space.source
    assert space.size > 1
    assert space[0].quantities
    assert space[space.size - 1].quantities


def test_there_are_bad_files() -> None:
    assert len(BAD) >= 90


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_bad_file(path: Path) -> None:
    expected = re.match(r"# expect: (\d+:\d+): (.+)", path.read_text("utf-8"))
    assert expected, "its first line says what to expect"
    with pytest.raises(SpecError) as caught:
        Space.from_toml(path)
    assert str(caught.value).startswith(f"{path.name}:{expected[1]}: {expected[2]}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + f'tops_fp8 = "{"a+" * 500_000}a"', "4:13: 1000001 characters"),
        (HEAD + f'tops_fp8 = "{"(" * 1_000_000}"', "4:13: 1000000 characters"),
        (HEAD + f'tops_fp8 = "{"(" * 1999}a{")" * 1999}"', "4:"),
        (HEAD + f'tops_fp8 = "{"max(" * 700}a{")" * 700}"', "4:"),
        (HEAD + f'tops_fp8 = "{"a*" * 1900}a"', "4:13: nested too deep"),
        (HEAD + f'tops_fp8 = "{"1 if a > 1 else " * 200}a"', "4:13: nested too deep"),
        (f'[axes]\na = [{"9" * 5000}]\n{HEAD[22:]}tops_fp8 = "a"', "can't be read"),
        ('[axes]\na = {from="0", to="1e24", step="1e-15"}\n', "2:1: axis 'a' has 1,000,000,000,"),
        ("x = " + "[" * 100_000, "1"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_refused_in_little_time_and_memory(text: str, message: str) -> None:
    tracemalloc.start()
    begun = time.perf_counter()
    with pytest.raises(SpecError) as caught:
        read("long.toml", text)
    elapsed, peak = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"long.toml:{message}" in str(caught.value) or message in caught.value.message
    assert elapsed < 5
    assert peak < 60e6


def test_squares_of_squares() -> None:
    """Each quantity is the one before it squared: the last would have 2^20 factors."""
    names = [
        f"tops_{form}{kind}"
        for form in ("fp64", "fp32", "tf32", "bf16", "fp16", "int16", "fp8", "int8", "fp4", "int4")
        for kind in ("", "_vector")
    ]
    quantities = {names[0]: "a * b"}
    quantities |= {one: f"{two} * {two}" for two, one in zip(names, names[1:], strict=False)}
    with pytest.raises(TppError, match="a product of more than"):
        Space({"a": ["0", "1"], "b": ["1", "0"]}, quantities)
