"""How often Python looks for garbage."""

from __future__ import annotations

import gc
from typing import Final

_COLLECT_AFTER: Final = (20_000, 20, 20)
"""Containers made before it looks, looks before longer ones."""


def collect_garbage_seldom() -> None:
    """Let Python look for garbage less often: what is imported stays, and most of what is made needs no such look.

    A fifth of the time that the application takes to be imported went into looking through what had been imported.
    """
    gc.set_threshold(*_COLLECT_AFTER)
