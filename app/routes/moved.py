"""Addresses of pages that are no more: each leads to what took the page in, or says what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.routing import Match, compile_path

from analysis.lenses.registry import LENSES
from app.addressing import API_PREFIX, API_V2
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.db.models import formerly_called
from app.error_answers import path_of
from app.errors import Gone, NotFound
from app.routes.depends import Links, Reading, options_of
from app.routes.shared_targets import PATTERNS
from pluriscope.analyses.funnel import CHOSEN
from pluriscope.analyses.registry import ANALYSES, BY_KEY
from pluriscope.naming import RulesScope
from pluriscope.old_options import translated

SCOPE: Final = ("output", "protocol", "data", "theme")
"""Options that say which analysis is meant; every page that takes something in knows them."""


@dataclass(frozen=True)
class Former:
    """An address that a page had.

    Args:
        path: with names in braces.
        to: path of the page that took it in, with the same names; "" if none did.
        keeps: options that this page knows, beside which all others are left out.
        became: where none did: what became of it, as a cause ("is no page of its own any more").
        cure: where none did: where to go instead, as an instruction.
        parent: where none did: path of the page to go to, with the same names.
    """

    path: str
    to: str = ""
    keeps: tuple[str, ...] = SCOPE
    became: str = ""
    cure: str = ""
    parent: str = "/"


_NETWORK: Final = "/networks/{network}"
_CLAIMED: Final = ("mask", "edges", "scores", "k", "threshold", "pick", "signed", "ablation")
_ALGORITHM: Final = "/networks/{network}/algorithms/{algorithm}"
_ONES: Final = {
    "/networks/{network}/circuits/{mask}": ("/networks/{network}/explanations/c-{mask}", ("start", "classes")),
    "/networks/{network}/circuits/{mask}/interpretations/{index}": (
        "/networks/{network}/explanations/i-{mask}.{index}",
        (),
    ),
    _ALGORITHM: ("/networks/{network}/explanations/g-{algorithm}", ("place", "minimal")),
    f"{_ALGORITHM}/alignments/{{alignment}}": (
        "/networks/{network}/explanations/a-{algorithm}.{alignment}",
        ("place",),
    ),
    f"{_ALGORITHM}/directions": ("/networks/{network}/explanations/g-{algorithm}", ("at",)),
    f"{_ALGORITHM}/directions/{{alignment}}": ("/networks/{network}/explanations/d-{algorithm}.{alignment}", ("at",)),
}
"""Addresses that explanations had, with those that they have now and the options that went along."""
_LIST: Final = "/networks/{network}/circuits/{mask}/interpretations"
_LIST_NOW: Final = "/networks/{network}/explanations/c-{mask}/interpretations"
_MADE: Final = ("card.png", "card.svg", "drawing.svg", "drawing.png", "drawing.pdf", "figures/{name}", "verify")
_VERIFIED: Final = PATTERNS
"""Pages that had another beside them on which they were computed anew; now a button of theirs does so."""
_OF_LENSES: Final = tuple(sorted({setting.name for lens in LENSES for setting in lens.settings}))
_FORMER_ANALYSES: Final = tuple(
    Former(
        f"/networks/{{network}}/{key}{rest}",
        f"/networks/{{network}}/analyses/{key}{item}",
        (*SCOPE, "step", *_OF_LENSES),
    )
    for key in BY_KEY
    for rest, item in (("", ""), (".{form}", ""), ("/{item}", "/{item}"), ("/{item}/{table}.{form}", "/{item}"))
)
"""Pages of analyses that stood beside the network's others, and their tables."""
_ALICE_AND_BOB: Final = f"/compare?{urlencode({'network': ALICE_AND_BOB, 'e': [ALICE, BOB]}, doseq=True)}"
FORMER: Final[tuple[Former, ...]] = (
    Former(
        "/alice-and-bob",
        f"/compare?{urlencode({'network': ALICE_AND_BOB, 'e': [ALICE, BOB]}, doseq=True)}",
        (),
    ),
    *(Former(page, to, (*SCOPE, *kept)) for page, (to, kept) in _ONES.items()),
    *(Former(f"/embed{page}", f"/embed{to}", (*SCOPE, *kept, "hide")) for page, (to, kept) in _ONES.items()),
    *(
        Former(
            f"{_ALGORITHM}/alignments.{form}",
            f"{api}/networks/{{network}}/explanations{ending}?kind=alignment&valid=any&algorithm={{algorithm}}",
        )
        for form, api, ending in (("csv", "", ".csv"), ("json", API_V2, ""))
    ),
    *(
        Former(f"{page}/interchanges.{form}", f"{api}{to}{ending}", (*SCOPE, *(() if api else kept)))
        for page, (to, kept) in _ONES.items()
        if page.endswith("/{alignment}")
        for form, api, ending in (("csv", "", "/interchanges.all.csv"), ("json", API_V2, ""))
    ),
    *(
        Former(f"{page}/{made}", f"{to}/{made}" if "." in made else to, (*SCOPE, *kept, "width"))
        for page, (to, kept) in _ONES.items()
        for made in _MADE
    ),
    *(
        Former(f"/networks/{{network}}/{old}", f"/networks/{{network}}/analyses/{new}", (*SCOPE, "criteria"))
        for old, new in (("funnel.{form}", "funnel.{form}"), ("funnel/figures/{name}", "funnel"))
    ),
    *_FORMER_ANALYSES,
    Former(_LIST, _LIST_NOW, (*SCOPE, "gate", "classes", "start", "index", "draw")),
    Former(f"{_LIST}.{{form}}", f"{_LIST_NOW}.{{form}}", (*SCOPE, "start", "rows")),
    Former("/networks/{network}/plan", "/networks/{network}"),
    *(Former(f"{page}/verify", page, (*SCOPE, "network", "e", "place", "at", "pin")) for page in _VERIFIED),
    Former(
        "/networks/{network}/claims.csv",
        became="is no table any more, since claims are not kept",
        cure="give a circuit to see where it stands",
        parent="/networks/{network}/analyses/claims",
    ),
    *(
        Former(f"{_NETWORK}/{former}", f"{_NETWORK}/analyses/claims/given", (*SCOPE, *_CLAIMED))
        for former in ("claim", "claims")
    ),
    Former("/compare/neighbours", "/compare", (*SCOPE, "network", "e")),
    Former("/networks/{network}/training.{form}", "/networks/{network}"),
    Former("/studies/{study}/courses/{seed}", "/studies/{study}", ("theme",)),
    Former("/studies/{study}/side-by-side", "/studies/{study}", ("protocol", "theme")),
    Former("/studies/{study}/figures/{name}", "/studies/{study}", ("protocol", "by", "theme")),
    *(
        Former(f"/studies/{{study}}/{name}", "/studies/{study}", ("protocol", "by", "theme"))
        for name in ("progress", "rename")
    ),
    Former("/findings/{study}/figures/{name}.{form}", "/studies/{study}/figures/{name}.{form}", ("theme",)),
    Former("/gallery", "/networks", ("q", "theme")),
    Former("/collection", "/collections", ("title", "item", "note", "slide", "theme")),
    Former("/lessons", "/learn", ("theme",)),
    Former("/jobs/{job}/events", "/jobs/{job}", ("theme",)),
    *(Former(path, "/", ("theme",)) for path in ("/tour", "/tour/{step}", "/guide", "/guide/{step}")),
    Former("/api/types", "/api", ("theme",)),
    *(Former(f"/networks/new/{name}", "/networks/new", ("theme",)) for name in ("check", "help")),
    Former("/patterns", "/glossary", ("theme",)),
    Former("/compare/own-swaps.csv", "/compare", (*SCOPE, "network", "e")),
    Former("/compare/own-swaps.json", "/compare", (*SCOPE, "network", "e")),
)

