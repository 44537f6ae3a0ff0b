"""What commands say on stderr, and the exit codes they leave with."""

from __future__ import annotations

import sys
from typing import Final

DONE: Final = 0
BAD_INPUT: Final = 2
STOPPED: Final = 3


class Refusal(Exception):
    """A command cannot do what it was asked; the message is one line for people.

    Args:
        message: item, cause and cure in one line.
        exit_code: 2 for bad input, 3 for work stopped at a limit, 1 for trouble with this machine.
    """

    def __init__(self, message: str, exit_code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def complain(message: str) -> None:
    """One line on stderr, with anything that could break the line or the terminal made visible."""
    line = " ".join(message.split())
    sys.stderr.write("pluriscope: " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in line) + "\n")
