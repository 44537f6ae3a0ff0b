"""What can be passed on, and what is said of it: what previews, cards and citations tell of a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from analysis import ENGINE_VERSION
from app.db.tables import AnalysisRow, NetworkRow
from pluriscope.blocks import Block, Fact, Figure, find
from pluriscope.naming import Scope


@dataclass(frozen=True)
class InShort:
    """What is said of a page wherever it is named without being shown.

    Args:
        kicker: what kind of thing it is.
        title: its name.
        lines: key numbers as (what, value), the most telling first.
        identity: which explanation of the network it is.
        protocol: name and digest of the rules.
        engine_version: of what computed it.
        analysed_on: date of the analysis, "" where it is computed on request.
    """

    kicker: str
    title: str
    lines: tuple[tuple[str, str], ...]
    identity: str
    protocol: str
    engine_version: str = ENGINE_VERSION
    analysed_on: str = ""

    @classmethod
    def of(
        cls, kicker: str, title: str, facts: Iterable[Fact], identity: str, protocol: str, row: AnalysisRow | None
    ) -> InShort:
        """The same of figures that a page shows, and of the analysis that they are from."""
        lines = tuple((str(fact.label), escape(fact.value).striptags()) for fact in facts)
        stored = () if row is None else (row.engine_version, row.created_at.date().isoformat())
        return cls(kicker, title, lines, identity, protocol, *stored)

    @property
    def sentence(self) -> str:
        """One line for previews."""
        return f"{self.title}. " + "; ".join(f"{what}: {value}" for what, value in self.lines) + "."


class Shared(ABC):
    """A page that can be cited, embedded and drawn on a card."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address, in its one form."""

    @property
    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """All of it, what is folded not yet computed."""

    @property
    @abstractmethod
    def in_short(self) -> InShort:
        """What it is, in a few words and numbers."""

    @property
    @abstractmethod
    def about(self) -> tuple[NetworkRow, Scope] | None:
        """The network that it is about, and which analysis of it; None of a study, which has many."""

    @property
    def in_library(self) -> bool:
        """Whether the library has values of all that it shows."""
        return False

    @property
    def verifies(self) -> bool:
        """Whether it can be computed anew and held against the store."""
        return False

    @property
    def digest(self) -> str:
        """What its card names."""
        return "" if self.about is None else self.about[0].digest

    @property
    def thumbs(self) -> Sequence[tuple[str, str, Markup]]:
        """The drawings of its card, each with a letter and a name; it has one as a rule, without them."""
        drawn = self.drawn("drawing")
        return [] if drawn is None else [("", "", drawn)]

    def drawn(self, name: str) -> Markup | None:
        """One drawing by its id; "drawing" is that of the very thing that it is about."""
        found = find(self.blocks, name)
        return Markup(found.drawing) if isinstance(found, Figure) else None  # noqa: S704  # it is one
