"""Settings for commands: the environment's, with the command's options first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.cli.terminal import Refusal

if TYPE_CHECKING:
    from app.settings import Settings


def read_settings(**given: Any) -> Settings:
    """The settings in force; an option that is None was not given.

    Raises:
        Refusal: values out of range, all of them named.
    """
    from pydantic import ValidationError

    from app.settings import Settings

    try:
        return Settings(**{key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}" for e in error.errors())
        raise Refusal(f"settings: {problems}. Correct the option or the PLURISCOPE_ variable.") from None
