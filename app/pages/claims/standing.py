"""Where one claim stands: located among the circuits of a stored analysis, beside random order and largest weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.discovery.claims import Claim
from analysis.discovery.location import Landscape
from analysis.discovery.method import Answer
from analysis.discovery.registry import method_named
from analysis.errors import InvalidMethod
from app.addressing import Addresses
from app.db.claims import Placed, placed
from app.db.reads.circuit_sets import stored_search
from app.db.tables import AnalysisRow
from app.naming import ExplanationRef
from app.options import PageModel
from app.pages.located import LocatedView, located_view
from app.pages.place import Place

MAX_JUDGED: Final = 20_000
"""Circuits up to which a claim is judged by criteria on a page, since minimality looks at all of them."""
BASELINES: Final = ("weights", "random")


class BaselineView(PageModel):
    """What needs no search: edges by weight, or in a drawn order, until the network is faithful enough."""

    key: str
    label: str
    method_url: str = Field(description="How it came to its circuit, edge by edge.")
    place: LocatedView


@dataclass(frozen=True)
class Standing:
    """The circuits that claims about one analysis are located among.

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

    @cached_property
    def landscape(self) -> Landscape:
        question = self.place.question
        circuits = stored_search(self.session, self.analysis, question.layout)
        return Landscape(question, circuits, judges=len(circuits.masks) <= MAX_JUDGED)

    def locate(self, claim: Claim) -> tuple[Answer, Placed]:
        """The claim as an answer, and its place.

        Raises:
            InvalidMethod: pairs of rows of a constant task, or too many of them.
        """
        question = self.place.question
        answer, location = claim.answer(question), None
        if answer.raw_mask is not None:
            rows = answer.rows if claim.has_ablation else None
            (location,) = self.landscape.locate_all([(answer.raw_mask, rows)])
        return answer, placed(answer, location, question.layout, complete=self.landscape.complete)

    def told(self, claim: Claim) -> tuple[Placed, str]:
        """Its place, and why it cannot be asked; "" if it can."""
        try:
            return self.locate(claim)[1], ""
        except InvalidMethod as problem:
            return placed(None, None, self.place.question.layout, complete=True), str(problem)

    def view(self, told: Placed) -> LocatedView | None:
        """A place as pages show it."""
        return located_view(told.raw_mask, told.place, self.place, self.addresses) if told.raw_mask else None

    def baselines(self) -> list[BaselineView]:
        """Largest weights and a random order under their default settings, without verdicts of criteria."""
        question, found = self.place.question, []
        landscape = Landscape(question, self.landscape.circuits, judges=False)
        for key in BASELINES:
            method = method_named(key)
            answer = method.answer(question, method.defaults)
            if answer.raw_mask is None:
                continue
            (location,) = landscape.locate_all([(answer.raw_mask, answer.rows)])
            view = self.view(placed(answer, location, question.layout, complete=landscape.complete))
            if view is not None:
                url = self.addresses.method(self.place.row.slug, key, self.place.scope)
                found.append(BaselineView(key=key, label=method.label, method_url=url, place=view))
        return found

    def smallest(self) -> str:
        """The lowest mask among the listed valid circuits with the fewest edges; "" where none is listed."""
        masks = self.landscape.circuits.masks
        if not len(masks):
            return ""
        sizes = np.bitwise_count(masks).astype(np.int64)
        return self.place.question.layout.to_hex(int(masks[np.flatnonzero(sizes == sizes.min())[0]]))

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
