"""The comparison with another machine, on this one: the portable kernel built on its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.proof import elsewhere, integers, tables
from tests.proof.integers import Task
from tppcore.engine import c

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for path in sorted((ROOT / "csrc").glob("*.c")) if "_avx2" not in path.stem]

pytestmark = pytest.mark.skipif(
    shutil.which(os.environ.get("CC", "cc")) is None or not SOURCES or not c.available(),
    reason="needs a C compiler, the source tree and the C library",
)


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory: pytest.TempPathFactory) -> str:
    binary = tmp_path_factory.mktemp("evaluate") / "evaluate"
    source = ROOT / "tests" / "c" / "evaluate.c"
    flags = ("-std=c11", "-O1", "-ffp-contract=off", f"-I{ROOT / 'csrc'}")
    subprocess.run(
        [os.environ.get("CC", "cc"), *flags, source, *SOURCES, "-lm", "-o", binary], check=True
    )
    return str(binary)


def test_no_mismatch(evaluate: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert elsewhere.main(["--rows", "3000", evaluate]) == 0
    assert "portable there" in capsys.readouterr().out


def test_finds_a_mismatch(
    evaluate: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = elsewhere.evaluate

    def flipped(*arguments: object) -> object:
        kernel, found = usual(*arguments)  # type: ignore[arg-type]
        return kernel, type(found)(found.rows, found.values ^ np.uint64(1), found.valid)

    monkeypatch.setattr(elsewhere, "evaluate", flipped)
    monkeypatch.setattr(
        integers, "tasks", lambda *_: [Task("gate", "on", "float64", 0.0, 0.0, 64, 1)]
    )
    assert elsewhere.main([evaluate]) == 1
    assert "task gate,on" in capsys.readouterr().out


def test_tells_why_it_could_not(evaluate: str, tmp_path: Path) -> None:
    task = Task("gate", "random", "float64", 0.0, 0.0, 64, 1)
    columns = tables.columns(integers.made(task), 64, 1)
    columns.by_quantity["die_area_mm2"].values[3] = -1.0  # type: ignore[index]
    with pytest.raises(RuntimeError, match="0 or a number from"):
        elsewhere.evaluate([evaluate], integers.program("gate"), columns, tmp_path)