router = APIRouter(include_in_schema=False)


@router.get("/networks/{network}/funnel")
def funnel(request: Request, network: str) -> RedirectResponse:
    """With criteria a page of its own."""
    to = f"funnel/{CHOSEN}" if "criteria" in request.query_params else "funnel"
    return _moved(request, f"/networks/{quote(network, safe='')}/analyses/{to}", (*SCOPE, "criteria"))


@router.get("/networks/{network}/common-ground/standing")
def standing(request: Request, network: str) -> RedirectResponse:
    """Where one explanation stands is told on its page."""
    ref, path = request.query_params.get("e", ""), f"/networks/{quote(network, safe='')}"
    to = f"{path}/explanations/{quote(ref, safe='')}" if ref else f"{path}/analyses/common-ground"
    return _moved(request, to, SCOPE, [("part", "standing")] if ref else [])


def _moved(request: Request, to: str, keeps: tuple[str, ...], more: Sequence[tuple[str, str]] = ()) -> RedirectResponse:
    """To an address with the options that it knows."""
    kept = [*((key, value) for key, value in request.query_params.multi_items() if key in keeps), *more]
    query = f"{'&' if '?' in to else '?'}{urlencode(kept)}" if kept else ""
    return RedirectResponse(f"{request.app.state.settings.prefix}{to}{query}", 301)


