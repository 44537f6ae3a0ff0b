"""Addresses of pages that are no more: each leads to what took the page in, or says what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from analysis.lenses.registry import LENSES
from app.addressing import API_PREFIX, API_V2
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.db.models import formerly_called
from app.error_answers import path_of
from app.errors import Gone, NotFound
from app.pages.page import EXPLANATION
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
        twin: whether the address had a twin in JSON; it leads to the twin, or says the same.
    """

    path: str
    to: str = ""
    keeps: tuple[str, ...] = SCOPE
    became: str = ""
    cure: str = ""
    parent: str = "/"
    twin: bool = True


_NOW_V2: Final = "is answered by the second version of the interface"
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
_CLAIMS: Final = f"ask {API_V2}/networks/NETWORK/analyses/claims/given"
_OF_LENSES: Final = tuple(sorted({setting.name for lens in LENSES for setting in lens.settings}))
_FORMER_ANALYSES: Final = tuple(
    Former(
        f"/networks/{{network}}/{key}{rest}",
        f"/networks/{{network}}/analyses/{key}{item}",
        (*SCOPE, "step", *_OF_LENSES),
        twin=False,
    )
    for key in BY_KEY
    for rest, item in (("", ""), (".{form}", ""), ("/{item}", "/{item}"), ("/{item}/{table}.{form}", "/{item}"))
)
"""Pages of analyses that stood beside the network's others, and their tables."""
_ALICE_AND_BOB: Final = f"/compare?{urlencode({'network': ALICE_AND_BOB, 'e': [ALICE, BOB]}, doseq=True)}"
_OF_STUDIES: Final = (
    *("/studies", "/studies/new", "/studies/schema", "/studies/results", "/studies/{study}"),
    *(f"/studies/{{study}}/{name}" for name in ("outcomes", "design", "data.{form}", "extend", "pause", "cancel")),
    *(f"/studies/{{study}}/{name}" for name in ("resume", "rename", "restore")),
    *("/findings", "/findings/{study}/design", "/findings/{study}/data.{form}"),
)
"""What version 1 of the interface told of studies; version 2 does under the same paths."""


def _now_v2(path: str, to: str = "") -> Former:
    """An address of version 1 of the interface whose answer version 2 has."""
    to = to or path.replace("/findings/{study}/", "/studies/{study}/")
    cause, page = "is answered by version 2 of the interface", to.partition(".")[0].removesuffix("/data")
    return Former(f"{API_PREFIX}{path}", became=cause, cure=f"ask {API_V2}{to}", parent=page, twin=False)


