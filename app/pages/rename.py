"""What giving a network another slug would do, shown before it is done."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.errors import Conflict
from app.db.links import check_slug, former_slugs
from app.db.tables import NetworkRow
from app.figures.numbers import when
from app.options import Options
from app.pages.place import find_network
from pluriscope.blocks import Action, Block, Form, Head, Notice, Prose, Section, Table


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
    """What another slug would do, and the button that does it.

    Raises:
        NotFound: no such network.
        Moved: it had that slug once.
    """
    row, asked = find_network(session, links, network), options.slug.strip()
    here = links.rename(row.slug)
    called = Markup(
        "In addresses it is called <code>{}</code>. Its identity is its digest, <code>{}</code>, which stays; so do "
        "its weights, analyses and everything found."
    )
    yield Head(f"Rename {row.name}", called.format(row.slug, row.digest))
    yield Form(NewSlug, here, "See what changes", {"slug": asked}, changes=False, cancel=links.network(row.slug))
    if asked:
        yield from _consequences(session, links, row, asked, here)
    former = former_slugs(session, row)
    if former:
        yield Section("Its other slugs", "Old links redirect.")
        back = Markup('<a href="{}">{}</a>')
        yield Table.plain(
            ("Slug", "Of the same weights saved as", "Since or until", "Undo"),
            [
                (
                    Markup("<code>{}</code>").format(one.slug),
                    one.name,
                    f"{'since' if one.name else 'until'} {when(one.retired_at)}",
                    back.format(links.rename(row.slug, slug=one.slug), f"Rename it {'so' if one.name else 'back'}"),
                )
                for one in former
            ],
        )


def _consequences(session: Session, links: Addresses, row: NetworkRow, asked: str, here: str) -> Iterator[Block]:
    try:
        check_slug(session, row, asked)
    except Conflict as conflict:
        yield Notice("Not possible", str(conflict), state="refused")
        return
    if asked == row.slug:
        yield Notice("Nothing changes", "That is its slug already.")
        return
    rename = Action(f"Rename to {asked}", here, primary=True, changes=True, fields={"slug": asked})
    yield Section(f"From {row.slug} to {asked}", action=rename)
    yield Prose(
        f"- Its pages move to `{links.network(asked)}`.\n"
        f"- Every address with `{row.slug}` redirects, with everything below it; nobody else can have that slug.\n"
        "- Renaming it back undoes this.",
        glossary=False,
    )
