"""Permission to change things: for people and programs on this machine, bearers of the token, and logged-in readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.access.callers import Caller, caller_of, is_own_page
from pluriscope.app.errors import LoginNeeded, Refused


def check_change(request: Request) -> None:
    """Let a change through, or say why not.

    The token of the settings always suffices. Who is logged in must send it from one of our own pages. Without either
    the request must come from this machine (:mod:`pluriscope.app.access.callers`) and, if a browser sent it, from one
    of our own pages.

    Raises:
        LoginNeeded: the caller is not one of these.
        Refused: a wrong token, or a page of another site.
    """
    caller = _let_in(request, "this change")
    if caller.by != "token":
        check_own_page(request, strictly=caller.by == "session")


def check_admin(request: Request) -> None:
    """Let those who may change things see a page for them alone.

    Raises:
        LoginNeeded: the caller may not.
        Refused: a wrong token.
    """
    _let_in(request, "this page")


def _let_in(request: Request, what: str) -> Caller:
    """The caller, if they may change things; raises LoginNeeded, with the way back here, or Refused for a wrong
    token.
    """
    caller = caller_of(request)
    if caller.wrong_token:
        cause = "the bearer token does not open this site"
        raise Refused("authorization", cause, "use the one that PLURISCOPE_TOKEN has where the server runs")
    if caller.by:
        return caller
    links: Addresses = request.app.state.addresses
    raise LoginNeeded(
        what,
        "needs a login, or the token if a program asks",
        "log in and come back, send 'Authorization: Bearer …' with the token (PLURISCOPE_TOKEN where the server runs), "
        "or work on the machine itself",
        parent=links.login(next=_came_from(request)),
        parent_label="the login",
    )


def _came_from(request: Request) -> str:
    """Path and query of our own page that sent a request; of a request for a page that page itself."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        split = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    if split.netloc != request.headers.get("host", ""):
        return ""
    return split.path + (f"?{split.query}" if split.query else "")


def check_own_page(request: Request, *, strictly: bool = False) -> None:
    """Let through what one of our own pages sent, and, unless ``strictly``, what a program did.

    Raises:
        Refused: a browser sent it from a page of another site.
    """
    if not is_own_page(request, strictly=strictly):
        raise Refused("this change", "was sent by a page of another site", "use the form on a page of this site")


def writing_session(request: Request, _: Annotated[None, Depends(check_change)]) -> Iterator[Session]:
    """A write transaction for the whole request, for those who may change things; undone if it fails."""
    with request.app.state.store.write() as session:
        yield session


Changer = Depends(check_change)
Admin = Depends(check_admin)
Writing = Annotated[Session, Depends(writing_session, scope="function")]  # ended before the answer is sent
