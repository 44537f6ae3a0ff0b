"""Links that last: networks renamed without breaking their old addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import RESERVED_SLUGS
from pluriscope.analysis.values.digest import looks_like_digest
from pluriscope.app.db.errors import Conflict
from pluriscope.app.db.tables import FormerSlugRow, NetworkRow

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")


def rename_network(session: Session, row: NetworkRow, slug: str) -> None:
    """Give a network another slug; the one that it had leads to it from now on.

    Args:
        session: of the writer.
        slug: the new one.

    Raises:
        Conflict: no slug, or another network has it or had it.
    """
    item = f"slug {slug[:80]!r}"
    if not SLUG.fullmatch(slug):
        raise Conflict(item, "is no slug", "use lower-case letters, digits and hyphens inside, at most 80")
    if looks_like_digest(slug):
        raise Conflict(item, "reads as the beginning of a digest", "use a letter beyond f, or a hyphen")
    if slug in RESERVED_SLUGS:
        raise Conflict(item, "is the address of a page", "choose another")
    if is_taken(session, slug, row):
        raise Conflict(item, "belongs to another network, or once did, and its links must keep", "choose another")
    if slug == row.slug:
        return
    former, name = session.get(FormerSlugRow, slug), ""
    if former is not None:  # back to what it was called before; the name that went with it is not lost
        name = former.name
        session.delete(former)
    session.add(FormerSlugRow(slug=row.slug, network_id=row.id, name=name, retired_at=datetime.now(UTC)))
    row.slug = slug
    session.flush()


def former_slugs(session: Session, row: NetworkRow) -> list[FormerSlugRow]:
    """Former slugs of a network, last first; each still leads to it."""
    query = select(FormerSlugRow).where(FormerSlugRow.network_id == row.id)
    return list(session.scalars(query.order_by(FormerSlugRow.retired_at.desc(), FormerSlugRow.slug)))


def is_taken(session: Session, slug: str, by: NetworkRow | None = None) -> bool:
    """Whether a network has that slug or had it; one network may be left out."""
    former = session.get(FormerSlugRow, slug)
    network = session.scalar(select(NetworkRow.id).where(NetworkRow.slug == slug))
    owners = {network, None if former is None else former.network_id}
    return bool(owners - {None, None if by is None else by.id})


def free_slug(session: Session, wanted: str, digest: str) -> str:
    """The slug that a network would get: the wanted one, with digits of the digest if that is taken."""
    for slug in (wanted, *(f"{wanted}-{digest[:n]}" for n in (6, 12))):
        # former slugs too: links with them must keep leading where they did
        if slug not in RESERVED_SLUGS and not is_taken(session, slug):
            return slug
    return digest  # a slug as good as any: it names this network and no other
