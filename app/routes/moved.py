"""Redirections from former addresses: of pages that others have taken over, and short keys to the addresses they stand
for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.routing import compile_path

from pluriscope.addresses.address import API_DOCS, API_V2
from pluriscope.addresses.naming import DEFAULT_PROTOCOL, Scope
from pluriscope.analyses.funnel import CHOSEN
from pluriscope.analyses.registry import BY_KEY, of_kind
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.bundled import ALICE, ALICE_AND_BOB, BOB
from pluriscope.app.db.links import formerly_called, kept_claim, long_address
from pluriscope.app.error_answers import allowed_methods, path_of
from pluriscope.app.errors import Gone, NotFound
from pluriscope.app.pages.place import find_network
from pluriscope.app.pages.training.form import TrainFields
from pluriscope.app.routes.depends import Links, Reading, options_of
from pluriscope.app.routes.pictures import PATTERNS

router = APIRouter(include_in_schema=False)
SCOPE: Final = ("output", "protocol", "data", "theme")
"""Options that say which analysis is meant; they stay wherever an address leads."""
_NETWORK: Final = "/networks/{network}"
_EXPLANATION: Final = f"{_NETWORK}/explanations"
_CIRCUIT: Final = f"{_NETWORK}/circuits/{{mask}}"
_ALGORITHM: Final = f"{_NETWORK}/algorithms/{{algorithm}}"
_CLAIMED: Final = ("mask", "edges", "scores", "k", "threshold", "pick", "signed", "ablation")
_ONES: Final = (
    (_CIRCUIT, f"{_EXPLANATION}/c-{{mask}}", ("start", "classes")),
    (f"{_CIRCUIT}/interpretations/{{index}}", f"{_EXPLANATION}/i-{{mask}}.{{index}}", ()),
    (_ALGORITHM, f"{_EXPLANATION}/g-{{algorithm}}", ("place", "minimal")),
    (f"{_ALGORITHM}/alignments/{{alignment}}", f"{_EXPLANATION}/a-{{algorithm}}.{{alignment}}", ("place",)),
    (f"{_ALGORITHM}/directions", f"{_EXPLANATION}/g-{{algorithm}}", ("at",)),
    (f"{_ALGORITHM}/directions/{{alignment}}", f"{_EXPLANATION}/d-{{algorithm}}.{{alignment}}", ("at",)),
    (f"{_NETWORK}/sandbox", f"{_NETWORK}/play", ("e", "now", "tool", "site", "at")),
)
"""Addresses that explanations and Play had, those that they have now, and the options that went along."""
_FILES: Final = ("card.png", "card.svg", "drawing.svg", "drawing.png", "drawing.pdf")
_PAGES: Final = (
    ("/alice-and-bob", f"/compare?{urlencode({'network': ALICE_AND_BOB, 'e': [ALICE, BOB]}, doseq=True)}", ()),
    (f"{_CIRCUIT}/interpretations", f"{_EXPLANATION}/c-{{mask}}/interpretations",
     ("gate", "classes", "start", "index", "draw")),
    (f"{_CIRCUIT}/interpretations.csv", f"{_EXPLANATION}/c-{{mask}}/interpretations.csv", ("start", "rows")),
    (f"{_CIRCUIT}/interpretations.json", f"{_EXPLANATION}/c-{{mask}}", ()),
    (f"{_EXPLANATION}/{{ref}}/interpretations.json", f"{_EXPLANATION}/{{ref}}", ()),
    (f"{_ALGORITHM}/alignments.csv", f"{_EXPLANATION}.csv?kind=alignment&valid=any&algorithm={{algorithm}}", ()),
    (f"{_ALGORITHM}/alignments.json", f"{_EXPLANATION}?kind=alignment&valid=any&algorithm={{algorithm}}", ()),
    (f"{_NETWORK}/figures.json", _NETWORK, ()),
    (f"{_NETWORK}/funnel.{{form}}", f"{_NETWORK}/analyses/funnel.csv", ("criteria",)),
    (f"{_NETWORK}/circuits", f"{_EXPLANATION}?kind=circuit", ()),
    (f"{_NETWORK}/circuits.{{form}}", f"{_EXPLANATION}.csv?kind=circuit", ()),
    (f"{_NETWORK}/algorithms", f"{_EXPLANATION}?kind=algorithm&valid=any", ()),
    (f"{_NETWORK}/algorithms.{{form}}", f"{_EXPLANATION}.csv?kind=algorithm&valid=any", ()),
    (f"{_NETWORK}/claim", f"{_NETWORK}/own", _CLAIMED),
    (f"{_NETWORK}/claims", f"{_NETWORK}/own", _CLAIMED),
    ("/compare/own-swaps.{form}", "/compare", ("network", "e")),
    ("/compare/agreement.json", "/compare", ("network", "e")),
    ("/compare.json", "/compare", ("network", "e")),
    (f"{_NETWORK}/rename", f"{_NETWORK}/settings", ()),
    (f"{_NETWORK}/delete", f"{_NETWORK}/settings", ()),
    ("/train", "/networks/new?way=train", tuple(TrainFields.model_fields)),
    (API_V2, API_DOCS, ()),
    ("/api", API_DOCS, ()),
    ("/docs/api", API_DOCS, ()),
    ("/docs/all", "/docs/", ()),
    ("/docs/criteria", "/criteria", ()),
    ("/docs/criteria/{key}", "/criteria/{key}", ()),
)  # fmt: skip


def _former() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every former address, what took it in, and the options that the other knows; the first that fits counts."""
    yield from _PAGES
    for page, to, kept in _ONES:
        yield page, to, kept
        yield f"/embed{page}", f"/embed{to}", kept
        for file in _FILES:
            yield f"{page}/{file}", f"{to}/{file}", (*kept, "width")
        yield f"{page}/figures/{{name}}", to, kept
        yield f"{page}/verify", to, kept
        if page.endswith("/{alignment}"):
            yield f"{page}/interchanges.csv", f"{to}/interchanges.all.csv", kept
            yield f"{page}/interchanges.json", f"{API_V2}{to}", ()
    for key, analysis in BY_KEY.items():  # pages of analyses that stood beside the network's others, and their tables
        methods = function_at(analysis.methods).records if analysis.methods else ()
        settings = tuple(sorted({setting.name for method in methods for setting in method.settings}))
        for rest, item in (("", ""), (".{form}", ""), ("/{item}", "/{item}"), ("/{item}/{table}.{form}", "/{item}")):
            yield f"{_NETWORK}/{key}{rest}", f"{_NETWORK}/analyses/{key}{item}", settings
    for page in PATTERNS:  # had another beside them on which they were computed anew
        yield f"{page}/verify", page, ("network", "e", "place", "at", "pin")


