"""What an answer was read from: statements, and digests of what they gave. Asked again, they show if it is still true.

While :func:`recording` is entered, every statement of a reading session is noted, in whichever thread it runs, and the
rows that it gives are digested while its cursor hands them out (:class:`WatchedCursor`); what nobody took of them is
read when the cursor is closed. A statement whose cursor was never closed is asked once more when the session ends, on
the snapshot that it has read all the time. To ask all of them once more took a third of pages that leave most of their
work to the database. Later :func:`is_unchanged` asks them on a new snapshot. If each gives what it gave, whatever was
made from it would be made alike again. It is the way of build systems that keep "verifying traces" (Mokhov, Mitchell
and Peyton Jones, "Build Systems à la Carte", 2018).

What stays as it is while another row that was read stays, as the circuits of an analysis do, need not be asked again:
its statements are marked :data:`LASTING` and are not noted.

What a trace cannot tell spoils it: a statement outside of a reading session, a changing one, a session that failed.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


ROWS_AT_ONCE: Final = 1_000
MAX_BYTES: Final = 8 << 20
"""Of what the statements of one answer give. Asking for more again would not be cheap, so it is not done."""
LASTING: Final[Mapping[str, Any]] = {"lasting": True}
"""Options of a statement whose rows are never changed, and go only with a row that the same session reads as well."""
_LENGTH_BYTES: Final = 5
_PLAIN: Final = (type(None), bool, int, float, str, bytes)


class SeenRows:
    """The digest of the rows that one statement gives, whatever the parts in which they are taken."""

    def __init__(self) -> None:
        self._digest = blake2b(digest_size=16)
        self.n_bytes = 0
        self.whole = False

    def add(self, rows: Sequence[Any]) -> None:
        """Rows that follow."""
        if self.n_bytes <= MAX_BYTES:
            written = _bytes_of(rows)
            self.n_bytes += len(written)
            self._digest.update(written)

    @property
    def digest(self) -> bytes:
        """Of all rows; empty if there were more than can be asked for again."""
        return self._digest.digest() if self.n_bytes <= MAX_BYTES else b""


class WatchedCursor:
    """The first base of a reader's cursors, before the driver's own class: rows are digested on their way."""

    seen: SeenRows | None = None
    """Told what is taken from now on, until it is whole."""

    def fetchone(self) -> Any:
        row = super().fetchone()  # type: ignore[misc]  # of the driver's class
        if (seen := self.seen) is not None and not seen.whole:
            if row is None:
                seen.whole = True
            else:
                seen.add([row])
        return row

    def fetchmany(self, *size: int) -> Any:
        rows = super().fetchmany(*size)  # type: ignore[misc]
        if (seen := self.seen) is not None and not seen.whole:
            seen.add(rows)
            seen.whole = not rows
        return rows

    def fetchall(self) -> Any:
        rows = super().fetchall()  # type: ignore[misc]
        if (seen := self.seen) is not None and not seen.whole:
            seen.add(rows)
            seen.whole = True
        return rows

    def close(self) -> None:
        try:
            while (seen := self.seen) is not None and not seen.whole and seen.n_bytes <= MAX_BYTES:
                self.fetchmany(ROWS_AT_ONCE)
        finally:
            super().close()  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement, as the driver was given it, and the digest of what it gave."""

    statement: str
    parameters: Any
    digest: bytes


_Noted = tuple[str, Any, SeenRows | None]  # statement, parameters, and what its cursor has seen, if it watches


