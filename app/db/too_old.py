"""Stores and backups from before the first migration: what to do about them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from pluriscope.app.db import sqlite

OLDEST: Final = "0035"
"""The oldest revision that is upgraded: that of the last version 0.2."""
LAST_0_2: Final = "5c929bea"
"""The commit of that version."""
CAUSE: Final = f"is of a revision before {OLDEST}, the first that this version upgrades"


def cure_of_store(url: str) -> str:
    """The commands that bring a store to the oldest revision; the store as it was is kept."""
    file = sqlite.file_of(make_url(url))
    data = f"export PLURISCOPE_DATA={shlex.quote(str(file.parent))} && " if file else ""
    commands = _with_last_0_2(data, "backup old.backup", "restore old.backup --replace")
    return f"stop the server and the workers, {commands}; then start this version again"


def cure_of_backup(file: Path) -> str:
    """The commands that make a backup of the oldest revision from an older one."""
    old, new = (shlex.quote(str(file.absolute()) + ending) for ending in ("", ".upgraded"))
    data = "export PLURISCOPE_DATABASE_URL= PLURISCOPE_DATA=$(mktemp -d) && "
    return f"{_with_last_0_2(data, f'restore {old}', f'backup {new}')}; then restore {new}"


def _with_last_0_2(data: str, *commands: str) -> str:
    checkout = f"git worktree add ../pluriscope-0.2 {LAST_0_2} && cd ../pluriscope-0.2 && ./run work --help"
    own = " && ".join(f".venv/bin/pluriscope {one}" for one in commands)
    return f"let the last version 0.2 upgrade it, in a clone of the repository: {checkout} && {data}{own}"
