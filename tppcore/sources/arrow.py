"""Tables that speak the Arrow PyCapsule interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tppcore.engine.columns import MISSING, Column
from tppcore.errors import TppError
from tppcore.rules.vocabulary import QuantitySpec


class ArrowReader:
    """Columns of an Arrow table, over the same memory where the engines take their type."""

    def __init__(self, source: Any) -> None:
        try:
            import pyarrow as pa
        except ImportError:
            raise TppError(
                "Arrow tables and data frames need pyarrow; expected the extra tppcore[files]"
            ) from None
        if isinstance(source, pa.Table):
            self.table = source
        elif isinstance(source, pa.RecordBatch):
            self.table = pa.Table.from_batches([source])
        else:
            try:
                self.table = pa.table(source)
            except (ValueError, TypeError) as error:
                # pyarrow refuses what a data frame may hold: two columns of one name, or one
                # column of text and numbers.
                raise TppError(
                    f"can't read this table: {'; '.join(map(str, error.args))}; expected each "
                    "column name once and one type a column"
                ) from None
        self.names: list[str] = list(self.table.column_names)

    def rows(self, name: str) -> int:
        return int(self.table.num_rows)

    def objects(self, name: str) -> Sequence[Any]:
        values: list[Any] = self.table.column(name).to_pylist()
        return values

    def __call__(self, name: str, spec: QuantitySpec) -> Column:
        import pyarrow as pa
        import pyarrow.compute as pc

        from tppcore.sources import cells

        array = self.table.column(name)
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        place = cells.Place(name)
        match spec.kind:
            case "boolean":
                flags = cells.booleans(array, place).cast(pa.uint8()).fill_null(MISSING)
                return Column(flags.to_numpy(zero_copy_only=False))
            case "date":
                return _shared(cells.dates(array, place).cast(pa.int32()))
            case "category":
                words = cells.words(array, place, spec.words)
                return _shared(pc.index_in(words, pa.array(spec.words)))
            case _:
                return _shared(array if _is_number(array.type) else cells.numbers(array, place))


def _is_number(kind: Any) -> bool:
    """Whether the engines take an Arrow type as it is."""
    import pyarrow as pa

    return bool(
        pa.types.is_float64(kind)
        or pa.types.is_float32(kind)
        or (pa.types.is_integer(kind) and kind.bit_width > 8)
        or (pa.types.is_decimal128(kind) and kind.scale >= 0)
    )


def _shared(array: Any) -> Column:
    """An Arrow array of numbers as a column over the same memory."""
    import pyarrow as pa

    first, count, kind = array.offset, len(array), array.type
    validity, data = array.buffers()
    scale = kind.scale if pa.types.is_decimal128(kind) else None
    dtype = np.dtype(np.uint64) if scale is not None else np.dtype(kind.to_pandas_dtype())
    width = 1 if scale is None else 2
    numbers = np.frombuffer(data or b"", dtype)[width * first : width * (first + count)]
    if scale is not None:
        numbers = numbers.reshape(-1, 2)
    if array.null_count == 0:
        return Column(numbers, scale=scale)
    byte, bit = divmod(first, 8)
    present = np.frombuffer(validity, np.uint8)[byte:]
    return Column(numbers, present=present, first_bit=bit, scale=scale)
