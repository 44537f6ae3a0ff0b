"""What Play has of networks of every kind: the drawing, what can be changed, and which explanations said what comes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import LEAST, Scope
from pluriscope.analyses.registry import of_kind
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.page import DRAWING, files_of, sharing
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.plugged import blocks_on
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Action, Block, Choice, Figure, Head, Prose, Table, Text
from pluriscope.page_kit.played import Ask, Play
from pluriscope.page_kit.templating import linked
from pluriscope.views.records import AskedRecord, ByHandRecord, HandRecord, PatchRecord

MOST_SAID: Final = 12
"""Predictions that nobody asked for."""
_IN_WORDS: Final = {"best": "the best", "worst": "the worst"}


@dataclass(frozen=True)
class Said:
    """Prediction of an explanation.

    Args:
        record: of it.
        name: of the explanation, for people.
        which: what it is about.
        step: what can be done about it.
    """

    record: AskedRecord
    name: str
    which: str
    step: Markup


@dataclass(frozen=True, eq=False)
class Played(Shared):
    """A network on one row of its task, with some of it changed by hand.

    Args:
        wrong: field of a form → what was written there and cannot be read, and why.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    _: KW_ONLY
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    @property
    @abstractmethod
    def answers(self) -> tuple[str, str]:
        """The answer with nothing changed, and under the changes."""

    @property
    @abstractmethod
    def unchanged(self) -> str:
        """Title where nothing is changed."""

    @property
    @abstractmethod
    def words(self) -> str:
        """Words for what is run and changed."""

    @property
    @abstractmethod
    def wants(self) -> str:
        """What the task wants."""

    @property
    @abstractmethod
    def hands(self) -> Sequence[tuple[HandRecord | PatchRecord, str]]:
        """Changes, each with the address of the state without it."""

    @property
    @abstractmethod
    def cleared(self) -> str:
        """Address of the state with nothing changed."""

    @property
    @abstractmethod
    def said(self) -> Sequence[Said]:
        """Predictions of explanations."""

    @abstractmethod
    def record(self) -> ByHandRecord:
        """Record of the state for JSON."""

    @abstractmethod
    def answer(self, number: int) -> str:
        """Name of an answer."""

    @property
    @abstractmethod
    def caption(self) -> str:
        """What the drawing shows, and what a click does."""

    @abstractmethod
    def drawing(self, *, linked: bool) -> Markup:
        """The network while it runs, with links on what can be chosen or without."""

    @abstractmethod
    def first(self) -> Action:
        """The way that most will take."""

    @abstractmethod
    def controls(self) -> Iterator[Choice | Ask]:
        """Controls of what is run, and what is done to what is chosen."""

    @abstractmethod
    def outcome(self) -> Iterator[Block]:
        """What the network does under the changes."""

    @abstractmethod
    def offered(self) -> Iterator[Block]:
        """Ways to predictions."""

    @property
    def asked(self) -> list[AskedRecord]:
        """Record of each prediction."""
        return [one.record for one in self.said]

    @cached_property
    def title(self) -> str:
        """Title of what the changes do to the answer, and of those that somebody chose and that are right."""
        before, after = self.answers
        title = f"The answer stays {after}" if before == after else f"The answer turns from {before} to {after}"
        title, named = title if self.hands else self.unchanged, [one for one in self.asked if one.letter]
        if any(one.right is not None for one in named):
            right = [_IN_WORDS.get(one.letter, one.letter) for one in named if one.right]
            title += f": {' and '.join(right) or 'none'} {'is' if len(right) < LEAST else 'are'} right"
        return title

    def shortly(self, lines: Iterable[tuple[str, str]], identity: str) -> InShort:
        """The page in short, with figures of the run and the intervention as citations have it."""
        title = f"{self.place.row.name} on {self.words}"
        return InShort("Intervention by hand", title, tuple(lines), identity, self.place.cited)

    def drawn(self, name: str) -> Markup | None:
        return self.drawing(linked=False) if name == DRAWING else None

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        links, place = self.links, self.place
        actions = [self.first(), *ways_on(links, place)]
        if self.hands:
            actions.append(Action("Reset", self.cleared))
        figure = Figure(self.drawing(linked=True), self.caption, files_of(links, self.url), id=DRAWING)
        outcome = [*self.outcome(), *self._predictions(), *self.offered(), *self._changes()]
        return (
            Head(
                self.title, f"{self.words}. The task wants {self.wants}.", actions=[*actions, sharing(links, self.url)]
            ),
            Play(url=links.play(place.slug), controls=list(self.controls()), figure=figure, outcome=outcome),
            *blocks_on("play", self.session, links, place),
        )

    def _changes(self) -> Iterator[Block]:
        """Table of what is changed, each with the way to undo it."""
        rows = [
            (one.name, one.words, linked(with_hidden("Undo", one.name), without, id=f"undo-{number}"))
            for number, (one, without) in enumerate(self.hands)
        ]
        if rows:
            yield Table.plain(["Changed", "How", "Step"], rows)

    def _predictions(self) -> Iterator[Block]:
        """Table of what each explanation predicts."""
        rows = list[tuple[Text, ...]]()
        chosen = [one for one in self.said if one.record.letter]
        others = [one for one in self.said if not one.record.letter]
        for one in [*chosen, *others[:MOST_SAID]]:
            key = Markup('<b class="key">{}</b> ').format(one.record.letter) if one.record.letter else Markup()
            says: Text = "no prediction" if one.record.says < 0 else self.answer(one.record.says)
            if one.record.right is False:
                says = Markup('<s>{}</s><span class="vh"> wrong</span>').format(says)
            right = {None: "", True: "right", False: "wrong"}[one.record.right]
            name = key + linked(one.name, one.record.url)
            rows.append((name, one.record.reason or one.which, says, right, one.step))
        if rows:
            yield replace(Table.plain(("Explanation", "Which", "Says", "Outcome", "Step"), rows), id="asked")
        if more := others[MOST_SAID:]:
            n_right = sum(one.record.right is True for one in more)
            yield Prose(f"{noun(len(more), 'more algorithm')} on these sites: {exact(n_right)} right.", glossary=False)


def ways_on(links: Addresses, place: AnyPlace) -> list[Action]:
    """Links to the analyses that Play leads to."""
    some = (one for one in of_kind(place.question.kind) if one.after_play)
    return [Action(one.after_play, links.analysis(place.slug, one.key, place.scope)) for one in some]


def with_hidden(words: str, of: str) -> Markup:
    """Words of a link, with what they are about for those who cannot see where it stands."""
    return Markup('{}<span class="vh"> {}</span>').format(words, of)
