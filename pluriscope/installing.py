"""Packages that ``./run`` installs while the server serves: whoever imports one learns that it is not there yet.

``./run`` writes their names, and what became of them, into a file of the environment; it removes a name only when the
whole package is there. So nobody imports half a package, and what waits for one goes on without a restart.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

FILE: Final = Path(sys.prefix, ".installing")


def state() -> dict[str, Any]:
    """What the file says: ``packages``, their ``cause`` and ``cure``; nothing where it is not there (any more)."""
    with suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads(FILE.read_text())
        return found
    return {"packages": []}


class _Finder(MetaPathFinder, Loader):
    """Finds the packages that are not there yet, and refuses to load them."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if "." not in name and name in state()["packages"] else None

    def exec_module(self, module: ModuleType) -> None:
        from pluriscope.analysis.errors import NotInstalledYet

        now = state()
        raise NotInstalledYet(module.__name__, now["cause"], now["cure"])


def refuse_imports() -> None:
    """From now on an import of such a package raises :class:`~pluriscope.analysis.errors.NotInstalledYet`."""
    sys.meta_path.insert(0, _Finder())
