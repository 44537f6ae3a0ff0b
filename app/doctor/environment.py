"""The machine and the settings: what can be seen without opening the store."""

from __future__ import annotations

import difflib
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import make_url

from app.access.callers import is_behind_proxy, needs_login
from app.access.credentials import FILE_NAME, Credentials
from app.db import sqlite
from app.doctor.finding import Finding, ok, problem, warning
from app.settings import Settings

PREFIX: Final = "PLURISCOPE_"
OF_THE_PROGRAM: Final = ("DEBUG", "CHROMIUM", "TEST_PORT")  # read elsewhere than in the settings
OLDEST_PYTHON: Final = (3, 11)
OLDEST_SQLITE: Final = (3, 35)  # UPDATE … RETURNING
LITTLE_ROOM: Final = 1 << 30
NO_ROOM: Final = 100 << 20
SHORT_TOKEN: Final = 16
NETWORKED: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "glusterfs", "ceph", "lustre", "afs")


def of_environment(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that nothing reads, with what was probably meant."""
    known = [f"{PREFIX}{name.upper()}" for name in (*Settings.model_fields, *OF_THE_PROGRAM)]
    read_alike = {name.upper() for name in known}
    unknown = [
        name for name in sorted(environment) if name.upper().startswith(PREFIX) and name.upper() not in read_alike
    ]
    for name in unknown:
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
        cure = f"write {near[0]} if that is meant" if near else "remove it, or look the name up in docs/self-hosting.md"
        yield warning("settings.unknown", f"{name} is set, and nothing reads it", cure)
    if not unknown:
        yield ok("settings.unknown", f"every {PREFIX} variable is one that is read")


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Settings that contradict each other or will surprise."""
    found = list(_contradictions(settings))
    yield from found
    if not found:
        yield ok("settings.agree", "the settings agree with each other")


def _contradictions(settings: Settings) -> Iterator[Finding]:
    try:
        nobody = Credentials(settings.data, settings.token).lets_nobody_in()
    except (OSError, ValueError) as error:
        nobody = False
        yield problem(
            "settings.access",
            f"{settings.data / FILE_NAME}, which keeps tokens and logins, cannot be read ({type(error).__name__})",
            "let the user of the server read it; if it is damaged remove it, and make new tokens",
        )
    if needs_login(settings) and nobody and not settings.read_only:
        why = "behind a proxy" if is_behind_proxy(settings) else f"on {settings.host}"
        why = why if settings.trust_local else "which trusts nobody on this machine"
        yield warning(
            "settings.open",
            f"whoever is to change anything on this server ({why}) needs a login, and there is none",
            "pluriscope token link for a browser, pluriscope token make for a program; if nothing is to be changed, or "
            "from this machine alone: set PLURISCOPE_READ_ONLY, or listen on 127.0.0.1 without a proxy",
        )
    if settings.token and len(settings.token) < SHORT_TOKEN:
        yield warning(
            "settings.token",
            f"the token has {len(settings.token)} characters and can be guessed",
            "make a long one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    if settings.prefix and (not settings.prefix.startswith("/") or settings.prefix.endswith("/")):
        yield problem(
            "settings.prefix",
            f"the prefix {settings.prefix!r} does not begin with a slash, or ends with one",
            f"write /{settings.prefix.strip('/')}",
        )
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            yield problem(
                "settings.public_url",
                f"the public URL {settings.public_url!r} has no scheme and host",
                "write it like https://explain.example.org",
            )
        elif parts.path.strip("/"):
            yield warning(
                "settings.public_url",
                f"the public URL {settings.public_url!r} has a path",
                "leave the path to PLURISCOPE_PREFIX",
            )
    if settings.workers > 2 * (os.cpu_count() or 1):
        yield warning(
            "settings.workers",
            f"{settings.workers} worker processes on {os.cpu_count()} cores wait for each other",
            "set PLURISCOPE_WORKERS to the number of cores",
        )
    if settings.max_memory_bytes * settings.workers > _memory() > 0:
        yield warning(
            "settings.memory",
            f"{settings.workers} workers may take {_bytes(settings.max_memory_bytes)} each; "
            f"this machine has {_bytes(_memory())}",
            "lower PLURISCOPE_MAX_MEMORY_BYTES or PLURISCOPE_WORKERS",
        )


def of_versions(settings: Settings) -> Iterator[Finding]:
    """Python, the libraries and the database drivers."""
    have = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        yield problem("versions.python", f"Python {have} is too old", "install Python 3.11 or newer")
    else:
        yield ok("versions.python", f"Python {have}")
    names = ["torch", "numpy", "scipy", "sqlalchemy", "alembic", "fastapi", "uvicorn"]
    found = {name: _version(name) for name in names}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        yield problem(
            "versions.libraries",
            f"not installed: {', '.join(missing)}",
            "install again with ./run",
        )
    yield ok("versions.libraries", ", ".join(f"{name} {version}" for name, version in found.items() if version))
    backend = make_url(settings.url).get_backend_name()
    if backend == "sqlite":
        told = f"SQLite {sqlite3.sqlite_version}"
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            yield problem("versions.database", f"{told} is too old", "use a Python with SQLite 3.35 or newer")
        else:
            yield ok("versions.database", told)
    elif (psycopg := _version("psycopg")) is None:
        yield problem("versions.database", "psycopg is not installed", "pip install 'pluriscope[postgresql]'")
    else:
        yield ok("versions.database", f"psycopg {psycopg}")


def of_folder(settings: Settings) -> Iterator[Finding]:
    """The data folder: whether it can be written, what volume it is on, how much room is left."""
    folder = settings.data.resolve()
    if not folder.is_dir():
        yield warning("folder.there", f"the data folder {folder} is not there", "it is made at the first start")
        folder = next((parent for parent in folder.parents if parent.is_dir()), Path("/"))
    else:
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
                file.write(b"x" * 4_096)
                file.flush()
            yield ok("folder.writable", f"{folder} can be written")
        except OSError as error:
            yield problem(
                "folder.writable",
                f"{folder} cannot be written ({error.strerror})",
                "make room or give this user the right to write there; until then everything can only be read",
            )
    kind = _file_system(folder)
    database = sqlite.file_of(make_url(settings.url)) if settings.url.startswith("sqlite") else None
    if kind in NETWORKED and database is not None:
        yield problem(
            "folder.local",
            f"{folder} is on a network file system ({kind}), where SQLite's log does not work",
            "move the data folder to a local disk, or use PostgreSQL",
        )
    usage = shutil.disk_usage(folder)
    size = database.stat().st_size if database is not None and database.exists() else 0
    told = f"{_bytes(usage.free)} of {_bytes(usage.total)} free" + (
        f", the database has {_bytes(size)}" if size else ""
    )
    room = "make room on that volume; a change without room is refused, nothing is harmed"
    if usage.free < NO_ROOM:
        yield problem("folder.room", told, room)
    elif usage.free < max(LITTLE_ROOM, size):
        yield warning("folder.room", told, f"{room}; a backup needs as much as the database")
    else:
        yield ok("folder.room", told)


def of_clock() -> Iterator[Finding]:
    """Whether the clock can be right; leases and links with dates depend on it."""
    if time.time() < Path(__file__).stat().st_mtime - 86_400:
        yield problem("clock.right", "the clock is behind the date of this program", "set the clock (timedatectl)")
    else:
        yield ok("clock.right", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0  # not told here


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, as Linux tells it; "" elsewhere."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    mounts = [(parts[1].replace("\\040", " "), parts[2]) for line in lines if len(parts := line.split()) > 2]
    holding = [(place, kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(holding, key=lambda one: len(one[0]))[1] if holding else ""


def _bytes(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1_000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1_000
    return f"{n:.1f} TB"
