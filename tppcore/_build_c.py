"""Builds `tppcore._tppcore`, the cffi module over `libtppcore`; setup.py and nothing else runs it.

The declarations are those of `csrc/tppcore.h`, between its two marks, so that there is one text.
Beside them are Arrow's C structs, as its specification has them, and what gives them to others.
"""

from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent / "csrc" / "tppcore.h"
GIVING = HERE / "_arrow_giving.c"

STRUCTS = """
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
"""
GIVERS = """
static struct ArrowSchema *arrow_give_schema(const struct ArrowSchema *, void *);
static struct ArrowArray *arrow_give_array(const struct ArrowArray *, void *);
static struct ArrowArrayStream *arrow_give_stream(const struct ArrowSchema *,
                                                  const struct ArrowArray *, void *);
static void *arrow_destructor(int);
"""


def declarations(header: str) -> str:
    """The part of the header between the marks."""
    return header.split("/* [cffi */")[1].split("/* cffi] */")[0]


ffi = cffi.FFI()
ffi.cdef(declarations(HEADER.read_text()))
ffi.cdef(STRUCTS + GIVERS)
ffi.set_source(
    "tppcore._tppcore",
    f'#include "tppcore.h"\n{STRUCTS}{GIVING.read_text()}',
    libraries=["tppcore"],
)
