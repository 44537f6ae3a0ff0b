"""Checks of an installation for `pluriscope check`: problems, each with a cure. Nothing is changed."""

from __future__ import annotations

import difflib
import errno
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, inspect, make_url, select
from sqlalchemy.exc import DatabaseError, OperationalError

from pluriscope import installing
from pluriscope.analysis.plugins import GROUPS, VARIABLE, brought, entries, failures
from pluriscope.app.access.callers import needs_login
from pluriscope.app.db import sqlite
from pluriscope.app.db.engine import SCHEMA, Store, newest_revision, store_at, version_table
from pluriscope.app.db.tables import AnalysisReportRow, VerdictRow
from pluriscope.app.db.too_old import OLDEST, cure_of_store
from pluriscope.app.settings import STORE, PluginSettings, Settings

PREFIX: Final = "PLURISCOPE_"
OF_THE_PROGRAM: Final = ("DEBUG", "CHROMIUM")  # read elsewhere than in the settings
LITTLE_ROOM: Final = 1 << 30
NO_ROOM: Final = 100 << 20
SHORT_TOKEN: Final = 16
Level = Literal["ok", "note", "warning", "problem"]


class Finding(BaseModel):
    """Result of one check."""

    model_config = ConfigDict(frozen=True)

    check: str = Field(description="What was looked at: area and name, stable.")
    level: Level = Field(
        description="ok; note: worth knowing; warning: will hurt some day; problem: something does not work."
    )
    found: str = Field(description="What was found, in a sentence.")
    cure: str = Field("", description="What to do; empty where nothing is to be done.")


Found = Iterator[tuple[Level, str, str]]
"""Level, what was found, what to do."""


def look(check: str, looking: Callable[[], Found], well: str) -> Iterator[Finding]:
    """Run a check. Yields its findings, or one that all is well; a check that fails itself is a finding too."""
    found: list[tuple[Level, str, str]] = []
    try:
        found.extend(looking())
    except Exception as error:  # whatever is wrong with a sick installation must not end its examination
        cause = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
        answer = f"could not be looked at ({type(error).__name__}: {cause[0][:200]})"
        found.append(("problem", answer, "mend that first"))
    for level, answer, cure in found or [("ok", well, "")]:
        yield Finding(check=check, level=level, found=answer, cure=cure)


