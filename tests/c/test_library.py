"""libtppcore as `make install-lib` leaves it: names, symbols, pkg-config, and programs over it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tppcore as tpp

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "csrc" / "tppcore.h"
CC = os.environ.get("CC", "cc")

needed = [CC, "make", "nm", "pkg-config"]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not HEADER.exists() or not all(map(shutil.which, needed)),
    reason="needs Linux, the source tree and a C compiler with its tools",
)


def run(*command: object, **environment: str) -> str:
    done = subprocess.run(
        [str(each) for each in command],
        check=True,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where PREFIX is: below DESTDIR, as a packager has it."""
    folder = tmp_path_factory.mktemp("library")
    make = ("make", "-s", "-j2", "-f", "csrc/Makefile", "install")
    options = ("PREFIX=/opt/tpp", f"DESTDIR={folder}/stage", f"BUILD={folder}/build", f"CC={CC}")
    run(*make, *options, MAKEFLAGS="")
    return folder / "stage/opt/tpp"


def declared() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    return set(re.findall(r"\b(tpp_\w+)\(", text))


def test_only_the_interface_is_seen(installed: Path) -> None:
    shared = run("nm", "-D", "--defined-only", "--format=posix", installed / "lib/libtppcore.so")
    static = run("nm", "-g", "--defined-only", "--format=posix", installed / "lib/libtppcore.a")
    found = [
        {line.split()[0] for line in text.splitlines() if " " in line} for text in (shared, static)
    ]
    assert found == [declared(), declared()]


def test_names(installed: Path) -> None:
    minor = ".".join(tpp.__version__.split(".")[:2])
    names = sorted(path.name for path in (installed / "lib").glob("libtppcore*"))
    assert names == sorted(
        [
            "libtppcore.a",
            "libtppcore.so",
            f"libtppcore.so.{minor}",
            f"libtppcore.so.{tpp.__version__}",
        ]
    )
    assert (installed / "lib/libtppcore.so").resolve().name == f"libtppcore.so.{tpp.__version__}"
    dynamic = run("objdump", "-p", installed / "lib/libtppcore.so")
    assert f"SONAME               libtppcore.so.{minor}" in dynamic
    assert "libpython" not in dynamic


def test_pkg_config(installed: Path) -> None:
    path = str(installed / "lib/pkgconfig")
    assert (
        run("pkg-config", "--modversion", "tppcore", PKG_CONFIG_PATH=path) == f"{tpp.__version__}\n"
    )
    flags = run("pkg-config", "--cflags", "--libs", "tppcore", PKG_CONFIG_PATH=path).split()
    assert flags == ["-I/opt/tpp/include", "-L/opt/tpp/lib", "-ltppcore"]
    static = run("pkg-config", "--static", "--libs", "tppcore", PKG_CONFIG_PATH=path)
    assert static.split()[-1] == "-lm"


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_the_header_stands_alone(standard: str, tmp_path: Path) -> None:
    source = tmp_path / "only.c"
    source.write_text("#include <tppcore.h>\nint main(void) { return TPP_VERSION_NUMBER < 0; }\n")
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
    run(CC, f"-std={standard}", *strict, "-I", tpp.get_include(), "-c", source, "-o", f"{source}.o")


def test_versions() -> None:
    version = re.search(r'#define TPP_VERSION "(.*)"', HEADER.read_text())
    assert version is not None
    assert version[1] == tpp.__version__
    assert (Path(tpp.get_include()) / "tppcore.h").read_text() == HEADER.read_text()


@pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")
@pytest.mark.parametrize("standard", ["c++17", "c++20"])
def test_wrapper(installed: Path, standard: str, tmp_path: Path) -> None:
    """tppcore.hpp, over the static library."""
    law, binary = tmp_path / "law.tpp", tmp_path / "wrapper"
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    law.write_bytes(tpp.program_bytes(rules, ["tops_fp8", "die_area_mm2", "datacenter"]))
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
    includes = ("-I", installed / "include", "-I", ROOT / "tests/c")
    libraries = (installed / "lib/libtppcore.a", "-lm", "-lpthread")
    source = ROOT / "tests/c/wrapper.cpp"
    run("c++", f"-std={standard}", *strict, *includes, source, *libraries, "-o", binary)
    run(binary, law)


def test_the_library_of_the_package(tmp_path: Path) -> None:
    """`get_include` and `get_library` are enough to build a program."""
    source = tmp_path / "version.c"
    source.write_text(
        "#include <stdio.h>\n#include <tppcore.h>\nint main(void) { puts(tpp_version()); }\n"
    )
    library = Path(tpp.get_library())
    options = ("-I", tpp.get_include(), source, library, f"-Wl,-rpath,{library.parent}")
    run(CC, *options, "-o", tmp_path / "version")
    assert run(tmp_path / "version") == f"{tpp.__version__}\n"


@pytest.mark.parametrize(("language", "compiler"), [("c", CC), ("cpp", "c++")])
def test_programs_of_the_document(
    installed: Path, language: str, compiler: str, tmp_path: Path
) -> None:
    """Those of docs/embedding.md, with the file that a command there writes."""
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    text = (ROOT / "docs/embedding.md").read_text()
    block = rf"^```{language} few\.{language}\n(.*?)^```\n\n```output\n(.*?)^```$"
    found = re.search(block, text, re.DOTALL | re.MULTILINE)
    assert found is not None
    source, binary = tmp_path / f"few.{language}", tmp_path / "few"
    source.write_text(found[1])
    rules = tpp.rulebook("2026-02-01", rules=["us-3a090"])
    data = tpp.program_bytes(rules, ["tops_fp8", "die_area_mm2", "datacenter"])
    (tmp_path / "few.tpp").write_bytes(data)
    strict = ("-std=c11" if language == "c" else "-std=c++17", "-Wall", "-Wextra", "-Werror")
    libraries = ("-I", installed / "include", installed / "lib/libtppcore.a", "-lm")
    run(compiler, *strict, source, *libraries, "-o", binary)
    done = subprocess.run([binary], cwd=tmp_path, check=True, text=True, stdout=subprocess.PIPE)
    assert done.stdout == found[2]