@dataclass(eq=False)
class Trace:
    """What one answer was read from.

    ``told_time`` says that it shows something of the moment when it was made, ``whole`` that everything is here.
    """

    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
    told_time: bool = False
    spoiled: bool = False
    closed: bool = False
    n_bytes: int = 0
    _open: dict[int, list[_Noted]] = field(default_factory=dict)  # of sessions that have not ended

    @property
    def whole(self) -> bool:
        return not (self.spoiled or self._open)

    @property
    def size(self) -> int:
        """Bytes that it takes itself, roughly."""
        return sum(200 + len(statement) + len(parameters) for statement, parameters in self.asked)

    def note(self, connection: Connection, cursor: Any, statement: str, parameters: Any, *, many: bool) -> None:
        """A statement has been sent."""
        if not self.closed:
            self.spoiled |= many
            seen = None
            if isinstance(cursor, WatchedCursor) and not self.spoiled:
                seen = cursor.seen = SeenRows()
            self._open.setdefault(id(connection), []).append((statement, parameters, seen))

    def seal(self, connection: Connection) -> None:
        """A reading session ends: find out on its snapshot what each of its statements gives."""
        noted = self._open.pop(id(connection), [])
        if self.closed or self.spoiled or not noted:
            return
        cursor = connection.connection.cursor()
        try:
            for key, (statement, parameters, seen) in {(one[0], repr(one[1])): one for one in noted}.items():
                if self.spoiled:
                    return
                digest = self._digest(cursor, statement, parameters, seen)
                if key not in self.asked:
                    self.asked[key] = Asked(statement, parameters, digest)
                elif self.asked[key].digest != digest:
                    self.spoiled = True  # two snapshots of one answer, and something changed between them
        except connection.dialect.loaded_dbapi.Error:
            self.spoiled = True  # the answer itself is made already
        finally:
            cursor.close()

    def _digest(self, cursor: Any, statement: str, parameters: Any, seen: SeenRows | None) -> bytes:
        """Of what a statement gave; asked again where nobody has seen all of it."""
        if seen is None or not (seen.whole or seen.n_bytes > MAX_BYTES):
            if seen is not None:
                seen.whole = True  # what its cursor hands out from now on is of no use
            seen = _seen_again(cursor, statement, parameters)
        self.n_bytes += seen.n_bytes
        self.spoiled |= self.n_bytes > MAX_BYTES
        return seen.digest


_TRACE: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


@contextmanager
def recording() -> Iterator[Trace]:
    """Note what is read within."""
    trace = Trace()
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        trace.closed = True
        _TRACE.reset(token)


def time_was_told() -> None:
    """What is being made shows something of this moment."""
    trace = _TRACE.get()
    if trace is not None:
        trace.told_time = True


def seal_session(session: Session) -> None:
    """A reading session has ended well; its transaction is still there."""
    trace = _TRACE.get()
    if trace is not None and session.in_transaction():
        trace.seal(session.connection())


def watch_reads(engine: Engine) -> None:
    """Note the statements of an engine that reads."""

    @event.listens_for(engine, "after_cursor_execute")
    def noted(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        trace = _TRACE.get()
        if trace is None or cursor.description is None:  # others give nothing: BEGIN
            return
        if context is None or not context.execution_options.keys() >= LASTING.keys():
            trace.note(connection, cursor, statement, parameters, many=executemany)


def watch_changes(engine: Engine) -> None:
    """An answer on whose way something is changed cannot be given without changing it again."""

    @event.listens_for(engine, "begin")
    def began(_connection: Connection) -> None:
        trace = _TRACE.get()
        if trace is not None:
            trace.spoiled = True


def is_unchanged(reader: Engine, trace: Trace) -> bool:
    """Whether the engine that reads, on one snapshot of now, gives again all that a whole trace was given."""
    with reader.connect() as connection, connection.begin():
        cursor = connection.connection.cursor()
        try:
            asked = trace.asked.values()
            return all(_seen_again(cursor, one.statement, one.parameters).digest == one.digest for one in asked)
        finally:
            cursor.close()


def _seen_again(cursor: Any, statement: str, parameters: Any) -> SeenRows:
    """What a statement gives now, as far as it may be asked for again."""
    cursor.execute(statement, parameters)
    seen = SeenRows()
    while seen.n_bytes <= MAX_BYTES and (rows := cursor.fetchmany(ROWS_AT_ONCE)):
        seen.add(rows)
    return seen


def _bytes_of(rows: Sequence[Any]) -> bytes:
    """Rows as bytes, equal for equal rows only, one after the other. Version 2 of the format has no references, which
    differ by chance; how many rows there are stands in front, and is left out.
    """
    try:
        written = marshal.dumps(list(rows), 2)
    except ValueError:  # a driver's own types, such as times
        plain = [tuple(one if type(one) in _PLAIN else repr(one) for one in row) for row in rows]
        written = marshal.dumps(plain, 2)
    return written[_LENGTH_BYTES:]
