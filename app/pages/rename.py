"""Giving a network another slug, and what it was called before."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.links import former_slugs
from app.figures.numbers import when
from app.options import Options
from app.pages.place import find_network
from pluriscope.blocks import Block, Form, Head, Section, Table


class RenameOptions(Options):
    """Options of the page."""

    slug: str = Field(
        "", max_length=80, description="The slug that it is to have: lower-case letters, digits, hyphens."
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


def renaming(session: Session, links: Addresses, network: str, options: RenameOptions) -> Iterator[Block]:
    """The form, and what the network was called before.

    Raises:
        NotFound: no such network.
        Moved: it had that slug once.
    """
    row = find_network(session, links, network)
    called = Markup(
        "In addresses it is called <code>{}</code>. With another slug every address with this one redirects, and no "
        "other network can have it. Its digest, <code>{}</code>, stays; so does everything found."
    )
    yield Head(f"Rename {row.name}", called.format(row.slug, row.digest))
    values = {"slug": options.slug.strip() or row.slug}
    yield Form(NewSlug, links.rename(row.slug), "Rename", values, cancel=links.network(row.slug))
    if former := former_slugs(session, row):
        yield Section("Its other slugs", "Old links redirect.")
        back = Markup('<a href="{}">Rename it so</a>')
        rows = [
            (one.slug, one.name, f"{'since' if one.name else 'until'} {when(one.retired_at)}",
             back.format(links.rename(row.slug, slug=one.slug)))
            for one in former
        ]  # fmt: skip
        yield Table.plain(("Slug", "Of the same weights saved as", "Since or until", "Back"), rows)
