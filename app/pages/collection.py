"""A collection: explanations, comparisons and other pages in an order, with notes; the address is the collection.

Nothing is stored, so a collection can be linked to, changed and passed on by whoever has its address. An item whose
page is gone says so, and the rest of the collection stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from markupsafe import Markup
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from app.addressing import Addresses
from app.db.errors import StoreError
from app.errors import BadQuery, PageError
from app.figures.numbers import noun
from app.options import Options, PageModel
from app.pages.sharing.targets import MAX_ADDRESS, build_target, read_target
from pluriscope.blocks import Action, Block, Figure, Form, Head, Menu, More, Notice, Prose, Section

MOST_ITEMS: Final = 40
MAX_TITLE: Final = 120
MAX_NOTE: Final = 600

ItemAddress = Annotated[str, StringConstraints(max_length=MAX_ADDRESS)]
Note = Annotated[str, StringConstraints(max_length=MAX_NOTE)]


class CollectionOptions(Options):
    """The whole of a collection."""

    title: str = Field("", max_length=MAX_TITLE, description="What it is called.")
    item: list[ItemAddress] = Field(
        [],
        max_length=2 * MOST_ITEMS,
        description="Address of a network, explanation, comparison, state of Play or study, in order; empty ones are "
        f"left out. At most {MOST_ITEMS}.",
    )
    note: list[Note] = Field([], description="A note on each item, in the same order; empty for none.")
    slide: int = Field(0, description="Of earlier addresses, which showed one item alone.")
    lines: str = Field("", max_length=MOST_ITEMS * MAX_ADDRESS, description="Items as the form sends them.")

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Addresses with their notes, without those that are empty."""
        if self.lines:
            given = (line.strip().partition(" ") for line in self.lines.splitlines())
            return [(address, note.strip()[:MAX_NOTE]) for address, _, note in given if address]
        notes = [*self.note, *("" for _ in range(len(self.item) - len(self.note)))]
        pairs = ((address.strip(), note.strip()) for address, note in zip(self.item, notes, strict=False))
        return [(address, note) for address, note in pairs if address]


class Edited(BaseModel):
    """The form of the page."""

    title: str = Field("", max_length=MAX_TITLE)
    lines: str = Field(
        "",
        title="Items",
        description=f"A line each: the address, a space, a note. At most {MOST_ITEMS}. The order is that of the lines.",
        json_schema_extra={"control": "textarea"},
    )


class CollectionItem(PageModel):
    """One item."""

    number: int
    address: str = Field(description="As it was given.")
    url: str = Field("", description="The page; empty if it is gone.")
    kind: str = ""
    title: str
    lines: list[tuple[str, str]] = Field([], description="Key figures, as on its card.")
    note: str
    problem: str = Field("", description="Why the page is not there; empty if it is.")


class CollectionRecord(PageModel):
    """A collection."""

    title: str
    items: list[CollectionItem]
    url: str


def collection_record(session: Session, links: Addresses, options: CollectionOptions) -> CollectionRecord:
    """The collection that an address holds.

    Raises:
        BadQuery: too many items, or more notes than items.
    """
    entries = options.entries
    if len(entries) > MOST_ITEMS:
        cause, cure = f"are more than {MOST_ITEMS}", "make two collections of them"
        raise BadQuery(f"{len(entries)} items", cause, cure, "item")
    if len(options.note) > max(len(options.item), 1):
        raise BadQuery(f"{len(options.note)} notes", f"are for {len(options.item)} items", "leave some out", "note")
    items = [_item(session, links, number, *entry) for number, entry in enumerate(entries, start=1)]
    title = options.title.strip()
    return CollectionRecord(title=title, items=items, url=links.collection(title, entries))


def _item(session: Session, links: Addresses, number: int, address: str, note: str) -> CollectionItem:
    given = {"number": number, "address": address, "note": note}
    try:
        target = read_target(address, links)
        facts = build_target(session, links, target).in_short
    except (PageError, StoreError, AnalysisError) as problem:
        return CollectionItem(**given, title=address, problem=str(problem))
    path = f"{links.prefix}{target.path}{target.query_text}"
    return CollectionItem(**given, title=facts.title, url=path, kind=facts.kicker, lines=list(facts.lines))


def collection_blocks(found: CollectionRecord, links: Addresses) -> Iterator[Block]:
    """The page."""
    entries = [(one.address, one.note) for one in found.items]

    said = f"{noun(len(entries), 'item')}. The address of this page is the collection: whoever has it sees the same."
    yield Head(found.title or "Collection", said, actions=[Menu("Share", (), found.url)])
    if not entries:
        start = "Write addresses below, or use “Start a collection” under Share on a page."
        yield Notice("Nothing in it yet", start)
    for one in found.items:
        without = [entry for at, entry in enumerate(entries, start=1) if at != one.number]
        title = Markup('<a href="{}">{}</a>').format(one.url, one.title) if one.url else f"Item {one.number}"
        yield Section(
            title, one.kind, Action("Remove", links.collection(found.title, without)), id=f"item-{one.number}"
        )
        yield from _shown(one, links)
    lines = "\n".join(f"{address} {' '.join(note.split())}".strip() for address, note in entries)
    form = Form(
        Edited, links.collection(), "Save to the address", {"title": found.title, "lines": lines}, changes=False
    )
    yield form if not entries else More("Edit title, order, items and notes", lambda: [form], id="edit")


def _shown(one: CollectionItem, links: Addresses) -> Iterator[Block]:
    if one.problem:
        yield Notice("This item is gone", one.problem, one.address, state="refused")
    else:
        card = Markup('<a href="{}"><img src="{}" width="1200" height="630" alt="{}" loading="lazy"></a>')
        told = "; ".join(f"{what}: {value}" for what, value in one.lines)
        yield Figure(card.format(one.url, links.made_of(one.url, "card.svg"), one.title), told)
    if one.note:
        yield Prose(one.note, glossary=False)
