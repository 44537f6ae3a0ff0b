"""What giving a network another slug would do, shown before it is done."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.errors import Conflict
from app.db.links import check_slug, former_slugs
from app.figures.numbers import when
from app.options import Options, PageModel
from app.pages.place import find_network
from pluriscope.blocks import Action, Block, Form, Head, Notice, Prose, Section, Table


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


class NewSlug(BaseModel):
    """The form of the page."""

    slug: str = Field(
        title="New slug",
        max_length=80,
        pattern=r"[a-z0-9]([a-z0-9\-]*[a-z0-9])?",
        description="Lower-case letters, digits, and hyphens inside; at most 80.",
        json_schema_extra={"autocomplete": "off"},
    )


def renaming(page: RenamePage, addresses: Addresses) -> Iterator[Block]:
    """What another slug would do, and the button that does it."""
    called = Markup(
        "In addresses it is called <code>{}</code>. Its identity is its digest, <code>{}</code>, which stays; so do "
        "its weights, analyses and everything found."
    )
    yield Head(f"Rename {page.name}", called.format(page.slug, page.digest))
    yield Form(NewSlug, page.action, "See what changes", {"slug": page.asked}, changes=False, cancel=page.network_url)
    if page.refusal:
        yield Notice("Not possible", page.refusal, state="refused")
    elif page.asked and not page.ready:
        yield Notice("Nothing changes", "That is its slug already.")
    elif page.ready:
        rename = Action(f"Rename to {page.asked}", page.action, primary=True, changes=True, fields={"slug": page.asked})
        yield Section(f"From {page.slug} to {page.asked}", action=rename)
        yield Prose(
            f"- Its pages move to `{addresses.network(page.asked)}`.\n"
            f"- Every address with `{page.slug}` redirects, with everything below it; nobody else can have that slug.\n"
            "- Renaming it back undoes this.",
            glossary=False,
        )
    if page.former:
        yield Section("Its other slugs", "Old links redirect.")
        back = Markup('<a href="{}">{}</a>')
        yield Table.plain(
            ("Slug", "Of the same weights saved as", "Since or until", "Undo"),
            [
                (
                    Markup("<code>{}</code>").format(one.slug),
                    one.name,
                    f"{'since' if one.name else 'until'} {when(one.retired_at)}",
                    back.format(one.back_url, "Rename it so" if one.name else "Rename it back"),
                )
                for one in page.former
            ],
        )
