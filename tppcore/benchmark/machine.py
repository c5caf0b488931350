"""The machine and the versions that a figure belongs to."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tppcore.engine import c
from tppcore.engine.shards import usable_cpus
from tppcore.program.program import Program
from tppcore.version import __version__


def machine(program: Program, libraries: Iterable[str] = ("numpy", "numba")) -> dict[str, str]:
    """Processor, system, versions, and the variant of the C engine that was dispatched."""
    found = {
        "processor": f"{_processor()}, {usable_cpus()} usable CPUs",
        "memory": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "tppcore": __version__,
        "kernel": c.opened(program).kernel if c.available() else "no C engine",
    }
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    info = Path("/proc/meminfo")
    if not info.exists():
        return "unknown"
    return f"{int(info.read_text().split()[1]) / 2**20:.0f} GiB"
