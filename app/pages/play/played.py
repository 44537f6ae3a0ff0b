"""What Play is on any network: what can be changed, the drawing, what comes of it, and how a state is passed on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from app.addressing import Addresses
from app.db.tables import ModelRow, NetworkRow
from app.figures.svg.elements import twice
from app.pages.page import DRAWING
from app.pages.place import AnyPlace
from app.pages.sharing.facts import InShort, Shared
from pluriscope.blocks import Action, Block, Choice, Figure, Head, Menu, Table, Text
from pluriscope.naming import Scope
from pluriscope.records import HandRecord, PlayRecord
from pluriscope.templating import part_url

MAIN: Final = "bench"
"""The id of the block."""


@dataclass(frozen=True)
class Field:
    """One field of a form that leads to another state.

    Args:
        name: of the option.
        label: for people.
        value: what stands in it.
        error: why that cannot be read.
        options: value and words of what can be chosen, by heading; None where it is written.
        kind: of the control, where it is written.
        hint: an example.
        most: of a number.
    """

    name: str
    label: str
    value: str = ""
    error: str = ""
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
        controls: switches and forms of what is run and what is done to what is chosen.
        figure: the drawing.
        outcome: what comes of it.
    """

    url: str
    controls: Sequence[Choice | Ask]
    figure: Figure
    outcome: Sequence[Block]
    id: str = MAIN

    @property
    def inner(self) -> Iterable[Block]:
        return [self.figure, *self.outcome]


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
        wrong: field of a form → what was written there and cannot be read, and why.
    """

    session: Session
    links: Addresses
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict, kw_only=True)

    @property
    @abstractmethod
    def place(self) -> AnyPlace:
        """What is run."""

    @property
    @abstractmethod
    def told(self) -> Told:
        """What it is, in few words."""

    @property
    @abstractmethod
    def hands(self) -> Sequence[tuple[HandRecord, str]]:
        """What is changed, each with the address of the state without it."""

    @property
    @abstractmethod
    def clear_url(self) -> str:
        """The same with nothing changed."""

    @abstractmethod
    def drawing(self, *, linked: bool, narrow: bool = False) -> Markup:
        """The network while it runs, with links on what can be chosen or without."""

    @abstractmethod
    def about_it(self) -> tuple[str, str, Sequence[Action]]:
        """What stands below the title, below the drawing, and what else can be done."""

    @abstractmethod
    def controls(self) -> Iterator[Choice | Ask]:
        """What is run, and what is done to what is chosen."""

    @abstractmethod
    def outcome(self) -> Iterator[Block]:
        """What comes of it."""

    @abstractmethod
    def record(self) -> PlayRecord:
        """The same as JSON."""

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        sentence, caption, actions = self.about_it()
        reset = [Action("Reset", self.clear_url)] if self.hands else []
        passed_on = [
            Action("Card", self.links.made_of(self.url, "card.png")),
            Action("Cite and embed", f"{part_url('cite', self.url)}#cite"),
            Action("Start a collection", self.links.collection("", [(self.url, "")])),
        ]
        files = {form.upper(): self.links.made_of(self.url, f"{DRAWING}.{form}") for form in ("svg", "png", "pdf")}
        drawn = twice(self.drawing(linked=True), self.drawing(linked=True, narrow=True))
        return (
            Head(self.told.title, sentence, actions=[*actions, *reset, Menu("Share", passed_on, self.url)]),
            Play(
                url=self.links.play(self.place.slug),
                controls=list(self.controls()),
                figure=Figure(drawn, caption, files, id=DRAWING),
                outcome=[*self.outcome(), *self._changes()],
            ),
        )

    def _changes(self) -> list[Block]:
        """What is changed, each with the way to undo it."""
        cells = []
        for number, (one, without) in enumerate(self.hands):
            undo = Markup('Undo<span class="vh"> {}</span>').format(one.name)
            cells.append((one.name, one.words, link(undo, without, f"undo-{number}")))
        return [Table.plain(["Changed", "How", "Step"], cells)] if cells else []

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

    def recorded(self, **more: Any) -> PlayRecord:
        """The record with what those of all kinds say alike."""
        return PlayRecord(
            url=self.url,
            network=self.network.digest,
            scope=dict(self.place.scope.fields),
            engine_version=ENGINE_VERSION,
            words=self.told.words,
            verdict=self.told.title,
            changes=[one for one, _ in self.hands],
            **more,
        )


def link(words: Text, url: str, id: str) -> Markup:  # noqa: A002
    """A step; what has an id keeps the focus when the page is exchanged."""
    return Markup('<a id="{}" href="{}">{}</a>').format(id, url, words)