FORMER: Final[tuple[Former, ...]] = (
    Former(
        "/alice-and-bob",
        f"/compare?{urlencode({'network': ALICE_AND_BOB, 'e': [ALICE, BOB]}, doseq=True)}",
        (),
        twin=False,
    ),
    *(Former(page, to, (*SCOPE, *kept), twin=False) for page, (to, kept) in _ONES.items()),
    *(
        Former(f"/embed{page}", f"/embed{to}", (*SCOPE, *kept, "hide"), twin=False)
        for page, (to, kept) in _ONES.items()
    ),
    *(
        Former(
            f"{_ALGORITHM}/alignments.{form}",
            f"{api}/networks/{{network}}/explanations{ending}?kind=alignment&valid=any&algorithm={{algorithm}}",
            twin=False,
        )
        for form, api, ending in (("csv", "", ".csv"), ("json", API_V2, ""))
    ),
    *(
        Former(f"{page}/interchanges.{form}", f"{api}{to}{ending}", (*SCOPE, *(() if api else kept)), twin=False)
        for page, (to, kept) in _ONES.items()
        if page.endswith("/{alignment}")
        for form, api, ending in (("csv", "", "/interchanges.all.csv"), ("json", API_V2, ""))
    ),
    *(
        Former(f"{page}/{made}", f"{to}/{made}" if "." in made else to, (*SCOPE, *kept, "width"), twin=False)
        for page, (to, kept) in _ONES.items()
        for made in _MADE
    ),
    *(
        Former(
            f"{API_PREFIX}{page}",
            became="is answered by version 2 of the interface",
            cure=f"ask {API_V2}{to}",
            parent=to,
            twin=False,
        )
        for page, (to, _) in _ONES.items()
    ),
    *(
        Former(
            f"/networks/{{network}}/{old}", f"/networks/{{network}}/analyses/{new}", (*SCOPE, "criteria"), twin=False
        )
        for old, new in (("funnel.{form}", "funnel.{form}"), ("funnel/figures/{name}", "funnel"))
    ),
    Former(
        f"{API_PREFIX}/networks/{{network}}/common-ground.csv",
        became="is told under /api/v2 now",
        cure=f"use {API_V2}/networks/{{network}}/analyses/common-ground",
        parent="/networks/{network}/analyses/common-ground",
        twin=False,
    ),
    *_FORMER_ANALYSES,
    *(
        Former(
            f"{API_PREFIX}{former.path}",
            became="is told under /api/v2 now",
            cure=f"use {API_V2}{former.to}",
            parent=former.to,
            twin=False,
        )
        for former in _FORMER_ANALYSES
        if "{form}" not in former.path
    ),
    Former(_LIST, _LIST_NOW, (*SCOPE, "gate", "classes", "start", "index", "draw"), twin=False),
    Former(f"{_LIST}.{{form}}", f"{_LIST_NOW}.{{form}}", (*SCOPE, "start", "rows"), twin=False),
    Former(f"{API_PREFIX}{_LIST}", became=_NOW_V2, cure=f"ask {API_V2}{_LIST_NOW}", parent=_LIST_NOW, twin=False),
    Former("/networks/{network}/plan", "/networks/{network}"),
    *(
        Former(
            f"{API_PREFIX}/networks/{{network}}/{name}",
            became=_NOW_V2,
            cure=f"ask {API_V2}/networks/NETWORK/explanations",
            parent="/networks/{network}/explanations",
            twin=False,
        )
        for name in ("circuits", "algorithms", "explanations", "explanations.csv")
    ),
    Former(
        f"{API_PREFIX}/networks/{{network}}/verdicts",
        became=_NOW_V2,
        cure=f"ask {API_V2}/networks/NETWORK/explanations/REF/criteria",
        parent="/networks/{network}/explanations",
        twin=False,
    ),
    Former(f"{API_PREFIX}/verified", became=_NOW_V2, cure=f"ask {API_V2}/verified", parent="/networks", twin=False),
    *(
        Former(f"{page}/verify", page, (*SCOPE, "network", "e", "place", "at", "pin"), twin=page != EXPLANATION)
        for page in _VERIFIED
    ),
    Former(
        "/networks/{network}/claims.csv",
        became="is no table any more, since claims are not kept",
        cure="give a circuit to see where it stands",
        parent="/networks/{network}/analyses/claims",
    ),
    *(
        Former(f"{API_PREFIX}{path}", became=_NOW_V2, cure=_CLAIMS, twin=False)
        for path in (
            *(f"/networks/{{network}}/claims{rest}" for rest in ("", "/{claim}", "/{claim}/file", "/{claim}/verify")),
            "/models/{model}/claims",
        )
    ),
    *(
        Former(f"{_NETWORK}/{former}", f"{_NETWORK}/analyses/claims/given", (*SCOPE, *_CLAIMED), twin=False)
        for former in ("claim", "claims")
    ),
    Former("/compare/neighbours", "/compare", (*SCOPE, "network", "e"), twin=False),
    *(
        Former(
            f"{API_PREFIX}{path}",
            became=_NOW_V2,
            cure=f"ask {API_V2}/networks/NETWORK/compare?e=REFERENCE&e=REFERENCE",
            parent="/compare",
            twin=False,
        )
        for path in ("/compare", "/models/{model}/compare", "/alice-and-bob")
    ),
    Former(
        f"{API_PREFIX}{_NETWORK}/sandbox",
        became=_NOW_V2,
        cure=f"ask {API_V2}{_NETWORK}/sandbox",
        parent=f"{_NETWORK}/sandbox",
        twin=False,
    ),
    Former("/networks/{network}/training.{form}", "/networks/{network}"),
    Former("/studies/{study}/courses/{seed}", "/studies/{study}", ("theme",), twin=False),
    Former("/studies/{study}/side-by-side", "/studies/{study}", ("protocol", "theme"), twin=False),
    Former("/studies/{study}/figures/{name}", "/studies/{study}", ("protocol", "by", "theme"), twin=False),
    *(
        Former(f"/studies/{{study}}/{name}", "/studies/{study}", ("protocol", "by", "theme"), twin=False)
        for name in ("progress", "rename")
    ),
    Former("/findings/{study}/figures/{name}.{form}", "/studies/{study}/figures/{name}.{form}", ("theme",), twin=False),
    Former("/gallery", "/networks", ("q", "theme"), twin=False),
    *(
        Former(f"{API_PREFIX}{path}", became=_NOW_V2, cure=f"ask {API_V2}/networks", parent="/networks", twin=False)
        for path in ("/gallery", "/networks")
    ),
    *(_now_v2(path) for path in (*_OF_STUDIES, "/jobs", "/jobs/{job}/cancel", "/jobs/{job}/retry")),
    *(_now_v2(path) for path in ("/train", "/schemas/network-file")),
    Former("/collection", "/collections", ("title", "item", "note", "slide", "theme"), twin=False),
    Former("/lessons", "/learn", ("theme",), twin=False),
    *(_now_v2(path, to) for path, to in (("/collection", "/collections"), ("/lessons", "/learn"), ("/search", ""))),
    Former("/jobs/{job}/events", "/jobs/{job}", ("theme",), twin=False),
    Former(
        f"{API_PREFIX}/jobs/{{job}}/events", became="is no stream any more", cure="ask for the job again", twin=False
    ),
    *(Former(path, "/", ("theme",), twin=False) for path in ("/tour", "/tour/{step}", "/guide", "/guide/{step}")),
    *(
        Former(f"{API_PREFIX}{path}", became="went with its page", cure="see the front page", twin=False)
        for path in ("/tour", "/tour/{step}", "/guide", "/guide/{step}", "/patterns", "/types")
    ),
    *(
        Former(f"{API_PREFIX}{path}", became="is a page alone", cure=f"read {path}", twin=False)
        for path in ("/glossary", "/scope", "/admin")
    ),
    Former("/api/types", "/api", ("theme",), twin=False),
    *(Former(f"/networks/new/{name}", "/networks/new", ("theme",), twin=False) for name in ("check", "help")),
    Former("/patterns", "/glossary", ("theme",), twin=False),
    Former("/compare/own-swaps.csv", "/compare", (*SCOPE, "network", "e"), twin=False),
    Former("/compare/own-swaps.json", "/compare", (*SCOPE, "network", "e"), twin=False),
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


def _add(former: Former, api: str) -> None:
    """Answer one address, of the page or of its twin."""

    def answer(request: Request) -> Any:
        prefix = request.app.state.settings.prefix
        names = {name: quote(str(value), safe="") for name, value in request.path_params.items()}
        if not former.to:
            item = f"address {path_of(request)[:200]!r}"
            cure = former.cure.format(**names)
            raise Gone(item, former.became, cure, parent=f"{prefix}{former.parent.format(**names)}")
        return _moved(request, f"{api}{former.to.format(**names)}", former.keeps)

    methods = ["GET"] if former.to else ["GET", "POST", "DELETE"]
    router.add_api_route(f"{api}{former.path}", answer, methods=methods, response_model=None)


for _former in FORMER:
    _add(_former, "")
    if _former.twin:
        _add(_former, API_PREFIX)

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
@router.get(API_PREFIX + "/models", response_model=None)
@router.get(API_PREFIX + "/models/{model}", response_model=None)
@router.get(API_PREFIX + "/models/{model}/{rest:path}", response_model=None)
def of_a_transformer(request: Request, session: Reading, links: Links, model: str = "", rest: str = "") -> Any:
    """The pages that transformers had to themselves are those of networks now; their twins say where.

    Raises:
        NotFound: there is no such transformer, or it had no such page.
        Gone: the address is that of a twin.
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
    if request.url.path.startswith(f"{links.prefix}{API_PREFIX}/"):
        raise Gone(f"address {path_of(request)[:200]!r}", _NOW_V2, f"ask {links.twin(to)}", parent=to)
    return RedirectResponse(to, 301)
