"""One circuit of a model, its comparison with others, and its figures computed again."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.models.common import chances_by_bits
from analysis.models.model import gaps
from app.addressing import Addresses
from app.options import PageModel
from app.pages.circuit_sets import ChanceView, shown_chance
from app.pages.models.circuits import ModelCircuitItem, first_circuits
from app.pages.models.inside import ROW, LookView, TableView, chosen_row, look_view, table_views
from app.pages.models.views import (
    ModelPlace,
    OpenCircuit,
    RowView,
    RulesOptions,
    UnderRules,
    locate_model,
    open_circuits,
    row_views,
    sandbox_url,
    search_of,
    under_rules,
)
from app.pages.recorded import FigureView

ROWS_SHOWN: Final = 24
MAX_COMPARED: Final = 6
MAX_OFFERED: Final = 24
"""Of criteria that are not decided, which nothing can be held against."""


class ModelCircuitPage(UnderRules):
    """One circuit of a model, computed from the weights."""

    mask: str
    valid: bool
    chance: ChanceView | None = Field(description="Of its size; null where nothing was searched or it is not counted.")
    stored: bool = Field(description="Whether the search found it; the page computes it either way.")
    figures: list[FigureView]
    meanings: list[str] = Field(description="What each figure is, in their order.")
    kept: list[bool] = Field(description="For each edge of the graph whether it is kept.")
    keeps: list[str] = Field(description="Names of the edges that are kept.")
    cuts: list[str] = Field(description="Names of those that are cut.")
    rows: list[RowView] = Field(description="Those with the smallest gaps.")
    look: LookView | None = Field(description="What happens inside on one row; null where there is nothing to show.")
    tables: list[TableView] = Field(description="What else there is to say of it.")
    smaller_url: str = Field(description="The listed circuits that keep nothing else than this one.")
    list_url: str
    compare_url: str
    sandbox_url: str = Field(description="The sandbox with all else cut; empty where models of this kind have none.")


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


class ModelCircuitOptions(RulesOptions):
    """Options of one circuit's page."""

    row: int | None = Field(None, ge=0, description=ROW)


def build_model_circuit(
    session: Session, addresses: Addresses, ref: str, mask: str, options: ModelCircuitOptions
) -> ModelCircuitPage:
    """The circuit that a mask means.

    Raises:
        NotFound: no such model, rules or circuit.
        BadQuery: the task has no such row.
    """
    place = locate_model(session, addresses, ref, options.rules)
    slug, scope = place.slug, place.scope
    list_url = addresses.circuits(slug, scope)
    [circuit] = open_circuits(session, addresses, place, [mask])
    graph = place.space.graph
    kept = _kept(place, circuit)
    edges = place.space.graph.edge_labels
    outputs, inside = place.space.run(circuit.bits[None]), place.space.inside(circuit.bits)
    at = chosen_row(place.model, gaps(outputs, place.model.answers)[0], options.row)

    def url(row: int | None = None) -> str:
        return addresses.circuit(slug, circuit.mask, scope, row=row)

    names = [name for name, there in zip(graph.bit_names, circuit.bits.tolist(), strict=True) if not there]
    return ModelCircuitPage.showing(
        circuit,
        **under_rules(session, place, addresses),
        chance=_chance(session, place, circuit),
        figures=circuit.views(),
        meanings=[column.meaning for column in place.record.columns],
        kept=kept,
        keeps=[name for name, there in zip(edges, kept, strict=True) if there],
        cuts=[name for name, there in zip(edges, kept, strict=True) if not there],
        rows=row_views(place.model, outputs[0], ROWS_SHOWN, url),
        look=look_view(place.model, inside, at, url),
        tables=table_views(inside.tables, at),
        smaller_url=addresses.circuits(slug, scope, uses=[f"!{name}" for name in names]),
        list_url=list_url,
        compare_url=addresses.compare(slug, [circuit.mask], scope),
        sandbox_url=sandbox_url(addresses, place.row, place.space, scope, circuit.mask, options.row),
        url=url(options.row),
    )


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
    found = {one.mask: one for one in open_circuits(session, addresses, place, options.e)}
    circuits = list(found.values())
    offered: list[ModelCircuitItem] = []
    if len(circuits) < 2:
        listed = first_circuits(session, addresses, place, MAX_OFFERED)
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


def _chance(session: Session, place: ModelPlace, circuit: OpenCircuit) -> ChanceView | None:
    search, n_bits = search_of(session, place), int(circuit.bits.sum())
    if search is None:
        return None
    chance = chances_by_bits(place.space, dict(search.by_bits)).get(n_bits)
    part = place.space.graph.cut[:-1]
    return None if chance is None else shown_chance(chance, n_bits, valid=circuit.valid, part=part)


def _kept(place: ModelPlace, circuit: OpenCircuit) -> list[bool]:
    kept: list[bool] = place.space.graph.kept_edges(circuit.bits[None])[0].tolist()
    return kept
