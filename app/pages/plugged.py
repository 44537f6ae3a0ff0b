"""Parts that plugins add to pages about a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.plugins import brought
from pluriscope.app.pages.place import AnyPlace
from pluriscope.page_kit.blocks import Action, Block

Where = Literal["edits", "training", "play"]
"""Beside the edits of a network on its overview, where it says of which training it is a checkpoint, below Play."""


def actions_on(where: Where, links: Addresses, place: AnyPlace) -> list[Action]:
    """Links from a page about a network to what plugins do with it."""
    return [action for find in brought("actions").values() for action in find(where, links, place)]


def blocks_on(where: Where, session: Session, links: Addresses, place: AnyPlace) -> Iterator[Block]:
    """Blocks at the end of a page about a network."""
    for find in brought("blocks").values():
        yield from find(where, session, links, place)
