"""Where the numbers of an overview come from: network, rules, rows, engine, and the study that trained it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.studies.cells import cells_of
from pluriscope.app.db.reads.networks import STUDY_ORIGIN
from pluriscope.app.db.reads.studies import studies_of_network
from pluriscope.app.db.studies import design_of
from pluriscope.app.pages.counted import fragile_words
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.page import pairs, provenance_of
from pluriscope.blocks import Block, Table

_ORIGINS: Final = {
    "bundled": "A bundled example.",
    "trained": "Trained here.",
    "uploaded": "Imported.",
    "edited": "Edited here.",
    "study": "Trained by a study.",
}


def provenance(known: Known) -> Iterator[Block]:
    """Where its numbers come from."""
    place, row = known.place, known.place.row
    if place.question.kind.settings:
        yield pairs("fact", dict(place.question.subject.facts) | provenance_of(place))
        return
    origin = {"Origin": _ORIGINS.get(row.origin, ""), "Also known as": ", ".join(known.also)}
    if place.analysis is not None:
        origin["Fragile"] = fragile_words(place.analysis)
    yield pairs("fact", {what: words for what, words in origin.items() if words} | provenance_of(place))
    link = Markup('<a href="{}">{}</a>')
    rows = [
        [link.format(known.links.study(study.slug), study.name), cell.name, seed]
        for study, key, seed in (studies_of_network(known.session, row.digest) if row.origin == STUDY_ORIGIN else ())
        for cell in cells_of(design_of(study))
        if cell.key == key
    ]
    if rows:
        yield Table.plain(["Study", "Cell", "Seed"], rows)
