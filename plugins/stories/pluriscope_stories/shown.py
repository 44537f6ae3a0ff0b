"""Known stories on the overview of their network, and the networks that come with them in the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.subjects.registry import read_subject
from pluriscope.app.bundled import ORIGIN
from pluriscope.app.db.collection import Collection
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.seeding import add_models
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.overview.part import Part
from pluriscope.app.settings import Settings
from pluriscope.page_kit.blocks import Block, Prose, Table
from pluriscope_stories.story import Story, own_checkpoints, own_networks, stories_of

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
        if story.course:
            yield from _course(story)
        yield Prose("\n".join(f"- *{name}*: `{text}`" for name, text in story.algorithms.items()))
    yield Prose(f"[All algorithms of this network]({every})")


def _course(story: Story) -> Iterator[Block]:
    """What became of it in training."""
    heads = ("Step", "Loss", "Rows right", "Valid circuits", "Looks at the token before", "Looks at the match")
    rows = [
        (one.step, f"{one.loss:g}", one.right, one.circuits, one.previous, one.induction, *one.scores.values())
        for one in story.course
    ]
    places = [", ".join(story.asked[key].sites.values()) for key in story.followed]
    yield Prose("Attention of the heads, and interchanges right at each site, at the checkpoints of its training:")
    yield Table.plain([*heads, *places], [[str(cell) for cell in row] for row in rows])


def _seed(settings: Settings) -> str:
    store = open_store(settings)
    try:
        with store.write() as session:
            added = add_models(session, own_networks(), FIRST, most_rules=1)
            for name, raw in own_checkpoints().items():
                if network_by_digest(session, read_subject(raw)[1].digest) is None:
                    save_network(session, raw, slug=name, origin=ORIGIN, position=FIRST)
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
