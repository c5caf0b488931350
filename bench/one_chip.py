"""One chip at a time: through Python, C, and Numba."""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import tppcore as tpp
from bench.options import Options
from tppcore.benchmark.jobs import AS_OF, DESTINATION, GATE, WHOLE, columns_of, random_table
from tppcore.benchmark.rounds import Contender, repeated
from tppcore.engine import c
from tppcore.program.compile import compile as compile_program
from tppcore.program.program import Program
from tppcore.rules.rulebook import Rulebook

ROOT = Path(__file__).parents[1]
RULES = {
    "us-3a090": (tpp.rulebook(AS_OF, DESTINATION, rules=["us-3a090"]), GATE.columns),
    "the whole rulebook": (WHOLE.rules, WHOLE.columns),
}
_TABLES = 64
_TIMES = 200_000
_ROWS = 1 << 14


def measure(options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    chip = tpp.chip("H200")
    for name, (rules, names) in RULES.items():
        # The loop variables are bound now: the contenders run later.
        found[f"Python, a chip: {name}"] = _calls(
            lambda rules=rules: tpp.classify(chip, rules), options.rounds
        )
        row = random_table(names, 1)
        found[f"Python, a dict of one row: {name}"] = _calls(
            lambda rules=rules, row=row: tpp.classify(row, rules), options.rounds
        )
        program = compile_program(rules, names)
        found[f"inside @njit: {name}"] = _in_numba(rules, names, options.rounds)
        for title, each in _in_c(program, names, options.rounds).items():
            found[f"{title}: {name}"] = each
    return found


def _calls(run: Contender, rounds: int) -> dict[str, Any]:
    many, count = repeated(run, least=0.1)
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        many()
        seconds.append((time.perf_counter() - begun) / count)
    return {"ns": statistics.median(seconds) * 1e9, "seconds": seconds}


def _in_c(program: Program, names: tuple[str, ...], rounds: int) -> dict[str, dict[str, Any]]:
    """Loops in C over 64 rows, each a table of one row and an array of doubles; without a compiler,
    nothing."""
    compiler = shutil.which("cc")
    if not c.available() or compiler is None:
        left_out = {"left_out": "needs the C engine and a C compiler"}
        return {"C": left_out, "C, tpp_decide": left_out}
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "one_row.so"
        source, headers = ROOT / "bench" / "one_row.c", ROOT / "csrc"
        command = [compiler, "-O2", "-shared", "-fPIC", f"-I{headers}", source, "-o", library]
        subprocess.run(command, check=True)
        loops = ctypes.CDLL(str(library))
    chips = random_table(names, _TABLES)
    ffi, lib = c._ffi, c._lib
    handle = c.opened(program)

    def address(pointer: Any) -> int:
        return int(ffi.cast("uintptr_t", pointer))

    held = []
    for row in range(_TABLES):
        one = {name: values[row : row + 1].copy() for name, values in chips.items()}
        held.append((c._table(handle, columns_of(one)), one))
    tables = ffi.new("tpp_column *[]", [table for (table, _), _ in held])
    bits = np.zeros((2, len(program.paragraphs), 1), np.uint64)
    bitmaps = [c._rows(each, "uint64_t") for each in bits]
    order = [entry.quantity for entry in program.inputs]
    rows = np.array([chips.get(name, np.full(_TABLES, np.nan)) for name in order], np.float64)
    rows = np.ascontiguousarray(rows.T)
    verdicts = ffi.new("int8_t[]", len(program.paragraphs))
    pointers = c._rows(rows, "double")
    calls = {
        "C": (loops.one_row, "tpp_evaluate", tables, [address(each) for each in bitmaps]),
        "C, tpp_decide": (loops.one_row_decide, "tpp_decide", pointers, [address(verdicts)]),
    }
    return {
        title: _loop(
            loop,
            [address(ffi.addressof(lib, name)), address(handle.pointer), address(given), _TABLES],
            outputs,
            rounds,
        )
        for title, (loop, name, given, outputs) in calls.items()
    }


def _loop(loop: Any, inputs: list[int], outputs: list[int], rounds: int) -> dict[str, Any]:
    arguments = [
        *map(ctypes.c_void_p, inputs[:3]),
        ctypes.c_uint64(inputs[3]),
        *map(ctypes.c_void_p, outputs),
    ]
    seconds = []
    for number in range(rounds + 1):
        begun = time.perf_counter()
        status = loop(*arguments, ctypes.c_uint64(_TIMES))
        if number:
            seconds.append((time.perf_counter() - begun) / _TIMES)
        if status:
            raise RuntimeError(f"one row in C: status {status}")
    return {"ns": statistics.median(seconds) * 1e9, "seconds": seconds}


def _in_numba(rules: Rulebook, names: tuple[str, ...], rounds: int) -> dict[str, Any]:
    """A user's own @njit loop over rows, one thread; all verdicts of a row are looked at."""
    if find_spec("numba") is None:
        return {"left_out": "needs Numba"}
    from numba import njit

    chips = random_table(names, _ROWS)
    decide = tpp.classifier(rules, names)

    @njit
    def loop(numbers):  # type: ignore[no-untyped-def]
        total = 0
        for row in range(len(numbers)):
            for verdict in decide(numbers[row]):
                total += verdict
        return total

    numbers = np.ascontiguousarray(np.array([chips[name] for name in names], np.float64).T)
    call = _calls(lambda: loop(numbers), rounds)
    return {key: np.divide(value, _ROWS).tolist() for key, value in call.items()}


def table(part: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A heading and cells for people."""
    return ["one chip", "ns"], [
        [name, each.get("left_out") or f"{each['ns']:,.0f}"] for name, each in part.items()
    ]
