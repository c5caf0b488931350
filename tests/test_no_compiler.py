"""Without a C compiler the package installs and answers through Numba; without both, exactly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("csrc", "specs", "tppcore", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md")
BUILT = ("*.so", "*.dylib", "specs.json", "__pycache__", "_tppcore.*")

ASK = """
import importlib.util, warnings
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in {hidden!r} else find(name, *more)
import numpy as np, tppcore as tpp
warnings.simplefilter("always")
rules = tpp.rulebook("2026-02-01", "CN")
v = tpp.classify({{"tops_fp8": np.array([600.0, 599.9]), "datacenter": [True, True]}}, rules)
print(v.engine, v["us-3a090/a.1"].tolist(), tpp.classify(tpp.chip("H200"), rules).outcome)
"""


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "TPPCORE_REQUIRE_C"}
    return {**kept, "CC": "/bin/false", **more}


def install(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*BUILT))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    return subprocess.run(
        [*pip, "--disable-pip-version-check", "--target", str(folder / "site"), str(source)],
        env=environment(**more),
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("no_compiler")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    assert not list((folder / "site" / "tppcore").glob("*tppcore.*so"))
    return folder / "site"


@pytest.mark.parametrize(("hidden", "engine"), [((), "jit"), (("numba",), "exact")])
def test_the_other_engines_answer(site: Path, hidden: tuple[str, ...], engine: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASK.format(hidden=hidden)],
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"{engine} [True, False] licence, case-by-case"
    assert ("neither the C library nor Numba" in done.stderr) == (engine == "exact")


def test_ci_refuses_a_build_without_c(tmp_path: Path) -> None:
    done = install(tmp_path, TPPCORE_REQUIRE_C="1")
    assert done.returncode != 0
    assert not (tmp_path / "site" / "tppcore").exists()
