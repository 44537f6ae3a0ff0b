"""The files of a network: its own, and the result file of a stored analysis (spec §9)."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.directions.result_json import directions_json
from analysis.network_files.files import network_file_json
from analysis.result_file import exact, result_json, self_contained
from app.addressing import API_PREFIX
from app.db.codecs import network_file_of
from app.db.reads import analyses as reads
from app.db.reads.direction_results import load_directions
from app.db.reads.results import counts_by_circuit, listed_masks, load_analysis
from app.db.reads.verdicts import tallies_of
from app.db.tables import AnalysisRow, NetworkRow
from app.error_answers import api_errors
from app.errors import NotFound
from app.naming import Scope
from app.pages.place import find_network
from app.routes.depends import Links, Reading
from app.routes.streaming import Streamed

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
    f"{API_PREFIX}/networks/{{network}}/file",
    tags=["networks"],
    summary="The network file",
    responses=api_errors(404),
)
def network_file(session: Reading, links: Links, network: str) -> JSONResponse:
    """The network with its tasks, in the format in which one is imported; every bit of its weights is kept."""
    row = find_network(session, links, network)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.network.json"'}
    return JSONResponse(network_file_json(network_file_of(row)), headers=headers)


@router.get(
    f"{API_PREFIX}/networks/{{network}}/result",
    tags=["networks"],
    summary="The result file of an analysis",
    response_class=JSONResponse,
    responses=api_errors(400, 404),
)
def result(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[ResultOptions, Query()]
) -> Response:
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

    def parts() -> Generator[str, None, None]:
        with request.app.state.store.read() as own:  # it must outlive the request's
            there = own.get_one(NetworkRow, row.id)
            yield from _document(own, there, _analyses(own, there, options), options)

    return Streamed(parts(), media_type="application/json")


def _analyses(session: Session, row: NetworkRow, options: ResultOptions) -> list[AnalysisRow]:
    """What is stored of what the options ask for, by output."""
    protocol = reads.find_protocol(session, options.protocol)
    data = reads.find_data(session, options.data, row.sizes[0])
    if options.output is not None:
        reads.check_output(row, options.output)
    query = select(AnalysisRow).where(
        AnalysisRow.network_id == row.id,
        AnalysisRow.staged == "",
        AnalysisRow.protocol_digest == protocol.digest,
        AnalysisRow.data_digest == data.digest,
    )
    if options.output is not None:
        query = query.where(AnalysisRow.output == options.output)
    return list(session.scalars(query.order_by(AnalysisRow.output)))


def _document(
    session: Session, row: NetworkRow, stored: Sequence[AnalysisRow], options: ResultOptions
) -> Iterator[str]:
    """The file as text, its lists of circuits read some blocks at a time."""
    verdicts = [tallies_of(session, one) for one in stored]
    found = [load_analysis(session, one, lists=False) for one in stored]
    directions = [directions_json(load_directions(session, one)) for one in stored]
    document: dict[str, Any] = result_json(found, masks=False, verdicts=verdicts, directions=directions)
    # what is stored was found by the engine of its day
    document["engine"] = ", ".join(sorted({one.engine_version for one in stored}))
    if options.whole:
        document = self_contained(document, network_file_of(row), found[0].question.record)
    lists: dict[str, Iterator[str]] = {}
    for number, (one, analysis) in enumerate(zip(stored, found, strict=True)):
        layout, output = analysis.circuits.layout, document["outputs"][number]
        if options.masks:
            output["circuits"]["masks"] = f"\0masks {number}"
            output["interpretations"]["by_circuit"] = f"\0counts {number}"
        lists[f"masks {number}"] = _joined("[]", map(_as_text, listed_masks(session, one, layout)))
        counts = counts_by_circuit(session, one, layout)
        lists[f"counts {number}"] = _joined("{}", (_as_text({mask: exact(n) for mask, n in some}) for some in counts))
    for place, text in enumerate(_PLACE.split(_as_text(document))):
        yield from lists[text] if place % 2 else [text]


_PLACE: Final = re.compile(r'"\\u0000([a-z]+ [0-9]+)"')  # nothing else in a result file begins with such a character


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _joined(brackets: str, parts: Iterable[str]) -> Iterator[str]:
    """One list or object of the contents of several."""
    yield brackets[0]
    for number, part in enumerate(parts):
        yield ("," if number else "") + part[1:-1]
    yield brackets[1]
