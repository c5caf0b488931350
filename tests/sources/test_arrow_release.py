"""What comes through the Arrow C interfaces is released once, and never while it is seen."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tppcore as tpp
from tppcore.errors import TppError
from tppcore.rules.store import specs
from tppcore.sources import arrow
from tppcore.sources.arrow_abi import Array, Schema, Stream, python_api
from tppcore.sources.table import Table

RULES = tpp.rulebook("2026-02-01", "CN", rules=["us-3a090"])
ROWS = 100

new_capsule = python_api(
    "PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
)
Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
Pull = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
Text = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


def address(function: Any) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value
    assert found is not None
    return found


class Producer:
    """A stream of batches of one column of doubles, which counts what is released and spoils the
    memory of what was."""

    def __init__(
        self, batches: int, fails_at: int | None = None, message: bytes | None = b"?"
    ) -> None:
        self.batches, self.fails_at = batches, fails_at
        self._text = message and ctypes.create_string_buffer(message)
        self.released = {"schema": 0, "array": 0, "stream": 0}
        self.given = 0
        self._kept: list[Any] = []
        self._callbacks = [
            Release(self._releaser("schema", Schema)),
            Release(self._releaser("array", Array)),
            Release(self._releaser("stream", Stream)),
            Pull(self._get_schema),
            Pull(self._get_next),
            Text(lambda stream: self._text and ctypes.addressof(self._text)),
        ]
        self._stream = Stream(
            address(self._callbacks[3]), address(self._callbacks[4]), address(self._callbacks[5]),
            address(self._callbacks[2]),
        )  # fmt: skip
        self._memory: dict[int, np.ndarray] = {}

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return new_capsule(ctypes.addressof(self._stream), b"arrow_array_stream", None)

    def _releaser(self, name: str, kind: Any) -> Callable[[int], None]:
        def release(at: int) -> None:
            struct = kind.from_address(at)
            assert struct.release
            if name == "array":
                self._memory[struct.private_data][:] = -1.0
            struct.release = None
            self.released[name] += 1

        return release

    def _get_schema(self, stream: int, out: int) -> int:
        child = Schema(b"g", b"tops_fp8", None, 2, 0, None, None, address(self._callbacks[0]))
        children = (ctypes.c_void_p * 1)(ctypes.addressof(child))
        self._kept += [child, children]
        schema = Schema.from_address(out)
        schema.format, schema.name, schema.n_children = b"+s", b"", 1
        schema.children = ctypes.addressof(children)
        schema.release = address(self._callbacks[0])
        return 0

    def _get_next(self, stream: int, out: int) -> int:
        if self.given == self.fails_at:
            return 5  # EIO
        array = Array.from_address(out)
        if self.given == self.batches:
            array.release = None
            return 0
        values = np.full(ROWS, 600.0)
        self._memory[self.given + 1] = values
        buffers = (ctypes.c_void_p * 2)(None, values.ctypes.data)
        none = (ctypes.c_void_p * 1)(None)
        child = Array(ROWS, 0, 0, 2, 0, ctypes.addressof(buffers), None, None, 1)
        children = (ctypes.c_void_p * 1)(ctypes.addressof(child))
        self._kept += [values, buffers, none, child, children]
        array.length, array.null_count, array.offset = ROWS, 0, 0
        array.n_buffers, array.buffers = 1, ctypes.addressof(none)
        array.n_children, array.children = 1, ctypes.addressof(children)
        array.dictionary, array.release = None, address(self._callbacks[1])
        self.given += 1
        array.private_data = self.given
        return 0


def pieces(producer: Producer) -> Any:
    return Table(producer, specs().vocabulary).pieces


@pytest.mark.parametrize("few", [1, arrow.FEW])
def test_once_when_the_verdicts_go(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(arrow, "FEW", few)
    producer = Producer(3)
    verdicts = tpp.classify(producer, RULES)
    assert verdicts.counts()["us-3a090/a.1"]["true"] == 3 * ROWS
    assert producer.released["stream"] == producer.released["schema"] == 1
    assert producer.released["array"] == (0 if few == 1 else 3)  # together they were copied
    assert verdicts.explain(250).paragraphs
    del verdicts
    gc.collect()
    assert producer.released == {"schema": 1, "array": 3, "stream": 1}


def test_not_while_a_column_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first batch stays though the table and the other batches are gone."""
    monkeypatch.setattr(arrow, "FEW", 1)
    producer = Producer(2)
    values = pieces(producer)[0].by_quantity["tops_fp8"].values[10:20]
    gc.collect()
    assert producer.released["array"] == 1
    assert values.tolist() == [600.0] * 10
    del values
    assert producer.released == {"schema": 1, "array": 2, "stream": 1}


@pytest.mark.parametrize("message", [b"the disk is on fire", None])
def test_a_stream_that_fails(message: bytes | None) -> None:
    producer = Producer(5, fails_at=2, message=message)
    expected = "the disk is on fire" if message else "Input/output error"
    with pytest.raises(TppError, match=f"can't read this table: {expected}; expected a stream"):
        tpp.classify(producer, RULES)
    gc.collect()
    assert producer.released == {"schema": 1, "array": 2, "stream": 1}


def test_a_schema_that_fails() -> None:
    producer = Producer(2)
    producer._get_schema = lambda stream, out: 5  # type: ignore[method-assign]
    producer._callbacks[3] = Pull(producer._get_schema)
    producer._stream.get_schema = address(producer._callbacks[3])
    with pytest.raises(TppError, match="can't read this table"):
        tpp.classify(producer, RULES)
    gc.collect()
    assert producer.released == {"schema": 0, "array": 0, "stream": 1}


def test_a_capsule_is_taken_once() -> None:
    producer = Producer(1)
    capsule = producer.__arrow_c_stream__()
    producer.__class__ = type(
        "Same", (Producer,), {"__arrow_c_stream__": lambda self, requested_schema=None: capsule}
    )
    assert len(tpp.classify(producer, RULES)) == ROWS
    with pytest.raises(TppError, match="was used before"):
        tpp.classify(producer, RULES)
    gc.collect()
    assert producer.released == {"schema": 1, "array": 1, "stream": 1}
