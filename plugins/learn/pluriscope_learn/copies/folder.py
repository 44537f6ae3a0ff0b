"""A folder that is written in one step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pluriscope.app.offline.site import CannotExport


class NoRoom(CannotExport):
    """Error: no offline copy can be made on this machine, as the disk is full or a folder cannot be written."""


def check_target(target: Path) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Raises:
        CannotExport: it is a file or a link, cannot be written, or holds something.
    """
    what = f"folder {str(target)!r}"
    if target.is_symlink() or os.path.ismount(target):
        raise CannotExport(what, "is a link or a mounted disk and cannot be replaced", "name a new folder within it")
    if target.exists() and not target.is_dir():
        raise CannotExport(what, "is a file", "name a folder")
    if not target.parent.is_dir():
        raise CannotExport(what, "lies in a folder that does not exist", "make that folder first")
    if not os.access(target.parent, os.W_OK):
        raise NoRoom(what, "lies in a folder that is not writable", "choose another place")
    if target.is_dir() and any(target.iterdir()):
        raise CannotExport(what, "is not empty", "name another folder, and put it in the place of this one afterwards")


@contextmanager
def made_at_once(target: Path) -> Iterator[Path]:
    """A folder to write to, which gets its name if the block ends well, and is gone otherwise."""
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
        mask = os.umask(0)
        os.umask(mask)
        work.chmod(0o777 & ~mask)  # mkdtemp makes it private
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
