"""Every page that changes nothing and asks for nothing, with its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.addressing import API_PREFIX
from app.error_answers import api_errors
from app.pages.algorithm import AlgorithmOptions, AlgorithmPage, build_algorithm
from app.pages.alignment import alignment_address, build_alignment
from app.pages.collection import build_collection
from app.pages.compare.build import build_compare
from app.pages.compare.options import CompareOptions
from app.pages.findings import build_findings
from app.pages.front_figure import build_figure
from app.pages.funnel import FunnelPageOptions, build_funnel
from app.pages.gallery import GalleryOptions, build_gallery
from app.pages.interpretations import InterpretationsOptions, address_of_draw, build_interpretations
from app.pages.lessons import build_lessons
from app.pages.network import build_network
from app.pages.overview import Overview, OverviewOptions
from app.pages.place import Place, locate_any
from app.pages.sandbox.build import build_sandbox
from app.pages.sandbox.drawing import drawing_of
from app.pages.sandbox.options import SandboxPageOptions
from app.pages.search.page import build_search
from app.pages.sharing.share import share_of
from app.pages.verdicts.page import build_verdicts
from app.rendering import NO_TABLE, base_url, is_fragment, network_row, render, show
from app.routes.depends import Links, Reading
from app.routes.page import Page, add_page, add_twin

router = APIRouter()
CIRCUIT = "/networks/{network}/circuits/{mask}"
INTERPRETATIONS = CIRCUIT + "/interpretations"
ALGORITHM = "/networks/{network}/algorithms/{algorithm}"
GALLERY = Page(
    "/gallery",
    build_gallery,
    "gallery",
    "networks",
    "All networks",
    "Every stored network with its counts under the protocols complete and paper, and one with explanations.",
    errors=(400,),
)
NETWORK = Page(
    "/networks/{network}",
    build_network,
    "network",
    "networks",
    "One network",
    """
    A perceptron with its weights, what it computes, and what was found under one protocol.

    `network` is a slug, or the first 6 or more digits of a digest.
    """,
)
PLAIN = (
    Page(
        ALGORITHM + "/alignments/{alignment}",
        build_alignment,
        "alignment",
        "algorithms",
        "One alignment",
        """
        An alignment with every interchange intervention, computed from the weights.

        One that is not stored needs its placement as well: `place=PATH:LAYER.NEURON+NEURON` for each variable.
        """,
    ),
    Page(
        "/networks/{network}/verdicts",
        build_verdicts,
        "verdicts",
        "compare",
        "Every criterion's verdict",
        """
        What every criterion that applies says about one to six explanations, with its default settings: the stored
        outcome, else computed on the spot; with score, reason and witness.
        """,
        block="verdicts",
    ),
    Page(
        "/collection",
        build_collection,
        "collection",
        "sharing",
        "A collection",
        "Pages in an order with notes, all of them in the address; what each shows on its card, or why it is gone.",
        errors=(400,),
    ),
    Page(
        "/lessons",
        build_lessons,
        "lessons",
        "service",
        "Lessons",
        "Exercises with the address of a sandbox each, and their answers.",
    ),
    Page(
        "/findings",
        build_findings,
        "findings",
        "studies",
        "Findings",
        "What the studies that come with Pluriscope found: in short, or one chapter with its tables and intervals.",
    ),
    Page(
        "/search",
        build_search,
        "search",
        "service",
        "Find anything",
        """
        What a text names, by group: networks, explanations by mask, reference or formula, studies, terms, actions, and
        networks of studies. Groups without a result are left out.

        Results of a group stand best first; `more` says whether there are more than `limit`.
        """,
        errors=(400,),
        name="search",
    ),
)
COMPARISON = Page(
    "/compare",
    build_compare,
    "compare",
    "compare",
    "Explanations side by side",
    """
    Two to six explanations of one network: what they share, where they differ, what each predicts under every
    intervention on a set of hidden neurons, the crucial experiments that decide between them with who was right, the
    fewest interventions that tell them all apart, and which of them are one in substance.

    With fewer than two, `missing` says how many more to choose.
    """,
)
FUNNEL = Page(
    "/networks/{network}/funnel",
    build_funnel,
    "funnel",
    "networks",
    "The funnel",
    """
    How many explanations of each kind are left after each criterion of a sequence, from stored verdicts.

    `criteria` is repeated, in order; without it the recommended sequence is taken. Steps without verdicts have a
    `state` other than `stored`, and `pending.url` says where they are asked for.
    """,
)
SANDBOX = Page(
    "/networks/{network}/sandbox",
    build_sandbox,
    "sandbox",
    "networks",
    "The sandbox",
    """
    One intervention by hand: activations, output and decisions beside the unchanged run, what each of up to six
    explanations predicted and whether it was right.

    With `game=1` the network's answer is left out until `now` carries what was predicted.
    """,
    errors=(400, 404, 422),
)
READINGS = Page(
    INTERPRETATIONS,
    build_interpretations,
    "interpretations",
    "circuits",
    "Interpretations of a circuit by gate",
    """
    The interpretations whose neurons are given gates: how many, exactly, and some of them; none is listed to count.

    `index` and `draw` lead somewhere in HTML only.
    """,
)
add_twin(router, GALLERY)
add_twin(
    router,
    replace(
        GALLERY,
        path="/networks",
        about="The same as /gallery, at the address that networks are added to.",
        name="networks_twin",
    ),
)
add_twin(router, NETWORK)
add_page(router, *PLAIN)
for _page in (COMPARISON, FUNNEL, SANDBOX, READINGS):
    add_twin(router, _page)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def front_page(
    request: Request, session: Reading, links: Links, options: Annotated[GalleryOptions, Query()]
) -> HTMLResponse:
    if _is_for(request, "minute"):
        context = {"page": build_figure(session, links, options.step), "sandbox_drawing": drawing_of}
        return render(request, "pages/minute.html", context)
    context = {"page": build_gallery(session, links, options), "sandbox_drawing": drawing_of}
    return render(request, "pages/gallery.html", context, block="networks")


@router.get("/networks", include_in_schema=False)
def networks(request: Request, links: Links) -> RedirectResponse:
    """The list of networks is the gallery."""
    query = request.url.query
    return RedirectResponse(links.gallery() + (f"?{query}" if query else ""))


@router.get("/networks/{network}", response_class=HTMLResponse, include_in_schema=False)
def network_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[OverviewOptions, Query()]
) -> HTMLResponse:
    """The first page of a network."""
    place = locate_any(session, links, network, options.scope)
    found = Overview(session, links, place, options)
    return show(
        request,
        found.blocks,
        place.row.name,
        room="Explore",
        network=network_row(links, place.slug, place.row.name, "Overview", place.scope),
        description=found.told.sentence,
        json_url=links.twin(found.url) if isinstance(place, Place) else "",
        share=share_of(found, links, base_url(request)),
    )


@router.get("/compare", response_class=HTMLResponse, include_in_schema=False)
def compare_page(
    request: Request, session: Reading, links: Links, options: Annotated[CompareOptions, Query()]
) -> HTMLResponse:
    page = build_compare(session, links, options)
    if page.missing or page.swapping:
        return render(request, "pages/compare_choose.html", {"page": page, "scope": options.scope, **NO_TABLE})
    return render(request, "pages/compare.html", {"page": page, "scope": options.scope}, block="crucial")


@router.get(INTERPRETATIONS, response_class=HTMLResponse, response_model=None, include_in_schema=False)
def interpretations_page(
    request: Request,
    session: Reading,
    links: Links,
    network: str,
    mask: str,
    options: Annotated[InterpretationsOptions, Query()],
) -> HTMLResponse | RedirectResponse:
    if options.index:  # what the form of an interpretation's page sends
        return RedirectResponse(links.interpretation(network, mask, int(options.index), options.scope), 303)
    if options.draw:
        return RedirectResponse(address_of_draw(session, links, network, mask, options), 303)
    page = build_interpretations(session, links, network, mask, options)
    context = {"page": page, **(NO_TABLE if page.why_not else {})}
    return render(request, "pages/interpretations.html", context, block="readings")


@router.get(ALGORITHM, response_class=HTMLResponse, include_in_schema=False)
def algorithm_page(
    request: Request,
    session: Reading,
    links: Links,
    network: str,
    algorithm: str,
    options: Annotated[AlgorithmOptions, Query()],
) -> Response:
    if options.place:
        return RedirectResponse(alignment_address(session, links, network, algorithm, options), 302)
    page = build_algorithm(session, links, network, algorithm, options)
    return render(request, "pages/algorithm.html", {"page": page, "scope": options.scope}, block="alignments")


@router.get(
    API_PREFIX + ALGORITHM,
    tags=["algorithms"],
    summary="One algorithm",
    response_model=AlgorithmPage,
    responses={**api_errors(400, 404), 302: {"description": "To the alignment that the option `place` names."}},
)
def algorithm_twin(
    session: Reading, links: Links, network: str, algorithm: str, options: Annotated[AlgorithmOptions, Query()]
) -> AlgorithmPage | Response:
    """An algorithm with its kept alignments, valid ones first.

    With `place=PATH:LAYER.NEURON+NEURON` for each variable it leads on to that alignment, stored or not.
    """
    if options.place:
        page = alignment_address(session, links, network, algorithm, options)
        return RedirectResponse(links.twin(page), 302)
    return build_algorithm(session, links, network, algorithm, options)


@router.get("/networks/{network}/funnel", response_class=HTMLResponse, include_in_schema=False)
def funnel_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[FunnelPageOptions, Query()]
) -> Response:
    page = build_funnel(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)  # an address worth keeping, without the form's fields
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    return render(request, "pages/funnel.html", {"page": page}, block="funnel", headers=headers)


@router.get("/networks/{network}/sandbox", response_class=HTMLResponse, include_in_schema=False)
def sandbox_page(
    request: Request, session: Reading, links: Links, network: str, options: Annotated[SandboxPageOptions, Query()]
) -> Response:
    page = build_sandbox(session, links, network, options)
    if options.from_form and not is_fragment(request):
        return RedirectResponse(page.url, status_code=303)
    headers = {"HX-Push-Url": page.url} if is_fragment(request) and options.from_form else {}
    context = {"page": page, "scope": options.scope, "drawing": drawing_of(page)}
    if _is_for(request, "play") and not page.hidden:
        return render(request, "pages/play.html", context)
    return render(request, "pages/sandbox.html", context, block="sandbox", headers=headers)


def _is_for(request: Request, figure: str) -> bool:
    """Whether htmx asks for the content of a small figure that stands on another page."""
    return request.headers.get("HX-Target", "").endswith(f"#{figure}")
