"""Logs: one line of text for each record, with what the line is about.

The id of the request or of the job travels in a context variable, which threads of the server inherit from the request
that they work for. So every line that is written on the way carries it, whoever writes it: the access log, the slow
queries, a library.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TextIO

QUIET: Final = ("asyncio", "httpx", "alembic")  # they log at length what matters only when it goes wrong
_TELLS_VALUES: Final = "python_multipart"  # warns of bytes of a form that it cannot read
_SERVER: Final = "uvicorn.error"  # logs what broke while an answer was sent, after the request's own id is forgotten
_ABOUT: Final[ContextVar[Mapping[str, str]]] = ContextVar("about", default={})  # noqa: B039  never changed in place


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Give the lines that are logged within the block these ids: ``request``, ``job``."""
    token = _ABOUT.set({**_ABOUT.get(), **ids})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def subject() -> Mapping[str, str]:
    """Ids that lines logged here carry."""
    return _ABOUT.get()


class TextLines(logging.Formatter):
    """``time level logger message key=value …``; a line break within becomes visible, so that no one forges a line."""

    converter = time.gmtime  # type: ignore[assignment]  # as its own documentation does

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Format a record as one line, and its traceback on further ones if there is one."""
        record.message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        record.asctime = self.formatTime(record, self.datefmt)
        line = self.formatMessage(record)
        line += "".join(f" {key}={value}" for key, value in subject().items())
        if not record.exc_info:
            return line
        of_request = "request" in subject() or record.name == _SERVER
        answer = _without_values(record.exc_info[1]) if of_request else self.formatException(record.exc_info)
        return f"{line}\n{answer}"


def _without_values(error: BaseException | None) -> str:
    """The traceback of an error and of what led to it, without their words, in which values of a request may stand."""
    answer = list[str]()
    while error is not None:
        answer = [*traceback.format_tb(error.__traceback__), type(error).__qualname__, "\n", *answer]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(answer).rstrip()


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to standard error as it is at that moment: a command that runs within another program finds one that is
    closed after it, while a server of the same program goes on.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; the handler's lock is held."""
        self.stream = sys.stderr
        super().emit(record)


def configure() -> None:
    """Send everything to standard error, from now on; what was set up before is replaced."""
    handler = _StandardError()
    handler.setFormatter(TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_TELLS_VALUES).setLevel(logging.ERROR)
