"""What the library refuses beside the engine's own errors; each says item, cause and cure.

AnalysisError             every refusal: a model, a task, a protocol, a mask that cannot be read …
├── InvalidOption         an option of a list that it does not have, or a value that cannot be
├── MissingLibrary        an optional library is needed and not installed (also an ImportError)
└── ServerError           a server cannot be reached, or refuses
"""

from __future__ import annotations

from analysis.errors import AnalysisError


class MissingLibrary(AnalysisError, ImportError):
    """An optional library is needed for what was asked."""

    @classmethod
    def of(cls, library: str, needed_for: str) -> MissingLibrary:
        """A library of the extra ``notebook``.

        Args:
            library: its name.
            needed_for: what cannot be done without it.
        """
        cure = f"install it: pip install {library}, or pip install 'pluriscope[notebook]'"
        return cls(needed_for, f"needs {library}, which is not installed", cure)


class InvalidOption(AnalysisError):
    """An option that a list does not have, or a value that it cannot have.

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
