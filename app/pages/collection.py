"""A collection: explanations, comparisons and other pages in an order, with notes; the address is the collection.

Nothing is stored, so a collection can be linked to, changed and passed on by whoever has its address. An item whose
page is gone says so, and the rest of the collection stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from analysis.errors import AnalysisError
from app.addressing import Addresses
from app.db.errors import StoreError
from app.errors import BadQuery, PageError
from app.options import Options, PageModel
from app.pages.sharing.facts import facts_of
from app.pages.sharing.targets import MAX_ADDRESS, build_target, read_target

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
        description="Address of a network, explanation, comparison, sandbox or study, in order; empty ones are left "
        f"out. At most {MOST_ITEMS}.",
    )
    note: list[Note] = Field([], description="A note on each item, in the same order; empty for none.")
    slide: int = Field(0, ge=0, le=MOST_ITEMS, description="Number of the item that is shown alone; 0: all of them.")

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Addresses with their notes, without those that are empty."""
        notes = [*self.note, *("" for _ in range(len(self.item) - len(self.note)))]
        pairs = ((address.strip(), note.strip()) for address, note in zip(self.item, notes, strict=False))
        return [(address, note) for address, note in pairs if address]


class CollectionItem(PageModel):
    """One item."""

    number: int
    address: str = Field(description="As it was given.")
    url: str = Field(description="The page; empty if it is gone.")
    kind: str
    title: str
    lines: list[tuple[str, str]] = Field(description="Key figures, as on its card.")
    picture: str = Field(description="Its card as SVG; empty if it is gone.")
    note: str
    problem: str = Field(description="Why the page is not there; empty if it is.")
    earlier_url: str | None = Field(description="The collection with this item one place earlier.")
    later_url: str | None = Field(description="The same, one place later.")
    without_url: str
    slide_url: str


class CollectionPage(PageModel):
    """A collection, or one item of it as a slide."""

    title: str
    items: list[CollectionItem]
    slide: CollectionItem | None
    previous_url: str | None = Field(description="Of a slide, the one before.")
    next_url: str | None
    slides_url: str | None = Field(description="Its first slide; null if it is empty.")
    list_url: str
    most_items: int
    full: bool
    url: str


def build_collection(session: Session, addresses: Addresses, options: CollectionOptions) -> CollectionPage:
    """The collection that an address holds.

    Raises:
        BadQuery: too many items, more notes than items, or a slide beyond the last item.
    """
    entries = options.entries
    if len(entries) > MOST_ITEMS:
        cause, cure = f"are more than {MOST_ITEMS}", "make two collections of them"
        raise BadQuery(f"{len(entries)} items", cause, cure, "item")
    if len(options.note) > max(len(options.item), 1):
        raise BadQuery(f"{len(options.note)} notes", f"are for {len(options.item)} items", "leave some out", "note")
    if options.slide > len(entries):
        raise BadQuery(f"slide {options.slide}", f"there are {len(entries)} items", "use one of them, or 0", "slide")

    def to(entries: Sequence[tuple[str, str]], slide: int = 0) -> str:
        return addresses.collection(options.title, entries, slide)

    items = [_item(session, addresses, entries, number, to) for number in range(1, len(entries) + 1)]
    slide = options.slide
    return CollectionPage(
        title=options.title.strip(),
        items=items,
        slide=items[slide - 1] if slide else None,
        previous_url=to(entries, slide - 1) if slide > 1 else None,
        next_url=to(entries, slide + 1) if 0 < slide < len(items) else None,
        slides_url=to(entries, 1) if items else None,
        list_url=to(entries),
        most_items=MOST_ITEMS,
        full=len(items) == MOST_ITEMS,
        url=to(entries, slide),
    )


def _item(
    session: Session, addresses: Addresses, entries: Sequence[tuple[str, str]], number: int, to: Callable[..., str]
) -> CollectionItem:
    at = number - 1
    address, note = entries[at]

    def swapped(first: int) -> str:
        before, one, other, after = entries[:first], entries[first], entries[first + 1], entries[first + 2 :]
        return to([*before, other, one, *after])

    return CollectionItem.showing(
        _shown(session, addresses, address),
        number=number,
        address=address,
        note=note,
        earlier_url=swapped(at - 1) if at else None,
        later_url=swapped(at) if number < len(entries) else None,
        without_url=to([*entries[:at], *entries[number:]]),
        slide_url=to(entries, number),
    )


@dataclass(frozen=True)
class _Shown:
    """What a page is, or why there is none; the fields are those of :class:`CollectionItem`."""

    title: str
    url: str = ""
    kind: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    picture: str = ""
    problem: str = ""


def _shown(session: Session, addresses: Addresses, address: str) -> _Shown:
    try:
        target = read_target(address, addresses)
        page = build_target(session, addresses, target)
    except (PageError, StoreError, AnalysisError) as problem:
        return _Shown(address, problem=str(problem))
    facts = facts_of(page)
    path = f"{addresses.prefix}{target.path}{target.query_text}"
    return _Shown(facts.title, path, facts.kicker, list(facts.lines), addresses.made_of(path, "card.svg"))
