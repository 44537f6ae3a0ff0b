"""The patterns of everything that can be shared, and the page that a request's own address names."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.pages.sharing.targets import SharedPage, Target, build_target, read_target

PATTERNS: Final = (
    "/networks/{network}",
    "/networks/{network}/explanations/{ref}",
    "/compare",
)
SHOWN: Final = (*PATTERNS, "/networks/{network}/sandbox", "/studies/{study}")
"""What has a card, a drawing and an embedding; a state of Play too, of which nothing is stored to be verified."""


def target_of(request: Request, links: Addresses, *own: str) -> Target:
    """What a request's address names, its own options left out.

    Args:
        request: for a page, or for something made of one.
        links: knows the prefix.
        own: options that belong to what is made of the page, not to the page.
    """
    # the path as it came, so that percent-encoded names stay whole
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    return read_target(f"{path}?{request.url.query}", links, without=("theme", *own))


def page_of(request: Request, session: Session, links: Addresses, *own: str) -> SharedPage:
    """The page that a request's address names."""
    return build_target(session, links, target_of(request, links, *own))
