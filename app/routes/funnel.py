"""What is left of all explanations after each criterion, and asking for verdicts that are not there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.addressing import API_PREFIX, scope_from
from app.db.reads.verdicts import missing_steps
from app.errors import BadQuery, Conflict, api_errors
from app.jobs import queue
from app.pages.funnel import FunnelOptions, FunnelPage, FunnelPageOptions, build_funnel
from app.pages.shared import locate
from app.rendering import is_fragment, render
from app.routes.changes import Writing
from app.routes.depends import Form, Links, Reading

router = APIRouter()
FUNNEL = "/networks/{network}/funnel"
TwinOptions = Annotated[FunnelOptions, Query()]
PageOptions = Annotated[FunnelPageOptions, Query()]


@router.get(FUNNEL, response_class=HTMLResponse, include_in_schema=False)
def funnel_page(request: Request, session: Reading, links: Links, network: str, options: PageOptions) -> Response:
    page = build_funnel(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    return render(request, "pages/funnel.html", {"page": page}, block="funnel", headers=headers)


@router.get(API_PREFIX + FUNNEL, tags=["networks"], summary="The funnel", responses=api_errors(400, 404))
def funnel_twin(session: Reading, links: Links, network: str, options: TwinOptions) -> FunnelPage:
    """How many explanations of each kind are left after each criterion of a sequence, from stored verdicts.

    `criteria` is repeated, in order; without it the recommended sequence is taken. Steps without verdicts have a
    `state` other than `stored`, and `pending.url` says where they are asked for.
    """
    return build_funnel(session, links, network, options)


@router.post(FUNNEL, include_in_schema=False)
def ask_for_verdicts(session: Writing, links: Links, network: str, form: Form) -> RedirectResponse:
    """Have the verdicts of a form's criteria computed that are not stored, and go back to the funnel.

    Raises:
        BadQuery: an unknown criterion, or a value out of range.
        Conflict: there is no analysis whose explanations could be judged.
    """
    try:
        scope = scope_from({name: str(value) for name, value in form.items()})
    except ValueError as error:
        raise BadQuery(f"output {str(error)[:40]!r}", "is no output", "use 0 for the first", "output") from None
    place = locate(session, links, network, scope)
    wanted = FunnelOptions(criteria=[str(text) for text in form.getlist("criteria")]).steps
    shown = [str(text) for text in form.getlist("sequence")]
    if place.analysis is None:
        raise Conflict(
            f"network {place.row.slug}",
            f"has no stored analysis under {place.protocol.name}",
            "analyse it first",
            parent=links.network(place.row.slug, place.scope),
            parent_label=f"network {place.row.slug}",
        )
    missing = missing_steps(session, place.analysis, [(kind, step) for step in wanted for kind in step.kinds])
    if missing:
        queue.enqueue_criteria(session, place.analysis, tuple(dict.fromkeys(s for _, s in missing)), again=True)
    return RedirectResponse(links.funnel(place.row.slug, place.scope, criteria=shown), status_code=303)
