"""Lists as Parquet files, which keep the types of their columns."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.errors import Unsupported
from pluriscope.tables import Column, Row

_TYPES: Final = {"bool": "bool_", "int": "int64", "float": "float64"}


def as_parquet(about: Iterable[str], columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """Rows as a file, what they are in its metadata; integers of any size and sets are texts, as in CSV.

    Raises:
        Unsupported: pyarrow is not installed.
    """
    every = list(rows)
    values = {
        column.name: [
            row[column.name] if column.type in _TYPES else column.exact(row) if column.has(row) else None
            for row in every
        ]
        for column in columns
    }
    types = {column.name: _TYPES.get(column.type, "string") for column in columns}
    return written({"about": "\n".join(about)}, values, types)


def written(
    about: Mapping[str, str], values: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
) -> bytes:
    """Columns as a file.

    Args:
        about: its metadata.
        values: of each column.
        types: column → name of its type; None: as its values are.

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
    made = {name: pa.array(of, getattr(pa, types[name])() if types else None) for name, of in values.items()}
    buffer = io.BytesIO()
    parquet.write_table(pa.table(made, metadata=dict(about)), buffer)
    return buffer.getvalue()
