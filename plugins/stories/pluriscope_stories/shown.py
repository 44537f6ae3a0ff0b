"""Known stories on the overview of their network, and the networks that come with them in the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from pluriscope.app.db.collection import Collection
from pluriscope.app.db.engine import open_store
from pluriscope.app.jobs.seeding import add_models
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.overview.part import Part
from pluriscope.app.settings import Settings
from pluriscope.page_kit.blocks import Block, Prose, Table
from pluriscope_stories.story import own_networks, stories_of

FIRST: Final = 200
"""The gallery shows other bundled networks before them."""
_HEADS: Final = ("Algorithm", "Variables on sites", "Interchanges right", "Of those that change", "At the inputs", "")


def titles(known: Known) -> str:
    """The titles of the stories of a network."""
    return "; ".join(one.title for one in stories_of(known.place.row.digest))


def blocks(known: Known) -> Iterator[Block]:
    """The stories of a network: a sentence each, and what is asked with its scores."""
    links, place = known.links, known.place
    every = links.explanations(place.slug, place.scope, kind="algorithm")
    for story in stories_of(place.row.digest):
        yield Prose(story.words)
        rows = []
        for one in story.asked.values():
            sites = "; ".join(f"{name}: {text}" for name, text in one.sites.items())
            figure = one.figure
            scores = ("", "", "") if figure is None else (figure.score, figure.changed, figure.ceiling)
            follows = "follows from accuracy" if figure and figure.follows else "jointly" if len(one.sites) > 1 else ""
            called = Markup('<span title="{}">{}</span>').format(story.algorithms[one.algorithm], one.algorithm)
            rows.append((called, sites, *scores, follows))
        yield Table.plain(_HEADS, rows)
        yield Prose("\n".join(f"- *{name}*: `{text}`" for name, text in story.algorithms.items()))
    yield Prose(f"[All algorithms of this network]({every})")


def _seed(settings: Settings) -> str:
    store = open_store(settings)
    try:
        with store.write() as session:
            added = add_models(session, own_networks(), FIRST)
    finally:
        store.close()
    return f"added {added} networks of known stories" if added else ""


STORY: Final = Part(
    "story",
    "folds",
    "pluriscope_stories.shown:blocks",
    ("sites",),
    lambda known: stories_of(known.place.row.digest),
    "Known story",
    titles,
)
NETWORKS: Final = Collection("Known stories", _seed, lambda *_: None, lambda *_: [], lambda *_: "", lambda *_: ())
