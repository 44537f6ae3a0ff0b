"""Rendering of blocks as responses: whole pages, the one block that htmx requests, or a page as a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final, TypeVar

from markupsafe import Markup, escape
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.addresses.navigation import navigation
from pluriscope.analysis.network_files.files import slug_of
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.app import computing
from pluriscope.app.access.callers import access_of
from pluriscope.app.as_file import alone
from pluriscope.app.db.remote import RemoteKind
from pluriscope.app.errors import NotFound
from pluriscope.app.options import OF_THE_READER
from pluriscope.app.pages.sharing.share import Share, only_here
from pluriscope.app.settings import Settings
from pluriscope.figures.interactive import FILE as PLOTLY
from pluriscope.figures.interactive import figure_json
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Head, Notice, Table, find, sentence
from pluriscope.page_kit.templating import AS_FILE, EVERY_PART, PART, Access, Place, environment, rendering
from pluriscope.tables.csv_files import csv_lines

T = TypeVar("T")
THEMES: Final = ("light", "dark")
THEME_COOKIE: Final = "theme"
HTMX: Final = "vendor/htmx-4.0.1.min.js"
HAS_RECORD: Final = "pluriscope.has_record"
"""In the scope of a request for a page whose record is JSON at the same path behind ``/api/v2``."""
ENOUGH: Final = 40_000
"""Characters of blocks that fill any screen."""
_ENOUGH_ID: Final = "enough"
CHART_FORMS: Final = ("plotly", "csv")
"""What follows the name of a chart, and a dot, where not its block is asked for but its figure or its table."""
_YEAR: Final = 365 * 24 * 3600
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def compile_templates(prefix: str = "") -> None:
    """Compile every template, which else the first visitor of each page waits for, longer than for anything else."""
    env = environment(prefix)
    for name in env.list_templates(extensions=["html"]):
        env.get_template(name)


def is_fragment(request: Request) -> bool:
    """Whether htmx requests a part of the page: not a boosted link, not a restored history entry."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Request-Type", "partial") == "partial"
        and "HX-Boosted" not in headers
        and "HX-History-Restore-Request" not in headers
    )


@dataclass(frozen=True)
class NetworkRow:
    """The second row of a network's pages.

    Args:
        name: of the network.
        url: of its first page.
        tabs: words of each with its address, in order.
        tab: the present one; "" on its first page and on those below none.
    """

    name: str
    url: str
    tabs: Mapping[str, str]
    tab: str = ""


def network_row(
    addresses: Addresses,
    network: str,
    name: str,
    kind: SubjectKind | RemoteKind,
    tab: str = "",
    scope: Scope | None = None,
) -> NetworkRow:
    """The second row for a network of a kind with this slug or digest."""
    if isinstance(kind, RemoteKind):
        (_, page), *others = kind.tabs(addresses, network).items()
        return NetworkRow(name, page, dict(others), tab)
    tabs = {
        "Sheet": addresses.explanations(network, scope),
        "Compare": addresses.compare(network, (), scope),
        **({} if kind.refuses("play") else {"Play": addresses.play(network, (), scope)}),
        "Your own": addresses.claim(network, scope),
        "More": addresses.analyses(network, scope),
    }
    return NetworkRow(name, addresses.network(network, scope), tabs, tab)


