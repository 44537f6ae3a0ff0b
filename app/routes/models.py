"""What transformers still have to themselves: the sandbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.pages.models.sandbox import (
    ModelSandboxPageOptions,
    build_model_sandbox,
    drawn_patterns,
    has_all_links,
    sandbox_drawing,
    sites_by_kind,
)
from app.rendering import is_fragment, render
from app.routes.computing import room
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_twin

router = APIRouter()
ONE = "/models/{model}"
SANDBOX = Page(
    ONE + "/sandbox",
    build_model_sandbox,
    "model_sandbox",
    "models",
    "The sandbox of a model",
    """
    One row of a model's task while nodes, single positions of what they give, or edges are changed by hand: what each
    node gives, where it looks and what the model returns, before and after.
    """,
    errors=(400, 404, 409, 422),
    within="this run",
)
add_twin(router, SANDBOX)


@router.get(ONE + "/sandbox", response_model=None, include_in_schema=False)
def sandbox_page(
    request: Request, session: Reading, links: Links, model: str, options: Annotated[ModelSandboxPageOptions, Query()]
) -> Response:
    with room(SANDBOX.within):
        page = build_model_sandbox(session, links, model, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) else {}
    context = {
        "page": page,
        "drawing": sandbox_drawing(page),
        "all_links": has_all_links(page),
        "patterns": drawn_patterns(page),
        "sites": sites_by_kind(page),
    }
    return render(request, "pages/model_sandbox.html", context, block="sandbox", headers=headers)
