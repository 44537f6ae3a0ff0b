"""Functions by name, so that what loads torch or scipy is imported when it is called and not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def function_at(path: str) -> Any:
    """The function at "module:function"."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
