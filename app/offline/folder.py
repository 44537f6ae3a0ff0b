"""Writing a folder in one step: it is there whole, or as it was before.

Everything is written to a folder beside it, which takes its place by renaming.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Final

from app.offline.client import CannotExport

MANIFEST: Final = "MANIFEST.sha256"


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Raises:
        CannotExport: it is a file or a link, cannot be written, or holds what no earlier copy wrote; of an earlier copy
            too unless ``force`` is given.
    """
    what = f"folder {str(target)!r}"
    if target.is_symlink() or os.path.ismount(target):
        raise CannotExport(
            what, "is a link or a mounted disk and cannot be replaced whole", "name a new folder within it"
        )
    if target.exists() and not target.is_dir():
        raise CannotExport(what, "is a file", "name a folder")
    if not target.parent.is_dir():
        raise CannotExport(what, "lies in a folder that does not exist", "make that folder first")
    if not os.access(target.parent, os.W_OK):
        raise CannotExport(what, "lies in a folder that is not writable", "choose another place", ours=True)
    if target.is_dir() and any(target.iterdir()) and not force:
        raise CannotExport(what, "is not empty", "name another folder, or add --force to replace an earlier copy in it")
    listed = _listed(target)
    for name, digest in digests_of(target).items():
        if f"{digest}  {name}" not in listed and name != MANIFEST:
            raise CannotExport(
                f"file {str(target / name)!r}",
                "was not written by an earlier copy, or was changed since, and would be lost",
                "move it away, or name another folder",
            )


def _listed(folder: Path) -> frozenset[str]:
    manifest = folder / MANIFEST
    return frozenset(manifest.read_text(encoding="utf-8", errors="replace").split("\n") if manifest.is_file() else ())


def digests_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file within, by its name, in the order of names; "" of a link."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = ""
        elif path.is_file():
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = file_digest(file, "sha256").hexdigest()
    return found


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A folder to write to, which takes the target's place if the block ends well, and is gone otherwise.

    Its manifest, in the form that ``sha256sum --check`` reads, is written at the end.
    """
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
        lines = [f"{digest}  {name}\n" for name, digest in digests_of(work).items()]
        (work / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")
        mask = os.umask(0)
        os.umask(mask)
        work.chmod(0o777 & ~mask)  # mkdtemp makes it private
        if target.exists():
            former = Path(tempfile.mkdtemp(prefix=f".{target.name}.former.", dir=target.parent))
            target.rename(former / target.name)
            work.rename(target)
            shutil.rmtree(former, ignore_errors=True)
        else:
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
