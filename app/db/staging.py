"""Saving an analysis in many small transactions, so that others may write between them, and yet all at once.

1. The analysis is inserted with a mark in ``staged``; nobody sees it so.
2. Its circuits, algorithms and alignments are inserted, some thousand rows a transaction.
3. The last transaction, which also ends the job, takes the mark away and puts one on the analysis that it replaces.
4. What is marked and belongs to no job on its way (replaced analyses, and what a job left behind that never came back)
   is swept away, some thousand rows a transaction.

A job that is started again begins by deleting what its predecessor staged; as every step is fenced by the job's lease,
a predecessor that is still alive can add nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from app.db.circuit_columns import Block
from app.db.errors import NotFound
from app.db.job_tables import JobRow
from app.db.prepared import PreparedAnalysis
from app.db.reads.analyses import PARTIAL, analysis_by_key, network_by_digest
from app.db.reads.jobs import UNFINISHED
from app.db.records import save_data_record, save_protocol
from app.db.shelves import save_shelves
from app.db.table_base import Base
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, CircuitBlockRow, NetworkRow, VerdictRow
from app.db.verdict_columns import VerdictBlock

ROWS_AT_ONCE: Final = 5_000  # of algorithms and alignments in a transaction
_Blocks = TypeVar("_Blocks", Block, VerdictBlock)
BYTES_AT_ONCE: Final = 8 << 20  # of circuits in a transaction
DIRECTLY: Final = "-"  # the mark of what is saved in one transaction

Step = Callable[[Session], None]


class Staging:
    """The steps that bring one analysis into the store, unseen until it is published.

    Args:
        prepared: the analysis.
        mark: who saves it: the job's id.
    """

    def __init__(self, prepared: PreparedAnalysis, mark: str) -> None:
        self.prepared, self.mark = prepared, mark
        self._is_stored = self._is_cleared = False
        self._n_cleared = 0
        self._analysis: int | None = None
        self._algorithms: dict[str, int] = {}

    def steps(self, now: datetime | None = None) -> Iterator[Step]:
        """One transaction's work each, to be done in order; a step may be done again if its transaction failed.

        Nothing is left to do where the same result is stored already.

        Raises:
            RuntimeError: the caller asks for the next step before it has done one; what comes next depends on it.
        """
        while not self._is_cleared:
            n_done = self._n_cleared
            yield self._clear
            if self._n_cleared == n_done:
                raise RuntimeError("a step was left out")
        if self._is_stored:
            return
        yield partial(self._begin, now=now or datetime.now(UTC))
        for blocks in in_lots(self.prepared.blocks):
            yield partial(self._insert, CircuitBlockRow, [self._block_row(block) for block in blocks])
        rows = self.prepared.algorithm_rows()
        while some := list(islice(rows, ROWS_AT_ONCE)):
            yield partial(self._insert, AlgorithmRow, [{**row, "analysis_id": self._analysis} for row in some])
        yield self._number_algorithms
        alignments = self.prepared.alignment_rows()
        while few := list(islice(alignments, ROWS_AT_ONCE)):
            yield partial(self._insert, AlignmentRow, [self._alignment_row(*one) for one in few])
        yield self._shelve

    def publish(self, session: Session) -> AnalysisRow:
        """Let everyone see what the steps have stored, in place of what was there before.

        The same result again changes nothing, timings included.
        """
        old, row = self._stored(session, ""), self._stored(session, self.mark)
        if row is None:
            if old is None or old.result_digest != self.prepared.result_digest:
                raise RuntimeError("an analysis is published before it is staged")
            return old
        if old is not None:
            old.staged = f"-{old.id}"
            session.flush()
        row.staged = ""
        session.flush()
        return row

    def _clear(self, session: Session) -> None:
        """Delete some of what a predecessor staged; then see whether there is anything to do."""
        self._n_cleared += 1
        leftover = self._stored(session, self.mark)
        if leftover is not None:
            delete_some(session, leftover.id)
            return
        old = self._stored(session, "")
        self._is_stored = old is not None and old.result_digest == self.prepared.result_digest
        self._is_cleared = True

    def _begin(self, session: Session, now: datetime) -> None:
        save_protocol(session, self.prepared.protocol)
        save_data_record(session, self.prepared.data)
        row = AnalysisRow(
            **self.prepared.columns, network_id=self._network(session).id, staged=self.mark, created_at=now
        )
        session.add(row)
        session.flush()
        self._analysis = row.id

    def _insert(self, table: type[Base], rows: list[dict[str, Any]], session: Session) -> None:
        session.connection().execute(insert(table), rows)

    def _number_algorithms(self, session: Session) -> None:
        numbered = select(AlgorithmRow.algorithm_id, AlgorithmRow.id).where(AlgorithmRow.analysis_id == self._analysis)
        self._algorithms = dict(session.execute(numbered).all())

    def _shelve(self, session: Session) -> None:
        save_shelves(session, session.get_one(AnalysisRow, self._analysis))

    def _block_row(self, block: Block) -> dict[str, Any]:
        return {
            "analysis_id": self._analysis,
            "name": block.name,
            "block": block.number,
            "first": block.first,
            "data": block.data,
        }

    def _alignment_row(self, algorithm: str, columns: dict[str, Any]) -> dict[str, Any]:
        return {**columns, "analysis_id": self._analysis, "algorithm_row_id": self._algorithms[algorithm]}

    def _network(self, session: Session) -> NetworkRow:
        network = network_by_digest(session, self.prepared.network)
        if network is None:
            digest = self.prepared.network[:12]
            raise NotFound(f"network {digest}", "is not stored", "save the network before its analyses")
        return network

    def _stored(self, session: Session, mark: str) -> AnalysisRow | None:
        prepared = self.prepared
        network = self._network(session)
        return analysis_by_key(
            session, network.id, prepared.output, prepared.protocol.digest, prepared.data.digest, staged=mark
        )


def in_lots(blocks: Iterable[_Blocks]) -> Iterator[list[_Blocks]]:
    """The blocks in lots that one transaction inserts quickly."""
    lot: list[_Blocks] = []
    size = 0
    for block in blocks:
        lot.append(block)
        size += len(block.data)
        if size >= BYTES_AT_ONCE:
            yield lot
            lot, size = [], 0
    if lot:
        yield lot


def delete_some(session: Session, analysis_id: int) -> bool:
    """Delete some thousand rows of an analysis, its own row last; returns whether any are left.

    It must not be one that people see, unless the whole of it is deleted in this transaction.
    """
    some = select(AlignmentRow.id).where(AlignmentRow.analysis_id == analysis_id).limit(ROWS_AT_ONCE)
    if _deleted(session, AlignmentRow, AlignmentRow.id.in_(some)):
        return True
    here = CircuitBlockRow.analysis_id == analysis_id
    first = session.scalar(select(func.min(CircuitBlockRow.block)).where(here))
    if first is not None:
        size = session.scalar(
            select(func.sum(func.length(CircuitBlockRow.data))).where(here, CircuitBlockRow.block == first)
        )
        step = max(1, BYTES_AT_ONCE // max(1, size or 1))
        return _deleted(session, CircuitBlockRow, here & (CircuitBlockRow.block < first + step))
    verdicts = select(VerdictRow.id).where(VerdictRow.analysis_id == analysis_id).limit(1)
    if _deleted(session, VerdictRow, VerdictRow.id.in_(verdicts)):  # with its blocks, some megabytes at most
        return True
    part = select(AlgorithmRow.id).where(AlgorithmRow.analysis_id == analysis_id).limit(ROWS_AT_ONCE)
    if _deleted(session, AlgorithmRow, AlgorithmRow.id.in_(part)):
        return True
    _deleted(session, AnalysisRow, AnalysisRow.id == analysis_id)
    return False


def is_left_over() -> ColumnElement[bool]:
    """Whether an analysis is marked and belongs to no job on its way.

    What a job has found so far belongs to it as well (:func:`save_partial`).
    """
    on_its_way = select(JobRow.id).where(JobRow.state.in_(UNFINISHED))
    so_far = select(literal(PARTIAL) + JobRow.id).where(JobRow.state.in_(UNFINISHED))
    marked: ColumnElement[bool] = AnalysisRow.staged != ""
    return and_(marked, AnalysisRow.staged.not_in(on_its_way), AnalysisRow.staged.not_in(so_far))


def sweep(session: Session) -> bool:
    """Delete some rows of what is marked and belongs to no job on its way; returns whether to go on.

    Looked up anew in every transaction: a number may be given again once its row is gone.
    """
    analysis_id = session.scalar(select(AnalysisRow.id).where(is_left_over()).limit(1))
    if analysis_id is None:
        return False
    delete_some(session, analysis_id)
    return True


def _deleted(session: Session, table: type[Base], which: ColumnElement[bool]) -> bool:
    result = session.execute(delete(table).where(which).execution_options(synchronize_session=False))
    return bool(result.rowcount)  # type: ignore[attr-defined]  # a DELETE's result is a CursorResult


# --- what an analysis has found so far, stored while its job is on its way
#
# It is an analysis like any other, cut off where the work stands (:mod:`analysis.pipeline`), under a mark in
# ``staged`` that names its job. Only pages that say "still computing" look for it, and only while that job is queued
# or running and nothing finished is stored: so it needs no end of its own. Each part replaces the one before in one
# transaction; sweeping deletes what belongs to no job on its way.


def save_partial(session: Session, prepared: PreparedAnalysis, job_id: str) -> bool:
    """Store what a job has found so far in place of what it had found before.

    Args:
        session: of the writer, in a transaction that is fenced by the job's lease.
        prepared: bounded in size, for it is written at once.
        job_id: of the job that makes the whole.

    Returns:
        Whether it is stored: not where a finished analysis is there already, nor of a network that is gone.
    """
    network = network_by_digest(session, prepared.network)
    if network is None:
        return False
    key = (network.id, prepared.output, prepared.protocol.digest, prepared.data.digest)
    if analysis_by_key(session, *key) is not None:
        return False
    for step in Staging(prepared, PARTIAL + job_id).steps():
        step(session)
    return True
