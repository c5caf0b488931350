"""Builds `tppcore._tppcore`, the cffi module over `libtppcore`; setup.py and nothing else runs it.

The declarations are those of `csrc/tppcore.h`, between its two marks, so that there is one text.
"""

from pathlib import Path

import cffi

HEADER = Path(__file__).resolve().parent.parent / "csrc" / "tppcore.h"


def declarations(header: str) -> str:
    """The part of the header between the marks."""
    return header.split("/* [cffi */")[1].split("/* cffi] */")[0]


ffi = cffi.FFI()
ffi.cdef(declarations(HEADER.read_text()))
ffi.set_source("tppcore._tppcore", '#include "tppcore.h"', libraries=["tppcore"])
