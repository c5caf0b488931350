"""Program files: what is in them, and the same verdicts from them as from `classify`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.engine import c
from tppcore.program.about import about
from tppcore.program.binary import to_bytes
from tppcore.program.compile import compile as compile_program
from tppcore.sinks.outcome import Ladder

pytestmark = pytest.mark.skipif(not c.available(), reason="built without a C compiler")

WHOLE = tpp.rulebook("2026-02-01", "CN")


class File:
    """A program file as an embedding program sees it."""

    def __init__(self, data: bytes) -> None:
        from tppcore._tppcore import ffi, lib

        self.ffi, self.lib = ffi, lib
        handle = ffi.new("tpp_program **")
        assert lib.tpp_program_open(data, len(data), handle, ffi.NULL) == lib.TPP_OK
        self.program = ffi.gc(handle[0], lib.tpp_program_close)
        self.inputs = self.texts("input_name", lib.tpp_program_inputs(self.program))
        self.paragraphs = self.texts("paragraph_id", lib.tpp_program_paragraphs(self.program))
        self.metrics = self.texts("metric_name", lib.tpp_program_metrics(self.program))

    def get(self, name: str, *place: Any) -> Any:
        found = getattr(self.lib, f"tpp_program_{name}")(self.program, *place)
        if isinstance(found, int):
            return found
        return None if found == self.ffi.NULL else self.ffi.string(found).decode()

    def texts(self, name: str, count: int) -> list[str]:
        return [self.get(name, i) for i in range(count)]

    def decide(self, values: dict[str, float]) -> list[int]:
        row = [values.get(name, np.nan) for name in self.inputs]
        verdicts, error = self.ffi.new("int8_t[]", len(self.paragraphs)), self.ffi.new("tpp_error*")
        none = self.ffi.NULL
        status = self.lib.tpp_decide(
            self.program, self.ffi.new("double[]", row), none, none, verdicts, error
        )
        assert status == self.lib.TPP_OK, self.ffi.string(self.lib.tpp_status_text(status))
        return list(verdicts)

    def text_of(self, code: int) -> str:
        size = self.lib.tpp_outcome_text(self.program, code, self.ffi.NULL, 0) + 1
        text = self.ffi.new("char[]", size)
        assert self.lib.tpp_outcome_text(self.program, code, text, size) == size - 1
        return self.ffi.string(text).decode()


@pytest.fixture(scope="module")
def whole() -> File:
    return File(tpp.program_bytes(WHOLE))


def test_facts(whole: File) -> None:
    names = whole.texts("fact_name", whole.get("facts"))
    found = {name: whole.get("fact", name.encode()) for name in names}
    readings = {f"readings.{name}": chosen for name, chosen in WHOLE.readings.items()}
    assert found == {
        "version": tpp.__version__,
        "rulebook": WHOLE.hash,
        "as_of": "2026-02-01",
        "destination": "CN",
        **readings,
    }


def test_amended_law_says_so() -> None:
    changed = tpp.amended(WHOLE, {"us-3a090": [("tpp >= 4800", "tpp >= 2400")]})
    file = File(tpp.program_bytes(changed))
    assert file.get("fact", b"amended") == "; ".join(changed.amended)


def test_paragraphs(whole: File) -> None:
    assert whole.paragraphs == [each.id for each in WHOLE.paragraphs]
    outcomes = whole.texts("outcome", whole.get("outcomes"))
    assert outcomes == list(WHOLE.specs.outcomes)
    for i, paragraph in enumerate(WHOLE.paragraphs):
        assert whole.get("paragraph_citation", i) == paragraph.citation
        rank = whole.get("paragraph_outcome", i)
        assert (None if rank == 2**32 - 1 else outcomes[rank]) == paragraph.outcome
    assert {whole.get("paragraph_outcome", i) for i in range(len(WHOLE.paragraphs))} >= {0, 1}


def test_inputs(whole: File) -> None:
    kinds = ("number", "boolean", "date", "category")
    quantities = WHOLE.vocabulary.quantities
    for i, name in enumerate(whole.inputs):
        spec = quantities[name]
        assert kinds[whole.get("input_kind", i)] == spec.kind
        assert whole.get("input_unit", i) == spec.unit
        words = [whole.get("input_word", i, w) for w in range(whole.get("input_words", i))]
        assert tuple(words) == spec.words
    assert {"tops_fp8", "tops_fp8_sparse", "die_area_mm2", "datacenter", "item_kind"} < {
        *whole.inputs
    }
    assert not any(quantities[name].internal for name in whole.inputs)
    assert set(WHOLE.vocabulary.rates) - {*whole.inputs} == {
        name for name in WHOLE.vocabulary.rates if quantities[name].internal
    }


def test_metrics(whole: File) -> None:
    known = WHOLE.vocabulary.metrics
    assert "tpp" in whole.metrics
    assert set(whole.metrics) == {name for name in WHOLE.metrics_used if name in known}
    for i, name in enumerate(whole.metrics):
        assert whole.get("metric_unit", i) == known[name].unit


@pytest.mark.parametrize("rules", [None, ["us-3a090"], ["us-742.6-review"]])
def test_every_outcome_text(rules: list[str] | None) -> None:
    book = tpp.rulebook("2026-02-01", "CN", rules=rules)
    file, ladder = File(tpp.program_bytes(book)), Ladder(book)
    assert [file.text_of(code) for code in range(len(ladder.texts))] == ladder.texts


def test_chips_one_by_one(whole: File) -> None:
    """All that table figures say of the catalogue: verdicts and outcomes."""
    quantities, outcomes = WHOLE.vocabulary.quantities, []
    rows = [
        {
            name: float(found.low)
            for name, found in chip.quantities.items()
            if found.low == found.high and not quantities[name].internal
        }
        for chip in tpp.chips()
    ]
    names = {name for row in rows for name in row}
    table: dict[str, Any] = {
        name: np.array([row.get(name, np.nan) for row in rows]) for name in names
    }
    words = quantities["item_kind"].words
    table["item_kind"] = [
        None if np.isnan(each) else words[int(each)] for each in table["item_kind"]
    ]
    found = tpp.classify(table, WHOLE, engine="exact")
    wanted = np.array([np.ma.filled(found[p].astype(np.int8), -1) for p in whole.paragraphs]).T
    for row, verdicts in zip(rows, wanted, strict=True):
        assert whole.decide(row) == verdicts.tolist()
        given = whole.ffi.new("int8_t[]", verdicts.tolist())
        outcomes.append(whole.text_of(whole.lib.tpp_highest_outcome(whole.program, given)))
    assert outcomes == list(found.outcome)
    assert len(set(outcomes)) > 3


def test_ranges_are_refused_where_classify_refuses_them() -> None:
    """In `non_planar` the performance density is not monotone; flags and words have no ranges."""
    names = ["tops_fp8", "die_area_mm2", "non_planar", "item_kind"]
    program = compile_program(WHOLE, names)
    said = about(WHOLE, program).inputs
    assert {name for name in names if said[name].no_range} == {"non_planar", "item_kind"}
    file = File(tpp.program_bytes(WHOLE, names))
    ffi, lib = file.ffi, file.lib
    row, high = ffi.new("double[]", [np.nan] * 4), ffi.new("double[]", [np.nan] * 4)
    high[file.inputs.index("non_planar")] = 1.0
    verdicts, error = ffi.new("int8_t[]", len(file.paragraphs)), ffi.new("tpp_error *")
    status = lib.tpp_decide(file.program, row, ffi.NULL, high, verdicts, error)
    assert status == lib.TPP_ERROR_NO_RANGE
    assert file.inputs[error.input] == "non_planar"
    high[file.inputs.index("non_planar")] = np.nan
    high[file.inputs.index("tops_fp8")] = 100.0
    assert lib.tpp_decide(file.program, row, ffi.NULL, high, verdicts, error) == lib.TPP_OK


def test_a_program_for_the_engine_alone_says_nothing() -> None:
    program = compile_program(WHOLE, ["tops_fp8"])
    file = File(to_bytes(program))
    assert file.get("facts") == file.get("outcomes") == 0
    assert file.get("paragraph_citation", 0) == file.get("input_unit", 0) == ""
    assert file.text_of(0).startswith("not evaluated")


def test_quantities_are_the_inputs_of_the_program() -> None:
    file = File(tpp.program_bytes(WHOLE, ["die_area_mm2", "tops_fp8"]))
    given = [bool(file.get("input_given", i)) for i in range(len(file.inputs))]
    assert file.inputs[:2] == ["tops_fp8", "die_area_mm2"]
    assert given == [True, True, *[False] * (len(given) - 2)]
    assert "datacenter" in file.inputs
    found = [file.lib.tpp_program_find_input(file.program, name.encode()) for name in file.inputs]
    assert found == [0, 1, *[2**32 - 1] * (len(given) - 2)]


@pytest.mark.parametrize(
    ("quantities", "message"),
    [
        (["tops_fp8", "area"], "unknown quantity 'area'"),
        (["units_tpp"], "unknown quantity 'units_tpp'"),
        (["tops_fp8", "tops_fp8"], "expected each once"),
    ],
)
def test_bad_quantities(quantities: list[str], message: str) -> None:
    with pytest.raises(tpp.TppError, match=message):
        tpp.program_bytes(WHOLE, quantities)


def tppcore(*arguments: object, folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "tppcore.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True)


def test_command(tmp_path: Path) -> None:
    law = ("--as-of", "2026-02-01", "--destination", "CN")
    few = ("--rules", "us-3a090", "--quantities", "tops_fp8, die_area_mm2")
    assert tppcore("compile", *law, *few, "-o", "ear.tpp", folder=tmp_path).returncode == 0
    rules = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
    wanted = tpp.program_bytes(rules, ["tops_fp8", "die_area_mm2"])
    assert (tmp_path / "ear.tpp").read_bytes() == wanted
    done = tppcore("compile", *law, *few, "-o", "-", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--quantities", "area", "-o", "ear.tpp"), b"unknown quantity 'area'"),
        (("-o", "none/ear.tpp"), b"none/ear.tpp: no such folder"),
        (("--as-of", "yesterday", "-o", "ear.tpp"), b"not a date"),
        ((), b"Missing option"),
    ],
)
def test_a_command_that_fails_leaves_nothing(
    options: tuple[str, ...], message: bytes, tmp_path: Path
) -> None:
    done = tppcore("compile", *options, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not any(tmp_path.iterdir())


def test_include_and_library() -> None:
    include = Path(tpp.get_include())
    assert (include / "tppcore.h").is_file()
    assert (include / "tppcore.hpp").is_file()
    assert Path(tpp.get_library()).is_file()
