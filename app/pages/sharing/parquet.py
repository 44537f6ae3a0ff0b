"""Lists as Parquet files, which keep the types of their columns."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Final

from app.errors import Unsupported
from pluriscope.tables import Column, Row

_TYPES: Final = {"bool": "bool_", "int": "int64", "float": "float64"}


def as_parquet(about: Iterable[str], columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """Rows as a file, what they are in its metadata; integers of any size and sets are texts, as in CSV.

    Raises:
        Unsupported: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import parquet
    except ImportError:
        raise Unsupported(
            "Parquet", "the library that writes it is not installed here", "install pluriscope[parquet], or take CSV"
        ) from None
    every = list(rows)
    made = {
        column.name: pa.array(
            [
                row[column.name] if column.type in _TYPES else column.exact(row) if column.has(row) else None
                for row in every
            ],
            getattr(pa, _TYPES.get(column.type, "string"))(),
        )
        for column in columns
    }
    buffer = io.BytesIO()
    parquet.write_table(pa.table(made, metadata={"about": "\n".join(about)}), buffer)
    return buffer.getvalue()
