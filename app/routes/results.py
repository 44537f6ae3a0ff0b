"""The files of a network: its own, and the result file of a stored analysis (spec §9)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.network_files.files import network_file_json
from app.addressing import API_PREFIX, API_V2
from app.db.codecs import network_file_of
from app.db.model_tables import ModelRow
from app.db.reads import analyses as reads
from app.db.reads.results import stored_result
from app.db.tables import AnalysisRow, NetworkRow
from app.error_answers import api_errors
from app.errors import NotFound
from app.pages.place import find_any, find_network
from app.routes.depends import Links, Reading
from pluriscope.naming import Scope

router = APIRouter()


class ResultOptions(BaseModel):
    """Options of a result file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: str = Field("complete", max_length=64, description="Name of a protocol or digits of its digest.")
    data: str = Field("", max_length=64, description="Digits of a data record's digest; empty: every clean input once.")
    output: int | None = Field(None, ge=0, le=999, description="One output only; all analysed ones if left out.")
    whole: bool = Field(
        False,
        description="Whether to add the network as `network_file` and a data record of its own as `data_file`, so that "
        "the result can be read by itself.",
    )
    masks: bool = Field(True, description="Whether to list the valid circuits and their interpretation counts.")


@router.get(
    f"{API_V2}/networks/{{network}}/file",
    tags=["networks"],
    summary="The network file",
    response_class=JSONResponse,
    responses=api_errors(404),
)
def network_file(session: Reading, links: Links, network: str) -> Response:
    """The network with its tasks, in the format in which one is imported; every bit of its weights is kept."""
    row = find_any(session, links, network)
    if isinstance(row, ModelRow):
        headers = {"Content-Disposition": f'attachment; filename="{row.slug}.json"'}
        return Response(row.document, media_type="application/json", headers=headers)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.network.json"'}
    return JSONResponse(network_file_json(network_file_of(row)), headers=headers)


@router.get(
    f"{API_PREFIX}/networks/{{network}}/result",
    tags=["networks"],
    summary="The result file of an analysis",
    response_class=JSONResponse,
    responses=api_errors(400, 404),
)
def result(session: Reading, links: Links, network: str, options: Annotated[ResultOptions, Query()]) -> Response:
    """Everything found about a network under one protocol and data record, in the format `pluriscope-result/1`."""
    row = find_network(session, links, network)
    stored = _analyses(session, row, options)
    if not stored:
        scope = Scope(options.output or 0, options.protocol, options.data)
        protocol = reads.find_protocol(session, options.protocol)
        raise NotFound(
            f"result of {row.slug} under {protocol.name}",
            "is not stored: this analysis has not been made, or is not finished",
            "ask for it with POST to the network's analyses, or look at its jobs",
            "protocol",
            links.network(row.slug, scope),
            f"network {row.slug}",
        )

    return JSONResponse(stored_result(session, row, stored, masks=options.masks, whole=options.whole))


def _analyses(session: Session, row: NetworkRow, options: ResultOptions) -> list[AnalysisRow]:
    """What is stored of what the options ask for, by output."""
    protocol = reads.find_protocol(session, options.protocol)
    data = reads.find_data(session, options.data, row.sizes[0])
    if options.output is not None:
        reads.check_output(row, options.output)
    query = select(AnalysisRow).where(
        AnalysisRow.network_id == row.id,
        AnalysisRow.so_far == "",
        AnalysisRow.protocol_digest == protocol.digest,
        AnalysisRow.data_digest == data.digest,
    )
    if options.output is not None:
        query = query.where(AnalysisRow.output == options.output)
    return list(session.scalars(query.order_by(AnalysisRow.output)))
