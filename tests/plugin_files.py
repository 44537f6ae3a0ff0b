"""Plugins as files, as pip leaves them in a folder of packages."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import brought, entries, plugins


def write_plugin(
    folder: Path,
    name: str,
    brings: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str],
    needs: str = f"pluriscope=={ENGINE_VERSION}",
) -> None:
    """A distribution of version 1.0.

    Args:
        folder: that will be on the path.
        name: of the distribution.
        brings: group without "pluriscope." → name → "module:attribute".
        files: of its package and beside it → text.
        needs: its requirement on Pluriscope.
    """
    about = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    about.mkdir(parents=True)
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", "Summary: Of a stranger"]
    (about / "METADATA").write_text("\n".join([*metadata, f"Requires-Dist: {needs}", ""]))
    groups = (
        [f"[pluriscope.{group}]", *(f"{key} = {path}" for key, path in found.items())]
        for group, found in brings.items()
    )
    (about / "entry_points.txt").write_text("\n".join(line for lines in groups for line in (*lines, "")))
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))


def look_again() -> None:
    """Forget which plugins are installed."""
    for one in (plugins, entries, brought):
        one.cache_clear()
