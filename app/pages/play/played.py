"""What pages of Play have in common: a block for what can be changed and what comes of it, and how it is passed on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.db.tables import ModelRow, NetworkRow
from app.pages.page import DRAWING
from app.pages.place import AnyPlace
from app.pages.sharing.facts import InShort, Shared
from pluriscope.blocks import Action, Block, Choice, Figure, Head, Menu, Table, Text
from pluriscope.naming import Scope
from pluriscope.records import HandRecord, PlayRecord

MAIN: Final = "bench"
"""The id of the block."""


@dataclass(frozen=True)
class Field:
    """One field of a form that leads to another state.

    Args:
        name: of the option.
        label: for people.
        value: what stands in it.
        options: value and words of what can be chosen, by heading; None where it is written.
        kind: of the control, where it is written.
        hint: an example.
        most: of a number.
    """

    name: str
    label: str
    value: str = ""
    options: Mapping[str, Mapping[str, str]] | None = None
    kind: Literal["text", "number"] = "text"
    hint: str = ""
    most: int = 1


@dataclass(frozen=True)
class Ask:
    """A form that leads to another state.

    Args:
        submit: words of its button.
        kept: what is sent along.
        fields: to fill in.
    """

    submit: str
    kept: Sequence[tuple[str, str]]
    fields: Sequence[Field]


@dataclass(frozen=True, kw_only=True)
class Play(Block):
    """What can be changed, the drawing in which it is, and what comes of it beside it. With scripts a step exchanges
    the main part of the page.

    Args:
        url: of the page without options, which forms lead to.
        dials: switches of what is run and changed.
        beside: a form beside them.
        figure: the drawing.
        changed: what is changed, and other ways to do so.
        asks: forms below the drawing.
        outcome: what comes of it.
    """

    url: str
    dials: Sequence[Choice]
    beside: Ask
    figure: Figure
    changed: Sequence[Block]
    asks: Sequence[Ask]
    outcome: Sequence[Block]
    id: str = MAIN

    @property
    def inner(self) -> Iterable[Block]:
        return [self.figure, *self.changed, *self.outcome]


@dataclass(frozen=True)
class Told:
    """What an intervention is, in few words.

    Args:
        url: its address, in its one form.
        title: what comes of it.
        words: what is run and changed.
        lines: what comes of it, as name and value.
        identity: what citations name.
    """

    url: str
    title: str
    words: str
    lines: Sequence[tuple[str, str]]
    identity: str


@dataclass(frozen=True, eq=False)
class Played(Shared):
    """One intervention by hand.

    Args:
        session: open session.
        links: builds addresses.
    """

    session: Session
    links: Addresses

    @property
    @abstractmethod
    def place(self) -> AnyPlace:
        """What is run."""

    @property
    @abstractmethod
    def told(self) -> Told:
        """What it is, in few words."""

    @abstractmethod
    def drawing(self, *, linked: bool) -> Markup:
        """The network while it runs, with links on what can be chosen or without."""

    @abstractmethod
    def page(self) -> Iterator[Block]:
        """What it consists of."""

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self.page())

    @abstractmethod
    def record(self) -> PlayRecord:
        """The same as JSON."""

    @property
    def url(self) -> str:
        """Its address, in its one form."""
        return self.told.url

    @property
    def network(self) -> NetworkRow | ModelRow:
        return self.place.row

    @property
    def about(self) -> tuple[NetworkRow | ModelRow, Scope]:
        return self.network, self.place.scope

    @property
    def in_short(self) -> InShort:
        told = self.told
        title = f"{self.network.name} on {told.words}"
        return InShort("Intervention by hand", title, tuple(told.lines), told.identity, self.place.cited)

    def drawn(self, name: str) -> Markup | None:
        return self.drawing(linked=False) if name == DRAWING else None

    def head(self, sentence: Text, *actions: Action) -> Head:
        """The beginning of the page, with what can be done."""
        passed_on = [
            Action("Card", self.links.made_of(self.url, "card.png")),
            Action("In a frame", self.links.embedded(self.url)),
            Action("Start a collection", self.links.collection("", [(self.url, "")])),
        ]
        return Head(self.told.title, sentence, actions=[*actions, Menu("Share", passed_on, self.url)])

    def figure(self, caption: Text) -> Figure:
        """The drawing, with its files."""
        files = {form.upper(): self.links.made_of(self.url, f"{DRAWING}.{form}") for form in ("svg", "png", "pdf")}
        return Figure(self.drawing(linked=True), caption, files, id=DRAWING)

    def recorded(self, changes: Sequence[HandRecord], **more: Any) -> PlayRecord:
        """The record with what those of all kinds say alike."""
        return PlayRecord(
            url=self.url,
            network=self.network.digest,
            scope=dict(self.place.scope.fields),
            engine_version=ENGINE_VERSION,
            words=self.told.words,
            verdict=self.told.title,
            changes=list(changes),
            **more,
        )


def link(words: Text, url: str, id: str) -> Markup:  # noqa: A002
    """A step; what has an id keeps the focus when the page is exchanged."""
    return Markup('<a id="{}" href="{}">{}</a>').format(id, url, words)


def changed_table(rows: Sequence[tuple[str, Text, str]]) -> list[Block]:
    """What is changed, each with the way to undo it.

    Args:
        rows: name, what is written there, and the address without it.
    """
    cells = [
        (name, words, link(Markup('Undo<span class="vh"> {}</span>').format(name), url, f"undo-{number}"))
        for number, (name, words, url) in enumerate(rows)
    ]
    return [Table.plain(["Changed", "How", "Step"], cells)] if rows else []
