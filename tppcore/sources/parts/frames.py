"""Columns of a caller's table as they stand there, for those that are no quantities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tppcore.errors import TppError


class Frame:
    """A dict of arrays, a structured array, or whatever speaks the Arrow interface."""

    def __init__(self, source: Any, what: str) -> None:
        self.source = source
        if isinstance(source, Mapping):
            self.names = [str(name) for name in source]
        elif isinstance(source, np.ndarray) and source.dtype.names:
            self.names = list(source.dtype.names)
        elif hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
            from tppcore.sources.arrow import pyarrow_table

            self.source = pyarrow_table(source)
            self.names = list(self.source.column_names)
        else:
            raise TppError(
                f"{what}: can't read a {type(source).__name__} as a table; expected a dict of "
                "arrays, a structured array, or an Arrow table or data frame"
            )
        for name in self.names:
            if self.names.count(name) > 1:
                raise TppError(f"{what}: column {name!r} stands there twice; expected it once")

    def column(self, name: str) -> Any:
        """A pyarrow.Array in one piece, or what the dict has; None where no column is called so."""
        if name not in self.names:
            return None
        if isinstance(self.source, (Mapping, np.ndarray)):
            values = self.source[name]
            if isinstance(values, np.ndarray) or not _is_arrow_like(values):
                return values
        else:
            values = self.source.column(name)
        return whole(values)

    def others(self, names: tuple[str, ...]) -> Any:
        """The same table without some columns."""
        kept = [name for name in self.names if name not in names]
        if isinstance(self.source, (Mapping, np.ndarray)):
            return {name: self.source[name] for name in kept}
        return self.source.select(kept)


def is_arrow(values: Any) -> bool:
    """Whether `Frame.column` gave an Arrow array."""
    return type(values).__module__.partition(".")[0] == "pyarrow"


def without_views(array: Any) -> Any:
    """An Arrow array without text views, of which pyarrow can't take rows."""
    import pyarrow as pa

    return array.cast(pa.large_string()) if pa.types.is_string_view(array.type) else array


def _is_arrow_like(values: Any) -> bool:
    return hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")


def whole(values: Any) -> Any:
    """An Arrow array in one piece, copied only if it is in several."""
    import pyarrow as pa

    if not isinstance(values, (pa.Array, pa.ChunkedArray)):
        is_stream = hasattr(values, "__arrow_c_stream__")
        values = pa.chunked_array(values) if is_stream else pa.array(values)
    if isinstance(values, pa.Array):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    if _most_values(values) > np.iinfo(np.int32).max:
        values = values.cast(pa.large_list(values.type.value_type))
    return values.combine_chunks()


def _most_values(values: Any) -> int:
    """How many values the lists of an array with 32-bit offsets have in all."""
    import pyarrow as pa

    if not pa.types.is_list(values.type):
        return 0
    return sum(len(chunk.values) for chunk in values.chunks)
