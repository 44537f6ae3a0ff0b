"""Logging in: with a token or a link that lets in once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from app.addressing import Addresses
from app.options import Options, PageModel

MAX_NEXT: Final = 8_000


class LoginOptions(Options):
    """Options of the login page."""

    next: str = Field("", max_length=MAX_NEXT, description="Path of this site to come back to.")
    key: str = Field("", max_length=200, description="Secret of a link that lets in once.")


class LoginPage(PageModel):
    """Who somebody is here, and where to log in."""

    url: str = Field(description="Where the form is sent.")
    logout_url: str
    next_url: str = Field(description="The page to come back to.")
    role: Literal["editor", "admin"] | None = Field(description="What the caller may do; null: read.")
    by: Literal["local", "token", "session", ""] = Field(
        description="Why: on this machine, by a token, logged in; empty: nobody who is known."
    )
    until: datetime | None = Field(description="When the session ends by itself.")
    read_only: bool = Field(description="Whether nobody may change anything.")
    problem: str = Field("", description="Why the last attempt failed.")


def build_login(
    links: Addresses,
    came_from: str,
    role: Literal["editor", "admin"] | None,
    by: Literal["local", "token", "session", ""],
    *,
    until: datetime | None = None,
    read_only: bool = False,
    problem: str = "",
) -> LoginPage:
    """The page, for whoever asks."""
    return LoginPage(
        url=links.login(),
        logout_url=links.logout(),
        next_url=way_back(links, came_from),
        role=role,
        by=by,
        until=until,
        read_only=read_only,
        problem=problem,
    )


def way_back(links: Addresses, asked: str) -> str:
    """A path of this site as it was asked for, or the first page if it leads anywhere else."""
    start = f"{links.prefix}/"
    own = asked.startswith(start) and re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f\\]*", asked)
    inward = asked.removeprefix(links.prefix).startswith((links.login(), links.logout()))
    return asked if own and not inward and len(asked) <= MAX_NEXT else links.gallery()
