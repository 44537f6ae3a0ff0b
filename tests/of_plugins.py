"""What tests of plugins give to tests of the core that ask for everything there is."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest

from pluriscope.analysis.plugins import plugins
from tests.checkout import ROOT

FILES = {f"pluriscope-{path.parts[-3]}": path for path in sorted(ROOT.glob("plugins/*/tests/calls.py"))}
"""By distribution; a test of the core imports none that is not in use."""
IN_USE = [name for name in FILES if name in {plugin.name for plugin in plugins()}]


whole = pytest.mark.skipif([*FILES] != IN_USE, reason="is about all plugins of this checkout")
"""Of tests of documents, which are of all."""


def given(name: str) -> list[Any]:
    """What the files of plugins that are in use have by a name."""
    modules = (import_module(f"plugins.{one.removeprefix('pluriscope-')}.tests.calls") for one in IN_USE)
    return [getattr(module, name) for module in modules if hasattr(module, name)]


def joined(name: str) -> dict[str, Any]:
    """The same of mappings, in one."""
    return {key: value for one in given(name) for key, value in one.items()}


def absent() -> set[str]:
    """Keys of lines of mappings in the files of plugins that are not in use."""
    texts = (path.read_text() for name, path in FILES.items() if name not in IN_USE)
    return {key for text in texts for key in re.findall(r'^    "([a-z-]+)": ', text, re.MULTILINE)}
