"""Addresses of explanations in training: the page and its record, and asking for what it lacks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Form as Sent
from fastapi.responses import RedirectResponse, Response

from pluriscope.app.pages.place import locate
from pluriscope.app.rendering import network_row, show
from pluriscope.app.routes.analyses import ask_to_analyse
from pluriscope.app.routes.asking import AnalysisOrder
from pluriscope.app.routes.changes import Writing
from pluriscope.app.routes.depends import Links, Reading
from pluriscope.app.routes.exports import table
from pluriscope.app.routes.faces import Faces, both
from pluriscope.app.routes.streaming import Streamed, table_file
from pluriscope_edits.pages.over_training import OverTraining, OverTrainingRecord, TrainingOptions, training_table

router = APIRouter()
_PATH = "/networks/{network}/training"


@both(router, _PATH, "networks", "What became of explanations in training", OverTrainingRecord, costly=lambda _: True)
def over_training(session: Reading, links: Links, network: str, options: Annotated[TrainingOptions, Query()]) -> Faces:
    """The stored checkpoints of the training that a network is a checkpoint of: their state, and of those that are
    analysed what is kept, lost and gained.
    """
    place = locate(session, links, network, options.scope)
    found = OverTraining(session, links, place, options)

    def page(request: Request) -> Response:
        row = network_row(links, place.slug, place.row.name, place.question.kind, "", place.scope)
        return show(request, found.blocks(), room="Explore", network=row)

    return Faces(page, found.record)


@router.post(_PATH, include_in_schema=False)
def analyse_checkpoints(
    session: Writing, links: Links, network: str, order: Annotated[AnalysisOrder, Sent()]
) -> RedirectResponse:
    """Ask for the analyses that are missing."""
    options = TrainingOptions(**order.model_dump())
    found = OverTraining(session, links, locate(session, links, network, options.scope), options)
    for one in found.lacking:
        ask_to_analyse(session, links, one.place)
    return RedirectResponse(found.url(), 303)


@table(_PATH, "What became of explanations in training", router)
def training(request: Request, links: Links, network: str, options: Annotated[TrainingOptions, Query()]) -> Streamed:
    """A line for each stored checkpoint that is analysed."""
    name = f"{network}-training"
    return table_file(request, name, lambda store: training_table(store, links, network, options))
