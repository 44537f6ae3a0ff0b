"""Two to six circuits of a transformer side by side."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.models.model import gaps
from app.addressing import Addresses
from app.db.listing import frame_of_circuits
from app.options import PageModel
from app.pages.models.views import (
    OpenCircuit,
    RulesOptions,
    UnderRules,
    locate_model,
    open_circuits,
    under_rules,
)
from app.pages.place import ModelPlace
from app.pages.recorded import FigureView
from pluriscope.addresses import ResultRef

ROWS_SHOWN: Final = 24
MAX_COMPARED: Final = 6
MAX_OFFERED: Final = 24
"""Of criteria that are not decided, which nothing can be held against."""


class ModelCircuitItem(PageModel):
    """One circuit to choose."""

    mask: str
    url: str
    kept: list[bool] = Field(description="For each edge of the graph whether it is kept.")


class SideView(PageModel):
    """One circuit of a comparison."""

    letter: str
    mask: str
    valid: bool
    url: str
    figures: list[FigureView]
    kept: list[bool]
    without_url: str = Field(description="The comparison without it.")


class PartView(PageModel):
    """An edge that not all of them treat alike."""

    label: str
    kept: list[bool] = Field(description="By each circuit in turn.")


class PairView(PageModel):
    """How alike two of them are."""

    letters: str
    shared: int = Field(description="Edges that both keep.")
    either: int = Field(description="Edges that one of them keeps; their quotient is Jaccard's index.")
    rows: int = Field(description="Rows of the task on which they return the same largest output.")


class ComparedRow(PageModel):
    """A row of the task on which the circuits part."""

    row: str
    answer: str
    given: list[str]
    gaps: list[float]


class ModelComparePage(UnderRules):
    """Two to six circuits of one model side by side; where fewer are named, some to choose from."""

    sides: list[SideView]
    offered: list[ModelCircuitItem] = Field(description="The first valid circuits, where another one can be added.")
    shared: list[str] = Field(description="Edges that all of them keep.")
    neither: list[str] = Field(description="Edges that none of them keeps.")
    apart: list[PartView]
    pairs: list[PairView]
    parting: int = Field(description="Rows on which they do not all return the same largest output.")
    rows: list[ComparedRow] = Field(
        description="Rows on which they part; if there are none, those where their gaps differ most."
    )
    list_url: str


class ModelCompareOptions(RulesOptions):
    """Options of a comparison of circuits of a model."""

    e: list[str] = Field([], max_length=MAX_COMPARED, description="Masks of two to six circuits.")


def build_model_compare(
    session: Session, addresses: Addresses, ref: str, options: ModelCompareOptions
) -> ModelComparePage:
    """The comparison that an address names; a mask that stands twice, or means the same circuit, counts once.

    An address that names none answers with circuits to choose from.

    Raises:
        NotFound: no such model, rules or circuit.
    """
    place = locate_model(session, addresses, ref, options.rules)
    slug, scope = place.slug, place.scope
    list_url = addresses.circuits(slug, scope)
    found = {
        one.mask: one for one in open_circuits(session, addresses, place, [one.removeprefix("c-") for one in options.e])
    }
    circuits = list(found.values())
    offered: list[ModelCircuitItem] = []
    if len(circuits) < 2:
        listed = _first_circuits(session, addresses, place, MAX_OFFERED)
        offered = [one for one in listed if one.mask not in found]
    if not circuits:
        return ModelComparePage(
            **under_rules(session, place, addresses),
            sides=[],
            offered=offered,
            shared=[],
            neither=[],
            apart=[],
            pairs=[],
            parting=0,
            rows=[],
            list_url=list_url,
            url=addresses.compare(slug, (), scope),
        )
    kept = np.array([_kept(place, one) for one in circuits])
    outputs = place.space.run(np.array([one.bits for one in circuits]))
    apart, largest = gaps(outputs, place.model.answers), outputs.argmax(axis=2)
    edges = place.space.graph.edge_labels
    parting = (largest != largest[0]).any(axis=0)
    spread = np.where(parting, np.inf, apart.max(axis=0) - apart.min(axis=0))
    order = np.argsort(-spread, kind="stable")[:ROWS_SHOWN].tolist()
    letters = "ABCDEF"
    return ModelComparePage(
        **under_rules(session, place, addresses),
        sides=[
            SideView(
                letter=letters[number],
                mask=one.mask,
                valid=one.valid,
                url=addresses.circuit(slug, one.mask, scope),
                figures=one.views(),
                kept=kept[number].tolist(),
                without_url=addresses.compare(slug, [mask for mask in found if mask != one.mask], scope),
            )
            for number, one in enumerate(circuits)
        ],
        offered=offered,
        shared=[edges[edge] for edge in np.flatnonzero(kept.all(axis=0)).tolist()],
        neither=[edges[edge] for edge in np.flatnonzero(~kept.any(axis=0)).tolist()],
        apart=[
            PartView(label=edges[edge], kept=kept[:, edge].tolist())
            for edge in np.flatnonzero(kept.any(axis=0) & ~kept.all(axis=0)).tolist()
        ],
        pairs=[
            PairView(
                letters=letters[one] + letters[other],
                shared=int((kept[one] & kept[other]).sum()),
                either=int((kept[one] | kept[other]).sum()),
                rows=int((largest[one] == largest[other]).sum()),
            )
            for one, other in combinations(range(len(circuits)), 2)
        ],
        parting=int(parting.sum()),
        rows=[
            ComparedRow(
                row=place.model.rows[row],
                answer=place.model.outputs[place.model.answers[row]],
                given=[place.model.outputs[one] for one in largest[:, row].tolist()],
                gaps=apart[:, row].tolist(),
            )
            for row in order
        ],
        list_url=list_url,
        url=addresses.compare(slug, list(found), scope),
    )


def _first_circuits(session: Session, addresses: Addresses, place: ModelPlace, limit: int) -> list[ModelCircuitItem]:
    """The circuits with the fewest edges."""
    graph, of = place.space.graph, ResultRef(place.slug, place.scope)
    frame = frame_of_circuits(session, place.row, place.text, place.kind, graph, of)
    masks = [] if frame is None else [str(row["mask"]) for row in frame.rows(frame.order("", False)[:limit])]
    kept = graph.kept_edges(graph.bits([int(mask, 16) for mask in masks])).tolist()
    urls = [addresses.circuit(place.slug, mask, place.scope) for mask in masks]
    return [ModelCircuitItem(mask=mask, url=url, kept=on) for mask, url, on in zip(masks, urls, kept, strict=True)]


def _kept(place: ModelPlace, circuit: OpenCircuit) -> list[bool]:
    kept: list[bool] = place.space.graph.kept_edges(circuit.bits[None])[0].tolist()
    return kept
