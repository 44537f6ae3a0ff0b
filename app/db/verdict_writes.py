"""Saving verdicts: one criterion on one kind of explanation after the other, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.db.reads.verdicts import step_of
from app.db.tables import AnalysisRow, VerdictBlockRow, VerdictRow
from app.db.verdict_columns import PreparedVerdicts


def save_verdicts(session: Session, analysis: AnalysisRow, prepared: Sequence[PreparedVerdicts]) -> list[VerdictRow]:
    """Store verdicts in place of others under the same key; those that say the same as stored ones change nothing.

    What criteria that are judged anew said when their keys meant something else goes.

    Returns:
        The rows that are new.
    """
    rows = [row for one in prepared if (row := _save(session, analysis, one)) is not None]
    anew = {(one.kind, one.step.key) for one in prepared}
    for row in session.scalars(select(VerdictRow).where(VerdictRow.analysis_id == analysis.id)):
        if (row.kind, row.criterion) in anew and step_of(row) is None:
            session.delete(row)
    return rows


def _save(session: Session, analysis: AnalysisRow, one: PreparedVerdicts) -> VerdictRow | None:
    old = session.scalar(
        select(VerdictRow).where(
            VerdictRow.analysis_id == analysis.id,
            VerdictRow.kind == one.kind,
            VerdictRow.criterion == one.step.key,
            VerdictRow.settings_digest == one.step.settings_digest,
        )
    )
    content = one.content
    if old is not None and old.content == content:
        return None
    if old is not None:
        session.delete(old)
        session.flush()
    row = VerdictRow(
        analysis_id=analysis.id,
        kind=one.kind,
        criterion=one.step.key,
        settings_digest=one.step.settings_digest,
        settings=dict(one.step.settings),
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
    blocks = [
        {"verdict_id": row.id, "name": block.name, "block": block.number, "data": block.data} for block in one.blocks
    ]
    if blocks:
        session.connection().execute(insert(VerdictBlockRow), blocks)
    return row
