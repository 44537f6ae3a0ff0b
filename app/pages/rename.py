"""What giving a network another slug would do, shown before it is done."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.errors import Conflict
from app.db.links import check_slug, former_slugs
from app.options import Options, PageModel
from app.pages.place import find_network


class RenameOptions(Options):
    """Options of the page."""

    slug: str = Field(
        "", max_length=80, description="The slug that it is to have: lower-case letters, digits, hyphens."
    )


class FormerSlug(PageModel):
    """What a network was called before."""

    slug: str
    name: str = Field(description="The other name that it came with; empty if it is a former slug and nothing else.")
    retired_at: str
    back_url: str = Field(description="This page with that slug: undoing.")


class RenamePage(PageModel):
    """A network, the slug that it is to have, and what stands in the way."""

    slug: str
    name: str
    digest: str
    asked: str = Field(description="The slug that it is to have; empty while none is chosen.")
    refusal: str = Field(description="Why it cannot have that; empty if it can.")
    former: list[FormerSlug] = Field(description="What it was called before, last first; all of these lead to it.")
    network_url: str
    action: str = Field(description="POST `slug` here to rename it; programs POST to the same address under /api/v1.")
    url: str

    @property
    def ready(self) -> bool:
        """Whether nothing but a yes is missing."""
        return bool(self.asked) and not self.refusal and self.asked != self.slug


def build_rename(session: Session, addresses: Addresses, network: str, options: RenameOptions) -> RenamePage:
    """The page that an address names.

    Raises:
        NotFound: no such network.
        Moved: it had that slug once.
    """
    row = find_network(session, addresses, network)
    asked, refusal = options.slug.strip(), ""
    if asked:
        try:
            check_slug(session, row, asked)
        except Conflict as conflict:
            refusal = str(conflict)
    return RenamePage.showing(
        row,
        asked=asked,
        refusal=refusal,
        former=[
            FormerSlug(
                slug=one.slug,
                name=one.name,
                retired_at=one.retired_at.isoformat(timespec="seconds"),
                back_url=addresses.rename(row.slug, slug=one.slug),
            )
            for one in former_slugs(session, row)
        ],
        network_url=addresses.network(row.slug),
        action=addresses.rename(row.slug),
        url=addresses.rename(row.slug, slug=asked),
    )
