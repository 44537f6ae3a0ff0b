"""Answers that are sent while they are read, and let go of what they read from as soon as the reader leaves."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import chain
from typing import Any, Final, Literal

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Send

from app.errors import Unsupported
from pluriscope.blocks import Table
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


_FILES: Final[dict[str, str]] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
FILE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {one.partition(";")[0]: {} for one in _FILES.values()}}
}
"""What :func:`table_file` answers, for the description of the interface."""


class Streamed(StreamingResponse):
    """Parts of an answer as a generator makes them, the first of them before anything is sent.

    Whatever is wrong with the question is thus refused with its own status. Whoever closes a download half way must not
    keep the generator's session open until Python looks for garbage: an old snapshot of the database stays with it.

    Args:
        parts: the generator; it reads in a session of its own, since the request's is over when the answer begins.
        options: as of `StreamingResponse`.
    """

    def __init__(self, parts: Generator[str | bytes, None, None] | Generator[str, None, None], **options: Any) -> None:
        self._parts = parts
        super().__init__(chain([next(parts)], parts), **options)

    async def stream_response(self, send: Send) -> None:
        """Send it, and close the generator, whether all of it was wanted or not."""
        try:
            await super().stream_response(send)
        finally:
            self._parts.close()


def table_file(
    request: Request,
    form: Literal["csv", "parquet"],
    name: str,
    make: Callable[[Session], tuple[tuple[str, ...], Table]],
) -> Streamed:
    """A whole list as a file.

    Args:
        request: the request answered.
        form: of the file.
        name: of the file, without its ending.
        make: reads the text about the list, and the list.
    """
    store = request.app.state.store

    def parts() -> Generator[str | bytes, None, None]:
        with store.read() as session:
            about, table = make(session)
            if form == "csv":
                yield from table.csv(about)
            else:
                yield as_parquet(about, table.listing.columns, table.rows())

    answer = Streamed(parts(), media_type=_FILES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer
