"""Links that last: networks renamed without breaking their old addresses, and the short keys of earlier versions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import RESERVED_SLUGS
from pluriscope.analysis.values.digest import looks_like_digest
from pluriscope.app.db.errors import Ambiguous, Conflict, NotFound
from pluriscope.app.db.reads.analyses import begins_with, find_network
from pluriscope.app.db.tables import PERCEPTRON, FormerSlugRow, NetworkRow, ShortLinkRow

KEY_LENGTH: Final = 12
CLAIM_KEY_LENGTH: Final = 16
"""Of the keys of claims that earlier versions kept."""
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


def formerly_called(session: Session, ref: str) -> NetworkRow | None:
    """The network of another kind than perceptrons that links call so from when these had slugs of their own: one whose
    slug a perceptron had, too, got digits of its digest since.
    """
    others = select(NetworkRow).where(NetworkRow.kind != PERCEPTRON)
    begun = others.where(NetworkRow.slug.startswith(f"{ref[:73]}-", autoescape=True))
    renamed = (row for row in session.scalars(begun) if row.slug == f"{ref[:73]}-{row.digest[:6]}")
    try:
        return next(renamed, None) or find_network(session, ref, deleted=True)
    except (NotFound, Ambiguous):
        return None


def long_address(session: Session, key: str) -> str:
    """The address of a short key.

    Raises:
        NotFound: there is none.
    """
    row = session.get(ShortLinkRow, key[:40])
    if row is None:
        raise NotFound(
            f"short key {key[:40]!r}",
            "is not known here: keys are kept by the site that made them",
            "ask whoever sent it for the long address, which works everywhere",
        )
    return row.address


def kept_claim(session: Session, network: NetworkRow, output: int, ref: str) -> str:
    """Address of a claim that an earlier version kept under an address of its own.

    Its key begins with the digest of the claim and ends with digits that depend on network and output.

    Args:
        network: that it is about.
        output: of it.
        ref: 6 or more digits with which its digest begins.

    Raises:
        NotFound: there is none, or several begin so.
    """
    ending = sha256(f"{network.digest}.{output}".encode()).hexdigest()[: CLAIM_KEY_LENGTH - KEY_LENGTH]
    rows = list[ShortLinkRow]()
    if looks_like_digest(ref):
        mine = ShortLinkRow.key.endswith(ending), func.length(ShortLinkRow.key) == CLAIM_KEY_LENGTH
        beginning = begins_with(ShortLinkRow.key, ref[:KEY_LENGTH])
        rows = list(session.scalars(select(ShortLinkRow).where(beginning, *mine).limit(2)))
    if len(rows) != 1:
        cause = f"is not kept of output {output} of {network.slug}"
        raise NotFound(f"claim {ref[:64]!r}", cause, "give the circuit to see where it stands")
    return rows[0].address
