"""Names of networks, and whose work they are."""

from __future__ import annotations

import re
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.values.strict_json import plain_text

MAX_ATTRIBUTION: Final = 2_000
_PATH_LIKE: Final = re.compile(r"^[/\\~]|^[A-Za-z]:[/\\]|^file:|\.\.[/\\]|[/\\]$")


def checked_name(value: Any) -> str:
    """A network's name: one line, 1 to 200 characters, and no path of a file.

    Raises:
        InvalidNetwork: another type, empty, too long, unreadable characters, or a path.
    """
    text = plain_text(value, "name", InvalidNetwork)
    if _PATH_LIKE.search(text):
        raise InvalidNetwork(
            "name", f"{text[:60]!r} reads as the path of a file", "give a name without slashes at its edges"
        )
    return text


def usable_name(text: str) -> str:
    """A name that nobody declared, such as a file's or a graph's; "" where it is no name of a network."""
    try:
        return checked_name(text)
    except InvalidNetwork:
        return ""
