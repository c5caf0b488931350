"""Builds what pyproject.toml cannot say: libtppcore, the cffi module over it, and specs.json.

The C part is optional: without a compiler the package installs, and works with the Numba or the
exact engine. TPPCORE_REQUIRE_C=1 makes a failed C build an error.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import types
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra"]
FLAGS = [*(ROOT / "csrc" / "cflags").read_text().split(), *WARNINGS]
HEADERS = ("tppcore.h", "tppcore.hpp")
IS_MACOS = sys.platform == "darwin"
LIBRARY = "libtppcore.dylib" if IS_MACOS else "libtppcore.so"
HAS_AVX2 = platform.machine().lower() in ("x86_64", "amd64") and not IS_MACOS


def write_specs(package: Path) -> None:
    """Compiles specs/ into specs.json, without importing the package itself: that needs NumPy,
    which a build has not."""
    package.mkdir(parents=True, exist_ok=True)
    stub = types.ModuleType("tppcore")
    stub.__path__ = [str(ROOT / "tppcore")]
    before = dict(sys.modules)
    sys.modules["tppcore"] = stub
    try:
        build = importlib.import_module("tppcore.rules.build")
        build.write(ROOT / "specs", package / "specs.json")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "tppcore"]:
            del sys.modules[name]
        sys.modules.update({k: v for k, v in before.items() if k.split(".")[0] == "tppcore"})


class BuildPython(build_py):
    """Also writes specs.json into the built package, and the headers that embedders include."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            include = Path(self.build_lib) / "tppcore" / "include"
            include.mkdir(parents=True, exist_ok=True)
            for header in HEADERS:
                self.copy_file(str(ROOT / "csrc" / header), str(include / header))
        write_specs(ROOT / "tppcore" if self.editable_mode else Path(self.build_lib) / "tppcore")


class BuildC(build_ext):
    """Builds libtppcore beside the package's modules, then the cffi module that links to it."""

    def run(self) -> None:
        if self.inplace:
            write_specs(ROOT / "tppcore")
        try:
            super().run()
        except Exception as error:
            if os.environ.get("TPPCORE_REQUIRE_C") == "1":
                raise
            self.extensions = []
            print(
                f"tppcore: built WITHOUT the C engine: {error}\n"
                "tppcore: it will use Numba where that is installed, else the exact engine; "
                "to have the C engine, install a C compiler and Python's headers and build again",
                file=sys.stderr,
            )

    def build_extensions(self) -> None:
        target = self._package()
        target.mkdir(parents=True, exist_ok=True)
        self._build_library(target)
        for extension in self.extensions:
            extension.include_dirs.append(str(ROOT / "csrc"))
            extension.library_dirs.append(str(target))
            rpath = "@loader_path" if IS_MACOS else "$ORIGIN"
            extension.extra_link_args.append(f"-Wl,-rpath,{rpath}")
        super().build_extensions()

    def copy_extensions_to_source(self) -> None:
        super().copy_extensions_to_source()
        self.copy_file(str(self._package() / LIBRARY), str(ROOT / "tppcore" / LIBRARY))

    def get_outputs(self) -> list[str]:
        library = self._package() / LIBRARY
        return [*super().get_outputs(), *([str(library)] if library.exists() else [])]

    def _package(self) -> Path:
        return Path(self.build_lib).resolve() / "tppcore"

    def _build_library(self, target: Path) -> None:
        sources = sorted(path for path in (ROOT / "csrc").glob("*.c"))
        objects: list[str] = []
        for source in sources:
            is_avx2 = source.stem.endswith("_avx2")
            if is_avx2 and not HAS_AVX2:
                continue
            flags = [*FLAGS, *(["-DTPP_WITH_AVX2"] if HAS_AVX2 else [])]
            objects += self.compiler.compile(
                [os.path.relpath(source)],
                output_dir=self.build_temp,
                extra_preargs=["-fPIC"],
                extra_postargs=[*flags, *(["-mavx2"] if is_avx2 else [])],
            )
        name = f"-Wl,-install_name,@rpath/{LIBRARY}" if IS_MACOS else f"-Wl,-soname,{LIBRARY}"
        self.compiler.link_shared_object(
            objects, str(target / LIBRARY), libraries=["m"], extra_postargs=[name]
        )


class SourceDistribution(sdist):
    """Leaves the generated C out: it is made again at every build."""

    def make_distribution(self) -> None:
        self.filelist.exclude_pattern("tppcore/_tppcore.c")
        self.filelist.exclude_pattern("tppcore/specs.json")
        super().make_distribution()


class Binary(Distribution):
    """The wheel is for one platform, as it holds a library."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    distclass=Binary,
    cffi_modules=["tppcore/_build_c.py:ffi"],
    cmdclass={"build_py": BuildPython, "build_ext": BuildC, "sdist": SourceDistribution},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
