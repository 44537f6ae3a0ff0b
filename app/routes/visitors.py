"""What visitors may have kept without a token: short keys, and those only within narrow bounds.

On a public site nobody without the token changes anything; a short key changes nothing that is there, but takes room.
Whoever wants to fill the store by it meets five bounds, each of which holds whatever the others do:

1. the address must be that of a page here which exists, with options that the page knows; what is longer than
   :data:`MAX_VISITOR_ADDRESS` is refused;
2. a key is made of its address alone, so the same page takes room once, and asking again writes nothing;
3. visitors' keys are made only while fewer than ``visitor_short_links`` are kept in all (a setting; 0 turns this off),
   so the room that they can take is known beforehand: that many times the length, 40 MB by default;
4. one process makes a few in a minute, for everybody together (behind a proxy addresses of clients say little);
5. no key is ever given up for another, so filling the store breaks no link; it only ends the making of new ones by
   visitors, which bearers of the token do not notice.

A page of another site cannot have a visitor's browser do it: the rule for changes about foreign pages holds here too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse
from starlette.routing import Match

from app.addressing import Addresses
from app.errors import BadQuery, Busy, NotFound, Refused
from app.pages.place import find_network
from app.pages.sharing.targets import build_target, read_target
from app.routes.changes import check_change, check_own_page
from app.routes.depends import ListOptions, options_of

MAX_VISITOR_ADDRESS: Final = 2_000
AT_ONCE: Final = 20
SECONDS_EACH: Final = 6.0


class Allowance:
    """So many at once, then one every few seconds.

    Args:
        at_once: what may be taken without waiting.
        seconds_each: after which one more may be.
        clock: seconds that only grow.
    """

    def __init__(self, at_once: int, seconds_each: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once, self._seconds_each, self._clock = at_once, seconds_each, clock
        self._left, self._then, self._lock = float(at_once), clock(), Lock()

    def take(self) -> float:
        """Take one; seconds until there is one again, 0 if it was taken."""
        with self._lock:
            now = self._clock()
            self._left = min(self._at_once, self._left + (now - self._then) / self._seconds_each)
            self._then = now
            if self._left < 1:
                return (1 - self._left) * self._seconds_each
            self._left -= 1
            return 0.0


def is_visitor(request: Request) -> bool:
    """Whether a request may change nothing else here.

    Raises:
        Refused: it came from a page of another site, or with a wrong token.
    """
    try:
        check_change(request)
    except Refused:
        if "authorization" in request.headers:
            raise
        check_own_page(request)
        return True
    return False


def take_one(request: Request) -> None:
    """One of the keys that this process makes for visitors.

    Raises:
        Busy: there have been too many just now.
    """
    allowance: Allowance = request.app.state.visitor_allowance
    seconds = allowance.take()
    if seconds:
        raise Busy(
            "a short link",
            "too many were asked for just now",
            f"try again in {max(1, round(seconds))} seconds, or use the long address, which works everywhere",
        )


def check_page(request: Request, session: Session, links: Addresses, address: str) -> None:
    """Make sure that an address names a page that exists, with options that it knows.

    Args:
        request: knows the routes.
        links: knows the prefix.
        address: path and query, without prefix.

    Raises:
        BadQuery: too long, or an option that the page does not know.
        InvalidOption: an option or a value that the list does not have.
        PageError: it names nothing here.
    """
    if len(address) > MAX_VISITOR_ADDRESS:
        cause = f"has {len(address):,} characters, and visitors may have {MAX_VISITOR_ADDRESS:,} kept"
        raise BadQuery("address", cause, "use the long address, which works everywhere", "address")
    split = urlsplit(address)
    query = parse_qsl(split.query)
    path = links.prefix + split.path
    endpoint, named = _page_at(request, path)
    if endpoint is None:
        raise NotFound(f"address {address[:200]!r}", "is no page", "give the address of a page", "address")
    for network in [value for key, value in (*named.items(), *query) if key == "network"]:
        find_network(session, links, network)
    if ListOptions in get_type_hints(endpoint, include_extras=True).values():
        asking = Request({**request.scope, "method": "GET", "path": path, "query_string": split.query.encode()})
        endpoint(request=asking, session=session, links=links, options=options_of(asking), **named)
        return
    try:
        target = read_target(address, links)
    except NotFound:
        _check_options(endpoint, query)  # of a list, which may hold nothing
        return
    build_target(session, links, target)


def _page_at(request: Request, path: str) -> tuple[Callable[..., Any] | None, dict[str, str]]:
    """What answers there with a page, and what the path names."""
    scope = {**request.scope, "method": "GET", "path": path, "raw_path": path.encode()}
    for route in request.app.router.routes:
        match, found = route.matches(scope)
        if match == Match.FULL and getattr(route, "response_class", None) is HTMLResponse:
            return route.endpoint, {key: unquote(value) for key, value in found.get("path_params", {}).items()}
    return None, {}


def _check_options(endpoint: Callable[..., Any], query: list[tuple[str, str]]) -> None:
    """Hold a query against the options of the page that would read it."""
    for hint in get_type_hints(endpoint, include_extras=True).values():
        model = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if isinstance(model, type) and issubclass(model, BaseModel):
            try:
                model.model_validate(_given(model, query))
            except ValidationError as error:
                first = error.errors()[0]
                name = str(first["loc"][0]) if first["loc"] else ""
                item = f"option {name[:60]!r}"
                raise BadQuery(item, "is not one that this page takes", "correct it or leave it out", name) from None
            return
    if query:
        raise BadQuery(f"option {query[0][0][:60]!r}", "is unknown on this page", "leave it out", query[0][0][:60])


def _given(model: type[BaseModel], query: list[tuple[str, str]]) -> Mapping[str, Any]:
    given: dict[str, Any] = {}
    for key, value in query:
        field = model.model_fields.get(key)
        if field is not None and get_origin(field.annotation) is list:
            given.setdefault(key, []).append(value)
        else:
            given[key] = value
    return given
