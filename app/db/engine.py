"""The store: one database behind two engines, a reader that cannot write and a writer that locks before it reads.

Both promise the same on either database: a reading session sees one snapshot and cannot write; writing transactions
take turns, so that one which reads, thinks and writes loses nobody's update. How: :mod:`pluriscope.app.db.sqlite`,
:mod:`pluriscope.app.db.postgresql`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, MetaData, column, inspect, make_url, select, table
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from pluriscope.analysis.plugins import brought, entries
from pluriscope.app.db import job_tables, plugin_tables, postgresql, sqlite, tables  # noqa: F401
from pluriscope.app.db.errors import StoreUnavailable
from pluriscope.app.db.table_base import Base
from pluriscope.app.db.too_old import CAUSE, OLDEST, cure_of_store
from pluriscope.app.limits import carried_by
from pluriscope.resources import MIGRATIONS

if TYPE_CHECKING:
    from alembic.config import Config

    from pluriscope.app.settings import Settings


SCHEMA: Final[MetaData] = Base.metadata
"""Every table of the store, with those of plugins."""
TABLES_OF_PLUGINS: Final = brought("tables")
"""Modules that declare tables, with a folder of migrations beside each; each has a version table of its own, so that
the tables of a plugin that is gone stand in nobody's way.
"""


TURN_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Store:
    """An opened database.

    Args:
        url: SQLAlchemy URL, with its password.
        reader: engine for queries; it refuses to write.
        writer: engine for changes; each transaction takes the write lock first.
        carried: what each session carries as its ``info``: the limits in force (:mod:`pluriscope.app.limits`).
        turn: held by the thread of this process that writes.
    """

    url: str
    reader: Engine
    writer: Engine
    carried: Mapping[str, Any] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot, for queries only."""
        with Session(self.reader, expire_on_commit=False, autoflush=False, info=dict(self.carried)) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed if the block ends well, rolled back if it raises."""
        made = Session(self.writer, expire_on_commit=False, info=dict(self.carried))
        with self._own_turn(), made as session, session.begin():
            yield session

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """The threads of a process wait for each other here: a database's own way is to try again after a pause, so
        that of many threads some are overtaken for seconds. Whoever has waited long is left to the database.
        """
        has_turn = self.turn.acquire(timeout=TURN_SECONDS)
        try:
            yield
        finally:
            if has_turn:
                self.turn.release()

    def migrate(self) -> None:
        """Bring the schema to the current version; safe when several processes start at once.

        The whole change is one transaction under the write lock, so a second process waits, then finds nothing to do.
        A current schema is left alone. Kinds of explanation that came since have their tables made without a revision.

        Raises:
            StoreUnavailable: the database cannot be written, is too old, or was made by a newer version.
        """
        self.refuse_too_old()
        for name in ("", *TABLES_OF_PLUGINS):
            self._migrate(name, "head")

    def migrate_as(self, other: Store) -> None:
        """Make in an empty store the tables that another has, of the core and of plugins that are here, at the
        revisions that they have there.
        """
        for name in ("", *TABLES_OF_PLUGINS):
            if revision := other.revision(name):
                self._migrate(name, revision)

    def refuse_too_old(self) -> None:
        """Refuse a store whose schema is older than the first that is upgraded.

        Raises:
            StoreUnavailable: it is; or the database cannot be read.
        """
        if (self.revision() or OLDEST) < OLDEST:
            raise StoreUnavailable(f"database {shown(self.url)}", CAUSE, cure_of_store(self.url))

    def _migrate(self, plugin: str, up_to: str) -> None:
        """Bring the tables of the core, or of an entry of the group "tables", to a revision."""
        if self.revision(plugin) == (newest_revision(plugin) if up_to == "head" else up_to):
            return
        from alembic import command  # not loaded where there is nothing to do, as at nearly every start
        from alembic.util import CommandError

        engine = _engine(self.url, writes=True, migrates=True)
        try:
            with engine.begin() as connection:
                command.upgrade(alembic_config(connection, plugin), up_to)
                if connection.dialect.name == "postgresql":
                    postgresql.adopt_conventions(connection)
        except CommandError as error:
            item, cure = "the database", "update the program"
            if plugin:
                name = entries("tables")[plugin][0]
                item, cure = (
                    f"what {name} keeps in the database",
                    f"update {name}, or leave it out of PLURISCOPE_PLUGINS",
                )
            raise StoreUnavailable(item, f"is of a version that this program does not know ({error})", cure) from None
        except SQLAlchemyError as error:
            raise _unavailable(self.url, error) from None
        finally:
            engine.dispose()

    def revision(self, plugin: str = "") -> str | None:
        """The revision of the schema, or of what a plugin has in it; None if there is none yet.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        try:
            with self.reader.connect() as connection:
                return revision_of(connection, plugin)
        except SQLAlchemyError as error:
            raise _unavailable(self.url, error) from None

    def tidy(self) -> None:
        """Maintain the database; a worker calls this now and then."""
        if self.writer.dialect.name == "sqlite":
            sqlite.shorten_log(self.writer)

    def close(self) -> None:
        """Give all connections back."""
        self.reader.dispose()
        self.writer.dispose()


