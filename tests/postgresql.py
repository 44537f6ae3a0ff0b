"""A throw-away PostgreSQL server for tests: its own data folder, a free loopback port, nothing kept.

It needs the binaries of Debian's package ``postgresql`` (initdb, postgres). PostgreSQL refuses to run as root, so root
starts it as another user. Where there are no binaries the tests are skipped with the reason; with CI set they fail.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any

import pytest

STARTUP_SECONDS = 60
_NUMBERS = count()


def binaries() -> Path | None:
    """The folder that has initdb and postgres, the newest if there are several."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


_SCHEMA = """SELECT (SELECT max(oid) FROM pg_class), (SELECT max(oid) FROM pg_constraint),
    (SELECT count(*) FROM pg_attribute), (SELECT version_num FROM alembic_version)"""
"""What changes with every change of the schema, even one that is taken back."""
_OTHERS = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


class Server:
    """A running server; every test gets a database of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._spare: list[str] = []

    def url(self, database: str) -> str:
        return f"postgresql://tests@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> None:
        """Run a statement in no transaction, as CREATE DATABASE needs it."""
        import psycopg

        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database at the current schema with nothing in it, for one test after the other.

        Copying one takes longer than many a test, emptying it a small part of that. Where a test has changed the
        schema, or somebody is still connected, nobody gets its database again.
        """
        import psycopg

        url = self._spare.pop() if self._spare else self.database()
        yield url
        with psycopg.connect(url, autocommit=True) as connection:
            if connection.execute(_SCHEMA).fetchone() == self._schema_of_copies and _is_left(connection):
                _empty(connection)
                self._spare.append(url)

    @cached_property
    def _schema_of_copies(self) -> tuple[Any, ...]:
        import psycopg

        with psycopg.connect(self.url(self.template())) as connection:
            return connection.execute(_SCHEMA).fetchone() or ()

    @cache  # noqa: B019  one server a run
    def template(self) -> str:
        """A database at the current schema, to be copied: migrating takes longer than copying."""
        from pluriscope.app.db.engine import store_at

        self.run("CREATE DATABASE current_schema_")
        store = store_at(self.url("current_schema_"))
        store.migrate()
        store.close()
        return "current_schema_"

    def database(self, *, empty: bool = False) -> str:
        """The URL of a new database, at the current schema or with nothing in it.

        Its default collation is a linguistic one where the server has any, as a user's would be.
        """
        name = f"t{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name}" if empty else f"CREATE DATABASE {name} TEMPLATE {self.template()}")
        return self.url(name)


def empty(url: str) -> None:
    """Leave nothing in a database but its schema; to truncate every table would take a hundred times as long."""
    import psycopg

    with psycopg.connect(url, autocommit=True, options="-c lock_timeout=10s") as connection:
        _empty(connection)


def _empty(connection: Any) -> None:
    connection.execute("SET session_replication_role = replica")  # in whatever order: all rows go
    named = """SELECT tablename, pg_table_size(tablename::regclass) > 1000000 FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic_version%'"""
    is_large = dict(connection.execute(named))
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in is_large)  # noqa: S608
    for (table,) in connection.execute(asked).fetchall():
        # rows that are gone still take room, and nobody vacuums here
        connection.execute(f"TRUNCATE {table} CASCADE" if is_large[table] else f"DELETE FROM {table}")  # noqa: S608
    used = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    for (sequence,) in connection.execute(used).fetchall():
        connection.execute(f"ALTER SEQUENCE {sequence} RESTART")


def _is_left(connection: Any) -> bool:
    """Whether nobody else is connected, or soon nobody is: who has just left is still there for a moment."""
    for _ in range(20):
        if connection.execute(_OTHERS).fetchone() == (0,):
            return True
        time.sleep(0.02)
    return False


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server and end it again.

    Raises:
        Skipped: no binaries or no driver are there; a failure if CI is set.
    """
    folder_of_binaries = binaries()
    if folder_of_binaries is None:
        _leave("no PostgreSQL server is installed (apt-get install postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        _leave("the driver psycopg is not installed (pip install 'pluriscope[postgresql]')")
    root = Path(tempfile.mkdtemp(prefix="pluriscope-pg-"))
    as_user = _other_user()
    if as_user:
        os.chown(root, as_user["user"], as_user["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = root / "data"
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Kolkata"}  # whoever forgets zones is found out
    initdb = [folder_of_binaries / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync"]
    # a linguistic collation that every build with ICU has, whatever locales the machine knows
    linguistic = ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
    for options in (linguistic, ["--locale=C"]):
        made = subprocess.run([*initdb, *options], env=environment, capture_output=True, text=True, cwd=root, **as_user)
        if made.returncode == 0:
            break
        shutil.rmtree(data, ignore_errors=True)
    assert made.returncode == 0, made.stderr
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    # what it does by itself would count as a change to whoever asks whether anything has changed
    quick += ["-c", "autovacuum=off"]
    command = [folder_of_binaries / "postgres", "-D", data, "-p", str(port), "-k", root, "-h", "127.0.0.1", *quick]
    log = (root / "log").open("w")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=root, **as_user)
    try:
        _await(port, process, root / "log")
        yield Server(port)
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing here is worth keeping
        process.wait(20)
        log.close()
        shutil.rmtree(root, ignore_errors=True)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + STARTUP_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://tests@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def _other_user() -> dict[str, int]:
    """Options of subprocess that make a server's process somebody else's, if this is root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid}
    return {}


def _leave(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI is set, so the tests on PostgreSQL must run")
    pytest.skip(reason)
