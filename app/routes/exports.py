"""Lists to take away, as CSV or JSON, streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Generator, Iterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session

from app.error_answers import api_errors
from app.pages.algorithm import AlgorithmOptions
from app.pages.algorithms import AlgorithmsOptions
from app.pages.alignment import AlignmentOptions
from app.pages.circuits import CircuitsOptions
from app.pages.compare.options import CompareOptions
from app.pages.directions.views import DirectionOptions, DirectionsOptions
from app.pages.funnel import FunnelOptions
from app.pages.gallery import GalleryOptions
from app.pages.jobs import JobsOptions
from app.pages.network.page import NetworkOptions
from app.pages.reports.ladder import LadderOptions
from app.pages.sharing import comparison_tables, direction_exports, exports
from app.pages.sharing.exports import InterpretationRowsOptions, Table
from app.pages.training.export import training_table
from app.routes.depends import Links, now
from app.routes.streaming import Streamed

router = APIRouter(default_response_class=Response)  # of no one media type: each table is CSV or JSON
ROWS_AT_ONCE: Final = 500
EXPORT_FORMAT: Final = "pluriscope-export/1"
Form = Literal["csv", "json"]
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The table, with a text about it: lines behind # in CSV, `about` in JSON.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["format", "about", "columns", "rows"],
                    "properties": {
                        "format": {"const": EXPORT_FORMAT},
                        "about": {"type": "array", "items": {"type": "string"}},
                        "columns": {"type": "array", "items": {"type": "string"}},
                        "rows": {"type": "array", "items": {"type": "object"}},
                    },
                }
            },
        },
    },
    **api_errors(400, 404),
}
_FORMULA_SIGNS: Final = ("=", "+", "@", "\t", "\r")


def _answer(request: Request, form: Form, build: Callable[[Session], Table]) -> StreamingResponse:
    """A table as it is read; what is wrong with the question is said before the first byte."""
    store = request.app.state.store

    def parts() -> Generator[str, None, None]:
        with store.read() as session:  # of its own: it must outlive the request's
            table = build(session)
            yield table.name
            yield from (as_csv(table) if form == "csv" else as_json(table))

    stream = parts()
    name = next(stream)
    media = "text/csv; charset=utf-8" if form == "csv" else "application/json"
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Streamed(stream, media_type=media, headers=headers)


def as_csv(table: Table) -> Iterator[str]:
    """The text about it as lines behind #, a line of names, then the rows; line feeds, RFC 4180 quotes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for line in table.about:
        buffer.write(f"# {' '.join(line.split())}\n")
    writer.writerow(table.columns)
    for number, row in enumerate(table.rows, start=1):
        writer.writerow([_csv_cell(cell) for cell in row])
        if number % ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def as_json(table: Table) -> Iterator[str]:
    """One object: format, the text about it, the names, and a list of rows as objects."""
    head = {"format": EXPORT_FORMAT, "about": list(table.about), "columns": list(table.columns)}
    part = json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
    for number, row in enumerate(table.rows):
        item = {name: _json_cell(cell) for name, cell in zip(table.columns, row, strict=True)}
        part += (",\n" if number else "\n") + json.dumps(item, ensure_ascii=False, allow_nan=False)
        if number % ROWS_AT_ONCE == 0:
            yield part
            part = ""
    yield part + "\n]}\n"


def _csv_cell(cell: exports.Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return repr(cell)
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA_SIGNS) else text


def _json_cell(cell: exports.Cell) -> exports.Cell:
    """Integers beyond 2^53 as decimal text; no number that JSON lacks."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int) and abs(cell) > 2**53:
        return str(cell)
    if isinstance(cell, float) and not abs(cell) < float("inf"):
        return None
    return cell


@router.get("/networks/{network}/circuits.{form}", tags=["exports"], summary="Circuits", responses=RESPONSES)
def circuits(
    request: Request, links: Links, network: str, form: Form, options: Annotated[CircuitsOptions, Query()]
) -> StreamingResponse:
    """Every stored circuit that passes the list's filters, in ascending order of the mask."""
    return _answer(request, form, lambda session: exports.circuits_table(session, links, network, options))


@router.get(
    "/networks/{network}/circuits/{mask}/interpretations.{form}",
    tags=["exports"],
    summary="Interpretations of a circuit",
    responses=RESPONSES,
)
def interpretations(
    request: Request,
    links: Links,
    network: str,
    mask: str,
    form: Form,
    options: Annotated[InterpretationRowsOptions, Query()],
) -> StreamingResponse:
    """Some interpretations in the order of their index, a column for each neuron."""
    return _answer(request, form, lambda session: exports.interpretations_table(session, links, network, mask, options))


@router.get("/networks/{network}/algorithms.{form}", tags=["exports"], summary="Algorithms", responses=RESPONSES)
def algorithms(
    request: Request, links: Links, network: str, form: Form, options: Annotated[AlgorithmsOptions, Query()]
) -> StreamingResponse:
    """Every algorithm that passes the list's filters, in the list's order."""
    return _answer(request, form, lambda session: exports.algorithms_table(session, links, network, options))


@router.get(
    "/networks/{network}/algorithms/{algorithm}/alignments.{form}",
    tags=["exports"],
    summary="Alignments of an algorithm",
    responses=RESPONSES,
)
def alignments(
    request: Request,
    links: Links,
    network: str,
    algorithm: str,
    form: Form,
    options: Annotated[AlgorithmOptions, Query()],
) -> StreamingResponse:
    """Every kept alignment: minimal ones, other valid ones, the best that fail."""
    return _answer(request, form, lambda session: exports.alignments_table(session, links, network, algorithm, options))


