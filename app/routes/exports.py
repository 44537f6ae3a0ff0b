"""Tables to take away that are no list of their page, streamed as CSV."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.error_answers import api_errors
from app.listing.csv import csv_lines, disarmed
from app.options import Options, ScopeOptions
from app.pages.compare.options import CompareOptions
from app.pages.sharing import comparison_tables, exports
from app.pages.sharing.comparison_tables import FunnelOptions
from app.pages.sharing.exports import InterpretationRowsOptions, Table
from app.routes.depends import Links
from app.routes.streaming import Streamed

router = APIRouter()
Asked = TypeVar("Asked", bound=Options)
Given = Annotated[Asked, Query()]
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Lines about the table behind #, its columns, its rows.", "content": {"text/csv": {}}},
    **api_errors(400, 404),
}


def _answer(request: Request, build: Callable[[Session], Table]) -> Response:
    """A table as it is read; what is wrong with the question is said before the first byte."""

    def parts() -> Generator[str, None, None]:
        with request.app.state.store.read() as session:  # of its own: it must outlive the request's
            table = build(session)
            yield table.name
            yield from csv_lines(table.about, table.columns, ([_cell(cell) for cell in row] for row in table.rows))

    stream = parts()
    headers = {"content-disposition": f'attachment; filename="{next(stream)}.csv"'}
    return Streamed(stream, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(cell: exports.Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return disarmed(cell) if isinstance(cell, str) else str(cell)


def _table(path: str, summary: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Declare where a table is taken away."""
    return router.get(f"{path}.csv", tags=["exports"], summary=summary, response_class=Response, responses=RESPONSES)


@_table("/networks/{network}/explanations/{ref}/interpretations", "Interpretations of a circuit")
def interpretations(
    request: Request, links: Links, network: str, ref: str, options: Given[InterpretationRowsOptions]
) -> Response:
    """Some interpretations in the order of their index, a column for each neuron."""
    return _answer(request, lambda store: exports.interpretations_table(store, links, network, ref, options))


@_table("/networks/{network}/figures", "Figures")
def figures(request: Request, links: Links, network: str, options: Given[ScopeOptions]) -> Response:
    """The numbers behind every figure of a network's page."""
    return _answer(request, lambda store: exports.figures_table(store, links, network, options))


@_table("/networks/{network}/analyses/funnel", "The funnel")
def funnel(request: Request, links: Links, network: str, options: Given[FunnelOptions]) -> Response:
    """What is left of each kind of explanation after each criterion of a sequence."""
    return _answer(request, lambda store: comparison_tables.funnel_table(store, links, network, options))


@_table("/compare", "Crucial experiments")
def crucial(request: Request, links: Links, options: Given[CompareOptions]) -> Response:
    """The crucial experiments of a comparison, largest margin first, at most 2,000."""
    return _answer(request, lambda store: comparison_tables.crucial_table(store, links, options))


@_table("/compare/agreement", "Agreement")
def agreement(request: Request, links: Links, options: Given[CompareOptions]) -> Response:
    """How often each two explanations of a comparison predict the same, and each what the network does."""
    return _answer(request, lambda store: comparison_tables.agreement_table(store, links, options))
