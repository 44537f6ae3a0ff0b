"""What deleting a network does, before it is done; undoing it; and all that was deleted."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.claims import deleted_claims
from app.db.reads.analyses import analyses_of
from app.db.reads.networks import deleted
from app.db.reads.studies import deleted_studies
from app.jobs.deletion import KEPT_ORIGIN, unfinished_jobs
from app.limits import undo_days_in
from app.options import PageModel
from app.pages.claims.kept import KeptClaimOptions
from app.pages.claims.removal import ClaimRemovalPage, build_claim_removal
from app.pages.place import find_network
from app.pages.studies.removal import StudyRemovalPage, removal_of


class DeletePage(PageModel):
    """A network that is to be deleted, or was."""

    slug: str
    name: str
    digest: str
    deleted_at: str | None = Field(description="When it was deleted; None while it is not.")
    gone_at: str | None = Field(description="Until when that can be undone; None while it is not, or for bundled ones.")
    undo_days: float = Field(description="How long a deletion can be undone here.")
    n_analyses: int
    n_jobs: int = Field(description="Work on it that waits or runs, and would be cancelled.")
    bundled: bool = Field(description="Whether it came with Pluriscope; such a deletion can always be undone.")
    network_url: str
    delete_url: str = Field(description="POST here to delete it; programs DELETE the network’s own address.")
    restore_url: str = Field(description="POST here to undo that.")
    url: str


class DeletedPage(PageModel):
    """Networks, studies and claims whose deletion can be undone."""

    items: list[DeletePage] = Field(description="Networks, the latest deletion first.")
    studies: list[StudyRemovalPage] = Field(description="Studies, likewise.")
    claims: list[ClaimRemovalPage] = Field(description="Claims of networks that are not deleted, likewise.")
    url: str


def build_deleted(session: Session, addresses: Addresses) -> DeletedPage:
    """The list of what is deleted and still there."""
    return DeletedPage(
        items=[build_delete(session, addresses, row.slug) for row in deleted(session)],
        studies=[removal_of(session, addresses, row) for row in deleted_studies(session)],
        claims=[
            build_claim_removal(session, addresses, network, ref, KeptClaimOptions(output=output))
            for network, output, ref in deleted_claims(session)
        ],
        url=addresses.deleted(),
    )


def build_delete(session: Session, addresses: Addresses, network: str) -> DeletePage:
    """The page that an address names, whether the network is deleted or not.

    Raises:
        NotFound: no such network.
    """
    row = find_network(session, addresses, network, deleted=True)
    days, bundled = undo_days_in(session), row.origin == KEPT_ORIGIN
    gone = None if row.deleted_at is None or bundled else row.deleted_at + timedelta(days=days)
    return DeletePage.showing(
        row,
        deleted_at=None if row.deleted_at is None else row.deleted_at.isoformat(timespec="seconds"),
        gone_at=None if gone is None else gone.isoformat(timespec="seconds"),
        undo_days=days,
        n_analyses=len(analyses_of(session, row)),
        n_jobs=unfinished_jobs(session, row),
        bundled=bundled,
        network_url=addresses.network(row.slug),
        delete_url=addresses.delete(row.slug),
        restore_url=addresses.restore(row.slug),
        url=addresses.delete(row.slug),
    )