FORMER: Final[dict[str, tuple[str, tuple[str, ...]]]] = {}
"""Addresses that pages had → path of what took them in, with the same names, and options that stay."""
for _page, _to, _kept in _former():
    FORMER.setdefault(_page, (_to, (*SCOPE, *_kept)))


# --- by more than their path


@router.get("/networks/{network}/funnel")
def funnel(request: Request, network: str) -> RedirectResponse:
    """Redirect to the funnel; with criteria it has a page of its own."""
    to = f"funnel/{CHOSEN}" if "criteria" in request.query_params else "funnel"
    return moved(request, f"/networks/{quote(network, safe='')}/analyses/{to}", (*SCOPE, "criteria"))


@router.get("/networks/{network}/sheet")
def sheet(request: Request, network: str) -> RedirectResponse:
    """A view of the list, whose options it takes."""
    to = f"/networks/{quote(network, safe='')}/explanations?view=sheet"
    return moved(request, to, tuple(name for name in request.query_params if name != "view"))


@router.get("/networks/{network}/common-ground/standing")
def standing(request: Request, network: str) -> RedirectResponse:
    """Redirect to the page of an explanation, which has its rank; without one to the common ground."""
    ref, path = request.query_params.get("e", ""), f"/networks/{quote(network, safe='')}"
    to = f"{path}/explanations/{quote(ref, safe='')}?part=standing" if ref else f"{path}/analyses/common-ground"
    return moved(request, to, SCOPE)


def former_claim(session: Reading, links: Links, network: str, claim: str, output: int = 0) -> RedirectResponse:
    """Redirect from the address of a claim that an earlier version kept to the one that holds the claim itself."""
    address = kept_claim(session, find_network(session, links, network), output, claim)
    return RedirectResponse(links.prefix + address, 301)


for _path in ("", "/embed"):
    router.add_api_route(f"{_path}{_NETWORK}/claims/{{claim}}", former_claim, response_model=None)


