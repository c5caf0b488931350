"""Numba and LLVM as this package uses them, without types: neither has full ones."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir as _ir  # type: ignore[import-untyped]
from numba.core import cgutils as _cgutils
from numba.core import errors
from numba.extending import intrinsic as _intrinsic

ir: Any = _ir
cgutils: Any = _cgutils
intrinsic: Any = _intrinsic
types: Any = numba.types
carray: Any = numba.carray  # type: ignore[attr-defined]
cfunc: Any = numba.cfunc
njit: Any = numba.njit
NumbaTypeError: Any = errors.NumbaTypeError

part: Any = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Compiles a function that only compiled ones call: not for Python."""
