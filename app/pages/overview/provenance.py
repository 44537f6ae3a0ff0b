"""Origin of the numbers of an overview: network, rules, rows, engine, and how the network came here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pluriscope.analysis.plugins import brought
from pluriscope.app.pages.counted import fragile_words
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.page import pairs, provenance_of
from pluriscope.app.pages.plugged import found_by
from pluriscope.page_kit.blocks import Block

_ORIGINS: Final = {
    "bundled": "A bundled example.",
    "trained": "Trained here.",
    "uploaded": "Imported.",
    "edited": "Edited here.",
    "study": "Trained by a study.",
}


def provenance(known: Known) -> Iterator[Block]:
    """List where the numbers of an overview come from."""
    place, row = known.place, known.place.row
    if place.question.kind.settings:
        yield pairs("fact", dict(place.question.subject.facts) | provenance_of(place))
        return
    origin = {"Origin": _ORIGINS.get(row.origin, ""), "Also known as": ", ".join(known.also)}
    if place.analysis is not None:
        origin["Fragile"] = fragile_words(place.analysis)
    yield pairs("fact", {what: words for what, words in origin.items() if words} | provenance_of(place))
    for collection in brought("collections").values():
        origin_of = partial(collection.origin, known.session, known.links, row)
        yield from found_by("collections", collection, known.session, origin_of)
