"""The ways from pages about a network to editing it and to its training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.plugged import Where
from pluriscope.page_kit.blocks import Action, Block, More
from pluriscope_edits.addresses import edit_url, training_url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.app.pages.network_page import Known


def actions(where: Where, links: Addresses, place: AnyPlace) -> list[Action]:
    """Links to an edit, or to all checkpoints of its training."""
    if where == "training":
        return [Action("Explanations over training", training_url(links, place.slug, place.scope))]
    if where != "edits" or place.question.kind.refuses("edits"):
        return []
    return [Action("Edit this network", edit_url(links, place.slug, place.scope))]


def editing(known: Known) -> list[Action]:
    """The way to an edit, under Share."""
    return actions("edits", known.links, known.place)


def blocks(where: Where, session: Session, links: Addresses, place: AnyPlace) -> Iterator[Block]:
    """Sliders for the weights, below Play."""
    if where == "play" and not place.question.kind.refuses("edge-weights"):
        weights = function_at("pluriscope_edits.pages.edit:by_hand")(session, links, place)
        yield More(
            "Change its weights", weights.form, "a slider for each; what comes of it can be stored", id="weights"
        )
