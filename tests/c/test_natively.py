"""The C tests as they stand, every kernel of this machine among them.

`make sanitize` runs them with the sanitizers on, `make arm` on an emulated AArch64.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

import tppcore as tpp

HERE = Path(__file__).resolve().parent
SOURCES = sorted((HERE.parents[1] / "csrc").glob("*.c"))
CC = os.environ.get("CC", "cc")
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")

pytestmark = pytest.mark.skipif(
    shutil.which(CC) is None or not SOURCES, reason="needs a C compiler and the source tree"
)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("objects")
    found = []
    for source in SOURCES:
        is_avx2 = source.stem.endswith("_avx2")
        if is_avx2 and not IS_X86:
            continue
        flags = [*(["-DTPP_WITH_AVX2"] if IS_X86 else []), *(["-mavx2"] if is_avx2 else [])]
        found.append(str(folder / f"{source.stem}.o"))
        options = ("-std=c11", "-O1", "-ffp-contract=off", *flags, "-c", str(source))
        subprocess.run([CC, *options, "-o", found[-1]], check=True)
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("test_*.c")))
def test_in_plain_c(name: str, objects: list[str], tmp_path: Path) -> None:
    binary = str(tmp_path / name)
    include = f"-I{HERE.parents[1] / 'csrc'}"
    source = str(HERE / f"{name}.c")
    subprocess.run(
        [CC, "-std=c11", "-O1", include, source, *objects, "-lm", "-lpthread", "-o", binary],
        check=True,
    )
    programs = []
    if name == "test_mutants":
        programs.append(str(tmp_path / "few.tpp"))
        rules = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
        Path(programs[0]).write_bytes(tpp.program_bytes(rules, ["tops_fp8", "die_area_mm2"]))
    subprocess.run([binary, *programs], check=True, cwd=tmp_path)
