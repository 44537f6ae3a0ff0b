"""Errors of the library beside the engine's own; each names item, cause and cure.

AnalysisError             every refusal: a model, a task, a protocol, a mask that cannot be read …
├── InvalidOption         an option of a list or function that it does not have, or a value that cannot be
├── NotListed             no such place or name in a list (also an IndexError, KeyError and ValueError)
└── ServerError           a server cannot be reached, or refuses
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pluriscope.analysis.errors import AnalysisError, InvalidIndex


class InvalidOption(AnalysisError):
    """An option that a list or function does not have, or a value that it cannot have.

    ``field`` is the option's name; ``others`` is what is wrong with other options at the same time.
    """

    field: str = ""
    others: tuple[InvalidOption, ...] = ()

    @classmethod
    def of(cls, item: str, cause: str, cure: str, field: str) -> InvalidOption:
        """The refusal of an option."""
        error = cls(item, cause, cure)
        error.field = field
        return error


class NotListed(InvalidIndex, IndexError, KeyError, ValueError):
    """A list has no such place or name: what sequences and mappings raise, as one error of ours."""


class ServerError(AnalysisError):
    """A server did not answer, or answered that it would not.

    ``status`` is the HTTP status of its answer, 0 if there was none.
    """

    status: int = 0

    @classmethod
    def answered(cls, status: int, item: str, cause: str, cure: str) -> ServerError:
        """A refusal of the server's, in its own words."""
        error = cls(item, cause, cure)
        error.status = status
        return error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise the system's error of writing a file as one of ours, within the block."""
    try:
        yield
    except OSError as problem:
        cause = f"cannot be written: {(problem.strerror or str(problem)).lower()}"
        raise AnalysisError(f"file {str(path)!r}", cause, "check the path and its permissions") from None
