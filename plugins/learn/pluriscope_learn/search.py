"""Search results of Learn, and the links to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import NavigationLink
from pluriscope.app.pages.search_index import Document
from pluriscope_learn.registry import LESSONS, NUMBERS

LINKS: Final = (
    NavigationLink("Learn", ("learn",), "head", 20),
    NavigationLink(
        "Teach it", ("learn",), "story", sentence=f"{NUMBERS[len(LESSONS)].capitalize()} lessons, hand-outs, slides."
    ),
    NavigationLink("Present", ("learn", "slides"), "screen"),
)


def documents(links: Addresses) -> Iterator[Document]:
    """Entries of the search for what there is to learn and to teach with."""
    teach, notes = "learn teach teacher teaching class course exercise lessons", "hand-out handout notes"
    pages = [
        ("Learn", "The story, lessons, plans for a class, notes", links.url("learn"), "slides hand-outs handouts"),
        ("Slides", "One thought each, for the front of the room", links.url("learn", "slides"), "present"),
        ("Hand-outs", "A page to print for each lesson", links.url("learn", "hand-outs"), "handouts sheets"),
        ("Teacher’s notes", "A page with the answers to each lesson", links.url("learn", "notes"), "notes"),
        *((one.title, one.does, links.url("learn", one.slug), notes) for one in LESSONS),
    ]
    for label, detail, url, also in pages:
        yield Document("Learn", "lesson", label, detail, url, (), also if label == "Slides" else f"{also} {teach}")