def moved(request: Request, to: str, keeps: tuple[str, ...]) -> RedirectResponse:
    """Redirect to an address with the options that it knows."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key in keeps]
    query = f"{'&' if '?' in to else '?'}{urlencode(kept)}" if kept else ""
    return RedirectResponse(f"{request.app.state.settings.prefix}{to}{query}", 301)


def lead_on(router: APIRouter, page: str, to: str, keeps: tuple[str, ...]) -> None:
    """Answer an address by leading to another with the same names and those of its options that it keeps."""

    def answer(request: Request) -> RedirectResponse:
        names = {name: quote(str(value), safe="") for name, value in request.path_params.items()}
        return moved(request, to.format(**names), keeps)

    FORMER[page] = to, keeps
    router.add_api_route(page, answer, response_model=None, include_in_schema=False)


for _page, (_to, _keeps) in FORMER.items():
    lead_on(router, _page, _to, _keeps)

_OF_MODELS: Final = tuple(
    (re.compile(shape), to, kept)
    for shape, to, kept in (
        ("", "", ("row",)),
        (r"/circuits(\.csv)?", r"/explanations\1", ()),
        (r"/circuits/([^/.]+)(?:/verify)?", r"/explanations/c-\1", ("row",)),
        ("(/analyses(?:/.+)?)", r"\1", _CLAIMED),
        ("/claims?", "/own", _CLAIMED),
        ("/sandbox", "", ("row",)),
        (rf"/({'|'.join(one.key for one in of_kind(TRANSFORMER) if one.find)})(/[^/]+)?", r"/analyses/\1\2", ()),
        ("/(?:rivals|methods)\\..+", "/analyses", ()),
    )
)
"""Below /models what pages of transformers were called, what they are called below /networks, and options that stay."""


@router.get("/models", response_model=None)
@router.get("/models/{model}", response_model=None)
@router.get("/models/{model}/{rest:path}", response_model=None)
def of_a_transformer(request: Request, session: Reading, links: Links, model: str = "", rest: str = "") -> Any:
    """Redirect from a page that transformers had to themselves to the page of the network.

    Raises:
        NotFound: there is no such transformer, or it had no such page.
    """
    if not model:
        return RedirectResponse(links.gallery(), 301)
    row, below = formerly_called(session, model), f"/{rest}" if rest else ""
    options = options_of(request)
    rules = Scope(protocol=options.get("rules", [""])[0] or DEFAULT_PROTOCOL)
    if row is not None and below == "/compare":
        refs = [f"c-{text.removeprefix('c-')}" for text in options.get("e", [])]
        return RedirectResponse(links.compare(row.slug, refs, rules), 301)
    for shape, to, kept in _OF_MODELS:
        match = shape.fullmatch(below)
        if row is not None and match:
            options = {name: values for name, values in options.items() if name in kept}
            path, mark, query = links.network(row.slug, rules, **options).partition("?")
            return RedirectResponse(f"{path}{match.expand(to)}{mark}{query}", 301)
    item, cure = f"address {path_of(request)[:200]!r}", "look for it among the networks"
    raise NotFound(item, "is that of no page", cure, "model", links.gallery(), "all networks")


_API_V1: Final = "/api/v1"
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_OF_VERSION_1: Final = {
    "/": API_DOCS,
    "/findings/{study}/data.{form}": "/findings/data/{study}.{form}",
    "/gallery": "/networks",
    "/jobs/{job}/events": "/jobs/{job}",
    "/models": "/networks",
    "/networks/new": "/networks",
    "/networks/{network}/common-ground/standing": f"{_NETWORK}/analyses/common-ground",
    "/networks/{network}/criteria": f"{_NETWORK}/analyses/funnel",
    "/networks/{network}/searches": f"{_NETWORK}/analyses",
    "/studies/new": "/studies",
    "/studies/{study}/courses/{seed}": "/studies/{study}/outcomes",
    "/studies/{study}/progress": "/studies/{study}",
    "/studies/{study}/side-by-side": "/studies/{study}",
}
"""Addresses of version 1 of the interface, apart from the JSON of pages → their successors."""


def _led(path: str, table: Mapping[str, str]) -> str:
    """Present address of a path by a table of former ones; the path itself where the table has none for it."""
    matches = ((compile_path(former)[0].fullmatch(path), to) for former, to in table.items())
    return next((to.format(**match.groupdict()) for match, to in matches if match), path)


@router.api_route(_API_V1, methods=_METHODS, response_model=None)
@router.api_route(_API_V1 + "/{rest:path}", methods=_METHODS, response_model=None)
def version_1(request: Request, session: Reading, links: Links, rest: str = "") -> None:
    """Answer any address of version 1 of the interface with the one that has the same now.

    Raises:
        Gone: it names the address that serves the same now.
    """
    method, path = request.method, f"/{quote(rest)}"
    if method == "DELETE":
        method, path = "POST", f"{path}/delete"
    if path.startswith("/models/"):
        model, slash, below = path.removeprefix("/models/").partition("/")
        row = formerly_called(session, model)
        path = f"/networks/{model if row is None else row.slug}{slash}{below}"
    path = _led(path, _OF_VERSION_1)
    page = _led(path, {former: to for former, (to, _) in FORMER.items()})
    page += f"?{request.url.query}" if page == "/compare" and request.url.query else ""
    there = (one.removeprefix(links.prefix) for one in (links.twin(path), links.twin(page), page, path))
    now = next((one for one in there if method in allowed_methods(request, links.prefix + one.partition("?")[0])), "")
    item, cause = f"address {path_of(request)[:200]!r}", "was of version 1 of the interface, which is no more"
    every = f"see {links.api()} for all that can be asked"
    cure = f"ask {method} {links.prefix}{now}, or {every}" if now else every
    raise Gone(item, cause, cure, parent=links.prefix + now if now else links.api())


# --- short keys, which earlier versions made


@router.get("/s/{key}")
def follow(session: Reading, links: Links, key: str) -> RedirectResponse:
    """Redirect from a short key to the address that it stands for."""
    return RedirectResponse(links.prefix + long_address(session, key), 302)
