"""Programs as files: what the C engine opens, and what other languages embed.

Little-endian, versioned, sized and checked by a CRC-32; `csrc/program_read.c` describes the layout
and refuses everything else.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

from tppcore.program.about import About, InputAbout, ParagraphAbout
from tppcore.program.decimals import decimal_parts
from tppcore.program.program import Input, Node, Op, Paragraph, Program

VERSION = 3
MAGIC = b"tppcore\n"

_HEADER = struct.Struct("<8sIII")
_COUNTS = struct.Struct("<11I")
_DECIMAL = struct.Struct("<Qdi")
_MAX_EXPONENT = 400
_TEST_OPS = {">=": 0, ">": 1, "<": 2, "<=": 3}
_POSITIVE, _CLOSED, _OPEN, _DEFAULT, _GIVEN, _NO_RANGE = 1, 2, 4, 8, 16, 32
_KINDS = ("number", "boolean", "date", "category")
_NOTHING = About()
_ANY_NUMBER, _NO_OUTCOME = InputAbout(), ParagraphAbout()


class _Names:
    """Texts with a closing NUL, each stored once."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")
        self._offsets: dict[str, int] = {"": 0}

    def offset(self, name: str) -> int:
        if "\0" in name:
            raise ValueError(f"{name!r}: a name in a program can't hold a NUL")
        if name not in self._offsets:
            self._offsets[name] = len(self.data)
            self.data += name.encode() + b"\0"
        return self._offsets[name]


def _decimal(value: Fraction | None) -> bytes:
    value = value or Fraction(0)
    mantissa, exponent = decimal_parts(value)
    if mantissa >= 2**63 or abs(exponent) > _MAX_EXPONENT:
        raise ValueError(f"{value}: more digits than a program holds")
    return _DECIMAL.pack(mantissa, float(value), exponent)


def _input(entry: Input, said: InputAbout, words: list[int], names: _Names) -> bytes:
    flags = (
        _POSITIVE * entry.positive
        | _CLOSED * entry.closed_list
        | _OPEN * entry.open_unlisted
        | _DEFAULT * (entry.default is not None)
        | _GIVEN * entry.given
        | _NO_RANGE * said.no_range
    )
    kind, unit = _KINDS.index(said.kind), names.offset(said.unit)
    first = len(words)
    words += map(names.offset, said.words)
    return (
        struct.pack("<II", names.offset(entry.quantity), flags)
        + _decimal(entry.default)
        + struct.pack("<4I", kind, unit, first, len(said.words))
    )


def _node(node: Node) -> bytes:
    value = _decimal(node.value if node.op == Op.CONST else None)
    flags = _POSITIVE * node.positive
    return struct.pack("<5I", node.op, node.a, node.b, node.test, flags) + value


def _paragraph(paragraph: Paragraph, first_box: int, said: ParagraphAbout, names: _Names) -> bytes:
    return struct.pack(
        "<6I",
        names.offset(paragraph.id),
        first_box,
        len(paragraph.true_boxes),
        len(paragraph.false_boxes),
        0 if said.outcome is None else said.outcome + 1,
        names.offset(said.citation),
    )


def to_bytes(program: Program, about: About = _NOTHING) -> bytes:
    """A program as the bytes of a file, with what it says of itself.

    Raises ValueError for a constant or a text that it can't hold.
    """
    names = _Names()
    words: list[int] = []
    inputs = b"".join(
        _input(entry, about.inputs.get(entry.quantity, _ANY_NUMBER), words, names)
        for entry in program.inputs
    )
    nodes = b"".join(map(_node, program.nodes))
    tests = b"".join(
        struct.pack("<IIdd", test.node, _TEST_OPS[test.op], test.epsilon, test.epsilon32)
        + _decimal(test.threshold)
        for test in program.tests
    )
    paragraphs, boxes, literals = bytearray(), bytearray(), bytearray()
    for paragraph in program.paragraphs:
        said = about.paragraphs.get(paragraph.id, _NO_OUTCOME)
        paragraphs += _paragraph(paragraph, len(boxes) // 8, said, names)
        for box in paragraph.true_boxes + paragraph.false_boxes:
            boxes += struct.pack("<2I", len(literals) // 4, len(box))
            literals += struct.pack(f"<{len(box)}I", *box)
    metrics = b"".join(
        struct.pack("<3I", names.offset(name), node, names.offset(about.metrics.get(name, "")))
        for name, node in program.metrics
    )
    texts = words + [names.offset(each) for each in about.outcomes]
    texts += [names.offset(each) for fact in about.facts.items() for each in fact]
    counts = _COUNTS.pack(
        len(program.inputs),
        len(program.nodes),
        len(program.tests),
        len(program.paragraphs),
        len(boxes) // 8,
        len(literals) // 4,
        len(program.metrics),
        len(words),
        len(about.outcomes),
        len(about.facts),
        len(names.data),
    )
    body = b"".join(
        (
            *(counts, inputs, nodes, tests, paragraphs, boxes, literals, metrics),
            struct.pack(f"<{len(texts)}I", *texts),
            names.data,
        )
    )
    return _HEADER.pack(MAGIC, VERSION, _HEADER.size + len(body), zlib.crc32(body)) + body
