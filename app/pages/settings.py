"""Settings of a network: its name in addresses, and its deletion."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.links import former_slugs
from pluriscope.app.db.reads.jobs import jobs_of_network
from pluriscope.app.db.reads.networks import analyses_of
from pluriscope.app.db.remote import remote_kinds
from pluriscope.app.db.table_base import Named
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.deletion import KEPT_ORIGIN
from pluriscope.app.limits import undo_days_in
from pluriscope.figures.numbers import exact, noun, plural, when
from pluriscope.page_kit.blocks import Action, Block, Form, Head, Prose, Section, Table


class NewSlug(BaseModel):
    """The form of the page."""

    slug: str = Field(
        title="New slug",
        max_length=80,
        pattern=r"[a-z0-9]([a-z0-9\-]*[a-z0-9])?",
        description="Lower-case letters, digits, and hyphens inside; at most 80.",
        json_schema_extra={"autocomplete": "off"},
    )


def settings(session: Session, links: Addresses, row: NetworkRow) -> Iterator[Block]:
    """Its slug, what it was called before, and its deletion."""
    called = Markup(
        "In addresses it is called <code>{}</code>. With another slug every address with this one redirects, and no "
        "other network can have it. Its digest, <code>{}</code>, stays; so does everything found."
    )
    yield Head(f"Settings of {row.name}", called.format(row.slug, row.digest))
    yield Form(NewSlug, links.rename(row.slug), "Rename", {"slug": row.slug})
    if former := former_slugs(session, row):
        yield Section("Its other slugs", "Old links redirect.")
        rows = [(one.slug, one.name, f"{'since' if one.name else 'until'} {when(one.retired_at)}") for one in former]
        yield Table.plain(("Slug", "Of the same weights saved as", "Since or until"), rows)
    has = "all of it" if row.kind in remote_kinds() else "its weights"
    n, kept = len(analyses_of(session, [row.id])), f"[Its network file]({links.network_file(row.slug)}) has {has}"
    leaves = f"the list of networks, with {exact(n)} {plural(n, 'analysis', 'analyses')} and all that was found"
    yield from removal(session, row, links.delete(row.slug), leaves, "everything found about it", kept)


def removal(session: Session, row: Named, url: str, leaves: str, along: str, kept: str) -> Iterator[Block]:
    """Show what a deletion does.

    Args:
        row: what would be deleted.
        url: where that is done.
        leaves: which list it leaves, and with what.
        along: what is permanently deleted with it.
        kept: how it can be kept.
    """
    jobs = len(jobs_of_network(session, row.digest, unfinished=True))
    lines = [f"It leaves {leaves}."]
    if jobs:
        lines.append(f"{noun(jobs, 'job')} on it that {'waits or runs' if jobs == 1 else 'wait or run'} will stop.")
    if row.origin == KEPT_ORIGIN:
        lines.append("It came with Pluriscope: undoing this stays possible.")
    else:
        days = f"For {undo_days_in(session):g} days its pages say how to undo that"
        lines.append(f"{days}; then it is permanently deleted, and with it {along}. {kept}.")
    yield Section("Delete", action=Action(f"Delete {row.slug}", url, changes=True))
    yield Prose("\n".join(f"- {one}" for one in lines), glossary=False)