def glance(variables: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Checks that take no time: the variables in force, the settings made of them, the data folder."""
    yield from look("settings.unknown", partial(unknown, variables), f"every {PREFIX} variable is one that is read")
    yield from look("settings.agree", partial(disagreeing, settings), "the settings agree with each other")
    yield from look("packages", still_to_come, "nothing is still to be installed")
    yield from look("plugins", left_out, "every plugin is in use")
    yield from look("folder.room", partial(folder, settings), f"{settings.data} can be written and has room")


def examine(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything: surroundings first, then the store, as far as it can be opened."""
    try:
        settings = Settings()
        of_plugins = {name: one() for name, one in brought("settings").items()}
    except ValidationError as error:
        for one in error.errors():
            name = "_".join(map(str, one["loc"])).upper()
            answer = f"{PREFIX}{name} is {one['input']!r}: {one['msg']}" if name else one["msg"]  # of several together
            yield Finding(check="settings.range", level="problem", found=answer, cure="correct it")
        return
    yield from glance(variables, settings)
    for name, own in of_plugins.items():
        if isinstance(own, PluginSettings):
            yield from look(f"settings.{name}", own.trouble, "what these settings name can be used")
    if settings.database_url or settings.data.is_dir():
        yield from look("store", partial(_stored, settings), "the store is as it should be")


def _stored(settings: Settings) -> Found:
    file = sqlite.file_of(make_url(settings.url))
    if file is not None and not file.exists():
        yield "note", f"{file} is not there", "it is made at the first start"
        return
    if file is not None and not file.stat().st_size:
        cure = f"{_way_out(file)}; without either remove it, and the next start makes a new one"
        yield "problem", f"{file} is empty: what was stored there is lost", cure
        return
    store = store_at(settings.url)
    try:
        found = list(unsound(store))
        yield from found
        revision, newest = None if found else store.revision(), newest_revision()
        if revision is not None and revision != newest:
            cure = "update the program" if revision > newest else "take a backup, then start the server"
            if revision < OLDEST:
                cure = cure_of_store(store.url)
            yield "problem", f"the store has revision {revision}, needed is {newest}", cure
        elif revision is not None:
            yield from unread(store)
        for plugin, (name, _) in entries("tables").items() if revision is not None else ():
            if (revision := store.revision(plugin)) is not None and revision > (newest := newest_revision(plugin)):
                cure = f"update {name}, or leave it out of {VARIABLE}"
                yield "problem", f"the tables of {name} have revision {revision}, needed is {newest}", cure
    finally:
        store.close()


def unread(store: Store) -> Found:
    """What a store keeps that nothing in use reads: of a plugin that is left out, or of an earlier version."""
    from pluriscope.analyses.registry import BY_KEY
    from pluriscope.analysis.criteria.registry import EVERY
    from pluriscope.app.jobs.definitions import DEFINITIONS

    known = (("reports", AnalysisReportRow.kind, {*BY_KEY, *DEFINITIONS}), ("verdicts", VerdictRow.criterion, {*EVERY}))
    with store.read() as session:
        there = inspect(session.connection()).get_table_names()
        left = [f"table {name}" for name in there if name not in SCHEMA.tables and not name.startswith(version_table())]
        for noun, column, keys in known:
            for kind, n in session.execute(select(column, func.count()).group_by(column).order_by(column)):
                if kind.partition(" ")[0] not in keys:  # one about another network names that behind its kind
                    left.append(f"{n:,} {noun} {kind}")
    if left:
        answer = f"nothing that is in use reads {', '.join(left)}"
        yield "note", answer, "install the plugin that brought it; what an earlier version left stays and does no harm"


def still_to_come() -> Found:
    """Packages that ``./run`` installs last, until they are there."""
    now = installing.state()
    for name in now["packages"]:
        yield "note", f"{name} {now['cause']}", now["cure"]


def left_out() -> Found:
    """Parts of plugins that cannot be used."""
    for group in GROUPS:
        brought(group)
    for one in failures():
        yield "problem", f"left out of plugin {one}", f"update {one.plugin}, or leave it out of {VARIABLE}"


def unknown(variables: Mapping[str, str]) -> Found:
    """Variables that nothing reads, each with the name that was probably intended."""
    fields = [name for one in (Settings, *brought("settings").values()) for name in one.model_fields]
    known = [f"{PREFIX}{name.upper()}" for name in (*fields, *OF_THE_PROGRAM)]
    for name in sorted(variables):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
            cure = f"write {near[0]} if that is meant" if near else "remove it, or look it up in docs/self-hosting.md"
            yield "warning", f"{name} is set, and nothing reads it", cure


def disagreeing(settings: Settings) -> Found:
    """Settings that contradict each other or will surprise."""
    if needs_login(settings) and not (settings.read_only or settings.token):
        answer = "whoever is to change anything on this server needs a login, and there is no token to log in with"
        yield "warning", answer, "set PLURISCOPE_TOKEN, or PLURISCOPE_READ_ONLY if nothing is to be changed"
    if settings.token and len(settings.token) < SHORT_TOKEN:
        answer = f"the token has {len(settings.token)} characters and can be guessed"
        yield "warning", answer, "make a long one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


def folder(settings: Settings) -> Found:
    """The data folder: whether it can be written, and how much room is left."""
    if not settings.data.is_dir():
        yield "warning", f"the data folder {settings.data} is not there", "it is made at the first start"
        return
    try:
        with tempfile.NamedTemporaryFile(dir=settings.data, prefix=".check-") as file:
            file.write(b"x" * 4_096)
            file.flush()
    except OSError as error:
        answer = f"{settings.data} cannot be written ({error.strerror})"
        cure = "make room" if error.errno == errno.ENOSPC else "give the right to write"
        if settings.read_only and sqlite.is_still(settings.data / STORE):
            yield "note", f"{answer}; what is stored there is served", ""
            return
        yield "problem", answer, f"{cure}, or set PLURISCOPE_READ_ONLY=true to serve what is stored there"
    free = shutil.disk_usage(settings.data).free
    file_of_store = settings.data / STORE
    size = file_of_store.stat().st_size if file_of_store.exists() else 0
    if free < max(LITTLE_ROOM, size):
        level: Level = "problem" if free < NO_ROOM else "warning"
        left = f"{free / 1e6:,.0f} MB are left"
        yield level, left, "make room on that volume; a backup needs as much as the store"


def unsound(store: Store) -> Found:
    """Damage that SQLite finds in its file, and rows that refer to none; PostgreSQL checks its own files."""
    file = sqlite.file_of(make_url(store.url))
    if file is None:
        return
    try:
        with store.reader.connect() as connection:
            results = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            lost = Counter(tuple(row)[::2] for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
    except OperationalError:
        raise  # busy, or not to be opened
    except DatabaseError as error:  # the file's or a table's first page is damaged
        results, lost = [error.orig], Counter()
    if results != ["ok"]:
        yield "problem", f"SQLite's integrity_check finds: {'; '.join(map(str, results))[:400]}", _way_out(file)
        return
    for (table, parent), n in lost.items():
        yield "problem", f"{table} has {n:,} rows without {parent}", _way_out(file)


def _way_out(file: Path) -> str:
    """Cure for a damaged file, with the backups that lie beside it."""
    beside = {one for pattern in ("*.backup", "*before-*") for one in file.parent.glob(pattern) if one.is_file()}
    newest = sorted(beside, key=lambda one: one.stat().st_mtime, reverse=True)
    backups = f"beside it lie {', '.join(one.name for one in newest[:3])}" if newest else "none lies beside it"
    kept, saved = (shlex.quote(str(file.with_name(name))) for name in (file.name, "recovered.sqlite"))
    return (
        f"stop the server and the workers, keep a copy of {file.parent}, and bring back a backup ({backups}): "
        f"pluriscope restore FILE --replace; without one, save what SQLite can read: sqlite3 {kept} .dump | sed "
        f"'s/^ROLLBACK.*/COMMIT;/' | sqlite3 {saved} && pluriscope restore {saved} --replace"
    )
