"""The log of slow statements: which statement, how long, for which page or job; never with its values.

What is measured is the time until the database has an answer to give. SQLite gives the rows of an answer that it need
not sort one by one, so that of a long list only the way to the first row is measured there.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from sqlalchemy import Engine, event

from app.watching.logs import subject

log = logging.getLogger("pluriscope.queries")
LONGEST: Final = 2_000
_STARTED: Final = "pluriscope_started"


def watch_queries(engine: Engine, beyond_ms: float) -> None:
    """Log each statement of an engine that takes longer.

    Args:
        engine: of the store.
        beyond_ms: milliseconds.
    """

    @event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Any, _cursor: Any, _statement: str, *_more: Any) -> None:
        connection.info[_STARTED] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def end(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        milliseconds = 1000 * (time.perf_counter() - connection.info[_STARTED])
        if milliseconds > beyond_ms:
            words = " ".join(statement.split())[:LONGEST]
            where = subject().get("page") or subject().get("kind") or "-"
            log.warning(
                "slow: %.0f ms for %s: %s",
                milliseconds,
                where,
                words,
                extra={"ms": round(milliseconds, 1), "statement": words, "page": where},
            )
