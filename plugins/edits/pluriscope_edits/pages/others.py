"""Part of the overview of a network: its edits, and the way to an edit and to a comparison with any other network."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup
from pydantic import BaseModel, Field

from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.overview.edits import edit_words
from pluriscope.page_kit.blocks import Block, Form, Notice, Table
from pluriscope_edits.addresses import changes_url
from pluriscope_edits.ways import editing
from pluriscope_edits.work import edits_of


class OtherNetwork(BaseModel):
    """The form that asks for another network."""

    network: str = Field(title="Another network", description="Its slug or digest; it needs the same layer sizes.")


def others(known: Known) -> Iterator[Block]:
    """The networks that come of edits of this one, and the way to an edit and to a comparison with any other."""
    links, place, rows = known.links, known.place, []
    for row in edits_of(known.session, place.row):
        link = Markup('<a href="{}">{}</a>').format
        compare = link(changes_url(links, place.slug, row.slug, place.scope), "compare")
        rows.append((link(links.network(row.slug), row.name), edit_words(row), compare))
    if rows:
        yield Table.plain(("Network", "What was done", "Explanations"), rows)
    if not place.question.kind.refuses("edits"):
        yield Notice("An edited network is a network of its own", actions=editing(known))
    yield Form(OtherNetwork, f"{links.network(place.slug)}/compare", "Compare", changes=False, primary=False)
