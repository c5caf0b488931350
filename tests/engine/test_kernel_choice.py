"""TPPCORE_KERNEL forces a kernel, in every program that is opened from then on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof import compare, integers
from tppcore.engine import c
from tppcore.errors import TppError
from tppcore.program.program import Input, Node, Op, Paragraph, Program

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not c.available(), reason="built without a C compiler")

KERNELS = compare.kernels(integers.program("gate")) if c.available() else ()


def new_program() -> Program:
    return Program((Input("tpp"),), (Node(Op.INPUT, 0),), (), (Paragraph("a", ((),), ()),), ())


@pytest.mark.parametrize("kernel", KERNELS)
def test_forces_a_kernel(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPPCORE_KERNEL", kernel)
    assert c.Opened(new_program()).kernel == kernel


def test_the_best_one_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TPPCORE_KERNEL", raising=False)
    assert c.Opened(new_program()).kernel == KERNELS[-1]


@pytest.mark.parametrize("name", ["fastest", "AVX2", "avx2 ", "portable,avx2"])
def test_refuses_an_unknown_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPPCORE_KERNEL", name)
    with pytest.raises(TppError, match="kernel"):
        c.Opened(new_program())


def test_an_opened_program_keeps_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = c.Opened(new_program())
    kernel = opened.kernel
    monkeypatch.setenv("TPPCORE_KERNEL", "fastest")
    assert opened.kernel == kernel


@pytest.mark.parametrize("kernel", KERNELS)
def test_engines_agree_under_every_kernel(kernel: str) -> None:
    """A slice of test_agree.py in a process where the variable is set from the start."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            str(ROOT / "tests" / "engine" / "test_agree.py"),
            *("-k", "test_every_kind_of_row and gate and not jit"),
        ],
        env={**os.environ, "TPPCORE_KERNEL": kernel},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
