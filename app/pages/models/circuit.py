"""One circuit of a model, computed from the weights."""

from __future__ import annotations

from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.models.common import chances_by_bits
from analysis.models.model import gaps
from app.addressing import Addresses
from app.pages.circuit_sets import ChanceView, shown_chance
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
