"""Programs as bytes, and the C engine's refusal of wrong ones."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import pytest

from tppcore.engine import c
from tppcore.program.binary import to_bytes
from tppcore.program.decimals import decimal_parts
from tppcore.program.program import Input, Node, Op, Paragraph, Program, Test


def small(**test: object) -> Program:
    return Program(
        (Input("tpp"), Input("area", positive=True, default=Fraction("0.7"))),
        (Node(Op.INPUT, 0), Node(Op.INPUT, 1), Node(Op.DIV, 0, 1, positive=True)),
        (Test(**{"node": 2, "op": ">=", "threshold": Fraction("5.92"), "epsilon": 1e-14, **test}),),
        (Paragraph("a", ((0,),), ((1,),)),),
        (("density", 2),),
    )


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("0", (0, 0)),
        ("5.92", (592, -2)),
        ("4800", (48, 2)),
        ("1e-15", (1, -15)),
        ("1e24", (1, 24)),
        ("9223372036854775807", (2**63 - 1, 0)),
        ("0.0078125", (78125, -7)),
    ],
)
def test_decimal_parts(value: str, parts: tuple[int, int]) -> None:
    assert decimal_parts(Fraction(value)) == parts


@pytest.mark.parametrize(("value", "message"), [("-1", "negative"), ("1/3", "decimal")])
def test_decimal_parts_refuses(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decimal_parts(Fraction(value))


@pytest.mark.parametrize("value", ["9223372036854775809", "1e401"])
def test_a_constant_that_a_program_cannot_hold(value: str) -> None:
    with pytest.raises(ValueError, match=r"more digits than a program holds"):
        to_bytes(Program((), (Node(Op.CONST, value=Fraction(value)),), (), (), ()))


def test_header() -> None:
    data = to_bytes(small())
    magic, version, size, crc = struct.unpack_from("<8sIII", data)
    assert (magic, version, size, crc) == (b"tppcore\n", 3, len(data), zlib.crc32(data[20:]))


def test_is_the_same_every_time() -> None:
    assert to_bytes(small()) == to_bytes(small())


@pytest.mark.skipif(not c.available(), reason="built without a C compiler")
class TestRefusal:
    """The order of checks: a file of another version says so, whatever else is wrong with it."""

    def status(self, data: bytes) -> str:
        from tppcore._tppcore import ffi, lib

        program, error = ffi.new("tpp_program **"), ffi.new("tpp_error *")
        status = lib.tpp_program_open(data, len(data), program, error)
        lib.tpp_program_close(program[0])
        assert (status == lib.TPP_OK) == (program[0] != ffi.NULL)
        return ffi.string(lib.tpp_status_text(status)).decode()

    def test_good(self) -> None:
        assert self.status(to_bytes(small())) == "no error"

    def test_every_truncation(self) -> None:
        data = to_bytes(small())
        assert {self.status(data[:size]) for size in range(len(data))} == {
            "the program file is cut short"
        }

    def test_every_flipped_byte(self) -> None:
        data = to_bytes(small())
        for i in range(len(data)):
            assert self.status(data[:i] + bytes([data[i] ^ 255]) + data[i + 1 :]) != "no error"

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"PAR1" + bytes(60), "not a program file"),
            (b"tppcore\n" + bytes([1]) + bytes(60), "another version"),
            (to_bytes(small()) + b"\0", "size"),
            (to_bytes(small())[:-2] + b"X\0", "checksum"),
            (to_bytes(small(node=3)), "impossible"),
            (to_bytes(small(epsilon=-1.0)), "impossible"),
            (to_bytes(small(epsilon=float("nan"))), "impossible"),
        ],
    )
    def test_reason(self, data: bytes, text: str) -> None:
        assert text in self.status(data)

    def test_forward_reference(self) -> None:
        program = small()
        nodes = (program.nodes[0], Node(Op.ADD, 0, 2), program.nodes[2])
        data = to_bytes(Program(program.inputs, nodes, program.tests, (), ()))
        assert "impossible" in self.status(data)

    def test_too_many_tests(self) -> None:
        program = small()
        data = to_bytes(Program(program.inputs, program.nodes, program.tests * 1025, (), ()))
        assert "larger" in self.status(data)
