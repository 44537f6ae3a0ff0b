"""Saving where explanations stand on the common ground, in one transaction: it is some megabytes at most."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from app.db.cloud_storage import save_cloud
from app.db.common_ground_columns import PreparedCommonGround
from app.db.tables import AnalysisRow, CommonGroundBlockRow, CommonGroundRow


def save_common_ground(session: Session, analysis: AnalysisRow, prepared: PreparedCommonGround) -> CommonGroundRow:
    """Store a survey of an analysis in place of an earlier one; the same again changes nothing, timings included.

    A quick survey never replaces a thorough one of the same engine: it says less.
    """
    content = prepared.content
    old = session.get(CommonGroundRow, analysis.id)
    if old is not None:
        poorer = old.thorough and not prepared.columns["thorough"]
        same_engine = old.engine_version == prepared.columns["engine_version"]
        if old.content == content or (poorer and same_engine):
            return old
        session.execute(delete(CommonGroundRow).where(CommonGroundRow.analysis_id == analysis.id))
        session.expunge(old)
    row = CommonGroundRow(**prepared.columns, analysis_id=analysis.id, content=content, created_at=datetime.now(UTC))
    session.add(row)
    session.flush()
    blocks = [
        {"analysis_id": analysis.id, "name": block.name, "block": block.number, "data": block.data}
        for block in prepared.blocks
    ]
    if blocks:
        session.connection().execute(insert(CommonGroundBlockRow), blocks)
    save_cloud(session, row)
    return row
