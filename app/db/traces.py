"""What an answer was read from: statements, and digests of what they gave. Asked again, they show if it is still true.

While :func:`recording` is entered, every statement of a reading session is noted, in whichever thread it runs. When the
session ends, on the snapshot that it has read all the time, its statements are asked once more for their digests: rows
go by before the page builder sees them, so this is simpler than listening in, and costs a small part of the page. Later
:func:`is_unchanged` asks them on a new snapshot. If each gives what it gave, whatever was made from it would be made
alike again. It is the way of build systems that keep "verifying traces" (Mokhov, Mitchell and Peyton Jones, "Build
Systems à la Carte", 2018).

What stays as it is while another row that was read stays, as the circuits of an analysis do, need not be asked again:
its statements are marked :data:`LASTING` and are not noted.

What a trace cannot tell spoils it: a statement outside of a reading session, a changing one, a session that failed.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Mapping
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
_PLAIN: Final = (type(None), bool, int, float, str, bytes)


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement, as the driver was given it, and the digest of what it gave."""

    statement: str
    parameters: Any
    digest: bytes


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
    _open: dict[int, list[tuple[str, Any]]] = field(default_factory=dict)  # of sessions that have not ended

    @property
    def whole(self) -> bool:
        return not (self.spoiled or self._open)

    @property
    def size(self) -> int:
        """Bytes that it takes itself, roughly."""
        return sum(200 + len(statement) + len(parameters) for statement, parameters in self.asked)

    def note(self, connection: Connection, statement: str, parameters: Any, *, many: bool) -> None:
        """A statement has been sent."""
        if not self.closed:
            self.spoiled |= many
            self._open.setdefault(id(connection), []).append((statement, parameters))

    def seal(self, connection: Connection) -> None:
        """A reading session ends: find out on its snapshot what each of its statements gives."""
        noted = self._open.pop(id(connection), [])
        if self.closed or self.spoiled or not noted:
            return
        cursor = connection.connection.cursor()
        try:
            for (statement, _), parameters in {(one, repr(given)): given for one, given in noted}.items():
                key = statement, repr(parameters)
                if key in self.asked:
                    if self.asked[key].digest != self._digest(cursor, statement, parameters):
                        self.spoiled = True  # two snapshots of one answer, and something changed between them
                elif not self.spoiled:
                    self.asked[key] = Asked(statement, parameters, self._digest(cursor, statement, parameters))
        except connection.dialect.loaded_dbapi.Error:
            self.spoiled = True  # the answer itself is made already
        finally:
            cursor.close()

    def _digest(self, cursor: Any, statement: str, parameters: Any) -> bytes:
        def count(n_bytes: int) -> None:
            self.n_bytes += n_bytes

        digest = _digest_of(cursor, statement, parameters, count, MAX_BYTES - self.n_bytes)
        self.spoiled |= not digest
        return digest


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
            trace.note(connection, statement, parameters, many=executemany)


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
            return all(_digest_of(cursor, one.statement, one.parameters) == one.digest for one in trace.asked.values())
        finally:
            cursor.close()


def _digest_of(
    cursor: Any, statement: str, parameters: Any, count: Callable[[int], None] | None = None, most: int = 2 * MAX_BYTES
) -> bytes:
    """The digest of all rows; empty if they are more than so many bytes."""
    cursor.execute(statement, parameters)
    digest, n_bytes = blake2b(digest_size=16), 0
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        written = _bytes_of(rows)
        n_bytes += len(written)
        if n_bytes > most:
            return b""
        digest.update(written)
    if count is not None:
        count(n_bytes)
    return digest.digest()


def _bytes_of(rows: list[Any]) -> bytes:
    """Rows as bytes, equal for equal rows only. Version 2 of the format has no references, which differ by chance."""
    try:
        return marshal.dumps(rows, 2)
    except ValueError:  # a driver's own types, such as times
        return marshal.dumps([[one if type(one) in _PLAIN else repr(one) for one in row] for row in rows], 2)
