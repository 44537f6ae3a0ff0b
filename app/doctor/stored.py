"""The store itself: schema, soundness, rows without parents, jobs that are stuck, digests computed again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, make_url, not_, select, text
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.db import postgresql, sqlite
from app.db.backup import tables_in
from app.db.codecs import data_of, network_of, protocol_of
from app.db.engine import Store, newest_revision, shown
from app.db.job_tables import JobRow
from app.db.prepared import result_digest
from app.db.reads.jobs import UNFINISHED
from app.db.reads.results import load_analysis
from app.db.tables import AnalysisRow, DataRow, NetworkRow, ProtocolRow
from app.doctor.finding import Finding, note, ok, problem, warning

LARGE_LOG: Final = 256 << 20
QUICK_BEYOND: Final = 2 << 30  # bytes of a database of which not every index is checked, unless asked
SKEW: Final = timedelta(seconds=5)
STUCK: Final = timedelta(minutes=10)
WAITING: Final = timedelta(hours=1)
RESTORE: Final = "stop the server and the workers, keep a copy of the data folder, and restore a backup"


def of_schema(store: Store) -> Iterator[Finding]:
    """Whether the store can be reached and has the schema of this program."""
    revision, newest = store.revision(), newest_revision()
    where = shown(store.url)
    if store.read_only:
        yield warning(
            "store.writable",
            f"{where} can be read but not changed",
            "make its file and folder writable, and room on its volume, then start again",
        )
    if revision is None:
        yield note("store.schema", f"{where} has no tables yet", "they are made at the first start")
    elif revision == newest:
        yield ok("store.schema", f"{where} has revision {revision}, the one that is needed")
    elif revision < str(newest):
        yield problem(
            "store.schema",
            f"revision {revision}, needed is {newest}",
            "take a backup, then start the server",
        )
    else:
        yield problem("store.schema", f"revision {revision} is of a newer program", "update the program")


def of_soundness(store: Store, *, thorough: bool = False) -> Iterator[Finding]:
    """What the database itself can tell of its file."""
    with store.reader.connect() as connection:
        if connection.dialect.name != "sqlite":
            version = connection.scalar(text("SHOW server_version"))
            yield ok("store.sound", f"PostgreSQL {version} answers; it checks its own pages")
            return
        file = sqlite.file_of(make_url(store.url))
        size = file.stat().st_size if file is not None and file.exists() else 0
        how = "integrity_check" if thorough or size <= QUICK_BEYOND else "quick_check"
        said = connection.exec_driver_sql(f"PRAGMA {how}(5)").scalars().all()
        if said == ["ok"]:
            yield ok("store.sound", f"SQLite's {how} finds nothing")
        else:
            yield problem("store.sound", f"SQLite's {how} finds: {'; '.join(map(str, said))[:400]}", RESTORE)
        if file is not None:
            log = file.with_name(f"{file.name}-wal")
            if log.exists() and log.stat().st_size > LARGE_LOG:
                yield warning(
                    "store.log",
                    f"the write-ahead log has {log.stat().st_size >> 20} MB: a reader that never ends keeps it from "
                    "being taken in",
                    "restart the server and the workers",
                )
            else:
                yield ok("store.log", "the write-ahead log is small")


def of_parents(store: Store) -> Iterator[Finding]:
    """Rows that refer to rows which are not there, in whatever tables there are."""
    orphans = []
    with store.reader.connect() as connection:
        for table in tables_in(connection):
            for key in table.foreign_key_constraints:
                parent = key.referred_table.alias("parent")
                pairs = [(element.parent, parent.c[element.column.name]) for element in key.elements]
                there = select(1).select_from(parent).where(and_(*(ours == theirs for ours, theirs in pairs)))
                given = and_(*(ours.is_not(None) for ours, _ in pairs))
                n = connection.scalar(select(func.count()).select_from(table).where(given, not_(there.exists()))) or 0
                if n:
                    orphans.append(f"{table.name} ({n:,} without {key.referred_table.name})")
    if orphans:
        yield problem("store.parents", f"rows without what they belong to: {', '.join(orphans)}", RESTORE)
    else:
        yield ok("store.parents", "every row has what it belongs to")


def of_numbering(store: Store) -> Iterator[Finding]:
    """On PostgreSQL: whether the next row number is free, which a copy by foreign means may have forgotten."""
    if store.reader.dialect.name != "postgresql":
        return
    behind = []
    with store.reader.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for (table, column), sequence in postgresql.sequences(connection).items():
            # names from the catalogue, quoted
            query = f"SELECT max({quote(column)}) FROM {quote(table)}"  # noqa: S608
            largest = connection.exec_driver_sql(query).scalar() or 0
            last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
            if last + bool(called) <= largest:
                behind.append(table)
    if behind:
        yield problem(
            "store.numbering",
            f"the next row number of {', '.join(behind)} is taken: new rows are refused",
            "take a backup and restore it, which sets the numbering, or use setval()",
        )
    else:
        yield ok("store.numbering", "the next row numbers are free")


def of_times(store: Store) -> Iterator[Finding]:
    """The clocks: the database server's against ours, and ours against what was written before."""
    with store.reader.connect() as connection:
        now = datetime.now(UTC)
        if connection.dialect.name == "postgresql":
            skew = abs(connection.scalar(text("SELECT clock_timestamp()")) - datetime.now(UTC))
            if skew > SKEW:
                yield warning(
                    "clock.same",
                    f"the database server's clock differs by {skew.total_seconds():.0f} s",
                    "let both machines keep time (NTP)",
                )
            else:
                yield ok("clock.same", "the database server has the same time")
    with store.read() as session:
        newest = session.scalar(select(func.max(JobRow.created_at)))
    if newest is not None and newest > now + SKEW:
        yield warning(
            "clock.forward",
            f"a job was asked for at {newest:%Y-%m-%d %H:%M}, which is yet to come",
            "set the clock; leases last too long until it is reached",
        )
    else:
        yield ok("clock.forward", "nothing stored is of the future")


