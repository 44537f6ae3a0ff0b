"""What an analysis has found so far, stored while its job is on its way.

It is an analysis like any other, cut off where the work stands (:mod:`analysis.pipeline`), under a mark in ``staged``
that names its job. Only pages that say "still computing" look for it, and only while that job is queued or running and
nothing finished is stored: so it needs no end of its own. Each part replaces the one before in one transaction;
sweeping deletes what belongs to no job on its way.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.db.prepared import PreparedAnalysis
from app.db.reads.analyses import PARTIAL, analysis_by_key, network_by_digest
from app.db.staging import Staging


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
