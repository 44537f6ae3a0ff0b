"""The stored analysis that a job goes on from: criteria, common ground, directions and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.db.errors import NotFound
from app.db.reads.analyses import analysis_by_key, network_by_digest
from app.db.tables import AnalysisRow


def analysis_meant(session: Session, arguments: Mapping[str, Any]) -> AnalysisRow:
    """The analysis that a job's arguments name.

    Args:
        arguments: with ``network``, ``output``, ``protocol``, ``data`` and ``result``.

    Raises:
        NotFound: it is not stored any more, or another result stands in its place.
    """
    network = network_by_digest(session, arguments["network"])
    row = network and analysis_by_key(
        session, network.id, int(arguments["output"]), arguments["protocol"], arguments["data"]
    )
    item = f"analysis of network {arguments['network'][:12]}"
    if not row:
        raise NotFound(item, "is not stored any more", "ask for it again")
    if row.result_digest != arguments["result"]:
        raise NotFound(item, "has another result by now than the one that was meant", "ask again")
    return row
