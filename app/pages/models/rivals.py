"""The circuits of a model that differ most under one set of rules, and a map of them."""

from __future__ import annotations

from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.explanations.explanation import REF
from analysis.models.judging import NOT_ASKED, UNDECIDED
from app.addressing import Addresses
from app.db.models import stored_circuits
from app.db.reports import RIVALS, RivalsReport
from app.errors import BadQuery
from app.jobs.definitions import MODEL_RIVALS
from app.pages.models.views import ModelPlace, ModelReportPage, RulesOptions, locate_model, report_beside, rules_page
from app.pages.reports.rivals import BY_EDGES, RivalCircuit, RivalsFound, Shown, rivals_fields

WORDS: Final = {"passed": "passes", "failed": "fails", UNDECIDED: NOT_ASKED}
"""Outcomes of criteria as maps show them."""


class ModelRivalsOptions(RulesOptions):
    """Options of the page of a model's rivals."""

    by: str = Field(
        BY_EDGES,
        max_length=80,
        description="What marks on the map show: edges, a criterion's column, or a role: which nodes have it.",
    )


class ModelRivalsPage(ModelReportPage, RivalsFound):
    """The page of a model's rivals."""


def build_model_rivals(
    session: Session, addresses: Addresses, ref: str, options: ModelRivalsOptions
) -> ModelRivalsPage:
    """The rivals of a model under the rules that an address names.

    Raises:
        NotFound: no such model or rules.
        BadQuery: the map is to show what circuits of this kind have not.
    """
    place = locate_model(session, addresses, ref, options.rules)
    graph = place.space.graph
    columns = [one for one in place.record.columns if one.dtype is str]
    if options.by not in (BY_EDGES, *(one.name for one in columns)):
        known = ", ".join((BY_EDGES, *(one.name for one in columns)))
        raise BadQuery(f"by {options.by[:60]!r}", "is nothing that circuits of this kind have", f"use {known}", "by")
    _, report, state = report_beside(session, place, addresses, RIVALS, RivalsReport, MODEL_RIVALS)

    def circuit(mask: str) -> RivalCircuit:
        bits = graph.bits([int(mask, 16)])
        return RivalCircuit(
            mask=mask,
            label=mask,
            url=addresses.circuit(place.slug, mask, place.scope),
            ref=mask,
            n_edges=int(bits.sum()),
            n_neurons=int(graph.active_nodes(bits).sum()),
        )

    view = Shown(circuit, lambda masks: addresses.compare(place.slug, masks, place.scope))
    choices = [(BY_EDGES, graph.cut[:1].upper() + graph.cut[1:]), *((one.name, one.label) for one in columns)]
    return ModelRivalsPage(
        **rules_page(session, place, addresses, lambda rules: addresses.rivals(place.slug, rules)),
        **rivals_fields(report, view, place, addresses, options, graph.cut[:-1]),
        **state,
        map=None
        if report is None
        else view.map(report, options.by, _shown(session, place, report, options.by), "", choices),
    )


def _shown(session: Session, place: ModelPlace, report: RivalsReport, by: str) -> list[str]:
    """What the map shows of each of its circuits."""
    masks = [] if report.map is None else report.map.masks
    frame = stored_circuits(session, place.row.id, place.text, place.kind)
    if by == BY_EDGES or frame is None:
        return [""] * len(masks)
    values = dict(zip(frame[REF].tolist(), frame[by].tolist(), strict=True))
    found = [values.get(mask, NOT_ASKED) for mask in masks]
    return [WORDS.get(one, one) for one in found]
