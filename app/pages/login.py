"""Logging in: with a token or a link that lets in once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field, SecretStr

from app.addressing import Addresses
from app.figures.numbers import when
from app.options import Options, PageModel
from pluriscope.blocks import Action, Block, Form, Head, Notice

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


class ByToken(BaseModel):
    """The form of the page."""

    token: SecretStr = Field(
        title="Token",
        max_length=400,
        description="It begins with plu_. Whoever runs this site makes one with: pluriscope token make",
        json_schema_extra={"autocomplete": "current-password"},
    )
    next: str = Field("", json_schema_extra={"control": "hidden"})


class ByLink(BaseModel):
    """The form of somebody who came by a link that lets in once."""

    key: str = Field("", json_schema_extra={"control": "hidden"})
    next: str = Field("", json_schema_extra={"control": "hidden"})


def login(page: LoginPage, key: str) -> Iterator[Block]:
    """The page; ``key`` is the secret of the link by which somebody came."""
    inside = page.by == "session" and page.until is not None
    why = (
        "Reading needs no login. Changing things does: bringing in networks, asking for analyses, training, starting "
        "studies."
    )
    yield Head(
        "Logged in" if inside else "Log in",
        "" if inside or key else why,
        actions=[Action("Go on", page.next_url, primary=True)] if inside else [],
    )
    if page.problem:
        yield Notice("Not logged in", page.problem, state="refused")
    if page.read_only:
        yield Notice("For reading only", "Nothing may be changed here at present, whoever is logged in.")
    if inside and page.until is not None:
        changes = "" if page.read_only else "What can be changed has its buttons on the pages."
        yield Notice(f"As {page.role}, until {when(page.until)}", changes)
    elif key:
        yield Notice("This link lets one browser in, once", "Nothing is used up before the button is pressed.")
        values = {"key": key, "next": page.next_url}
        yield Form(ByLink, page.url, "Log in on this browser", values, always=True)
    else:
        if page.by == "local":
            yield Notice("Not needed here", "On the machine that serves these pages changes need no login.")
        yield Form(ByToken, page.url, "Log in", {"next": page.next_url}, always=True, cancel=page.next_url)


def way_back(links: Addresses, asked: str) -> str:
    """A path of this site as it was asked for, or the first page if it leads anywhere else."""
    start = f"{links.prefix}/"
    own = asked.startswith(start) and re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f\\]*", asked)
    inward = asked.removeprefix(links.prefix).startswith((links.login(), links.logout()))
    return asked if own and not inward and len(asked) <= MAX_NEXT else links.front()
