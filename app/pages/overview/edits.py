"""Notice on the overview of a network that comes of an edit."""

from __future__ import annotations

from collections.abc import Iterator

from pluriscope.analysis.methods.settings import settings_text
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.plugged import actions_on
from pluriscope.page_kit.blocks import Action, Notice


def edited(known: Known) -> Iterator[Notice]:
    """Notice that a network comes of an edit, and of which network."""
    links, place, record = known.links, known.place, known.place.row.edited
    assert record is not None  # noqa: S101
    base, done = network_by_digest(known.session, record["base"]), f"{edit_words(place.row)}."
    if base is None or base.deleted_at is not None:
        yield Notice(f"Edited from network {record['base'][:12]}", done, "That network is not here.")
        return
    notice = Notice(f"Edited from {base.name}", done, actions=[Action(base.name, links.network(base.slug))])
    yield from actions_on("edited", links, place, notice)


def edit_words(row: NetworkRow) -> str:
    """The edit that a network comes of, in a line: the rule with its settings."""
    edit = row.edited or {"rule": "", "settings": {}}
    settings = {name: value for name, value in edit["settings"].items() if isinstance(value, (str, int, float))}
    return settings_text(edit["rule"], settings)
