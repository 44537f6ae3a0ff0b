"""Lists to take away, as CSV or JSON, streamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.orm import Session

from app.error_answers import api_errors
from app.listing.csv import csv_lines, disarmed
from app.pages.sharing import comparison_tables, exports
from app.pages.sharing.exports import Table
from app.routes.page import Builder, built, taken_by, takes
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


TABLES: Final[tuple[tuple[str, Builder, str, str], ...]] = (
    (
        "/networks/{network}/explanations/{ref}/interpretations",
        exports.interpretations_table,
        "Interpretations of a circuit",
        "Some interpretations in the order of their index, a column for each neuron.",
    ),
    (
        "/networks/{network}/figures",
        exports.figures_table,
        "Figures",
        "The numbers behind every figure of a network's page.",
    ),
    (
        "/networks/{network}/analyses/funnel",
        comparison_tables.funnel_table,
        "The funnel",
        "What is left of each kind of explanation after each criterion of a sequence.",
    ),
    (
        "/compare",
        comparison_tables.crucial_table,
        "Crucial experiments",
        "The crucial experiments of a comparison, largest margin first, at most 2,000.",
    ),
    (
        "/compare/agreement",
        comparison_tables.agreement_table,
        "Agreement",
        "How often each two explanations of a comparison predict the same, and each what the network does.",
    ),
    ("/jobs", exports.jobs_table, "Jobs", "Every job, newest first."),
)
"""Where each table is, what builds it, its title and what it is, for the description of the interface."""


def _add(path: str, build: Builder, summary: str, about: str) -> None:
    def answer(request: Request, form: Form, **given: Any) -> StreamingResponse:
        return _answer(request, form, lambda session: built(build, path, {**given, "session": session}))

    taken = {name: kind for name, kind in taken_by(build, path).items() if name != "session"}
    takes(answer, {"request": Request, **taken, "form": Form})
    name = path.rpartition("/")[2].replace("-", "_")
    if path.startswith("/models/"):
        name = f"model_{name}"
    router.add_api_route(
        f"{path}.{{form}}",
        answer,
        name=name,
        tags=["exports"],
        summary=summary,
        description=about,
        response_model=None,
        responses=RESPONSES,
    )


for _table in TABLES:
    _add(*_table)