@router.get(
    "/networks/{network}/algorithms/{algorithm}/alignments/{alignment}/interchanges.{form}",
    tags=["exports"],
    summary="Interchanges of an alignment",
    responses=RESPONSES,
)
def interchanges(
    request: Request,
    links: Links,
    network: str,
    algorithm: str,
    alignment: str,
    form: Form,
    options: Annotated[AlignmentOptions, Query()],
) -> StreamingResponse:
    """Every interchange intervention of one alignment with the network's output and what the algorithm says."""
    return _answer(
        request,
        form,
        lambda session: exports.interchanges_table(session, links, network, algorithm, alignment, options),
    )


@router.get(
    "/networks/{network}/directions.{form}",
    tags=["exports"],
    summary="Alignments on directions",
    responses=RESPONSES,
)
def directions(
    request: Request, links: Links, network: str, form: Form, options: Annotated[DirectionsOptions, Query()]
) -> StreamingResponse:
    """Every kept alignment of one class of directions, the best that fail included."""
    return _answer(request, form, lambda session: direction_exports.directions_table(session, links, network, options))


@router.get(
    "/networks/{network}/ladder.{form}", tags=["exports"], summary="The ladder of map classes", responses=RESPONSES
)
def ladder(
    request: Request, links: Links, network: str, form: Form, options: Annotated[LadderOptions, Query()]
) -> StreamingResponse:
    """How many explanations pass in each class of maps, with the floor that permuted networks reach."""
    return _answer(request, form, lambda session: direction_exports.ladder_table(session, links, network, options))


@router.get(
    "/networks/{network}/algorithms/{algorithm}/directions/{alignment}/interchanges.{form}",
    tags=["exports"],
    summary="Interchanges of an alignment on directions",
    responses=RESPONSES,
)
def direction_interchanges(
    request: Request,
    links: Links,
    network: str,
    algorithm: str,
    alignment: str,
    form: Form,
    options: Annotated[DirectionOptions, Query()],
) -> StreamingResponse:
    """Every interchange of one alignment on directions with the network's output and what the algorithm says."""
    return _answer(
        request,
        form,
        lambda session: direction_exports.direction_interchanges_table(
            session, links, network, algorithm, alignment, options
        ),
    )


@router.get("/networks/{network}/figures.{form}", tags=["exports"], summary="Figures", responses=RESPONSES)
def figures(
    request: Request, links: Links, network: str, form: Form, options: Annotated[NetworkOptions, Query()]
) -> StreamingResponse:
    """The numbers behind every figure of a network's page."""
    return _answer(request, form, lambda session: exports.figures_table(session, links, network, options))


@router.get("/networks/{network}/training.{form}", tags=["exports"], summary="Training", responses=RESPONSES)
def training(request: Request, links: Links, network: str, form: Form) -> StreamingResponse:
    """How a network learned: loss and outputs by epoch."""
    return _answer(request, form, lambda session: training_table(session, links, network))


@router.get("/networks/{network}/funnel.{form}", tags=["exports"], summary="The funnel", responses=RESPONSES)
def funnel(
    request: Request, links: Links, network: str, form: Form, options: Annotated[FunnelOptions, Query()]
) -> StreamingResponse:
    """What is left of each kind of explanation after each criterion of a sequence."""
    return _answer(request, form, lambda session: comparison_tables.funnel_table(session, links, network, options))


@router.get("/compare.{form}", tags=["exports"], summary="Crucial experiments", responses=RESPONSES)
def compare(
    request: Request, links: Links, form: Form, options: Annotated[CompareOptions, Query()]
) -> StreamingResponse:
    """The crucial experiments of a comparison, largest margin first, at most 2,000."""
    return _answer(request, form, lambda session: comparison_tables.crucial_table(session, links, options))


@router.get("/compare/own-swaps.{form}", tags=["exports"], summary="Own swaps", responses=RESPONSES)
def own_swaps(
    request: Request, links: Links, form: Form, options: Annotated[CompareOptions, Query()]
) -> StreamingResponse:
    """Own swaps of explanations that divide them, largest margin first, at most 2,000; where directions take part."""
    return _answer(request, form, lambda session: comparison_tables.own_swaps_table(session, links, options))


@router.get("/compare/agreement.{form}", tags=["exports"], summary="Agreement", responses=RESPONSES)
def agreement(
    request: Request, links: Links, form: Form, options: Annotated[CompareOptions, Query()]
) -> StreamingResponse:
    """How often each two explanations of a comparison predict the same, and each what the network does."""
    return _answer(request, form, lambda session: comparison_tables.agreement_table(session, links, options))


@router.get("/jobs.{form}", tags=["exports"], summary="Jobs", responses=RESPONSES)
def jobs(request: Request, links: Links, form: Form, options: Annotated[JobsOptions, Query()]) -> StreamingResponse:
    """Every job, newest first."""
    return _answer(request, form, lambda session: exports.jobs_table(session, links, options, now()))


@router.get("/networks.{form}", tags=["exports"], summary="Networks", responses=RESPONSES)
def networks(
    request: Request, links: Links, form: Form, options: Annotated[GalleryOptions, Query()]
) -> StreamingResponse:
    """Every network of the gallery, a row for each output and protocol."""
    return _answer(request, form, lambda session: exports.networks_table(session, links, options))
