"""Tables to take away, as CSV."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from pluriscope.app.computing import room
from pluriscope.app.error_answers import api_errors
from pluriscope.app.options import Options, ScopeOptions
from pluriscope.app.pages.compare.options import CompareOptions
from pluriscope.app.pages.sharing import exports
from pluriscope.app.pages.sharing.exports import FunnelOptions, InterpretationRowsOptions
from pluriscope.app.routes.depends import Links
from pluriscope.app.routes.streaming import CSV_RESPONSE, Streamed, csv_file, table_file

router = APIRouter(default_response_class=Response)
Asked = TypeVar("Asked", bound=Options)
Given = Annotated[Asked, Query()]


def table(
    path: str, summary: str, into: APIRouter | None = None
) -> Callable[[Callable[..., Streamed]], Callable[..., Streamed]]:
    """Register a route that gives a table as CSV.

    Args:
        into: the router of a plugin.
    """
    add = (into or router).get(
        f"{path}.csv",
        tags=["exports"],
        summary=summary,
        response_model=None,
        responses={**CSV_RESPONSE, **api_errors(400, 404)},
    )

    def declare(make: Callable[..., Streamed]) -> Callable[..., Streamed]:
        @wraps(make)
        def computed(*positional: Any, **named: Any) -> Streamed:
            with room("this table"):
                return make(*positional, **named)

        return add(computed)

    return declare


@table("/networks/{network}/explanations/{ref}/interpretations", "Interpretations of a circuit")
def interpretations(
    request: Request, links: Links, network: str, ref: str, options: Given[InterpretationRowsOptions]
) -> Streamed:
    """Some interpretations in the order of their index, a column for each neuron."""
    name = f"{network}-{ref.partition('-')[2]}-interpretations"
    return csv_file(request, name, lambda store: exports.interpretations_lines(store, links, network, ref, options))


@table("/networks/{network}/figures", "Figures")
def figures(request: Request, links: Links, network: str, options: Given[ScopeOptions]) -> Streamed:
    """The numbers behind every figure of a network's page."""
    return table_file(
        request, f"{network}-figures", lambda store: exports.figures_table(store, links, network, options)
    )


@table("/networks/{network}/analyses/funnel", "The funnel")
def funnel(request: Request, links: Links, network: str, options: Given[FunnelOptions]) -> Streamed:
    """Number of explanations of each kind that are left after each criterion of a sequence."""
    return table_file(request, f"{network}-funnel", lambda store: exports.funnel_table(store, links, network, options))


@table("/networks/{network}/analyses/{key}", "One analysis")
def analysis(request: Request, links: Links, network: str, key: str, options: Given[ScopeOptions]) -> Streamed:
    """Result of one analysis as a list: of discovery methods every answer, with the ties that it rests on."""
    return table_file(
        request, f"{network}-{key}", lambda store: exports.analysis_table(store, links, network, key, options)
    )


@table("/compare", "Crucial experiments")
def crucial(request: Request, links: Links, options: Given[CompareOptions]) -> Streamed:
    """The crucial experiments of a comparison, clearest first."""
    return table_file(request, "crucial-experiments", lambda store: exports.crucial_table(store, links, options))


@table("/compare/agreement", "Agreement")
def agreement(request: Request, links: Links, options: Given[CompareOptions]) -> Streamed:
    """Shares of interventions on which each two explanations of a comparison agree, and each with the network."""
    return table_file(request, "agreement", lambda store: exports.agreement_table(store, links, options))
