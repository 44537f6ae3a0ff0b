"""Logging in: with a token or a link that lets in once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field, SecretStr

from app.access.callers import Caller
from app.addressing import Addresses
from app.figures.numbers import when
from app.options import Options
from pluriscope.blocks import Action, Block, Form, Head, Notice

MAX_NEXT: Final = 8_000


class LoginOptions(Options):
    """Options of the login page."""

    next: str = Field("", max_length=MAX_NEXT, description="Path of this site to come back to.")
    key: str = Field("", max_length=200, description="Secret of a link that lets in once.")


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


def login(
    links: Addresses, caller: Caller, came_from: str, key: str, *, until: datetime | None, read_only: bool, problem: str
) -> Iterator[Block]:
    """The page, for whoever asks.

    Args:
        links: of the site.
        caller: who asks.
        came_from: the page to come back to.
        key: secret of a link by which somebody came.
        until: when the session ends by itself; None without one.
        read_only: whether nobody may change anything.
        problem: why the last attempt failed.
    """
    back = way_back(links, came_from)
    why = (
        "Reading needs no login. Changing things does: bringing in networks, asking for analyses, training, starting "
        "studies."
    )
    go_on = [Action("Go on", back, primary=True)] if until else []
    yield Head("Logged in" if until else "Log in", "" if until or key else why, actions=go_on)
    if problem:
        yield Notice("Not logged in", problem, state="refused")
    if read_only:
        yield Notice("For reading only", "Nothing may be changed here at present, whoever is logged in.")
    if until is not None:
        changes = "" if read_only else "What can be changed has its buttons on the pages."
        yield Notice(f"As {caller.role}, until {when(until)}", changes)
    elif key:
        yield Notice("This link lets one browser in, once", "Nothing is used up before the button is pressed.")
        values = {"key": key, "next": back}
        yield Form(ByLink, links.login(), "Log in on this browser", values, always=True)
    else:
        if caller.by == "local":
            yield Notice("Not needed here", "On the machine that serves these pages changes need no login.")
        yield Form(ByToken, links.login(), "Log in", {"next": back}, always=True, cancel=back)


def way_back(links: Addresses, asked: str) -> str:
    """A path of this site as it was asked for, or the first page if it leads anywhere else."""
    start = f"{links.prefix}/"
    own = asked.startswith(start) and re.fullmatch(r"/(?![/\\])[^\x00-\x20\x7f\\]*", asked)
    inward = asked.removeprefix(links.prefix).startswith((links.login(), links.logout()))
    return asked if own and not inward and len(asked) <= MAX_NEXT else links.front()