def of_jobs(store: Store) -> Iterator[Finding]:
    """Jobs that nobody goes on with."""
    now = datetime.now(UTC)
    with store.read() as session:
        stuck = _count(session, JobRow.state == "running", JobRow.lease_until < now - STUCK)
        running = _count(session, JobRow.state == "running", JobRow.lease_until >= now)
        old = _count(session, JobRow.state == "queued", JobRow.created_at < now - WAITING)
        failed = _count(session, JobRow.state == "failed")
        unknown = _count(session, JobRow.state.in_(UNFINISHED), JobRow.lease_until.is_(None), JobRow.state == "running")
    if stuck or unknown:
        yield warning(
            "jobs.leases",
            f"{stuck + unknown} running jobs have no worker any more",
            "start pluriscope work; it takes them up again",
        )
    else:
        yield ok("jobs.leases", f"{running} jobs are worked on, none is stuck")
    if old and not running:
        yield warning(
            "jobs.waiting", f"{old} jobs wait for more than an hour and nothing runs", "start pluriscope work"
        )
    if failed:
        yield note("jobs.failed", f"{failed} jobs have failed", "each says why at /jobs, and can be retried")


def of_content(store: Store, *, sample: int = 5, seed: int | None = None) -> Iterator[Finding]:
    """Digests computed again: of every network, protocol and data record, and of a sample of the analyses.

    Args:
        store: at the current schema.
        sample: how many analyses are read whole and hashed again.
        seed: of the choice; another one each time if not given.
    """
    wrong = []
    with store.read() as session:
        checked = 0
        for network in session.scalars(select(NetworkRow)):
            checked += 1
            if network_of(network).digest != network.digest:
                wrong.append(f"network {network.slug}")
        for protocol in session.scalars(select(ProtocolRow)):
            checked += 1
            if protocol_of(protocol).digest != protocol.digest:
                wrong.append(f"protocol {protocol.name}")
        for record in session.scalars(select(DataRow)):
            checked += 1
            if data_of(record).digest != record.digest:
                wrong.append(f"data record {record.digest[:12]}")
        # of older engines only those can be hashed again whose result is read as it was written
        ids = session.scalars(
            select(AnalysisRow.id).where(AnalysisRow.so_far == "", AnalysisRow.engine_version == ENGINE_VERSION)
        ).all()
        chosen = random.Random(seed).sample(list(ids), min(sample, len(ids)))  # noqa: S311  no secret
        for analysis_id in chosen:
            row = session.get_one(AnalysisRow, analysis_id)
            compared = row.distributions.get("float32")
            if result_digest(load_analysis(session, row), compared=compared) != row.result_digest:
                wrong.append(f"analysis of {row.network.slug} under {row.protocol.name}")
            session.expunge_all()
    if wrong:
        yield problem(
            "store.digests",
            f"not what its digest says: {', '.join(wrong[:10])}",
            RESTORE,
        )
    else:
        told = f"{checked} networks, protocols and data records and {len(chosen)} of {len(ids)} analyses"
        yield ok("store.digests", f"{told} are what their digests say")


def _count(session: Session, *conditions: object) -> int:
    return session.scalar(select(func.count()).select_from(JobRow).where(*conditions)) or 0  # type: ignore[arg-type]