def _add(former: Former) -> None:
    """Answer one address."""

    def answer(request: Request) -> Any:
        prefix = request.app.state.settings.prefix
        names = {name: quote(str(value), safe="") for name, value in request.path_params.items()}
        if not former.to:
            item = f"address {path_of(request)[:200]!r}"
            cure = former.cure.format(**names)
            raise Gone(item, former.became, cure, parent=f"{prefix}{former.parent.format(**names)}")
        return _moved(request, former.to.format(**names), former.keeps)

    router.add_api_route(former.path, answer, response_model=None)


for _former in FORMER:
    _add(_former)

_COMPARE: Final = "/compare"
_OF_MODELS: Final = tuple(
    (re.compile(shape), to, kept)
    for shape, to, kept in (
        ("", "", ("row",)),
        (r"/circuits(\.csv)?", r"/explanations\1", ("uses",)),
        (r"/circuits/([^/.]+)(?:/verify)?", r"/explanations/c-\1", ("row",)),
        ("(/analyses(?:/.+)?)", r"\1", ("step", *_CLAIMED)),
        ("/claims?", "/analyses/claims/given", _CLAIMED),
        (_COMPARE, "", ()),
        ("/sandbox", "/sandbox", ("circuit", "row", "source", "change", "tool")),
        (rf"/({'|'.join(one.key for one in ANALYSES if one.of_models)})(/[^/]+)?", r"/analyses/\1\2", ("step",)),
        ("/(?:rivals|methods)\\..+", "/analyses", ()),
    )
)
"""Below /models what pages of transformers were called, what they are called below /networks, and options that stay."""


@router.get("/models", response_model=None)
@router.get("/models/{model}", response_model=None)
@router.get("/models/{model}/{rest:path}", response_model=None)
def of_a_transformer(request: Request, session: Reading, links: Links, model: str = "", rest: str = "") -> Any:
    """The pages that transformers had to themselves are those of networks now.

    Raises:
        NotFound: there is no such transformer, or it had no such page.
    """
    row, below = formerly_called(session, model) if model else None, f"/{rest}" if rest else ""
    found = next(((to, match, kept) for shape, to, kept in _OF_MODELS if (match := shape.fullmatch(below))), None)
    if model and (row is None or found is None):
        item, cure = f"address {path_of(request)[:200]!r}", "look for it among the networks"
        raise NotFound(item, "is that of no page", cure, "model", links.gallery(), "all networks")
    given = translated(options_of(request))
    rules = RulesScope.of(given.get("rules", [""])[0])
    if row is None or found is None:
        to = links.gallery()
    elif below == _COMPARE:
        to = links.compare(row.slug, [f"c-{text.removeprefix('c-')}" for text in given.get("e", [])], rules)
    else:
        to, match, kept = found
        options = {name: values for name, values in given.items() if name in kept}
        path, mark, query = links.network(row.slug, rules, **options).partition("?")
        to = f"{path}{match.expand(to)}{mark}{query}"
    return RedirectResponse(to, 301)


_FOLLOWED: Final = (
    (re.compile("^/models/(.+)$"), "/networks/{0}"),
    (re.compile(r"^(/networks/[^/]+)/(?:circuits|algorithms|explanations\.csv)$"), "{0}/explanations"),
    *((compile_path(one.path)[0], one.to) for one in FORMER if one.to),
    (re.compile(r"^/(?:networks/([^/]+)/)?compare(?:\?.*)?$"), "/networks/{0}/compare"),
    (re.compile(r"^/findings/([^/]+)/(design|data\..+)$"), "/studies/{0}/{1}"),
)
"""Where former addresses lead, as far as their paths tell."""


@router.api_route(API_PREFIX + "/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"], response_model=None)
def version_1(request: Request, rest: str) -> None:
    """Version 1 of the interface, but for the four addresses that are routes of their own.

    Raises:
        Gone: it says where version 2 tells the same.
    """
    page, prefix = f"/{quote(rest)}", request.app.state.settings.prefix
    for shape, to in _FOLLOWED:
        if match := shape.fullmatch(page):
            page = to.format(*(one or "NETWORK" for one in match.groups()), **match.groupdict())
    page = page.partition("?")[0]
    asked = {"type": "http", "method": "GET", "path": f"{API_V2}{page}", "headers": []}
    known = any(route.matches(asked)[0] != Match.NONE for route in request.app.routes)
    cause = "is answered by version 2 of the interface" if known else "went with its page"
    cure = f"ask {prefix}{API_V2}{page}" if known else f"see {prefix}{API_V2} for what can be asked"
    raise Gone(f"address {path_of(request)[:200]!r}", cause, cure, parent=f"{prefix}{page}")