def open_store(settings: Settings) -> Store:
    """Open the database of these settings; the schema is left as it is (see :meth:`Store.migrate`).

    Raises:
        StoreUnavailable: the data folder cannot be made, or not written where changes are accepted, or the URL is none.
    """
    if not settings.database_url:
        _ensure_usable(settings.data, make_url(settings.url), settings.read_only)
    return replace(store_at(settings.url), carried=carried_by(settings))


def store_at(url: str) -> Store:
    """Open the database at a SQLAlchemy URL.

    Raises:
        StoreUnavailable: the URL is none, or its driver is not installed.
    """
    try:
        return Store(url, _engine(url, writes=False), _engine(url, writes=True))
    except (ArgumentError, ImportError) as error:
        cure = "correct PLURISCOPE_DATABASE_URL"
        if "psycopg" in str(error):
            cure = "install the driver: pip install 'pluriscope[postgresql]'"
        raise StoreUnavailable("the database URL", f"cannot be used ({error})", cure) from None


def alembic_config(connection: Connection | None = None, plugin: str = "") -> Config:
    """Alembic's settings for the migrations of the core or of a plugin; they use the connection where there is one."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(_migrations(plugin)).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"], config.attributes["version_table"] = connection, version_table(plugin)
    return config


def _migrations(plugin: str) -> Path:
    """The folder of migrations of the core or of a plugin."""
    return Path(TABLES_OF_PLUGINS[plugin].__file__).with_name("migrations") if plugin else MIGRATIONS / "versions"


def version_table(plugin: str = "") -> str:
    """The table that has the revision of the core's schema, or of a plugin's part of it."""
    return f"alembic_version_{plugin}" if plugin else "alembic_version"


def revision_of(connection: Connection, plugin: str = "") -> str | None:
    """The revision of the schema at a connection; None if there is none yet.

    Its table is read without alembic: what only looks at a schema that is current, as every start does, need not load
    it with the templates and highlighters that it brings along.
    """
    if not inspect(connection).has_table(version_table(plugin)):
        return None
    revision: str | None = connection.scalar(select(column("version_num")).select_from(table(version_table(plugin))))
    return revision


@cache
def newest_revision(plugin: str = "") -> str:
    """The revision of the schema that this program needs: that of the last migration, whose file begins with it."""
    return max(path.name.partition("_")[0] for path in _migrations(plugin).glob("[0-9]*_*.py"))


def shown(url: str) -> str:
    """A database URL without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _ensure_usable(folder: Path, url: URL, read_only: bool) -> None:
    cure = "set PLURISCOPE_DATA to a folder that this user may write"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = sqlite.file_of(url)
        is_there = file is not None and file.exists()
        is_ours = os.access(folder, os.W_OK | os.X_OK) and (not file or not file.exists() or os.access(file, os.W_OK))
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreUnavailable(f"data folder {folder}", f"cannot be made ({cause})", cure) from None
    if not is_ours and not (read_only and is_there):
        cure += ", or PLURISCOPE_READ_ONLY=true to serve what is stored there" if is_there else ""
        raise StoreUnavailable(f"data folder {folder}", "is not writable, or the database in it is not", cure)


def _unavailable(url: str, error: SQLAlchemyError) -> StoreUnavailable:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    return StoreUnavailable(
        f"database {shown(url)}",
        f"cannot be used ({cause})",
        "check that it can be reached and written, and is no other file",
    )


def _engine(url: str, *, writes: bool, migrates: bool = False) -> Engine:
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return sqlite.engine(parsed, writes=writes, migrates=migrates)
    if backend == "postgresql":
        return postgresql.engine(parsed, writes=writes, migrates=migrates)
    raise ArgumentError(f"{backend} is no database that the store knows; use sqlite:/// or postgresql://")
