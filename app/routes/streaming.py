"""Answers that are sent while they are read, and let go of what they read from as soon as the reader leaves."""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.types import Send


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
