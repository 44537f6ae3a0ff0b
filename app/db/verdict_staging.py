"""Saving verdicts in small transactions, unseen until all of them are there.

Like :mod:`app.db.staging`: rows carry the mark of their job until the last transaction, which also ends the job, takes
it away. What is stored already with the same content stays; other verdicts under the same key are replaced, and those
from before the key changed its meaning go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.db.job_tables import JobRow
from app.db.reads.jobs import UNFINISHED
from app.db.reads.verdicts import step_of
from app.db.staging import Step, in_lots
from app.db.tables import AnalysisRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import PreparedVerdicts, VerdictBlock, passing_block


class VerdictStaging:
    """The steps that bring verdicts into the store.

    Args:
        prepared: the verdicts.
        analysis: finds the analysis that they are about, or raises because it is gone.
        mark: who saves them: the job's id.
    """

    def __init__(
        self, prepared: Sequence[PreparedVerdicts], analysis: Callable[[Session], AnalysisRow], mark: str
    ) -> None:
        self.prepared, self.analysis, self.mark = prepared, analysis, mark
        self._row: int | None = None  # of the verdicts that are being inserted; None if they are there already

    def steps(self) -> Iterator[Step]:
        """One transaction's work each, to be done in order; a step may be done again if its transaction failed."""
        yield self._clear
        for one in self.prepared:
            yield partial(self._begin, one)
            if self._row is not None:
                for blocks in in_lots(one.blocks):
                    yield partial(self._insert, blocks)
                if one.kind != "interpretation":
                    yield partial(self._insert, [passing_block(one.blocks)])

    def publish(self, session: Session) -> list[VerdictRow]:
        """Let everyone see what the steps have stored; verdicts that say the same as stored ones change nothing."""
        analysis = self.analysis(session)
        rows = []
        for row in self._marked(session, analysis):
            old = _stored(session, analysis.id, row.kind, row.criterion, row.settings_digest)
            if old is not None and old.content == row.content:
                session.delete(row)
                continue
            if old is not None:
                session.delete(old)
            session.flush()
            row.staged = ""
            session.flush()
            rows.append(row)
        self._forget_earlier_meanings(session, analysis)
        return rows

    def _forget_earlier_meanings(self, session: Session, analysis: AnalysisRow) -> None:
        """Delete what criteria that are judged anew said when their keys meant something else."""
        anew = {(one.kind, one.step.key) for one in self.prepared}
        seen = select(VerdictRow).where(VerdictRow.analysis_id == analysis.id, VerdictRow.staged == "")
        for row in session.scalars(seen):
            if (row.kind, row.criterion) in anew and step_of(row) is None:
                session.delete(row)

    def _marked(self, session: Session, analysis: AnalysisRow) -> list[VerdictRow]:
        query = select(VerdictRow).where(VerdictRow.analysis_id == analysis.id, VerdictRow.staged == self.mark)
        return list(session.scalars(query.order_by(VerdictRow.id)))

    def _clear(self, session: Session) -> None:
        """Delete what a predecessor staged."""
        for row in self._marked(session, self.analysis(session)):
            session.delete(row)

    def _begin(self, one: PreparedVerdicts, session: Session) -> None:
        self._row = None
        analysis = self.analysis(session)
        key = (one.kind, one.step.key, one.step.settings_digest)
        old = _stored(session, analysis.id, *key)
        content = one.content
        if old is not None and old.content == content:
            return
        row = VerdictRow(
            analysis_id=analysis.id,
            kind=one.kind,
            criterion=one.step.key,
            settings_digest=one.step.settings_digest,
            settings=dict(one.step.settings),
            staged=self.mark,
            n=one.n,
            passed=one.tally.passed,
            failed=one.tally.failed,
            undecided=one.tally.undecided,
            not_applicable=one.tally.not_applicable,
            note=one.note,
            seconds=one.seconds,
            content=content,
        )
        session.add(row)
        session.flush()
        self._row = row.id

    def _insert(self, blocks: Sequence[VerdictBlock], session: Session) -> None:
        rows = [{"verdict_id": self._row, "name": b.name, "block": b.number, "data": b.data} for b in blocks]
        session.connection().execute(insert(VerdictBlockRow), rows)


def sweep_verdicts(session: Session) -> bool:
    """Delete one criterion's verdicts that a job left behind which never came back; returns whether to go on."""
    on_its_way = select(JobRow.id).where(JobRow.state.in_(UNFINISHED))
    orphan = select(VerdictRow.id).where(VerdictRow.staged != "", VerdictRow.staged.not_in(on_its_way)).limit(1)
    found = session.scalar(orphan)
    if found is None:
        return False
    session.execute(delete(VerdictRow).where(VerdictRow.id == found))  # the blocks go with it
    return True


def _stored(session: Session, analysis_id: int, kind: str, criterion: str, digest: str) -> VerdictRow | None:
    """The verdicts under this key that everyone sees."""
    return session.scalar(
        select(VerdictRow).where(
            VerdictRow.staged == "",
            VerdictRow.analysis_id == analysis_id,
            VerdictRow.kind == kind,
            VerdictRow.criterion == criterion,
            VerdictRow.settings_digest == digest,
        )
    )
