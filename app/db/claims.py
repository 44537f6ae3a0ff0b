"""Claims that earlier versions kept: they are read for the addresses that people have of them, and for nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis.digest import looks_like_digest
from analysis.discovery.claims import Claim, read_claim
from analysis.discovery.part_names import PartNames
from app.db.claim_tables import ClaimRow
from app.db.errors import NotFound
from app.db.reads.analyses import begins_with
from app.db.tables import NetworkRow


def find_claim(session: Session, network: NetworkRow, output: int, ref: str, names: PartNames) -> Claim:
    """The claim about an output whose digest begins with those 6 or more digits.

    Args:
        session: open session.
        network: that it is about.
        output: of it.
        ref: the digits.
        names: of the network's edges.

    Raises:
        NotFound: there is none, it was deleted, or several digests begin so.
    """
    rows = list[ClaimRow]()
    if looks_like_digest(ref):
        mine = ClaimRow.network_id == network.id, ClaimRow.output == output, ClaimRow.deleted_at.is_(None)
        rows = list(session.scalars(select(ClaimRow).where(*mine, begins_with(ClaimRow.digest, ref)).limit(2)))
    if len(rows) != 1:
        item = f"claim {ref[:64]!r}"
        raise NotFound(
            item, f"is not kept of output {output} of {network.slug}", "paste the circuit to see where it stands"
        )
    (row,) = rows
    return read_claim({**row.document, "name": row.name}, "claim", names)


def purge_claims(session: Session, before: datetime) -> None:
    """Delete for good what was deleted before that, with its places."""
    session.execute(delete(ClaimRow).where(ClaimRow.deleted_at <= before))
