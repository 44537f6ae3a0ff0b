"""What deleting a kept claim does, before it is done; and undoing it."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.limits import undo_days_in
from app.options import PageModel
from app.pages.claims.kept import KeptClaimOptions, open_claim


class ClaimRemovalPage(PageModel):
    """A claim that is to be deleted, or was."""

    id: str
    name: str
    network_name: str
    network_url: str
    deleted_at: str | None = Field(description="When it was deleted; null while it is not.")
    gone_at: str | None = Field(description="Until when that can be undone; null while it is not.")
    undo_days: float = Field(description="How long a deletion can be undone here.")
    claim_url: str
    claims_url: str
    file_url: str
    restore_url: str = Field(description="POST here to undo that.")
    url: str = Field(description="POST here to delete it; programs DELETE the claim’s own address.")


def build_claim_removal(
    session: Session, addresses: Addresses, network: str, claim: str, options: KeptClaimOptions
) -> ClaimRemovalPage:
    """The page that an address names, whether the claim is deleted or not.

    Raises:
        NotFound: no such network, output, protocol, data record or claim.
    """
    place, row = open_claim(session, addresses, network, claim, options, deleted=True)
    slug, scope, ref, days = place.row.slug, place.scope, row.ref, undo_days_in(session)
    gone = None if row.deleted_at is None else row.deleted_at + timedelta(days=days)
    return ClaimRemovalPage(
        id=ref,
        name=row.name,
        network_name=place.row.name,
        network_url=addresses.network(slug, scope),
        deleted_at=None if row.deleted_at is None else row.deleted_at.isoformat(timespec="seconds"),
        gone_at=None if gone is None else gone.isoformat(timespec="seconds"),
        undo_days=days,
        claim_url=addresses.kept_claim(slug, ref, scope),
        claims_url=addresses.claims(slug, scope),
        file_url=addresses.claim_file(slug, ref, scope),
        restore_url=addresses.restore_claim(slug, ref, scope),
        url=addresses.delete_claim(slug, ref, scope),
    )
