"""Edits of a network on its overview: where it comes from, what comes of it, the way to an edit and a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field

from pluriscope.analysis.methods.settings import settings_text
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.reads.networks import edits_of
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.plugged import actions_on
from pluriscope.page_kit.blocks import Action, Block, Form, Notice, Table


class OtherNetwork(BaseModel):
    """The form that asks for another network."""

    network: str = Field(title="Another network", description="Its slug or digest; it needs the same layer sizes.")


def edited(known: Known) -> Iterator[Notice]:
    """Notice that a network comes of an edit, and of which network."""
    links, place, record = known.links, known.place, known.place.row.edited
    assert record is not None  # noqa: S101
    base, done = network_by_digest(known.session, record["base"]), f"{edit_words(place.row)}."
    if base is None or base.deleted_at is not None:
        yield Notice(f"Edited from network {record['base'][:12]}", done, "That network is not here.")
        return
    compare = Action("What became of its explanations", links.changes(base.slug, place.slug, place.scope))
    yield Notice(f"Edited from {base.name}", done, actions=[compare, Action(base.name, links.network(base.slug))])


def edit_words(row: NetworkRow) -> str:
    """The edit that a network comes of, in a line: the rule with its settings."""
    edit = row.edited or {"rule": "", "settings": {}}
    settings = {name: value for name, value in edit["settings"].items() if isinstance(value, (str, int, float))}
    return settings_text(edit["rule"], settings)


def edits(known: Known) -> Iterator[Block]:
    """The networks that come of edits of this one, and the way to an edit and to a comparison with any other."""
    links, place, rows = known.links, known.place, []
    for row in edits_of(known.session, place.row):
        link = Markup('<a href="{}">{}</a>').format
        compare = link(links.changes(place.slug, row.slug, place.scope), "compare")
        rows.append((link(links.network(row.slug), row.name), edit_words(row), compare))
    if rows:
        yield Table.plain(("Network", "What was done", "Explanations"), rows)
    ways = [*actions_on("edits", links, place, Notice("An edited network is a network of its own"))]
    yield from ways if ways[0].actions else ways[1:]
    yield Form(OtherNetwork, f"{links.network(place.slug)}/compare", "Compare", changes=False, primary=False)
