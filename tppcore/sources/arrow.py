"""Tables that speak the Arrow PyCapsule interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tppcore.engine.columns import MISSING
from tppcore.errors import TppError
from tppcore.rules.vocabulary import QuantitySpec


class ArrowReader:
    """Columns of an Arrow table as NumPy arrays, nulls as NaN (255 in booleans)."""

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

    def __call__(self, name: str, spec: QuantitySpec) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        from tppcore.sources import cells

        array = self.table.column(name)
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        place = cells.Place(name)
        match spec.kind:
            case "boolean":
                flags = cells.booleans(array, place)
                return flags.cast(pa.uint8()).fill_null(MISSING).to_numpy(zero_copy_only=False)
            case "date":
                days = cells.dates(array, place).cast(pa.int32())
                return days.cast(pa.float64()).to_numpy(zero_copy_only=False)
            case "category":
                words = cells.words(array, place, spec.words)
                codes = pc.index_in(words, pa.array(spec.words)).cast(pa.float64())
                return codes.fill_null(np.nan).to_numpy(zero_copy_only=False)
            case _:
                is_double = pa.types.is_float64(array.type)
                numbers = array if is_double else cells.numbers(array, place)
                if numbers.null_count:
                    numbers = numbers.fill_null(np.nan)
                return np.ascontiguousarray(numbers.to_numpy(zero_copy_only=False))
