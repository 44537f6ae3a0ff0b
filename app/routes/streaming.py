"""Answers that are sent while they are read, and let go of what they read from as soon as the reader leaves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Any, Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Send

from pluriscope.app.computing import BOUND
from pluriscope.page_kit.blocks import Table

CSV_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The table, with a text about it in lines behind #.", "content": {"text/csv": {}}}
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
        bounded = _within(parts)
        super().__init__(chain([next(bounded)], bounded), **options)

    async def stream_response(self, send: Send) -> None:
        """Send it, and close the generator, whether all of it was wanted or not."""
        try:
            await super().stream_response(send)
        finally:
            self._parts.close()


def _within(parts: Iterator[str | bytes]) -> Iterator[str | bytes]:
    """The parts, each computed within a bound of its own: a long file is sent for as long as somebody reads it."""
    while True:
        with BOUND.get().within("this file"):
            part = next(parts, None)
        if part is None:
            return
        yield part


def table_file(request: Request, name: str, make: Callable[[Session], tuple[tuple[str, ...], Table]]) -> Streamed:
    """A whole list as CSV.

    Args:
        name: of the file, without its ending.
        make: reads the text about the list, and the list.
    """

    def lines(session: Session) -> Iterator[str]:
        about, table = make(session)
        return table.csv(about)

    return csv_file(request, name, lines)


def csv_file(request: Request, name: str, lines: Callable[[Session], Iterator[str]]) -> Streamed:
    """A download of lines that are CSV already."""
    store = request.app.state.store

    def parts() -> Generator[str, None, None]:
        with store.read() as session:
            for part in lines(session):
                session.commit()  # SQLite's log grows behind a snapshot for as long as somebody reads the answer
                yield part

    answer = Streamed(parts(), media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
