"""Parts that plugins add to pages about a network, and what stands in place of one that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.plugins import Failure, brought, guarded
from pluriscope.app.pages.place import AnyPlace
from pluriscope.page_kit.blocks import Action, Block, More, Notice

Where = Literal["edited", "training", "play"]
"""Where an overview says that the network comes of an edit, or is a checkpoint of a training; below Play."""


def left_out(failure: Failure, session: Session | None = None) -> Notice:
    """Notice in place of a part of a plugin that failed.

    Args:
        session: in which it read, if it did.
    """
    if session is not None:
        session.rollback()  # after a statement that failed, PostgreSQL answers no other
    cause = f"Its {failure.item} {failure.cause}."
    return Notice(f"Something of {failure.plugin} is left out", cause, state="refused")


def found_by(group: str, record: object, session: Session | None, make: Callable[[], Iterable[Any]]) -> list[Any]:
    """What code of a plugin gives for a page, with a notice in place of what fails, in a fold when it is opened.

    Args:
        group: of the registry that holds its record.
        record: whose code it is.
        session: in which it reads, if it does.
        make: the code.
    """
    found = guarded(group, record, lambda: list(make()), lambda failure: [left_out(failure, session)])
    return [
        replace(one, blocks=partial(found_by, group, record, session, one.blocks)) if isinstance(one, More) else one
        for one in found
    ]


def actions_on(where: Where, links: Addresses, place: AnyPlace, notice: Notice) -> Iterator[Notice]:
    """Notice with links from a page about a network to what plugins do with it, before its own."""
    every = brought("actions").values()
    found = [one for find in every for one in found_by("actions", find, None, partial(find, where, links, place))]
    yield replace(notice, actions=[*(one for one in found if isinstance(one, Action)), *notice.actions])
    yield from (one for one in found if isinstance(one, Notice))


def blocks_on(where: Where, session: Session, links: Addresses, place: AnyPlace) -> Iterator[Block]:
    """Blocks at the end of a page about a network."""
    for find in brought("blocks").values():
        yield from found_by("blocks", find, session, partial(find, where, session, links, place))
