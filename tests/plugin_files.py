"""Plugins as files, as pip leaves them in a folder of packages."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.plugins import VARIABLE, brought, entries, plugins


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


@contextmanager
def installed(folder: Path, brings: Mapping[str, Mapping[str, str]], text: str) -> Iterator[None]:
    """The plugin "of-stranger", whose module is ``of_stranger``, beside all others until the block ends."""
    write_plugin(folder, "of-stranger", brings, {"of_stranger.py": text})
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            if os.environ.get(VARIABLE):
                patch.setenv(VARIABLE, f"{os.environ[VARIABLE].replace('none', '')} of-stranger")
            look_again()
            yield
    finally:
        sys.modules.pop("of_stranger", None)
        look_again()


def look_again() -> None:
    """Forget which plugins are installed."""
    for one in (plugins, entries, brought):
        one.cache_clear()
