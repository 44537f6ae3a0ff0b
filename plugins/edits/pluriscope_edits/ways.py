"""The ways from pages about a network to editing it, to its training and to another network beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.plugged import Where
from pluriscope.page_kit.blocks import Action, Block, More
from pluriscope_edits.addresses import changes_url, edit_url, training_url

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pluriscope.app.pages.network_page import Known


def actions(where: Where, links: Addresses, place: AnyPlace) -> list[Action]:
    """Links from an edited network to the comparison with the one before, from a checkpoint to all of its training."""
    if where == "training":
        return [Action("Explanations over training", training_url(links, place.slug, place.scope))]
    if where != "edited" or place.row.edited is None:
        return []
    base = place.row.edited["base"][:12]
    return [Action("What became of its explanations", changes_url(links, base, place.slug, place.scope))]


def editing(known: Known) -> list[Action]:
    """The way to an edit, under Share."""
    return [Action("Edit this network", edit_url(known.links, known.place.slug, known.place.scope))]


def blocks(where: Where, session: Session, links: Addresses, place: AnyPlace) -> Iterator[Block]:
    """Sliders for the weights, below Play."""
    if where == "play" and not place.question.kind.refuses("edge-weights"):
        weights = function_at("pluriscope_edits.pages.edit:by_hand")(session, links, place)
        yield More(
            "Change its weights", weights.form, "a slider for each; what comes of it can be stored", id="weights"
        )