def show(
    request: Request,
    blocks: Iterable[Block],
    title: str = "",
    *,
    room: str = "",
    network: NetworkRow | None = None,
    url: str = "",
    share: Share | None = None,
    around: str = "shell.html",
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page of blocks; to htmx, which says which one it wants in ``part``, that block alone; of a chart, its figure.

    Args:
        blocks: what the page consists of; all are made before anything is sent, so that any may refuse.
        title: of the page; "" for that of its head.
        room: word of the navigation that the page belongs to.
        network: the second row of a network's pages.
        url: that links back to the page have; "" for the one that was asked for.
        share: properties of the page for sites that preview or embed it.
        around: template of what is around it.
        status_code: HTTP status.
        headers: further response headers.

    Raises:
        NotFound: the figure or the table of a chart that is not on the page.
    """
    # links on the page keep its options, but for the reader's own and the block that htmx requests
    theme, chosen = _theme(request)
    prefix, part = _prefix(request), request.query_params.get(PART, "")
    here = URL(url) if url else request.url.remove_query_params([*OF_THE_READER, PART])
    switched = here.include_query_params(theme="light" if theme == "dark" else "dark")
    url = here.path + (f"?{here.query}" if here.query else "")
    access, answer = access_of(request, url), dict(headers or {})
    env = environment(prefix)
    base = base_url(request)
    as_file, only = part == AS_FILE and status_code == 200, only_here(base)  # an error is said by a page
    part = EVERY_PART if as_file else part  # folds are open in a file, since nobody can open them later
    own = computing.room("this file") if as_file else computing.BOUND.get().within("this page")
    with own, rendering(Place(prefix, url, only), access):
        page = [*_in_time(blocks, _late())]
        # after a form that was refused its first error is read out
        notices = (one for one in page if isinstance(one, Notice) and one.state == "refused")
        wrong = next(notices, None) if status_code == 422 else None
        page = [replace(wrong, answers=True) if wrong is not None and one is wrong else one for one in page]
        named, _, form = part.rpartition(".")
        if form in CHART_FORMS and status_code == 200:
            return _chart(find(page, named), form, named, url)
        if part and is_fragment(request):
            # htmx exchanges one block, and the address of the page where a list was filtered or sorted
            block = find(page, part)
            body = "".join(_in_time((one.html(part=part) for one in [block] if one), _late().html()))
            if block is None:
                answer["HX-Refresh"] = "true"  # what it asks for is over, as a job's progress is: the page is another
            elif isinstance(block, Table) and not request.headers.get("HX-Current-URL", "").endswith(
                block.link(block.query)
            ):
                answer["HX-Push-Url"] = block.link(block.query)
        else:
            # a whole page, or a page as a file: the blocks in the template around them
            parts = _with_mark([*_in_time((block.html(part=part) for block in page), _late().html())])
            links, head = Addresses(prefix), next((block for block in page if isinstance(block, Head)), Head(title))
            about = escape(head.sentence).striptags()
            title = title or escape(head.title).striptags()
            title = f"Error: {title}" if wrong is not None else title
            context = {
                "title": title,
                "room": room,
                "rooms": navigation("head", links),
                "foot": navigation("foot", links),
                "network": network,
                "description": about or "Every valid explanation of one small network, side by side.",
                "json_url": links.twin(url) if HAS_RECORD in request.scope and status_code == 200 else "",
                "share": share,
                "theme": theme,
                "theme_url": f"{here.path}?{switched.query}",
                "access": access,
                "htmx_file": HTMX,
                "plotly_file": PLOTLY,
                "live": any(block.live for block in _each(page)),
                "asks": _asks(page) if access.may_change and status_code == 200 and not as_file else (),
                "body": Markup("\n").join(parts),
                "painted_at": _ENOUGH_ID if len(parts) > len(page) else "foot",
            }
            body = env.get_template(around).render(context)
            if as_file:
                body = alone(body, url, "" if only else base)
                answer["Content-Disposition"] = f'attachment; filename="{slug_of(title)[:80]}.html"'
    response = HTMLResponse(body, status_code=status_code, headers=answer)
    response.headers["Vary"] = "HX-Request"
    return _for_reader(response, access, theme if chosen else "")


def _late() -> Notice:
    """What stands in place of all that took too long."""
    cause, cure = computing.CAUSE.format(computing.SECONDS), computing.CURE
    return Notice(f"The rest {cause}.", "", sentence(cure), "refused")


def _in_time(made: Iterable[T], late: T) -> Iterator[T]:
    """What is made before the request's time is over, then what says so."""
    try:
        yield from made
    except computing.TOO_LONG:
        yield late


def _chart(block: Block | None, form: str, named: str, url: str) -> HTMLResponse:
    """The figure of a chart as JSON, or its table as CSV."""
    if not isinstance(block, ChartFigure):
        raise NotFound(f"chart {named!r}", "is not on this page", "open the page for those that are", "chart", url, "")
    headers = {"X-Robots-Tag": "noindex"}
    if form == "plotly":
        return HTMLResponse(figure_json(block.chart.drawn), headers=headers, media_type="application/json")
    about = (f"Pluriscope: {block.chart.title}", url)
    lines = "".join(csv_lines(about, block.chart.columns(), block.chart.rows()))
    headers["Content-Disposition"] = f'attachment; filename="{named}.csv"'
    return HTMLResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


def _with_mark(parts: list[Markup]) -> list[Markup]:
    """The blocks, with a mark after so many of them as fill a screen, if there are more: a browser paints when it comes
    to the mark.
    """
    sizes = list(accumulate(map(len, parts)))
    first = next((number for number, size in enumerate(sizes, 1) if size > ENOUGH), len(parts))
    mark = Markup('<span id="{}" hidden></span>').format(_ENOUGH_ID)
    return [*parts[:first], mark, *parts[first:]] if first < len(parts) else parts


def _each(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks, and all that are in them without asking."""
    for block in blocks:
        yield block
        yield from _each(block.inner)


def _asks(page: Iterable[Block]) -> Collection[Action]:
    """What a page sends by itself, each once."""
    return {(one.url, one.hidden_fields()): one for block in _each(page) for one in block.asks}.values()


def _for_reader(response: HTMLResponse, access: Access, theme: str) -> HTMLResponse:
    """Mark an answer as private where the reader is logged in, and store the theme that the reader chose in a
    cookie.
    """
    if access.by == "session":
        response.headers.setdefault("cache-control", "private, no-cache")
    if theme:
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="lax", path="/")
    return response


def base_url(request: Request) -> str:
    """Scheme and host before every path: the public ones of the settings, else those that the request names.

    A host that is no host name (a forged header) is left out, so that links stay within the site.
    """
    settings = getattr(request.app.state, "settings", None) if "app" in request.scope else None
    if isinstance(settings, Settings) and settings.public_url:
        return settings.public_url.rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}" if _HOST.fullmatch(request.url.netloc) else ""


def _theme(request: Request) -> tuple[str, bool]:
    """The theme ("" follows the system), and whether this request's query chose it."""
    theme = request.query_params.get("theme", "")
    if theme in THEMES:
        return theme, True
    kept = request.cookies.get(THEME_COOKIE, "")
    return (kept if kept in THEMES else ""), False


def _prefix(request: Request) -> str:
    """The path prefix: the application's own setting, else what the server says."""
    addresses = getattr(request.app.state, "addresses", None) if "app" in request.scope else None
    if isinstance(addresses, Addresses):
        return addresses.prefix
    return str(request.scope.get("root_path", "")).rstrip("/")
