"""Where one claim stands: located among stored circuits, beside what needs no search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Generic

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.audit import location_json
from analysis.discovery.claims import Claim
from analysis.discovery.cuts import CutNetwork
from analysis.discovery.location import C, Landscape, Nearest, ValidCircuits
from analysis.discovery.method import Answer, Method
from analysis.discovery.registry import METHOD_BY_KEY
from app.addressing import Addresses
from app.db.reads.circuit_sets import stored_search
from app.db.reads.neighbours import nearest_stored, smallest_stored
from app.db.tables import AnalysisRow
from app.options import PageModel
from app.pages.located import LocatedView, located_view
from app.pages.place import Place, Subject
from pluriscope.naming import ExplanationRef

MAX_JUDGED: Final = 20_000
"""Circuits up to which a claim is judged by criteria on a page, since minimality looks at all of them."""
BASELINES: Final = ("weights", "random")


@dataclass(frozen=True)
class Placed:
    """Where a claim stands.

    Args:
        raw_mask: in hex; "" where no mask came of it.
        place: as audit files have it; empty without a mask.
    """

    raw_mask: str
    place: Mapping[str, Any]


class BaselineView(PageModel):
    """What needs no search: edges by weight or by effect, or in a drawn order, until enough are taken."""

    key: str
    label: str
    method_url: str = Field(description="How it came to its circuit, edge by edge.")
    place: LocatedView


class Standing(ABC, Generic[C]):
    """The stored circuits that claims are located among."""

    addresses: Addresses

    @property
    @abstractmethod
    def subject(self) -> Subject:
        """What they are circuits of."""

    @property
    @abstractmethod
    def landscape(self) -> ValidCircuits[C]: ...

    @property
    @abstractmethod
    def unjudged(self) -> ValidCircuits[C]:
        """The same without verdicts of criteria."""

    @property
    @abstractmethod
    def baseline_methods(self) -> tuple[Method[C], ...]: ...

    @abstractmethod
    def shown(self, told: Placed) -> LocatedView:
        """A place as pages show it."""

    def locate(self, claim: Claim) -> tuple[Answer, Placed]:
        """The claim as an answer, and its place.

        Raises:
            InvalidMethod: it cannot be asked under its ablation.
        """
        cut = self.landscape.cut(claim.ablation)
        answer = claim.answer(cut)
        return answer, self._placed(answer, cut if claim.ablation else None, self.landscape)

    def view(self, told: Placed) -> LocatedView | None:
        """A place as pages show it; None where no mask came of it."""
        return self.shown(told) if told.raw_mask else None

    def baselines(self) -> list[BaselineView]:
        """What needs no search, under default settings and without verdicts of criteria."""
        found = []
        for method in self.baseline_methods:
            cut = self.unjudged.cut(method.defaults["ablation"])
            view = self.view(self._placed(method.answer(cut, method.defaults), cut, self.unjudged))
            if view is not None:
                url = self.addresses.analysis(self.subject.slug, "methods", self.subject.scope, method.key)
                found.append(BaselineView(key=method.key, label=method.label, method_url=url, place=view))
        return found

    def at(self, mask: int) -> LocatedView | None:
        """Where a mask stands by itself, whatever found it; None where it is empty."""
        return self.view(self._placed(Answer("found", mask), None, self.landscape))

    @staticmethod
    def _placed(answer: Answer, own: C | None, landscape: ValidCircuits[C]) -> Placed:
        if answer.raw_mask is None:
            return Placed("", {})
        (location,) = landscape.locate_all([(answer.raw_mask, own)])
        layout = landscape.layout
        return Placed(layout.to_hex(answer.raw_mask), location_json(location, layout, complete=landscape.complete))


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredLandscape(Landscape):
    """The stored circuits of an analysis, which are looked through where they are stored.

    Args:
        session: open session.
        analysis: the stored analysis.
    """

    session: Session
    analysis: AnalysisRow

    def nearest(self, mask: int) -> Nearest | None:
        """The listed valid circuit nearest to a mask; None where none is listed."""
        found = nearest_stored(self.session, self.analysis, mask)
        return None if found is None else Nearest(*found, self.complete)


@dataclass(frozen=True)
class NetworkStanding(Standing[CutNetwork]):
    """The circuits of one analysis of a network.

    Args:
        session: open session.
        place: the analysis's place.
        analysis: the stored analysis.
        addresses: builds links.
    """

    session: Session
    place: Place
    analysis: AnalysisRow
    addresses: Addresses
    baseline_methods: ClassVar[tuple[Method[CutNetwork], ...]] = tuple(METHOD_BY_KEY[key] for key in BASELINES)

    @cached_property
    def landscape(self) -> Landscape:
        question, analysis = self.place.question, self.analysis
        judges = analysis.circuits_listed <= MAX_JUDGED
        # what is known of sizes is read off the masks where not all circuits are listed
        with_masks = judges or analysis.circuits_truncated_at is not None
        circuits = stored_search(self.session, analysis, question.layout, with_masks=with_masks)
        return StoredLandscape(question, circuits, judges=judges, session=self.session, analysis=analysis)

    @cached_property
    def unjudged(self) -> Landscape:
        return replace(self.landscape, judges=False)

    @property
    def subject(self) -> Place:
        return self.place

    def shown(self, told: Placed) -> LocatedView:
        """A place as pages show it."""
        return located_view(told.raw_mask, told.place, self.place, self.addresses)

    def smallest(self) -> str:
        """The lowest mask among the listed valid circuits with the fewest edges; "" where none is listed."""
        return smallest_stored(self.session, self.analysis)

    def comparisons(self, view: LocatedView | None) -> tuple[str, str]:
        """Addresses that compare a claim's circuit with its nearest valid one, and with the smallest valid one.

        Each is empty where the claim is no possible circuit, where it is that circuit itself, or where none is known.
        """
        if view is None or not view.ref or not self.place.question.data.boolean:
            return "", ""
        nearest = "" if view.nearest is None else view.nearest.mask

        def with_(mask: str) -> str:
            if not mask or mask == view.mask:
                return ""
            refs = [view.ref, str(ExplanationRef("circuit", mask))]
            return self.addresses.compare(self.place.row.slug, refs, self.place.scope)

        return with_(nearest), with_(self.smallest())
