"""Lists to take away, as CSV or JSON, streamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session

from app.error_answers import api_errors
from app.listing.csv import csv_lines, disarmed
from app.options import Options, ScopeOptions
from app.pages.compare.options import CompareOptions
from app.pages.sharing import comparison_tables, exports
from app.pages.sharing.comparison_tables import FunnelOptions
from app.pages.sharing.exports import InterpretationRowsOptions, JobsOptions, Table
from app.routes.depends import Links
from app.routes.streaming import Streamed

router = APIRouter(default_response_class=Response)  # of no one media type: each table is CSV or JSON
ROWS_AT_ONCE: Final = 500
EXPORT_FORMAT: Final = "pluriscope-export/1"
Form = Literal["csv", "json"]
Asked = TypeVar("Asked", bound=Options)
Given = Annotated[Asked, Query()]
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
    """The text about it as lines behind #, a line of names, then the rows."""
    return csv_lines(table.about, table.columns, ([_csv_cell(cell) for cell in row] for row in table.rows))


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
    return disarmed(cell) if isinstance(cell, str) else str(cell)


def _json_cell(cell: exports.Cell) -> exports.Cell:
    """Integers beyond 2^53 as decimal text; no number that JSON lacks."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int) and abs(cell) > 2**53:
        return str(cell)
    if isinstance(cell, float) and not abs(cell) < float("inf"):
        return None
    return cell


def _table(path: str, summary: str) -> Callable[[Callable[..., StreamingResponse]], Callable[..., StreamingResponse]]:
    """Declare where a table is taken away."""
    return router.get(f"{path}.{{form}}", tags=["exports"], summary=summary, response_model=None, responses=RESPONSES)


@_table("/networks/{network}/explanations/{ref}/interpretations", "Interpretations of a circuit")
def interpretations(
    request: Request, links: Links, form: Form, network: str, ref: str, options: Given[InterpretationRowsOptions]
) -> StreamingResponse:
    """Some interpretations in the order of their index, a column for each neuron."""
    return _answer(request, form, lambda store: exports.interpretations_table(store, links, network, ref, options))


@_table("/networks/{network}/figures", "Figures")
def figures(
    request: Request, links: Links, form: Form, network: str, options: Given[ScopeOptions]
) -> StreamingResponse:
    """The numbers behind every figure of a network's page."""
    return _answer(request, form, lambda store: exports.figures_table(store, links, network, options))


@_table("/networks/{network}/analyses/funnel", "The funnel")
def funnel(
    request: Request, links: Links, form: Form, network: str, options: Given[FunnelOptions]
) -> StreamingResponse:
    """What is left of each kind of explanation after each criterion of a sequence."""
    return _answer(request, form, lambda store: comparison_tables.funnel_table(store, links, network, options))


@_table("/compare", "Crucial experiments")
def crucial(request: Request, links: Links, form: Form, options: Given[CompareOptions]) -> StreamingResponse:
    """The crucial experiments of a comparison, largest margin first, at most 2,000."""
    return _answer(request, form, lambda store: comparison_tables.crucial_table(store, links, options))


@_table("/compare/agreement", "Agreement")
def agreement(request: Request, links: Links, form: Form, options: Given[CompareOptions]) -> StreamingResponse:
    """How often each two explanations of a comparison predict the same, and each what the network does."""
    return _answer(request, form, lambda store: comparison_tables.agreement_table(store, links, options))


@_table("/jobs", "Jobs")
def jobs(request: Request, links: Links, form: Form, options: Given[JobsOptions]) -> StreamingResponse:
    """Every job, newest first."""
    return _answer(request, form, lambda store: exports.jobs_table(store, links, options))
