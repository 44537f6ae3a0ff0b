"""Writing a folder in one step: it is there whole, or as it was before.

Everything is written to a folder beside it, which takes its place by renaming. Files that somebody else put into the
former folder are moved over; only files that an earlier copy wrote and that are still as it wrote them are let go.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from app.offline.errors import CannotExport

MANIFEST: Final = "MANIFEST.sha256"
_CHUNK: Final = 1 << 20


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Raises:
        CannotExport: it is a file, holds something and ``force`` is not given, or cannot be replaced.
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


def free_bytes(target: Path) -> int:
    """Room on the disk that will hold the folder."""
    return shutil.disk_usage(target.parent).free


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A folder to write to, which takes the target's place if the block ends well, and is gone otherwise.

    Raises:
        CannotExport: a file of somebody else's has the name of one of the copy's.
    """
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield work
        mask = os.umask(0)
        os.umask(mask)
        work.chmod(0o777 & ~mask)  # mkdtemp makes it private
        _take_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _take_place(work: Path, target: Path) -> None:
    if not target.exists():
        work.rename(target)
        return
    foreign = _foreign_files(target)
    for name in foreign:
        if (work / name).exists() or any((work / parent).is_file() for parent in name.parents):
            raise CannotExport(
                f"file {str(target / name)!r}",
                "was not written by an earlier copy, or was changed since, and would be lost",
                "move it away, or name another folder",
            )
    former = Path(tempfile.mkdtemp(prefix=f".{target.name}.former.", dir=target.parent))
    target.rename(former / target.name)
    work.rename(target)
    for name in foreign:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (former / target.name / name).rename(target / name)
    shutil.rmtree(former, ignore_errors=True)


def _foreign_files(target: Path) -> list[Path]:
    """Files that are not as an earlier copy wrote them, relative to the folder."""
    ours = {}
    manifest = target / MANIFEST
    if manifest.is_file():
        for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
            digest, _, name = line.partition("  ")
            ours[name] = digest
        ours[MANIFEST] = digest_of(manifest)
    found = []
    for path in sorted(target.rglob("*")):
        if path.is_file() or path.is_symlink():
            inside = path.relative_to(target)
            if path.is_symlink() or ours.get(inside.as_posix()) != digest_of(path):
                found.append(inside)
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def write_manifest(folder: Path) -> int:
    """The digest of every file but itself, in the form that ``sha256sum --check`` reads.

    Returns:
        how many files there are.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{digest_of(folder / name)}  {name}\n" for name in names)
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")
    return len(names) + 1
